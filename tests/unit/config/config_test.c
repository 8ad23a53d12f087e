/* config: what the operator may write, and that every mistake is told, with its line and the
 * nearest name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config.h"
#include "keys.h"
#include "reader.h"

static struct config *config;
static struct config_mistakes mistakes;

static int parse_bytes(const char *bytes, size_t len)
{
    config_free(config);
    config_mistakes_free(&mistakes);
    return config_parse("otpgate.conf", bytes, len, &config, &mistakes);
}

static int parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

/* The text is wrong in exactly this way. */
static void wrong(const char *text, const char *message)
{
    assert_int_equal(parse(text), -EINVAL);
    assert_null(config);
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.line[0], message);
}

static void right(const char *text)
{
    int rc = parse(text);
    if (mistakes.count)
        print_error("%s\n", mistakes.line[0]);
    assert_int_equal(rc, 0);
    assert_int_equal(mistakes.count, 0);
    assert_non_null(config);
}

static int forget(void **state)
{
    (void)state;
    config_free(config);
    config = NULL;
    config_mistakes_free(&mistakes);
    return 0;
}

static void nothing_is_the_defaults(void **state)
{
    (void)state;
    right("");
    assert_string_equal(config->socket, "/run/otpgate/otpgate.sock");
    assert_string_equal(config->state_dir, "/var/lib/otpgate");
    assert_string_equal(config->timezone, "Asia/Ho_Chi_Minh");
    assert_string_equal(config->country, "84");
    assert_string_equal(config->name, "otpgate");
    assert_int_equal(config->socket_mode, 0660);
    assert_false(config->foreign_numbers);
    assert_false(config->short_codes);
    assert_int_equal(config->keepalive_s, 60);
    assert_int_equal(config->evidence_wait_s, 5);
    assert_int_equal(config->max_connections, 64);
    assert_int_equal(config->max_connections_total, 256);
    assert_int_equal(config->max_in_flight, 32);
    assert_int_equal(config->max_line_bytes, 65536);
    assert_int_equal(config->max_unsent_kb, 1024);
    assert_int_equal(config->max_queued, 1000000);
    assert_int_equal(config->retention_days, 30);
    assert_int_equal(config->log_level, 6);
    assert_int_equal(config->modem_count, 0);
}

static void all_keys_are_read(void **state)
{
    (void)state;
    right("# a gateway\n"
          "[gateway]\n"
          "name = Cổng OTP; quận 1\n"
          "socket=/tmp/a b.sock\n"
          "socket_mode = 0600\n"
          "state_dir = /srv/otp\n"
          "timezone = UTC\n"
          "country = 856\n"
          "foreign_numbers = yes\n"
          "short_codes = yes\n"
          "keepalive_s = 30\n"
          "retention_days = 3650\n"
          "log_level = debug\n"
          "\n"
          "  [ modem   viettel-1 ]  \n"
          "   port = /dev/otpgate/viettel-1\n"
          "; a comment\n"
          "number = +84912345678\n"
          "smsc = +84980200030\n"
          "roaming = yes\n"
          "daily_budget = 200\n"
          "min_interval_ms = 1500\n"
          "driver = at\n"
          "[modem b_2]\n"
          "port = tcp://127.0.0.1:7001");
    assert_string_equal(config->name, "Cổng OTP; quận 1");
    assert_string_equal(config->socket, "/tmp/a b.sock");
    assert_int_equal(config->socket_mode, 0600);
    assert_string_equal(config->timezone, "UTC");
    assert_string_equal(config->country, "856");
    assert_true(config->foreign_numbers);
    assert_true(config->short_codes);
    assert_int_equal(config->keepalive_s, 30);
    assert_int_equal(config->retention_days, 3650);
    assert_int_equal(config->log_level, 7);
    assert_int_equal(config->modem_count, 2);
    const struct config_modem *modem = config->modems;
    assert_string_equal(modem->name, "viettel-1");
    assert_string_equal(modem->port, "/dev/otpgate/viettel-1");
    assert_string_equal(modem->number, "+84912345678");
    assert_string_equal(modem->smsc, "+84980200030");
    assert_true(modem->roaming);
    assert_int_equal(modem->daily_budget, 200);
    assert_int_equal(modem->min_interval_ms, 1500);
    assert_string_equal(modem[1].name, "b_2");
    assert_string_equal(modem[1].port, "tcp://127.0.0.1:7001");
    assert_string_equal(modem[1].driver, "at");
    assert_false(modem[1].roaming);
    assert_int_equal(modem[1].daily_budget, 0);
}

/* A resend that can never come in time would silently never happen. */
static void evidence_is_waited_for_no_longer_than_a_message_lives(void **state)
{
    (void)state;
    wrong("[gateway]\nevidence_wait_s = 300\n",
          "otpgate.conf:2: [gateway] evidence_wait_s: wants a whole number from 0 to 299");
    wrong("[gateway]\nevidence_wait_s = 90\n[purpose a]\ntemplate.vi = {code}\nttl_s = 90\n",
          "otpgate.conf:5: [purpose a] ttl_s: evidence_wait_s is 90, so that no code would be sent "
          "again in time");
    wrong("[purpose a]\ntemplate.vi = {code}\nttl_s = 90\n[gateway]\nevidence_wait_s = 90\n",
          "otpgate.conf:5: [gateway] evidence_wait_s: ttl_s of [purpose a] is 90, so that no code "
          "would be sent again in time");
    right("[gateway]\nevidence_wait_s = 89\n[purpose a]\ntemplate.vi = {code}\nttl_s = 90\n");
}

static void unknown_names_offer_the_nearest(void **state)
{
    (void)state;
    wrong("[gateway]\n\nsockett = /a\n",
          "otpgate.conf:3: [gateway] sockett: no such key, did you mean socket?");
    wrong("[modem a]\nport = /dev/a\nprot = /dev/b\n",
          "otpgate.conf:3: [modem a] prot: no such key, did you mean port?");
    wrong("[gateway]\nxyzzyxyzzy = 1\n", "otpgate.conf:2: [gateway] xyzzyxyzzy: no such key");
}

static void unknown_sections(void **state)
{
    (void)state;
    wrong("[gatewya]\nsocket = /a\nnonsense = 1\n",
          "otpgate.conf:1: [gatewya]: no such section, did you mean [gateway]?");
    wrong("[moden a]\n", "otpgate.conf:1: [moden a]: no such section, did you mean [modem a]?");
    wrong("[xyzzy]\n",
          "otpgate.conf:1: [xyzzy]: no such section; there are [gateway], [modem NAME], "
          "[role NAME] and [purpose NAME]");
    wrong("[modem]\nport=/dev/a\n", "otpgate.conf:1: [modem]: wants a name: [modem NAME]");
    wrong("[modem a b]\nport=/dev/a\n",
          "otpgate.conf:1: [modem a b]: a name is 1 to 63 letters, digits, - and _");
    wrong("[modem số]\nport=/dev/a\n",
          "otpgate.conf:1: [modem số]: a name is 1 to 63 letters, digits, - and _");
    wrong("[gateway two]\n", "otpgate.conf:1: [gateway two]: has no name, there is one: [gateway]");
    wrong("[gateway\n", "otpgate.conf:1: a section without its ]");
    wrong("[gateway] # main\n",
          "otpgate.conf:1: more text after ]; comments stand on lines of their own");
}

static void long_section_names_are_not_cut(void **state)
{
    (void)state;
    /* inih alone would make these two the same section: it keeps 49 bytes */
    right("[modem aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1]\nport=/dev/a\n"
          "[modem aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-2]\nport=/dev/b\n");
    assert_int_equal(config->modem_count, 2);
    assert_int_equal(strlen(config->modems[1].name), 63);
    assert_int_equal(config->modems[1].name[62], '2');
    wrong("[modem aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nport=/a\n",
          "otpgate.conf:1: [modem "
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]: a name is 1 to 63 "
          "letters, digits, - and _");
}

static void doubles(void **state)
{
    (void)state;
    wrong("[gateway]\nsocket=/a\nsocket=/a\n",
          "otpgate.conf:3: [gateway] socket: stands already at line 2");
    wrong("[gateway]\n[modem a]\nport=/a\n[gateway]\n",
          "otpgate.conf:4: [gateway]: stands already at otpgate.conf:1");
    wrong("[modem a]\nport=/a\n[modem a]\nport=/b\n",
          "otpgate.conf:3: [modem a]: stands already at otpgate.conf:1");
    wrong("[modem a]\nport=/a\n[modem b]\n\nport=/a\n",
          "otpgate.conf:5: [modem b] port: is the port of [modem a] already");
}

static void missing(void **state)
{
    (void)state;
    wrong("\n[modem a]\nroaming = no\n",
          "otpgate.conf:2: [modem a]: wants a port, imei, iccid, imsi or usb_path");
    wrong("[modem a]\n[modem b]\nport=/b",
          "otpgate.conf:1: [modem a]: wants a port, imei, iccid, imsi or usb_path");
    wrong("[modem a]", "otpgate.conf:1: [modem a]: wants a port, imei, iccid, imsi or usb_path");
}

static void lines_that_are_nothing(void **state)
{
    (void)state;
    wrong("socket = /a\n", "otpgate.conf:1: socket: a key before the first [section]");
    wrong("[gateway]\nsocket\n", "otpgate.conf:2: neither [section] nor key = value");
    assert_int_equal(parse_bytes("[gateway]\nname = a\0b\n", 21), -EINVAL);
    assert_string_equal(mistakes.line[0], "otpgate.conf:2: a NUL byte");
    wrong("[gateway]\nname = a\033[31m\n", "otpgate.conf:2: a control character");
    wrong("[gateway]\nname = \xc3\n", "otpgate.conf:2: not UTF-8");
    wrong("[gateway]\nname = \xed\xa0\x80\n", "otpgate.conf:2: not UTF-8");
}

static void bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"keepalive_s = 9", "keepalive_s: wants a whole number from 10 to 3600"},
        {"keepalive_s = 3601", "keepalive_s: wants a whole number from 10 to 3600"},
        {"keepalive_s = 60s", "keepalive_s: wants a whole number from 10 to 3600"},
        {"keepalive_s = -60", "keepalive_s: wants a whole number from 10 to 3600"},
        {"keepalive_s = 0x40", "keepalive_s: wants a whole number from 10 to 3600"},
        {"keepalive_s = 99999999999999999999", "keepalive_s: wants a whole number from 10 to 3600"},
        {"keepalive_s =", "keepalive_s: wants a whole number from 10 to 3600"},
        {"retention_days = 0", "retention_days: wants a whole number from 1 to 3650"},
        {"short_codes = true", "short_codes: wants yes or no"},
        {"short_codes = Yes", "short_codes: wants yes or no"},
        {"log_level = debgu",
         "log_level: wants error or warning or notice or info or debug; did you mean debug?"},
        {"socket = run/a", "socket: wants an absolute path of at most 107 bytes"},
        {"socket_mode = 0888", "socket_mode: wants an octal mode from 0000 to 0777"},
        {"socket_mode = 1777", "socket_mode: wants an octal mode from 0000 to 0777"},
        {"timezone = Asia/Ho_Chi_Min",
         "timezone: wants a time zone of this system, such as Asia/Ho_Chi_Minh"},
        {"timezone = ../../../etc/passwd",
         "timezone: wants a time zone of this system, such as Asia/Ho_Chi_Minh"},
        {"country = +84", "country: wants 1 to 3 digits, the first no 0"},
        {"country = 8400", "country: is over 3 bytes"},
        {"name =", "name: wants a text of 1 to 63 bytes"},
        {"name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "name: is over 63 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300], message[300];
        snprintf(text, sizeof text, "[gateway]\n%s\n", rows[i].line);
        snprintf(message, sizeof message, "otpgate.conf:2: [gateway] %s", rows[i].message);
        wrong(text, message);
    }
}

static void ports(void **state)
{
    (void)state;
    static const char *const good[] = {"/dev/ttyUSB0", "tcp://localhost:1", "tcp://[::1]:65535",
                                       "tcp://ser2net.example:7001"};
    static const char *const bad[] = {
        "ttyUSB0",          "tcp://",
        "tcp://host",       "tcp://host:",
        "tcp://:7001",      "tcp://host:0",
        "tcp://host:65536", "tcp://host:70x",
        "tcp://ho st:7",    "tcp://::1:7001",
        "tcp://[::1]7001",  "tcp://[::1:7001",
        "udp://host:7001",  "tcp://host:7001/a",
        "tcp:/host:1",      "",
    };
    char text[300];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "[modem a]\nport = %s\n", good[i]);
        right(text);
        assert_string_equal(config->modems[0].port, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "[modem a]\nport = %s\n", bad[i]);
        wrong(text, "otpgate.conf:2: [modem a] port: wants an absolute path or tcp://host:port");
    }
    wrong("[modem a]\nport=/a\ndriver=gamu\n",
          "otpgate.conf:3: [modem a] driver: wants at or gammu; did you mean gammu?");
    wrong("[modem a]\nport=/a\nnumber=0912 345\n",
          "otpgate.conf:3: [modem a] number: wants 3 to 15 digits with an optional +, or nothing");
    wrong("[modem a]\nport=/a\nsmsc=+84;1\n",
          "otpgate.conf:3: [modem a] smsc: wants 3 to 15 digits with an optional +, or nothing");
}

static void long_lines(void **state)
{
    (void)state;
    char text[9000];
    /* over 200 bytes: inih as built would go on in the middle of the line */
    size_t len = (size_t)snprintf(text, sizeof text, "# ");
    memset(text + len, '=', 3900);
    snprintf(text + len + 3900, 100, "\n[gateway]\nname = x\n");
    right(text);
    assert_string_equal(config->name, "x");
    memset(text + len, '=', 4200);
    snprintf(text + len + 4200, 100, "\n[gateway]\nnaem = x\n");
    assert_int_equal(parse(text), -EINVAL);
    assert_int_equal(mistakes.count, 2);
    assert_string_equal(mistakes.line[0], "otpgate.conf:1: the line is too long");
    assert_string_equal(mistakes.line[1],
                        "otpgate.conf:3: [gateway] naem: no such key, did you mean name?");
}

static void windows_and_marks(void **state)
{
    (void)state;
    right("\xef\xbb\xbf[gateway]\r\nname = hai\r\n\r\n[modem a]\r\nport = /dev/a\r\n");
    assert_string_equal(config->name, "hai");
    assert_string_equal(config->modems[0].port, "/dev/a");
}

static void all_mistakes_are_listed(void **state)
{
    (void)state;
    assert_int_equal(parse("x = 1\n[gateway]\nsockett = 1\nmax_queued = none\n[modem a]\n"
                           "[nonsense]\n[modem b]\nport = b\n"),
                     -EINVAL);
    assert_int_equal(mistakes.count, 6);
    static const unsigned lines[] = {1, 3, 4, 5, 6, 8};
    for (size_t i = 0; i < 6; i++) {
        char start[32];
        snprintf(start, sizeof start, "otpgate.conf:%u: ", lines[i]);
        bool found = false;
        for (size_t j = 0; j < mistakes.count; j++)
            found |= strncmp(mistakes.line[j], start, strlen(start)) == 0;
        if (!found)
            fail_msg("no mistake of line %u", lines[i]);
    }
}

static void a_flood_of_mistakes_ends(void **state)
{
    (void)state;
    char text[10 * 1000 + 1];
    for (size_t i = 0; i < 1000; i++)
        snprintf(text + 10 * i, 11, "abcdefgh=\n");
    assert_int_equal(parse(text), -EINVAL);
    assert_int_equal(mistakes.count, 201);
    assert_string_equal(mistakes.line[200], "otpgate.conf: and more; mend these first");
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void files_of_a_directory(void **state)
{
    (void)state;
    char dir[] = "/tmp/otpgate-config-XXXXXX", conf[64], drop[64], a[80], b[80], other[80];
    assert_non_null(mkdtemp(dir));
    snprintf(conf, sizeof conf, "%s/otpgate.conf", dir);
    snprintf(drop, sizeof drop, "%s/conf.d", dir);
    snprintf(a, sizeof a, "%s/10-a.conf", drop);
    snprintf(b, sizeof b, "%s/20-b.conf", drop);
    snprintf(other, sizeof other, "%s/30-c.conf.bak", drop);

    assert_int_equal(config_load(conf, &config, &mistakes), -ENOENT);
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.line[0], "otpgate.conf: No such file or directory");
    config_mistakes_free(&mistakes);

    put(conf, "[gateway]\nname = one\n");
    assert_int_equal(config_load(conf, &config, &mistakes), 0);
    config_free(config);

    assert_int_equal(mkdir(drop, 0700), 0);
    put(b, "[modem b]\nport = /dev/b\n");
    put(a, "[modem a]\nport = /dev/a\n");
    put(other, "nonsense");
    assert_int_equal(config_load(conf, &config, &mistakes), 0);
    assert_int_equal(config->modem_count, 2);
    assert_string_equal(config->modems[0].name, "a");
    assert_string_equal(config->modems[1].name, "b");
    config_free(config);

    put(b, "[modem a]\nport = /dev/b\n[modem c]\nport = /dev/a\nroming = no\n");
    assert_int_equal(config_load(conf, &config, &mistakes), -EINVAL);
    assert_null(config);
    assert_int_equal(mistakes.count, 3);
    assert_string_equal(mistakes.line[0],
                        "conf.d/20-b.conf:1: [modem a]: stands already at conf.d/10-a.conf:1");
    assert_string_equal(mistakes.line[1],
                        "conf.d/20-b.conf:5: [modem c] roming: no such key, did you mean roaming?");
    assert_string_equal(mistakes.line[2],
                        "conf.d/20-b.conf:4: [modem c] port: is the port of [modem a] already");

    unlink(a);
    unlink(b);
    unlink(other);
    rmdir(drop);
    unlink(conf);
    rmdir(dir);
}

static void a_directory_is_no_file(void **state)
{
    (void)state;
    assert_int_equal(config_load("/", &config, &mistakes), -EISDIR);
    assert_int_equal(mistakes.count, 1);
}

static void what_takes_a_restart(void **state)
{
    (void)state;
    struct config *before, *after;
    const char *names[8];
    right("[gateway]\nname=a\n[modem a]\nport=/a\n[modem b]\nport=/b\n");
    before = config;
    config = NULL;
    right("[gateway]\nname=b\nmax_queued=5\nretention_days=7\nlog_level=debug\n[modem c]\nport=/b\n"
          "[modem a]\nport=/a\ndaily_budget=4\n");
    after = config;
    config = NULL;
    assert_int_equal(config_fixed_differences(before, after, names, 8), 0);
    config_free(after);
    right("[gateway]\nsocket=/x\nstate_dir=/y\n[modem a]\nport=/z\n");
    after = config;
    config = NULL;
    assert_int_equal(config_fixed_differences(before, after, names, 8), 3);
    assert_string_equal(names[0], "[gateway] socket");
    assert_string_equal(names[1], "[gateway] state_dir");
    assert_string_equal(names[2], "[modem] port");
    assert_int_equal(config_fixed_differences(before, after, names, 2), 2);
    config_free(before);
    config_free(after);
}

static void roles(void **state)
{
    (void)state;
    right("[role portal]\nusers = root, 1001 ,daemon\nmay = send, verify\n"
          "[role watch]\ngroups=root\nmay=monitor,monitor\nshow_numbers=yes\nmax_connections=3\n"
          "max_in_flight=2\nsends_per_minute=600\n");
    assert_int_equal(config->role_count, 2);
    const struct config_role *role = config->roles;
    assert_string_equal(role->name, "portal");
    assert_int_equal(role->users.count, 3);
    assert_int_equal(role->users.id[0], 0);
    assert_int_equal(role->users.id[1], 1001);
    assert_int_equal(role->users.id[2], 1);
    assert_int_equal(role->groups.count, 0);
    assert_int_equal(role->may, MAY_SEND | MAY_VERIFY);
    assert_false(role->show_numbers);
    assert_int_equal(role->sends_per_minute, 0);
    assert_int_equal(role[1].groups.id[0], 0);
    assert_int_equal(role[1].groups.count, 1);
    assert_int_equal(role[1].may, MAY_MONITOR);
    assert_true(role[1].show_numbers);
    assert_int_equal(role[1].max_connections, 3);
    assert_int_equal(role[1].max_in_flight, 2);
    assert_int_equal(role[1].sends_per_minute, 600);
}

static void roles_that_are_wrong(void **state)
{
    (void)state;
    static const char set[] = "wants some, by commas, of send, verify, subscriber, monitor, "
                              "operate";
    char message[300];
    wrong("[role a]\nmay = send\n", "otpgate.conf:1: [role a]: wants users or groups; nobody has "
                                    "it");
    wrong("[role a]\nusers = root\n", "otpgate.conf:1: [role a] may: is missing");
    wrong("[role a]\nusers =\nmay = send\n",
          "otpgate.conf:1: [role a]: wants users or groups; nobody has it");
    wrong("[role a]\nmay = send\nusers = root, nobody-of-here\n[role b]\nusers=0\nmay=send\n",
          "otpgate.conf:3: [role a] users: this system has no user nobody-of-here");
    wrong("[role a]\nmay = send\nusers = root\ngroups = no-such-group\n",
          "otpgate.conf:4: [role a] groups: this system has no group no-such-group");
    wrong("[role a]\nmay = send\nusers = 4294967295\n",
          "otpgate.conf:3: [role a] users: 4294967295 is no number of a user");
    wrong("[role a]\nmay = send\nusers = root,,daemon\n",
          "otpgate.conf:3: [role a] users: wants names or numbers of users, by commas, or nothing");
    wrong("[role a]\nmay = send\nusers = root,\n",
          "otpgate.conf:3: [role a] users: wants names or numbers of users, by commas, or nothing");
    snprintf(message, sizeof message, "otpgate.conf:2: [role a] may: %s; did you mean send?", set);
    wrong("[role a]\nmay = sent\nusers = root\n", message);
    snprintf(message, sizeof message, "otpgate.conf:2: [role a] may: %s", set);
    wrong("[role a]\nmay =\nusers = root\n", message);
    char many[4000] = "[role a]\nmay = send\nusers = 1";
    for (int i = 0; i < CONFIG_IDS_MAX; i++)
        strcat(many, ", 7");
    wrong(many, "otpgate.conf:3: [role a] users: has over 64 of them; a group holds any number");
}

static void help_names_every_key(void **state)
{
    (void)state;
    for (int roff = 0; roff <= 1; roff++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        config_help(out, roff);
        assert_int_equal(fclose(out), 0);
        for (size_t i = 0; i < config_table.key_count; i++) {
            char line[100];
            snprintf(line, sizeof line, "%s%s\n", roff ? ".B " : "", config_table.keys[i].name);
            assert_non_null(strstr(text, line));
            assert_non_null(strstr(text, config_table.keys[i].help));
        }
        assert_non_null(strstr(text, "Wants a whole number from 10 to 3600. Default: 60."));
        free(text);
    }
}

/* The page and the example say what the table says. */
static void man_page_is_the_table(void **state)
{
    (void)state;
    static char page[65536];
    FILE *file = fopen("docs/otpgate.conf.5", "r");
    assert_non_null(file);
    size_t len = fread(page, 1, sizeof page - 1, file);
    page[len] = '\0';
    assert_int_equal(fclose(file), 0);
    char *keys = NULL;
    FILE *out = open_memstream(&keys, &len);
    assert_non_null(out);
    config_help(out, true);
    assert_int_equal(fclose(out), 0);
    if (!strstr(page, keys))
        fail_msg("docs/otpgate.conf.5 is behind: put in what otpgated --man-config says");
    free(keys);

    assert_int_equal(config_load("docs/otpgate.conf.example", &config, &mistakes), 0);
    assert_int_equal(config->modem_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_is_the_defaults, forget),
        cmocka_unit_test_teardown(all_keys_are_read, forget),
        cmocka_unit_test_teardown(unknown_names_offer_the_nearest, forget),
        cmocka_unit_test_teardown(evidence_is_waited_for_no_longer_than_a_message_lives, forget),
        cmocka_unit_test_teardown(unknown_sections, forget),
        cmocka_unit_test_teardown(long_section_names_are_not_cut, forget),
        cmocka_unit_test_teardown(doubles, forget),
        cmocka_unit_test_teardown(missing, forget),
        cmocka_unit_test_teardown(lines_that_are_nothing, forget),
        cmocka_unit_test_teardown(bad_values, forget),
        cmocka_unit_test_teardown(ports, forget),
        cmocka_unit_test_teardown(long_lines, forget),
        cmocka_unit_test_teardown(windows_and_marks, forget),
        cmocka_unit_test_teardown(all_mistakes_are_listed, forget),
        cmocka_unit_test_teardown(a_flood_of_mistakes_ends, forget),
        cmocka_unit_test_teardown(files_of_a_directory, forget),
        cmocka_unit_test_teardown(a_directory_is_no_file, forget),
        cmocka_unit_test_teardown(what_takes_a_restart, forget),
        cmocka_unit_test_teardown(roles, forget),
        cmocka_unit_test_teardown(roles_that_are_wrong, forget),
        cmocka_unit_test_teardown(help_names_every_key, forget),
        cmocka_unit_test_teardown(man_page_is_the_table, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
