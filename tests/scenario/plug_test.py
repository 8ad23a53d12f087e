"""Plugging: the real daemon on simulated sticks (tests/sim/stick), told by uevents. Modems are known by who
they are, whatever their ttyUSBn is called today. Everything is awaited by events."""

import fcntl
import os
import signal
import subprocess
import tty
import unittest

from gateway import BIN, Gateway, Refused, otpgatectl

STICK = os.path.join(os.path.dirname(BIN), "tests", "stick")
# Names that no machine has: what the tree has not is looked for in the real /dev.
FIRST = 90


def imei_of(index):
    """As otpgate-modemsim makes them: a running number, then the check digit."""
    digits = "86754203%06d" % index
    total = 0
    for i, digit in enumerate(digits):
        value = int(digit) * (2 if i % 2 else 1)
        total += value // 10 + value % 10
    return digits + str((10 - total % 10) % 10)


class Plugging(unittest.TestCase):
    def world(self, sections, modems=2, gateway=""):
        self.gw = Gateway(modems=modems, latency_ms=20, start=False)
        self.addCleanup(self.gw.close)
        self.root = os.path.join(self.gw.dir, "stick")
        self.gw.write_config(whole="[gateway]\nsocket = %s\nstate_dir = %s\n%s\n%s" % (
            self.gw.socket, self.gw.state_dir, gateway, sections))
        self.gw.wrapper = [STICK, "run", self.root]
        self.gw.start()
        self.client = self.gw.client()
        self.watcher = self.gw.client()
        self.addCleanup(self.client.close)
        self.addCleanup(self.watcher.close)
        self.watcher.call("events.follow", topics=["modem"])

    def pty(self, modem):
        return os.readlink(os.path.join(self.gw.dir, "ports", "modem%d" % modem))

    def plug(self, tty, pty, usb="1-1", interface=2, role="at", tags=":otpgate:"):
        rules = ["OTPGATE_PORT=" + role] if role else []
        subprocess.run([STICK, "plug", self.root, "ttyUSB%d" % (FIRST + tty), pty, usb,
                        str(interface), "12d1:1506"] + rules, check=True,
                       env=dict(os.environ, STICK_TAGS=tags))

    def unplug(self, tty):
        subprocess.run([STICK, "unplug", self.root, "ttyUSB%d" % (FIRST + tty)], check=True)

    def hang(self, call, modem):
        """The next such call for this modem's pty hangs, until the file that until_hung() gives is closed."""
        folder = os.path.join(self.root, "hang")
        os.makedirs(folder, exist_ok=True)
        self.fifo = os.path.join(folder, "%s.%s" % (call, os.path.basename(self.pty(modem))))
        os.mkfifo(self.fifo)

    def until_hung(self):
        hung = open(self.fifo, "wb")
        os.unlink(self.fifo)
        return hung

    def modem(self, name):
        return self.client.call("modem.get", name=name)

    def until(self, name, state):
        return self.watcher.next_event(lambda e: e["name"] == name and e["state"] == state)

    def at(self, name, tty):
        self.assertEqual(self.modem(name)["port"], "/dev/ttyUSB%d" % (FIRST + tty))

    def send(self, key, modem):
        sent = self.client.call("message.send", key=key, to="0912345678", text="Ma OTP: " + key,
                                modem=modem)
        got = self.client.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
        self.assertIn(got["state"], ("sent", "delivered"))

    def test_replugged_under_another_name(self):
        """The line dies first, or the uevent comes first; either way it is the same modem after."""
        self.world("[modem a]\nimei = %s\n" % imei_of(0))
        self.assertEqual(self.modem("a")["why"], "not plugged in")
        for n, hang_up_first in enumerate((True, False, True)):
            self.plug(n, self.pty(0), usb="1-%d" % (n + 1))
            self.until("a", "ready")
            self.at("a", n)
            self.send("round-%d" % n, "a")
            if hang_up_first:
                self.gw.sim.control("unplug", modem=0)
                self.until("a", "gone")
                self.unplug(n)
                self.watcher.next_event(lambda e: e.get("why") == "unplugged")
                self.gw.sim.control("replug", modem=0)
            else:
                self.unplug(n)
                self.until("a", "gone")
        self.assertEqual(self.modem("a")["sent_today"], 3)  # one history
        self.assertFalse(self.gw.sim.violations())

    def test_a_stick_that_hangs_delays_no_other(self):
        """In each call that opens or closes its port; at the end the daemon stops while it hangs."""
        self.world("[modem a]\nimei = %s\n[modem b]\nimei = %s\n" % (imei_of(0), imei_of(1)))
        self.plug(0, self.pty(0), usb="1-1")
        self.until("a", "ready")
        for call in ("open", "tcsetattr", "lines"):
            self.hang(call, 1)
            self.plug(1, self.pty(1), usb="1-2")
            with self.until_hung():
                self.send("while-%s-hangs" % call, "a")
                self.assertNotEqual(self.modem("b")["state"], "ready")
            self.until("b", "ready")
            self.send("after-%s" % call, "b")
            self.hang("close", 1)
            self.gw.sim.control("unplug", modem=1)
            with self.until_hung():
                self.send("while-close-hangs-after-%s" % call, "a")
            self.until("b", "gone")
            self.unplug(1)
            self.watcher.next_event(lambda e: e["name"] == "b" and e.get("why") == "unplugged")
            self.gw.sim.control("replug", modem=1)
        self.hang("open", 1)
        self.plug(1, self.pty(1), usb="1-2")
        with self.until_hung():
            self.send("last", "a")
            self.assertEqual(self.gw.kill(signal.SIGTERM), 0)
        self.assertIn(" port_hangs ", self.gw.log())

    def test_two_swap_their_names(self):
        self.world("[modem a]\nimei = %s\n[modem b]\nimei = %s\n" % (imei_of(0), imei_of(1)))
        for n in range(2):
            self.plug(n, self.pty(0), usb="1-1")
            self.plug(1 - n, self.pty(1), usb="1-2")
            waiting = {"a", "b"}
            while waiting:
                waiting.discard(self.watcher.next_event(lambda e: e["state"] == "ready")["name"])
            self.at("a", n)
            self.at("b", 1 - n)
            self.unplug(0)
            self.unplug(1)
            waiting = {"a", "b"}
            while waiting:
                waiting.discard(self.watcher.next_event(lambda e: e["state"] == "gone")["name"])

    def test_three_ports_of_which_one_speaks(self):
        """Two ports without a rule are silent: asked four times, then the next one is."""
        masters = [os.openpty() for _ in range(2)]
        for pair in masters:
            self.addCleanup(os.close, pair[0])
            self.addCleanup(os.close, pair[1])
        self.world("[modem a]\nimei = %s\n" % imei_of(0))
        self.plug(0, os.ttyname(masters[0][1]), interface=0, role="diag")
        self.plug(1, os.ttyname(masters[1][1]), interface=1, role=None)
        self.plug(2, self.pty(0), interface=2, role=None)
        self.until("a", "ready")
        self.at("a", 2)
        os.set_blocking(masters[0][0], False)
        with self.assertRaises(BlockingIOError):
            os.read(masters[0][0], 1)  # nothing was ever written to the DIAG port
        asked = os.read(masters[1][0], 4096)
        # where the ports come slowly it is asked in vain before the last of them is there
        self.assertEqual(asked.split(b"\x1b\r")[-1], b"AT\rATE0Q0V1\rAT\rATE0Q0V1\r", asked)

    def test_what_comes_is_told_on_a_port_without_commands(self):
        """Found out by what the keepalive finds; from then on that port is read too, and after a restart
        at once. Nothing but the question whether it takes commands is ever written there."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        tty.setraw(slave)
        os.set_blocking(master, False)
        self.world("[modem a]\nimei = %s\n" % imei_of(0), gateway="keepalive_s = 10")
        self.gw.sim.control("host_port", modem=0, port=1)
        self.plug(0, self.pty(0), interface=2)
        self.plug(1, os.ttyname(slave), interface=3, role=None)
        self.until("a", "ready")
        self.watcher.call("events.follow", topics=["inbox"])

        def until_heard(times):
            """Each message is told on the other port alone, and found at the next keepalive at the latest."""
            for n in range(12):
                said = self.gw.sim.count("urc", modem=0)
                self.gw.sim.control("write", modem=0, **{"from": "0987654321", "text": "tin %d" % n})
                self.gw.sim.wait("urc", said + 1, modem=0)
                told = self.gw.sim.events("urc")[-1]["line"]
                self.assertIn("+CMTI", told)
                os.write(master, ("\r\n%s\r\n" % told).encode())
                self.watcher.next_event(lambda e: e["topic"] == "inbox")
                if self.gw.log().count(" heard ") == times:
                    return
            self.fail("never heard")

        until_heard(1)
        self.at("a", 0)
        asked = os.read(master, 4096)
        self.assertEqual(asked.count(b"AT"), 4, asked)
        self.watcher.close()
        self.gw.restart()
        self.watcher = self.gw.client()
        self.addCleanup(self.watcher.close)
        self.watcher.call("events.follow", topics=["inbox"])
        until_heard(2)
        self.assertEqual(self.gw.log().count(" told-elsewhere "), 1)  # the restart knew
        with self.assertRaises(BlockingIOError):
            os.read(master, 1)
        self.assertFalse(self.gw.sim.violations())

    def test_a_port_without_our_tag_is_not_touched(self):
        """udevd has seen it, and our rules have not: it may be a DIAG port for all we know."""
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.world("[modem a]\nimei = %s\n[modem b]\nimei = %s\n" % (imei_of(0), imei_of(1)))
        self.plug(0, os.ttyname(slave), usb="1-1", role=None, tags=":systemd:")
        self.plug(1, self.pty(1), usb="1-2")
        self.until("b", "ready")
        os.set_blocking(master, False)
        with self.assertRaises(BlockingIOError):
            os.read(master, 1)
        self.assertIn("not_ours", self.gw.log())
        self.assertEqual(self.modem("a")["why"], "not plugged in")

    def test_a_stranger_is_left_or_adopted(self):
        self.world("", gateway="adopt = yes")
        self.plug(0, self.pty(1))
        name = "imei-" + imei_of(1)[-6:]
        self.until(name, "ready")
        self.at(name, 0)

    def test_what_is_left_alone_is_shown(self):
        """A stranger, and one whose port another program has; what reads IMEI is masked."""
        self.world("[modem b]\nimei = %s\n" % imei_of(1))
        held = os.open(self.pty(0), os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.plug(0, self.pty(0), usb="1-1")
        self.plug(1, self.pty(1), usb="1-2")
        self.until("b", "ready")
        (left,) = self.client.call("modem.list")["left"]
        self.assertEqual((left["state"], left["port"], left["usb_path"]), ("left", "/dev/ttyUSB90", "1-1"))
        self.assertIn("held by", left["why"])
        shown = otpgatectl(self.gw, "modems")[1]
        self.assertIn("LEFT ALONE", shown)
        self.assertIn("/dev/ttyUSB90", shown)
        self.assertIn("held by", shown)
        os.close(held)
        self.unplug(0)
        self.unplug(1)
        self.until("b", "gone")
        self.plug(2, self.pty(0), usb="1-1")  # b may be it: asked, and it is not
        self.plug(3, self.pty(1), usb="1-2")
        self.until("b", "ready")
        left = self.client.call("modem.list")["left"]
        self.assertEqual([row["port"] for row in left], ["/dev/ttyUSB92"])
        self.assertEqual(left[0]["why"], "no section names it")
        self.assertEqual(left[0].get("imei", "86**" + imei_of(0)[-3:]), "86**" + imei_of(0)[-3:])
        self.assertNotIn(imei_of(0), otpgatectl(self.gw, "modems")[1])

    def test_one_that_is_held_is_had_when_it_is_let_go(self):
        self.world("[modem a]\nimei = %s\n[modem b]\nimei = %s\n" % (imei_of(0), imei_of(1)))
        held = os.open(self.pty(0), os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.plug(0, self.pty(0), usb="1-1")
        self.plug(1, self.pty(1), usb="1-2")
        self.until("b", "ready")
        (left,) = self.client.call("modem.list")["left"]
        self.assertIn("held by", left["why"])
        self.assertEqual(left["state"], "left")
        os.close(held)
        self.until("a", "ready")
        self.at("a", 0)

    def test_a_swapped_sim_waits_until_it_is_accepted(self):
        """What is held sends nothing, also after a restart; accepted once it is the right one."""
        self.world("[modem a]\nimei = %s\n" % imei_of(0), modems=1)
        self.plug(0, self.pty(0))
        self.until("a", "ready")
        self.send("first", "a")
        self.unplug(0)
        self.until("a", "gone")
        self.gw.sim.control("iccid", modem=0, iccid="8984049999999999990")
        self.plug(1, self.pty(0))
        self.until("a", "ready")
        for restart in (False, True):
            if restart:
                self.gw.restart()
            with self.gw.client() as client, self.gw.client() as watcher:
                watcher.call("events.follow", topics=["modem"])
                while client.call("modem.get", name="a")["state"] != "ready":
                    watcher.next_event()
                self.assertIn("another SIM than before", client.call("modem.get", name="a")["held"])
                (alarm,) = client.call("alarm.list")["alarms"]
                self.assertEqual((alarm["name"], alarm["subject"]), ("sim_swapped", "a"))
                self.assertNotIn("8984049999999999990", alarm["sentence"])
                with self.assertRaises(Refused) as refused:
                    client.call("message.send", key="held", to="0912345678", text="a")
                self.assertEqual(refused.exception.name, "no_modem")
        self.assertNotIn("8984049999999999990", self.gw.log())
        self.assertNotIn(imei_of(0), self.gw.log())
        otpgatectl(self.gw, "accept", "a")
        with self.gw.client() as self.client:
            self.assertEqual(self.client.call("alarm.list")["alarms"], [])
            self.send("accepted", "a")


if __name__ == "__main__":
    unittest.main()
