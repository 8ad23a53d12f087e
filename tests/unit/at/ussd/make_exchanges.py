#!/usr/bin/env python3
"""Makes exchanges.txt: USSD dialogues as modems are known to hold them (docs/modems.md), and what
must come of them. The alphabets are written out here anew, so that the codec is held against a
second one. With --check: the file is what this makes.

A block: `name`; `modem` maker, model; then what the host must write (`ask`) and what the modem says
to it (`say`, escapes as in C, `~` a pause of half a second); `end` and `text`. AT+CSCS is answered
OK where no `ask` is for it."""
import os
import sys

BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
         "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTRA = {"€": 0x65, "[": 0x3C, "]": 0x3E, "{": 0x28, "}": 0x29, "^": 0x14, "~": 0x3D, "|": 0x40}


def septets(text):
    out = []
    for c in text:
        out += [0x1B, EXTRA[c]] if c in EXTRA else [BASIC.index(c)]
    return out


def packed(text, pad="\r", upper=True):
    units = septets(text)
    if len(units) % 8 == 7 and pad is not None:
        units += septets(pad)
    bits = sum(unit << (7 * i) for i, unit in enumerate(units))
    hexed = bits.to_bytes((7 * len(units) + 7) // 8, "little").hex()
    return hexed.upper() if upper else hexed


def ucs2(text, upper=True):
    hexed = text.encode("utf-16-be").hex()
    return hexed.upper() if upper else hexed


def escaped(text):
    out = ""
    for b in text if isinstance(text, bytes) else text.encode():
        c = chr(b)
        out += {"\r": "\\r", "\n": "\\n", "\\": "\\\\", "~": "~"}.get(
            c, c if 0x20 <= b < 0x7F else "\\x%02x" % b)
    return out


CODE = "*101#"
PLAIN = f'AT+CUSD=1,"{CODE}",15'
PACKED = f'AT+CUSD=1,"{packed(CODE)}",15'
UCS2 = f'AT+CUSD=1,"{ucs2(CODE)}",15'
OK = "\r\nOK\r\n"
ERROR = "\r\nERROR\r\n"
ASCII = "TK chinh: 15000d. HSD 31/12/2026"
VIET = "Tài khoản chính: 15.000đ. Hạn dùng 31/12"
MENU = "1. Goi cuoc\n2. Nap the\n3. So du"
blocks = []


def cusd(mode, text=None, dcs=15):
    """One line, with CR LF inside where the text has a line end."""
    line = f"\r\n+CUSD: {mode}".encode()
    if text is not None:
        raw = text if isinstance(text, bytes) else text.encode()
        line += b',"' + raw.replace(b"\n", b"\r\n") + b'"'
        if dcs is not None:
            line += b",%d" % dcs
    return line + b"\r\n"


def say(*pieces):
    return b"".join(p if isinstance(p, bytes) else p.encode() for p in pieces)


def row(name, modem, *dialogue, end="done", text=""):
    lines = [f"name {name}", f"modem {modem}"]
    for ask, answer in dialogue:
        lines += [f"ask {ask}", f"say {escaped(answer)}"]
    lines += [f"end {end}", f"text {escaped(text)}"]
    blocks.append("\n".join(lines) + "\n")


def families():
    plain = ["Qualcomm plain", "SIMCOM SIMCOM_SIM7600E-H", "SIMCOM SIM800", "Quectel EC25",
             "ZTE MF190", "Telit LE910C4-EU", "u-blox LARA-R211", "Sierra MC7455",
             "Cinterion EHS6", "WAVECOM Q2"]
    for modem in plain:
        row(f"{modem}: plain there and back", modem, (PLAIN, say(OK, "~", cusd(0, ASCII))),
            text=ASCII)
        row(f"{modem}: UCS-2 comes back", modem,
            (PLAIN, say(OK, "~", cusd(0, ucs2(VIET), 72))), text=VIET)
        row(f"{modem}: a menu of three lines", modem, (PLAIN, say(OK, "~", cusd(1, MENU))),
            end="more", text=MENU)
    for modem in ("huawei E173", "huawei E3372"):
        row(f"{modem}: packed both ways", modem,
            (PACKED, say(OK, "~", cusd(0, packed(ASCII)))), text=ASCII)
        row(f"{modem}: packed, UCS-2 back", modem,
            (PACKED, say(OK, "~", cusd(0, ucs2(VIET), 72))), text=VIET)
        row(f"{modem}: a packed menu", modem, (PACKED, say(OK, "~", cusd(1, packed(MENU)))),
            end="more", text=MENU)
    row("huawei E1752 in plain mode: packed is refused", "huawei E1752", (PACKED, ERROR),
        (PLAIN, say(OK, "~", cusd(0, ASCII))), text=ASCII)
    row("Quectel M35 in UCS-2", "Quectel M35", (PLAIN, ERROR), (PACKED, ERROR),
        (UCS2, say(OK, "~", cusd(0, ucs2(ASCII), 15))), text=ASCII)
    row("Quectel M35, its text accented", "Quectel M35", (PLAIN, ERROR), (PACKED, ERROR),
        (UCS2, say(OK, "~", cusd(0, ucs2(VIET), 72))), text=VIET)
    row("HSPA stick: 4 to what it does not read, then plain", "huawei E367", (PACKED, say(OK, "~", cusd(4))),
        (PLAIN, say(OK, "~", cusd(0, ASCII))), text=ASCII)
    row("E17x knows no UCS-2 charset", "huawei E176", (PACKED, ERROR), (PLAIN, ERROR),
        ('AT+CSCS="UCS2"', ERROR), end="refused")
    row("MF667: any form is refused", "ZTE MF667", (PLAIN, "\r\n+CME ERROR: 100\r\n"),
        (PACKED, "\r\n+CME ERROR: 100\r\n"), (UCS2, "\r\n+CME ERROR: 100\r\n"), end="refused")
    lang = packed("vi", pad=None)
    row("Telit HE910: 0x11, a language before the units", "Telit HE910",
        (PLAIN, say(OK, "~", cusd(0, lang + ucs2(VIET), 17))), text=VIET)
    row("0x11 without the language", "Telit HE910",
        (PLAIN, say(OK, "~", cusd(0, ucs2(VIET), 17))), text=VIET)
    row("0x10: a language and a CR before the text", "Telit HE910",
        (PLAIN, say(OK, "~", cusd(0, "vi\n" + ASCII, 16))), text=ASCII)
    row("0x44: octets in hex", "Sierra MC7304",
        (PLAIN, say(OK, "~", cusd(0, ASCII.encode().hex().upper(), 68))), text=ASCII)


def orderings():
    m = "any plain"
    text = dict(text=ASCII)
    row("the answer before its OK", m, (PLAIN, say(cusd(0, ASCII), OK)), **text)
    row("the answer, and no OK at all", m, (PLAIN, say(cusd(0, ASCII))), **text)
    row("the answer long before its OK", m, (PLAIN, say(cusd(0, ASCII), "~~~~", OK)), **text)
    row("OK and answer in one piece", m, (PLAIN, say(OK, cusd(0, ASCII))), **text)
    row("OK and answer on one line", m,
        (PLAIN, say(b"\r\nOK", cusd(0, ASCII).removeprefix(b"\r\n"))), **text)
    row("OK glued to an answer of three lines", m,
        (PLAIN, say(b"\r\nOK", cusd(0, MENU).removeprefix(b"\r\n"))), text=MENU)
    row("OK glued to a menu, which is answered later", m,
        (PLAIN, say("~", b"\r\nOK", cusd(1, MENU).removeprefix(b"\r\n"))), end="more", text=MENU)
    row("OK glued to a refusal: another form", m,
        (PLAIN, say(b"\r\nOK", cusd(4).removeprefix(b"\r\n"))),
        (PACKED, say(OK, "~", cusd(0, packed(ASCII)))), **text)
    row("OK glued to a release, then the text", m,
        (PLAIN, say(b"\r\nOK", cusd(2).removeprefix(b"\r\n"), "~", cusd(0, ASCII))), **text)
    row("OK glued, cut in the middle", m,
        (PLAIN, say("\r\nOK+CU", "~", 'SD: 0,"Xong",15\r\n')), text="Xong")
    row("OK glued to an answer in an answer", m,
        (PLAIN, say(OK, "~", cusd(0, 'OK+CUSD: 1,la gi\nOK+CUSD:'))), text='OK+CUSD: 1,la gi\nOK+CUSD:')
    row("a release with words before the text", m,
        (PLAIN, say(OK, "~", cusd(2, "Initiating Release"), "~", cusd(0, ASCII))), **text)
    row("a release with words, and before the OK", m,
        (PLAIN, say(cusd(2, "Initiating Release"), OK, "~", cusd(0, ASCII))), **text)
    row("a release without a word before the text", m,
        (PLAIN, say(OK, "~", cusd(2), "~~~~", cusd(0, ASCII))), **text)
    row("the text is the release", m, (PLAIN, say(OK, "~", cusd(2, ASCII))), **text)
    row("the text, then its release", m, (PLAIN, say(OK, "~", cusd(0, ASCII), cusd(2))), **text)
    row("the text as a release, then one without a word", m,
        (PLAIN, say(OK, "~", cusd(2, ASCII), cusd(2))), **text)
    row("noise of the toolkit before the text", m,
        (PLAIN, say(cusd(3), OK, "~", cusd(3), "~", cusd(0, ASCII))), **text)
    row("a notice between OK and text", m,
        (PLAIN, say(OK, "\r\n^RSSI:17\r\n", "~", "\r\n^BOOT:1,0\r\n", cusd(0, ASCII))), **text)
    row("a text message comes meanwhile", m,
        (PLAIN, say(OK, "~", '\r\n+CMTI: "ME",3\r\n', "~", cusd(0, ASCII))), **text)
    row("after twenty-nine seconds", m, (PLAIN, say(OK, "~" * 58, cusd(0, ASCII))), **text)
    row("half a second too late is an answer yet", m, (PLAIN, say(OK)),
        ("AT+CUSD=2", say(OK, "~", cusd(0, ASCII))), **text)


def failures():
    m = "any plain"
    row("4 to every form", m, *[(ask, say(OK, "~", cusd(4))) for ask in (PLAIN, PACKED, UCS2)],
        end="refused")
    row("5: the network's time is over", m, (PLAIN, say(OK, "~", cusd(5))), end="silent")
    row("silence, then AT+CUSD=2", m, (PLAIN, OK), ("AT+CUSD=2", OK), end="silent")
    row("no answer to the command itself", m, (PLAIN, ""), ("AT+CUSD=2", OK), end="silent")
    row("+CME ERROR: 258 in place of the answer", m,
        (PLAIN, say(OK, "~", "\r\n+CME ERROR: 258\r\n")), end="refused")
    row("no network: no other form is tried", m, (PLAIN, "\r\n+CME ERROR: 30\r\n"), end="refused")
    row("a release and nothing else", m, (PLAIN, say(OK, "~", cusd(2))), end="released")
    row("done, without a text", m, (PLAIN, say(OK, "~", cusd(0))), text="")
    row("only noise of the toolkit", m, (PLAIN, say(OK, "~", cusd(3))), ("AT+CUSD=2", OK),
        end="silent")
    row("the modem restarts", m, (PLAIN, say(OK, "~", "\r\nRDY\r\n")), end="gone")


def damage():
    m = "any plain"

    def plain(name, line, text, end="done"):
        row(name, m, (PLAIN, say(OK, "~", line)), end=end, text=text)

    plain("the closing quote is lost", '\r\n+CUSD: 0,"So du 15000d\r\n', "So du 15000d")
    plain("lost in the second line", '\r\n+CUSD: 0,"Goi:\r\nD90\r\n', "Goi:\nD90")
    plain("quotes inside", '\r\n+CUSD: 0,"Soan "DK D90" gui 999",15\r\n', 'Soan "DK D90" gui 999')
    plain("one quote inside", '\r\n+CUSD: 0,"man hinh 5" moi",15\r\n', 'man hinh 5" moi')
    plain("no scheme", cusd(0, ASCII, None), ASCII)
    plain("no space after the colon", say(cusd(0, ASCII).replace(b"CUSD: ", b"CUSD:")), ASCII)
    plain("spaces everywhere", f'\r\n+CUSD: 0 , "{ASCII}" , 15\r\n', ASCII)
    plain("the scheme of UCS-2 on plain text", cusd(0, ASCII, 72), ASCII)
    plain("the scheme of octets on plain text", cusd(0, ASCII, 68), ASCII)
    plain("a scheme out of range", cusd(0, ASCII, 999), ASCII)
    plain("UCS-2 with the scheme of GSM-7", cusd(0, ucs2(VIET), 15), VIET)
    plain("UCS-2 with no scheme", cusd(0, ucs2(VIET), None), VIET)
    plain("UCS-2 with the short message's scheme", cusd(0, ucs2(VIET), 8), VIET)
    plain("UCS-2 in small letters", cusd(0, ucs2(VIET, False), 72), VIET)
    plain("UCS-2 cut inside its last unit", cusd(0, ucs2(VIET)[:-2], 72), VIET[:-1])
    plain("UCS-2 cut inside an octet", cusd(0, ucs2(VIET)[:-1], 72), VIET[:-1])
    plain("packed, though plain was asked", cusd(0, packed(ASCII)), ASCII)
    plain("packed in small letters, no scheme", cusd(0, packed(ASCII, upper=False), None), ASCII)
    plain("a phone number is no hex", cusd(0, "0912345678"), "0912345678")
    plain("nor is one with UCS-2's scheme", cusd(0, "84912345678901", 72), "84912345678901")
    plain("an odd number of digits", cusd(0, "091234567"), "091234567")
    plain("seven characters: filled with a CR", cusd(0, packed("Het roi")), "Het roi")
    plain("seven characters: filled with zeros", cusd(0, packed("Het roi", "@")), "Het roi")
    plain("eight characters", cusd(0, packed("So du 5k")), "So du 5k")
    plain("signs of the second table", cusd(0, packed("[5€] {a|b}~")), "[5€] {a|b}~")
    plain("a letter below a space", say(b'\r\n+CUSD: 0,"a\x11b\x00c \x02 5",15\r\n'), "a_b@c $ 5")
    plain("Latin-1", say('\r\n+CUSD: 0,"'.encode(), "déjà".encode("latin-1"), b'",15\r\n'), "déjà")
    plain("UTF-8", cusd(0, VIET), VIET)
    plain("marks that turn the writing", cusd(0, ucs2("a\u202eb\u200bc"), 72), "abc")
    plain("half a surrogate pair", cusd(0, ucs2("ab") + "D83D", 72), "ab\ufffd")
    plain("a whole surrogate pair", cusd(0, ucs2("ok \U0001F600"), 72), "ok \U0001F600")
    plain("no quotes", "\r\n+CUSD: 0,Het han,15\r\n", "Het han")
    plain("an empty text", cusd(0, ""), "")
    plain("a text of 182 characters", cusd(0, "x" * 182), "x" * 182)
    plain("182 characters in UCS-2", cusd(0, ucs2("ộ" * 182), 72), "ộ" * 182)
    plain("the next result glued behind", say(b'\r\n+CUSD: 0,"Xong",15OK\r\n'), "Xong")
    plain("a mode there is none of, then the text", say("\r\n+CUSD: 9\r\n", cusd(0, ASCII)), ASCII)
    plain("an answer in a text", cusd(0, "nho +CMGS: 7 va OK"), "nho +CMGS: 7 va OK")
    plain("empty lines inside", '\r\n+CUSD: 0,"mot\r\n\r\n\r\nhai",15\r\n', "mot\nhai")
    row("hex that is no text, though packed is spoken", "huawei E173",
        (PACKED, say(OK, "~", cusd(0, "0912345678"))), text="0912345678")
    row("plain text, though packed is spoken", "huawei E173",
        (PACKED, say(OK, "~", cusd(0, ASCII))), text=ASCII)


def main():
    families()
    orderings()
    failures()
    damage()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exchanges.txt")
    made = "\n".join(blocks)
    if "--check" in sys.argv:
        with open(path, encoding="ascii") as file:
            if file.read() != made:
                sys.exit("exchanges.txt is not what make_exchanges.py makes")
        return
    with open(path, "w", encoding="ascii") as file:
        file.write(made)


main()
