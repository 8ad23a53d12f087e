"""A SIM that asks for its PIN: unlocked from a file, refused with the reason, never typed twice where it
was wrong, a kill and a restart included; and nowhere to be read."""

import os
import unittest

from gateway import Gateway, otpgatectl

WRONG, RIGHT = "73519846", "1234"  # the simulated SIM's is 1234


class Pin(unittest.TestCase):
    def begin(self, pin, mode=0o600, profile="generic"):
        self.gw = Gateway(modems=1, profile=profile, start=False, gateway="log_level = debug")
        self.addCleanup(self.gw.close)
        self.pin_file = os.path.join(self.gw.dir, "pin")
        self.put(pin, mode)
        self.gw.write_config("log_level = debug", "pin_file = %s" % self.pin_file)
        self.gw.sim.control("sim", modem=0, state="pin")
        self.gw.start()

    def put(self, pin, mode=0o600):
        with open(self.pin_file, "w", encoding="ascii") as out:
            out.write(pin + "\n")
        os.chmod(self.pin_file, mode)

    def wait_alarm(self, name):
        with self.gw.client() as client:
            client.call("events.follow", topics=["alarm"])
            standing = client.call("alarm.list")["alarms"]
            for alarm in standing:
                if alarm["name"] == name:
                    return alarm
            return client.next_event(lambda e: e["name"] == name)

    def nowhere(self):
        for folder, _, files in os.walk(self.gw.dir):
            for name in files:
                path = os.path.join(folder, name)
                # the simulator's own log is the wire
                if path != self.pin_file and "/ports/" not in path and os.path.isfile(path):
                    with open(path, "rb") as data:
                        self.assertNotIn(WRONG.encode(), data.read(), path)
        with open("/proc/%d/cmdline" % self.gw.process.pid, "rb") as data:
            self.assertNotIn(WRONG.encode(), data.read())

    def test_the_right_one_unlocks(self):
        self.begin(RIGHT)
        self.gw.wait_ready()
        with self.gw.client() as client:
            self.assertEqual(client.call("alarm.list")["alarms"], [])

    def test_a_file_open_to_others_is_refused(self):
        self.begin(RIGHT, 0o644)
        alarm = self.wait_alarm("sim_pin")
        self.assertIn("open to others", alarm["sentence"])
        with self.gw.client() as client:
            modem = client.call("modem.list")["modems"][0]
        self.assertEqual((modem["state"], modem["card"], modem["pin_left"]), ("sim", "pin", 3))
        self.assertIn("chmod 0600", modem["why"])
        self.assertIn("chmod 0600", otpgatectl(self.gw, "modems")[1])

    def test_a_wrong_one_is_typed_once(self):
        self.begin(WRONG)
        self.wait_alarm("sim_pin_rejected")
        self.nowhere()
        for _ in range(2):  # killed, and anew
            self.gw.restart()
            alarm = self.wait_alarm("sim_pin")
            self.assertIn("rejected", alarm["sentence"])
        self.nowhere()
        self.assertEqual(self.gw.log().count("typed attempts_left=3"), 1)
        self.assertEqual(self.gw.log().count("typed attempts_left"), 1)
        self.put(RIGHT)  # mended; two attempts are left
        self.gw.restart()
        self.gw.wait_ready()
        self.assertEqual(self.gw.log().count("typed attempts_left=2"), 1)


if __name__ == "__main__":
    unittest.main()
