"""modemsim: starts otpgate-modemsim, steers it and reads what truly happened. Standard library only.

    with ModemSim(modems=2, latency_ms=0) as sim:
        ... sim.port(0) is the path (or tcp://host:port) of the first modem ...
        sim.control("fail_next", modem=0, n=1, cms=38)
        sim.wait("delivered", 1)
        print(sim.handset("0912345678"))
"""

import json
import os
import socket
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


class ModemSimError(Exception):
    """The simulator refused, or did not come up."""


def default_program():
    """The program of the environment (OTPGATE_MODEMSIM), else of the newest build here."""
    told = os.environ.get("OTPGATE_MODEMSIM")
    if told:
        return told
    build = os.path.join(HERE, "..", "..", "build")
    found = []
    for preset in os.listdir(build) if os.path.isdir(build) else []:
        path = os.path.join(build, preset, "bin", "otpgate-modemsim")
        if os.path.exists(path):
            found.append((os.path.getmtime(path), path))
    if not found:
        raise ModemSimError("otpgate-modemsim is not built")
    return max(found)[1]


class ModemSim:
    """One running simulator, in a folder of its own (`directory`, or a temporary one)."""

    def __init__(self, directory=None, modems=1, latency_ms=2500, profile=None, tcp=None, seed=1,
                 log=True, binary=None, carriers=None, registry=False, options=()):
        self.made = None
        if directory is None:
            self.made = tempfile.TemporaryDirectory(prefix="modemsim-")
            directory = self.made.name
        os.makedirs(directory, exist_ok=True)
        self.directory = str(directory)
        self.tcp = tcp
        self.log_path = os.path.join(self.directory, "modemsim.log")
        control_path = os.path.join(self.directory, "modemsim.sock")
        argv = [binary or default_program(), "--modems", str(modems),
                "--latency", str(latency_ms), "--seed", str(seed), "--control", control_path]
        argv += ["--log", self.log_path] if log else []
        argv += ["--tcp", str(tcp)] if tcp else ["--dir", self.directory]
        argv += ["--profile", profile] if profile else []
        argv += ["--carriers", carriers] if carriers else []
        argv += [] if registry else ["--registry", "off"]  # else a test says first what is answered
        argv += list(options)
        self.next_id = 0
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.process.stdout.close()
            self.process.wait()
            raise ModemSimError("otpgate-modemsim did not come up: " + " ".join(argv))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(control_path)
        self.lines = self.socket.makefile("rb")

    def close(self, timeout_s=10):
        """Ends it; returns its exit status."""
        if not self.process:
            return None
        self.lines.close()
        self.socket.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        if self.made:
            self.made.cleanup()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def port(self, modem=0):
        """What a configuration names as port."""
        if self.tcp:
            return "tcp://127.0.0.1:%d" % (self.tcp + modem)
        return os.path.join(self.directory, "modem%d" % modem)

    def control(self, method, **params):
        """One call of the control socket; its result, or ModemSimError."""
        self.next_id += 1
        request = {"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        line = self.lines.readline()
        if not line:
            raise ModemSimError("otpgate-modemsim has gone")
        answer = json.loads(line)
        if "error" in answer:
            raise ModemSimError("%s: %s" % (method, answer["error"]["message"]))
        return answer["result"]

    def wait(self, event, count=1, modem=None, timeout_s=10):
        """Until `event` was logged `count` times since the start (of one modem, if given)."""
        params = {"event": event, "count": count, "timeout_ms": int(timeout_s * 1000)}
        if modem is not None:
            params["modem"] = modem
        return self.control("wait", **params)["count"]

    def count(self, event, modem=None):
        """How often `event` was logged since the start."""
        return self.wait(event, 0, modem)

    def wait_more(self, event, more=1, modem=None, timeout_s=10):
        """Until `event` comes `more` times from now on."""
        return self.wait(event, self.count(event, modem) + more, modem, timeout_s)

    def handset(self, number):
        """The messages a phone shows, oldest first."""
        return self.control("handset.list", number=number)["messages"]

    def texts(self, number):
        return [message["text"] for message in self.handset(number)]

    def accepted_count(self, number):
        """How many parts the network ever took for this phone."""
        return self.control("handset.list", number=number, limit=1)["total"]

    def stats(self):
        return self.control("stats")

    def violations(self):
        """What the host did that no host may do, over all modems."""
        found = {}
        for modem in self.stats()["modems"]:
            for name, count in modem["violations"].items():
                found[name] = found.get(name, 0) + count
        return found

    def events(self, *kinds):
        """The log so far, of the given kinds (or all), as dictionaries."""
        self.control("stats")  # any call flushes the log
        with open(self.log_path, encoding="utf-8") as log:
            events = [json.loads(line) for line in log]
        return [event for event in events if not kinds or event["event"] in kinds]
