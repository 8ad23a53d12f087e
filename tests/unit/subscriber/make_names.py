#!/usr/bin/env python3
"""make_names: writes names.txt, SYNTHETIC pairs of names with the level that they are to get.

  make_names.py            writes names.txt beside it
  make_names.py --check    exit status 1 where the file is not what would be written

A line is `typed | record | level | findings` (\\u escapes, findings by commas). Encodings and keyboards
are worked out here from their own tables, not from the code under test.
"""
import pathlib
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent

NAMES = ["Nguyễn Văn An", "Trần Thị Thuỳ Dương", "Lê Hoàng Phúc", "Phạm Thị Hoà", "Đỗ Mỹ Linh",
         "Vũ Đức Thắng", "Huỳnh Thị Ngọc Huyền", "Bùi Quý Khôi", "Đặng Thái Sơn", "Võ Thị Sáu",
         "Nguyễn Thị Minh Khai", "Lý Thường Kiệt", "Hồ Quỳnh Hương", "Ngô Thuý Ái", "Dương Thị Xuân Quý"]

ACUTE, GRAVE, HOOK, TILDE, DOT = "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"
TELEX = {ACUTE: "s", GRAVE: "f", HOOK: "r", TILDE: "x", DOT: "j"}
VNI = {ACUTE: "1", GRAVE: "2", HOOK: "3", TILDE: "4", DOT: "5"}
SHAPE_TELEX = {"\u0302": None, "\u0306": "w", "\u031b": "w"}  # a circumflex doubles its letter
SHAPE_VNI = {"\u0302": "6", "\u0306": "8", "\u031b": "7"}
CP1258_MARK = {GRAVE: "\u00cc", HOOK: "\u00d2", TILDE: "\u00de", ACUTE: "\u00ec", DOT: "\u00f2"}
CP1258_LETTER = {"Ă": 0xC3, "ă": 0xE3, "Đ": 0xD0, "đ": 0xF0, "Ơ": 0xD5, "ơ": 0xF5, "Ư": 0xDD, "ư": 0xFD}
TCVN3 = dict(zip("ĂÂÊÔƠƯĐăâêôơưđ", range(0xA1, 0xAF)))
TCVN3.update(zip("àảãáạ", (0xB5, 0xB6, 0xB7, 0xB8, 0xB9)))
TCVN3.update(zip("ằẳẵắặầẩẫấậ", (0xBB, 0xBC, 0xBD, 0xBE, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB)))
TCVN3.update(zip("èẻẽéẹềểễếệ", (0xCC, 0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6)))
TCVN3.update(zip("ìỉĩíị", (0xD7, 0xD8, 0xDC, 0xDD, 0xDE)))
TCVN3.update(zip("òỏõóọồổỗốộờởỡớợ", (0xDF, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9,
                                     0xEA, 0xEB, 0xEC, 0xED, 0xEE)))
TCVN3.update(zip("ùủũúụừửữứự", range(0xEF, 0xFA - 1)))
TCVN3.update(zip("ùủũúụừửữứự", (0xEF, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9)))
TCVN3.update(zip("ỳỷỹýỵ", (0xFA, 0xFB, 0xFC, 0xFD, 0xFE)))
CYRILLIC = str.maketrans({"A": "А", "H": "Н", "T": "Т", "o": "о", "a": "а", "e": "е", "c": "с"})


def plain(text):
    text = text.replace("Đ", "D").replace("đ", "d")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def parts(letter):
    """base, shape mark, tone mark"""
    if letter in "Đđ":
        return letter, "", ""
    apart = unicodedata.normalize("NFD", letter)
    tone = "".join(c for c in apart[1:] if c in TELEX)
    shape = "".join(c for c in apart[1:] if c not in TELEX)
    return apart[0], shape, tone


def keyed(name, tones, shapes, d_stroke):
    words = []
    for word in name.split():
        out, tail = "", ""
        for letter in word:
            base, shape, tone = parts(letter)
            if letter in "Đđ":
                out += d_stroke
                continue
            key = shapes.get(shape, "") if shape else ""
            out += base + (base.lower() if key is None else key)
            tail += tones.get(tone, "") if tone else ""
        words.append(out + tail)
    return " ".join(words)


def telex(name):
    return keyed(name, TELEX, SHAPE_TELEX, "Dd")


def vni(name):
    return keyed(name, VNI, SHAPE_VNI, "D9")


def tcvn3(name):
    low = {k: chr(v) for k, v in TCVN3.items()}
    return "".join(low.get(c, low.get(c.lower(), c)) for c in name)


def cp1258(name):
    out = ""
    for letter in name:
        base, shape, tone = parts(letter)
        whole = unicodedata.normalize("NFC", base + shape)
        out += chr(CP1258_LETTER[whole]) if whole in CP1258_LETTER else whole
        out += CP1258_MARK.get(tone, "")
    return out


def has_y(name):
    return any("y" in plain(w).lower() for w in name.split())


def made(name):
    words = name.split()
    yield name, name, "exact", ""
    yield name.upper(), "  " + name.lower().replace(" ", "\u00a0"), "exact", ""
    yield unicodedata.normalize("NFD", name), name, "exact", ""
    yield name, plain(name).upper(), "unaccented", ""
    yield plain(name), name + ".", "unaccented", ""
    yield name, plain(" ".join(reversed(words))), "differs", "reordered"
    if len(words) > 2:
        yield name, plain(words[0] + " " + words[-1]).upper(), "differs", "missing_middle"
    yield telex(name), plain(name).upper(), "differs", "typing_residue"
    yield vni(name), name, "differs", "typing_residue"
    yield tcvn3(name), plain(name), "differs", "legacy_encoding"
    if any(c in cp1258(name) for c in CP1258_MARK.values()):
        yield cp1258(name), name, "differs", "legacy_encoding"
    yield plain(name).translate(CYRILLIC), plain(name).upper(), "differs", "lookalike_letters"
    if has_y(name):
        yield plain(name).replace("y", "i"), name, "differs", "i_y_variant"
    yield plain(name)[:-1] + "z", plain(name).upper(), "differs", "one_letter_off"
    yield name, plain(words[0]).upper() + " " + " ".join("*" * len(w) for w in words[1:]), "compatible", ""
    yield name, "Hoang Xuan Vinh", "differs", "different"


def line(pair):
    return " | ".join("".join(c if ord(c) >= 0x20 and not unicodedata.combining(c) and c != "\u00a0"
                              and c != "|" else f"\\u{ord(c):04x}" for c in text) for text in pair)


def main():
    hand = (HERE / "names_hand.txt").read_text(encoding="utf-8")
    pairs = [line(pair) for name in NAMES for pair in made(name)]
    whole = "# SYNTHETIC: typed | record | level | findings. Made by make_names.py.\n\n" + \
        "\n".join(pairs) + "\n\n" + hand
    path = HERE / "names.txt"
    if sys.argv[1:] == ["--check"]:
        return 0 if path.read_text(encoding="utf-8") == whole else 1
    path.write_text(whole, encoding="utf-8")
    print(sum(l.count(" | ") == 3 and not l.startswith("#") for l in whole.split("\n")), "pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
