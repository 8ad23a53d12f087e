#!/usr/bin/env python3
"""corpus: a fuzzer finds little in a method that its corpus never names.

  corpus.py ROOT        prints each method and each topic of events.follow of proto/openrpc.json that no whole
                        request of tests/fuzz/corpus/session asks for with all that it demands; exit status 1
                        where there is one
  corpus.py --self-test sees a method, a parameter and a topic missed
"""
import json
import pathlib
import sys


def requests(inputs):
    """The requests among the lines of the inputs; the first byte of each gives the size of the pieces."""
    for data in inputs:
        for line in data[1:].split(b"\n"):
            try:
                request = json.loads(line)
            except ValueError:  # UnicodeDecodeError is one
                continue
            if isinstance(request, dict) and isinstance(request.get("params", {}), dict):
                yield request.get("method"), request.get("params", {})


def missing(document, inputs):
    asked = list(requests(inputs))
    for method in document["methods"]:
        name = method["name"]
        needs = {param["name"] for param in method["params"] if param.get("required")}
        if not any(said == name and needs <= params.keys() for said, params in asked):
            yield f"no request for {name}"
        for param in method["params"]:
            if (name, param["name"]) != ("events.follow", "topics"):
                continue
            said = [topic for other, params in asked if other == name
                    for topic in params.get("topics", []) if isinstance(params["topics"], list)]
            yield from (f"no follower of {topic}" for topic in param["schema"]["items"]["enum"] if topic not in said)


def self_test():
    topics = {"name": "topics", "schema": {"items": {"enum": ["message", "otp"]}}}
    document = {"methods": [{"name": "a.b", "params": [{"name": "key", "required": True}, {"name": "more"}]},
                            {"name": "events.follow", "params": [topics]}]}
    call = b'x{"method":"a.b","params":{"key":1}}\n'
    follow = b'x{"method":"events.follow","params":{"topics":["message","otp"]}}'
    cases = [
        ([call + follow[1:]], []),
        ([call, b"x\xff\n" + follow[1:]], []),
        ([follow], ["no request for a.b"]),
        ([call[1:], follow], ["no request for a.b"]),  # its first byte is not of the line
        ([b'x{"method":"a.b","params":{"more":1}}', follow], ["no request for a.b"]),
        ([b'x{"method":"a.b","params":[1]}', follow], ["no request for a.b"]),
        ([call, follow.replace(b',"otp"', b"")], ["no follower of otp"]),
        ([call, follow.replace(b'["message","otp"]', b'"message"')],
         ["no follower of message", "no follower of otp"]),
    ]
    failed = 0
    for inputs, expected in cases:
        found = list(missing(document, inputs))
        if found != expected:
            failed += 1
            print(f"{inputs}: found {found}, wanted {expected}")
    print(f"{len(cases)} corpora, {failed} judged wrongly")
    return failed


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    root = pathlib.Path(sys.argv[1])
    document = json.loads((root / "proto/openrpc.json").read_text(encoding="utf-8"))
    inputs = [path.read_bytes() for path in sorted((root / "tests/fuzz/corpus/session").iterdir())]
    lacks = list(missing(document, inputs))
    print("\n".join(lacks + [f"{len(lacks)} missing in {len(inputs)} inputs"]))
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main())
