"""otpgate-modemsim as a program: ptys, TCP, the control socket, the log, and how it ends."""

import fcntl
import os
import select
import socket
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from modemsim import ModemSim, ModemSimError, default_program  # noqa: E402

PDU = b"0031000B914819325476F80000010AE8329BFD4697D9EC37\x1a"
TIMEOUT_S = 20


class Host:
    """What a gateway would do on a port: write, and read until something has come."""

    def __init__(self, fd):
        self.fd = fd
        self.seen = b""

    def read_some(self):
        ready, _, _ = select.select([self.fd], [], [], TIMEOUT_S)
        if not ready:
            raise AssertionError("nothing came; so far: %r" % self.seen)
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            data = b""
        if not data:
            raise EOFError(self.seen)
        self.seen += data

    def until(self, awaited):
        while awaited not in self.seen:
            self.read_some()
        at = self.seen.index(awaited) + len(awaited)
        got, self.seen = self.seen[:at], self.seen[at:]
        return got

    def talk(self, command, awaited=b"\r\nOK\r\n"):
        os.write(self.fd, command)
        return self.until(awaited)

    def send(self):
        self.talk(b"AT+CMGS=23\r", b"\r\n> ")
        return self.talk(PDU)

    def to_the_end(self):
        try:
            while True:
                self.read_some()
        except EOFError as end:
            return end.args[0]


class ProgramTest(unittest.TestCase):
    def open(self, path):
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, fd)
        return Host(fd)

    def sim(self, **options):
        sim = ModemSim(**options)
        self.addCleanup(sim.close)
        return sim

    def test_pty(self):
        sim = self.sim(modems=2, latency_ms=0)
        host = self.open(sim.port(1))
        host.talk(b"ATE0\r")
        self.assertEqual(host.send(), b"\r\n+CMGS: 0\r\n\r\nOK\r\n")
        sim.wait("delivered")
        self.assertEqual(sim.texts("0912345678"), ["hellohello"])
        self.assertEqual(sim.accepted_count("0912345678"), 1)
        self.assertEqual(sim.violations(), {})
        kinds = [event["event"] for event in sim.events() if event["modem"] == 1]
        self.assertEqual(kinds, ["command", "result", "command", "prompt", "pdu", "accepted",
                                 "delivered", "result"])
        pdu = sim.events("pdu")[0]
        self.assertEqual((pdu["to"], pdu["text"], pdu["vp"], pdu["srr"]),
                         ("+84912345678", "hellohello", 1, True))
        now = time.monotonic_ns()
        self.assertTrue(now - 60 * 10**9 < pdu["ns"] <= now)
        self.assertEqual(sim.control("log.tail", n=1)["lines"][0]["event"], "result")

    def test_tcp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        sim = self.sim(modems=1, latency_ms=1, tcp=port)
        with socket.create_connection(("127.0.0.1", port)) as first:
            host = Host(first.fileno())
            host.talk(b"ATE0\r")
            self.assertIn(b"+CMGS: 0", host.send())
            with socket.create_connection(("127.0.0.1", port)) as second:
                self.assertEqual(second.recv(1), b"")  # one user at a time
            sim.control("unplug", modem=0)
            self.assertEqual(host.to_the_end(), b"")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        sim.control("replug", modem=0)
        sim.wait("booted")
        with socket.create_connection(("127.0.0.1", port)) as again:
            Host(again.fileno()).talk(b"AT\r")

    def test_last_bytes_are_read_before_the_port_goes(self):
        sim = self.sim(latency_ms=0)
        host = self.open(sim.port())
        host.talk(b"ATE0\r")
        for _ in range(50):
            sim.control("inject", line="x" * 70)
        sim.control("fault", when="now", kind="close")
        self.assertFalse(os.path.lexists(sim.port()))
        self.assertEqual(host.to_the_end().count(b"x" * 70), 50)

    def test_replug_under_another_name(self):
        sim = self.sim(modems=2, latency_ms=0)
        host = self.open(sim.port(0))
        sim.control("unplug", modem=0)
        self.assertEqual(host.to_the_end(), b"")
        with self.assertRaises(ModemSimError):
            sim.control("replug", modem=0, link="modem1")  # taken
        with self.assertRaises(ModemSimError):
            sim.control("replug", modem=0, link="../modem9")
        path = sim.control("replug", modem=0, link="modem9")["port"]
        sim.wait("booted")
        self.open(path).talk(b"AT\r")
        self.assertFalse(os.path.lexists(sim.port(0)))

    def test_nobody_hears_what_was_said_before(self):
        sim = self.sim(latency_ms=0)
        sim.control("inject", line="RING")
        path = sim.port()
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(fd, termios.TIOCEXCL)
        Host(fd).talk(b"ATE0\r")
        os.close(fd)
        sim.control("inject", line="RING")
        host = self.open(path)  # a lock of the last host does not outlive it
        self.assertEqual(host.talk(b"AT\r"), b"\r\nOK\r\n")

    def test_faults(self):
        sim = self.sim(latency_ms=0)
        host = self.open(sim.port())
        host.talk(b"ATE0\r")
        sim.control("fail_next", n=1, cms=38)
        host.talk(b"AT+CMGS=23\r", b"> ")
        host.talk(PDU, b"\r\n+CMS ERROR: 38\r\n")
        sim.control("ok_without_cmgs")
        self.assertEqual(host.send(), b"\r\nOK\r\n")
        sim.control("lose_next", answer="late", ms=30)
        self.assertEqual(host.send(), b"\r\n+CMGS: 2\r\n\r\nOK\r\n")
        sim.control("inject", line="+CMTI: \"ME\",1", when="body")
        self.assertEqual(host.send(), b"\r\n+CMTI: \"ME\",1\r\n\r\n+CMGS: 3\r\n\r\nOK\r\n")
        sim.control("fault", kind="hang", at_byte=5, ms=20)
        host.talk(b"AT+CMGS=23\r", b"> ")
        host.talk(PDU, b"\r")
        sim.wait("fault")
        sim.control("registration", stat=3)
        with self.assertRaises(ModemSimError):
            sim.control("registration", stat=9)
        with self.assertRaises(ModemSimError):
            sim.control("fault", kind="explode")
        with self.assertRaises(ModemSimError):
            sim.control("no.such.method")
        with self.assertRaises(ModemSimError):
            sim.control("unplug", modem=1)

    def test_1414(self):
        """A SYNTHETIC record, its words and its faults are settable; a credit is told by USSD."""
        sim = self.sim(modems=2, latency_ms=0, carriers="gmobile,vinaphone", registry=True)
        got = sim.control("registry", modem=1, record={"full_name": "Lê Thị Bình", "id_issued_by": ""},
                          mask="x", accents=True, ms=10)
        self.assertEqual((got["note"], got["carrier"], got["asked"]), ("SYNTHETIC", "vinaphone", 0))
        self.assertEqual(got["today"], 0)
        self.assertEqual(got["text"].split("\n")[:2], ["Tên: Lê Thị Bình", "CMT: 052xxxxxxxxx"])
        self.assertNotIn("Nơi cấp", got["text"])
        self.assertIn("Le Thi Binh", sim.control("registry", modem=1)["text"])  # the record stays
        for wrong in ({"record": {"name": "A"}}, {"record": {"full_name": 1}}, {"layout": "table"},
                      {"says": "no"}, {"parts": 11}, {"text": "a" * 1600}, {"mask": "#"}, {"per_day": -1}, {"lost": 11}, {"from": "1" * 30}, {"modem": 2}):
            with self.assertRaises(ModemSimError):
                sim.control("registry", **wrong)
        host = self.open(sim.port())
        host.talk(b"ATE0;+CUSD=1\r")
        host.talk(b'AT+CUSD=1,"*101#",15\r', b"So du: 25.000 VND. Han su dung: 31/12/2027.")
        sim.control("balance", dong=1234567, ends="01/01/2027")
        host.talk(b'AT+CUSD=1,"*101#",15\r', b"So du: 1.234.567 VND. Han su dung: 01/01/2027.")

    def test_habits(self):
        """What firmware does that no standard asks for: one table, each row settable."""
        sim = self.sim(modems=2, latency_ms=0, profile="generic,late_cmgs")
        born = sim.control("habit", modem=0)
        self.assertFalse(any(born.values()))
        late = sim.control("habit", modem=1)
        self.assertEqual([name for name in late if late[name]], ["late_cmgs"])
        for name in born:  # each can be taken up and given up, and nothing else moves
            self.assertEqual(sim.control("habit", modem=0, habit=name), {**born, name: True})
            self.assertEqual(sim.control("habit", modem=0, habit=name, on=False), born)
        with self.assertRaises(ModemSimError):
            sim.control("habit", modem=0, habit="sings")

        host = self.open(sim.port())
        sim.control("habit", modem=0, habit="echo_stays")
        host.talk(b"ATE0\r")
        self.assertEqual(host.talk(b"AT+CMGF=0\r"), b"AT+CMGF=0\r\r\nOK\r\n")
        sim.control("habit", modem=0, habit="echo_stays", on=False)
        self.assertEqual(host.talk(b"AT+CMGF=0\r"), b"\r\nOK\r\n")
        sim.control("habit", modem=0, habit="cpin_without_ok")
        host.talk(b"AT+CPIN?\r", b"\r\n+CPIN: READY\r\n")
        self.assertEqual(host.talk(b"ATE0\r"), b"\r\nOK\r\n")
        sim.control("habit", modem=0, habit="storage_full")
        sim.control("write", **{"modem": 0, "from": "+84905111222", "text": "chao"})
        self.assertIn(b'"ME",0,50', host.talk(b"AT+CPMS?\r"))
        host.talk(b"AT+CNMI=2,1,0,1,0\r")
        sim.control("habit", modem=0, habit="storage_full", on=False)
        host.until(b'+CMTI: "ME",1\r\n')  # the network had kept it
        sim.control("host_port", modem=0, port=1)
        sim.control("write", **{"modem": 0, "from": "+84905111222", "text": "hai"})
        self.assertNotIn(b"+CMTI", host.talk(b"AT+CMGR=2\r"))  # told on the other port
        sim.control("sim", modem=0, state="ready")  # as many as ever
        sim.control("sim", modem=0, state="pin", left=1)
        host.talk(b'AT+CPIN="0000"\r', b"ERROR\r\n")
        self.assertIn(b"SIM PUK", host.talk(b"AT+CPIN?\r", b"SIM PUK\r\n"))

    def test_wait(self):
        sim = self.sim(latency_ms=50)
        with self.assertRaises(ModemSimError):
            sim.wait("delivered", timeout_s=0.01)
        host = self.open(sim.port())
        host.talk(b"ATE0\r")
        host.talk(b"AT+CMGS=23\r", b"> ")
        os.write(host.fd, PDU)
        self.assertEqual(sim.wait("delivered", 1, modem=0), 1)
        self.assertEqual(sim.count("delivered"), 1)
        self.assertEqual(sim.stats()["delivered"], 1)

    def test_control_refuses_nonsense(self):
        sim = self.sim()
        for line in (b"{", b"[]", b"{}", b"\x00", b'{"id":1,"method":"stats","params":[]}'):
            sim.socket.sendall(line + b"\n")
            self.assertIn(b'"error"', sim.lines.readline())
        sim.stats()

    def test_idle_is_idle(self):
        sim = self.sim(modems=8)
        sim.stats()
        switches = "/proc/%d/status" % sim.process.pid

        def woken():
            with open(switches, encoding="ascii") as status:
                return [line for line in status if line.startswith("voluntary")]

        for _ in range(20):  # it may still be on its way back into its wait
            before = woken()
            time.sleep(0.3)  # what is looked for is that nothing happens
            if woken() == before:
                return
        self.fail("woken again and again")

    def test_ends_cleanly(self):
        with tempfile.TemporaryDirectory() as folder:
            sim = ModemSim(directory=os.path.join(folder, "sim"), modems=3, log=False)
            self.assertEqual(sim.close(), 0)
            self.assertEqual(os.listdir(os.path.join(folder, "sim")), [])

    def test_options(self):
        done = subprocess.run([default_program(), "--help"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0)
        for word in ("--modems", "late_cmgs", "handset.list", "delivered"):
            self.assertIn(word, done.stdout)
        for wrong in (["--modems", "0"], ["--profile", "nokia"], ["--latency", "fast"], ["x"],
                      ["--nonsense"], ["--carriers", "vodafone"], ["--registry", "maybe"], ["--tcp", "65535", "--modems", "2"]):
            done = subprocess.run([default_program()] + wrong, capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertTrue(done.stderr.strip(), wrong)


if __name__ == "__main__":
    unittest.main()
