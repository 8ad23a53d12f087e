"""kill -9 at random moments under load: nothing accepted is lost, nothing is doubled unasked.

usage: kill_test.py [KILLS [SEED]]   (OTPGATE_KILLS, 30)
"""

import os
import random
import sys
import time

from gateway import Closed, Gateway


class Load:
    """One client that sends, repeats with the same key after each cut, and keeps the book."""

    def __init__(self, gateway, rng):
        self.gateway = gateway
        self.rng = rng
        self.client = None
        self.book = {}  # key -> {"id", "to", "resend"}
        self.asked = []
        self.pending = {}  # id of the request on the wire -> request
        self.count = 0
        self.refused = 0

    def connect(self):
        self.client = self.gateway.client()
        self.pending = {}
        for request in self.asked:  # not answered before the cut: asked again
            self.ask(request)

    def ask(self, request):
        self.pending[self.client.start("message.send", **request)] = request

    def one(self):
        self.count += 1
        request = {"key": "k%d" % self.count, "to": "09%08d" % self.count, "ttl_s": 3600,
                   "text": "Ma OTP: %06d" % self.count,
                   "report": False,  # a report would settle what was unknown
                   "on_unknown": self.rng.choice(["resend", "report"])}
        self.asked.append(request)
        self.ask(request)

    def hear(self):
        """Takes the answers that have come; raises Closed where the daemon died."""
        line = self.client.read_line()
        request = self.pending.pop(line["id"])
        self.asked.remove(request)
        if "result" in line:
            self.book[request["key"]] = dict(request, id=line["result"]["id"])
        else:  # an estimate of the young daemon: refused is not accepted
            self.refused += 1
            assert line["error"]["data"]["name"] == "overloaded", line


def play(kills, seed):
    rng = random.Random(seed)
    with Gateway(modems=3, latency_ms=30) as gw:
        gw.wait_ready()
        load = Load(gw, rng)
        load.connect()
        for _ in range(kills):
            end = time.monotonic() + rng.uniform(0.0, 0.25)
            left = 16  # a round; more would only be waited for in the end
            while time.monotonic() < end and left > 0:
                for _ in range(rng.randint(1, min(4, left))):
                    load.one()
                    left -= 1
                load.hear()
            if rng.random() < 0.5:  # in the very moment a text leaves
                seen, more = gw.sim.count("pdu"), rng.randint(1, 3)
                for _ in range(more):
                    load.one()
                gw.sim.wait("pdu", seen + more, timeout_s=60)
            gw.kill()
            try:  # what was on its way to us still counts
                while True:
                    load.hear()
            except (Closed, ConnectionResetError):
                pass
            gw.start()
            load.connect()
        while load.asked:
            load.hear()
        return check(gw, load, kills)


def check(gw, load, kills):
    lost, doubled, unasked, resent, unknown = [], [], [], 0, 0
    with gw.client() as client:
        for key, entry in load.book.items():
            got = client.call("message.get", id=entry["id"], until="sent", wait_ms=60000)
            while got["state"] in ("queued", "claimed", "sending"):
                got = client.call("message.get", id=entry["id"], until="sent", wait_ms=60000)
            copies = gw.sim.accepted_count("+84" + entry["to"][1:])
            states = {a["state"] for a in got["attempts"]}
            unknown += got["state"] == "unknown"
            if got["state"] == "sent" and copies == 0:
                lost.append(key)
            if got["state"] not in ("sent", "unknown"):
                lost.append(key)
            if copies > 1:
                doubled.append(key)
                if entry["on_unknown"] != "resend" or copies > 2 or "unknown" not in states:
                    unasked.append(key)
            resent += len(got["attempts"]) > 1
    print("%d kills, %d accepted, %d lost, %d left twice (%d of them unasked), %d unknown" % (
        kills, len(load.book), len(lost), len(doubled), len(unasked), unknown))
    for name, keys in (("lost", lost), ("doubled unasked", unasked)):
        if keys:
            print("%s: %s" % (name, keys[:10]))
    return not lost and not unasked


if __name__ == "__main__":
    KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("OTPGATE_KILLS", "30"))
    SEED = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    print("seed %d" % SEED)
    sys.exit(0 if play(KILLS, SEED) else 1)
