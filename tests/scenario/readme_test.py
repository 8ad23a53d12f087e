"""What the README shows is run as it stands there, against the real daemon."""

import json
import os
import re
import shlex
import subprocess
import sys
import unittest

from gateway import BIN, ROOT, Gateway

SOCKET = "/run/otpgate/otpgate.sock"


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as text:
        return text.read()


def block(language):
    return re.search(r"```%s\n(.*?)```" % language, text_of("README.md"), re.S).group(1)


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(modems=1, latency_ms=20)
        cls.gw.wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.gw.close()

    def run_it(self, program, code):
        self.assertIn(SOCKET, code)
        done = subprocess.run(program + [code.replace(SOCKET, self.gw.socket)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1], "^(sent|delivered)$")

    def test_python(self):
        self.run_it([sys.executable, "-c"], block("python"))

    def test_php(self):
        self.run_it(["php", "-r"], block("php").replace("login-81", "login-82"))

    def test_socat(self):
        lines = re.findall(r'^\{.*"method".*\}$', text_of("README.md"), re.M)
        self.assertEqual(len(lines), 2)
        for i, line in enumerate(lines):
            lines[i] = line.replace("login-81", "login-83")
        with self.gw.client() as c:
            for line in lines:
                c.send_raw(line.encode() + b"\n")
            self.assertEqual(c.read_line()["result"]["state"], "queued")
            self.assertIn(c.read_line()["result"]["state"], ("sent", "delivered"))

    def test_configuration(self):
        binary = os.path.join(BIN, "otpgated")
        path = os.path.join(self.gw.dir, "readme.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write(block("ini"))
        done = subprocess.run([binary, "--config", path, "--check"], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_refusal_explained(self):
        """The table of the README is what the demo's form and the demo's record come to."""
        run = text_of("run")
        command, table = re.search(r"^\$ (otpgatectl subscriber lookup .*?)\n(.*?)```", text_of("README.md"),
                                   re.M | re.S).groups()
        self.assertIn(command, run)
        with open(os.path.join(self.gw.dir, "form"), "w", encoding="utf-8") as form:
            form.write(re.search(r"write_form\(\) \{.*?<<'EOF'\n(.*?)EOF", run, re.S).group(1))
        self.gw.sim.control("registry", **json.loads(re.search(r"OLD_RECORD='(.*)'", run).group(1)))
        words = shlex.split(command.replace("viettel-1", "m0"))
        done = subprocess.run([os.path.join(BIN, words[0]), "--socket", self.gw.socket] + words[1:],
                              cwd=self.gw.dir, env={"LC_ALL": "C.UTF-8"}, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.stdout, table, done.stderr)


class Demo(unittest.TestCase):
    """A newcomer's first five minutes, as the README tells them."""

    def setUp(self):
        if os.path.realpath(BIN) != os.path.realpath(os.path.join(ROOT, "build", "release", "bin")):
            self.skipTest("./run builds and shows the release programs")

    def run_it(self, what, text=""):
        done = subprocess.run([os.path.join(ROOT, "run"), what], input=text, capture_output=True, text=True,
                              timeout=240, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        home = re.search(r"\S*/otpgate-demo\.\w+", done.stdout)
        if home:
            self.assertFalse(os.path.exists(home.group()))
        return done.stdout

    def test_demo(self):
        told = self.run_it("demo")
        places = [told.find(word) for word in ("Ma OTP: 481516", "wrong", "approved", "SYNTHETIC", "VERDICT\nfull name",
                                               "(carrier_has_old_id)", "NHÀ MẠNG", "nothing of it is left")]
        self.assertNotIn(-1, places, told[-3000:])
        self.assertEqual(places, sorted(places))

    def test_shell(self):
        told = self.run_it("shell", "otpgatectl subscriber lookup viettel-1 --reason 'case 118' --typed $DEMO/form\n")
        self.assertIn("network registry", told)
        self.assertIn("(carrier_has_old_id)", told)


if __name__ == "__main__":
    unittest.main()
