"""What the README shows is run as it stands there, against the real daemon."""

import os
import re
import subprocess
import sys
import unittest

from gateway import ROOT, Gateway

SOCKET = "/run/otpgate/otpgate.sock"


def block(language):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as text:
        return re.search(r"```%s\n(.*?)```" % language, text.read(), re.S).group(1)


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
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as text:
            lines = re.findall(r'^\{.*"method".*\}$', text.read(), re.M)
        self.assertEqual(len(lines), 2)
        for i, line in enumerate(lines):
            lines[i] = line.replace("login-81", "login-83")
        with self.gw.client() as c:
            for line in lines:
                c.send_raw(line.encode() + b"\n")
            self.assertEqual(c.read_line()["result"]["state"], "queued")
            self.assertIn(c.read_line()["result"]["state"], ("sent", "delivered"))

    def test_configuration(self):
        binary = os.path.join(os.environ["OTPGATE_BIN"], "otpgated")
        path = os.path.join(self.gw.dir, "readme.conf")
        with open(path, "w", encoding="utf-8") as out:
            out.write(block("ini"))
        done = subprocess.run([binary, "--config", path, "--check"], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
