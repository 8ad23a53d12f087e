"""The main job over the real wire: send, look, list, cancel, follow, repeat, expire."""

import json
import os
import signal
import subprocess
import unittest

from gateway import BIN, Closed, Gateway, Refused, otpgatectl


class Send(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(modems=2, latency_ms=20)
        cls.gw.wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.gw.close()

    def test_a_code_reaches_the_handset(self):
        with self.gw.client() as c:
            c.call("events.follow", topics=["message"])
            sent = c.call("message.send", key="login-81", to="0912 345 678",
                          text="Ma OTP: 907153", ttl_s=300)
            self.assertEqual(sent["to"], "+84912345678")
            self.assertEqual(sent["state"], "queued")
            self.assertEqual((sent["parts"], sent["encoding"]), (1, "gsm7"))
            self.assertFalse(sent["duplicate"])
            event = c.next_event(lambda e: e["state"] == "sent" and e["key"] == "login-81")
            self.assertEqual(event["id"], sent["id"])
            got = c.call("message.get", id=sent["id"])
            self.assertEqual([step["state"] for step in got["ladder"]],
                             ["queued", "sending", "sent"])
            self.assertNotIn("907153", json.dumps(got))
        texts = [m["text"] for m in self.gw.sim.handset("+84912345678")]
        self.assertEqual(texts, ["Ma OTP: 907153"])

    def test_the_same_key_is_one_message(self):
        with self.gw.client() as c:
            first = c.call("message.send", key="twice", to="0912345601", text="Ma OTP: 111111")
            again = c.call("message.send", key="twice", to="+84912345601", text="Ma OTP: 111111")
            self.assertEqual(first["id"], again["id"])
            self.assertTrue(again["duplicate"])
            with self.assertRaises(Refused) as refused:
                c.call("message.send", key="twice", to="0912345601", text="Ma OTP: 222222")
            self.assertEqual(refused.exception.name, "conflict")
            c.call("message.get", id=first["id"], until="sent", wait_ms=30000)
        self.assertEqual(len(self.gw.sim.handset("+84912345601")), 1)

    def test_vietnamese_folded_or_whole(self):
        text = "Mã xác thực của bạn là 654321, đừng đưa cho ai"
        with self.gw.client() as c:
            folded = c.call("message.send", key="vn-1", to="0912345602", text=text, unaccented=True)
            whole = c.call("message.send", key="vn-2", to="0912345603", text=text)
            self.assertEqual((folded["encoding"], whole["encoding"]), ("gsm7", "ucs2"))
            for sent in (folded, whole):
                c.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
        self.assertEqual(self.gw.sim.handset("+84912345602")[0]["text"],
                         "Ma xac thuc cua ban la 654321, dung dua cho ai")
        self.assertEqual(self.gw.sim.handset("+84912345603")[0]["text"], text)

    def test_long_texts_arrive_joined(self):
        text = "".join("%04d " % i for i in range(90))
        with self.gw.client() as c:
            sent = c.call("message.send", key="long", to="0912345604", text=text)
            self.assertEqual(sent["parts"], 3)
            got = c.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
            self.assertEqual(got["state"], "sent")
        self.assertEqual([m["text"] for m in self.gw.sim.handset("+84912345604")], [text])

    def test_events_can_be_taken_up_again(self):
        with self.gw.client() as c:
            c.call("events.follow", topics=["message"])
            c.call("message.send", key="seq-1", to="0912345605", text="a")
            first = c.next_event(lambda e: e["key"] == "seq-1")
            c.next_event(lambda e: e["key"] == "seq-1" and e["state"] == "sent")
        with self.gw.client() as c:
            c.call("events.follow", topics=["message"], from_seq=first["seq"])
            event, before = c.next_event(), first
            self.assertEqual(event["prev_seq"], first["seq"])
            while event["state"] != "sent" or event["key"] != "seq-1":
                event, before = c.next_event(), event
                self.assertEqual(event["prev_seq"], before["seq"])

    def test_what_cannot_leave_in_time_says_so(self):
        with Gateway(modems=1, latency_ms=20) as gw:
            gw.wait_ready()
            gw.sim.control("unplug", modem=0)
            with gw.client() as c:
                c.call("events.follow", topics=["modem"])
                while c.call("modem.list")["modems"][0]["state"] != "gone":
                    c.next_event()
                with self.assertRaises(Refused) as refused:
                    c.call("message.send", key="x", to="0912345606", text="a")
                self.assertEqual(refused.exception.name, "no_modem")

    def test_cancel_before_it_leaves(self):
        with Gateway(modems=1, latency_ms=20) as gw:
            gw.wait_ready()
            gw.sim.control("registration", modem=0, stat=2)
            with gw.client() as c:
                c.call("events.follow", topics=["modem"])
                while c.call("modem.list")["modems"][0]["state"] in ("ready", "busy"):
                    c.next_event()
                sent = c.call("message.send", key="c", to="0912345607", text="a")
                c.call("message.cancel", id=sent["id"])
                self.assertEqual(c.call("message.get", id=sent["id"])["state"], "cancelled")
                with self.assertRaises(Refused) as refused:
                    c.call("message.cancel", id=sent["id"])
                self.assertEqual(refused.exception.name, "too_late")
                gw.sim.control("registration", modem=0, stat=1)
                later = c.call("message.send", key="d", to="0912345608", text="b")
                c.call("message.get", id=later["id"], until="sent", wait_ms=30000)
            self.assertEqual(gw.sim.handset("+84912345607"), [])

    def test_otpgatectl(self):
        _, out, _ = otpgatectl(self.gw, "send", "0912345609", "--wait", text="Ma OTP: 777777")
        self.assertIn("sent", out)
        self.assertNotIn("777777", out)
        _, out, _ = otpgatectl(self.gw, "modems")
        self.assertIn("m0", out)
        self.assertIn("ready", out)
        _, out, _ = otpgatectl(self.gw, "list", "--json")
        self.assertTrue(json.loads(out))
        code, _, err = otpgatectl(self.gw, "send", "01234567890", text="x", check=False)
        self.assertEqual(code, 1)
        self.assertIn("bad_number", err)
        self.assertIn("0834567890", err.replace("+84", "0"))


class HardTimes(unittest.TestCase):
    def test_a_modem_comes_back_under_load(self):
        with Gateway(modems=1, latency_ms=20) as gw:
            gw.wait_ready()
            with gw.client() as c:
                for turn in range(3):
                    gw.sim.control("unplug", modem=0)
                    c.call("events.follow", topics=["modem"])
                    while c.call("modem.list")["modems"][0]["state"] != "gone":
                        c.next_event()
                    gw.sim.control("replug", modem=0)
                    while c.call("modem.list")["modems"][0]["state"] != "ready":
                        c.next_event()
                    sent = c.call("message.send", key="r%d" % turn, to="0912345610", text="a")
                    got = c.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
                    self.assertEqual(got["state"], "sent")

    def test_a_second_daemon_is_refused(self):
        with Gateway(modems=0) as gw:
            for change in ("", "state"):  # the same socket and state; the same socket alone
                other = gw.config + change
                with open(gw.config, encoding="utf-8") as config:
                    text = config.read().replace("/state\n", "/state%s\n" % change)
                with open(other, "w", encoding="utf-8") as config:
                    config.write(text)
                os.makedirs(gw.state_dir + change, mode=0o700, exist_ok=True)
                second = subprocess.run([os.path.join(BIN, "otpgated"), "--config", other],
                                        capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(second.returncode, 1)
                self.assertIn("nother", second.stderr)
            with gw.client() as c:
                c.call("gateway.info")

    def test_a_wrong_configuration_changes_nothing(self):
        with Gateway(modems=1, latency_ms=20) as gw:
            gw.wait_ready()
            with open(gw.config, "a", encoding="utf-8") as config:
                config.write("\n[modem x]\nprot = /dev/null\n")
            with gw.client() as c:
                gw.process.send_signal(signal.SIGHUP)
                while "reload_refused" not in gw.log():
                    c.call("gateway.info")
                self.assertEqual(len(c.call("modem.list")["modems"]), 1)
            self.assertIn("did you mean", gw.log())

    def test_modems_come_and_go_with_the_configuration(self):
        with Gateway(modems=2, latency_ms=20) as gw:
            gw.wait_ready()
            with open(gw.config, encoding="utf-8") as config:
                text = config.read()
            with gw.client() as c:
                gw.write_config(whole=text.split("[modem m1]")[0])
                gw.process.send_signal(signal.SIGHUP)
                while len(c.call("modem.list")["modems"]) != 1:
                    pass
                gw.write_config(whole=text)
                gw.process.send_signal(signal.SIGHUP)
                while len(c.call("modem.list")["modems"]) != 2:
                    pass
            gw.wait_ready()

    def test_term_awaits_what_has_left(self):
        with Gateway(modems=1, latency_ms=1500) as gw:
            gw.wait_ready()
            with gw.client() as c:
                c.call("events.follow", topics=["message"])
                first = c.call("message.send", key="t1", to="0912345611", text="a")
                c.call("message.send", key="t2", to="0912345612", text="b")
                c.next_event(lambda e: e["state"] == "sending")
                gw.process.send_signal(signal.SIGTERM)
                event = c.next_event(lambda e: e["id"] == first["id"] and e["state"] == "sent")
                self.assertTrue(event)
                with self.assertRaises(Closed):
                    while True:
                        c.next_event()
            self.assertEqual(gw.process.wait(60), 0)
            self.assertEqual(gw.sim.handset("+84912345612"), [])
            gw.start()
            with gw.client() as c:
                self.assertEqual(c.call("message.get", key="t1")["state"], "sent")
                got = c.call("message.get", key="t2", until="sent", wait_ms=60000)
                self.assertEqual(got["state"], "sent")


if __name__ == "__main__":
    unittest.main()
