"""The state directory in every bad state: full, read-only, corrupt, of a newer schema, without its
keys, put back from a backup. Each is told with its remedy; nothing is lost, nothing doubled."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import unittest

from gateway import BIN, Gateway, Refused


def run_daemon(gw, *args):
    """One that is to end by itself: (exit code, what it said)."""
    done = subprocess.run([os.path.join(BIN, "otpgated"), "--config", gw.config] + list(args),
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of its own at `path`; a test is skipped where this may not be done."""
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700,size=%s" % size, "none", path],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise unittest.SkipTest("no mount here: " + done.stderr.strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


class Filler:
    """Takes what the disk has left; take() again after somebody freed some."""

    def __init__(self, path):
        self.path = os.path.join(path, "filler")

    def take(self):
        with open(self.path, "ab", buffering=0) as out:
            for chunk in (1 << 20, 4096, 512):
                try:
                    while True:
                        if out.write(b"x" * chunk) < chunk:
                            break
                except OSError:
                    pass

    def give_back(self):
        os.unlink(self.path)


def stop_registering(gw, client):
    """The modems stay, but send nothing: what is accepted now stays queued."""
    client.call("events.follow", topics=["modem"])
    for i in range(gw.modems):
        gw.sim.control("registration", modem=i, stat=2)
    while any(m["state"] in ("ready", "busy") for m in client.call("modem.list")["modems"]):
        client.next_event(lambda e: e["topic"] == "modem")


class Refusals(unittest.TestCase):
    """What the daemon does not start on."""

    def setUp(self):
        self.gw = Gateway(modems=1, latency_ms=5)
        self.addCleanup(self.gw.close)
        self.gw.wait_ready()
        with self.gw.client() as c:
            stop_registering(self.gw, c)
            self.queued = c.call("message.send", key="q", to="0912345678", text="Ma OTP: 271828",
                                 ttl_s=3600)
        self.gw.kill(signal.SIGTERM)
        self.db = os.path.join(self.gw.state_dir, "otpgate.db")

    def refuses(self, *words, code=1):
        got, said = run_daemon(self.gw)
        self.assertEqual(got, code, said)
        for word in words:
            self.assertIn(word, said)
        self.assertNotIn("271828", said)
        self.assertNotIn("345678", said)

    def sends_after_all(self):
        """Mended: what was queued is still there, and goes."""
        self.gw.start()
        self.gw.sim.control("registration", modem=0, stat=1)
        with self.gw.client() as c:
            got = c.call("message.get", id=self.queued["id"], until="sent", wait_ms=60000)
            self.assertIn(got["state"], ("sent", "delivered"))
        self.assertEqual(self.gw.sim.texts("+84912345678"), ["Ma OTP: 271828"])

    def test_corrupt(self):
        whole = self.db + ".whole"
        shutil.copy(self.db, whole)
        size = os.path.getsize(self.db)
        for spoil in ((0, b"no database at all" * 300), (100, os.urandom(size - 100)),
                      (4096, bytes(size - 4096))):
            with self.subTest(at=spoil[0]):
                with open(self.db, "r+b") as db:
                    db.seek(spoil[0])
                    db.write(spoil[1])
                self.refuses(self.db, "move it away")
                shutil.copyfile(whole, self.db)
        os.truncate(self.db, 5000)
        self.refuses(self.db, "move it away")
        shutil.copyfile(whole, self.db)
        self.sends_after_all()

    def test_a_newer_schema(self):
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            (revision,) = db.execute("PRAGMA user_version").fetchone()
            db.execute("PRAGMA user_version = %d" % (revision + 1))
        self.refuses(self.db, "newer", str(revision + 1))
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM message").fetchone(), (1,))
            db.execute("PRAGMA user_version = %d" % revision)
        self.sends_after_all()

    def test_the_database_of_another_program(self):
        os.rename(self.db, self.db + ".ours")
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            db.execute("CREATE TABLE theirs (x)")
            db.execute("INSERT INTO theirs VALUES (1)")
            db.commit()
        self.refuses(self.db, "another program")
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            self.assertEqual(db.execute("SELECT x FROM theirs").fetchall(), [(1,)])
        os.rename(self.db + ".ours", self.db)
        self.sends_after_all()

    def test_keys(self):
        keys = os.path.join(self.gw.state_dir, "keys")
        body = os.path.join(keys, "body")
        shutil.copytree(keys, keys + ".safe")

        def put_back():
            shutil.rmtree(keys)
            shutil.copytree(keys + ".safe", keys)
        os.unlink(body)
        self.refuses(keys, "missing", "--new-keys")
        put_back()
        shutil.rmtree(keys)
        self.refuses(keys, "missing", "--new-keys")
        put_back()
        with open(body, "r+b") as key:
            key.write(b"not the key")
        self.refuses(keys, "not those of this database", "--new-keys")
        put_back()
        os.truncate(body, 31)
        self.refuses(body, "damaged")
        put_back()
        os.chmod(body, 0o644)
        self.refuses(body, "chmod 600")
        put_back()
        self.sends_after_all()

    def test_new_keys_fail_aloud(self):
        shutil.rmtree(os.path.join(self.gw.state_dir, "keys"))
        self.gw.args = ["--new-keys"]
        self.gw.start()
        self.gw.sim.control("registration", modem=0, stat=1)
        with self.gw.client() as c:
            got = c.call("message.get", id=self.queued["id"])
            self.assertEqual((got["state"], got["reason"]), ("failed", "key_lost"))
            c.call("events.follow", topics=["message"], from_seq=0)
            c.next_event(lambda e: e["id"] == self.queued["id"] and e["state"] == "failed")
            again = c.call("message.send", key="q", to="0912345679", text="Ma OTP: 161803")
            self.assertFalse(again["duplicate"])
            c.call("message.get", id=again["id"], until="sent", wait_ms=60000)
        self.assertIn("key_lost", self.gw.log())
        self.assertEqual(self.gw.sim.texts("+84912345678"), [])
        self.assertEqual(self.gw.sim.texts("+84912345679"), ["Ma OTP: 161803"])

    def test_others_may_write(self):
        os.chmod(self.gw.state_dir, 0o770)
        self.refuses(self.gw.state_dir, "chmod go-w")
        os.chmod(self.gw.state_dir, 0o700)
        self.sends_after_all()

    def test_no_directory(self):
        os.rename(self.gw.state_dir, self.gw.state_dir + ".away")
        with open(self.gw.state_dir, "w", encoding="ascii") as plain:
            plain.write("a file")
        self.refuses(self.gw.state_dir)
        os.unlink(self.gw.state_dir)
        os.rename(self.gw.state_dir + ".away", self.gw.state_dir)
        self.sends_after_all()

    def test_read_only(self):
        with small_disk(self.gw.state_dir + ".ro", "8m"):
            for entry in os.listdir(self.gw.state_dir):
                at = os.path.join(self.gw.state_dir, entry)
                to = os.path.join(self.gw.state_dir + ".ro", entry)
                (shutil.copytree if os.path.isdir(at) else shutil.copy)(at, to)
            subprocess.run(["mount", "-o", "remount,ro", self.gw.state_dir + ".ro"], check=True)
            with open(self.gw.config, encoding="utf-8") as config:
                text = config.read()
            self.gw.write_config(whole=text.replace("/state\n", "/state.ro\n"))
            self.refuses(self.gw.state_dir + ".ro", "ead-only")
            self.gw.write_config(whole=text)
        self.sends_after_all()

    def test_a_backup_never_sends(self):
        shutil.copytree(self.gw.state_dir, self.gw.state_dir + ".backup")
        self.sends_after_all()
        self.gw.kill(signal.SIGTERM)
        shutil.rmtree(self.gw.state_dir)
        shutil.copytree(self.gw.state_dir + ".backup", self.gw.state_dir)
        self.gw.start()
        with self.gw.client() as c:
            got = c.call("message.get", id=self.queued["id"])
            self.assertEqual((got["state"], got["reason"]), ("failed", "restored_backup"))
        self.assertIn("restored_backup", self.gw.log())
        self.assertEqual(len(self.gw.sim.texts("+84912345678")), 1)


class FullDisk(unittest.TestCase):
    def test_full_at_the_start(self):
        with Gateway(modems=0, start=False) as gw:
            with small_disk(gw.state_dir, "64k"):
                code, said = run_daemon(gw)
                self.assertEqual(code, 1)
                self.assertIn(gw.state_dir, said)
                self.assertTrue("full" in said or "No space" in said, said)
            gw.start()

    def check_full(self, gw, fill, mend, states=("sending",)):
        """While it is full accepts are refused; the outcome of what had left is held, and written
        when there is room. Nothing is doubled, nothing forgotten."""
        with gw.client() as c, gw.client() as watcher:
            watcher.call("events.follow", topics=["message"])
            first = c.call("message.send", key="first", to="0912345600", text="Ma OTP: 000001")
            waiting = [c.call("message.send", key="w%d" % i, to="091234561%d" % i,
                              text="Ma OTP: 00001%d" % i, ttl_s=3600)["id"] for i in range(3)]
            watcher.next_event(lambda e: e["id"] == first["id"] and e["state"] == "sending")
            fill()
            refused = set()
            for i in range(40):  # the last pages of the log may still take some
                try:
                    sent = c.call("message.send", key="f%d" % i, to="09123457%02d" % i,
                                  text="Ma OTP: 1%05d" % i, ttl_s=3600)
                    waiting.append(sent["id"])
                except Refused as refusal:
                    refused.add(refusal.name)
                    self.assertGreater(refusal.data["retry_after_s"], 0)
                fill()
            self.assertLessEqual(refused, {"store_failed", "overloaded"})
            self.assertTrue(refused)
            gw.sim.wait("accepted", 1)  # the network has it
            try:
                self.assertIn(c.call("message.get", id=first["id"])["state"], states)
            except Refused as refusal:  # its turn was shared with a write that failed
                self.assertEqual(refusal.name, "store_failed")
            self.assertTrue(c.call("gateway.stats")["store_failing"])
            mend()
            watcher.next_event(lambda e: e["id"] == first["id"] and e["state"] == "sent")
            for id_ in waiting:
                got = c.call("message.get", id=id_, until="sent", wait_ms=60000)
                self.assertIn(got["state"], ("sent", "delivered"), got)
            stats = c.call("gateway.stats")
            self.assertFalse(stats["store_failing"])
            self.assertEqual((stats["accepted"], stats["by_state"]["unknown"]),
                             (1 + len(waiting), 0))
            c.call("message.send", key="after", to="0912345699", text="Ma OTP: 999999")
            c.call("message.get", key="after", until="sent", wait_ms=60000)
            ids = {m["id"] for m in c.call("message.list", limit=200)["messages"]}
            self.assertEqual(len(ids), 2 + len(waiting))
        self.assertEqual(gw.sim.stats()["accepted"], 2 + len(waiting))
        self.assertFalse(gw.sim.violations())
        gw.restart()
        with gw.client() as c:
            self.assertEqual({m["id"] for m in c.call("message.list", limit=200)["messages"]}, ids)

    def test_full_while_sending(self):
        with Gateway(modems=1, latency_ms=400, start=False) as gw:
            with small_disk(gw.state_dir, "24m"):
                gw.start()
                gw.wait_ready()
                filler = Filler(gw.state_dir)
                # The log may go round in room that it has: then the outcome is written.
                self.check_full(gw, filler.take, filler.give_back, ("sending", "sent"))
                gw.kill()

    def test_a_limit_of_file_size(self):
        """The same without a mount: what is written fails with another error."""
        with Gateway(modems=1, latency_ms=400) as gw:
            gw.wait_ready()
            limits = resource.prlimit(gw.process.pid, resource.RLIMIT_FSIZE)
            self.check_full(
                gw,
                lambda: resource.prlimit(gw.process.pid, resource.RLIMIT_FSIZE, (0, limits[1])),
                lambda: resource.prlimit(gw.process.pid, resource.RLIMIT_FSIZE, limits))


class Configuration(unittest.TestCase):
    MISTAKES = """\
[gatway]
name = x
[gateway]
sokcet = /run/x.sock
socket = relative.sock
state_dir = /nowhere/at/all
timezone = Asia/Hanoi
country = eight
keepalive_s = 5
keepalive_s = 60
log_level = verbose
just words
[modem a]
driver = at
daily_budgt = 5
[modem b]
port = /dev/x
min_interval_ms = -1
roaming = maybe
[modem b]
port = /dev/y
[modem c
port = /dev/z
[modem dev/one]
[modem d]
port = /dev/x
smsc = 12;34
"""
    WANTED = {
        1: "did you mean [gateway]", 4: "did you mean socket?", 5: "absolute path",
        7: "time zone", 8: "1 to 3 digits", 9: "10 to 3600", 10: "stands already at line 9",
        11: "debug", 12: "neither", 13: "wants a port, imei,", 15: "did you mean daily_budget?",
        18: "0 to 3600000", 19: "yes or no", 20: "stands already at", 22: "without its ]",
        24: "letters", 26: "the port of [modem b]", 27: "digits",
    }

    def test_all_mistakes_at_once(self):
        with Gateway(modems=0, start=False, config=self.MISTAKES) as gw:
            for args in ((), ("--check",)):
                code, said = run_daemon(gw, *args)
                self.assertEqual(code, 78)
                found = {}
                for line in said.splitlines():
                    name, number, what = line.split(":", 2)
                    self.assertEqual(name, os.path.basename(gw.config))
                    found[int(number)] = what
                for number, word in self.WANTED.items():
                    self.assertIn(word, found.get(number, ""), (number, said))
                self.assertEqual(set(found), set(self.WANTED), said)
            self.assertFalse(os.path.exists(gw.socket))

    def test_no_file(self):
        with Gateway(modems=0, start=False) as gw:
            os.unlink(gw.config)
            code, said = run_daemon(gw)
            self.assertEqual(code, 78)
            self.assertIn("otpgate.conf", said)

    def test_check_changes_nothing(self):
        with Gateway(modems=0, start=False) as gw:
            code, said = run_daemon(gw, "--check")
            self.assertEqual((code, said), (0, ""))
            self.assertEqual(os.listdir(gw.state_dir), [])


if __name__ == "__main__":
    unittest.main()
