"""Idle means idle: with all modems ready nothing fires between two keepalives, whatever the daemon
has been through before."""

import os
import time
import unittest

from gateway import Gateway

QUIET_S = 3  # watched; shorter than the keepalive of 60 s
CPU_MS_A_MINUTE = 20


class Load:
    """What the kernel counted for a process, all its threads."""

    def __init__(self, pid):
        self.switches = self.cpu_ns = 0
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/status" % (pid, task), encoding="ascii") as status:
                for line in status:
                    if line.startswith("voluntary_ctxt_switches"):
                        self.switches += int(line.split()[1])
            with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as stat:
                self.cpu_ns += int(stat.read().split()[0])


class Idle(unittest.TestCase):
    def is_quiet(self, gw):
        """Waits until it sleeps, then watches: no wake-ups, no CPU. A wait by the clock is what
        is tested here."""
        before = Load(gw.process.pid)
        while True:  # what was under way (the log of the database is written back) has its moment
            time.sleep(1.5)
            now = Load(gw.process.pid)
            if now.switches == before.switches:
                break
            before = now
        said = gw.log()
        time.sleep(QUIET_S)
        after = Load(gw.process.pid)
        # One: the timer of the loop is not set back for a time-out that was cancelled.
        self.assertLessEqual(after.switches - before.switches, 1, gw.log()[len(said):])
        cpu_ms = (after.cpu_ns - before.cpu_ns) / 1e6
        self.assertLess(cpu_ms * 60 / QUIET_S, CPU_MS_A_MINUTE)

    def test_nothing_fires(self):
        """Eight modems; a follower and an idle client; messages that were sent, and delivered."""
        with Gateway(modems=8, latency_ms=10) as gw:
            gw.wait_ready()
            with gw.client() as idle, gw.client() as follower:
                idle.call("gateway.info")
                follower.call("events.follow")
                for i in range(20):
                    follower.call("message.send", key="k%d" % i, to="09123456%02d" % i,
                                  text="Ma OTP: %06d" % i, ttl_s=86400, report=i % 2 == 0)
                for i in range(20):
                    follower.call("message.get", key="k%d" % i, wait_ms=30000,
                                  until="delivered" if i % 2 == 0 else "sent")
                self.is_quiet(gw)

    def test_nothing_fires_when_all_is_gone(self):
        """Ports that are not there are watched for, not looked for; what is queued just waits."""
        with Gateway(modems=8, latency_ms=10, gateway="evidence_wait_s = 0") as gw:
            gw.wait_ready()
            with gw.client() as c:
                for i in range(8):
                    gw.sim.control("registration", modem=i, stat=2)
                c.call("events.follow", topics=["modem"])
                while any(m["state"] in ("ready", "busy")
                          for m in c.call("modem.list")["modems"]):
                    c.next_event()
                c.call("message.send", key="waits", to="0912345678", text="a", ttl_s=86400)
                for i in range(8):
                    gw.sim.control("unplug", modem=i)
                while any(m["state"] != "gone" for m in c.call("modem.list")["modems"]):
                    c.next_event()
                self.is_quiet(gw)
                for i in range(8):
                    gw.sim.control("registration", modem=i, stat=1)
                    gw.sim.control("replug", modem=i)
                got = c.call("message.get", key="waits", until="sent", wait_ms=60000)
                self.assertIn(got["state"], ("sent", "delivered"))

    def test_a_minute_costs_little(self):
        """Keepalives included: played at six times their pace, so a sixth of a minute is one."""
        with Gateway(modems=8, latency_ms=10, gateway="keepalive_s = 10") as gw:
            gw.wait_ready()
            commands = gw.sim.count("command")
            before = Load(gw.process.pid)
            gw.sim.wait("command", commands + 8, timeout_s=30)
            time.sleep(1)
            after = Load(gw.process.pid)
            told = gw.sim.count("command") - commands
            print("8 modems, one keepalive each: %d commands, %.1f ms of CPU, %d wake-ups" % (
                told, (after.cpu_ns - before.cpu_ns) / 1e6, after.switches - before.switches))
            self.assertLess(told, 8 * 8)  # one keepalive is a few commands at the most
            self.assertLess((after.cpu_ns - before.cpu_ns) / 1e6, CPU_MS_A_MINUTE)
            self.assertLess(after.switches - before.switches, 16 * told)


if __name__ == "__main__":
    unittest.main()
