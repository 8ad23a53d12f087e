"""Nothing personal leaves its place: codes, texts, numbers and keys are planted, and all that the
daemon and otpgatectl leave behind is searched for them, raw: log, replies and events, arguments and
environment, the database with its log and index, every file of the state directory; while it runs,
after SIGTERM and after kill -9."""

import json
import os
import signal
import subprocess
import unittest

from gateway import BIN, Gateway

CODES = ["907153", "418826", "550917", "662048"]
TEXTS = ["Chim hoang yen %s" % code for code in CODES]
WHOLE = "Mã bí mật của chim hoàng yến là %s, đừng đưa cho ai" % CODES[1]
NUMBERS = ["0987654301", "0987654302", "0987654303", "0987654304"]
KEYS = ["canary-key-alpha", "canary-key-beta", "canary-key-gamma", "canary-key-delta"]


def packed(text):
    """The septets of the GSM alphabet as they stand in a PDU: in octets and in hex."""
    value = 0
    for i, letter in enumerate(text):
        value |= ord(letter) << (7 * i)
    return value.to_bytes((7 * len(text) + 7) // 8, "little")[1:-1]  # its ends touch neighbours


def swapped(number):
    digits = number + ("F" if len(number) % 2 else "")
    return "".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2))


def canaries():
    """name -> the bytes that must not be seen."""
    birds = {}
    for i, code in enumerate(CODES):
        birds["code %d" % i] = code.encode()
        birds["code %d, ucs2" % i] = code.encode("utf-16-be")
        birds["key %d" % i] = KEYS[i].encode()
        birds["key %d, hex" % i] = KEYS[i].encode().hex().encode()
        for form in (NUMBERS[i], NUMBERS[i][1:], "84" + NUMBERS[i][1:]):
            birds["number %d, %s" % (i, form)] = form.encode()
        national = swapped("84" + NUMBERS[i][1:])
        birds["number %d, in a PDU" % i] = bytes.fromhex(national.replace("F", "f"))
        birds["number %d, in a PDU, hex" % i] = national.encode()
        septets = packed(TEXTS[i])
        birds["text %d" % i] = b"Chim hoang"
        birds["text %d, septets" % i] = septets
        birds["text %d, septets, hex" % i] = septets.hex().upper().encode()
    birds["whole"] = "bí mật".encode()
    birds["whole, ucs2"] = "bí mật".encode("utf-16-be")
    birds["whole, ucs2, hex"] = "bí mật".encode("utf-16-be").hex().upper().encode()
    return birds


BIRDS = canaries()


def seen(data, but=()):
    folded = data.lower()
    return [name for name, bird in BIRDS.items()
            if bird.lower() in folded and not name.startswith(tuple(but) or ("\0",))]


class Canary(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=2, latency_ms=10, gateway="log_level = debug")
        self.addCleanup(self.gw.close)
        self.gw.wait_ready()
        self.said = b""  # to others than the sender

    def clean(self, what, data, but=()):
        found = seen(data, but)
        for name in found:
            at = data.lower().find(BIRDS[name].lower())
            self.fail("%s holds %s: %r" % (what, name, data[max(0, at - 60):at + 60]))

    def search_state(self, when):
        searched = 0
        for folder, _, files in os.walk(self.gw.state_dir):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as raw:
                    self.clean("%s %s" % (path, when), raw.read())
                self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
                searched += 1
        self.assertGreaterEqual(searched, 6)
        self.clean("the log " + when, self.gw.log().encode())

    def search_process(self, pid):
        for name in ("cmdline", "environ", "comm", "status"):
            with open("/proc/%d/%s" % (pid, name), "rb") as raw:
                self.clean("/proc/%d/%s" % (pid, name), raw.read())

    def read_raw(self, client, method, **params):
        """An answer of which every byte is looked at; a client of the sender's uid may see its own
        numbers and keys, never a text."""
        client.start(method, **params)
        while b"\n" not in client.buffer:
            client.buffer += client.sock.recv(65536)
        line, client.buffer = client.buffer.split(b"\n", 1)
        self.clean("the answer of " + method, line, but=("key", "number"))
        return json.loads(line)

    def send_all(self, client):
        """One of each fate: sent, sent in UCS-2, failed, unknown; refused ones between them."""
        for i, plan in enumerate((None, None, ("fail_next", {"cms": 1}), ("ok_without_cmgs", {}))):
            if plan:
                self.gw.sim.control(plan[0], modem=1, **plan[1])
            answer = self.read_raw(
                client, "message.send", key=KEYS[i], to=NUMBERS[i], on_unknown="report",
                text=WHOLE if i == 1 else TEXTS[i], **({"modem": "m1"} if plan else {}))
            self.assertIn("result", answer)
            self.read_raw(client, "message.get", key=KEYS[i], wait_ms=30000)
            for method, params in (
                    ("message.send", {"key": KEYS[i], "to": NUMBERS[i], "text": "Ma khac"}),
                    ("message.send", {"key": KEYS[i] + "x", "to": NUMBERS[i] + ";",
                                      "text": TEXTS[i]}),
                    ("message.send", {"key": KEYS[i] + "x", "to": NUMBERS[i],
                                      "text": TEXTS[i] * 200}),
                    ("message.send", {"key": KEYS[i] + "x", "to": NUMBERS[i], "text": TEXTS[i],
                                      "ttl_s": TEXTS[i]}),
                    ("message.send", {"key": KEYS[i] + "x", "to": NUMBERS[i], "text": WHOLE,
                                      "encoding": "gsm7"}),
                    ("message.cancel", {"key": KEYS[i]})):
                self.assertIn("error", self.read_raw(client, method, **params))
        for line in (b"{\"text\":\"%s\"" % TEXTS[0].encode(), TEXTS[1].encode(),
                     b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}" % CODES[2].encode()):
            client.send_raw(line + b"\n")
            self.clean("an answer", json.dumps(client.read_line()).encode())
        self.read_raw(client, "message.list")
        self.read_raw(client, "gateway.stats")
        self.clean("modem.list", json.dumps(client.call("modem.list")).encode())

    def queue_one(self, client):
        """One that waits, its text sealed on disk."""
        client.call("events.follow", topics=["modem"])
        for i in range(self.gw.modems):
            self.gw.sim.control("registration", modem=i, stat=2)
        while any(m["state"] in ("ready", "busy") for m in client.call("modem.list")["modems"]):
            client.next_event(lambda e: e["topic"] == "modem")
        client.call("message.send", key=KEYS[0] + "-q", to=NUMBERS[0], text=TEXTS[0], ttl_s=3600)

    def test_the_daemon(self):
        with self.gw.client() as c, self.gw.client() as watcher:
            watcher.call("events.follow")
            self.send_all(c)
            watcher.next_event(lambda e: e.get("state") == "unknown")
            self.clean("events", json.dumps(watcher.events).encode(), but=("key",))
            self.queue_one(c)
            self.search_process(self.gw.process.pid)
            self.search_state("live")
            self.gw.kill(signal.SIGKILL)
        self.search_state("after kill -9")
        self.gw.start()
        self.search_state("after recovery")
        for i in range(self.gw.modems):
            self.gw.sim.control("registration", modem=i, stat=1)
        with self.gw.client() as c:
            got = c.call("message.get", key=KEYS[0] + "-q", until="sent", wait_ms=60000)
            self.assertIn(got["state"], ("sent", "delivered"))
        self.gw.kill(signal.SIGTERM)
        self.search_state("after SIGTERM")
        self.assertEqual(self.gw.sim.texts("+84" + NUMBERS[1][1:]), [WHOLE])

    def test_codes_of_the_gateway(self):
        """A verification from its start to its end: its code (ten digits, as six may stand anywhere by
        chance), a wrong one, the number, the subject and the client's address."""
        number, subject, address = "0987654309", "canary-subject-omega", "198.51.100.77"
        with open(self.gw.config, "a", encoding="utf-8") as out:
            out.write("[purpose canary]\ntemplate.vi = Chim hoang yen {code}\nlength = 10\n"
                      "resend_after_s = 1\ncheck_interval_ms = 0\n")
        self.gw.restart()
        self.gw.wait_ready()
        hidden = [number.encode(), number[1:].encode(), subject.encode(), address.encode(), b"Chim hoang"]
        heard = b""

        def nothing_of(what, data, but=()):
            for bird in hidden:
                if bird in data and bird not in but:
                    self.fail("%s holds %r" % (what, bird))

        def look(when):
            for folder, _, files in os.walk(self.gw.state_dir):
                for name in files:
                    with open(os.path.join(folder, name), "rb") as raw:
                        nothing_of("%s %s" % (name, when), raw.read())
            nothing_of("the log " + when, self.gw.log().encode())

        with self.gw.client() as c, self.gw.client() as watcher:
            watcher.call("events.follow")
            asked = dict(key="canary-otp", to=number, purpose="canary", subject=subject, client_ip=address)
            started = c.call("otp.start", **asked)
            heard += json.dumps([started, c.call("otp.start", **asked)]).encode()
            message = c.call("otp.get", id=started["id"])["messages"][0]["id"]
            c.call("message.get", id=message, wait_ms=30000)
            code = self.gw.sim.texts("+84" + number[1:])[0].split()[-1]
            self.assertEqual(len(code), 10)
            wrong = code[::-1] if code != code[::-1] else "0123456789"
            hidden += [code.encode(), wrong.encode()]
            look("after it was sent")
            for method, params in (("otp.start", dict(asked, key="canary-other")),
                                   ("otp.resend", {"id": code}), ("otp.check", {"id": started["id"], "code": []}),
                                   ("otp.start", dict(asked, key="canary-more", locale=code[:9]))):
                c.start(method, **params)
                heard += json.dumps(c.read_line()).encode()
            heard += json.dumps(c.call("otp.check", id=started["id"], code=wrong, key="canary-1")).encode()
            look("after a wrong check")
            heard += json.dumps(c.call("otp.check", id=started["id"], code=code, key="canary-2")).encode()
            heard += json.dumps(c.call("gateway.stats")).encode()
            found = json.dumps(c.call("otp.find", last3=number[-3:])).encode()
            nothing_of("otp.find", found, but=(number[1:].encode(),))  # its own messages show their number
            watcher.next_event(lambda e: e.get("state") == "sent")
            nothing_of("events", json.dumps(watcher.events).encode())
            nothing_of("answers", heard)
            self.search_process(self.gw.process.pid)
            self.gw.kill(signal.SIGKILL)
        look("after kill -9")
        self.gw.start()
        look("after recovery")
        self.gw.kill(signal.SIGTERM)
        look("after SIGTERM")

    def test_other_users(self):
        """What others are told of a message: nothing at all."""
        if os.geteuid() != 0:
            self.skipTest("two users are needed")
        os.chmod(self.gw.dir, 0o755)
        os.chmod(self.gw.socket, 0o666)
        ask = ("import json, socket, sys\n"
               "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
               "lines = s.makefile('rwb')\n"
               "for m, p in (('message.list', {}), ('message.get', {'key': '%s'}),\n"
               "             ('gateway.stats', {}), ('modem.list', {}), ('events.follow', {}),\n"
               "             ('gateway.info', {})):\n"
               "    lines.write(json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': m,\n"
               "                            'params': p}).encode() + b'\\n')\n"
               "    lines.flush()\n"
               "    print(lines.readline().decode())\n" % KEYS[0])
        with self.gw.client() as c:
            self.send_all(c)
        done = subprocess.run(["/usr/bin/python3", "-c", ask, self.gw.socket], cwd="/",
                              user=65534, group=65534, extra_groups=[], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertIn("not_allowed", done.stdout, done.stderr)
        self.clean("what nobody is told", done.stdout.encode())

    def test_otpgatectl(self):
        """The text comes from standard input and is seen nowhere, not even while it waits."""
        ctl = os.path.join(BIN, "otpgatectl")
        self.gw.sim.control("timing", latency_ms=1500)
        with subprocess.Popen([ctl, "--socket", self.gw.socket, "send", NUMBERS[3], "--wait",
                               "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdin.write(TEXTS[3].encode())
            process.stdin.close()
            self.gw.sim.wait("pdu", 1)
            for name in ("cmdline", "environ"):
                with open("/proc/%d/%s" % (process.pid, name), "rb") as raw:
                    self.clean(name, raw.read(), but=("number 3",))  # the number was typed there
            out, err = process.stdout.read(), process.stderr.read()
            self.assertEqual(process.wait(60), 0, err)
        self.clean("otpgatectl", out + err, but=("number 3",))
        done = subprocess.run([ctl, "--socket", self.gw.socket, "send", "0912"],
                              input=TEXTS[2].encode(), capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.clean("otpgatectl", done.stdout + done.stderr)
        self.search_state("live")

    def test_the_test_can_see(self):
        """Each bird is found where it is planted: else this file proves nothing."""
        for name, bird in BIRDS.items():
            self.assertIn(name, seen(b"x" * 50 + bird + b"y" * 50))
        path = os.path.join(self.gw.dir, "ports", "modemsim.log")
        with self.gw.client() as c:
            c.call("message.send", key=KEYS[0], to=NUMBERS[0], text=TEXTS[0])
            c.call("message.get", key=KEYS[0], wait_ms=30000)
        self.gw.sim.control("stats")
        with open(path, "rb") as raw:
            found = seen(raw.read())
        self.assertIn("code 0", found)
        self.assertIn("text 0", found)
        self.assertTrue([name for name in found if name.startswith("number 0")])


if __name__ == "__main__":
    unittest.main()
