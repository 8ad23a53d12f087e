"""subscriber.lookup over several ways: by message, by USSD with a menu, refused and silent ones; its progress; beside
sending on eight modems; with somebody hostile in between. Replies are SYNTHETIC."""

import json
import os
import subprocess
import unittest

from gateway import BIN, TIMEOUT_S, Gateway, Refused

CARRIER = """[carrier viettel]
title = Viettel
mcc_mnc = 45204, 45202, 45201
prefixes = 086, 096-098, 032-039
registry = %s
care = 18008098
"""
MENU = "1. Thong tin thue bao\n2. Thoat"
PAGES = ("Ho ten: NGUYEN VAN AN", "CCCD: 052090001234\nNgay sinh: 01/02/1990")
RECORD = "\n".join(PAGES)
TYPED = {"full_name": "Nguyễn Văn An", "birth_date": "1/2/1990", "id_number": "052090001234"}


class Lookups(unittest.TestCase):
    def gateway(self, registry, modems=1, timeout_s=10):
        gw = Gateway(modems=modems, latency_ms=10, start=False)
        self.addCleanup(gw.close)
        path = os.path.join(gw.dir, "carriers.ini")
        with open(path, "w", encoding="utf-8") as out:
            out.write(CARRIER % registry)
        gw.write_config(gateway="log_level = debug\nregistry_timeout_s = %d\ncarriers = %s" % (timeout_s, path))
        gw.start()
        gw.wait_ready()
        return gw

    def asked(self, gw, count=1):
        seen = gw.sim.count("accepted")
        while gw.sim.accepted_count("1414") < count:
            seen += 1
            gw.sim.wait("accepted", seen, timeout_s=TIMEOUT_S)

    def write(self, gw, text, modem=0, sender="1414", named=False):
        gw.sim.control("write", modem=modem, text=text, named=named, **{"from": sender})

    def menu(self, gw):
        gw.sim.control("ussd", modem=0, code="*1414#", text=MENU, end="more", ms=20)
        gw.sim.control("ussd", modem=0, code="1", text=PAGES[0], end="more", ms=20)
        gw.sim.control("ussd", modem=0, code="9", text=PAGES[1], ms=20)


class Ways(Lookups):
    def test_refused_by_message_and_told_by_ussd(self):
        gw = self.gateway("sms:TTTB, ussd:*1414#>1>9")
        self.menu(gw)
        gw.sim.control("fail_next", modem=0, n=1, cms=42)
        with gw.client() as client:
            client.call("events.follow", topics=["subscriber"])
            call = client.start("subscriber.lookup", modem="m0", reason="case 7", expect=TYPED)
            events = [client.next_event()]
            while events[-1]["step"] != "parsed":
                events.append(client.next_event())
            got = client.finish(call)
            self.assertEqual((got["way"], got["conclusion"]), ("ussd", "match_unaccented"))
            self.assertEqual(got["unparsed"], [])
            self.assertEqual(client.call("inbox.list")["messages"], [])
            told = [(e["modem"], e["step"], e["way"]) for e in events]
            self.assertEqual(told, [("m0", "asked", "sms"), ("m0", "gave_up", "sms"), ("m0", "asked", "ussd"),
                                    ("m0", "parsed", "ussd")])
            members = {name for event in events for name in event}
            self.assertEqual(members, {"topic", "modem", "step", "way", "why", "at"})
        self.assertEqual(gw.sim.accepted_count("1414"), 0)
        self.assertFalse(gw.sim.violations())

    def test_a_menu_of_which_nobody_told(self):
        """No key is pressed, and the next way is tried."""
        gw = self.gateway("ussd:*1414#, sms:TTTB")
        self.menu(gw)
        with gw.client() as client:
            call = client.start("subscriber.lookup", modem="m0", reason="case 7", expect=TYPED)
            self.asked(gw)
            self.write(gw, RECORD)
            got = client.finish(call)
            self.assertEqual((got["way"], got["conclusion"]), ("sms", "match_unaccented"))

    def test_what_cannot_leave_is_told_at_once(self):
        gw = self.gateway("sms:TTTB, ussd:*1414#", modems=2)
        with gw.client() as client:
            client.call("modem.pause", name="m0")
            with self.assertRaises(Refused) as caught:
                client.call("subscriber.lookup", modem="m0", reason="case 7")
            self.assertEqual(caught.exception.name, "no_modem")
        self.assertEqual(gw.sim.accepted_count("1414"), 0)

    def test_on_a_terminal(self):
        gw = self.gateway("ussd:*1414#>1>9")
        self.menu(gw)
        ours, its = os.openpty()
        command = [os.path.join(BIN, "otpgatectl"), "--socket", gw.socket, "subscriber", "lookup", "m0",
                   "--reason", "case 7"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=its, text=True, timeout=TIMEOUT_S, check=False,
                              env={**os.environ, "LC_ALL": "vi_VN.UTF-8"})
        os.close(its)
        said = os.read(ours, 4096).decode()
        os.close(ours)
        self.assertEqual(done.returncode, 0, said)
        self.assertIn("NGUYEN V** A*", done.stdout)
        self.assertEqual(said.replace("\r", ""), "... đã hỏi 1414 (USSD)\n... đã có trả lời (USSD)\n")


class Beside(Lookups):
    """Eight SIMs ask while their modems send; each answer goes to who asked that SIM."""

    def test_eight_modems_under_load(self):
        gw = self.gateway("sms:TTTB", modems=8, timeout_s=300)
        gw.sim.control("timing", latency_ms=300)
        with gw.client() as client, gw.client() as other:
            keys = ["k%d" % i for i in range(120)]
            for i, key in enumerate(keys):
                client.call("message.send", key=key, to="09123%05d" % i, text="Ma OTP: 123456")
            calls = [client.start("subscriber.lookup", modem="m%d" % i, reason="case 7", show="full") for i in range(8)]
            again = other.start("subscriber.lookup", modem="m3", reason="case 8")
            self.asked(gw, 8)
            for key in keys:  # all of them leave while every SIM waits for its answer
                got = other.call("message.get", key=key, until="sent", wait_ms=30000)
                self.assertIn(got["state"], ("sent", "delivered"))
            for i in range(8):
                self.write(gw, "Ho ten: TRAN VAN %s" % "ABCDEGHK"[i], modem=i)
            for i, call in enumerate(calls):
                got = client.finish(call)
                self.assertEqual(got["fields"]["full_name"]["value"], "TRAN VAN %s" % "ABCDEGHK"[i])
            self.assertEqual(other.finish(again)["fields"]["full_name"]["value"], "TRAN V** D")
        self.assertEqual(gw.sim.texts("1414"), ["TTTB"] * 8)
        self.assertFalse(gw.sim.violations())


HOSTILE = ("\u202e\u2066\u202c]]: \u200b= KE XAU\u202d", "]]]]:::= 0000000000000000 ****",
           "Ho ten:\nCCCD:\nNS: 99/99/9999", "\u001b[2J\u001b]0;x\u0007 Ho ten", "';DROP TABLE inbox;-- AT+CMGD=1,4",
           "%s%n%x {\"a\":1}", "Chuan hoa thong tin thue bao ngay hom nay")
NOT_1414 = ("14141", "01414", "+841414", "+1414", "141", "I414", "l4l4", "TTTB", "0987654321")
PERSONAL = ("NGUYEN VAN AN", "Nguyễn Văn An", "052090001234", "01/02/1990", "1990-02-01")


class Hostile(Lookups):
    """Whatever comes while a lookup is open changes nothing but its outcome, and nothing of a person stays."""

    def test_only_the_outcome(self):
        gw = self.gateway("sms:TTTB", modems=2)
        with gw.client() as client, gw.client() as watcher:
            watcher.call("events.follow", topics=["subscriber", "inbox", "message", "modem", "alarm"])
            call = client.start("subscriber.lookup", modem="m0", reason="case 7", expect=TYPED)
            self.asked(gw)
            for i, sender in enumerate(NOT_1414):
                self.write(gw, "Ho ten: KE XAU %d\nCCCD: 052195009999" % i, sender=sender)
            self.write(gw, "Ho ten: KE XAU\nCCCD: 052195009999", named=True)  # whoever rents that name
            for text in HOSTILE:
                self.write(gw, text)
            self.write(gw, RECORD)
            got = client.finish(call)
            self.assertEqual(got["conclusion"], "match_unaccented")
            self.assertEqual(got["unparsed"], [])
            call = client.start("subscriber.lookup", modem="m1", reason="case 8", expect=TYPED)
            self.asked(gw, 2)
            for text in HOSTILE:
                self.write(gw, text, modem=1)
            got = client.finish(call)
            self.assertEqual((got["conclusion"], got["fields"]), ("unreadable", {}))
            client.call("message.send", key="after", to="0912345678", text="Ma OTP: 1")
            sent = client.call("message.get", key="after", until="sent", wait_ms=30000)
            self.assertIn(sent["state"], ("sent", "delivered"))
            events = [watcher.next_event()]
            while (events[-1].get("key"), events[-1].get("state")) != ("after", "sent"):
                events.append(watcher.next_event())
            told = [client.call("gateway.stats"), client.call("audit.list"), client.call("modem.trace", name="m0"),
                    client.call("modem.list"), client.call("inbox.list", limit=50), client.call("message.list"),
                    events]
        texts = [m["text"] for m in told[4]["messages"]]
        shown = sorted(t for t in texts if t.startswith("<"))
        # of the second lookup some may come when it has ended: on a slow machine
        unread = [t for t in shown if t in ("<subscriber record> unreadable", "<subscriber record> late")]
        self.assertEqual(len(unread), len(HOSTILE) * 2)
        self.assertGreater(unread.count("<subscriber record> unreadable"), len(HOSTILE))
        self.assertEqual([t for t in shown if t not in unread], ["<subscriber record> match_unaccented"])
        self.assertEqual(len(texts) - len(shown), len(NOT_1414) + 1)
        like = [m["text"] for m in told[4]["messages"] if m["from"] == "1414" and m.get("named")]
        self.assertEqual(like, ["Ho ten: KE XAU\nCCCD: 052195009999"])
        self.search(gw, told)
        gw.kill()
        self.search(gw, [])

    def search(self, gw, told):
        places = {"log": gw.log().encode(), "told": json.dumps(told, ensure_ascii=False).encode()}
        for folder, _, files in os.walk(gw.state_dir):
            for name in files:
                with open(os.path.join(folder, name), "rb") as raw:
                    places[name] = raw.read()
        self.assertTrue(any(name.endswith("-wal") for name in places), list(places))
        for place, data in places.items():
            for bird in PERSONAL:
                wide = bird.encode("utf-16-be")
                for form in (bird.encode(), wide, wide.hex().upper().encode(), bird.encode().hex().encode()):
                    self.assertNotIn(form, data, place)


if __name__ == "__main__":
    unittest.main()
