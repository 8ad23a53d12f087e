#!/usr/bin/env python3
"""send.py NUMBER KEY: sends the text on standard input and waits until it has left."""
import json, os, socket, sys

gate = socket.socket(socket.AF_UNIX)
gate.connect(os.environ.get("OTPGATE_SOCKET", "/run/otpgate/otpgate.sock"))
lines = gate.makefile("rw", encoding="utf-8", newline="\n")

def call(method, **params):
    print(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}), file=lines, flush=True)
    answer = json.loads(lines.readline())
    if "error" in answer:
        sys.exit("{data[name]}: {message}".format(**answer["error"]))
    return answer["result"]

number, key = sys.argv[1:]
call("message.send", key=key, to=number, text=sys.stdin.read().rstrip("\n"), ttl_s=300)
print(call("message.get", key=key, wait_ms=30000)["state"])
