#!/usr/bin/env python3
"""One table of figures, each beside its limit of the same run: see docs/bench.md.

    bench.py --bin build/release/bin [--quick] [--strict] [--dir DIR]

Limits and gateway take turns in short rounds, so that what else the machine does hits both alike;
what is shown is the median of the rounds. Ends with 0 unless the bench itself fails; with --strict
a missed limit is a failure too.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORK_MS = 2500  # of a real submit: what the share of modem time is reckoned for
SLOW_FLUSH_NS = 1e6
IDLE_S = 20        # watched, with one keepalive in it


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", required=True, help="where otpgated and otpgate-modemsim are")
    parser.add_argument("--quick", action="store_true", help="one short round: does the bench work?")
    parser.add_argument("--history", type=int, help="verifications that lie behind, at the most "
                        "(%(default)s: half a minute or more to fill in)", default=1000000)
    parser.add_argument("--dir", help="where the databases lie while it runs (a temporary folder)")
    parser.add_argument("--strict", action="store_true", help="a missed limit is a failure")
    return parser.parse_args()


ARGS = arguments()
os.environ["OTPGATE_BIN"] = os.path.abspath(ARGS.bin)
TOOLS = os.path.join(os.path.dirname(os.path.abspath(ARGS.bin)), "tests")
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "scenario"))
import gateway as scenario  # noqa: E402

ROUNDS = 1 if ARGS.quick else 5
QUEUE = 10000 if ARGS.quick else 100000
SCALE = 0.2 if ARGS.quick else 1


def scaled(count):
    return max(2, int(count * SCALE))


def for_seconds(seconds, flushes, flush_ns, most):
    """How many of what waits for the disk so many times: a slow disk must not make a long bench."""
    return max(20, min(scaled(most), int(seconds * 1e9 / (flushes * flush_ns + 300e3))))


# --- the table ---------------------------------------------------------------------------------------

class Table:
    def __init__(self):
        self.rows = []
        self.missed = 0
        self.flushes = []

    def add(self, what, figure, limit="", compared="", good=None):
        """good: None where nothing is demanded."""
        verdict = "" if good is None else "within" if good else "OUTSIDE"
        self.missed += good is False
        self.rows.append((what, figure, limit, compared, verdict))

    def show(self):
        lines = [("", "gateway", "limit", "compared (demanded)", "verdict")] + self.rows
        widths = [max(len(line[i]) for line in lines) for i in range(5)]
        for line in lines:
            print("  ".join([line[0].ljust(widths[0]), line[1].rjust(widths[1]),
                             line[2].rjust(widths[2]), line[3].ljust(widths[3]),
                             line[4]]).rstrip())


def ms(ns):
    return "%.2f ms" % (ns / 1e6)


def us(ns):
    return "%.0f us" % (ns / 1e3)


def rate(per_s):
    return "%.0f /s" % per_s


# --- what runs ---------------------------------------------------------------------------------------

def tool(name, *args, timeout_s=120):
    """Runs one of the C programs to its end; its JSON."""
    done = subprocess.run([os.path.join(TOOLS, name)] + [str(a) for a in args],
                          capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode != 0:
        raise RuntimeError("%s %s: %s" % (name, " ".join(map(str, args)), done.stderr))
    return json.loads(done.stdout)


class Server:
    """One of the C programs that serve until they are ended."""

    def __init__(self, *args):
        self.process = subprocess.Popen([os.path.join(TOOLS, "bench_limit")] + list(args),
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("bench_limit %s did not come up" % " ".join(args))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Bed:
    """A gateway on the first `served` modems of a simulator of its own; the others are the limit's."""

    def __init__(self, root, name, modems, served, keepalive_s=60):
        folder = os.path.join(root, name)
        os.makedirs(folder)
        config = ("[gateway]\nsocket = %s/otpgate.sock\nstate_dir = %s/state\nkeepalive_s = %d\n"
                  "max_connections = 128\n" % (folder, folder, keepalive_s))
        for i in range(served):
            config += "[modem m%d]\nport = %s/ports/modem%d\n" % (i, folder, i)
        self.gateway = scenario.Gateway(modems=modems, latency_ms=0, keep=folder, config=config)
        self.sim = self.gateway.sim
        self.sim.control("timing", report_ms=86400000)  # no reports while we look
        self.gateway.wait_ready(served)
        self.socket = self.gateway.socket
        self.pid = self.gateway.process.pid
        self.read_to = 0

    def close(self):
        self.gateway.close()

    def events(self):
        """What the simulator has logged since the last call."""
        self.sim.control("stats")  # any call flushes the log
        with open(self.sim.log_path, "rb") as log:
            log.seek(self.read_to)
            data = log.read()
        self.read_to += len(data)
        return [json.loads(line) for line in data.splitlines()]

    def send(self, count, clients=1):
        return tool("bench_client", "load", self.socket, min(clients, count), count)

    def send_and_wait(self, count, clients=1):
        """Until the modem has answered them all; from the first request to the last answer, in ns."""
        self.events()
        before = self.sim.count("accepted")
        began = self.send(count, clients)["from_ns"]
        self.sim.wait("accepted", before + count, timeout_s=60)
        deadline = time.monotonic() + 60
        answers = []
        while len(answers) < count:
            answers += [e["ns"] for e in self.events()
                        if e["event"] == "result" and e.get("modem") == 0 and e.get("submit")]
            if time.monotonic() > deadline:
                raise RuntimeError("%d of %d messages were answered" % (len(answers), count))
        return max(answers) - began

    def hold(self, held):
        """Without a network nothing is sent, and what comes is queued."""
        self.sim.control("registration", modem=0, stat=2 if held else 1)
        wanted = ("registering",) if held else ("ready", "busy")
        with self.gateway.client() as client:
            client.call("events.follow", topics=["modem"])
            while client.call("modem.list")["modems"][0]["state"] not in wanted:
                client.next_event(lambda e: e["topic"] == "modem")

    def cpu_ns(self):
        with open("/proc/%d/schedstat" % self.pid, encoding="ascii") as stat:
            return int(stat.read().split()[0])

    def rss_kb(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        raise RuntimeError("no VmRSS")


class Disk:
    """What one flush costs, asked in every round: the rates are worth nothing without it."""

    def __init__(self, root):
        self.root = root
        self.rounds = []
        self.tails = []

    def flush_ns(self, count=40):
        done = tool("bench_limit", "flush", self.root, count)
        self.rounds.append(done["p50_ns"])
        self.tails.append(done["p99_ns"])
        return done["p50_ns"]


def gaps(events, modem, first="result", then="pdu"):
    """From each answer to a message to the next event `then` of that modem, in ns."""
    found, since = [], None
    for event in events:
        if event.get("modem") != modem:
            continue
        if event["event"] == first and event.get("submit"):
            since = event["ns"]
        elif event["event"] == then and since is not None:
            found.append(event["ns"] - since)
            since = None
    return found


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


# --- the rows ----------------------------------------------------------------------------------------

def bench_latency(table, bed, limit_db, disk):
    """A request at an idle modem; both modems hang on the same simulator."""
    count = scaled(80)
    medians, ours, theirs, flushes = [], [], [], []
    path = os.path.join(bed.gateway.dir, "limit.sock")
    with Server("serve", path, bed.sim.port(1), limit_db):
        for _ in range(ROUNDS):
            flushes.append(disk.flush_ns())
            bed.events()
            sent = tool("bench_client", "turns", count, 10, bed.socket, path)
            time.sleep(0.1)  # the last dialogue
            left = {0: [], 1: []}
            for event in bed.events():
                if event["event"] == "pdu":
                    left[event["modem"]].append(event["ns"])
            if [len(left[0]), len(left[1])] != [count, count]:
                raise RuntimeError("messages went astray: %d, %d" % (len(left[0]), len(left[1])))
            took = [[b - a for a, b in zip(sent[i::2], left[i])] for i in (0, 1)]
            medians.append([statistics.median(t) for t in took])
            ours += took[0]
            theirs += took[1]
    mine, limit = (statistics.median(m[i] for m in medians) for i in (0, 1))
    table.add("request to Ctrl-Z at an idle modem, p50", ms(mine), ms(limit),
              "%.2f x (at most 2)" % (mine / limit), mine <= 2 * limit)
    mine, limit = percentile(ours, 0.99), percentile(theirs, 0.99)
    table.add("  p99", ms(mine), ms(limit), "%.2f x" % (mine / limit))
    table.add("  one flush meanwhile (two are in it)", "", us(statistics.median(flushes)))


def bench_rate(table, bed, limit_db, disk):
    found = {"blind": [], "commits": [], "gateway": [], "cpu": [], "limit_cpu": [], "flush": []}
    for _ in range(ROUNDS):
        found["flush"].append(disk.flush_ns())
        count = for_seconds(2, 2, found["flush"][-1], 1500)
        blind = tool("bench_limit", "replay", bed.sim.port(1), count)
        limit = tool("bench_limit", "commits", bed.sim.port(1), count, limit_db)
        cpu_ns = bed.cpu_ns()
        took_ns = bed.send_and_wait(count, clients=8)
        found["cpu"].append((bed.cpu_ns() - cpu_ns) / count)
        found["gateway"].append(count * 1e9 / took_ns)
        found["blind"].append(count * 1e9 / blind["ns"])
        found["commits"].append(count * 1e9 / limit["ns"])
        found["limit_cpu"].append(limit["cpu_ns"] / count)
    value = {name: statistics.median(values) for name, values in found.items()}
    share = value["gateway"] / value["commits"]
    table.add("messages a second, modem without latency", rate(value["gateway"]),
              rate(value["commits"]), "%.2f (at least 0.5)" % share, share >= 0.5)
    table.add("  beside the dialogue alone", rate(value["gateway"]), rate(value["blind"]),
              "%.2f" % (value["gateway"] / value["blind"]))
    table.add("  one flush meanwhile (two a message)", "", us(value["flush"]))
    table.add("CPU of a message", us(value["cpu"]), us(value["limit_cpu"]),
              "%.2f x" % (value["cpu"] / value["limit_cpu"]))


def share_round(bed, latency_ms, limit_db):
    """Mean time from an answer to the next Ctrl-Z: gateway, dialogue alone, the same with commits."""
    count = 20
    limits = [["replay", bed.sim.port(1), str(count)], ["commits", bed.sim.port(2), str(count), limit_db]]
    bed.events()
    before = bed.sim.count("accepted", 0)
    running = [subprocess.Popen([os.path.join(TOOLS, "bench_limit")] + args,
                                stdout=subprocess.DEVNULL) for args in limits]
    try:
        bed.send(count)
        bed.sim.wait("accepted", before + count, modem=0, timeout_s=60)
    finally:
        failed = [process.wait(60) for process in running]
    if any(failed):
        raise RuntimeError("the replayer failed")
    time.sleep(latency_ms / 1000 + 0.05)  # the last answer
    events = bed.events()
    return [statistics.mean(gaps(events, modem)) for modem in range(3)]


def show_share(table, found, flush_ns):
    mine, blind, commits = (statistics.median(column) for column in zip(*found))
    share = [NETWORK_MS / (NETWORK_MS + gap / 1e6) for gap in (mine, blind, commits)]
    table.add("share of modem time at %.1f s a submit" % (NETWORK_MS / 1000),
              "%.3f %%" % (100 * share[0]), "%.3f %%" % (100 * share[1]),
              "%.3f %% (at least 99.9)" % (100 * share[0] / share[1]), share[0] >= 0.999 * share[1])
    table.add("  beside the dialogue with two commits", "", "%.3f %%" % (100 * share[2]),
              "%.3f %%" % (100 * share[0] / share[2]))
    table.add("  between an answer and the next Ctrl-Z", ms(mine),
              "%s, %s" % (ms(blind), ms(commits)))
    table.add("  one flush meanwhile (two are in it)", "", us(flush_ns))


def inbound_round(bed, latency_ms, loaded):
    """Mean time from an answer to the next Ctrl-Z, with a message and a report in for each one out."""
    count = 20
    bed.events()
    before = bed.sim.count("accepted", 0)
    bed.sim.control("timing", report_ms=latency_ms // 2 if loaded else 86400000)
    bed.send(count)
    for i in range(count if loaded else 0):
        bed.sim.control("write", modem=0, **{"from": "+84987654321", "text": "TTTB %d" % i})
        time.sleep(latency_ms / 1000)
    bed.sim.wait("accepted", before + count, modem=0, timeout_s=60)
    bed.sim.control("timing", report_ms=86400000)
    time.sleep(latency_ms / 1000 + 0.05)  # the last answer
    return statistics.mean(gaps(bed.events(), 0))


def bench_share_inbound(table, bed):
    """What comes back takes the wire between two submits and nothing else."""
    latency_ms = 50 if ARGS.quick else 150
    bed.sim.control("timing", latency_ms=latency_ms)
    found = [(inbound_round(bed, latency_ms, True), inbound_round(bed, latency_ms, False))
             for _ in range(min(ROUNDS, 3))]
    bed.sim.control("timing", latency_ms=0)
    loaded, quiet = (statistics.median(column) for column in zip(*found))
    share = [NETWORK_MS / (NETWORK_MS + gap / 1e6) for gap in (loaded, quiet)]
    table.add("share of modem time, a message and a report in for each out",
              "%.3f %%" % (100 * share[0]), "%.3f %%" % (100 * share[1]),
              "%.3f %% (at least 99)" % (100 * share[0] / share[1]), share[0] >= 0.99 * share[1])
    table.add("  between an answer and the next Ctrl-Z", ms(loaded), ms(quiet))


def bench_share_and_idle(table, root, bed, limit_db, disk):
    """While eight idle modems are watched, a busy one is: neither costs the machine anything."""
    latency_ms = 50 if ARGS.quick else 150
    idle = Bed(root, "idle", 8, 8, keepalive_s=IDLE_S)
    try:
        rss_kb, cpu_ns, began = idle.rss_kb(), idle.cpu_ns(), time.monotonic()
        bed.sim.control("timing", latency_ms=latency_ms)
        found, flushes = [], []
        for _ in range(min(ROUNDS, 4)):
            flushes.append(disk.flush_ns())
            found.append(share_round(bed, latency_ms, limit_db))
        bed.sim.control("timing", latency_ms=0)
        time.sleep(max(0, began + (4 if ARGS.quick else IDLE_S) - time.monotonic()))
        seconds = time.monotonic() - began
        idle_ms = (idle.cpu_ns() - cpu_ns) / 1e6 * 60 / seconds
    finally:
        idle.close()
    show_share(table, found, statistics.median(flushes))
    table.add("CPU of 8 idle modems, a minute", "%.1f ms" % idle_ms, "20 ms",
              "keepalive every %d s" % IDLE_S, idle_ms < 20)
    table.add("memory with 8 modems", "%.1f MiB" % (rss_kb / 1024))


def bench_accepts(table, bed, limit_db, root, disk):
    """Accepts while the modem has no network: they fill the queue that the next rows need."""
    path = os.path.join(root, "echo.sock")
    found = {1: [], 64: []}
    with Server("echo", path):
        for _ in range(ROUNDS):
            alone = for_seconds(1, 1, disk.flush_ns(), QUEUE // ROUNDS // 10)
            for clients, count in ((1, alone), (64, QUEUE // ROUNDS - alone)):
                echo = tool("bench_client", "load", path, clients, count)["ns"] / count
                done = tool("bench_limit", "rows", limit_db, max(1, count // clients // 2), clients)
                commit = done["ns"] / done["count"]
                mine = bed.send(count, clients)["ns"] / count
                found[clients].append((1e9 / mine, 1e9 / echo, 1e9 / commit, 1e9 / (echo + commit)))
    for clients, rounds in found.items():
        mine, echo, commit, both = (statistics.median(column) for column in zip(*rounds))
        table.add("durable accepts a second, %d client%s" % (clients, "s" if clients > 1 else ""),
                  rate(mine), rate(both), "%.2f" % (mine / both))
        table.add("  echo alone, group commit alone", "", "%.0f, %s" % (echo, rate(commit)))


def bench_queue(table, small, large, rss_before_kb):
    """From an answer to the next command, with ten queued and with a hundred thousand, at once. The
    network is taken away from a resting modem only: one that loses it in a submit is left in peace
    for half a minute."""
    rss_kb = large.rss_kb()
    for bed in (small, large):
        bed.sim.control("timing", latency_ms=20)
        bed.events()
    large.hold(False)
    for _ in range(2 * ROUNDS):
        small.hold(True)
        before = small.sim.count("accepted", 0)
        small.send(10)
        small.hold(False)
        small.sim.wait("accepted", before + 10, modem=0, timeout_s=60)
        time.sleep(0.1)  # the last answer
    few, many = (statistics.median(gaps(
        [e for e in bed.events() if e["event"] == "result" or e.get("line", "").startswith("AT+CMGS")],
        0, then="command")) for bed in (small, large))
    table.add("from an answer to the next command, 10 queued", us(few))
    table.add("  %d queued" % QUEUE, us(many), us(few), "%.2f x (at most 1.25)" % (many / few),
              many <= 1.25 * few)
    table.add("memory with %d queued" % QUEUE, "%.1f MiB" % (rss_kb / 1024),
              "%.1f MiB" % (rss_before_kb / 1024), "%+.1f MiB (at most 16)" % (
                  (rss_kb - rss_before_kb) / 1024), rss_kb - rss_before_kb <= 16 * 1024)


def bench_codes(table, root):
    """Starts and checks with little and with much history, in turns; below the socket, 64 a commit.
    A message.send is cancelled at once, as a start is by its check."""
    history = 10000 if ARGS.quick else ARGS.history
    folders = os.path.join(root, "codes")
    for count in (1000, history):
        os.makedirs(os.path.join(folders, str(count)))
    few, many = tool("bench_otp", folders, min(2 * ROUNDS + 1, 9), scaled(1280), 1000, history,
                     timeout_s=900)
    for call in ("start", "check"):
        small, large, sends = (statistics.median(rates) for rates in
                               (few[call], many[call], many["send"]))
        share = statistics.median(b / a for a, b in zip(few[call], many[call]))
        table.add("otp.%s a second, %d of history" % (call, history), rate(large), rate(small),
                  "%.2f of it with 1000 (at least 0.75)" % share, share >= 0.75)
        table.add("  beside message.send and its cancel", "", rate(sends), "%.2f" % (large / sends))
    shutil.rmtree(folders)


def bench_turns(table, root, disk):
    """How long one turn of the loop may take when much is due at once: the longest of each round,
    and the longest flush of as many right before it, on the same disk."""
    rows = 1000 if ARGS.quick else 10000
    rounds, flushes = [], []
    for n in range(min(ROUNDS, 3)):
        folder = os.path.join(root, "turns-%d" % n)
        os.makedirs(folder)
        flushes.append(disk.flush_ns(400) and disk.tails[-1])
        rounds.append(tool("bench_turns", folder, rows, timeout_s=300))
        shutil.rmtree(folder)

    def longest(kinds, which):
        return statistics.median(max(r[kind][which]["longest"] for kind in kinds) for r in rounds) * 1e3

    for what, kinds in (("%d messages are purged" % rows, ["purge"]),
                        ("%d expire, wake, or get no report" % rows, ["expire", "wake", "reports"])):
        worked = longest(kinds, "worked_us")
        table.add("longest turn while " + what, ms(worked), "10.00 ms",
                  "of the processor (at most the limit)", worked <= 10e6)
        table.add("  with its COMMIT (a flush is in it: p99 of as many)", ms(longest(kinds, "took_us")),
                  ms(statistics.median(flushes)))


def bench_flush(table, disk):
    table.flushes = disk.rounds
    table.add("one flush of this disk (fdatasync), all rounds", "", us(statistics.median(disk.rounds)),
              "worst round %s, p99 %s" % (us(max(disk.rounds)), us(max(disk.tails))))


def stage(name, bench, *args):
    """A bench of minutes says where it is."""
    began = time.monotonic()
    bench(*args)
    print("bench: %s, %.0f s" % (name, time.monotonic() - began), file=sys.stderr)


def run(root, table):
    main = Bed(root, "main", 3, 1)
    large, disk = None, Disk(root)
    try:
        bed = Bed(root, "schema", 1, 1)
        bed.close()
        limit_db = os.path.join(root, "limit.db")
        shutil.copy(os.path.join(bed.gateway.state_dir, "otpgate.db"), limit_db)
        main.send_and_wait(50)  # both warm, and the gateway knows how fast its modem is
        tool("bench_limit", "commits", main.sim.port(1), 50, limit_db)
        stage("latency", bench_latency, table, main, limit_db, disk)
        stage("rate", bench_rate, table, main, limit_db, disk)
        stage("modem time, idle", bench_share_and_idle, table, root, main, limit_db, disk)
        stage("modem time with inbound", bench_share_inbound, table, main)
        large = Bed(root, "large", 1, 1)
        large.send_and_wait(50)
        large.hold(True)
        rss_kb = large.rss_kb()
        stage("accepts", bench_accepts, table, large, limit_db, root, disk)
        stage("queue", bench_queue, table, main, large, rss_kb)
        stage("codes", bench_codes, table, root)
        stage("turns", bench_turns, table, root, disk)
        bench_flush(table, disk)
    finally:
        main.close()
        if large:
            large.gateway.kill()  # a hundred thousand wait: no need to be kind
            large.close()


def main():
    began = time.monotonic()
    table = Table()
    root = tempfile.mkdtemp(prefix="otpgate-bench-", dir=ARGS.dir)
    try:
        run(root, table)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    table.show()
    if SLOW_FLUSH_NS < statistics.median(table.flushes):
        print("This disk takes its time over a flush: figures with flushes in them tell of the disk. "
              "--dir /dev/shm shows the rest.")
    print("%d CPUs, load %.1f, %.0f s%s" % (os.cpu_count(), os.getloadavg()[0],
                                          time.monotonic() - began,
                                          ", %d outside" % table.missed if table.missed else ""))
    return 1 if ARGS.strict and table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
