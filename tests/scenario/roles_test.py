#!/usr/bin/env python3
"""Who may do what, over the real socket, by real uids and groups.

Each identity is a process of its own that has given up root (setgroups, setgid, setuid) before it connects. The
methods, and the role that each of them needs, are what rpc.discover says: a method that is added is tried as well."""

import json
import os
import sys
import unittest

from gateway import Closed, Gateway, Refused

ROLES = ["send", "verify", "subscriber", "monitor", "operate"]
USER, GROUP = 21000, 22000  # of the first role; nobody of this system has these
CONFIG = "".join("[role user-%s]\nusers = %d\nmay = %s\n[role group-%s]\ngroups = %d\nmay = %s\n" % (
    role, USER + i, role, role, GROUP + i, role) for i, role in enumerate(ROLES))
CONFIG += "[role by-name]\nusers = www-data\ngroups = daemon\nmay = send, monitor\n"


class Somebody:
    """A process that is this uid with these groups and no other. What it tells comes here line by line."""

    def __init__(self, uid, gid, groups, work):
        reader, writer = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.close(reader)
            with os.fdopen(writer, "w") as out:
                def tell(value):
                    print(json.dumps(value), file=out, flush=True)
                try:
                    os.setgroups(groups)
                    os.setresgid(gid, gid, gid)
                    os.setresuid(uid, uid, uid)
                    tell({"did": work(tell)})
                except BaseException as error:  # pylint: disable=broad-except
                    tell({"error": repr(error)})
            os._exit(0)
        os.close(writer)
        self.lines = os.fdopen(reader)

    def heard(self):
        return json.loads(self.lines.readline())

    def ended(self):
        answer = self.heard()
        self.lines.close()
        os.waitpid(self.child, 0)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["did"]


def identities():
    """name, uid, gid, further groups, the roles it has"""
    everything = set(ROLES)
    yield "root", 0, 0, [], everything
    yield "nobody", 65534, 65534, [], set()
    yield "a uid that is a role's gid", GROUP, 65534, [], set()
    yield "a gid that is a role's uid", 65534, USER, [USER + 1], set()
    for i, role in enumerate(ROLES):
        yield "user " + role, USER + i, 65534, [], {role}
        yield "first group " + role, 65534, GROUP + i, [], {role}
        yield "further group " + role, 65534, 65534, [7, GROUP + i, 9], {role}
    yield "user and group", USER, GROUP + 3, [], {"send", "monitor"}
    yield "all groups", 65534, 65534, [GROUP + i for i in range(5)], everything
    yield "by name", 33, 65534, [], {"send", "monitor"}
    yield "by the group's name", 65534, 65534, [1], {"send", "monitor"}
    yield "300 groups", 65534, 65534, list(range(30000, 30299)) + [GROUP + 4], {"operate"}


def outcome(client, method):
    """Without params: none of them does more than a fresh gateway bears."""
    try:
        client.call(method)
        return ["fine", None, None]
    except Refused as error:
        return [error.name, error.data.get("role"), str(error)]


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gw = Gateway(modems=1, gateway="socket_mode = 0666", start=False)
        os.chmod(cls.gw.dir, 0o711)
        with open(cls.gw.config, encoding="utf-8") as plain:
            cls.plain = plain.read()
        cls.configure(CONFIG)
        cls.gw.start()
        cls.gw.wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.gw.check_log()
        cls.gw.close()

    @classmethod
    def configure(cls, roles):
        with open(cls.gw.config, "w", encoding="utf-8") as out:
            out.write(cls.plain + roles)

    def somebody(self, work, uid=65534, gid=65534, groups=()):
        def connected(tell):
            with self.gw.client() as client:
                return work(client, tell)
        return Somebody(uid, gid, list(groups), connected)

    def session(self, work, *who, **more):
        return self.somebody(lambda client, tell: work(client), *who, **more).ended()


class Matrix(Case):
    def test_each_role_and_each_method(self):
        with self.gw.client() as client:
            methods = client.call("rpc.discover")["methods"]
        tried = 0
        for name, uid, gid, groups, roles in identities():
            def ask(client):
                info = client.call("gateway.info")["roles"]
                return info, [outcome(client, method["name"]) for method in methods]
            info, outcomes = self.session(ask, uid, gid, groups)
            self.assertEqual(set(info), roles, name)
            for method, (said, role, sentence) in zip(methods, outcomes):
                needs = method["x-role"]
                with self.subTest(who=name, method=method["name"]):
                    tried += 1
                    if needs == "any" or needs in roles or method.get("x-role-too") in roles:
                        if method["name"] == "events.follow" and not roles & {"send", "monitor", "operate"}:
                            self.assertEqual(said, "not_allowed")  # no topic is for it
                        else:
                            self.assertNotEqual(said, "not_allowed")
                    else:
                        self.assertEqual((said, role), ("not_allowed", needs))
                        self.assertIn("%s needs the role %s" % (method["name"], needs), sentence)
        self.assertGreaterEqual(tried, 200)
        print("%d combinations of %d methods" % (tried, len(methods)), file=sys.stderr)


class Own(Case):
    def test_everybody_sees_the_own_ones(self):
        def send(client):
            return client.call("message.send", key="a", to="0912345678", text="Ma OTP: 727272")

        def look(client):
            return client.call("message.list")["messages"]

        def get(client):
            try:
                return client.call("message.get", id=mine["id"])["to"]
            except Refused as error:
                return error.name
        mine = self.session(send, USER)
        self.assertEqual(mine["to"], "+84912345678")
        self.assertEqual([m["id"] for m in self.session(look, USER)], [mine["id"]])
        self.assertEqual(self.session(look, 33), [])
        self.assertEqual(self.session(get, 33), "not_found")
        self.assertEqual(self.session(get, USER + 4), "091**678")
        self.assertEqual(self.session(get, USER), "+84912345678")
        self.assertFalse(self.session(send, 33)["duplicate"])  # keys of two uids are apart

    def test_a_modem_is_chosen_by_who_operates(self):
        def send(client):
            try:
                return client.call("message.send", key="m", to="0912345678", text="t", modem="m0")["state"]
            except Refused as error:
                return [error.name, error.data["role"]]
        self.assertEqual(self.session(send, 20001, groups=[GROUP]), ["not_allowed", "operate"])
        self.assertEqual(self.session(send, 20001, groups=[GROUP, GROUP + 4]), "queued")


class Record(Case):
    def test_refused_and_operating_calls_are_on_record(self):
        def pause(client):
            said = []
            for _ in range(2):
                try:
                    said.append(client.call("modem.pause", name="m0")["paused"])
                except Refused as error:
                    said.append(error.name)
            return os.getpid(), said
        refused, said = self.session(pause, USER)
        self.assertEqual(said, ["not_allowed"] * 2)
        operator, said = self.session(pause, USER + 4)
        self.assertEqual(said, [True, True])
        self.gw.restart()  # what was answered is on disk
        with self.gw.client() as client:
            records = client.call("audit.list")["records"]
        self.assertEqual([(r["uid"], r["pid"], r["method"], r["outcome"], r["modem"]) for r in records],
                         [(USER + 4, operator, "modem.pause", "ok", "m0")] * 2
                         + [(USER, refused, "modem.pause", "not_allowed", "m0")] * 2)
        self.assertIn("call uid=%d pid=%d method=modem.pause outcome=not_allowed modem=m0" % (USER, refused),
                      self.gw.log())


class Reload(Case):
    def reload(self, roles):
        self.configure(roles)
        before = self.gw.log().count("config - reload")
        self.gw.process.send_signal(1)
        while self.gw.log().count("config - reload") == before:
            with self.gw.client() as client:  # a turn of the daemon's loop
                client.call("gateway.info")
        return self.gw.log().rsplit("config - reload", 1)[1].split()[0]

    def test_roles_come_and_go(self):
        def follow(client, tell):
            tell(client.call("events.follow", topics=["modem"])["topics"])
            try:
                return client.read_line()
            except Closed:
                return "closed"

        def info(client):
            return client.call("gateway.info")

        self.assertEqual(self.reload("[role a]\nusers = no-such-user\nmay = send\n"), "_refused")
        self.assertIn("[role a] users: this system has no user no-such-user", self.gw.log())
        self.assertEqual(self.session(info, USER)["roles"], ["send"])  # the former ones stand
        self.assertEqual(self.reload(CONFIG.replace("may = send\n", "may = send, verify\nmax_in_flight = 3\n")), "ed")
        answer = self.session(info, USER)
        self.assertEqual(answer["roles"], ["send", "verify"])
        self.assertEqual(answer["limits"]["in_flight"], 3)
        # who follows what it may not see any more is cut
        follower = self.somebody(follow, USER + 3)
        self.assertEqual(follower.heard(), ["modem"])
        self.reload("")
        self.assertEqual(follower.ended(), "closed")
        self.assertEqual(self.session(info, USER)["roles"], [])  # no role at all: root and the daemon's own
        self.assertEqual(self.session(info, 0, 0)["roles"], ROLES)
        self.assertEqual(self.reload(CONFIG), "ed")

    def test_connections_and_sends_of_one_user(self):
        self.reload("[role a]\nusers = %d\nmay = send\nmax_connections = 2\nsends_per_minute = 2\n" % USER)

        def connect(client):
            with self.gw.client() as second:
                second.call("gateway.info")
                with self.gw.client() as third:
                    refused = third.read_line()["error"]["data"]["name"]
            said = []
            for key in ("r1", "r2", "r3", "r1"):
                try:
                    said.append(client.call("message.send", key=key, to="0912345678", text="t")["duplicate"])
                except Refused as error:
                    said.append([error.name, error.data["retry_after_s"] > 0])
            return refused, said
        refused, said = self.session(connect, USER)
        self.assertEqual(refused, "rate_limited")
        self.assertEqual(said, [False, False, ["rate_limited", True], True])
        self.reload(CONFIG)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("only root can become somebody else: nothing was tried", file=sys.stderr)
        sys.exit(77)
    unittest.main(verbosity=2)
