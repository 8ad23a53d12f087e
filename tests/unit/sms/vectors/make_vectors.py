#!/usr/bin/env python3
"""make_vectors: writes tpdu.txt, the TPDUs that every decoder of the house is held against.

Each vector is put together here field by field from 3GPP TS 23.040 and 23.038, by code that shares
nothing with the gateway's: the alphabet stands here a second time, packing is arithmetic on one big
number. Run it after a change (--check only compares); the file is kept under version control, and a diff of it
is to be read like code.

The format: blocks parted by an empty line, `key value` a line, # begins a comment.
  name      unique
  kind      deliver, report or submit
  tpdu      hex, without the service centre's address
  refused   cut_short, wrong_kind, bad_address, bad_length, bad_header: nothing else follows
  from/to   the address as text; `named` stands where it is alphanumeric
  time, settled   UTC, or `unknown`;  zone: minutes east
  alphabet  gsm7, ucs2, data;  class: 0 to 3 (left out: none);  more: yes where more messages wait
  text      UTF-8 as people see it; \\n line end, \\\\ backslash, \\s a space at either end
  data      hex (8-bit)
  concat    reference/total/sequence;  wide: yes for a reference of 16 bits
  ports     to/from;  single, locking: national language
  reference, status   of a report
  submit: validity_min (none: no TP-VP), report, flash, replace; of a part text is its own and whole
          the text it was cut from
"""
import pathlib
import re
import sys

BASIC = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
         "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENSION = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D,
             "]": 0x3E, "|": 0x40, "€": 0x65}
VN, VN_HEX = "+84912345678", "0B914819325476F8"
SC, SC_UTC = "62112221031582", "2026-11-22T05:30:51Z"  # 26-11-22 12:30:51 +7: see scts()

blocks, names = [], set()


def septets(text):
    out = []
    for c in text:
        out += [0x1B, EXTENSION[c]] if c in EXTENSION else [BASIC.index(c)]
    return out


def pack(values, fill=0):
    number = sum(v << (fill + 7 * i) for i, v in enumerate(values))
    return number.to_bytes((fill + 7 * len(values) + 7) // 8, "little")


def ucs2(text):
    return text.encode("utf-16-be", "surrogatepass")


def semi(digits):
    digits += "F" * (len(digits) % 2)
    code = {"*": "A", "#": "B", "a": "C", "b": "D", "c": "E"}
    digits = "".join(code.get(d, d) for d in digits)
    return bytes.fromhex("".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2)))


def address(number, toa=None):
    digits = number.lstrip("+")
    toa = toa if toa is not None else 0x91 if number.startswith("+") else 0x81
    return bytes([len(digits), toa]) + semi(digits)


def sender(name, semi_octets=None, toa=0xD0):
    packed = pack(septets(name))
    count = semi_octets if semi_octets is not None else (7 * len(septets(name)) + 3) // 4
    return bytes([count, toa]) + packed.ljust((count + 1) // 2, b"\0")


def scts(stamp, quarters):
    """stamp "YYMMDDhhmmss", local; quarters of an hour east."""
    zone = int(f"{abs(quarters):02d}"[::-1], 16) | (0x08 if quarters < 0 else 0)
    return semi(stamp) + bytes([zone])


NOW = scts("261122123051", 28)
NOW_UTC, NOW_ZONE = "2026-11-22T05:30:51Z", "420"


def udh(*elements):
    body = b"".join(bytes([i, len(d)]) + bytes(d) for i, d in elements)
    return bytes([len(body)]) + body


def ud7(text, header=b""):
    """TP-UDL and TP-UD in GSM-7; text: characters, or a list of septets."""
    values = septets(text) if isinstance(text, str) else text
    under = (8 * len(header) + 6) // 7
    return bytes([under + len(values)]) + header + pack(values, 7 * under - 8 * len(header))


def ud8(data, header=b""):
    return bytes([len(header) + len(data)]) + header + data


def show(text):
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    text = re.sub(r"^ | $", r"\\s", text)
    return text


def put(name, kind, tpdu, **fields):
    assert name not in names, name
    names.add(name)
    lines = [f"name {name}", f"kind {kind}", f"tpdu {tpdu.hex().upper()}"]
    for key, value in fields.items():
        if value is not None:
            lines.append(f"{key} {show(value) if key in ('text', 'whole', 'from', 'to') else value}".rstrip(" "))
    blocks.append("\n".join(lines))


def deliver(name, ud, dcs=0, first=0x04, oa=None, sender_is=VN, named=None, pid=0, when=NOW,
            time=NOW_UTC, zone=NOW_ZONE, alphabet="gsm7", tail=b"", refused=None, **fields):
    tpdu = (bytes([first]) + (oa if oa is not None else address(VN)) + bytes([pid, dcs]) + when + ud + tail)
    if refused:
        put(name, "deliver", tpdu, refused=refused)
    else:
        if time == "unknown":
            zone = None
        put(name, "deliver", tpdu, **{"from": sender_is}, named="yes" if named else None, time=time,
            zone=zone, alphabet=alphabet, more=None if first & 4 else "yes", **fields)


def report(name, status, mr=7, ra=None, to=VN, first=0x06, sent=NOW, settled=None, tail=b"",
           time=NOW_UTC, settled_is="2026-11-22T05:31:02Z", refused=None):
    tpdu = (bytes([first, mr]) + (ra if ra is not None else address(VN)) + sent +
            (settled or scts("261122123102", 28)) + bytes([status]) + tail)
    if refused:
        put(name, "report", tpdu, refused=refused)
    else:
        put(name, "report", tpdu, reference=mr, to=to, time=time, settled=settled_is, status=status)


def alphabets():
    deliver("plain", ud7("hello"), text="hello")
    deliver("empty", ud7(""), text="")
    deliver("full_160", ud7("a" * 160), text="a" * 160)
    for i in range(0, 128, 16):
        row = [v for v in range(i, i + 16) if v not in (0x0A, 0x0D, 0x1B)]
        deliver(f"alphabet_{i:02x}", ud7(row), text="".join(BASIC[v] for v in row))
    for c, v in EXTENSION.items():
        if c != "\f":
            deliver(f"extension_{v:02x}", ud7("a" + c + "b"), text="a" + c + "b")
    deliver("extension_page_break", ud7("a\fb"), text="a\nb")
    deliver("extension_unknown", ud7([0x61, 0x1B, 0x41, 0x62]), text="aAb")
    deliver("escape_escape", ud7([0x61, 0x1B, 0x1B, 0x62]), text="a\u00a0b")
    deliver("escape_last", ud7([0x61, 0x1B]), text="a\u00a0")
    deliver("at_sign_last", ud7("mail@"), text="mail@")
    for n in (7, 8, 9, 15, 16):
        deliver(f"at_signs_{n}", ud7("@" * n), text="@" * n)
    for n in range(1, 10):
        deliver(f"length_{n}", ud7("xyzabcdef"[:n]), text="xyzabcdef"[:n])
    deliver("line_ends", ud7("a\r\nb\nc\rd"), text="a\nb\nc\nd")
    deliver("cr_padding", ud7("abcdefg\r"), text="abcdefg")
    deliver("spaces_kept", ud7(" a "), text=" a ")

    def wide(name, text, shown=None, **f):
        deliver(name, ud8(ucs2(text)), dcs=8, alphabet="ucs2", text=text if shown is None else shown, **f)
    wide("ucs2_vietnamese", "Họ tên: NGUYỄN VĂN Ấ, sinh 01/02/1990")
    wide("ucs2_decomposed", "Tie\u0302\u0301ng Vie\u0323\u0302t")
    wide("ucs2_empty", "")
    wide("ucs2_full_70", "đ" * 70)
    wide("ucs2_emoji", "ok 😀 𝄞")
    wide("ucs2_tilde", "~^[]{}|\\€")
    wide("ucs2_half_pair_first", "a\ud83d", "a\ufffd")
    wide("ucs2_half_pair_second", "\ude00b", "\ufffdb")
    wide("ucs2_pair_swapped", "\ude00\ud83d", "\ufffd\ufffd")
    wide("ucs2_half_pair_then_letter", "\ud83da", "\ufffda")
    wide("ucs2_control", "a\x00b\x07c\x1b[2Jd\x7fe\x9bf", "abc[2Jdef")
    wide("ucs2_bidi", "a\u202eb\u202cc\u2066d\u2069e\u200ff\u061cg", "abcdefg")
    wide("ucs2_unseen", "\ufeffa\u200bb\u2060c\u00add\U000e0041e\U0001fffe\uffff", "abcde")
    wide("ucs2_line_ends", "a\r\nb\u2028c\u2029d\u0085e\rf\n", "a\nb\nc\nd\ne\nf\n")
    wide("ucs2_tab", "a\tb", "a b")
    wide("ucs2_joiners_kept", "👨\u200d👩", "👨\u200d👩")
    deliver("ucs2_odd_octet", ud8(ucs2("ab") + b"\x00"), dcs=8, alphabet="ucs2", text="ab")
    deliver("data", ud8(bytes(range(20))), dcs=4, alphabet="data", data=bytes(range(20)).hex().upper(),
            text="")
    deliver("data_140", ud8(b"\xff" * 140), dcs=4, alphabet="data", data="FF" * 140, text="")


def codings():
    h, u = "hello", ucs2("hé")
    for dcs, cls in ((0x10, 0), (0x11, 1), (0x12, 2), (0x13, 3), (0xF0, 0), (0xF1, 1), (0xF2, 2), (0xF3, 3)):
        deliver(f"dcs_{dcs:02x}", ud7(h), dcs=dcs, text=h, **{"class": cls})
    for dcs in (0x01, 0x0C, 0x40, 0x80, 0x9F, 0xBF, 0xC0, 0xC8, 0xD0, 0xDB):
        deliver(f"dcs_{dcs:02x}", ud7(h), dcs=dcs, text=h)
    for dcs in (0x09, 0x48, 0xE0, 0xE8):
        deliver(f"dcs_{dcs:02x}", ud8(u), dcs=dcs, alphabet="ucs2", text="hé")
    for dcs, cls in ((0x18, 0), (0x1B, 3), (0x59, 1)):
        deliver(f"dcs_{dcs:02x}", ud8(u), dcs=dcs, alphabet="ucs2", text="hé", **{"class": cls})
    for dcs, cls in ((0x04, None), (0x14, 0), (0xF4, 0), (0xF5, 1), (0xFF, 3), (0x20, None), (0x30, 0),
                     (0x28, None), (0x60, None)):
        deliver(f"data_dcs_{dcs:02x}", ud8(b"\x01\x02"), dcs=dcs, alphabet="data", data="0102", text="",
                **{"class": cls})


def senders():
    h = ud7("x")
    for name, number, toa in (
            ("short_code", "1414", None), ("national", "0912345678", 0xA1), ("international_15", "+123456789012345", None),
            ("odd_digits", "113", None), ("one_digit", "9", None), ("twenty_digits", "12345678901234567890", 0x80),
            ("twenty_international", "+12345678901234567890", None), ("service_code", "*101#", None),
            ("letters", "1a2b3c", None), ("abbreviated", "191", 0xE1), ("subscriber", "42", 0xC0),
            ("network_specific", "1234", 0xB9), ("type_bit_7_unset", "1414", 0x01)):
        deliver("from_" + name, h, oa=address(number, toa), sender_is=number, text="x")
    deliver("from_nobody", h, oa=b"\0\x81", sender_is="", text="x")
    deliver("from_fill_counted", h, oa=bytes([4, 0x81]) + bytes.fromhex("31F1"), sender_is="131", text="x")
    deliver("from_fill_inside", h, oa=bytes([6, 0x81]) + bytes.fromhex("31F254"), sender_is="13245", text="x")
    for text in ("A", "VIETTEL", "Viettel_CSKH"[:11], "MobiFone", "MY_BANK", "A$B", "Foo@Bar", "Ünal", "äöü ÄÖÜ",
                 "€uro[1]", "1414", "CongDVC.gov", "@bank", "Hi!"):
        deliver("from_name_" + text.encode().hex(), h, oa=sender(text), sender_is=text, named=True, text="x")
    deliver("from_name_empty", h, oa=sender(""), sender_is="", named=True, text="x")
    deliver("from_name_padded", h, oa=sender("VIETTEL", 14), sender_is="VIETTEL", named=True, text="x")
    deliver("from_name_line_end", h, oa=sender("A\nB"), sender_is="A B", named=True, text="x")
    deliver("from_name_20", h, oa=sender("ABCDEFGHIJK", 20), sender_is="ABCDEFGHIJK", named=True, text="x")
    deliver("from_name_d1", h, oa=sender("VIETTEL", toa=0xD1), sender_is="VIETTEL", named=True, text="x")
    deliver("from_21", h, oa=bytes([21, 0x91]) + b"\x11" * 11, refused="bad_address")
    deliver("from_255", h, oa=bytes([255, 0x91]) + b"\x11" * 128, refused="bad_address")
    deliver("from_name_21", h, oa=bytes([21, 0xD0]) + b"\x11" * 11, refused="bad_address")


def times():
    for name, stamp, quarters, utc, zone in (
            ("vietnam", "260101003000", 28, "2025-12-31T17:30:00Z", 420), ("utc", "700101000000", 0, "2070-01-01T00:00:00Z", 0),
            ("west", "261122233000", -20, "2026-11-23T04:30:00Z", -300), ("nepal", "240229120000", 23, "2024-02-29T06:15:00Z", 345),
            ("leap_2000", "000229235959", 0, "2000-02-29T23:59:59Z", 0), ("nineties", "991231235959", 0, "1999-12-31T23:59:59Z", 0),
            ("end_of_year", "261231235959", 0, "2026-12-31T23:59:59Z", 0), ("far_east", "260301010000", 56, "2026-02-28T11:00:00Z", 840)):
        deliver("time_" + name, ud7("x"), when=scts(stamp, quarters), time=utc, zone=zone, text="x")
    for name, octets in (
            ("zeros", "00000000000000"), ("ones", "FFFFFFFFFFFFFF"), ("month_13", "62312221031582"),
            ("day_31_april", "62401321031582"), ("february_29", "62209221031582"), ("hour_24", "62112242031582"),
            ("minute_60", "62112221061582"), ("second_60", "62112221030682"), ("not_bcd", "6A112221031582"),
            ("zone_not_bcd", "621122210315F2")):
        deliver("time_" + name, ud7("x"), when=bytes.fromhex(octets), time="unknown", text="x")


def headers():
    concat = (0x00, [0x2A, 3, 2])
    wide = (0x08, [0x12, 0x34, 3, 1])
    port = (0x05, [0x23, 0xF4, 0x00, 0x00])

    def with_header(name, *elements, text="part", **f):
        deliver(name, ud7(text, udh(*elements)), first=0x44, text=text, **f)
    with_header("concat_8", concat, concat="42/3/2")
    with_header("concat_16", wide, concat="4660/3/1", wide="yes")
    with_header("concat_full_153", concat, text="z" * 153, concat="42/3/2")
    with_header("concat_16_full_152", wide, text="z" * 152, concat="4660/3/1", wide="yes")
    deliver("concat_ucs2", ud8(ucs2("Số giấy tờ"), udh(concat)), first=0x44, dcs=8, alphabet="ucs2",
            concat="42/3/2", text="Số giấy tờ")
    deliver("concat_ucs2_full_67", ud8(ucs2("đ" * 67), udh(concat)), first=0x40, dcs=8, alphabet="ucs2",
            concat="42/3/2", text="đ" * 67)
    deliver("concat_data", ud8(b"\x01\x02", udh(concat)), first=0x44, dcs=4, alphabet="data", data="0102",
            concat="42/3/2", text="")
    with_header("concat_sequence_0", (0x00, [1, 3, 0]))
    with_header("concat_sequence_over", (0x00, [1, 3, 4]))
    with_header("concat_total_0", (0x00, [1, 0, 0]))
    with_header("concat_wrong_length", (0x00, [1, 3]))
    with_header("concat_wrong_length_then_more", (0x00, [1, 3]), (0x01, [0x80, 1]))
    with_header("concat_too_long", (0x00, [1, 2, 1, 9]))
    with_header("concat_16_wrong_length", (0x08, [1, 2, 3]))
    with_header("concat_255", (0x00, [255, 255, 255]), concat="255/255/255")
    with_header("concat_last_counts", (0x00, [1, 2, 1]), (0x00, [9, 4, 3]), concat="9/4/3")
    with_header("ports_16", port, ports="9204/0")
    with_header("ports_8", (0x04, [0xF5, 0x01]), ports="245/1")
    with_header("ports_and_concat", port, concat, concat="42/3/2", ports="9204/0")
    with_header("ports_wrong_length", (0x05, [0x23, 0xF4]))
    with_header("unknown_element", (0x7F, [1, 2, 3, 4, 5]), concat, concat="42/3/2")
    with_header("empty_element", (0x70, []), concat, concat="42/3/2")
    with_header("national_single", (0x24, [3]), single=3)
    with_header("national_locking", (0x25, [1]), locking=1)
    with_header("national_both", (0x24, [1]), (0x25, [1]), concat, single=1, locking=1, concat="42/3/2")
    for n in range(0, 8):  # every fill: 0 to 6 bits
        with_header(f"fill_{n}", (0x70, [0] * n), text="fill bits")
    deliver("header_empty", ud7("x", b"\0"), first=0x44, text="x")
    deliver("header_alone", ud7("", udh(concat)), first=0x44, text="", concat="42/3/2")
    deliver("header_fills_all", ud8(b"", udh((0x70, [7] * 137))), first=0x44, dcs=4, alphabet="data", data="", text="")
    deliver("header_without_udhi", ud8(udh(concat) + b"\x01"), dcs=4, alphabet="data", data="0500032A030201", text="")
    # lies
    deliver("lie_udhl_over", ud8(b"\x06\x00\x03\x01\x02\x01"), first=0x44, dcs=4, refused="bad_header")
    deliver("lie_udhl_255", ud8(b"\xff" * 20), first=0x44, dcs=4, refused="bad_header")
    deliver("lie_udhl_140", ud8(b"\x8c" + b"\0" * 139), first=0x44, dcs=4, refused="bad_header")
    deliver("lie_udhl_no_data", b"\0", first=0x44, refused="bad_header")
    deliver("lie_udhl_gsm7", bytes([6]) + bytes.fromhex("050003010201"), first=0x44, refused="bad_header")
    deliver("lie_element_over", ud8(b"\x05\x00\x04\x01\x02\x01" + b"\0" * 9), first=0x44, dcs=4, refused="bad_header")
    deliver("lie_element_255", ud8(b"\x05\x00\xff\x01\x02\x01" + b"\0" * 9), first=0x44, dcs=4, refused="bad_header")
    deliver("lie_element_half", ud8(b"\x04\x70\x01\x00\x00" + b"\0" * 9), first=0x44, dcs=4, refused="bad_header")
    deliver("lie_udl_161", b"\xa1" + b"\0" * 141, refused="bad_length")
    deliver("lie_udl_255", b"\xff" + b"\0" * 224, refused="bad_length")
    deliver("lie_udl_141_ucs2", b"\x8d" + b"\0" * 141, dcs=8, refused="bad_length")
    deliver("lie_udl_141_data", b"\x8d" + b"\0" * 141, dcs=4, refused="bad_length")
    deliver("lie_udl_one_more", b"\x09" + pack(septets("abcdefgh")), refused="cut_short")
    deliver("lie_udl_ucs2_one_more", b"\x03" + ucs2("a"), dcs=8, refused="cut_short")
    deliver("lie_udl_no_data", b"\xa0", refused="cut_short")


def oddities():
    deliver("more_messages", ud7("x"), first=0x00, text="x")
    deliver("reply_path_and_report", ud7("x"), first=0xA4, text="x")
    deliver("reserved_type", ud7("x"), first=0x07, text="x")
    deliver("trailing_octets", ud7("x"), tail=b"\xde\xad\xbe\xef", text="x")
    deliver("pid_replace", ud7("x"), pid=0x41, text="x")
    deliver("pid_type_0", ud7("x"), pid=0x40, text="x")
    put("nothing", "deliver", b"", refused="cut_short")
    put("one_octet", "deliver", b"\x04", refused="cut_short")
    put("a_report_as_deliver", "deliver", b"\x06\x07" + address(VN), refused="wrong_kind")
    put("a_submit_report", "deliver", b"\x01\x00" + NOW, refused="wrong_kind")


def reports():
    for status in (0x00, 0x01, 0x02, 0x20, 0x22, 0x25, 0x30, 0x40, 0x46, 0x5F, 0x60, 0x65, 0x7F, 0x80, 0xFF):
        report(f"report_{status:02x}", status)
    for mr in (0, 1, 128, 255):
        report(f"report_reference_{mr}", 0, mr=mr)
    report("report_short_code", 0, ra=address("1414"), to="1414")
    report("report_national", 0, ra=address("0912345678", 0xA1), to="0912345678")
    report("report_more_bit", 0, first=0x02)
    report("report_srq", 0, first=0x26)
    report("report_indicator_empty", 0, tail=b"\0")
    report("report_indicator_pid", 0, tail=b"\x01\0")
    report("report_indicator_all", 0, tail=b"\x07\0\0\x05" + pack(septets("hello")))
    report("report_indicator_garbage", 0, tail=b"\xff\xff\xff\xff")
    report("report_header", 0, first=0x46, tail=b"\x04\x06\x05\0\x03\x01\x02\x01")
    report("report_bad_clock", 0x46, sent=b"\xff" * 7, time="unknown")
    report("report_bad_discharge", 0, settled=b"\0" * 7, settled_is="unknown")
    report("report_name", 0, ra=sender("VIETTEL"), to="VIETTEL")
    report("report_21", 0, ra=bytes([21, 0x91]) + b"\x11" * 11, refused="bad_address")
    put("report_nothing", "report", b"", refused="cut_short")
    put("report_one", "report", b"\x06", refused="cut_short")
    put("report_without_status", "report", b"\x06\x07" + address(VN) + NOW + NOW, refused="cut_short")
    put("a_deliver_as_report", "report", b"\x04" + address(VN), refused="wrong_kind")
    put("report_reserved_type", "report", b"\x07\x07" + address(VN) + NOW + NOW + b"\0", refused="wrong_kind")


def vp(minutes):
    for value in range(256):
        stands_for = ((value + 1) * 5 if value < 144 else 720 + (value - 143) * 30 if value < 168 else
                      (value - 166) * 1440 if value < 197 else (value - 192) * 10080)
        if stands_for >= minutes:
            return value
    return 255


def submits():
    def submit(name, text, to=VN, validity=5, rep=False, flash=False, replace=0, part=None):
        fits = all(c in BASIC or c in EXTENSION for c in text)
        header, shown = b"", text
        if part:
            reference, total, sequence, shown = part
            header = udh((0x00, [reference, total, sequence]))
        first = 0x01 | (0x10 if validity else 0) | (0x20 if rep else 0) | (0x40 if part else 0)
        dcs = (0 if fits else 8) | (0x10 if flash else 0)
        tpdu = (bytes([first, 0]) + address(to) + bytes([0x40 + replace if replace else 0, dcs]) +
                (bytes([vp(validity)]) if validity else b"") +
                (ud7(shown, header) if fits else ud8(ucs2(shown), header)))
        put(name, "submit", tpdu, to=to, text=shown, whole=text if part else None,
            alphabet="gsm7" if fits else "ucs2", validity_min=validity or "none", report="yes" if rep else None,
            flash="yes" if flash else None, replace=replace or None,
            concat=f"{part[0]}/{part[1]}/{part[2]}" if part else None)
    submit("submit_plain", "hello")
    submit("submit_otp", "Ma OTP: 123456", validity=10, rep=True)
    submit("submit_bound", "Ma OTP dang ky tai khoan Cong DVC: 123456. Hieu luc 5 phut. KHONG chia se ma nay "
           "cho bat ky ai.\n\n@dichvucong.example.gov.vn #123456", rep=True)
    submit("submit_at_last", "mail@")
    submit("submit_seven", "abcdefg")
    submit("submit_extension", "[€]{}^~|\\")
    submit("submit_160", "y" * 160)
    submit("submit_1414", "TTTB", to="1414", validity=60)
    submit("submit_fifteen_digits", "x", to="+123456789012345")
    submit("submit_ucs2", "Mã xác thực: 123456", rep=True)
    submit("submit_ucs2_70", "đ" * 70)
    submit("submit_emoji", "😀")
    submit("submit_flash", "hello", flash=True)
    submit("submit_flash_ucs2", "Mã", flash=True)
    submit("submit_replace_1", "x", replace=1)
    submit("submit_replace_7", "x", replace=7)
    submit("submit_no_validity", "x", validity=0)
    for minutes in (1, 6, 720, 721, 1440, 1441, 43200, 43201, 635040):
        submit(f"submit_validity_{minutes}", "x", validity=minutes)
    whole = "a" * 152 + "[" + "b" * 20
    submit("submit_part_1", whole, part=(42, 2, 1, "a" * 152))
    submit("submit_part_2", whole, part=(42, 2, 2, "[" + "b" * 20))
    whole = "đ" * 66 + "😀" + "ế" * 10
    submit("submit_part_ucs2_1", whole, part=(255, 2, 1, "đ" * 66), rep=True)
    submit("submit_part_ucs2_2", whole, part=(255, 2, 2, "😀" + "ế" * 10), rep=True)


assert NOW == bytes.fromhex(SC) and NOW_UTC == SC_UTC and address(VN).hex().upper() == VN_HEX
assert len(BASIC) == 128 and pack(septets("hello")).hex() == "e8329bfd06"
for make in (alphabets, codings, senders, times, headers, oddities, reports, submits):
    make()
text = "# Written by make_vectors.py, which explains the format.\n\n" + "\n\n".join(blocks) + "\n"
path = pathlib.Path(__file__).with_name("tpdu.txt")
if sys.argv[1:] == ["--check"]:
    sys.exit(0 if path.read_text(encoding="utf-8") == text else "tpdu.txt is not what this script writes")
path.write_text(text, encoding="utf-8")
print(len(blocks), "vectors")
