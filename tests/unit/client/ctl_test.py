#!/usr/bin/env python3
"""otpgatectl and the examples of the documentation, against fake_gateway.

  ctl_test.py OTPGATECTL
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from fake_gateway import METHODS, ROOT, Gateway

CTL = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/otpgatectl"
EXAMPLES = ROOT / "docs/examples"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name) / "s"
        self.gateway = Gateway(self.path)
        self.env = {**os.environ, "OTPGATE_SOCKET": str(self.path), "TZ": "UTC", "LC_ALL": "C.UTF-8"}

    def tearDown(self):
        self.gateway.close()
        self.folder.cleanup()

    def run_ctl(self, *words, text="", code=0, command=CTL):
        done = subprocess.run([*([command] if isinstance(command, str) else command), *words], input=text.encode(),
                              capture_output=True, env=self.env, timeout=60)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, (words, out, err))
        return out, err

    def sent(self):
        """The params of the last message.send."""
        return [request["params"] for request in self.gateway.requests if request["method"] == "message.send"][-1]


class Send(Case):
    def test_text_from_standard_input(self):
        out, _ = self.run_ctl("send", "0912 345 678", "--key", "k1", text="Ma OTP: 727272\n")
        self.assertEqual(self.sent(), {"key": "k1", "to": "0912 345 678", "text": "Ma OTP: 727272"})
        self.assertRegex(out, r"(?m)^state +queued$")
        self.assertRegex(out, r"(?m)^to +\+84912345678$")
        self.assertRegex(out, r"(?m)^leaves +in about 2\.5 s$")
        self.assertNotIn("727272", out)

    def test_every_option_becomes_its_member(self):
        self.run_ctl("send", "--ttl=60", "0912345678", "--class", "bulk", "--ucs2", "--unaccented", "--flash",
                     "--replace", "3", "--supersedes", "old", "--on-unknown", "report", "--no-report", "--modem", "m",
                     "--key", "k", text="t")
        self.assertEqual(self.sent(), {
            "key": "k", "to": "0912345678", "text": "t", "ttl_s": 60, "class": "bulk", "encoding": "ucs2",
            "unaccented": True, "flash": True, "replace_type": 3, "supersedes": "old", "on_unknown": "report",
            "report": False, "modem": "m"})
        described = {param["name"] for param in METHODS["message.send"]["params"]}
        self.assertEqual(set(self.sent()), described)

    def test_only_one_line_end_is_dropped(self):
        self.run_ctl("send", "0912345678", text="a\n\n@host #1\n\n")
        self.assertEqual(self.sent()["text"], "a\n\n@host #1\n")

    def test_text_from_a_file(self):
        (pathlib.Path(self.folder.name) / "t").write_text("Mã: 1\n", encoding="utf-8")
        self.run_ctl("send", "0912345678", "--file", self.folder.name + "/t", text="not this")
        self.assertEqual(self.sent()["text"], "Mã: 1")
        _, err = self.run_ctl("send", "0912345678", "--file", self.folder.name + "/none", code=6)
        self.assertIn("No such file", err)

    def test_the_number_is_no_argument_either(self):
        self.run_ctl("send", "-", text="0912345678\nMa OTP: 1\nhai\n")
        self.assertEqual((self.sent()["to"], self.sent()["text"]), ("0912345678", "Ma OTP: 1\nhai"))
        (pathlib.Path(self.folder.name) / "t").write_text("t\n", encoding="utf-8")
        self.run_ctl("send", "-", "--file", self.folder.name + "/t", text="0912345679")
        self.assertEqual((self.sent()["to"], self.sent()["text"]), ("0912345679", "t"))
        for none in ("", "\ntext", "0" * 64 + "\ntext"):
            _, err = self.run_ctl("send", "-", text=none, code=2)
            self.assertIn("its first line is no number", err)

    def test_a_random_key_each_time(self):
        keys = set()
        for _ in range(3):
            out, _ = self.run_ctl("send", "0912345678", "--json", text="t")
            keys.add(self.sent()["key"])
            self.assertEqual(json.loads(out)["duplicate"], False)
        self.assertEqual(len(keys), 3)
        self.assertTrue(all(re.fullmatch(r"ctl-[0-9a-f]{32}", key) for key in keys))

    def test_the_same_key_again(self):
        self.run_ctl("send", "0912345678", "--key", "k", text="t")
        out, _ = self.run_ctl("send", "0912345678", "--key", "k", text="t")
        self.assertRegex(out, r"(?m)^duplicate +yes")
        _, err = self.run_ctl("send", "0912345678", "--key", "k", text="other", code=1)
        self.assertIn("conflict: ", err)

    def test_wait_shows_the_ladder(self):
        out, _ = self.run_ctl("send", "0912345678", "--key", "k", "--wait", text="t")
        self.assertEqual([line.split()[2] for line in out.splitlines()], ["queued", "sending", "sent"])
        self.assertIn("viettel-1", out.splitlines()[2])
        out, _ = self.run_ctl("send", "0912345678", "--key", "k2", "--wait", "--json", text="t")
        self.assertEqual([json.loads(line)["state"] for line in out.splitlines()], ["queued", "sending", "sent"])

    def test_wait_ends_with_what_became_of_it(self):
        out, _ = self.run_ctl("send", "0912345678", "--key", "fail-1", "--wait", text="t", code=5)
        self.assertIn("unassigned_number (cms 1: no such number)", out)
        _, err = self.run_ctl("send", "0912345678", "--key", "unknown-1", "--wait", "--timeout", "1", text="t", code=4)
        self.assertIn("still unknown", err)
        _, err = self.run_ctl("send", "0912345678", "--key", "k", "--until", "final", "--timeout", "1", text="t", code=4)
        self.assertEqual(err, "otpgatectl: still sent when the time was over\n")

    def test_until_delivered(self):
        out, _ = self.run_ctl("send", "0912345678", "--key", "there-1", "--until", "delivered", text="t")
        self.assertEqual([line.split()[2] for line in out.splitlines()], ["queued", "sending", "sent", "delivered"])
        out, _ = self.run_ctl("send", "0912345678", "--key", "off-1", "--until", "delivered", text="t", code=5)
        self.assertIn("undelivered  validity_expired", out)
        self.run_ctl("send", "0912345678", "--key", "fail-2", "--until", "delivered", text="t", code=5)
        _, err = self.run_ctl("send", "0912345678", "--key", "k", "--until", "delivered", "--timeout", "1", text="t", code=4)
        self.assertEqual(err, "otpgatectl: still sent when the time was over\n")

    def test_refusals(self):
        _, err = self.run_ctl("send", "0912345678", "--key", "busy-1", text="t", code=1)
        self.assertEqual(err, "otpgatectl: overloaded: the queue ahead is too long to take this now (again in 12 s)\n")
        _, err = self.run_ctl("send", "01212345678", text="t", code=1)
        self.assertIn("(is it +84792345678?)", err)
        _, err = self.run_ctl("--json", "send", "0912345678", "--key", "busy-1", text="t", code=1)
        self.assertEqual(json.loads(err)["error"]["data"]["retry_after_s"], 12)
        _, err = self.run_ctl("send", "0912345678", "--ttl", "5", text="t", code=1)
        self.assertIn("invalid_params", err)
        self.run_ctl("send", "0912345678", text="", code=1)

    def test_no_answer_tells_the_key(self):
        for end, code in (("mute", 4), ("drop", 3)):
            _, err = self.run_ctl("send", "0912345678", "--key", end + "-1", "--timeout", "1", text="t 727272", code=code)
            self.assertIn(f"get --key {end}-1", err)
            self.assertNotIn("727272", err)


class Look(Case):
    def test_get(self):
        self.run_ctl("send", "0912345678", "--key", "k", text="t 727272")
        out, _ = self.run_ctl("get", "--key", "k")
        self.assertRegex(out, r"(?m)^state +sent$")
        self.assertRegex(out, r"(?m)^LADDER")
        self.assertNotRegex(out, r"(?m) $")
        self.assertRegex(out, r"(?m)^ATTEMPTS +PART +VERDICT +MODEM +REF")
        self.assertNotIn("727272", out)
        out, _ = self.run_ctl("get", self.gateway.messages["k"]["id"], "--json")
        self.assertEqual(json.loads(out)["key"], "k")
        _, err = self.run_ctl("get", "--key", "none", code=1)
        self.assertIn("not_found", err)

    def test_get_waits(self):
        self.run_ctl("send", "0912345678", "--key", "fail-1", text="t")
        self.run_ctl("get", "--key", "fail-1", "--wait", "final", code=5)
        asked = self.gateway.requests[-1]["params"]
        self.assertEqual((asked["until"], asked["wait_ms"]), ("final", 60000))
        self.run_ctl("send", "0912345678", "--key", "stuck-1", text="t")
        self.run_ctl("get", "--key", "stuck-1", "--wait", "sent", "--timeout", "0", code=4)

    def test_get_shows_the_report(self):
        self.run_ctl("send", "0912345678", "--key", "off-1", text="t")
        out, _ = self.run_ctl("get", "--key", "off-1", "--wait", "delivered", code=5)
        self.assertEqual(self.gateway.requests[-1]["params"]["until"], "delivered")
        self.assertRegex(out, r"(?m)^ATTEMPTS +PART +VERDICT +MODEM +REF +REPORT +CAUSE$")
        self.assertRegex(out, r"(?m) 17 +validity_expired \(70\)$")
        self.assertRegex(out, r"(?m) undelivered +validity_expired$")
        self.run_ctl("send", "0912345678", "--key", "there-1", text="t")
        self.run_ctl("get", "--key", "there-1", "--wait", "delivered")

    def test_a_wait_that_ends_early_is_not_repeated(self):
        """The gateway says at once that no report can come: asking again would be a storm."""
        self.run_ctl("send", "0912345678", "--key", "k", text="t")
        before = len(self.gateway.requests)
        out, _ = self.run_ctl("get", "--key", "k", "--wait", "delivered", "--timeout", "600", code=4)
        self.assertRegex(out, r"(?m)^state +sent$")
        self.assertEqual(len(self.gateway.requests), before + 1)

    def test_inbox(self):
        out, _ = self.run_ctl("inbox")
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^RECEIVED +MODEM +FROM +PARTS +TEXT$")
        self.assertRegex(lines[1], r"^2026-11-22 03:16:02\.500 +viettel-1 +1414 +1  So thue bao nay da duoc dang ky\.$")
        self.assertRegex(lines[2], r" \+84912345678 +2 of 3  Thuê bao$")
        text = lines[0].index("TEXT")
        self.assertEqual(lines[4], " " * text + "là của tôi")
        self.assertIn("Vi?[1mettel", lines[5])  # no escape reaches the terminal
        self.assertNotRegex(lines[5], "a name")
        self.assertRegex(lines[6], r" 1414 \(a name\) +1  So thue bao")
        self.assertNotRegex(out, r"(?m)[^ ] +$")
        out, _ = self.run_ctl("inbox", "--limit", "2")
        self.assertEqual(out.splitlines()[-1], "older ones: --cursor 2")
        out, _ = self.run_ctl("inbox", "--cursor", "2", "--json")
        self.assertEqual([message.get("class") for message in json.loads(out)["messages"]], [0, None])
        self.run_ctl("inbox", "--limit", "201", code=1)

    def test_list(self):
        for number in range(3):
            self.run_ctl("send", "0912345678", "--key", f"k{number}", text="t")
        out, _ = self.run_ctl("list", "--limit", "2")
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^ID +STATE +CLASS +TO +PARTS +CREATED +MODEM +WHY +KEY$")
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[3], "older ones: --cursor 7")
        self.assertEqual(lines[0].index("STATE"), lines[1].index("sent"))
        out, _ = self.run_ctl("list", "--state", "failed", "--json")
        self.assertEqual(json.loads(out), {"messages": []})

    def test_cancel(self):
        self.run_ctl("send", "0912345678", "--key", "stuck-1", text="t")
        out, _ = self.run_ctl("cancel", "--key", "stuck-1")
        self.assertRegex(out, r"(?m)^state +cancelled$")
        _, err = self.run_ctl("cancel", "--key", "stuck-1", code=1)
        self.assertIn("too_late", err)

    def test_modems_stand_in_columns(self):
        out, _ = self.run_ctl("modems")
        lines = out.splitlines()
        self.assertIn("越南 Việ…", lines[2])  # cut to its column
        self.assertNotIn("\x1b", out)  # no escape reaches the terminal
        # two columns for each of the first two letters, none for the combining mark
        shown = [line.replace("越南", "....").replace("\u0300", "") for line in lines]
        for head, cell in (("TECH", "lte"), ("ICCID", "89**931")):
            self.assertEqual(lines[0].index(head), shown[1].index(cell))
            self.assertEqual(lines[0].index(head), shown[2].index(cell))
        self.assertEqual(lines[0].index("DBM") + 3, shown[1].index("-71") + 3)
        self.assertTrue(all(len(line) <= 100 for line in shown), out)
        self.assertRegex(shown[5], "^vina-2 +searching$")
        self.assertRegex(shown[6], "^a-modem-wit… +The carrier has barred this SIM.*…$")
        self.assertRegex(shown[-2], "^LEFT ALONE +MODEL +IMEI +WHY$")
        self.assertRegex(shown[-1], "^/dev/ttyUSB7 +Huawei E171.*… +86..112 +no section names it$")
        for command in ("modem", "modems"):
            out, _ = self.run_ctl(command, "viettel-1")
            self.assertRegex(out, r"(?m)^state +ready$")
        self.run_ctl("modem", code=2)
        self.run_ctl("modems", "none", code=1)
        out, _ = self.run_ctl("modems", "--json")
        self.assertEqual(len(json.loads(out)["modems"]), 3)

    def test_cancel_by_filter(self):
        for n in range(3):
            self.run_ctl("send", "0912345678", "--key", f"stuck-f{n}", "--class", "bulk", text="t")
        self.assertEqual(self.run_ctl("cancel", "--class", "bulk", "--older", "0")[0], "3 cancelled\n")
        self.assertEqual(json.loads(self.run_ctl("cancel", "--queued", "--json")[0]), {"cancelled": 0})
        self.run_ctl("cancel", "--queued", "--key", "k", code=2)
        self.run_ctl("cancel", code=2)

    def test_stop_and_go(self):
        self.assertRegex(self.run_ctl("pause", "viettel-1")[0], r"(?m)^held +paused by an operator$")
        self.assertRegex(self.run_ctl("resume", "viettel-1")[0], r"(?m)^paused +no$")
        self.assertRegex(self.run_ctl("pause", "--all")[0], r"(?m)^paused +yes$")
        self.assertEqual(json.loads(self.run_ctl("resume", "--all", "--json")[0]), {"paused": False})
        self.assertRegex(self.run_ctl("reset", "viettel-1")[0], r"(?m)^why +reset asked for$")
        self.run_ctl("pause", code=2)  # nobody stops a gateway by leaving out a word
        self.run_ctl("pause", "viettel-1", "--all", code=2)
        self.run_ctl("reset", code=2)
        self.assertRegex(self.run_ctl("accept", "viettel-1")[0], r"(?m)^name +viettel-1$")
        self.run_ctl("accept", code=2)
        self.assertIn("not_found", self.run_ctl("pause", "none", code=1)[1])

    def test_audit(self):
        lines = self.run_ctl("audit")[0].splitlines()
        self.assertRegex(lines[0], r"^WHEN +UID +PID +METHOD +OUTCOME +MODEM +CONCLUSION +ACTOR +REASON$")
        self.assertRegex(lines[1], r"^2026-11-22 03:16:02\.500 +1001 +4242 +modem\.pause +ok +viettel-1 ")
        self.assertEqual(len(lines), 3)
        out, _ = self.run_ctl("audit", "--limit", "1")
        self.assertEqual(out.splitlines()[-1], "older ones: --cursor 7")

    def test_ussd(self):
        self.assertEqual(self.run_ctl("ussd", "viettel-1", text="*101#\n")[0], "15000d\n")
        self.assertIn("2. B", self.run_ctl("ussd", "viettel-1", text="*098#")[0])
        self.assertEqual(self.run_ctl("ussd", "viettel-1", "--answer", text="2\n")[0], "you chose 2\n")
        self.run_ctl("ussd", "viettel-1", "--cancel")
        self.assertIn("not_found", self.run_ctl("ussd", "none", text="*101#", code=1)[1])
        self.run_ctl("ussd", "viettel-1", text="", code=2)
        self.run_ctl("ussd", "viettel-1", "--answer", "--cancel", code=2)

    def test_trace(self):
        self.assertEqual(self.run_ctl("trace", "viettel-1")[0], "1.000000005 > AT+CMGS=23\n1.020000000 < >\n")
        self.assertIn("not_found", self.run_ctl("trace", "none", code=1)[1])

    def test_alarms(self):
        lines = self.run_ctl("alarms")[0].splitlines()
        self.assertRegex(lines[0], r"^SINCE +SEVERITY +NAME +SUBJECT +DO$")
        self.assertRegex(lines[1], r"^2026-11-22 03:21:00\.004 +critical +store_failing +-  +The database .*space\.$")
        self.assertEqual(len(json.loads(self.run_ctl("alarms", "--json")[0])["alarms"]), 1)
        self.gateway.quiet = True
        self.assertEqual(self.run_ctl("alarms")[0], "none\n")
        self.gateway.alarm()
        out, _ = self.run_ctl("follow", "--from", "0", "--count", "1", "--topic", "alarm")
        self.assertRegex(out, r"^ +-  .*  alarm  store_failing  -  cleared  critical  The database .*\n$")

    def test_stats_info_call(self):
        self.assertRegex(self.run_ctl("stats")[0], r"(?m)^by_state\.sent +12$")
        self.assertRegex(self.run_ctl("info")[0], r"(?m)^limits\.depth +16$")
        self.assertEqual(json.loads(self.run_ctl("call", "modem.get", text='{"name":"vina-2"}')[0])["name"], "vina-2")
        self.assertEqual(json.loads(self.run_ctl("call", "gateway.info")[0])["name"], "otpgate")
        self.assertEqual(len(self.run_ctl("call", "rpc.discover", "--json")[0].splitlines()), 1)
        self.assertIn("method_not_found", self.run_ctl("call", "no.such", code=1)[1])
        self.run_ctl("call", "modem.get", text="{", code=2)

    def test_follow(self):
        self.run_ctl("send", "0912345678", "--key", "k", text="t")
        out, _ = self.run_ctl("follow", "--from", "0", "--count", "3", "--json")
        self.assertEqual([json.loads(line)["seq"] for line in out.splitlines()], [1, 2, 3])
        out, _ = self.run_ctl("follow", "--from", "2", "--count", "1", "--topic", "message")
        self.assertRegex(out, r"^ +3  .* message .* sent  viettel-1  key k\n$")
        self.gateway.receive()
        out, _ = self.run_ctl("follow", "--from", "3", "--count", "1", "--topic", "inbox")
        self.assertEqual(self.gateway.requests[-1]["params"]["topics"], ["inbox"])
        self.assertRegex(out, r"^ +4  .* inbox  019aa9d2-1d2b-7a41-8c55-9e0f4b1a6c02  viettel-1  2 parts\n$")
        self.gateway.verify()
        out, _ = self.run_ctl("follow", "--from", "4", "--count", "1", "--topic", "otp")
        self.assertRegex(out, r"^ +5  .* otp  5b0d6c1e-9a44-43f7-8f05-2b1c7d90e3aa  wrong  register  to 091\*\*678"
                              r"  4 attempts left\n$")
        self.assertIn("gone", self.run_ctl("follow", "--from", "1", code=1)[1])
        self.run_ctl("follow", "--timeout", "0", code=4)


class CommandLine(Case):
    def test_mistakes(self):
        for words, said in [
            ((), "usage"), (("sned",), "there is no command sned"), (("send",), "send wants TO"),
            (("send", "1", "2"), "one word too many"), (("send", "1", "--nope"), "there is no option --nope of send"),
            (("send", "1", "--ttl"), "--ttl wants a value: S"), (("send", "1", "--ttl", "5m"), "not a whole number"),
            (("send", "1", "--flash=yes"), "--flash takes no value"),
            (("send", "1", "--gsm7", "--ucs2"), "already given"), (("get",), "either ID or --key"),
            (("get", "1", "--key", "k"), "either ID or --key"), (("send", "1", "--until", "x"), "sent, delivered or final"),
            (("get", "1", "--wait", "x"), "sent, delivered or final"), (("stats", "--timeout", "-1"), "--timeout"),
        ]:
            self.assertIn(said, self.run_ctl(*words, code=2)[1])
        self.assertEqual(self.gateway.requests, [])

    def test_text_is_no_argument(self):
        self.run_ctl("send", "0912345678", "Ma OTP: 727272", code=2)

    def test_nobody_there(self):
        out, err = self.run_ctl("stats", "--socket", self.folder.name + "/none", code=3)
        self.assertIn("is the gateway running?", err)
        self.assertEqual(out, "")

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([CTL, "stats"], stdout=full, stderr=subprocess.PIPE, env=self.env, timeout=60)
        self.assertEqual(done.returncode, 6)

    def test_help_and_manual_know_the_same(self):
        manual = (ROOT / "docs/otpgatectl.1").read_text(encoding="utf-8").replace("\\-", "-")
        commands = re.findall(r"(?m)^  ([a-z]+) ", self.run_ctl("--help")[0])
        self.assertGreaterEqual(len(commands), 9)
        for command in commands:
            self.assertRegex(manual, rf"(?m)^\.SS {command}\b")
            section = re.split(r"(?m)^\.S[SH] ", manual.split(f".SS {command}", 1)[1])[0]
            own, everywhere = self.run_ctl(command, "--help")[0].split("options of every command")
            for option in re.findall(r"(?m)^  (--[a-z0-9-]+)", own):
                self.assertRegex(section, rf"(?m)^\.BI? {option}\b", command)
            for option in re.findall(r"(?m)^  (--[a-z0-9-]+)", everywhere):
                self.assertRegex(manual, rf"(?m)^\.BI? {option}\b")


class Examples(Case):
    def check(self, command):
        out, _ = self.run_ctl("0912 345 678", "login-81", text='Ma "OTP": 123456\n', command=command)
        self.assertEqual(self.sent(), {"key": "login-81", "to": "0912 345 678", "text": 'Ma "OTP": 123456', "ttl_s": 300})
        self.assertIn("sent", out)
        self.run_ctl("not a number", "login-82", text="t", command=command, code=1)

    def test_python(self):
        self.check([sys.executable, str(EXAMPLES / "send.py")])

    def test_php(self):
        self.check(["php", str(EXAMPLES / "send.php")])

    def test_socat(self):
        self.check(["bash", str(EXAMPLES / "send.sh")])


    def test_the_documentation_shows_these_files(self):
        text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
        for path in EXAMPLES.iterdir():
            self.assertIn("\n" + path.read_text(encoding="utf-8") + "```\n", text, path.name)
            most = 60 if path.stem == "register" else 24  # a whole registration, or one message
            self.assertLessEqual(len(path.read_text(encoding="utf-8").splitlines()), most, path.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
