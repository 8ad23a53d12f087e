"""USSD over the real wire: balances, menus, silence, what is not allowed, and the mail that goes on."""

import re
import unittest

from gateway import Gateway, Refused, otpgatectl

ALLOW = "ussd_allow = *101#, *098#, *1414#\nussd_timeout_s = 5\n"


class Ussd(unittest.TestCase):
    def gateway(self, profile="generic"):
        gw = Gateway(modems=1, latency_ms=20, profile=profile, gateway=ALLOW)
        self.addCleanup(gw.close)
        gw.wait_ready()
        return gw

    def tell(self, gw, code, text, end="done", ms=50):
        gw.sim.control("ussd", modem=0, code=code, text=text, end=end, ms=ms)

    def refused(self, name, call, *args, **params):
        with self.assertRaises(Refused) as caught:
            call(*args, **params)
        self.assertEqual(caught.exception.name, name)
        return caught.exception

    def send(self, client, key):
        sent = client.call("message.send", key=key, to="0912345678", text="Ma OTP: 123456")
        got = client.call("message.get", id=sent["id"], until="sent", wait_ms=30000)
        self.assertIn(got["state"], ("sent", "delivered"))

    def test_a_balance_in_every_form(self):
        for profile in ("generic", "huawei", "simcom"):
            gw = self.gateway(profile)
            with gw.client() as client:
                for text in ("TK chinh: 15000d", "Tài khoản chính:\n15.000đ", "exactly"):
                    self.tell(gw, "*101#", text)
                    got = client.call("ussd.run", modem="m0", code="*101#")
                    self.assertEqual(got, {"text": text, "more": False}, profile)
                self.send(client, "after")
            self.assertFalse(gw.sim.violations())

    def forms_of(self, gw):
        """The requests since its start, as the recorder has them: <code:5> is plain, <code:10> packed."""
        _, trace, _ = otpgatectl(gw, "trace", "m0")
        return re.findall(r'AT\+CUSD=1,"<code:(\d+)>"', trace)

    def test_what_worked_outlives_a_restart(self):
        gw = self.gateway()
        gw.sim.control("ussd", modem=0, code="*101#", text="TK chinh: 15000d", ms=50, form="packed")
        with gw.client() as client:  # tried plainly, refused, and not executed
            client.call("ussd.run", modem="m0", code="*101#")
        self.assertEqual(self.forms_of(gw), ["5", "10"])
        gw.restart()
        gw.wait_ready()
        with gw.client() as client:
            got = client.call("ussd.run", modem="m0", code="*101#")
        self.assertEqual(got["text"], "TK chinh: 15000d")
        self.assertEqual(self.forms_of(gw), ["10"])

    def test_a_menu(self):
        gw = self.gateway()
        self.tell(gw, "*098#", "1. Goi cuoc\n2. Thoat", end="more")
        self.tell(gw, "1", "Ban co 0 goi")
        with gw.client() as client:
            self.assertTrue(client.call("ussd.run", modem="m0", code="*098#")["more"])
            self.assertEqual(client.call("ussd.answer", modem="m0", text="1")["text"], "Ban co 0 goi")
            self.refused("not_found", client.call, "ussd.answer", modem="m0", text="1")
            self.assertTrue(client.call("ussd.run", modem="m0", code="*098#")["more"])
            self.send(client, "ends-the-menu")  # a code that is due does not wait for a person
            self.refused("not_found", client.call, "ussd.answer", modem="m0", text="1")

    def test_silence_and_refusals(self):
        gw = self.gateway()
        self.tell(gw, "*101#", "", end="silent")
        with gw.client() as client:
            self.refused("no_answer", client.call, "ussd.run", modem="m0", code="*101#")
            self.send(client, "after-silence")
            self.refused("ussd_refused", client.call, "ussd.run", modem="m0", code="*1414#")
            self.refused("not_allowed", client.call, "ussd.run", modem="m0", code="*100*1234567890123#")
            self.send(client, "after-refusals")
        self.assertFalse(gw.sim.violations())

    def test_from_the_shell_and_in_no_trace(self):
        gw = self.gateway()
        self.tell(gw, "*101#", "TK chinh: 15000d")
        _, out, _ = otpgatectl(gw, "ussd", "m0", text="*101#\n")
        self.assertEqual(out, "TK chinh: 15000d\n")
        _, trace, _ = otpgatectl(gw, "trace", "m0")
        self.assertIn("AT+CUSD=", trace)
        for secret in ("*101#", "15000"):
            self.assertNotIn(secret, trace)
            self.assertNotIn(secret, gw.log())


if __name__ == "__main__":
    unittest.main()
