"""1414 answers by itself: the real daemon asks it from SIMs of every carrier, in every layout, with every damage that
the simulated network knows, and has to come to the right conclusion. SYNTHETIC: nobody in here exists."""

import unittest

from gateway import Client, Gateway, Refused

CARRIERS = ("viettel", "vinaphone", "mobifone", "vietnamobile", "gmobile", "itel")
LAYOUTS = ("lines", "guide", "number", "three", "dots", "dashes")
WITHOUT_BIRTH = ("number",)
MODEMS = len(CARRIERS) * len(LAYOUTS)
TYPED = {"full_name": "Nguyễn Văn An", "birth_date": "1/2/1990", "id_number": "052090001234"}
RECORD = {"full_name": "Nguyễn Văn An", "birth_date": "01/02/1990", "id_number": "052090001234"}
QUICK = {"ms": 20, "gap_ms": 5, "per_day": 0}

# What the network does to the answer, and what has to come of it.
DAMAGES = (
    ({}, "match_unaccented"),
    ({"accents": True}, "match"),
    ({"ucs2": True}, "match_unaccented"),
    ({"parts": 4}, "match_unaccented"),
    ({"parts": 3, "order": "reversed", "accents": True}, "match"),
    ({"parts": 7, "order": "shuffled", "between": "Chieu nay hop luc 14h"}, "match_unaccented"),
    ({"mask": "*"}, "compatible"),
    ({"mask": "x", "accents": True}, "compatible"),
    ({"says": "quota"}, "refused"),
    ({"says": "not_now", "ucs2": True}, "refused"),
    ({"says": "not_standardised", "accents": True}, "refused"),
    ({"says": "prepaid_only", "parts": 2, "order": "reversed"}, "refused"),
    ({"says": "no_record"}, "no_record"),
    ({"record": {"id_number": "205123456"}}, "carrier_has_old_id"),
    ({"record": {"id_number": "205123456"}, "mask": "x"}, "carrier_has_old_id"),
    ({"record": {"id_number": "052090001243"}, "accents": True}, "id_differs"),
    ({"record": {"full_name": "Nguyễn Văn Anh"}, "parts": 2}, "name_differs"),
    ({"record": {"full_name": "Trần Thị Bình", "id_number": "052195009999"}}, "other_person"),
    ({"record": {"birth_date": "11/02/1990"}}, "birth_date_differs"),
)
# 1414 is spoofed, or says what nobody can read.
HOSTILE = (
    "]]]]\u202e:::= 0000000000000000 **** Họ",
    "Ho ten:\u200b\nNS: 99/99/9999\nCCCD: x",
    "\u202eHo ten\u202c \r\x07 " + "CMT " * 155,
)


def expected(conclusion, layout):
    if conclusion == "birth_date_differs" and layout in WITHOUT_BIRTH:
        return "match_unaccented"
    return conclusion


class Registry(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=MODEMS, latency_ms=10, carriers=",".join(CARRIERS), gateway="registry_per_day = 0")
        self.addCleanup(self.gw.close)
        self.gw.wait_ready()

    def fleet(self):
        """(modem, its carrier, a layout): each carrier in each layout."""
        for i in range(MODEMS):
            yield i, CARRIERS[i % len(CARRIERS)], LAYOUTS[i // len(CARRIERS)]

    def plan(self, modem, **how):
        record = {**RECORD, **how.pop("record", {})}
        return self.gw.sim.control("registry", modem=modem, record=record, **{**QUICK, **how})

    def ask(self, client, modem, **more):
        return client.start("subscriber.lookup", modem="m%d" % modem, reason="case 7", **{"expect": TYPED, **more})

    def lookups(self, modems=None):
        """The answers of all that are asked at once, by their modem."""
        modems = range(MODEMS) if modems is None else modems
        with self.gw.client() as one, self.gw.client() as two:  # a connection has so many requests under way
            asked = [(m, client, self.ask(client, m)) for m, client in zip(modems, (one, two) * MODEMS)]
            return {m: client.finish(call) for m, client, call in asked}

    def test_every_carrier_layout_and_damage(self):
        for how, conclusion in DAMAGES:
            for modem, _, layout in self.fleet():
                self.plan(modem, layout=layout, **how)
            got = self.lookups()
            for modem, carrier, layout in self.fleet():
                with self.subTest(carrier=carrier, layout=layout, **how):
                    self.assertEqual(got[modem]["carrier"], carrier)
                    self.assertEqual(got[modem]["conclusion"], expected(conclusion, layout))
                    self.assertEqual(got[modem].get("refused"), how.get("says") if conclusion == "refused" else None)
                    if conclusion not in ("refused", "no_record"):
                        self.assertEqual("birth_date" in got[modem]["compared"], layout not in WITHOUT_BIRTH)
            self.gw.restart()  # a SIM's answer is kept a minute, in memory
            self.gw.wait_ready()
        self.assertEqual(set(self.gw.sim.texts("1414")), {"TTTB", "TT"})
        asked = [self.gw.sim.control("registry", modem=m)["asked"] for m in range(MODEMS)]
        self.assertEqual(asked, [len(DAMAGES)] * MODEMS)

    def test_the_carriers_own_cap(self):
        """A question over it is refused by 1414: that is the answer, and no other way is tried to hear it again."""
        modems = [CARRIERS.index("viettel"), CARRIERS.index("gmobile")]  # the latter may be asked by USSD too
        for modem in modems:
            self.plan(modem, per_day=1)
        for answer in self.lookups(modems).values():
            self.assertEqual(answer["conclusion"], "match_unaccented")
        self.gw.restart()  # a SIM's answer is kept a minute, in memory
        self.gw.wait_ready()
        with self.gw.client() as client:
            client.call("events.follow", topics=["subscriber"])
            for modem in modems:
                answer = client.finish(self.ask(client, modem))
                self.assertEqual((answer["conclusion"], answer["refused"], answer["way"]), ("refused", "quota", "sms"))
                self.assertEqual((answer["fields"], answer["comparison"]), ({}, {}))
                self.assertIn("Hãy thử lại ngày mai.", answer["say"]["vi"])
                self.assertEqual([client.next_event()["step"] for _ in range(2)], ["asked", "parsed"])
                counted = self.gw.sim.control("registry", modem=modem)
                self.assertEqual((counted["asked"], counted["today"]), (2, 1))
            records = client.call("audit.list", limit=2)["records"]
            self.assertEqual([record["conclusion"] for record in records], ["refused"] * 2)
            texts = [m["text"] for m in client.call("inbox.list", limit=2)["messages"]]
            self.assertEqual(texts, ["<subscriber record> refused"] * 2)

    def test_garbage_changes_nothing_but_the_outcome(self):
        for modem in range(len(CARRIERS)):
            self.plan(modem, text=HOSTILE[modem % len(HOSTILE)])
        for answer in self.lookups(range(len(CARRIERS))).values():
            self.assertEqual((answer["conclusion"], answer["fields"]), ("unreadable", {}))

    def test_late_never_and_from_somebody_else(self):
        """Each carrier: nobody answers, somebody else does, 1414 does too late, or a part of it is lost. Who asks
        then is told at once."""
        hows = {"never": {"says": "nothing"}, "else": {"from": "+84987000999"}, "late": {"ms": 100000},
                "part": {"parts": 2, "lost": 2}}
        kinds = {}
        for modem, _, layout in self.fleet():
            kinds[modem] = list(hows)[modem // len(CARRIERS) % len(hows)]
            self.plan(modem, layout=layout, **{"ussd": "silent", **hows[kinds[modem]]})
        late = [m for m in kinds if kinds[m] == "late"]
        others = [m for m in kinds if kinds[m] == "else"]
        with Client(self.gw.socket, 280) as one, Client(self.gw.socket, 280) as two:
            one.call("events.follow", topics=["inbox"])
            calls = [(client, self.ask(client, m)) for m, client in zip(range(MODEMS), (one, two) * MODEMS)]
            for modem, (client, call) in enumerate(calls):
                with self.assertRaises(Refused) as caught:
                    client.finish(call)
                told = caught.exception.data
                self.assertEqual(told["name"], "no_answer")
                self.assertEqual(told.get("reason"), "incomplete" if kinds[modem] == "part" else None)
                if kinds[modem] == "part":
                    self.assertEqual(told["part"], told["parts"] - 1)
                    self.assertIn("%(part)d of %(parts)d parts" % told, str(caught.exception))
            for _ in late + others:
                one.next_event()
        for answer in self.lookups(late).values():
            self.assertEqual(answer["conclusion"], "match_unaccented")
        with self.gw.client() as client:
            words = [record.get("conclusion") for record in client.call("audit.list", limit=200)["records"]]
            self.assertEqual(words.count("incomplete"), list(kinds.values()).count("part"))
            texts = [m["text"] for m in client.call("inbox.list", limit=100)["messages"]]
        self.assertEqual(texts.count("<subscriber record> late"), len(late))
        self.assertEqual(sum("Nguyen Van An" in text for text in texts), len(others))
        self.assertEqual(self.gw.sim.control("registry", modem=late[0])["asked"], 1)


if __name__ == "__main__":
    unittest.main()
