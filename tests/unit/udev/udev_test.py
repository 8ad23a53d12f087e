"""The udev rules and the hardware database: `systemd-hwdb update --strict` and `udevadm test` on simulated sticks
(tests/sim/stick). Neither needs udevd. They read and write fixed places, so they get a mount namespace of their own in
which /usr/lib/udev/rules.d, /etc/udev, /etc/group and /run are ours. What this cannot show: that udevd obeys (that
it makes the link and changes the group), and that a real stick has the numbers that stand in the database."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

STICK = os.environ.get("STICK", "")
SOURCE = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
# What the database has to know: all products that ModemManager's rules, oFono and chan_dongle name for the families of
# docs/modems.md, the interfaces of each that take commands, and those that are never opened. Written down from those
# sources, not from the database: what is missing there fails here.
FAMILIES = {
    "12d1:1001": ([2], [1]), "12d1:140c": ([3], []), "12d1:14ac": ([4], []), "12d1:1436": ([4], []),
    "19d2:0016": ([2], []), "19d2:0017": ([2], []), "19d2:0117": ([2], []),
    "19d2:0031": ([3], []), "19d2:0063": ([3], []), "19d2:0167": ([3], []), "19d2:1402": ([3], []),
    "1e0e:9001": ([2], [0, 1, 4]), "1e0e:9011": ([4], []), "1e0e:9205": ([2], []), "1e0e:9206": ([2], []),
    "05c6:9003": ([2], [0, 1]), "05c6:9090": ([2], [0, 1]),
    "2c7c:0121": ([2], [0, 1]), "2c7c:0125": ([2], [0, 1]), "2c7c:0128": ([5], []),
    "2c7c:0296": ([2], [0, 1]), "2c7c:0306": ([2], [0, 1]),
    "2c7c:0512": ([2], [0, 1]), "2c7c:0700": ([2], [0, 1]), "2c7c:0800": ([2], [0, 1]),
    "1199:68c0": ([3], [0, 2]), "1199:9071": ([3], [0, 2]), "1199:9079": ([3], [0, 2]), "1199:9091": ([3], [0, 2]),
    "1bc7:0021": ([6], []), "1bc7:0036": ([6], []), "1bc7:1003": ([], []), "1bc7:1004": ([], [2]),
    "1bc7:1201": ([4], []),
    "1e2d:0053": ([0], [1]), "1e2d:0061": ([2], [4]), "1e2d:005b": ([0], [4, 8]), "1e2d:005d": ([0], [4, 8]),
    "1e2d:0069": ([0], [4, 6]), "1e2d:006f": ([0], [4, 6]),
    "1546:1010": ([], []), "1546:1107": ([], [6, 8, 10]), "1546:110a": ([], [6, 8, 10]),
    "1546:1102": ([], [6, 8, 10, 12]),
    "12d1:1506": ([], []), "12d1:15c1": ([], []), "12d1:1573": ([], []),
}
# In the namespace: $1 is the folder whose parts are laid over the system's.
LAY = """mount --bind "$1/rules.d" /usr/lib/udev/rules.d && mount --bind "$1/root/etc/udev" /etc/udev &&
mount --bind "$1/group" /etc/group && mount -t tmpfs none /run && mkdir /run/udev && shift && exec "$@" """


def in_a_world(root, *command):
    who = [] if os.getuid() == 0 else ["--map-root-user"]
    return subprocess.run(["unshare", "--mount"] + who + ["sh", "-c", LAY, "sh", root] + list(command),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Udev(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="otpgate-udev-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.at = 90
        shutil.copytree("/usr/lib/udev/rules.d", self.path("rules.d"))
        for folder in ("root/etc/udev/hwdb.d", "root/etc/udev/rules.d", "root/lib/udev/hwdb.d"):
            os.makedirs(self.path(folder))
        self.write("group", open("/etc/group").read() + "otpgate:x:4242:\n")
        shutil.copy(os.path.join(SOURCE, "60-otpgate.rules"), self.path("rules.d"))
        shutil.copy(os.path.join(SOURCE, "60-otpgate.hwdb"), self.path("root/lib/udev/hwdb.d"))
        self.update()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def update(self):
        subprocess.run(["systemd-hwdb", "--strict", "--root=" + self.path("root"), "update"], check=True)

    def run_rules(self, syspath):
        done = in_a_world(self.dir, STICK, "run", self.path("stick"), "udevadm", "test", "--action=add", syspath)
        self.assertEqual(done.returncode, 0, done.stdout)
        ours = [line for line in done.stdout.splitlines() if "60-otpgate.rules" in line or "59-otpgate" in line]
        for line in ours:
            for bad in ("Invalid", "Unknown", "unknown", "ignoring"):
                self.assertNotIn(bad, line)
        found = dict(line.split("=", 1) for line in done.stdout.splitlines()
                     if "=" in line and line.split("=", 1)[0].replace("_", "").isalnum())
        found["said"] = "\n".join(ours)
        return found

    def plug(self, ids, interface, usb="1-2", serial="", protocol="ff"):
        self.at += 1
        tty = "ttyUSB%d" % self.at
        subprocess.run([STICK, "plug", self.path("stick"), tty, "/dev/null", usb, str(interface), ids], check=True,
                       env=dict(os.environ, STICK_SERIAL=serial, STICK_PROTOCOL=protocol))
        device = "/sys/devices/pci0000:00/0000:00:14.0/usb1/" + usb
        return device, "%s/%s:1.%d/%s/tty/%s" % (device, usb, interface, tty, tty)

    def port(self, *args, **kwargs):
        return self.run_rules(self.plug(*args, **kwargs)[1])

    def role(self, ids, interface, protocol="ff"):
        key = "otpgate:usb:v%sp%si%02xcffsffp%s" % (*ids.split(":"), interface, protocol)
        done = subprocess.run(["systemd-hwdb", "--root=" + self.path("root"), "query", key], check=True,
                              stdout=subprocess.PIPE, text=True)
        found = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.assertIn("OTPGATE_MODEL", found, key)
        return found.get("OTPGATE_PORT")

    # --- the database ---

    def test_every_family_is_in_the_database_with_its_ports(self):
        text = open(os.path.join(SOURCE, "60-otpgate.hwdb"), encoding="utf-8").read()
        known = {line[13:17] + ":" + line[18:22] for line in text.splitlines() if line.startswith("otpgate:usb:v")
                 and not line.startswith("otpgate:usb:vV")}
        self.assertEqual(known, set(FAMILIES))
        for ids, (takes, shut) in FAMILIES.items():
            for interface in takes:
                self.assertEqual(self.role(ids, interface), "at", (ids, interface))
            for interface in shut:
                self.assertIn(self.role(ids, interface), ("diag", "gps", "audio", "ignore"), (ids, interface))
            self.assertIsNone(self.role(ids, 7), ids)

    def test_where_the_product_says_nothing_the_protocol_does(self):
        for ids in ("12d1:1506", "12d1:15c1", "12d1:1573"):
            for protocol, role in (("02", "at"), ("12", "at"), ("32", "at"), ("01", None), ("31", None),
                                   ("03", "diag")):
                self.assertEqual(self.role(ids, 3, protocol), role, (ids, protocol))

    # --- the rules ---

    def test_the_device_is_not_modem_managers(self):
        device, _ = self.plug("1e0e:9001", 2)
        found = self.run_rules(device)
        self.assertEqual(found["ID_MM_DEVICE_IGNORE"], "1")
        self.assertEqual(found["OTPGATE_MODEL"], "SIMCom SIM7x00")
        device, _ = self.plug("067b:2303", 0, usb="1-3")
        self.assertNotIn("ID_MM_DEVICE_IGNORE", self.run_rules(device))

    def test_the_port_that_takes_commands(self):
        found = self.port("1e0e:9001", 2)
        self.assertEqual(found["OTPGATE_PORT"], "at")
        self.assertEqual(found["OTPGATE_MODEL"], "SIMCom SIM7x00")
        self.assertEqual(found["ID_PATH"], "pci-0000:00:14.0-usb-0:2:1.2")
        self.assertEqual(set(found["TAGS"].strip(":").split(":")), {"otpgate", "systemd"})
        self.assertIn("/dev/otpgate/pci-0000:00:14.0-usb-0:2:1.2", found["DEVLINKS"].split())
        self.assertEqual(found["ID_MM_PORT_IGNORE"], "1")
        self.assertIn("GROUP 4242", found["said"])
        self.assertIn("MODE 0660", found["said"])

    def test_a_port_for_something_else_is_told_of_and_not_given_away(self):
        found = self.port("1e0e:9001", 0)
        self.assertEqual(found["OTPGATE_PORT"], "diag")
        self.assertIn(":otpgate:", found["TAGS"])
        self.assertNotIn("otpgate", found.get("DEVLINKS", ""))
        self.assertNotIn("GROUP", found["said"])

    def test_a_port_that_nobody_knows_is_ours_to_look_at(self):
        found = self.port("067b:2303", 0)
        self.assertNotIn("OTPGATE_PORT", found)
        self.assertNotIn("ID_MM_PORT_IGNORE", found)
        self.assertIn(":otpgate:", found["TAGS"])

    def test_the_protocol_counts(self):
        self.assertEqual(self.port("12d1:1506", 2, protocol="12")["OTPGATE_PORT"], "at")
        self.assertNotIn("OTPGATE_PORT", self.port("12d1:1506", 0, protocol="10"))

    # --- what an operator says ---

    def named(self, found, name):
        self.assertIn("/dev/otpgate/" + name, found["DEVLINKS"].split())

    def test_a_name_by_a_rule(self):
        self.write("root/etc/udev/rules.d/59-otpgate-local.rules",
                   'SUBSYSTEM=="tty", KERNELS=="1-2", ENV{OTPGATE_NAME}="viettel-1"\n'
                   'SUBSYSTEM=="tty", ATTRS{idVendor}=="12d1", ATTRS{serial}=="0123456789ABCDEF",'
                   ' ENV{OTPGATE_NAME}="viettel-2"\n'
                   'SUBSYSTEM=="tty", KERNELS=="1-5", ENV{OTPGATE_PORT}="ignore"\n')
        self.named(self.port("1e0e:9001", 2), "viettel-1")
        self.assertNotIn("otpgate", self.port("1e0e:9001", 3).get("DEVLINKS", ""))
        self.named(self.port("12d1:1001", 2, usb="1-4", serial="0123456789ABCDEF"), "viettel-2")
        found = self.port("1e0e:9001", 2, usb="1-5")
        self.assertEqual(found["OTPGATE_PORT"], "ignore")
        self.assertNotIn("otpgate", found.get("DEVLINKS", ""))

    def test_a_name_by_the_database(self):
        self.write("root/etc/udev/hwdb.d/61-otpgate-local.hwdb",
                   "otpgate:path:pci-0000:00:14.0-usb-0:2:1.2\n OTPGATE_NAME=viettel-1\n\n"
                   "otpgate:serial:0123456789ABCDEF\n OTPGATE_NAME=viettel-2\n\n"
                   "otpgate:path:pci-0000:00:14.0-usb-0:5:*\n OTPGATE_NAME=old-wavecom\n OTPGATE_PORT=at\n")
        self.update()
        self.named(self.port("1e0e:9001", 2), "viettel-1")
        self.named(self.port("12d1:1001", 2, usb="1-4", serial="0123456789ABCDEF"), "viettel-2")
        found = self.port("067b:2303", 0, usb="1-5")
        self.named(found, "old-wavecom")
        self.assertIn("GROUP 4242", found["said"])
        self.assertEqual(found["ID_MM_DEVICE_IGNORE"], "1")


if __name__ == "__main__":
    missing = [tool for tool in ("udevadm", "systemd-hwdb", "unshare") if not shutil.which(tool)]
    if missing or subprocess.run(["unshare", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user"]) + ["true"],
                                 check=False).returncode:
        print("skipped: needs a mount namespace, and", ", ".join(missing) or "the right to make one")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
