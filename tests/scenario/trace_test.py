"""The flight recorder: a dialogue followed as it happens."""

import os
import re
import subprocess
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


if __name__ == "__main__":
    unittest.main()
