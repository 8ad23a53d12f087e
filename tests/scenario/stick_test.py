"""The serial path: otpgated on a simulated USB stick, through libserialport, plugged and pulled
while it runs (tests/sim/stick)."""

import os
import subprocess
import unittest

from gateway import BIN, Gateway

STICK = os.path.join(os.path.dirname(BIN), "tests", "stick")
NODE = "ttyUSB97"  # a name that no machine has: what the tree has not is looked for in /dev


class Stick(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=1, latency_ms=20, start=False)
        self.addCleanup(self.gw.close)
        self.root = os.path.join(self.gw.dir, "stick")
        self.gw.write_config(whole="[gateway]\nsocket = %s\nstate_dir = %s\n"
                                   "[modem m0]\nport = /dev/%s\ndriver = at\n"
                                   % (self.gw.socket, self.gw.state_dir, NODE))
        self.gw.wrapper = [STICK, "run", self.root]
        self.gw.start()

    def plug(self):
        pty = os.readlink(os.path.join(self.gw.dir, "ports", "modem0"))
        subprocess.run([STICK, "plug", self.root, NODE, pty], check=True)

    def pull(self):
        self.gw.sim.control("unplug", modem=0)  # the line is dead first, then the node goes
        subprocess.run([STICK, "unplug", self.root, NODE], check=True)

    def send(self, client, key):
        sent = client.call("message.send", key=key, to="0912345678", text="Ma OTP: " + key)
        got = client.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
        self.assertIn(got["state"], ("sent", "delivered"))

    def test_plugged_pulled_and_plugged_again(self):
        with self.gw.client() as watcher, self.gw.client() as client:
            watcher.call("events.follow", topics=["modem"])
            self.assertEqual(client.call("modem.list")["modems"][0]["state"], "gone")
            for n in range(3):
                if n:
                    self.gw.sim.control("replug", modem=0)
                self.plug()
                watcher.next_event(lambda e: e["state"] == "ready")
                self.send(client, "round-%d" % n)
                self.pull()
                watcher.next_event(lambda e: e["state"] == "gone")
        self.assertEqual(self.gw.sim.texts("+84912345678"),
                         ["Ma OTP: round-%d" % n for n in range(3)])
        self.assertFalse(self.gw.sim.violations())


if __name__ == "__main__":
    unittest.main()
