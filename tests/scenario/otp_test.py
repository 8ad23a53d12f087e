"""The life of a code through the real daemon: the text is read from the simulated network as a citizen reads
it on the phone; the examples of the documentation as one-shot processes; otpgatectl."""

import json
import os
import re
import subprocess
import sys
import threading
import unittest

from gateway import ROOT, Gateway, Refused, otpgatectl

CONFIG = """
[purpose register]
template.vi = Mã OTP đăng ký: {code}. Hiệu lực {minutes} phút.
template.en = Registration code: {code}.
origin = dichvucong.example.gov.vn
resend_after_s = 1
check_interval_ms = 0

[purpose slow]
template.vi = Ma {code}

[purpose fresh]
template.vi = Ma {code}
resend_code = new
resend_after_s = 1
check_interval_ms = 0
"""
TEXT = re.compile(r"Ma OTP dang ky: (\d{6})\. Hieu luc 5 phut\.\n\n@dichvucong\.example\.gov\.vn #\1")


class Otp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(modems=2, latency_ms=20, start=False)
        with open(cls.gw.config, "a", encoding="utf-8") as out:
            out.write(CONFIG)
        cls.gw.start()
        cls.gw.wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.gw.close()

    def code(self, c, number, nth=1):
        """Waits until the nth message of the number is there; its code."""
        message = c.call("otp.find", to=number)["verifications"][0]["messages"][-1]
        c.call("message.get", id=message["id"], wait_ms=30000, until="sent")
        return re.search(r"\d{6}", self.handset(number)[nth - 1]).group()

    def handset(self, number):
        return [text["text"] if isinstance(text, dict) else text for text in self.gw.sim.handset(number)]

    @staticmethod
    def wrong(code):
        return "%06d" % ((int(code) + 1) % 1000000)

    def test_whole_life(self):
        number = "0912345601"
        with self.gw.client() as c, self.gw.client() as watcher:
            watcher.call("events.follow", topics=["otp"])
            started = c.call("otp.start", key="w1", to=number, purpose="register", subject="s")
            self.assertEqual(started["to_masked"], "091**601")
            self.assertEqual(started["sends_left"], 2)
            code = self.code(c, number)
            self.assertRegex(self.handset(number)[0], TEXT)
            answer = c.call("otp.check", id=started["id"], code=self.wrong(code), key="t1")
            self.assertEqual((answer["result"], answer["attempts_left"]), ("wrong", 4))
            self.assertEqual(answer["say"]["vi"], "Mã không đúng. Bạn còn 4 lần thử.")
            again = self.resend(c, started["id"])
            self.assertEqual(again["sends_left"], 1)
            self.assertEqual(self.code(c, number, 2), code)
            answer = c.call("otp.check", id=started["id"], code=code[:3] + " " + code[3:], key="t2")
            self.assertEqual(answer["result"], "approved")
            self.assertEqual(c.call("otp.check", id=started["id"], code=code[:3] + code[3:], key="t2"), answer)
            self.assertEqual(c.call("otp.check", id=started["id"], code=code)["result"], "already_used")
            seen = c.call("otp.find", last3="601")["verifications"]
            self.assertEqual([(v["state"], v["sends"], v["checks"]) for v in seen], [("approved", 2, 2)])
            self.assertEqual([s["state"] for s in seen[0]["messages"][0]["ladder"]][:3], ["queued", "sending", "sent"])
            self.assertNotIn(code, json.dumps(seen))
            self.assertEqual(c.call("otp.get", id=started["id"])["state"], "approved")
            told = [watcher.next_event(lambda e: e["id"] == started["id"]) for _ in range(4)]
            self.assertEqual([(e["state"], e.get("attempts_left")) for e in told],
                             [("started", None), ("wrong", 4), ("resent", None), ("approved", None)])
            self.assertEqual({(e["purpose"], e["to_masked"]) for e in told}, {("register", "091**601")})
            self.assertEqual([e["prev_seq"] for e in told[1:]], [e["seq"] for e in told[:-1]])
            self.assertNotIn(code, json.dumps([{k: v for k, v in e.items() if k not in ("id", "at")} for e in told]))

    def resend(self, c, verification):
        """As soon as it may be."""
        while True:
            try:
                return c.call("otp.resend", id=verification)
            except Refused as refused:
                self.assertEqual(refused.name, "cooldown")
                threading.Event().wait(refused.data["retry_after_s"])

    def test_newer_code(self):
        number = "0912345602"
        with self.gw.client() as c:
            started = c.call("otp.start", key="n1", to=number, purpose="fresh")
            first = self.code(c, number)
            self.resend(c, started["id"])
            second = self.code(c, number, 2)
            if first != second:
                self.assertEqual(c.call("otp.check", id=started["id"], code=first)["result"], "superseded")
            self.assertEqual(c.call("otp.check", id=started["id"], code=second)["result"], "approved")

    def test_refusals(self):
        with self.gw.client() as c:
            def refused(name, **params):
                with self.assertRaises(Refused) as caught:
                    c.call("otp.start", **params)
                self.assertEqual(caught.exception.name, name)
                return caught.exception.data
            started = c.call("otp.start", key="r1", to="0912345603", purpose="slow")
            data = refused("cooldown", key="r2", to="0912345603", purpose="slow")
            self.assertIn(data["retry_after_s"], range(28, 31))
            self.assertTrue(data["say"]["vi"] and data["say"]["en"])
            for i in range(4):
                c.call("otp.start", key="s%d" % i, to="0912345603", purpose="slow", subject="s%d" % i)
            refused("number_cap", key="r3", to="0912345603", purpose="slow", subject="s5")
            refused("invalid_params", key="r4", to="0912345603", purpose="none")
            refused("bad_number", key="r5", to="024 3812 3456", purpose="slow")
            code = self.code(c, "0912345603")
            c.call("otp.check", id=started["id"], code=self.wrong(code))
            with self.assertRaises(Refused) as caught:
                c.call("otp.check", id=started["id"], code=code)
            self.assertEqual(caught.exception.name, "rate_limited")
            self.assertEqual(c.call("otp.cancel", id=started["id"])["state"], "cancelled")
            self.assertEqual(c.call("otp.check", id=started["id"], code=code)["result"], "cancelled")

    def test_two_right_checks_race(self):
        number = "0912345604"
        with self.gw.client() as c, self.gw.client() as d:
            started = c.call("otp.start", key="race", to=number, purpose="register")
            code = self.code(c, number)
            asked = [(x, x.start("otp.check", id=started["id"], code=code)) for x in (c, d)]
            results = sorted(x.finish(i)["result"] for x, i in asked)
            self.assertEqual(results, ["already_used", "approved"])

    def test_restart_keeps_everything(self):
        number = "0912345605"
        with self.gw.client() as c:
            started = c.call("otp.start", key="k1", to=number, purpose="register")
            code = self.code(c, number)
            for i in range(4):
                c.call("otp.check", id=started["id"], code=self.wrong(code))
        self.gw.restart()
        self.gw.wait_ready()
        with self.gw.client() as c:
            self.assertTrue(c.call("otp.start", key="k1", to=number, purpose="register")["duplicate"])
            self.assertEqual(c.call("otp.check", id=started["id"], code=self.wrong(code))["result"], "exhausted")
            self.assertEqual(c.call("otp.check", id=started["id"], code=code)["result"], "exhausted")

    def example(self, command, *words, text="", code=0):
        argv = list(command[:-1]) + [os.path.join(ROOT, "docs", "examples", command[-1]), *words]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "OTPGATE_SOCKET": self.gw.socket})
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        return done.stdout.splitlines()

    def registration(self, command, number, name):
        first, sentence = self.example(command, "start", number, name, "subject-" + name)
        self.assertRegex(sentence, r"^Mã đã được gửi đến 091\*\*\d{3}\. Gửi lại được sau 1 giây, còn 2 lần\.$")
        verification = first.split()[1]
        with self.gw.client() as c:
            code = self.code(c, number)
        self.assertEqual(self.example(command, "check", verification, name + "-1", text=self.wrong(code) + "\n", code=1),
                         ["wrong", "Mã không đúng. Bạn còn 4 lần thử."])
        with self.gw.client() as c:
            threading.Event().wait(c.call("otp.get", id=verification)["resend_after_s"])
        self.assertEqual(self.example(command, "resend", verification)[0], first)
        first, sentence = self.example(command, "resend", verification, code=1)
        self.assertEqual(first, "refused cooldown")
        self.assertRegex(sentence, r"^Vui lòng chờ một lát rồi yêu cầu gửi lại mã\. \(sau 1 giây\)$")
        for _ in range(2):  # the answer may get lost on its way: the same key
            self.assertEqual(self.example(command, "check", verification, name + "-2", text=code + "\n"),
                             ["approved", "Xác thực thành công."])
        self.assertEqual(self.example(command, "check", verification, name + "-3", text=code + "\n", code=1),
                         ["already_used", "Mã này đã được sử dụng."])

    def test_python_example(self):
        self.registration([sys.executable, "register.py"], "0912345606", "py")

    def test_php_example(self):
        self.registration(["php", "register.php"], "0912345607", "php")

    def test_otpgatectl(self):
        number = "0912345608"
        _, out, _ = otpgatectl(self.gw, "--json", "otp", "start", number, "--purpose", "register", "--key", "ctl")
        started = json.loads(out)
        with self.gw.client() as c:
            code = self.code(c, number)
        rc, out, _ = otpgatectl(self.gw, "otp", "check", started["id"], text=self.wrong(code) + "\n", check=False)
        self.assertEqual(rc, 1)
        self.assertIn("wrong", out)
        rc, out, _ = otpgatectl(self.gw, "otp", "check", started["id"], text=code + "\n")
        self.assertIn("approved", out)
        self.assertNotIn(code, out)
        for words in (("get", started["id"]), ("find", number), ("find", number[-3:])):
            _, out, _ = otpgatectl(self.gw, "otp", *words)
            self.assertIn("approved", out)
            self.assertIn("091**608", out)
            self.assertNotIn(code, out)
        rc, _, err = otpgatectl(self.gw, "otp", "resend", started["id"], check=False)
        self.assertEqual((rc, err.split(":")[1].strip()), (1, "too_late"))
        _, out, _ = otpgatectl(self.gw, "otp", "start", "0912345609", "--purpose", "register")
        verification = re.search(r"id +(\S+)", out).group(1)
        otpgatectl(self.gw, "otp", "cancel", verification)


if __name__ == "__main__":
    unittest.main()
