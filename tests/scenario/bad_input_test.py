"""Bad input over the real wire: each a named error, nothing harmed, nothing sent."""

import json
import os
import resource
import socket
import subprocess
import sys
import unittest

from gateway import Client, Closed, Gateway, Refused


def send_line(**params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "message.send",
                       "params": params}).encode()


GOOD = {"key": "k", "to": "0912345678", "text": "Ma OTP: 314159"}

# What is no request: the bytes of the line, the error's name, does the connection end.
LINES = [
    (b"", "parse_error", False),
    (b"   ", "parse_error", False),
    (b"hello", "parse_error", False),
    (b"{", "parse_error", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,", "parse_error", False),
    (send_line(**GOOD)[:-1], "parse_error", False),
    (send_line(**GOOD) + b"}", "parse_error", False),
    (send_line(**GOOD) + b" " + send_line(**GOOD), "parse_error", False),
    (b"{'jsonrpc':'2.0'}", "parse_error", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1e999,\"method\":\"gateway.info\"}", "parse_error", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"gateway.info\"}",
     "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"314\xff59"), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"\xc0\xaf"), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"\xed\xa0\x80"), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"\xf4\x90\x80\x80"), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"314\0159"), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"314\\u0000159"), "parse_error", False),
    (send_line(**GOOD).replace(b"\"text\"", b"\"te\\u0000xt\""), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"\\ud800"), "parse_error", False),
    (send_line(**GOOD).replace(b"314159", b"a\tb"), "parse_error", False),
    (b"\xff\xfe{\x00}\x00", "parse_error", False),
    (b"\xef\xbb\xbf" + send_line(**GOOD), "parse_error", False),
    (b"[" * 30000, "invalid_request", False),
    (b"{\"a\":" * 10000, "invalid_request", False),
    (b"[" * 30000 + b"]" * 30000, "invalid_request", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.send\",\"params\":" + b"{\"a\":" * 17
     + b"1" + b"}" * 17 + b"}", "invalid_request", False),
    (b"[" + send_line(**GOOD) + b"]", "invalid_request", False),
    (b"[]", "invalid_request", False),
    (b"1", "invalid_request", False),
    (b"null", "invalid_request", False),
    (b"\"message.send\"", "invalid_request", False),
    (b"{}", "invalid_request", True),
    (send_line(**GOOD).replace(b"\"id\": 1, ", b""), "invalid_request", True),
    (send_line(**GOOD).replace(b"\"id\": 1", b"\"id\": null"), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"id\": 1", b"\"id\": 1.5"), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"id\": 1", b"\"id\": [1]"), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"id\": 1", b"\"id\": \"" + b"i" * 129 + b"\""),
     "invalid_request", False),
    (send_line(**GOOD).replace(b"\"id\": 1", b"\"id\": 1, \"id\": 2"), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"key\"", b"\"key\": \"x\", \"key\""), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"2.0\"", b"\"1.0\""), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"jsonrpc\": \"2.0\", ", b""), "invalid_request", False),
    (send_line(**GOOD).replace(b"\"id\": 1", b"\"id\": 1, \"auth\": \"x\""), "invalid_request",
     False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", "invalid_request", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", "invalid_request", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + b"m" * 5000 + b"\"}", "invalid_request",
     False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.snd\"}", "method_not_found", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.info\",\"params\":[1]}",
     "invalid_params", False),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gateway.info\",\"params\":\"x\"}",
     "invalid_params", False),
    (b"GET / HTTP/1.1", "parse_error", False),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "parse_error", False),
    (b"x" * 65536, "parse_error", False),
    (b"x" * 65537, "invalid_request", True),
]

# Params of message.send that are not of their kind or range: what is changed in a good request
# (None: taken away), and a word that the sentence must hold.
PARAMS = [
    ({"key": None}, "key"), ({"to": None}, "to"), ({"text": None}, "text"),
    ({"key": ""}, "key"), ({"key": "k" * 129}, "key"), ({"key": 7}, "key"),
    ({"to": 912345678}, "to"), ({"to": ["0912345678"]}, "to"), ({"to": {}}, "to"),
    ({"text": 7}, "text"), ({"text": None, "txt": "x"}, "text"), ({"text": True}, "text"),
    ({"ttl_s": 9}, "ttl_s"), ({"ttl_s": 86401}, "ttl_s"), ({"ttl_s": "300"}, "ttl_s"),
    ({"ttl_s": 300.5}, "ttl_s"), ({"ttl_s": -1}, "ttl_s"), ({"ttl_s": 2 ** 62}, "ttl_s"),
    ({"class": "OTP"}, "class"), ({"class": ""}, "class"), ({"class": 1}, "class"),
    ({"encoding": "utf8"}, "encoding"), ({"unaccented": 1}, "unaccented"),
    ({"report": "yes"}, "report"), ({"flash": 0}, "flash"), ({"on_unknown": "again"}, "on_unknown"),
    ({"replace_type": 8}, "replace_type"), ({"replace_type": -1}, "replace_type"),
    ({"txt": "x"}, "text"), ({"tto": "0912345678"}, "to"), ({"ttl": 5}, "ttl"),
    ({"modem": 1}, "modem"), ({"supersedes": 1}, "supersedes"), ({"": ""}, "member"),
]

OTHERS = [
    ("message.get", {}, "invalid_params"),
    ("message.get", {"id": "x", "key": "k"}, "invalid_params"),
    ("message.get", {"key": "k", "wait_ms": 60001}, "invalid_params"),
    ("message.get", {"key": "k", "until": "tomorrow"}, "invalid_params"),
    ("message.get", {"key": "nobody's"}, "not_found"),
    ("message.get", {"id": "019aa9d1-5c3f-7c04-9f1e-3b6f2a7d8e11"}, "not_found"),
    ("message.get", {"id": "'; drop table message; --"}, ("not_found", "invalid_params")),
    ("message.list", {"limit": 0}, "invalid_params"),
    ("message.list", {"limit": 201}, "invalid_params"),
    ("message.list", {"state": "gone"}, "invalid_params"),
    ("message.list", {"cursor": "first"}, "invalid_params"),
    ("message.cancel", {}, "invalid_params"),
    ("message.cancel", {"key": "nobody's"}, "not_found"),
    ("modem.get", {}, "invalid_params"),
    ("modem.get", {"name": "m9"}, "not_found"),
    ("events.follow", {"topics": ["messages"]}, "invalid_params"),
    ("events.follow", {"topics": "message"}, "invalid_params"),
    ("events.follow", {"from_seq": -1}, "invalid_params"),
    ("gateway.info", {"x": 1}, "invalid_params"),
]

# Numbers that no message goes to.
NUMBERS = [
    "", " ", "+", "0", "09123456", "0912345678;", "0912345678\r", "0912345678\nAT+CMGD=1,4",
    "0912\"345678", "\"0912345678\"", "0912345678\x1a", "0912345678\x1b", "0912345678,145",
    "0912345678\x7f", "0912345678\u00a0", "٠٩١٢٣٤٥٦٧٨", "0912345678x9", "++84912345678",
    "84+912345678", "0912345678 0912345679", "091234567890123456", "1" * 5000, "*101#", "113",
    "1414", "+1414", "+14155552671", "0014155552671", "+856201234567", "02812345678",
    "+842812345678", "0212345678", "ABC", "-", "()", "tel:0912345678", "0912345678'--",
]

OLD_NUMBERS = {
    "01212345678": "+84792345678", "0120 123 4567": "+84701234567", "01681234567": "+84381234567",
    "+841991234567": "+84591234567", "841251234567": "+84851234567",
}

# Texts that are refused: what is changed in a good request.
TEXTS = [
    {"text": ""}, {"text": "a" * 1531}, {"text": "ă" * 671}, {"text": "€" * 766},
    {"text": "a" * 20000}, {"text": "ă", "encoding": "gsm7"}, {"text": "\u0301", "unaccented": True},
]


class Lines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(modems=1, latency_ms=5)
        cls.gw.wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.gw.close()

    def setUp(self):
        self.client = self.gw.client()
        self.addCleanup(lambda: self.client.close())
        self.before = self.client.call("gateway.stats")

    def tearDown(self):
        """Nothing harmed: the daemon lives, has taken nothing in, and the modem has heard nothing."""
        self.assertIsNone(self.gw.process.poll(), self.gw.log()[-2000:])
        with self.gw.client() as c:
            after = c.call("gateway.stats")
            self.assertEqual(c.call("modem.get", name="m0")["state"], "ready")
        self.assertEqual(after["accepted"], self.before["accepted"])
        self.assertEqual(self.gw.sim.stats()["submitted"], 0)
        self.assertFalse(self.gw.sim.violations())

    def refused(self, method, **params):
        with self.assertRaises(Refused, msg=(method, params)) as caught:
            self.client.call(method, **params)
        return caught.exception

    def test_lines_that_are_no_request(self):
        for line, name, ends in LINES:
            with self.subTest(line=line[:60]):
                self.client.send_raw(line + b"\n")
                answer = self.client.read_line()
                self.assertEqual(answer["error"]["data"]["name"], name, answer)
                if ends:
                    with self.assertRaises((Closed, ConnectionResetError)):
                        self.client.read_line()
                    self.client.close()
                    self.client = self.gw.client()
                else:
                    self.client.call("gateway.info")

    def test_the_id_comes_back_where_there_is_one(self):
        for id_ in (0, -1, 2 ** 63 - 1, "", "a", "ă" * 64, "\u2028\"\\"):
            self.client.send_raw(json.dumps({"jsonrpc": "2.0", "id": id_,
                                             "method": "message.snd"}).encode() + b"\n")
            self.assertEqual(self.client.read_line()["id"], id_)
        for line, name, ends in LINES:
            if name == "parse_error":
                self.client.send_raw(line + b"\n")
                self.assertIsNone(self.client.read_line()["id"])

    def test_a_line_without_end(self):
        """10 MB: told once, cut, and not kept in memory."""
        def peak_kb():
            with open("/proc/%d/status" % self.gw.process.pid, encoding="ascii") as status:
                return int([l for l in status if l.startswith("VmHWM")][0].split()[1])
        before = peak_kb()
        for lead in (b"", send_line(**GOOD)[:-40], b"[" * 1000):
            with self.gw.client() as c:
                try:
                    c.send_raw(lead + b"a" * (10 << 20))
                except (BrokenPipeError, ConnectionResetError):
                    pass
                error = c.read_line()["error"]
                self.assertEqual(error["data"]["name"], "invalid_request")
                self.assertIn("65536", error["message"])
                with self.assertRaises((Closed, ConnectionResetError)):
                    c.read_line()
        self.assertLess(peak_kb() - before, 8192)

    def test_bytes_of_all_kinds(self):
        """Every byte as a line, and all of them at once: answers or a cut, never a fall."""
        self.client.send_raw(b"".join(bytes([b]) + b"\n" for b in range(256) if b != 10))
        for _ in range(255):
            self.assertIn(self.client.read_line()["error"]["data"]["name"],
                          ("parse_error", "invalid_request"))
        self.client.call("gateway.info")

    def test_a_request_in_crumbs(self):
        line = json.dumps({"jsonrpc": "2.0", "id": 5, "method": "gateway.info"}).encode() + b"\r\n"
        for i in range(len(line)):
            self.client.send_raw(line[i:i + 1])
        self.assertIn("result", self.client.read_line())

    def test_params_of_the_wrong_kind(self):
        for change, word in PARAMS:
            params = {k: v for k, v in dict(GOOD, **change).items() if v is not None}
            with self.subTest(change=str(change)[:60]):
                error = self.refused("message.send", **params)
                self.assertEqual(error.name, "invalid_params")
                self.assertIn(word, str(error))
                self.assertNotIn("314159", str(error))

    def test_other_methods(self):
        for method, params, names in OTHERS:
            with self.subTest(method=method, params=params):
                self.assertIn(self.refused(method, **params).name,
                              names if isinstance(names, tuple) else (names,))

    def test_numbers(self):
        for to in NUMBERS:
            with self.subTest(to=to[:40]):
                error = self.refused("message.send", **dict(GOOD, to=to))
                self.assertIn(error.name, ("bad_number", "invalid_params"))
                self.assertNotIn("suggest", error.data)
                if error.name == "bad_number":
                    self.assertEqual(set(error.data["say"]), {"vi", "en"})

    def test_numbers_from_before_2018(self):
        for to, today in OLD_NUMBERS.items():
            with self.subTest(to=to):
                error = self.refused("message.send", **dict(GOOD, to=to))
                self.assertEqual((error.name, error.data["suggest"]), ("bad_number", today))

    def test_texts(self):
        for change in TEXTS:
            with self.subTest(change=str(change)[:40]):
                error = self.refused("message.send", **dict(GOOD, **change))
                self.assertIn(error.name, ("bad_text", "invalid_params"))

    def test_a_refused_call_leaves_no_key(self):
        self.refused("message.send", **dict(GOOD, to="0912"))
        self.refused("message.send", **dict(GOOD, text="a" * 2000))
        self.assertEqual(self.refused("message.get", key=GOOD["key"]).name, "not_found")


class Configured(unittest.TestCase):
    def test_short_codes_and_foreign_numbers(self):
        with Gateway(modems=1, latency_ms=5,
                     gateway="short_codes = yes\nforeign_numbers = yes") as gw:
            gw.wait_ready()
            with gw.client() as c:
                for n, (to, normal) in enumerate((("1414", "1414"), ("113", "113"),
                                                  ("+14155552671", "+14155552671"),
                                                  ("0014155552671", "+14155552671"))):
                    sent = c.call("message.send", key="k%d" % n, to=to, text="TTTB")
                    self.assertEqual(sent["to"], normal)
                    got = c.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
                    self.assertIn(got["state"], ("sent", "delivered"))
                for to in ("1414;", "+1", "0912345678\r", "*101#"):
                    with self.assertRaises(Refused) as refused:
                        c.call("message.send", key="bad", to=to, text="TTTB")
                    self.assertEqual(refused.exception.name, "bad_number")
            self.assertEqual(gw.sim.stats()["submitted"], 4)

    def test_the_longest_texts_pass(self):
        with Gateway(modems=1, latency_ms=0) as gw:
            gw.wait_ready()
            with gw.client() as c:
                for n, text in enumerate(("a" * 1530, "ă" * 670, "€" * 760)):
                    to = "091234560%d" % n
                    sent = c.call("message.send", key="k%d" % n, to=to, text=text)
                    self.assertEqual(sent["parts"], 10)
                    c.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
                    self.assertEqual(gw.sim.texts("+84" + to[1:]), [text])


class Clients(unittest.TestCase):
    def test_one_that_never_reads(self):
        """It is held back, then costs no more than its limit; others do not notice."""
        with Gateway(modems=0, gateway="max_unsent_kb = 64") as gw:
            with Client(gw.socket, timeout_s=0.2) as mute:
                request = json.dumps({"jsonrpc": "2.0", "id": 1,
                                      "method": "rpc.discover"}).encode() + b"\n"
                asked = 0
                try:
                    while asked < 200000:
                        mute.send_raw(request * 100)
                        asked += 100
                except (TimeoutError, socket.timeout, BrokenPipeError, ConnectionResetError):
                    pass
                self.assertLess(asked, 200000, "nothing holds it back")
                with gw.client() as c:
                    for _ in range(50):
                        c.call("gateway.info")

    def test_one_that_comes_and_goes(self):
        """It has no role, it needs none: it keeps nobody's answer from the disk, and fills no log."""
        with Gateway(modems=1, latency_ms=5) as gw:
            gw.wait_ready()
            knock = ("import socket, sys\n"
                     "while True:\n"
                     "    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)\n"
                     "    try:\n"
                     "        s.connect(sys.argv[1])\n"
                     "    except OSError:\n"
                     "        pass\n"
                     "    s.close()\n")
            with subprocess.Popen([sys.executable, "-c", knock, gw.socket]) as knocker:
                try:
                    with gw.client() as c:
                        for n in range(20):
                            sent = c.call("message.send", **dict(GOOD, key="k%d" % n))
                            got = c.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
                            self.assertIn(got["state"], ("sent", "delivered"))
                finally:
                    knocker.kill()
            with open(gw.log_path, encoding="utf-8") as log:
                ends = sum(" end why=" in line for line in log)
            self.assertLess(ends, 400)

    def test_a_thousand_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with Gateway(modems=1, latency_ms=5) as gw:
            gw.wait_ready()
            held, answered = [], 0
            with gw.client() as first:
                for _ in range(1000):
                    try:
                        held.append(gw.client())
                    except BlockingIOError:  # more before the door than listen() takes
                        pass
                for client in held:
                    try:
                        client.call("gateway.info")
                        answered += 1
                    except BrokenPipeError:  # turned away, with a line that says why
                        self.assertEqual(client.read_line()["error"]["data"]["name"],
                                         "rate_limited")
                self.assertGreater(len(held), 63)
                self.assertEqual(answered, 63)
                sent = first.call("message.send", **GOOD)
                got = first.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
                self.assertIn(got["state"], ("sent", "delivered"))
                for client in held:
                    client.close()
                first.call("gateway.info")
            with gw.client() as again:
                again.call("gateway.info")

    def test_no_descriptors_left(self):
        """The daemon's own limit, below that of its connections: it rests, and goes on."""
        with Gateway(modems=0, gateway="max_connections = 256",
                     wrapper=("prlimit", "--nofile=48:48")) as gw:
            with gw.client() as first:
                first.call("gateway.info")
                held = [gw.client() for _ in range(100)]
                for _ in range(20):
                    first.call("gateway.stats")
                for client in held:
                    client.close()
                with gw.client() as again:
                    again.call("gateway.info")

    def test_half_closed_and_gone(self):
        with Gateway(modems=1, latency_ms=5) as gw:
            gw.wait_ready()
            with gw.client() as c:
                request_id = c.start("message.send", **GOOD)
                c.sock.shutdown(socket.SHUT_WR)
                c.finish(request_id)
                with self.assertRaises(Closed):
                    c.read_line()
            for _ in range(50):  # asks and does not wait for the answer
                c = gw.client()
                c.start("message.get", key="k", wait_ms=60000, until="final")
                c.start("events.follow", from_seq=0)
                c.close()
            with gw.client() as c:
                got = c.call("message.get", key="k", until="sent", wait_ms=30000)
                self.assertIn(got["state"], ("sent", "delivered"))


if __name__ == "__main__":
    unittest.main()
