"""Modems in trouble, over the real wire: deaf ones, ones that a reset takes off the bus, full ones,
ones that come after the daemon, ones that shout. The others go on, and each comes back by itself.

What takes hours is played in virtual time (tests/unit/at, tests/world)."""

import os
import signal
import unittest

from gateway import BIN, Gateway, modemsim, otpgatectl


def send(client, key, modem=None, to="0912345678", text=None):
    more = {"modem": modem} if modem else {}
    client.call("message.send", key=key, to=to, text=text or "Ma OTP: " + key, ttl_s=600, **more)


def settled(client, key):
    while True:
        got = client.call("message.get", key=key, until="sent", wait_ms=30000)
        if got["state"] not in ("queued", "claimed", "sending"):
            return got


def states(client):
    return {m["name"]: m["state"] for m in client.call("modem.list")["modems"]}


def await_ready(client, name):
    """`client` follows the topic modem."""
    while states(client)[name] not in ("ready", "busy"):
        client.next_event(lambda e: e["topic"] == "modem")


class Ladder(unittest.TestCase):
    def test_one_climbs_to_the_power_while_others_send(self):
        """m0 is deaf to everything but its power, m1 leaves the bus in its reset, m2 is well."""
        with Gateway(modems=3, latency_ms=20, profile="generic,quectel,generic",
                     start=False) as gw:
            script = os.path.join(gw.dir, "cycle")
            with open(script, "w", encoding="utf-8") as out:
                out.write("#!/bin/sh\necho \"$OTPGATE_MODEM $*\" >>%s/cycled\n"
                          "read line <%s/cut\n" % (gw.dir, gw.dir))
            os.chmod(script, 0o755)
            os.mkfifo(os.path.join(gw.dir, "cut"))
            gw.write_config(modem="power_cycle = %s port 2\n" % script)
            gw.start()
            gw.wait_ready()
            with gw.client() as watcher, gw.client() as client:
                watcher.call("events.follow", topics=["modem", "alarm"])
                gw.sim.control("hang", modem=0)
                send(client, "own", modem="m0", to="0987654321")
                otpgatectl(gw, "reset", "m1")
                for n in range(20):
                    send(client, "on-%d" % n)
                    got = settled(client, "on-%d" % n)
                    self.assertIn(got["state"], ("sent", "delivered"))
                    self.assertEqual([a["modem"] for a in got["attempts"]], ["m2"])
                # the program is at its work: the power is cut by us
                with open(os.path.join(gw.dir, "cut"), "w", encoding="utf-8") as cut:
                    self.assertNotIn("ready", states(client)["m0"])
                    gw.sim.control("unplug", modem=0)
                    gw.sim.control("replug", modem=0)
                    cut.write("done\n")
                await_ready(watcher, "m0")
                await_ready(watcher, "m1")
                got = settled(client, "own")  # it waited for its modem, as it was asked to
                self.assertEqual([a["state"] for a in got["attempts"]], ["not_sent", "sent"])
                for name in ("m0", "m1"):
                    send(client, "back-" + name, modem=name)
                    self.assertIn(settled(client, "back-" + name)["state"], ("sent", "delivered"))
                self.assertEqual(client.call("alarm.list")["alarms"], [])
            with open(os.path.join(gw.dir, "cycled"), encoding="utf-8") as told:
                self.assertEqual(told.read(), "m0 port 2\n")
            rungs = [line.split("ladder ")[1].split()[0] for line in gw.log().splitlines()
                     if "at m0 ladder" in line]
            self.assertEqual(rungs, ["rung=reset", "rung=reopen", "rung=power"])
            self.assertFalse(gw.sim.violations())

    def test_one_that_drops_off_again_and_again(self):
        """A bad cable. It is left alone, with an alarm, and comes back; the other sends meanwhile."""
        with Gateway(modems=2, latency_ms=20) as gw:
            gw.wait_ready()
            with gw.client() as watcher, gw.client() as client:
                watcher.call("events.follow", topics=["modem", "alarm"])
                for n in range(5):
                    gw.sim.control("unplug", modem=0)
                    watcher.next_event(lambda e: e["topic"] == "modem" and e.get("state") == "gone")
                    send(client, "on-%d" % n)
                    got = settled(client, "on-%d" % n)
                    self.assertEqual([a["modem"] for a in got["attempts"]], ["m1"])
                    self.assertEqual(client.call("alarm.list")["alarms"], [])
                    gw.sim.control("replug", modem=0)
                    if n < 4:
                        await_ready(watcher, "m0")
                watcher.next_event(lambda e: e["topic"] == "alarm")
                alarms = client.call("alarm.list")["alarms"]
                self.assertEqual([a["name"] for a in alarms], ["modem_quarantined"])
                await_ready(watcher, "m0")
                send(client, "back", modem="m0")
                self.assertIn(settled(client, "back")["state"], ("sent", "delivered"))
                self.assertEqual(client.call("alarm.list")["alarms"], [])
            rungs = [line.split("ladder ", 1)[1] for line in gw.log().splitlines()
                     if "at m0 ladder" in line]
            self.assertEqual(rungs, ['rung=quarantine why="it drops off again and again"'])
            self.assertFalse(gw.sim.violations())

    def test_deaf_at_the_prompt(self):
        """Registered, and well to look at, until a message comes: it goes by the other."""
        with Gateway(modems=2, latency_ms=20) as gw:
            gw.wait_ready()
            with gw.client() as client:
                for modem in range(2):
                    gw.sim.control("fault", modem=modem, kind="hang", at_byte=0)
                send(client, "a")
                gw.sim.wait("fault", 1)
                for modem in range(2):
                    gw.sim.control("fault_clear", modem=modem)  # the one that was not chosen is well
                for n in range(10):
                    send(client, "others-%d" % n)
                    got = settled(client, "others-%d" % n)
                    self.assertEqual([a["state"] for a in got["attempts"]], ["sent"])
                well = got["attempts"][0]["modem"]
                got = settled(client, "a")
                self.assertEqual([a["state"] for a in got["attempts"]], ["not_sent", "sent"])
                self.assertEqual(got["attempts"][1]["modem"], well)
            self.assertEqual(gw.sim.accepted_count("+84912345678"), 11)


class Order(unittest.TestCase):
    def test_modems_that_come_after_the_daemon(self):
        with Gateway(modems=0, start=False) as gw:
            gw.modems = 2
            gw.write_config()
            gw.start()
            with gw.client() as client:
                self.assertEqual(set(states(client).values()), {"gone"})
            gw.sim = modemsim.ModemSim(directory=os.path.join(gw.dir, "ports"), modems=2,
                                       latency_ms=20, binary=os.path.join(BIN, "otpgate-modemsim"))
            gw.wait_ready()
            with gw.client() as client:
                for name in ("m0", "m1"):
                    send(client, name, modem=name)
                    self.assertIn(settled(client, name)["state"], ("sent", "delivered"))

    def test_a_restart_of_all_modems_at_once(self):
        """A hub loses its power: all go in the midst of a queue, all come back, nothing is lost."""
        with Gateway(modems=4, latency_ms=100) as gw:
            gw.wait_ready()
            with gw.client() as client:
                for n in range(40):
                    send(client, "q-%d" % n, to="+8491000%04d" % n)
                gw.sim.wait("accepted", 4)
                for modem in range(4):
                    gw.sim.control("unplug", modem=modem)
                gw.sim.wait("unplugged", 4)
                for modem in range(4):
                    gw.sim.control("replug", modem=modem)
                for n in range(40):
                    got = settled(client, "q-%d" % n)
                    while got["state"] == "unknown":  # before its one resend
                        got = client.call("message.get", key="q-%d" % n)
                    self.assertIn(got["state"], ("sent", "delivered", "queued", "claimed",
                                                 "sending"))
                    settled(client, "q-%d" % n)
                    copies = gw.sim.accepted_count("+8491000%04d" % n)
                    # a report may have settled one since, after its resend
                    unknown = sum(a["state"] == "unknown"
                                  or (a["state"] == "sent" and "cause" in a)
                                  for a in got["attempts"])
                    self.assertTrue(1 <= copies <= 1 + unknown, (copies, got))
            self.assertFalse(gw.sim.violations())


class Storage(unittest.TestCase):
    def test_full_before_the_daemon_came(self):
        """No notice will ever be given of what does not fit: all of it comes in the end."""
        with Gateway(modems=1, latency_ms=5, profile="zte", start=False) as gw:
            texts = ["tin %02d" % n for n in range(30)]  # it has room for 23
            for text in texts:
                gw.sim.control("write", modem=0, **{"from": "0987654321", "text": text})
            gw.start()
            with gw.client() as client:
                client.call("events.follow", topics=["inbox"])
                got = []
                while len(got) < len(texts):
                    got = client.call("inbox.list", limit=100)["messages"]
                    if len(got) < len(texts):
                        client.next_event(lambda e: e["topic"] == "inbox")
                gw.sim.wait("deleted", len(texts))
                self.assertEqual(sorted(m["text"] for m in got), texts)
                gw.sim.control("write", modem=0, **{"from": "0987654321", "text": "mot nua"})
                while len(client.call("inbox.list", limit=100)["messages"]) < 31:
                    client.next_event(lambda e: e["topic"] == "inbox")


class Log(unittest.TestCase):
    def test_a_flood_after_a_replug(self):
        """It shouts 6000 lines that are each worth one in the log; and sends all the same."""
        with Gateway(modems=2, latency_ms=20) as gw:
            gw.wait_ready()
            gw.sim.control("unplug", modem=0)
            gw.sim.control("replug", modem=0)
            gw.wait_ready()
            with gw.client() as client:
                for n in range(200):
                    gw.sim.control("inject", modem=0, raw=True, line="\r\n+CPIN: READY\r\n" * 30)
                    if n % 20 == 0:
                        send(client, "n-%d" % n, modem="m0")
                for n in range(0, 200, 20):
                    self.assertIn(settled(client, "n-%d" % n)["state"], ("sent", "delivered"))
            self.assertEqual(gw.kill(signal.SIGTERM), 0)
            lines = gw.log().splitlines()
            ours = [line for line in lines if " at m0 " in line]
            self.assertLess(len(ours), 400)
            left_out = sum(int(line.split("lines=")[1]) for line in ours if " left_out " in line)
            self.assertGreater(left_out, 5000)
            self.assertFalse([line for line in lines if " at m1 left_out" in line])


if __name__ == "__main__":
    unittest.main()
