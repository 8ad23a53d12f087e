"""fake_gateway: a gateway without modems for the tests of otpgatectl and the examples.

It speaks the protocol from proto/openrpc.json: params are checked against the document, and so is every answer that it
gives, by a reading of JSON Schema of its own. What becomes of a message follows from its key, so that a test can ask for
it: "fail-...", "unknown-...", "there-..." (delivered), "off-..." (undelivered), "stuck-..." (stays queued), "busy-..."
(refused), "mute-..." (no answer), "drop-..." (the connection ends instead of an answer). Everything happens at once; no clock decides anything.
"""
import json
import pathlib
import socket
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
DOCUMENT = json.loads((ROOT / "proto/openrpc.json").read_text(encoding="utf-8"))
METHODS = {method["name"]: method for method in DOCUMENT["methods"]}
ERRORS = DOCUMENT["components"]["errors"]
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
AT = "2026-11-22T03:15:%02d.000Z"
REPORTS = [("there", 0, "delivered", "delivered"), ("off", 70, "undelivered", "validity_expired")]


def fits(schema, value, path=""):
    """Sentences about what does not fit."""
    if "$ref" in schema:
        node = DOCUMENT
        for name in schema["$ref"][2:].split("/"):
            node = node[name]
        schema = node
    if "oneOf" in schema:
        good = sum(not fits({**choice, "oneOf": []} if "oneOf" in choice else choice, value) for choice in schema["oneOf"])
        if good != 1:
            return [f"{path}: fits {good} forms"]
    wanted = schema.get("type")
    if wanted and (not isinstance(value, TYPES[wanted]) or isinstance(value, bool) != (wanted == "boolean")):
        return [f"{path}: is no {wanted}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: is none of {schema['enum']}"]
    wrong = []
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            wrong.append(f"{path}: out of range")
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9) \
                or len(value.encode()) > schema.get("x-max-bytes", 10**9):
            wrong.append(f"{path}: too short or too long")
    if isinstance(value, list):
        for index, item in enumerate(value):
            wrong += fits(schema.get("items", {}), item, f"{path}[{index}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        wrong += [f"{path}: lacks {name}" for name in schema.get("required", []) if name not in value]
        if schema.get("additionalProperties") is False:
            wrong += [f"{path}: has no {name}" for name in value if name not in properties]
        for name in value.keys() & properties.keys():
            wrong += fits(properties[name], value[name], f"{path}.{name}")
    return wrong


def params_schema(method):
    return {"type": "object", "additionalProperties": False,
            "properties": {param["name"]: param["schema"] for param in method["params"]},
            "required": [param["name"] for param in method["params"] if param.get("required")],
            **method.get("x-params", {})}


class Refused(Exception):
    def __init__(self, name, message=None, **data):
        super().__init__(name)
        self.error = {"code": ERRORS[name]["code"], "message": message or ERRORS[name]["message"],
                      "data": {**ERRORS[name]["data"], **data}}


class HangUp(Exception):
    """The connection ends instead of an answer."""


class Mute(Exception):
    """No answer comes."""


class Gateway:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.messages, self.events, self.followers, self.requests = {}, [], [], []
        self.quiet = False  # no alarms
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, client.makefile("rb") as lines:
            for line in lines:
                try:
                    with self.lock:
                        self.answer(client, json.loads(line))
                except Mute:
                    continue
                except (HangUp, OSError):
                    break
            with self.lock:
                self.followers = [other for other in self.followers if other is not client]
                try:
                    client.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def answer(self, client, request):
        assert set(request) <= {"jsonrpc", "id", "method", "params"} and request["jsonrpc"] == "2.0", request
        self.requests.append(request)
        reply = {"jsonrpc": "2.0", "id": request["id"]}
        after = []
        try:
            method = METHODS.get(request["method"])
            if not method:
                raise Refused("method_not_found")
            params = request.get("params", {})
            wrong = fits(params_schema(method), params)
            if wrong:
                raise Refused("invalid_params", "; ".join(wrong))
            verb = getattr(self, method["name"].replace(".", "_"))
            reply["result"] = verb(client, params, after)
            wrong = fits(method["result"]["schema"], reply["result"])
            assert not wrong, (method["name"], wrong)
        except Refused as refused:
            reply["error"] = refused.error
            wrong = fits({"$ref": "#/components/schemas/ErrorData"}, refused.error["data"])
            assert not wrong, wrong
        client.sendall(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
        for act in after:
            act()

    # --- the methods ---

    def rpc_discover(self, client, params, after):
        return DOCUMENT

    def gateway_info(self, client, params, after):
        return METHODS["gateway.info"]["examples"][0]["result"]["value"]

    def gateway_stats(self, client, params, after):
        return METHODS["gateway.stats"]["examples"][0]["result"]["value"]

    def modem_list(self, client, params, after):
        plain = METHODS["modem.get"]["examples"][0]["result"]["value"]
        return {"modems": [plain, {**plain, "name": "vina-2", "state": "registering", "why": "searching", "operator": "越南 Việt\u0300\x1b[1m",
                                   "signal_dbm": -101},
                           {**plain, "name": "a-modem-with-a-long-name", "budget": 100000, "used_today": 99999,
                            "held": "The carrier has barred this SIM from sending. Ask the carrier, or change the SIM, "
                                    "then resume the modem."}],
                "left": [{"state": "left", "port": "/dev/ttyUSB7", "usb_path": "1-1.4", "imei": "86**112",
                          "model": "Huawei E171, E173s, E3131, E3276, E3372s", "why": "no section names it"}]}

    def modem_get(self, client, params, after):
        for modem in self.modem_list(client, params, after)["modems"]:
            if modem["name"] == params["name"]:
                return modem
        raise Refused("not_found")

    def modem_pause(self, client, params, after):
        return {**self.modem_get(client, params, after), "paused": True, "held": "paused by an operator"}

    def modem_resume(self, client, params, after):
        return self.modem_get(client, params, after)

    def modem_reset(self, client, params, after):
        return {**self.modem_get(client, params, after), "state": "busy", "why": "reset asked for"}

    def modem_accept(self, client, params, after):
        return self.modem_get(client, params, after)

    def modem_trace(self, client, params, after):
        self.modem_get(client, params, after)
        lines = [{"number": 7, "at": "1.000000005", "way": ">", "text": "AT+CMGS=23"},
                 {"number": 8, "at": "1.020000000", "way": "<", "text": ">"}]
        return {"lines": [line for line in lines if line["number"] >= params.get("from", 0)], "next": 9}

    def ussd_run(self, client, params, after):
        self.modem_get(client, {"name": params["modem"]}, after)
        return {"text": "1. A\n2. B", "more": True} if params["code"] == "*098#" else {"text": "15000d", "more": False}

    def ussd_answer(self, client, params, after):
        return {"text": "you chose " + params["text"], "more": False}

    def ussd_cancel(self, client, params, after):
        return {"cancelled": True}

    def gateway_pause(self, client, params, after):
        return {"paused": True}

    def gateway_resume(self, client, params, after):
        return {"paused": False}

    def message_send(self, client, params, after):
        key = params["key"]
        if key.startswith("busy-"):
            raise Refused("overloaded", retry_after_s=12, estimate_ms=9000)
        if key.startswith("mute-"):
            raise Mute
        if key.startswith("drop-"):
            raise HangUp
        if not params["text"]:
            raise Refused("bad_text", "the text is empty")
        digits = "".join(letter for letter in params["to"] if letter not in " .-()")
        if digits == "01212345678":
            raise Refused("bad_number", "an 11-digit number from before 2018", suggest="+84792345678")
        if not digits.lstrip("+").isdigit():
            raise Refused("bad_number")
        content = {name: value for name, value in params.items() if name != "key"}
        if key in self.messages:
            message = self.messages[key]
            if message["content"] != content:
                raise Refused("conflict")
            return {**self.base(message), "duplicate": True}
        message = {"id": "019aa9d1-5c3f-7c04-9f1e-%012x" % (len(self.messages) + 1), "key": key, "content": content,
                   "to": "+84" + digits[1:] if digits[0] == "0" else digits, "ladder": []}
        self.messages[key] = message
        self.move(message, "queued")
        after.append(lambda: self.carry(message))
        return {**self.base(message), "duplicate": False, "eta_ms": 2500}

    def carry(self, message):
        end = message["key"].split("-")[0]
        if end == "stuck":
            return
        self.move(message, "sending", modem="viettel-1")
        if end == "fail":
            self.move(message, "failed", modem="viettel-1", reason="unassigned_number",
                      cause={"space": "cms", "code": 1, "name": "unassigned_number", "sentence": "no such number"})
        elif end == "unknown":
            self.move(message, "unknown", modem="viettel-1", reason="timeout")
        else:
            self.move(message, "sent", modem="viettel-1")
        for word, status, state, reason in REPORTS:
            if end == word:
                message["report"] = {"status": status, "name": reason, "at": AT % 5}
                self.move(message, state, reason=reason)

    def move(self, message, state, **more):
        message["state"] = state
        step = {"state": state, "at": AT % len(self.events)}
        message["ladder"].append({**step, **{name: more[name] for name in more if name in ("modem", "reason")}})
        event = {"seq": len(self.events) + 1, "prev_seq": len(self.events), "topic": "message", "id": message["id"],
                 "key": message["key"], **step, **more}
        wrong = fits({"$ref": "#/components/schemas/MessageEvent"}, event)
        assert not wrong, wrong
        self.events.append(event)
        for follower in self.followers:
            self.tell(follower, event)

    def tell(self, client, event):
        line = json.dumps({"jsonrpc": "2.0", "method": "event", "params": event})
        try:
            client.sendall(line.encode() + b"\n")
        except OSError:
            pass

    def base(self, message):
        return {"id": message["id"], "state": message["state"], "to": message["to"], "parts": 1, "encoding": "gsm7",
                "created_at": AT % 0, "expires_at": "2026-11-22T03:20:07.120Z"}

    def summary(self, message):
        return {**self.base(message), "class": message["content"].get("class", "otp"), "key": message["key"]}

    def find(self, params):
        for message in self.messages.values():
            if params.get("key") == message["key"] or params.get("id") == message["id"]:
                return message
        raise Refused("not_found")

    def message_get(self, client, params, after):
        message = self.find(params)
        attempts = [{"part": 1, "state": "sent", "modem": "viettel-1", "reference": 17, "at": AT % 3}]
        if "report" in message:
            attempts[0]["report"] = message["report"]
        return {**self.summary(message), "ladder": message["ladder"], "attempts": attempts}

    def message_list(self, client, params, after):
        chosen = [self.summary(message) for message in reversed(self.messages.values())
                  if params.get("state", message["state"]) == message["state"]]
        answer = {"messages": chosen[:params.get("limit", 50)]}
        return {**answer, "next_cursor": 7} if len(chosen) > params.get("limit", 50) else answer

    def message_cancel(self, client, params, after):
        if "filter" in params:
            meant = [m for m in self.messages.values() if m["state"] == "queued"
                     and params["filter"].get("class") in (None, m["content"].get("class", "otp"))]
            for message in meant:
                self.move(message, "cancelled")
            return {"cancelled": len(meant)}
        message = self.find(params)
        if message["state"] != "queued":
            raise Refused("too_late")
        self.move(message, "cancelled")
        return self.message_get(client, params, after)

    def audit_list(self, client, params, after):
        plain = METHODS["audit.list"]["examples"][0]["result"]["value"]["records"][0]
        answer = {"records": [plain, {**plain, "method": "inbox.list", "outcome": "not_allowed"}][:params.get("limit", 50)]}
        return {**answer, "next_cursor": 7} if "limit" in params else answer

    def alarm_list(self, client, params, after):
        return {"alarms": [] if self.quiet else METHODS["alarm.list"]["examples"][0]["result"]["value"]["alarms"]}

    def alarm(self):
        """An alarm is cleared: its event."""
        event = {**METHODS["alarm.list"]["examples"][0]["result"]["value"]["alarms"][0], "topic": "alarm",
                 "raised": False, "at": AT % 9}
        assert not fits({"$ref": "#/components/schemas/AlarmEvent"}, event)
        with self.lock:
            self.events.append(event)

    def inbox_list(self, client, params, after):
        plain = METHODS["inbox.list"]["examples"][0]["result"]["value"]["messages"][0]
        kept = [plain, {**plain, "from": "+84912345678", "text": "Thuê bao\n\nlà của tôi", "parts": 3, "missing": 1},
                {**plain, "from": "Vi\x1b[1mettel", "text": "", "class": 0, "named": True},
                {**plain, "named": True}]
        first = params.get("cursor", 0)
        limit = params.get("limit", 50)
        answer = {"messages": kept[first:first + limit]}
        return {**answer, "next_cursor": first + limit} if first + limit < len(kept) else answer

    def receive(self):
        """A message comes in: its event."""
        with self.lock:
            event = {"seq": len(self.events) + 1, "prev_seq": len(self.events), "topic": "inbox", "parts": 2,
                     "id": "019aa9d2-1d2b-7a41-8c55-9e0f4b1a6c02", "modem": "viettel-1", "at": AT % 9}
            assert not fits({"$ref": "#/components/schemas/InboxEvent"}, event)
            self.events.append(event)

    def verify(self):
        """A wrong code: its event."""
        with self.lock:
            event = {"seq": len(self.events) + 1, "prev_seq": len(self.events), "topic": "otp", "state": "wrong",
                     "id": "5b0d6c1e-9a44-43f7-8f05-2b1c7d90e3aa", "purpose": "register", "to_masked": "091**678",
                     "attempts_left": 4, "at": AT % 9}
            assert not fits({"$ref": "#/components/schemas/OtpEvent"}, event)
            self.events.append(event)

    def events_follow(self, client, params, after):
        first = params.get("from_seq", len(self.events))
        if first == 1:
            raise Refused("gone", oldest_seq=3)
        after += [lambda event=event: self.tell(client, event) for event in self.events[first:]]
        after.append(lambda: self.followers.append(client))
        return {"topics": params.get("topics", ["message", "modem"]), "newest_seq": len(self.events)}
