"""The gateway's own SIMs, checked by the real daemon: 1414 and the credit as the simulated network
tells them, every value a canary."""

import json
import os
import signal
import unittest

from gateway import Gateway, Refused, otpgatectl

OWNER = "Ho ten: TRAN THI HOANG YEN OANH\nSo giay to: 079195001234"
OTHER = "Ho ten: LY QUOC BAO KHANH\nSo giay to: 001090004321"
REFUSED = "Da qua so lan cho phep thuc hien tra cuu trong ngay"


class OwnCheck(unittest.TestCase):
    def setUp(self):
        self.gw = Gateway(modems=2, latency_ms=10,
                          gateway="log_level = debug\nregistry_per_day = 0\nussd_timeout_s = 10")
        self.addCleanup(self.gw.close)
        self.gw.wait_ready()
        self.asked = 0
        self.says = {"m0": OWNER, "m1": OWNER}
        self.credit(0, "TK goc: 95.000d, HSD: 31/12/2099")
        self.credit(1, "TK chinh=95000 VND, HSD 31/12/2099")

    def credit(self, modem, text, end="done"):
        self.gw.sim.control("ussd", modem=modem, code="*101#", text=text, end=end, ms=20)

    def check(self, client, *modem, **params):
        """Plays 1414 for each SIM that asks it, until all have their answer."""
        wanted = modem or ("m0", "m1")
        with self.gw.client() as watcher:
            watcher.call("events.follow", topics=["modem"])
            if modem:
                params["modem"] = modem[0]
            call = client.start("subscriber.check_fleet", reason="case 7", **params)
            for _ in wanted:
                name = watcher.next_event(lambda e: e.get("why") == "own check: 1414 is asked")["name"]
                self.asked += 1
                while self.gw.sim.accepted_count("1414") < self.asked:
                    self.gw.sim.wait_more("accepted", 0, timeout_s=60)
                text = "%s\nMa tra cuu: %d" % (self.says[name], self.asked)  # the same TPDU twice is one message
                self.gw.sim.control("write", modem=int(name[1]), **{"from": "1414", "text": text})
                watcher.next_event(lambda e: e.get("why") == "own check: done")
            sims = client.finish(call)["sims"]
        return {sim["modem"]: sim for sim in sims}

    def alarms(self, client):
        return {(a["name"], a["subject"]) for a in client.call("alarm.list")["alarms"]}

    def test_a_fleet_is_checked(self):
        with self.gw.client() as client:
            got = self.check(client)
            self.assertEqual(set(got), {"m0", "m1"})
            for sim in got.values():
                self.assertEqual((sim["owner"], sim["balance"], sim["balance_vnd"], sim["expires"], sim["alarms"]),
                                 ("same", "read", 95000, "2099-12-31", []))
            self.assertNotIn("due_at", got["m0"])  # own_check = off
        self.again()
        with self.gw.client() as client:
            self.credit(0, "TK goc: 1.500d, HSD: 31/12/2099. TK KM: 90.000d")
            self.says["m1"] = OTHER
            got = self.check(client)
            self.assertEqual(got["m0"]["alarms"], ["sim_balance_low"])
            self.assertEqual((got["m1"]["owner"], got["m1"]["alarms"]), ("changed", ["sim_owner_changed"]))
        self.again()
        both = {("sim_balance_low", "m0"), ("sim_owner_changed", "m1")}
        with self.gw.client() as client:
            self.assertEqual(self.alarms(client), both)
            self.credit(0, "TK goc: 200.000d")
            self.assertEqual(self.check(client, "m0")["m0"]["balance_vnd"], 200000)
            self.assertEqual(self.check(client, "m1", accept_owner=True)["m1"]["owner"], "same")
            self.assertEqual(self.alarms(client), set())
            shown = {m["name"]: m["own_check"] for m in client.call("modem.list")["modems"]}
            self.assertEqual((shown["m0"]["balance_vnd"], shown["m1"]["owner"]), (200000, "same"))
            _, out, _ = otpgatectl(self.gw, "modem", "m0")
            self.assertIn("200000", out)
            client.call("modem.pause", name="m0")
            _, out, _ = otpgatectl(self.gw, "subscriber", "check-fleet", "m0", "--reason", "r")
            self.assertIn("not asked: paused", out)
        self.assertEqual(set(self.gw.sim.texts("1414")), {"TTTB"})
        self.nothing_is_left()

    def again(self):
        """1414's answer is kept a minute in memory: a new run of the daemon asks anew."""
        self.gw.restart()
        self.gw.wait_ready()

    def test_what_gives_nothing(self):
        with self.gw.client() as client:
            self.says["m0"] = REFUSED
            self.credit(1, "", end="unsupported")
            got = self.check(client)
            self.assertEqual((got["m0"]["owner"], got["m0"]["alarms"]), ("refused", ["sim_check_failed"]))
            self.assertEqual((got["m1"]["balance"], got["m1"]["alarms"]), ("refused", ["sim_check_failed"]))
            with self.assertRaises(Refused) as caught:
                client.call("subscriber.check_fleet", reason="r", modem="none")
            self.assertEqual(caught.exception.name, "not_found")

    def test_every_carrier_in_its_own_words(self):
        """The simulated network answers by itself: 1414 in each carrier's layout, the credit in its words."""
        carriers = ("viettel", "vinaphone", "mobifone", "vietnamobile")
        with Gateway(modems=len(carriers), latency_ms=10, carriers=",".join(carriers)) as gw:
            gw.wait_ready()
            for modem in range(len(carriers)):
                gw.sim.control("registry", modem=modem, ms=10)
                gw.sim.control("balance", modem=modem, dong=1234567 if modem else 5000, ends="31/12/2099",
                               accents=modem % 2 == 1)
            with gw.client() as client:
                sims = client.call("subscriber.check_fleet", reason="case 7")["sims"]
                got = {sim["modem"]: (sim["owner"], sim["balance"], sim.get("balance_vnd"), sim.get("expires")) for sim in sims}
                self.assertEqual(got, {"m%d" % i: ("same", "read", 1234567 if i else 5000, "2099-12-31")
                                       for i in range(len(carriers))})
                self.assertEqual(self.alarms(client), {("sim_balance_low", "m0")})
            self.assertFalse(gw.sim.violations())

    def nothing_is_left(self):
        with self.gw.client() as client:
            told = json.dumps([client.call("audit.list"), client.call("modem.list"), client.call("inbox.list")],
                              ensure_ascii=False)
        self.gw.kill(signal.SIGKILL)
        places = {"the log": self.gw.log().encode(), "answers": told.encode()}
        for folder, _, files in os.walk(self.gw.state_dir):
            for name in files:
                with open(os.path.join(folder, name), "rb") as raw:
                    places[name] = raw.read()
        birds = ("HOANG YEN", "Hoang Yen", "079195001234", "BAO KHANH", "Bao Khanh", "001090004321")
        for bird in birds:
            for place, data in places.items():
                self.assertNotIn(bird.encode(), data, place)


if __name__ == "__main__":
    unittest.main()
