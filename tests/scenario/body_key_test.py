"""body_key = ephemeral with the real daemon: what a crash keeps and what a power loss takes."""

import os
import stat
import unittest

from gateway import Gateway

CODES = """
[purpose register]
template.vi = Ma {code}
"""


class BodyKey(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=1, latency_ms=20, gateway="body_key = ephemeral", start=False)
        with open(self.gw.config, "a", encoding="utf-8") as out:
            out.write(CODES)
        self.addCleanup(self.gw.close)
        self.key = os.path.join(self.gw.dir, "body.key")

    def lose_power(self):
        self.gw.kill()
        os.unlink(self.key)  # what was in memory
        self.gw.start()

    def test_power_loss(self):
        self.gw.start()
        self.gw.wait_ready()
        mode = os.stat(self.key)
        self.assertEqual((stat.S_IMODE(mode.st_mode), mode.st_size), (0o600, 32))
        with self.gw.client() as c:
            sent = c.call("message.send", key="sent", to="0912345678", text="Ma OTP: 111111")["id"]
            c.call("message.get", id=sent, wait_ms=30000, until="sent")
        self.gw.sim.control("registration", modem=0, stat=2)  # nothing leaves from here on
        with self.gw.client() as c:
            c.call("events.follow", topics=["modem"])
            while c.call("modem.list")["modems"][0]["state"] != "registering":
                c.next_event(lambda e: e["topic"] == "modem")
            waits = c.call("message.send", key="waits", to="0912345679", text="Ma OTP: 222222",
                           ttl_s=3600)["id"]
            code = c.call("otp.start", key="k", to="0912345670", purpose="register")["id"]

        self.gw.restart()  # kill -9 alone
        with self.gw.client() as c:
            self.assertEqual(c.call("message.get", id=waits)["state"], "queued")
            self.assertEqual(c.call("otp.get", id=code)["state"], "pending")
            self.assertEqual(c.call("gateway.stats")["body_key_lost"], 0)
            self.assertEqual(c.call("alarm.list")["alarms"], [])

        self.lose_power()
        with self.gw.client() as c:
            message = c.call("message.get", id=waits)
            self.assertEqual((message["state"], message["reason"]), ("failed", "body_key_lost"))
            self.assertEqual([step["state"] for step in message["ladder"]], ["queued", "failed"])
            self.assertIn(c.call("message.get", id=sent)["state"], ("sent", "delivered"))
            code = c.call("otp.get", id=code)
            self.assertEqual((code["state"], code["reason"]), ("expired", "body_key_lost"))
            self.assertEqual(code["messages"][0]["reason"], "body_key_lost")
            self.assertEqual(c.call("gateway.stats")["body_key_lost"], 3)
            self.assertEqual([a["name"] for a in c.call("alarm.list")["alarms"]], ["body_key_lost"])
            again = c.call("message.send", key="waits", to="0912345679", text="Ma OTP: 222222",
                           ttl_s=3600)
            self.assertEqual((again["id"], again["state"], again["duplicate"]),
                             (waits, "failed", True))
        self.gw.check_log()

    def test_the_setting_may_change(self):
        self.gw.start()
        self.gw.wait_ready()
        self.gw.sim.control("registration", modem=0, stat=2)
        with self.gw.client() as c:
            c.call("events.follow", topics=["modem"])
            while c.call("modem.list")["modems"][0]["state"] != "registering":
                c.next_event(lambda e: e["topic"] == "modem")
            first = c.call("message.send", key="a", to="0912345678", text="Ma OTP: 333333", ttl_s=3600)
        self.gw.kill()
        with open(self.gw.config, encoding="utf-8") as config:
            text = config.read()
        with open(self.gw.config, "w", encoding="utf-8") as config:
            config.write(text.replace("body_key = ephemeral", "body_key = persistent"))
        self.gw.start()
        with self.gw.client() as c:
            c.call("events.follow", topics=["modem"])
            second = c.call("message.send", key="b", to="0912345679", text="Ma OTP: 444444",
                            ttl_s=3600)
            self.gw.sim.control("registration", modem=0, stat=1)
            for message in (first, second):
                got = c.call("message.get", id=message["id"], wait_ms=60000, until="sent")
                self.assertIn(got["state"], ("sent", "delivered"))
        self.gw.check_log()


if __name__ == "__main__":
    unittest.main(verbosity=2)
