"""The house around the daemon: TCP ports, systemd's socket, signals, a device that another program
holds, the examples of the documentation, and every command of otpgatectl."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from gateway import BIN, ROOT, Client, Closed, Gateway, Refused, otpgatectl
import modemsim


def free_ports(count):
    """A run of TCP ports that nobody listens on."""
    for first in range(20000 + os.getpid() % 10000, 60000, 16):
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            pass
        finally:
            for each in held:
                each.close()
    raise unittest.SkipTest("no TCP ports left")


class Ports(unittest.TestCase):
    def test_tcp(self):
        """Over a serial server: not there at first, then there, lost, and there again."""
        first = free_ports(2)
        config = "[gateway]\nsocket = %s\nstate_dir = %s\n"
        with Gateway(modems=0, start=False) as gw:
            gw.write_config(whole=config % (gw.socket, gw.state_dir) + "".join(
                "[modem m%d]\nport = tcp://127.0.0.1:%d\n" % (i, first + i) for i in range(2)))
            gw.start()
            with gw.client() as c, gw.client() as watcher:
                watcher.call("events.follow", topics=["modem"])
                self.assertEqual({m["state"] for m in c.call("modem.list")["modems"]}, {"gone"})
                for turn in range(2):
                    with modemsim.ModemSim(
                            modems=2, tcp=first, latency_ms=20,
                            binary=os.path.join(BIN, "otpgate-modemsim")) as sim:
                        for i in range(2):
                            watcher.next_event(lambda e: e["state"] == "ready")
                        for i in range(2):
                            key = "t%d-%d" % (turn, i)
                            c.call("message.send", key=key, to="091234567%d" % i, modem="m%d" % i,
                                   text="Ma OTP: " + key)
                            got = c.call("message.get", key=key, until="sent", wait_ms=30000)
                            self.assertIn(got["state"], ("sent", "delivered"))
                            self.assertEqual(sim.texts("+8491234567%d" % i), ["Ma OTP: " + key])
                        self.assertFalse(sim.violations())
                    gone = set()
                    while len(gone) < 2:
                        gone.add(watcher.next_event(lambda e: e["state"] == "gone")["name"])

    def test_held_by_another_program(self):
        """Said so, and taken when the other lets go of it and touches the node again."""
        with Gateway(modems=1, latency_ms=20, start=False) as gw:
            held = os.open(gw.sim.port(0), os.O_RDWR | os.O_NOCTTY)
            fcntl.flock(held, fcntl.LOCK_EX)
            gw.start()
            with gw.client() as c, gw.client() as watcher:
                watcher.call("events.follow", topics=["modem"])
                (modem,) = c.call("modem.list")["modems"]
                self.assertEqual(modem["state"], "gone")
                self.assertIn("held by python3 (%d)" % os.getpid(), modem["why"])
                with self.assertRaises(Refused) as refused:
                    c.call("message.send", key="k", to="0912345678", text="a")
                self.assertEqual(refused.exception.name, "no_modem")
                os.close(held)
                watcher.next_event(lambda e: e["state"] == "ready")
                c.call("message.send", key="k", to="0912345678", text="a")
                c.call("message.get", key="k", until="sent", wait_ms=30000)


class Signals(unittest.TestCase):
    def test_a_second_term_ends_at_once(self):
        with Gateway(modems=1, latency_ms=100000) as gw:
            gw.wait_ready()
            with gw.client() as c:
                c.call("events.follow", topics=["message"])
                c.call("message.send", key="k", to="0912345678", text="a", on_unknown="report")
                c.next_event(lambda e: e["state"] == "sending")
                gw.process.send_signal(signal.SIGTERM)
                while True:  # it awaits the answer, and takes nothing more
                    try:
                        c.call("message.send", key="l", to="0912345679", text="b")
                    except Refused as refused:
                        self.assertEqual(refused.name, "shutting_down")
                        break
                self.assertEqual(c.call("message.get", key="k")["state"], "sending")
                self.assertIsNone(gw.process.poll())
                gw.process.send_signal(signal.SIGTERM)
                self.assertEqual(gw.process.wait(20), 0)
            gw.start()
            with gw.client() as c:
                self.assertEqual(c.call("message.get", key="k")["state"], "unknown")

    def test_term_on_idle_and_int(self):
        for signo in (signal.SIGTERM, signal.SIGINT):
            with Gateway(modems=1, latency_ms=10) as gw:
                gw.wait_ready()
                self.assertEqual(gw.kill(signo), 0)
                self.assertFalse(os.path.exists(gw.socket))
                self.assertIn("stopped", gw.log())

    def test_hup_takes_over_what_may_change(self):
        with Gateway(modems=1, latency_ms=10, gateway="log_level = info") as gw:
            gw.wait_ready()
            with open(gw.config, encoding="utf-8") as config:
                text = config.read()
            with gw.client() as c:
                with self.assertRaises(Refused):
                    c.call("message.send", key="k", to="1414", text="TTTB")
                gw.write_config(whole=text.replace("log_level = info", "short_codes = yes"))
                gw.process.send_signal(signal.SIGHUP)
                while "reloaded" not in gw.log():
                    c.call("gateway.info")
                c.call("message.send", key="k", to="1414", text="TTTB")
                gw.write_config(whole=text.replace("/state\n", "/elsewhere\n"))
                gw.process.send_signal(signal.SIGHUP)
                while "reload_refused" not in gw.log():
                    c.call("gateway.info")
                self.assertIn("state_dir", gw.log())
                c.call("message.send", key="l", to="1414", text="TTTB")


    def test_hup_takes_over_the_carriers(self):
        """A carriers.ini that was edited counts from the reload on; a broken one changes nothing and says where."""
        with Gateway(modems=1, latency_ms=10, start=False) as gw:
            path = os.path.join(gw.dir, "carriers.ini")
            with open(os.path.join(ROOT, "daemon", "config", "carriers.ini"), encoding="utf-8") as ini:
                known = ini.read()

            def carriers(text):
                with open(path, "w", encoding="utf-8") as out:
                    out.write(text)
                if gw.process and gw.process.poll() is None:
                    gw.process.send_signal(signal.SIGHUP)

            carriers(known)
            gw.write_config(gateway="carriers = " + path)
            gw.start()
            gw.wait_ready()
            with gw.client() as c:
                name = c.call("modem.list")["modems"][0]["carrier"]
                self.assertIn("title = %s\n" % name, known)
                carriers(known.replace("title = %s\n" % name, "title = Renamed\n"))
                while c.call("modem.list")["modems"][0]["carrier"] != "Renamed":
                    pass
                carriers("[renamed\nno line of it is right")
                while "reload_refused" not in gw.log():
                    c.call("gateway.info")
                self.assertIn("carriers.ini:1", gw.log())
                self.assertEqual(c.call("modem.list")["modems"][0]["carrier"], "Renamed")


class SocketActivation(unittest.TestCase):
    STARTER = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); "
               "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
               "os.execv(sys.argv[2], sys.argv[2:])")

    def start(self, gw, listener):
        """As systemd does: descriptor 3 is the socket, two variables tell of it."""
        return subprocess.Popen(
            ["/usr/bin/python3", "-c", self.STARTER, str(listener.fileno()),
             os.path.join(BIN, "otpgated"), "--config", gw.config],
            pass_fds=[listener.fileno()], stderr=subprocess.PIPE, text=True)

    def test_clients_wait_before_the_daemon_is_there(self):
        with Gateway(modems=0, start=False) as gw, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(gw.dir, "given.sock")
            listener.bind(path)
            listener.listen(16)
            with Client(path) as early:
                request = early.start("gateway.info")
                process = self.start(gw, listener)
                self.assertIn("version", early.finish(request))
                for _ in range(2):  # the socket outlives the daemon
                    process.terminate()
                    self.assertEqual(process.wait(20), 0)
                    process.stderr.close()
                    self.assertTrue(os.path.exists(path))
                    self.assertFalse(os.path.exists(gw.socket))
                    with Client(path) as waits:
                        request = waits.start("gateway.info")
                        process = self.start(gw, listener)
                        waits.finish(request)
            process.terminate()
            self.assertEqual(process.wait(20), 0)
            process.stderr.close()

    def test_something_else_is_refused(self):
        with Gateway(modems=0, start=False) as gw, socket.socket(socket.AF_INET) as wrong:
            wrong.bind(("127.0.0.1", 0))
            wrong.listen(1)
            with self.start(gw, wrong) as process:
                _, said = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 1)
            self.assertIn("systemd", said)


class Examples(unittest.TestCase):
    """docs/examples as they stand, and otpgatectl, against one daemon."""

    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(modems=2, latency_ms=50)
        cls.gw.wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.gw.close()

    def example(self, number, *command):
        if not shutil.which(command[0]):
            self.skipTest(command[0] + " is not here")
        text = "Ma OTP: \"8\\1\" của %s" % number
        argv = list(command[:-1]) + [os.path.join(ROOT, "docs", "examples", command[-1])]
        runs = [subprocess.run(argv + [to, "example-" + to], input=text + "\n",
                               env=dict(os.environ, OTPGATE_SOCKET=self.gw.socket),
                               capture_output=True, text=True, timeout=60, check=False)
                for to in (number, number, "01212345678")]
        for done in runs[:2]:
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("sent", done.stdout)
        self.assertNotEqual(runs[2].returncode, 0)
        self.assertIn("bad_number", runs[2].stdout + runs[2].stderr)
        self.assertEqual(self.gw.sim.texts("+84" + number[1:]), [text])

    def test_shell(self):
        if not shutil.which("socat"):
            self.skipTest("socat is not here")
        self.example("0912340001", "bash", "send.sh")

    def test_python(self):
        self.example("0912340002", "/usr/bin/python3", "send.py")

    def test_php(self):
        self.example("0912340003", "php", "send.php")

    def test_one_line_through_socat(self):
        if not shutil.which("socat"):
            self.skipTest("socat is not here")
        line = {"jsonrpc": "2.0", "id": 1, "method": "message.send",
                "params": {"key": "one-line", "to": "0912 340 004", "text": "Ma OTP: 123456"}}
        done = subprocess.run(["socat", "-t", "30", "-", "UNIX-CONNECT:" + self.gw.socket],
                              input=json.dumps(line) + "\n", capture_output=True, text=True,
                              timeout=60, check=True)
        self.assertEqual(json.loads(done.stdout)["result"]["to"], "+84912340004")

    def ctl(self, *args, code=0, text=None):
        got, out, err = otpgatectl(self.gw, *args, text=text, check=False)
        self.assertEqual(got, code, out + err)
        return out if code == 0 else err

    def test_ctl_send_get_list_cancel(self):
        sent = json.loads(self.ctl("send", "0912340010", "--key", "ctl-1", "--json", "--class",
                                   "notice", "--ttl", "600", text="Xin chao"))
        again = json.loads(self.ctl("send", "0912340010", "--key", "ctl-1", "--json", "--class",
                                    "notice", "--ttl", "600", text="Xin chao"))
        self.assertEqual((again["id"], again["duplicate"]), (sent["id"], True))
        got = json.loads(self.ctl("get", sent["id"], "--wait", "sent", "--json"))
        self.assertIn(got["state"], ("sent", "delivered"))
        self.assertIn("sent", self.ctl("get", "--key", "ctl-1"))
        self.assertIn("ctl-1", self.ctl("list", "--class", "notice"))
        self.assertIn("too_late", self.ctl("cancel", sent["id"], code=1))
        self.assertIn("not_found", self.ctl("get", "--key", "nothing", code=1))
        self.assertIn("conflict", self.ctl("send", "0912340010", "--key", "ctl-1", text="x",
                                           code=1))
        path = os.path.join(self.gw.dir, "text")
        with open(path, "w", encoding="utf-8") as out:
            out.write("Từ tệp\n")
        self.ctl("send", "0912340011", "--file", path, "--wait", "--unaccented", "--flash")
        (shown,) = self.gw.sim.handset("+84912340011")
        self.assertEqual((shown["text"], shown["class"]), ("Tu tep", 0))
        self.ctl("send", "0912340012", "--file", path + "-not", code=6)
        self.ctl("send", code=2)
        self.ctl("send", "0912340012", "--ucs", text="x", code=2)

    def test_ctl_refused_and_waits(self):
        self.gw.sim.control("fail_next", modem=1, cms=1)
        err = self.ctl("send", "0912340013", "--modem", "m1", "--wait", text="x", code=5)
        self.assertNotIn("Traceback", err)
        error = json.loads(self.ctl("send", "0912", "--json", text="x", code=1))
        self.assertEqual(error["error"]["data"]["name"], "bad_number")

    def test_ctl_looks(self):
        self.assertEqual({m["name"] for m in json.loads(self.ctl("modems", "--json"))["modems"]},
                         {"m0", "m1"})
        self.assertIn("SIM-1", self.ctl("modems", "m0"))
        self.assertIn("not_found", self.ctl("modems", "m7", code=1))
        self.assertTrue(self.ctl("stats").strip())
        self.assertIn("version", json.loads(self.ctl("info", "--json")))
        self.assertEqual(json.loads(self.ctl("call", "modem.get", text='{"name":"m1"}'))["name"],
                         "m1")
        self.ctl("send", "0912340014", "--key", "followed", "--wait", text="x")
        events = [json.loads(line) for line in
                  self.ctl("follow", "--from", "0", "--topic", "message", "--count", "3",
                           "--json").splitlines()]
        self.assertEqual(len(events), 3)

    def test_ctl_without_a_gateway(self):
        code = subprocess.run([os.path.join(BIN, "otpgatectl"), "--socket", "/nowhere", "info"],
                              capture_output=True, timeout=20, check=False).returncode
        self.assertEqual(code, 3)

    def test_ctl_loses_its_gateway(self):
        with Gateway(modems=1, latency_ms=100000) as gw:
            gw.wait_ready()
            with subprocess.Popen(
                    [os.path.join(BIN, "otpgatectl"), "--socket", gw.socket, "send", "0912340015",
                     "--wait"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL) as process:
                process.stdin.write(b"x")
                process.stdin.close()
                gw.sim.wait("pdu", 1)
                gw.kill()
                self.assertEqual(process.wait(60), 3)


if __name__ == "__main__":
    unittest.main()
