#!/usr/bin/env python3
"""register.py: a portal's registration, one process for each page (as a web server runs them).

  register.py start NUMBER KEY [SUBJECT]   the form was sent: prints the verification's id
  register.py resend ID                    "Gửi lại OTP"
  register.py check ID KEY                 the code was typed (standard input)

The first line tells the program what happened, the second is the sentence for the page. KEY is your own
name for this one press of a button, so that a call that is repeated does nothing twice.
"""
import json, os, socket, sys

def call(method, **params):
    """The result, or the error: both are answers that a page can show."""
    gate = socket.socket(socket.AF_UNIX)
    gate.settimeout(15)
    gate.connect(os.environ.get("OTPGATE_SOCKET", "/run/otpgate/otpgate.sock"))
    lines = gate.makefile("rw", encoding="utf-8", newline="\n")
    print(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}), file=lines, flush=True)
    answer = json.loads(lines.readline())
    return answer.get("result"), answer.get("error")

def page(first, sentence):
    print(first)
    print(sentence)

def refused(error):
    data = error["data"]
    sentence = data.get("say", {}).get("vi", "Hiện chưa thực hiện được. Vui lòng thử lại sau.")
    if "retry_after_s" in data:
        sentence += " (sau %d giây)" % data["retry_after_s"]
    page("refused " + data["name"], sentence)
    sys.exit(1)

def sent(standing):
    page("id " + standing["id"], "Mã đã được gửi đến %s. Gửi lại được sau %d giây, còn %d lần." % (
        standing["to_masked"], standing["resend_after_s"], standing["sends_left"]))

what, name, *more = sys.argv[1:]
if what == "start":
    params = {"key": more[0], "to": name, "purpose": "register"}
    if more[1:]:
        params["subject"] = more[1]  # a keyed hash of the ID number, made by the portal
    result, error = call("otp.start", **params)
elif what == "resend":
    result, error = call("otp.resend", id=name)
else:
    result, error = call("otp.check", id=name, code=sys.stdin.read().strip(), key=more[0])
if error:
    refused(error)
elif what == "check":
    page(result["result"], result["say"]["vi"])
    sys.exit(0 if result["result"] == "approved" else 1)
else:
    sent(result)
