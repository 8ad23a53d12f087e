"""A phone that speaks no AT: otpgated, the real helper and libgammu's dummy phone, which is a folder."""

import os
import signal
import socket
import subprocess
import tempfile
import unittest

from gateway import BIN, TIMEOUT_S, Gateway

INBOX = """[SMSBackup000]
PDU = Deliver
DateTime = 20261125T190648Z
State = UnRead
Number = "+84987654321"
NumberUnicode = %s
Text00 = %s
Coding = Default_No_Compression
Folder = 1
Length = %d
Class = -1
"""


def ucs2(text):
    return text.encode("utf-16-be").hex().upper()


class Phone(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=0, start=False)
        self.addCleanup(self.gw.close)
        self.phone = os.path.join(self.gw.dir, "phone")
        os.makedirs(os.path.join(self.phone, "sms", "1"))
        self.gw.write_config(whole="[gateway]\nsocket = %s\nstate_dir = %s\nkeepalive_s = 10\n"
                                   "[modem old-nokia]\ndriver = gammu\ngammu_connection = none\n"
                                   "gammu_device = %s\ngammu_model = dummy\n"
                                   % (self.gw.socket, self.gw.state_dir, self.phone))
        self.gw.start()
        self.gw.wait_ready(1)

    def helper(self):
        """The one child of the daemon."""
        path = "/proc/%d/task/%d/children" % (self.gw.process.pid, self.gw.process.pid)
        with open(path, encoding="ascii") as children:
            (pid,) = children.read().split()
        return int(pid)

    def send(self, client, key):
        sent = client.call("message.send", key=key, to="0912345678", text="Ma OTP: 123456")
        got = client.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
        self.assertEqual(got["state"], "sent")

    def test_sends_and_outlives_its_helper(self):
        with self.gw.client() as watcher, self.gw.client() as client:
            watcher.call("events.follow", topics=["modem"])
            self.send(client, "one")
            for signo in (signal.SIGKILL, signal.SIGSEGV):
                os.kill(self.helper(), signo)
                watcher.next_event(lambda e: e["state"] == "recovering")
                watcher.next_event(lambda e: e["state"] == "ready")
                self.send(client, "after-%d" % signo)

    def test_what_comes_reaches_the_inbox_and_leaves_the_phone(self):
        path = os.path.join(self.phone, "sms", "1", "1")
        with self.gw.client() as client:
            client.call("events.follow", topics=["inbox"])
            with open(path, "w", encoding="ascii") as message:
                message.write(INBOX % (ucs2("+84987654321"), ucs2("xin chao"), 8))
            client.next_event(lambda e: e["topic"] == "inbox")
            (got,) = client.call("inbox.list")["messages"]
            self.assertEqual((got["from"], got["text"]), ("+84987654321", "xin chao"))
            self.send(client, "then")  # its delete comes before
            self.assertFalse(os.path.exists(path))

    def test_the_helper_is_shut_in(self):
        with open("/proc/%d/status" % self.helper(), encoding="ascii") as status:
            lines = dict(line.split(":\t", 1) for line in status.read().splitlines() if ":\t" in line)
        self.assertEqual((lines["NoNewPrivs"], lines["Seccomp"]), ("1", "2"))
        with open("/proc/%d/cmdline" % self.helper(), "rb") as line:
            self.assertNotIn(b"123456", line.read())

    def test_ends_with_the_daemon(self):
        pid = self.helper()
        self.gw.kill()
        with self.assertRaises(ProcessLookupError):
            while True:  # the kernel ends it with its parent
                os.kill(pid, 0)
                with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
                    if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                        raise ProcessLookupError  # nobody here reaps it


class Helper(unittest.TestCase):
    """The helper alone: the test is its daemon."""

    STORED = 40
    WINDOW = 16

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.inbox = os.path.join(folder.name, "sms", "1")
        os.makedirs(self.inbox)
        for n in range(1, self.STORED + 1):
            with open(os.path.join(self.inbox, str(n)), "w", encoding="ascii") as message:
                message.write(INBOX % (ucs2("+84987654321"), ucs2("xin chao"), 8))
        ours, theirs = socket.socketpair()
        ours.settimeout(TIMEOUT_S)
        helper = subprocess.Popen([os.path.join(BIN, "otpgate-gammu"), "none", folder.name, "dummy", ""],
                                  stdin=theirs)
        theirs.close()
        self.lines = ours.makefile("r", encoding="ascii")
        self.socket = ours
        self.addCleanup(helper.wait, TIMEOUT_S)
        self.addCleanup(ours.close)
        self.addCleanup(self.lines.close)
        self.until("ready")

    def until(self, *words):
        """The handles of what is told before a line that begins so."""
        told = []
        for line in self.lines:
            word, *rest = line.split()
            if word in words:
                return told
            if word == "inbound":
                told.append(rest[0])
        self.fail("the helper has ended")

    def look(self):
        self.socket.sendall(b"look\n")
        return self.until("alive")

    def taken(self, handles, yes):
        """What is told then, up to the answer to a message that is sent behind it."""
        for handle in handles:
            self.socket.sendall(b"taken %s %d\n" % (handle.encode(), yes))
        self.socket.sendall(b"send 1 0 3100038121F30000010141\n")
        return self.until("sent", "refused", "failed")

    def test_what_is_refused_waits_for_the_next_look(self):
        """A disk that is full takes nothing: the phone is not read over and over."""
        first = self.look()
        self.assertEqual(len(first), self.WINDOW)
        self.assertEqual(self.taken(first, 0), [])
        again = self.look()
        self.assertEqual(len(again), self.WINDOW)
        one, *others = again
        self.assertEqual(self.taken(others, 1), [])  # the window is not empty
        more = self.taken([one], 0)
        self.assertEqual(len(more), self.WINDOW)
        self.assertNotIn(one, more)
        rest = self.taken(more, 1)
        self.assertEqual(self.taken(rest, 1), [])
        self.assertEqual(len(os.listdir(self.inbox)), 1)
        self.assertEqual(self.look(), [one])


if __name__ == "__main__":
    unittest.main()
