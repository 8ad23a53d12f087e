#!/usr/bin/env python3
"""make_replies: writes replies.txt, SYNTHETIC replies of 1414 with the fields that are in them.

  make_replies.py            writes replies.txt beside it
  make_replies.py --check    exit status 1 where the file is not what would be written

No carrier publishes what its reply looks like: these are layouts that are known in part (a
transcript of 2017, labels quoted by official guides) and what else a carrier might do. Nobody in
them exists. Hand-written ones stand in hand.txt and are copied behind the made ones.

A record is `=== NAME | CARRIER`, then its text, each line behind "> " (\\u escapes; a label stands
between { and }, a value between [ and ], which are no part of the text), then what is in it, one
`field value` a line, or `refusal name`.
"""
import itertools
import pathlib
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent

PEOPLE = [
    {"name": "Nguyễn Văn An", "birth": "16/09/1982", "id": "205123456", "type": "CMND",
     "issued": "11/12/2006", "place": "CA Bình Định", "msisdn": "0912345678",
     "address": "12 Lê Lợi, P. Trần Phú, Quy Nhơn"},
    {"name": "Trần Thị Thuỳ Dương", "birth": "1/2/1995", "id": "052195001234", "type": "CCCD",
     "issued": "10/5/2021", "place": "Cục CS QLHC về TTXH", "msisdn": "84356789012",
     "address": "Thôn 3, xã Phước Sơn, Tuy Phước"},
    {"name": "H'Hen Niê", "birth": "05.11.2001", "id": "066301004321", "type": "Căn cước công dân",
     "issued": "01.08.2022", "place": "CA TP. Hồ Chí Minh", "msisdn": "+84 905 123 456",
     "address": "45 Y Jút, Buôn Ma Thuột"},
    {"name": "Đỗ Hoà", "birth": "29-2-1988", "id": "B1234567", "type": "Hộ chiếu",
     "issued": "3-3-2019", "place": "Cục QLXNC", "msisdn": "0592345678",
     "address": "7 Nguyễn Huệ, Pleiku"},
]

ACCENTED = {"full_name": "Họ tên", "birth_date": "Ngày sinh", "id_number": "Số giấy tờ",
            "id_type": "Loại giấy tờ", "id_issued_on": "Ngày cấp", "id_issued_by": "Nơi cấp",
            "msisdn": "Số thuê bao", "address": "Địa chỉ", "registered_on": "Ngày CN",
            "subscriber_type": "Đối tượng", "status": "Trạng thái"}
SHORT = {"full_name": "Tên", "birth_date": "NS", "id_number": "CMT", "id_issued_on": "Ngày cấp",
         "id_issued_by": "Nơi cấp", "registered_on": "Ngày CN", "id_type": "Loại GT", "msisdn": "SĐT",
         "address": "ĐC", "subscriber_type": "Loại TB", "status": "Tình trạng"}
LONG = {"full_name": "Họ và tên", "birth_date": "Ngày tháng năm sinh", "id_number": "Số GTTT",
        "id_issued_on": "Ngày cấp", "id_issued_by": "Nơi cấp", "registered_on": "Ngày đăng ký",
        "id_type": "Loại giấy tờ", "msisdn": "Số điện thoại", "address": "Địa chỉ thường trú",
        "subscriber_type": "Loại thuê bao", "status": "Trạng thái"}
OTHER = {"full_name": "Tên chủ TB", "birth_date": "Sinh ngày", "id_number": "CCCD",
         "id_issued_on": "Ngày cấp", "id_issued_by": "Nơi cấp", "registered_on": "Ngày ĐK",
         "id_type": "Loại GT", "msisdn": "Số TB", "address": "Địa chỉ", "subscriber_type": "Đối tượng",
         "status": "Trạng thái"}

ORDERS = [
    ["full_name", "id_number", "birth_date", "id_issued_by", "id_issued_on", "registered_on"],
    ["msisdn", "full_name", "id_number"],
    ["id_number", "full_name", "birth_date"],
    ["msisdn", "full_name", "birth_date", "id_type", "id_number", "id_issued_on", "id_issued_by", "address"],
    ["subscriber_type", "status", "full_name", "birth_date", "id_number", "msisdn", "registered_on"],
]

# name, carrier, labels, label to value, field to field, accents kept, before, after
LAYOUTS = [
    ("lines", "VinaPhone", SHORT, ": ", "\n", True, "", ""),
    ("lines-plain", "Viettel", ACCENTED, ": ", "\n", False, "Thong tin thue bao cua Quy khach:\n", ""),
    ("semicolons", "MobiFone", LONG, ": ", "; ", False, "", ". Chi tiet lien he 18001090"),
    ("commas", "Vietnamobile", OTHER, ": ", ", ", True, "Kính gửi Quý khách. ", ""),
    ("dots", "Gmobile", ACCENTED, ": ", ". ", False, "", ". Tran trong."),
    ("dashes", "iTel", LONG, ":", " - ", True, "TTTB: ", ""),
    ("equals", "Viettel", OTHER, "=", "|", False, "", ""),
    ("spaces", "", ACCENTED, ": ", " ", True, "", ""),
]


def plain(text):
    text = text.replace("Đ", "D").replace("đ", "d")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def date_value(text):
    day, month, year = (int(n) for n in text.replace(".", "/").replace("-", "/").split("/"))
    return f"{year:04}-{month:02}-{day:02}"


def values_of(person):
    """field: what stands in the text, what it means"""
    words = lambda text: (text, text)  # its meaning is made below, with or without accents
    kinds = {"CMND": "cmnd", "CCCD": "cccd", "Căn cước công dân": "cccd", "Hộ chiếu": "passport"}
    digits = person["msisdn"].replace(" ", "").lstrip("+")
    national = digits[2:] if digits.startswith("84") else digits[1:]
    return {
        "full_name": words(person["name"]),
        "birth_date": (person["birth"], date_value(person["birth"])),
        "id_number": (person["id"], person["id"]),
        "id_type": (person["type"], kinds[person["type"]]),
        "id_issued_on": (person["issued"], date_value(person["issued"])),
        "id_issued_by": words(person["place"]),
        "msisdn": (person["msisdn"], "+84" + national),
        "address": words(person["address"]),
        "registered_on": ("19/1/2017", "2017-01-19"),
        "subscriber_type": words("Cá nhân trả trước"),
        "status": words("Hoạt động hai chiều"),
    }


WORDS = ("full_name", "id_issued_by", "address", "subscriber_type", "status")


def meaning(field, text, value):
    return unicodedata.normalize("NFC", text).upper() if field in WORDS else value


def record(name, carrier, text, fields):
    lines = [f"=== {name} | {carrier}"]
    lines += ["> " + line.replace("\\", "\\\\") for line in text.split("\n")]
    return "\n".join(lines + [f"{field} {value}" for field, value in fields])


def compose(layout, order, person):
    name, carrier, labels, sep, gap, accents, before, after = layout
    keep = (lambda t: t) if accents else plain
    shown, fields = [], []
    for field in order:
        text, value = values_of(person)[field]
        # a comma or a dot parts fields here: an address would be cut, and is
        text = keep(text)
        if field == "address" and gap in (", ", ". "):
            text = text.replace(",", "").replace(".", "")
        shown.append("{%s}%s[%s]" % (keep(labels[field]), sep, text))
        fields.append((field, meaning(field, text, value)))
    return before + gap.join(shown) + after, fields, carrier, name


def made():
    for layout, (i, order) in itertools.product(LAYOUTS, enumerate(ORDERS)):
        for j, person in enumerate(PEOPLE):
            text, fields, carrier, name = compose(layout, order, person)
            yield record(f"{name}-{i}-{j}", carrier, text, fields)


def main():
    hand = (HERE / "hand.txt").read_text(encoding="utf-8")
    head = "# SYNTHETIC: nobody in here exists, no carrier wrote this. Made by make_replies.py.\n\n"
    whole = head + "\n\n".join(made()) + "\n\n" + hand
    path = HERE / "replies.txt"
    if sys.argv[1:] == ["--check"]:
        return 0 if path.read_text(encoding="utf-8") == whole else 1
    path.write_text(whole, encoding="utf-8")
    print(whole.count("\n=== "), "replies")
    return 0


if __name__ == "__main__":
    sys.exit(main())
