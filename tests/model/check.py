#!/usr/bin/env python3
"""check: runs spin over attempt.pml, and over each of its broken variants.

  check.py ROOT [--whole]

Three things are held: the model knows exactly the states of the code's enums; as it stands it has no fault
and every run of it ends; each BREAK_... (one rule left out) is found out. A model that cannot fail proves
nothing.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

MEMORY_MB = 1536
# Fewer tries of everything: enough to meet every rule, and, fewer still, for a broken one to show and for a
# run that never ends. With --whole the model as it stands is searched as it is written (./run soak).
MEDIUM = ["-DCRASHES=2", "-DCRASHES_MAX=2", "-DNOTHING_SENT_MAX=3"]
TINY = ["-DCRASHES=1", "-DCRASHES_MAX=1", "-DTROUBLE=1", "-DNOTHING_SENT_MAX=2"]
SMALL = ["-DCRASHES=2", "-DCRASHES_MAX=2", "-DTROUBLE=1", "-DNOTHING_SENT_MAX=2"]

# mtype of the model: header and enum of the code, and what the model adds for "no row yet".
NAMES = [
    ("message", "daemon/store/store.h", "message_state", {"MESSAGE_NONE"}),
    ("attempt", "daemon/store/store.h", "attempt_state", {"ATTEMPT_NONE"}),
    ("slot", "daemon/modems/modem.h", "slot_state", set()),
    ("verdict", "drivers/sms/outcome.h", "sms_verdict", {"SMS_NONE"}),
]


def names_of(text, pattern):
    match = re.search(pattern, re.sub(r"/\*.*?\*/", "", text, flags=re.S))
    if not match:
        return None
    return {name.split("=")[0].strip() for name in match.group(1).split(",") if name.strip()}


def check_names(root, model):
    faults = []
    for mtype, header, enum, added in NAMES:
        ours = names_of(model, rf"mtype:{mtype}\s*=\s*\{{([^}}]*)\}}") - added
        path = root / header
        theirs = names_of(path.read_text(), rf"enum\s+{enum}\s*\{{([^}}]*)\}}") if path.exists() else None
        if theirs != ours:
            faults.append(f"{header}: enum {enum} is {theirs}, the model says {ours}")
    return faults


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.returncode, done.stdout


def search(model, defines, cycles=False, optimise="-O2"):
    """The errors that spin finds, and the states it has seen; None where the search did not complete."""
    with tempfile.TemporaryDirectory(prefix="otpgate-model-") as folder:
        mode = ["-DNP"] if cycles else ["-DSAFETY"]
        for command in (["spin", *defines, "-a", str(model)],
                        ["gcc", "-w", optimise, "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", *mode, "-o", "pan",
                         "pan.c"]):
            status, out = run(folder, *command)
            if status:
                print(out)
                return None, 0, out
        _, out = run(folder, "./pan", "-m400000", *(["-l"] if cycles else []))
    errors = re.search(r"errors: (\d+)", out)
    states = re.search(r"(\d+) states, stored", out)
    errors = int(errors.group(1)) if errors else None
    if errors == 0 and "Search not completed" in out:
        errors = None
    return errors, int(states.group(1)) if states else 0, out


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    path = root / "tests/model/attempt.pml"
    model = path.read_text(encoding="utf-8")
    faults = check_names(root, model)

    errors, states, out = search(path, [] if "--whole" in sys.argv else MEDIUM)
    print(f"as it stands: {states} states, errors: {errors}")
    if errors != 0 or states < 100000:
        faults.append("the protocol has a fault, or was not searched whole:\n" + out[-3000:])

    errors, states, out = search(path, TINY, cycles=True)
    print(f"every run ends: {states} states, errors: {errors}")
    if errors != 0:
        faults.append("a run that never ends:\n" + out[-3000:])

    variants = sorted(set(re.findall(r"BREAK_[A-Z]+", model)))
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda variant: search(path, [*SMALL, f"-D{variant}"], optimise="-O0"), variants)
    for variant, (errors, _, out) in zip(variants, results):
        found = re.search(r"assertion violated (.*?) \(at depth", out)
        print(f"{variant}: errors: {errors} {found.group(1) if found else ''}")
        if not errors:
            faults.append(f"{variant} was not found out")
    if len(variants) < 8:
        faults.append(f"only {len(variants)} broken variants")

    for fault in faults:
        print("FAULT:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
