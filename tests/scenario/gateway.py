"""A real otpgated on simulated modems, for scenario tests: the real wire, no mocks, no sleeps.

    with Gateway(modems=2) as gw:
        gw.wait_ready()
        with gw.client() as c:
            c.call("message.send", key="a", to="0912345678", text="Ma OTP: 123456")
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "sim"))
BIN = os.environ.get("OTPGATE_BIN", os.path.join(ROOT, "build", "release", "bin"))

import modemsim  # noqa: E402

TIMEOUT_S = 60  # of everything awaited: generous, since it only ends what hangs


class Refused(Exception):
    """An error answer. .name is the stable name of the error table."""

    def __init__(self, error):
        self.error = error
        self.code = error["code"]
        self.data = error.get("data", {})
        self.name = self.data.get("name")
        super().__init__("%s: %s" % (self.name, error["message"]))


class Closed(Exception):
    """The daemon ended the connection."""


class Client:
    """One connection. Answers are matched by id; events are kept in .events in their order."""

    def __init__(self, path, timeout_s=TIMEOUT_S):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout_s)
        try:
            self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise
        self.buffer = b""
        self.answers = {}
        self.events = []
        self.next_id = 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        self.sock.sendall(data)

    def read_line(self):
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise Closed()
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def _read_one(self):
        message = self.read_line()
        if message.get("method") == "event":
            self.events.append(message["params"])
        else:
            self.answers[message.get("id")] = message

    def start(self, method, **params):
        """Sends a request; returns its id for finish()."""
        self.next_id += 1
        request = {"jsonrpc": "2.0", "id": self.next_id, "method": method}
        if params:
            request["params"] = params
        self.send_raw(json.dumps(request).encode() + b"\n")
        return self.next_id

    def finish(self, request_id):
        while request_id not in self.answers:
            self._read_one()
        answer = self.answers.pop(request_id)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def call(self, method, **params):
        return self.finish(self.start(method, **params))

    def next_event(self, match=lambda event: True):
        """The next event that matches; those before it are dropped."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if match(event):
                    return event
            self._read_one()


class Gateway:
    """otpgated and its simulated modems, in a directory of their own."""

    def __init__(self, modems=1, latency_ms=50, profile="generic", gateway="", modem="",
                 start=True, env=None, wrapper=(), keep=None, config=None, carriers=None,
                 sim_options=()):
        self.dir = keep or tempfile.mkdtemp(prefix="otpgate-")
        self.kept = keep is not None
        self.modems = modems
        self.env = dict(os.environ, **(env or {}))
        self.wrapper = list(wrapper)
        self.socket = os.path.join(self.dir, "otpgate.sock")
        self.state_dir = os.path.join(self.dir, "state")
        self.config = os.path.join(self.dir, "otpgate.conf")
        self.log_path = os.path.join(self.dir, "otpgated.log")
        os.makedirs(self.state_dir, mode=0o700, exist_ok=True)
        self.args = []
        self.process = None
        self.sim = None
        if modems:
            self.sim = modemsim.ModemSim(
                directory=os.path.join(self.dir, "ports"), modems=modems, latency_ms=latency_ms,
                profile=profile, carriers=carriers, binary=os.path.join(BIN, "otpgate-modemsim"),
                options=sim_options)
        self.write_config(gateway, modem, config)
        if not start:
            return
        try:
            self.start()
        except RuntimeError:  # or the simulator would outlive the test
            self.close()
            raise

    def write_config(self, gateway="", modem="", whole=None):
        text = whole
        if text is None:
            if "own_check" not in gateway:
                gateway += "\nown_check = off"  # no SIM's turn comes in the middle of a test
            text = "[gateway]\nsocket = %s\nstate_dir = %s\n%s\n" % (
                self.socket, self.state_dir, gateway)
            for i in range(self.modems):
                text += "[modem m%d]\nport = %s/ports/modem%d\ndriver = at\n%s\n" % (
                    i, self.dir, i, modem)
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(text)

    def start(self):
        """Returns when the socket answers."""
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            self.wrapper + [os.path.join(BIN, "otpgated"), "--config", self.config]
            + self.args, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        log.close()
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                with self.client() as client:
                    client.call("gateway.info")
                return
            except (FileNotFoundError, ConnectionRefusedError, Closed, ConnectionResetError):
                if self.process.poll() is not None:
                    raise RuntimeError("otpgated ended: " + self.log())
                if time.monotonic() > deadline:
                    raise RuntimeError("otpgated does not answer: " + self.log())
                time.sleep(0.01)  # there is no event for a socket that will be

    def client(self):
        return Client(self.socket)

    def wait_ready(self, count=None):
        """Until `count` modems (default: all) are ready."""
        count = self.modems if count is None else count
        with self.client() as client:
            client.call("events.follow", topics=["modem"])
            while True:
                states = [m["state"] for m in client.call("modem.list")["modems"]]
                if sum(s in ("ready", "busy") for s in states) >= count:
                    return
                client.next_event(lambda e: e["topic"] == "modem")

    def kill(self, signo=signal.SIGKILL):
        self.process.send_signal(signo)
        return self.process.wait(TIMEOUT_S)

    def restart(self):
        self.kill()
        self.start()

    def check_log(self):
        """No sanitizer and no assertion has spoken."""
        for word in ("Sanitizer", "runtime error:", "Assertion"):
            if word in self.log():
                raise RuntimeError("otpgated: " + self.log()[-8000:])

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.sim:
            self.sim.close()
        try:
            if self.process:
                self.check_log()
        finally:
            if not self.kept:
                shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def otpgatectl(gateway, *args, text=None, check=True):
    """Runs otpgatectl against it; returns (exit code, stdout, stderr)."""
    done = subprocess.run(
        [os.path.join(BIN, "otpgatectl"), "--socket", gateway.socket] + list(args),
        input=text, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if check and done.returncode != 0:
        raise RuntimeError("otpgatectl %s: %d\n%s%s" % (
            args, done.returncode, done.stdout, done.stderr))
    return done.returncode, done.stdout, done.stderr
