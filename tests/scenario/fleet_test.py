"""Sixteen modems of all makes on the real daemon, in real time, under load, while they hang, vanish, come back under
other names, fill up and lose their network. Nothing is lost, nothing is doubled unasked, the log is bounded. For soaks:

    fleet_test.py [MINUTES [SEED]]      (10 minutes, seed 1)
"""

import random
import sys
import time

from gateway import Gateway, Refused

MODEMS = 16
PROFILES = "generic,huawei,zte,simcom,quectel,telit,ublox,cinterion,aosp"
BACKLOG = 60
HEALED_S = 900  # the longest quarantine and the longest answer, and some
OPEN = ("queued", "claimed", "sending")
LINES_AT_ALL, LINES_A_MODEM, LINES_A_MESSAGE = 100, 40, 12  # a minute, as in tests/world


class Fleet:
    def __init__(self, gateway, client, seed):
        self.sim, self.client = gateway.sim, client
        self.random = random.Random(seed)
        self.link = ["modem%d" % i for i in range(MODEMS)]
        self.sent = {}  # key: (number, on_unknown)
        self.refused = 0

    def strike(self):
        modem, other = self.random.sample(range(MODEMS), 2)
        kind = self.random.choice(["hang", "unhang", "close", "swap", "flood", "lost", "found", "fail", "reset", "silent"])
        call = self.sim.control
        if kind in ("hang", "unhang", "reset"):
            call(kind, modem=modem)
        elif kind == "close":
            call("fault", modem=modem, kind="close", when="now", ms=self.random.randrange(1, 20000))
        elif kind == "swap":
            self.link[modem], self.link[other] = self.link[other], self.link[modem]
            for each in (modem, other):
                call("unplug", modem=each)
            for each in (modem, other):
                call("replug", modem=each, link=self.link[each])
        elif kind == "flood":
            for n in range(30):
                call("write", modem=modem, **{"from": "0912000111", "text": "TTTB %d" % n})
        elif kind in ("lost", "found"):
            call("registration", modem=modem, stat=2 if kind == "lost" else 1)
        elif kind == "fail":
            call("fail_next", modem=modem, n=2, cms=self.random.choice([1, 21, 38, 41, 302, 500, 512]))
        else:
            call("lose_next", modem=modem, n=1, answer=self.random.choice(["none", "lost", "late"]), ms=8000)

    def heal(self):
        for modem in range(MODEMS):
            self.sim.control("fault_clear", modem=modem)
            self.sim.control("unhang", modem=modem)
            self.sim.control("registration", modem=modem, stat=1)
        for modem in range(MODEMS):
            self.client.call("modem.resume", name="m%d" % modem)

    def fill(self):
        """More waits than the modems can bear."""
        waiting = self.client.call("gateway.stats")["by_state"]["queued"]
        for _ in range(BACKLOG - waiting):
            key = "f%d" % len(self.sent)
            number = "090%07d" % len(self.sent)
            what = self.random.choice(["resend", "report"])
            try:
                self.client.call("message.send", key=key, to=number, text="Ma OTP: 123456", ttl_s=120, on_unknown=what)
                self.sent[key] = (number, what)
            except Refused as refused:
                assert refused.name in ("overloaded", "no_modem"), refused
                self.refused += 1
                return

    def open(self):
        states = self.client.call("gateway.stats")["by_state"]
        return sum(states[state] for state in OPEN)

    def check(self):
        ended = {}
        for key, (number, what) in self.sent.items():
            state = self.client.call("message.get", key=key)["state"]
            taken = self.sim.accepted_count(number)
            ended[state] = ended.get(state, 0) + 1
            assert state not in OPEN, "%s has not ended: %s" % (key, state)
            assert taken <= (2 if what == "resend" else 1), "%s was taken %d times (%s)" % (key, taken, what)
            if state in ("sent", "delivered", "undelivered"):
                assert taken >= 1, "%s is %s, and nobody took it" % (key, state)
            if state in ("failed", "expired", "cancelled"):
                assert taken == 0, "%s is %s, and it was taken" % (key, state)
        return ended


def until(sim, seconds, over):
    """Asks each half second; the wait is for what must never come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not over():
        assert sim.wait("violation", 0, timeout_s=1) == 0, sim.violations()
        try:
            sim.control("wait", event="violation", count=1, timeout_ms=500)
        except Exception as late:  # pylint: disable=broad-except
            assert "time" in str(late), late
    return over()


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with Gateway(modems=MODEMS, latency_ms=3000, profile=PROFILES) as gw, gw.client() as client:
        gw.wait_ready()
        fleet = Fleet(gw, client, seed)
        end = time.monotonic() + minutes * 60

        def play():
            fleet.strike()
            fleet.fill()
            return time.monotonic() > end

        until(gw.sim, minutes * 60 + 60, play)
        lines, taken = gw.log().count("\n"), client.call("gateway.stats")
        traffic = sum(taken[name] for name in ("sent", "not_sent", "unknown", "inbound", "reports"))
        most = (LINES_AT_ALL + LINES_A_MODEM * MODEMS) * (minutes + 1) + LINES_A_MESSAGE * traffic
        assert lines <= most, "%d lines of log, %d at most" % (lines, most)
        fleet.heal()
        assert until(gw.sim, HEALED_S, lambda: fleet.open() == 0), "%d have not ended" % fleet.open()
        ended = fleet.check()
        assert ended.get("delivered", 0) + ended.get("sent", 0) > 0, ended
        print("%d accepted, %d refused, %d lines of log: %s" % (len(fleet.sent), fleet.refused, lines, ended))


if __name__ == "__main__":
    main()
