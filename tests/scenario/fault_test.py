"""A modem that fails at every byte of the sending dialogue, answers wrongly, or talks in between:
the verdict is the right one each time, nothing is doubled, and the queue goes on.

One modem for each fault, all in one daemon and at the same time. What takes the 120 s of a modem
that never answers is played in virtual time (tests/world); here is what ends sooner."""

import unittest

from gateway import Gateway

PROMPT = "\r\n> "  # its sign alone is enough
RESULT = "\r\n+CMGS: 0\r\n"  # the first of its SIM
OK = "\r\nOK\r\n"
DIALOGUE = PROMPT + RESULT + OK
LINE_END = len(PROMPT + RESULT)  # from here on the message is SENT, whatever follows


class Modems(unittest.TestCase):
    """One daemon with a modem for each case; a case is sent through its own modem."""

    def play(self, cases, fault, latency_ms=100, gateway="", **params):
        """fault(sim, modem, case) is called, then a message is sent to each; returns what
        message.get says, in the order of the cases."""
        self.gw = Gateway(modems=len(cases), latency_ms=latency_ms, gateway=gateway)
        self.addCleanup(self.gw.close)
        self.gw.wait_ready()
        got = []
        with self.gw.client() as c:
            for i, case in enumerate(cases):
                fault(self.gw.sim, i, case)
                c.call("message.send", key="first-%d" % i, to=self.number(i), modem="m%d" % i,
                       text="Ma OTP: %06d" % i, ttl_s=600,
                       **dict({"on_unknown": "report"}, **params))
            for i in range(len(cases)):
                got.append(self.settled(c, "first-%d" % i))
            self.goes_on(c, len(cases))
        self.assertFalse(self.gw.sim.violations())
        return got

    def settled(self, client, key):
        while True:
            got = client.call("message.get", key=key, until="sent", wait_ms=30000)
            if got["state"] not in ("queued", "claimed", "sending"):
                return got

    def goes_on(self, client, count):
        """Each modem sends the next message, with an answer that is the message's own."""
        for i in range(count):
            client.call("message.send", key="next-%d" % i, to=self.number(i, 1), modem="m%d" % i,
                        text="Ma OTP: 1%05d" % i, ttl_s=600)
        for i in range(count):
            got = self.settled(client, "next-%d" % i)
            self.assertIn(got["state"], ("sent", "delivered"), (i, got))
            (shown,) = self.gw.sim.handset(self.number(i, 1))
            self.assertEqual(shown["text"], "Ma OTP: 1%05d" % i)

    @staticmethod
    def number(i, more=0):
        return "+8491%06d%d" % (i, more)

    def copies(self, i):
        return self.gw.sim.accepted_count(self.number(i))


class Bytes(Modems):
    def check(self, cases, got):
        for i, (case, message) in enumerate(zip(cases, got)):
            kind, byte = case
            states = [a["state"] for a in message["attempts"]]
            copies = self.copies(i)
            with self.subTest(kind=kind, byte=byte, states=states, copies=copies):
                self.assertLessEqual(copies, 1)
                if message["state"] == "unknown":
                    self.assertGreaterEqual(byte, len(PROMPT) - 1)
                    self.assertLess(byte, LINE_END)
                    self.assertEqual(states[-1], "unknown")
                else:
                    self.assertIn(message["state"], ("sent", "delivered"))
                    self.assertEqual(copies, 1)
                    self.assertEqual(states, ["not_sent"] * (len(states) - 1) + ["sent"])
                if byte >= LINE_END:
                    self.assertEqual(states, ["sent"])
                if byte < len(PROMPT) - 1 and kind == "close":
                    self.assertEqual(states, ["not_sent", "sent"])
                if len(PROMPT) < byte < LINE_END - 2 and kind == "close":
                    self.assertEqual(states, ["unknown"])
                if kind == "delay":
                    self.assertEqual(states, ["sent"])

    def test_every_byte(self):
        cases = [("close", b) for b in range(len(DIALOGUE) + 1)]
        cases += [("delay", b) for b in range(len(DIALOGUE) + 1)]
        cases += [("garbage", b) for b in range(len(DIALOGUE) + 1)]
        silent = range(LINE_END, len(DIALOGUE) + 1)
        cases += [("mute", b) for b in silent] + [("hang", b) for b in silent]

        def fault(sim, modem, case):
            kind, byte = case
            # Random garbage may be a word by accident; this holds what is hardest: a prompt, an
            # end of line, a Ctrl-Z, an ESC and no text of any alphabet.
            more = {"bytes": "\x01\r> \x1a\x1b\u00ff\n\x7fx"} if kind == "garbage" else {}
            sim.control("fault", modem=modem, kind=kind, at_byte=byte, ms=400, **more)
        got = self.play(cases, fault, report=False)  # a report would settle what is unknown
        self.check(cases, got)
        struck = self.gw.sim.count("fault")
        self.assertGreaterEqual(struck, len(cases) - 5)  # those at the last byte are too late


class Verdicts(Modems):
    # plan, its params, what comes of it under `report`: the message's state, its attempts' states,
    # the name of the cause
    PLANS = [
        ("fail_next", {"cms": 1}, "failed", ["not_sent"], "unassigned_number"),
        ("fail_next", {"cms": 42}, "sent", ["not_sent", "sent"], None),
        ("fail_next", {"cms": 332}, "unknown", ["unknown"], None),
        ("fail_next", {"cms": 500}, "unknown", ["unknown"], None),
        ("fail_next", {"cms": 500, "accepted": True}, "unknown", ["unknown"], None),
        ("fail_next", {"cms": 512}, "unknown", ["unknown"], None),
        ("error_next", {}, "unknown", ["unknown"], None),
        ("error_next", {"accepted": True}, "unknown", ["unknown"], None),
        ("error_next", {"after_reference": True}, "sent", ["sent"], None),
        ("ok_without_cmgs", {}, "unknown", ["unknown"], None),
        ("ok_without_cmgs", {"accepted": True}, "unknown", ["unknown"], None),
        ("lose_next", {"answer": "late", "ms": 1500}, "sent", ["sent"], None),
    ]

    def fault(self, sim, modem, case):
        sim.control(case[0], modem=modem, **case[1])

    def test_wrong_answers(self):
        got = self.play(self.PLANS, self.fault, report=False)
        for i, ((plan, params, state, states, name), message) in enumerate(zip(self.PLANS, got)):
            with self.subTest(plan=plan, params=params, got=message):
                self.assertLessEqual(self.copies(i), 1)
                if state:
                    self.assertIn(message["state"], (state, "delivered"))
                if states:
                    self.assertEqual([a["state"] for a in message["attempts"]], states)
                if name:
                    self.assertEqual(message["attempts"][0]["cause"]["name"], name)
                if message["state"] == "sent":
                    self.assertEqual(self.copies(i), 1)

    def test_a_resend_is_one_and_told(self):
        """The same code twice does no harm, a lost one does; a third time never."""
        plans = [p for p in self.PLANS if p[2] == "unknown"]
        got = self.play(plans, self.fault, gateway="evidence_wait_s = 0", on_unknown="resend",
                        report=False)
        for i, ((plan, params, *_), message) in enumerate(zip(plans, got)):
            if message["state"] == "unknown":  # seen before its resend
                with self.gw.client() as c:
                    while message["state"] in ("unknown", "queued", "claimed", "sending"):
                        message = c.call("message.get", key="first-%d" % i)
            with self.subTest(plan=plan, params=params, got=message):
                self.assertIn(message["state"], ("sent", "delivered"))
                self.assertEqual([a["state"] for a in message["attempts"]], ["unknown", "sent"])
                self.assertEqual(self.copies(i), 2 if params.get("accepted") else 1)

    def test_it_refuses_again_and_again(self):
        """Attempts that sent nothing are four at the most."""
        got = self.play([41], lambda sim, modem, cms: sim.control("fail_next", modem=modem, n=4,
                                                                  cms=cms), on_unknown="resend")
        self.assertEqual(got[0]["state"], "failed")
        self.assertEqual([a["state"] for a in got[0]["attempts"]], ["not_sent"] * 4)
        self.assertEqual(self.copies(0), 0)


class Unsolicited(Modems):
    LINES = ["^RSSI:19", "^BOOT:20220816,0,0,0,20", "+CMTI: \"SM\",3", "RING", "+CREG: 1",
             "^HCSQ:\"LTE\",47,43,141,26", "+ZPASR: \"UMTS\"", "+CUSD: 0,\"xin chao\",15",
             "NO CARRIER", "+CMGS", "+CMS", "OKAY", "ERRORS: 0", "> not a prompt", "x" * 400]
    # Where a modem may say a line of its own: between lines, never inside one.
    POINTS = [{"at_byte": 0}, {"at_byte": len(PROMPT)}, {"when": "prompt"}, {"when": "body"},
              {"when": "result"}, {"when": "ok"}, {"at_byte": LINE_END},
              {"at_byte": len(DIALOGUE)}]

    def check(self, cases, got):
        for i, (case, message) in enumerate(zip(cases, got)):
            with self.subTest(case=case, got=message["attempts"]):
                self.assertIn(message["state"], ("sent", "delivered"))
                self.assertEqual([a["state"] for a in message["attempts"]], ["sent"])
                self.assertEqual(message["attempts"][0]["reference"], 0)
                self.assertEqual(self.copies(i), 1)

    def test_between_any_two_lines(self):
        cases = [(line, point) for n, line in enumerate(self.LINES)
                 for m, point in enumerate(self.POINTS)]

        def fault(sim, modem, case):
            sim.control("inject", modem=modem, line=case[0], **case[1])
        self.check(cases, self.play(cases, fault))

    def test_glued_and_halved(self):
        """Without their own line ends, in a burst, cut in two by a pause."""
        cases = []
        for point in self.POINTS:
            cases += [("\r\n^RSSI:19\r\n^RSSI:20\r\nRING\r\n\r\n", point),
                      ("\r\n+CMTI: \"SM\",1\r\n" * 20, point), ("\r\n\r\n\r\n", point)]

        def fault(sim, modem, case):
            sim.control("inject", modem=modem, line=case[0], raw=True, **case[1])
            sim.control("fault", modem=modem, kind="delay", at_byte=modem % len(DIALOGUE), ms=50)
        self.check(cases, self.play(cases, fault))

    def test_during_start_and_keepalive(self):
        """Before the answer of each command that a link speaks from its first byte on."""
        with Gateway(modems=1, latency_ms=5) as first:
            first.wait_ready()
            spoken = sorted({e["line"][:23] for e in first.sim.events("command")})
        self.assertGreater(len(spoken), 8)
        with Gateway(modems=4, latency_ms=5, start=False) as gw:
            for modem in range(gw.modems):
                for n, command in enumerate(spoken[:32]):
                    gw.sim.control("inject", modem=modem, when="command", match=command,
                                   line=self.LINES[(n * 5 + modem) % len(self.LINES)])
            gw.start()
            gw.wait_ready()
            with gw.client() as c:
                self.gw = gw
                self.goes_on(c, gw.modems)
            self.assertFalse(gw.sim.violations())

    def test_makes_that_talk(self):
        """Sticks that never stop, each with the words of its make."""
        with Gateway(modems=10, latency_ms=300,
                     profile="huawei,zte,simcom,quectel,telit,ublox,cinterion,aosp,generic,"
                             "late_cmgs") as gw:
            gw.wait_ready()
            with gw.client() as c:
                self.gw = gw
                self.goes_on(c, gw.modems)
            self.assertFalse(gw.sim.violations())


if __name__ == "__main__":
    unittest.main()
