"""subscriber.parse and .preflight: a reply of 1414 beside what was typed, by the real daemon, and
nothing of it left behind: every value of the SYNTHETIC corpus is a canary."""

import json
import os
import re
import signal
import subprocess
import unicodedata
import unittest

from gateway import BIN, ROOT, TIMEOUT_S, Gateway, Refused

REPLY = "Ho ten: NGUYEN VAN AN\nCMT: 205123456\nNgay sinh: 01/02/1990\nGhi chu gi do"
TYPED = {"full_name": "Nguyễn Văn An", "birth_date": "1/2/1990", "id_number": "052090001234"}
PERSONAL = ("full_name", "birth_date", "id_number", "msisdn", "address", "id_issued_by")


def corpus():
    """(carrier, text, {field: value}) of each reply."""
    path = os.path.join(ROOT, "tests", "unit", "subscriber", "replies.txt")
    with open(path, encoding="utf-8") as lines:
        blocks = re.split(r"(?m)^=== ", lines.read())[1:]
    for block in blocks:
        head, *rest = block.strip("\n").split("\n")
        text = "\n".join(line[2:] for line in rest if line.startswith("> "))
        text = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)
        text = re.sub(r"[{}\[\]]", "", text).replace("\\\\", "\\")
        fields = dict(line.split(" ", 1) for line in rest if re.match(r"[a-z_]+ ", line))
        yield head.split("|")[1].strip().lower(), text, fields


class Subscriber(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=1, gateway="log_level = debug")
        self.addCleanup(self.gw.close)

    def refused(self, name, method, **params):
        with self.gw.client() as client, self.assertRaises(Refused) as caught:
            client.call(method, **params)
        self.assertEqual(caught.exception.name, name)
        return str(caught.exception)

    def parse(self, **params):
        with self.gw.client() as client:
            return client.call("subscriber.parse", **{"text": REPLY, "reason": "case 7", **params})

    def test_masked_unless_asked_for(self):
        got = self.parse(expect=TYPED, carrier="viettel")
        self.assertEqual(got["conclusion"], "carrier_has_old_id")
        self.assertEqual(got["shown"], "masked")
        self.assertEqual(got["fields"]["full_name"]["value"], "NGUYEN V** A*")
        self.assertEqual(got["fields"]["id_number"]["value"], "2051*****")
        self.assertEqual(got["compared"], ["full_name", "birth_date", "id_number"])
        self.assertIn("cửa hàng của Viettel", got["say"]["vi"])
        told = json.dumps(got)
        for value in ("NGUYEN VAN", "205123456", "1990-02-01", "01/02", "Ghi chu"):
            self.assertNotIn(value, told)
        full = self.parse(show="full")
        self.assertEqual(full["fields"]["full_name"],
                         {"raw": "NGUYEN VAN AN", "value": "NGUYEN VAN AN", "span": [8, 21], "rule": "HO TEN"})
        self.assertEqual(full["unparsed"], ["Ghi chu gi do"])
        self.assertEqual(full["conclusion"], "not_compared")

    def test_refusals(self):
        self.refused("invalid_params", "subscriber.parse", text=REPLY)
        self.refused("invalid_params", "subscriber.preflight", msisdn="0912345678")
        self.refused("invalid_params", "subscriber.parse", text=REPLY, reason="case 7", carrier="viettle")
        self.refused("invalid_params", "subscriber.parse", text="a" * 9000, reason="case 7")
        for words in ("ong nguyen van an", "CCCD 052 090 001 234"):
            said = self.refused("invalid_params", "subscriber.parse", text=REPLY, reason=words, expect=TYPED)
            self.assertNotIn("090", said)
            self.refused("invalid_params", "subscriber.parse", text=REPLY, reason="x", actor=words, expect=TYPED)
        self.assertEqual(self.parse(text="Da qua so lan cho phep thuc hien tra cuu trong ngay")["refused"], "quota")

    def test_rules_are_read_again(self):
        """An operator adds a label that a real reply shows, or makes a mistake in it."""
        path = os.path.join(self.gw.dir, "subscriber.ini")
        with open(self.gw.config, encoding="utf-8") as lines:
            config = lines.read()
        with open(self.gw.config, "w", encoding="utf-8") as out:
            out.write(config.replace("[gateway]", "[gateway]\nsubscriber_rules = " + path, 1))
        self.gw.restart()
        text = "Quy danh: LE THI B"
        self.assertEqual(self.parse(text=text)["conclusion"], "unreadable")
        with open(path, "w", encoding="utf-8") as out:
            out.write("[labels]\nfull_name = QUÝ DANH:\n")
        self.reload("reloaded")
        self.assertEqual(self.parse(text=text)["fields"]["full_name"]["rule"], "QUY DANH")
        with open(path, "w", encoding="utf-8") as out:
            out.write("[labels]\nfullname = QUÝ DANH:\n")
        self.reload("reload_refused")
        self.assertIn("fullname: no such key", self.gw.log())
        self.assertEqual(self.parse(text=text)["conclusion"], "not_compared")
        done = subprocess.run([os.path.join(BIN, "otpgated"), "--config", self.gw.config, "--check"],
                              capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 78)
        self.assertIn("subscriber.ini:2: ", done.stderr)

    def reload(self, word):
        """SIGHUP; a call that is answered after it was handled tells that it was."""
        before = self.gw.log().count(word)
        self.gw.process.send_signal(signal.SIGHUP)
        with self.gw.client() as client:
            while self.gw.log().count(word) == before:
                client.call("gateway.info")

    def test_nothing_is_left_behind(self):
        known = ("viettel", "vinaphone", "mobifone", "vietnamobile", "gmobile")
        birds, answers = set(), []
        with self.gw.client() as client, self.gw.client() as watcher:
            watcher.call("events.follow")
            for carrier, text, fields in corpus():
                values = [fields[name] for name in PERSONAL if len(fields.get(name, "")) > 6]
                birds.update(values)
                expect = {name: fields[name] for name in TYPED if name in fields}
                more = {"carrier": carrier} if carrier in known else {}
                answers.append(client.call("subscriber.parse", text=text, expect=expect, reason="case 7", **more))
                client.call("subscriber.preflight", reason="case 7", **expect)
            for carrier, text, fields in list(corpus())[:3]:  # errors too
                for bad in ({"text": text, "expect": fields, "reason": ""}, {"txt": text, "reason": "r"},
                            {"text": text, "expect": {"ten": fields["full_name"]}, "reason": "r"}):
                    with self.assertRaises(Refused) as caught:
                        client.call("subscriber.parse", **bad)
                    answers.append(caught.exception.error)
            client.call("message.send", key="after", to="0912345678", text="Ma OTP: 1", ttl_s=3600)
            watcher.next_event(lambda e: e["topic"] == "message")
            self.search("while it runs", birds, answers, watcher.events)
        on_record = re.findall(r"audit - call .*method=subscriber\.\w+ outcome=ok", self.gw.log())
        self.assertEqual(len(on_record), 2 * len(list(corpus())))
        self.assertNotIn("case 7", self.gw.log())
        self.gw.kill(signal.SIGKILL)
        self.search("after kill -9", birds, answers, [])

    def search(self, when, birds, answers, events):
        places = {"the log": self.gw.log().encode(), "answers": json.dumps(answers, ensure_ascii=False).encode(),
                  "events": json.dumps(events, ensure_ascii=False).encode()}
        for folder, _, files in os.walk(self.gw.state_dir):
            for name in files:
                with open(os.path.join(folder, name), "rb") as raw:
                    places[name] = raw.read()
        self.assertGreaterEqual(len(places), 7)
        self.assertGreater(len(birds), 30)
        for bird in birds:
            if "*" in bird:
                continue  # masked by the carrier already
            plain = "".join(c for c in unicodedata.normalize("NFD", bird) if not unicodedata.combining(c))
            for form in {bird, plain, bird.title(), bird.lower()}:
                for place, data in places.items():
                    self.assertNotIn(form.encode(), data, "%s %s" % (place, when))


class Lookup(unittest.TestCase):
    """The SIM in a modem asks; the network's answer is the test's."""

    def setUp(self):
        self.gw = Gateway(modems=2, latency_ms=10, gateway="log_level = debug")
        self.addCleanup(self.gw.close)
        self.gw.wait_ready()

    def asked(self, count=1):
        """Until 1414 was asked so often."""
        while self.gw.sim.accepted_count("1414") < count:
            self.gw.sim.wait_more("accepted", 0, timeout_s=60)
        return self.gw.sim.texts("1414")

    def answer(self, text, modem=0, sender="1414"):
        self.gw.sim.control("write", modem=modem, **{"from": sender, "text": text})

    def test_asked_once_and_nothing_kept(self):
        with self.gw.client() as one, self.gw.client() as two:
            first = one.start("subscriber.lookup", modem="m0", reason="case 7", expect=TYPED, show="full")
            second = two.start("subscriber.lookup", modem="m0", reason="case 8")
            self.assertEqual(self.asked(), ["TTTB"])
            self.answer("Ho ten: KE XAU\nCCCD: 052195009999", sender="0987654321")
            self.answer(REPLY)
            got = one.finish(first)
            self.assertEqual(got["conclusion"], "carrier_has_old_id")
            self.assertEqual(got["fields"]["full_name"]["value"], "NGUYEN VAN AN")
            self.assertIn("carrier", got)
            masked = two.finish(second)
            self.assertEqual(masked["fields"]["full_name"]["value"], "NGUYEN V** A*")
            again = one.call("subscriber.lookup", modem="m0", reason="case 9")
            self.assertEqual(again["fields"]["id_number"]["value"], "2051*****")
            self.assertEqual(self.gw.sim.accepted_count("1414"), 1)
            texts = sorted(m["text"] for m in one.call("inbox.list")["messages"])
            self.assertEqual(texts, ["<subscriber record> carrier_has_old_id, not_compared",
                                     "Ho ten: KE XAU\nCCCD: 052195009999"])
        for when in ("live", "after kill -9"):
            self.assertNotIn("NGUYEN VAN", self.gw.log())
            self.assertNotIn("205123456", self.gw.log())
            for folder, _, files in os.walk(self.gw.state_dir):
                for name in files:
                    with open(os.path.join(folder, name), "rb") as raw:
                        data = raw.read()
                    for value in (b"NGUYEN VAN AN", b"205123456", "NGUYEN VAN AN".encode("utf-16-be")):
                        self.assertNotIn(value, data, "%s %s" % (name, when))
            if when == "live":
                self.gw.kill(signal.SIGKILL)

    def test_garbage_changes_nothing_but_the_outcome(self):
        for i, text in enumerate(("]]]]\u202e:::= 0000000000000000 **** Họ", "Ho ten:\u200b\nNS: 99/99/9999\nCCCD: x")):
            with self.gw.client() as client:
                call = client.start("subscriber.lookup", modem="m%d" % i, reason="case 7", expect=TYPED)
                self.asked(i + 1)
                self.answer(text, modem=i)
                got = client.finish(call)
            self.assertEqual(got["conclusion"], "unreadable")
            self.assertEqual(got["fields"], {})

    def test_refusals(self):
        with self.gw.client() as client:
            for params, name in (({"modem": "m9"}, "not_found"), ({}, "invalid_params")):
                with self.assertRaises(Refused) as caught:
                    client.call("subscriber.lookup", reason="case 7", **params)
                self.assertEqual(caught.exception.name, name)

    def test_at_the_terminal(self):
        with subprocess.Popen([os.path.join(BIN, "otpgatectl"), "--socket", self.gw.socket, "subscriber", "lookup",
                               "m0", "--reason", "case 7"], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "LC_ALL": "vi_VN.UTF-8"}) as ctl:
            self.asked()
            self.answer(REPLY)
            out = ctl.communicate(timeout=TIMEOUT_S)[0]
        self.assertIn("NGUYEN V** A*", out)
        self.assertIn("(not_compared)", out)


class AtTheCounter(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=1)
        self.addCleanup(self.gw.close)
        self.typed = os.path.join(self.gw.dir, "typed")
        with open(self.typed, "w", encoding="utf-8") as out:
            out.write("".join("%s: %s\n" % pair for pair in TYPED.items()))

    def ctl(self, *words, text="", lang="C.UTF-8", code=0, columns=80):
        env = {**os.environ, "LC_ALL": lang, "COLUMNS": str(columns)}
        done = subprocess.run([os.path.join(BIN, "otpgatectl"), "--socket", self.gw.socket, "subscriber", *words],
                              input=text, capture_output=True, text=True, timeout=TIMEOUT_S, env=env, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def test_side_by_side(self):
        out = self.ctl("parse", "--reason", "case 7", "--typed", self.typed, text=REPLY)
        lines = out.split("\n")
        column = lines[0].index("CARRIER")
        self.assertEqual(lines[1][column:column + 13], "NGUYEN V** A*")
        self.assertIn("Nguyễn Văn An", lines[1])
        self.assertIn("the same but for accents", lines[1])
        self.assertIn("the carrier has an old one", lines[3])
        self.assertIn("(carrier_has_old_id)", out)
        out = self.ctl("parse", "--reason", "case 7", "--typed", self.typed, text=REPLY, lang="vi_VN.UTF-8")
        self.assertIn("NHÀ MẠNG", out)
        self.assertIn("khớp (không dấu)", out)
        self.assertIn("Nhà mạng còn lưu số CMND cũ", out)
        out = self.ctl("parse", "--reason", "case 7", "--full", "--json", text=REPLY)
        self.assertEqual(json.loads(out)["fields"]["full_name"]["value"], "NGUYEN VAN AN")

    def test_wide_characters(self):
        """Columns stand under each other, though a name takes twice its letters."""
        with open(self.typed, "w", encoding="utf-8") as out:
            out.write("full_name: 阮文安\nid_number: 052090001234\n")
        lines = self.ctl("parse", "--reason", "case 7", "--typed", self.typed, text=REPLY).split("\n")
        wide = lambda text: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
        starts = {wide(line[:line.index(word)]) for line, word in zip(lines, ("CARRIER", "NGUYEN", "01**")) if word in line}
        self.assertEqual(len(starts), 1)

    def test_what_is_long_goes_on_under_its_head(self):
        """80 columns (or what $COLUMNS says), each cell under its head, whatever the locale is."""
        address = "To 12, khu pho 5, duong Nguyen Thi Minh Khai, phuong Ngo May, thanh pho Quy Nhon, tinh Binh Dinh"
        text = REPLY + "\nNoi cap: Cuc Canh sat quan ly hanh chinh ve trat tu xa hoi\nDia chi: " + address
        for lang, head, label, columns in (("C.UTF-8", "CARRIER", "address", 80), ("C", "CARRIER", "address", 60),
                                           ("vi_VN.UTF-8", "NHÀ MẠNG", "Địa chỉ", 80)):
            out = self.ctl("parse", "--reason", "case 7", "--full", "--typed", self.typed, text=text, lang=lang,
                           columns=columns)
            lines = unicodedata.normalize("NFC", out).split("\n")
            self.assertLessEqual(max(len(line) for line in lines), columns, out)
            column = lines[0].index(head)
            at = next(i for i, line in enumerate(lines) if line.startswith(label))
            end = next(i for i in range(at + 1, len(lines)) if not lines[i].startswith(" " * column))
            self.assertGreater(end - at, 2, out)
            told = " ".join(line[column:].strip() for line in lines[at:end])
            self.assertEqual(told, address.upper())
            self.assertIn("01/02/1990", out)
            self.assertTrue(any(line.startswith("=> ") for line in lines))

    def test_as_it_is_pasted(self):
        """From a telephone or a chat: quotation marks, CRLF, a line before it; masked, the rest is only counted."""
        text = "Tin nhắn từ 1414 lúc 09:12:\r\n\u201cTên: Nguyễn Văn An\r\nCMT: 205xxxxxx\r\nNgày sinh: 01/02/1990\u201d\r\n"
        out = self.ctl("parse", "--reason", "case 7", "--typed", self.typed, text=text)
        self.assertIn("NGUYỄN V** A*", out)
        self.assertIn("**/**/1990", out)
        self.assertIn("205******", out)
        self.assertIn("? not understood in the reply: 1 (--full shows it)", out)
        self.assertNotIn("Tin nh", out)
        self.assertIn("? Tin nhắn từ 1414 lúc 09:12", self.ctl("parse", "--reason", "case 7", "--full", text=text))

    def test_preflight(self):
        out = self.ctl("preflight", "--reason", "case 7", text="msisdn: 01682345678\nfull_name: Nguyeenx Vawn An\n")
        self.assertIn("+84382345678", out)
        self.assertIn("TELEX", out)
        self.assertIn("Nothing was found", self.ctl("preflight", "--reason", "case 7", "--typed", self.typed))

    def test_mistakes(self):
        self.assertIn("none of lookup, parse, preflight and check-fleet", self.ctl("prase", code=2))
        self.assertIn("wants --reason", self.ctl("parse", text=REPLY, code=2))
        self.assertIn("is empty", self.ctl("parse", "--reason", "r", code=6))
        self.assertIn("a line is none of", self.ctl("preflight", "--reason", "r", text="ten: A\n", code=6))


if __name__ == "__main__":
    unittest.main()
