"""The flight recorder: a dialogue followed as it happens, and one played again."""

import os
import re
import subprocess
import tempfile
import unittest

from gateway import BIN, Gateway, otpgatectl

LINE = re.compile(r"^\d+\.\d{9} [<>=] .+$")


class Follow(unittest.TestCase):
    def gateway(self, **options):
        gw = Gateway(modems=2, latency_ms=20, **options)
        self.addCleanup(gw.close)
        gw.wait_ready()
        return gw

    def send(self, client, key):
        sent = client.call("message.send", key=key, to="0912345678", text="Ma OTP: 727272", modem="m0")
        return client.call("message.get", id=sent["id"], until="sent", wait_ms=30000)["state"]

    def test_a_dialogue_as_it_happens(self):
        gw = self.gateway()
        with gw.client() as follower, gw.client() as client:
            kept = client.call("modem.trace", name="m0")
            follower.call("events.follow", topics=["trace"], modem="m0", from_line=kept["next"])
            self.assertIn(self.send(client, "one"), ("sent", "delivered"))
            seen = []
            while not (seen and seen[-1]["text"].startswith("+CMGS: ")):
                seen.append(follower.next_event())
            self.assertEqual([line["number"] for line in seen],
                             list(range(kept["next"], kept["next"] + len(seen))))
            self.assertEqual({line["modem"] for line in seen}, {"m0"})
            texts = [line["way"] + line["text"] for line in seen]
            body = next(i for i, text in enumerate(texts) if re.fullmatch(r"><pdu:\d+>\^Z", text))
            self.assertTrue(any(text.startswith(">AT+CMGS=") for text in texts[:body]))
            self.assertNotIn("727272", str(seen))

    def test_from_the_shell(self):
        gw = self.gateway()
        follow = subprocess.Popen(
            [os.path.join(BIN, "otpgatectl"), "--socket", gw.socket, "trace", "m0", "--follow"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(follow.stdout.close)
        self.addCleanup(follow.wait)
        self.addCleanup(follow.terminate)
        lines = []
        while "= ready: " not in (lines[-1] if lines else ""):  # what is kept comes first
            lines.append(follow.stdout.readline().rstrip("\n"))
        with gw.client() as client:
            for key in ("one", "two"):
                self.assertIn(self.send(client, key), ("sent", "delivered"))
                while " < +CMGS: " not in lines[-1]:
                    lines.append(follow.stdout.readline().rstrip("\n"))
        for line in lines:
            self.assertRegex(line, LINE)
        _, kept, _ = otpgatectl(gw, "trace", "m0")
        self.assertEqual(kept.splitlines()[:len(lines)], lines)


class Replay(unittest.TestCase):
    """A user's report becomes a test case: a trace from the shell, a file, a modem that plays it."""

    def life(self, replay):
        """What becomes of four messages, each in its own way, and of one that comes in."""
        options = ("--replay", replay) if replay else ()
        gw = Gateway(modems=1, latency_ms=20, sim_options=options)
        self.addCleanup(gw.close)
        gw.wait_ready()
        states = []
        with gw.client() as client:
            client.call("events.follow", topics=["message", "inbox"])
            for key, fail in (("good", None), ("refused", 1), ("last", None)):
                if fail and not replay:
                    gw.sim.control("fail_next", modem=0, n=1, cms=fail)
                sent = client.call("message.send", key=key, to="0912345678", text="Ma OTP: 727272",
                                   on_unknown="report")
                got = client.call("message.get", id=sent["id"], until="delivered", wait_ms=30000)
                states.append((got["state"], [(a["state"], a.get("reference"), a.get("cause"))
                                              for a in got["attempts"]]))
            if not replay:
                gw.sim.control("write", modem=0, **{"from": "0987654321", "text": "KHANARY 727272"})
            client.next_event(lambda e: e["topic"] == "inbox")
            inbox = client.call("inbox.list")["messages"]
            stats = client.call("gateway.stats")
        states.append((len(inbox), stats["reports"], stats["reports_unmatched"], stats["inbound_refused"]))
        _, trace, _ = otpgatectl(gw, "trace", "m0")
        return states, trace, gw

    def test_a_trace_from_the_shell_brings_the_same_verdicts(self):
        first, trace, _ = self.life(None)
        self.assertNotIn("KHANARY", trace)
        self.assertIn("<deliver:", trace)
        self.assertRegex(trace, r"<report:\d+:\d+:0>")
        with tempfile.NamedTemporaryFile("w", suffix=".trace") as file:
            file.write(trace)
            file.flush()
            second, _, gw = self.life(file.name)
        self.assertEqual(second, first)
        self.assertEqual(gw.sim.accepted_count("0912345678"), 0)  # it was all in the trace


if __name__ == "__main__":
    unittest.main()
