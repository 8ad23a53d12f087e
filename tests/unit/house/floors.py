#!/usr/bin/env python3
"""floors: the rules of the house that a compiler does not check.

  floors.py ROOT        prints each breach as file:line: what; exit status 1 where there is one
  floors.py --self-test plants one breach of each rule in a small tree and sees it noticed

Includes point down, never in a circle; a foreign library's header stays in its room; nobody but
drivers/base reads a clock or touches a modem's port; a room has at most 700 lines and a function at
most 60; a header says first what it is for.
"""
import pathlib
import re
import sys
import tempfile

ROOM_LINES = 700
FUNCTION_LINES = 60

# Each floor, and the floors it may include from (its own is implied). The longest folder that matches counts.
FLOORS = {
    "drivers/base": [],
    "drivers/sms": ["drivers/base"],
    "drivers": ["drivers/base", "drivers/sms"],  # link.h
    "drivers/at": ["drivers/base", "drivers/sms", "drivers"],
    "drivers/gammu": ["drivers/base", "drivers/sms", "drivers"],
    "drivers/gammu/helper": ["drivers/base", "drivers/sms", "drivers", "drivers/gammu"],
    "daemon/config": ["drivers/base", "drivers/sms"],
    "daemon/store": ["drivers/base", "drivers/sms"],
    "daemon/modems": ["drivers/base", "drivers/sms", "drivers", "daemon/config", "daemon/store"],
    "daemon/core": ["drivers/base", "drivers/sms", "drivers", "daemon/config", "daemon/store",
                    "daemon/modems"],
    "daemon/subscriber": ["drivers/base", "drivers/sms"],
    "daemon/otp": ["drivers/base", "drivers/sms", "drivers", "daemon/config", "daemon/store",
                   "daemon/modems", "daemon/core"],
    "daemon/owncheck": ["drivers/base", "drivers/sms", "drivers", "daemon/config", "daemon/store",
                        "daemon/modems", "daemon/core", "daemon/subscriber"],
    "daemon/front": ["drivers/base", "drivers/sms", "drivers", "daemon/config", "daemon/store",
                     "daemon/modems", "daemon/core", "daemon/otp", "daemon/owncheck",
                     "daemon/subscriber", "proto"],
    "daemon": ["drivers/base", "drivers/sms", "drivers", "drivers/at", "drivers/gammu", "daemon/config",
               "daemon/store", "daemon/modems", "daemon/core", "daemon/otp", "daemon/subscriber",
               "daemon/front", "proto"],
    "proto": [],
    "proto/client": ["proto"],
    # The simulated modem decodes with code of its own, so that the two check each other.
    "tests/sim": ["drivers/base"],
}

# A foreign header, and the only places it may stand in (path prefixes). Tests may look at anything that
# is named with "tests/".
FOREIGN = {
    r"sqlite3\.h": ["daemon/store/", "tests/bench/", "tests/world/", "tests/unit/store/"],
    r"sodium(/.*)?\.h": ["daemon/store/", "tests/unit/store/"],
    r"libserialport\.h": ["drivers/base/serial", "drivers/base/port"],
    r"event(2/.*)?\.h|evhttp\.h|evutil\.h": ["drivers/base/loop_event.c"],
    r"pthread\.h|threads\.h": ["drivers/base/offload.c", "tests/"],
    r"jansson\.h": ["proto/", "daemon/front/", "tests/"],
    r"gammu(-.*|/.*)?\.h": ["drivers/gammu/helper/gammu_phone.c", "tests/unit/sms/"],
    r"seccomp\.h|linux/landlock\.h": ["drivers/gammu/helper/gammu_sandbox.c"],
    r"ini\.h": ["daemon/config/", "daemon/subscriber/subscriber_rules"],
    r"utf8proc\.h": ["daemon/subscriber/subscriber_fold"],
    r"libudev\.h": ["drivers/base/hotplug"],
    r"systemd/.*": ["daemon/main", "daemon/front/server", "drivers/base/log.c"],
    r"(n?curses|panel)\.h": ["proto/client/"],
    r"cmocka\.h": ["tests/"],
}

# Calls that only some places may make.
CALLS = [
    ("a clock", r"time|clock_gettime|gettimeofday|ftime|nanosleep|clock_nanosleep|usleep|sleep",
     ["drivers/", "daemon/", "proto/"],
     # the client library waits with time-outs of its own, in the client's process
     ["drivers/base/", "proto/client/"]),
    ("bytes of a port", r"read|write|open|openat|ioctl|tcsetattr|tcgetattr|poll|select|epoll_wait",
     ["drivers/sms/", "drivers/at/", "daemon/modems/", "daemon/core/"], []),
]

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*(<[^>]+>|"[^"]+")')


def sources(root):
    for top in ("drivers", "daemon", "proto", "tests"):
        for path in sorted((root / top).rglob("*.[ch]")):
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def floor_of(name):
    folder = name.rsplit("/", 1)[0]
    while folder:
        if folder in FLOORS:
            return folder
        folder = folder.rpartition("/")[0]
    return None


def without_comments(text):
    """Comments and literals become blanks, lines stay lines."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text,
                  flags=re.S)


def resolve(files, name, wanted):
    """The file of this tree that `#include "wanted"` means, or None."""
    beside = f"{name.rsplit('/', 1)[0]}/{wanted}"
    if beside in files:
        return beside
    found = [other for other in files if other.endswith("/" + wanted)]
    # a test's own helper never shadows a header of the house
    return min(found, key=lambda other: (other.startswith("tests/"), other), default=None)


def check_includes(files, breaches):
    graph = {}
    for name, text in files.items():
        floor = floor_of(name)
        for number, line in enumerate(text.split("\n"), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            header = match.group(1)[1:-1]
            if match.group(1)[0] == "<":
                check_foreign(name, number, header, breaches)
                continue
            if "/" in header:
                breaches.append((name, number, f"includes by path: {header}"))
            target = resolve(files, name, header)
            if target is None:
                continue
            if name.endswith(".h"):
                graph.setdefault(name, {}).setdefault(target, (name, number))
            below = floor_of(target)
            if floor and below != floor and below not in FLOORS[floor]:
                breaches.append((name, number, f"points up: {floor} includes {target}"))
    check_circles(graph, breaches)


def check_foreign(name, number, header, breaches):
    for pattern, rooms in FOREIGN.items():
        if re.fullmatch(pattern, header) and not any(name.startswith(room) for room in rooms):
            breaches.append((name, number, f"<{header}> outside its room"))


def check_circles(graph, breaches):
    done = set()

    def visit(header, path):
        if header in path:
            circle = path[path.index(header):] + [header]
            where = graph[circle[-2]][header]
            breaches.append((*where, "a circle of includes: " + " > ".join(circle)))
            return
        if header in done:
            return
        for other in graph.get(header, {}):
            visit(other, path + [header])
        done.add(header)

    for header in sorted(graph):
        visit(header, [])


def check_calls(name, text, breaches):
    for what, names, everywhere, allowed in CALLS:
        if not any(name.startswith(place) for place in everywhere):
            continue
        if any(name.startswith(place) for place in allowed):
            continue
        # not a member, not part of a longer name, and not a declaration of a function pointer
        pattern = re.compile(rf"(?<![\w.>*])({names})\s*\(")
        for number, line in enumerate(text.split("\n"), 1):
            for match in pattern.finditer(line):
                breaches.append((name, number, f"{what} outside drivers/base: {match.group(1)}()"))


def check_lengths(name, text, breaches):
    lines = text.split("\n")
    if len(lines) - 1 > ROOM_LINES:
        breaches.append((name, len(lines) - 1, f"over {ROOM_LINES} lines"))
    if name.startswith("tests/"):
        return
    # clang-format keeps a function's braces, and no others, alone in the first column
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif start and line.startswith("}"):
            if number - start + 1 > FUNCTION_LINES:
                breaches.append((name, start, f"a function of {number - start + 1} lines"))
            start = None


def check_head(name, text, breaches):
    if name.endswith(".h") and not text.startswith("/* "):
        breaches.append((name, 1, "the head does not say what it is for"))


def check(root):
    files = dict(sources(root))
    breaches = []
    check_includes(files, breaches)
    for name, text in files.items():
        check_calls(name, without_comments(text), breaches)
        check_lengths(name, text, breaches)
        check_head(name, text, breaches)
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                breaches.append((name, number, "an unfinished mark"))
    return breaches


# --- the proof that it can fail ------------------------------------------------------------------------

SOUND = {
    "drivers/base/loop.h": "/* loop: time. */\n",
    "drivers/base/loop.c": '#include "loop.h"\n#include <time.h>\nlong now(void)\n{\n'
                           "    return time(NULL);\n}\n",
    "drivers/base/loop_event.c": "#include <event2/event.h>\n",
    "drivers/sms/pdu.h": '/* pdu: octets. */\n#include "loop.h"\n',
    "drivers/link.h": '/* link: the contract. */\n#include "pdu.h"\n',
    "drivers/at/at_link.h": '/* at_link: AT. */\n#include "link.h"\n',
    "drivers/at/at_link.c": '#include "at_link.h"\n/* time(NULL) is not ours */\n'
                            "void f(struct s *s)\n{\n    s->write(s, 1);\n    stream_write(s);\n}\n",
    "daemon/core/gateway.h": '/* gateway: decides. */\n#include "link.h"\n',
    "daemon/front/front.h": '/* front: the door. */\n#include <jansson.h>\n#include "gateway.h"\n'
                            '#include "wire.h"\n',
    "daemon/main.c": '#include "front.h"\n#include "at_link.h"\n',
    "proto/wire.h": "/* wire: lines. */\n#include <jansson.h>\n",
    "tests/unit/at/at_test.c": '#include <cmocka.h>\n#include "at_link.h"\n#include "gateway.h"\n',
    "tests/sim/modem.c": '#include "loop.h"\n#include <jansson.h>\n',
}

PLANTED = [
    ("drivers/base/up.c", '#include "pdu.h"\n', "points up"),
    ("drivers/sms/up.c", '#include "link.h"\n', "points up"),
    ("drivers/at/up.c", '#include "gateway.h"\n', "points up"),
    ("daemon/modems/up.c", '#include "gateway.h"\n', "points up"),
    ("daemon/core/up.c", '#include "at_link.h"\n', "points up"),
    ("daemon/core/up.c", '#include "front.h"\n', "points up"),
    ("daemon/core/across.c", '#include "wire.h"\n', "points up"),
    ("proto/across.c", '#include "loop.h"\n', "points up"),
    ("tests/sim/borrowed.c", '#include "pdu.h"\n', "points up"),
    ("daemon/core/path.c", '#include "../../drivers/link.h"\n', "includes by path"),
    ("drivers/base/a.h", '/* a: */\n#include "b.h"\n', "a circle"),
    ("daemon/core/db.c", "#include <sqlite3.h>\n", "outside its room"),
    ("drivers/base/loop_sim.c", "#  include <event2/event.h>\n", "outside its room"),
    ("drivers/base/worker.c", "#include <pthread.h>\n", "outside its room"),
    ("daemon/core/json.c", "#include <jansson.h>\n", "outside its room"),
    ("drivers/sms/oracle.c", "#include <gammu/gammu.h>\n", "outside its room"),
    ("drivers/at/serial.c", "#include <libserialport.h>\n", "outside its room"),
    ("daemon/front/key.c", "#include <sodium.h>\n", "outside its room"),
    ("daemon/core/clock.c", "int f(void)\n{\n    return time(NULL);\n}\n", "a clock"),
    ("daemon/store/clock.c", "int f(void)\n{\n    return clock_gettime(0, p);\n}\n", "a clock"),
    ("drivers/at/tty.c", "int f(void)\n{\n    return write(1, p, 2);\n}\n", "bytes of a port"),
    ("drivers/at/long.c", "int f(void)\n{\n" + "    g();\n" * 59 + "}\n", "a function of 61 lines"),
    ("tests/unit/long_test.c", "int x;\n" * 701, "over 700 lines"),
    ("daemon/core/bare.h", "#ifndef A\n#endif\n", "the head"),
    ("daemon/core/later.c", "/* TO" "DO: the rest */\n", "an unfinished mark"),
]


def plant(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def self_test():
    failed = 0
    for name, text, expected in [("", "", "")] + PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for good, content in SOUND.items():
                plant(root, good, content)
            if name:
                plant(root, name, text)
            if expected == "a circle":
                plant(root, "drivers/base/b.h", '/* b: */\n#include "a.h"\n')
            breaches = check(root)
            wanted = 1 if name else 0
            if len(breaches) != wanted or any(expected not in what for _, _, what in breaches):
                failed += 1
                print(f"planted {name!r} ({expected}), found {breaches}")
    print(f"{len(PLANTED)} planted breaches, {failed} not noticed as they should")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    breaches = check(pathlib.Path(sys.argv[1]))
    for name, number, what in sorted(set(breaches)):
        print(f"{name}:{number}: {what}")
    print(f"{len(set(breaches))} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
