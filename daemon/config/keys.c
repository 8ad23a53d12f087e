#include "keys.h"

#include <stdio.h>
#include <string.h>
#include "carriers_file.h"
#include "config.h"
#include "log.h"
#include "purpose.h"
#include "reader.h"
#include "template.h"
#include "text.h"

static const struct config_word log_levels[] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},     {NULL, 0},
};
static const struct config_word drivers[] = {{"at", 0}, {"gammu", 0}, {NULL, 0}};
static const struct config_word resends[] = {
    {"same", PURPOSE_SAME_CODE}, {"new", PURPOSE_NEW_CODE}, {NULL, 0}};
static const struct config_word encodings[] = {
    {"unaccented", PURPOSE_UNACCENTED}, {"ucs2", PURPOSE_UCS2}, {NULL, 0}};
static const struct config_word own_checks[] = {
    {"off", 0}, {"daily", 24}, {"weekly", 168}, {NULL, 0}};
static const struct config_word body_keys[] = {
    {"persistent", BODY_KEY_PERSISTENT}, {"ephemeral", BODY_KEY_EPHEMERAL}, {NULL, 0}};
static const struct config_word sim_swaps[] = {
    {"hold", SIM_SWAP_HOLD}, {"accept", SIM_SWAP_ACCEPT}, {NULL, 0}};
static const struct config_word rights[] = {
    {"send", MAY_SEND},       {"verify", MAY_VERIFY},   {"subscriber", MAY_SUBSCRIBER},
    {"monitor", MAY_MONITOR}, {"operate", MAY_OPERATE}, {NULL, 0},
};

#define ROOM(type, member) sizeof(((type *)NULL)->member)
#define GATEWAY(member)                                                                            \
    .section = SECTION_GATEWAY, .name = #member, .full = "[gateway] " #member,                     \
    .offset = offsetof(struct config, member), .room = ROOM(struct config, member)
#define MODEM(member)                                                                              \
    .section = SECTION_MODEM, .name = #member, .full = "[modem] " #member,                         \
    .offset = offsetof(struct config_modem, member), .room = ROOM(struct config_modem, member)
#define ROLE(member)                                                                               \
    .section = SECTION_ROLE, .name = #member, .full = "[role] " #member,                           \
    .offset = offsetof(struct config_role, member), .room = ROOM(struct config_role, member)
#define PURPOSE(member)                                                                            \
    .section = SECTION_PURPOSE, .name = #member, .full = "[purpose] " #member,                     \
    .offset = offsetof(struct config_purpose, member), .room = ROOM(struct config_purpose, member)

static const struct config_key keys[] = {
    {GATEWAY(name), .kind = KIND_TEXT, .fallback = "otpgate", .reloadable = true,
     .help = "What people call this gateway."},
    {GATEWAY(socket), .kind = KIND_PATH, .fallback = "/run/otpgate/otpgate.sock",
     .help = "The Unix socket that clients connect to."},
    {GATEWAY(socket_mode), .kind = KIND_MODE, .low = 0, .high = 0777, .fallback = "0660",
     .help = "Who may connect at all. What a client may do is decided by its user and groups."},
    {GATEWAY(state_dir), .kind = KIND_PATH, .fallback = "/var/lib/otpgate",
     .help = "Holds the database and its keys. One daemon at a time."},
    {GATEWAY(body_key), .kind = KIND_LEVEL, .words = body_keys, .fallback = "persistent",
     .help = "Where the key of texts and codes lies: persistent is in state_dir beside the others; "
             "ephemeral is in the runtime directory (RUNTIME_DIRECTORY, else where the socket is), "
             "in memory, so that a disk that is stolen opens no text and no code. It gives up "
             "\"never lost\": what has not left when the machine loses power or restarts is FAILED "
             "with body_key_lost. A crash or restart of the daemon alone loses nothing."},
    {GATEWAY(timezone), .kind = KIND_ZONE, .fallback = "Asia/Ho_Chi_Minh",
     .help = "Where a day begins: daily budgets start anew at its midnight."},
    {GATEWAY(country), .kind = KIND_DIGITS, .fallback = "84", .reloadable = true,
     .help = "Calling code that a number without one belongs to."},
    {GATEWAY(foreign_numbers), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Accept numbers of other countries. They cost more, and fraud likes them."},
    {GATEWAY(short_codes), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Accept short codes such as 1414. Some of them spend money."},
    {GATEWAY(keepalive_s), .kind = KIND_INT, .low = 10, .high = 3600, .fallback = "60",
     .help = "How often an idle modem is asked whether it is still there."},
    {GATEWAY(evidence_wait_s), .kind = KIND_INT, .low = 0, .high = 299, .fallback = "5",
     .reloadable = true,
     .help = "How long a message that may have been sent waits for evidence before it is sent "
             "again. Less than the ttl_s of each purpose; a message whose own deadline comes "
             "sooner is not sent again."},
    {GATEWAY(max_connections), .kind = KIND_INT, .low = 1, .high = 4096, .fallback = "64",
     .reloadable = true, .help = "Connections of one user."},
    {GATEWAY(max_connections_total), .kind = KIND_INT, .low = 1, .high = 16384, .fallback = "256",
     .reloadable = true, .help = "Connections of all users."},
    {GATEWAY(max_in_flight), .kind = KIND_INT, .low = 1, .high = 4096, .fallback = "32",
     .reloadable = true, .help = "Requests of one connection that wait for their answer."},
    {GATEWAY(max_line_bytes), .kind = KIND_INT, .low = 4096, .high = 1048576, .fallback = "65536",
     .reloadable = true, .help = "The longest request."},
    {GATEWAY(max_unsent_kb), .kind = KIND_INT, .low = 64, .high = 65536, .fallback = "1024",
     .reloadable = true,
     .help = "What a client may leave unread before its connection is cut, in KiB."},
    {GATEWAY(max_queued), .kind = KIND_INT, .low = 1, .high = 10000000, .fallback = "1000000",
     .reloadable = true, .help = "Messages that wait; one more is refused as overloaded."},
    {GATEWAY(otp_per_hour), .kind = KIND_INT, .low = 0, .high = 1000000, .fallback = "0",
     .reloadable = true, .help = "Codes of all purposes in any hour; 0 is no limit."},
    {GATEWAY(retention_days), .kind = KIND_INT, .low = 1, .high = 3650, .fallback = "30",
     .reloadable = true,
     .help = "How long messages are kept that have ended, and those that came in. Events are kept "
             "7 days."},
    {GATEWAY(adopt), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Take a modem that no section names, under a name made from the end of its IMEI."},
    {GATEWAY(sim_swap), .kind = KIND_LEVEL, .words = sim_swaps, .fallback = "hold",
     .reloadable = true,
     .help = "What happens when a modem comes with another SIM, or a SIM in another modem: hold "
             "waits for modem.accept, accept goes on. Either raises an alarm."},
    {.section = SECTION_GATEWAY,
     .name = "carriers",
     .full = "[gateway] carriers",
     .offset = offsetof(struct config, carriers_path),
     .room = ROOM(struct config, carriers_path),
     .kind = KIND_PATH,
     .fallback = CARRIERS_PATH,
     .reloadable = true,
     .help = "What is known of each carrier: codes, prefixes, how to ask 1414. Where the default "
             "is not there, the copy built in is used."},
    {GATEWAY(audit_days), .kind = KIND_INT, .low = 1, .high = 36500, .fallback = "365",
     .reloadable = true,
     .help = "How long it is kept who was refused, who operated the gateway, and who asked about "
             "whom."},
    {GATEWAY(ussd_allow), .kind = KIND_LIST, .low = 0, .high = 64, .fallback = "",
     .reloadable = true,
     .help = "USSD codes that may be asked for, by commas: ? is one digit, @ one or more, all else "
             "stands for itself. *101#, *1414#, *100*@# for example. A USSD can spend money, and a "
             "code that opens a menu allows what the menu offers. Empty: none."},
    {GATEWAY(ussd_timeout_s), .kind = KIND_INT, .low = 5, .high = 90, .fallback = "30",
     .reloadable = true,
     .help = "How long an answer to a USSD code may take, and how long a menu waits for a person. "
             "The modem sends nothing meanwhile."},
    {GATEWAY(registry_per_day), .kind = KIND_INT, .low = 0, .high = 1000, .fallback = "5",
     .reloadable = true,
     .help =
         "How often a SIM may ask 1414 who owns it, in a day: messages and USSD codes that left. "
         "The carriers have a cap of their own; 0 is no limit here."},
    {GATEWAY(registry_timeout_s), .kind = KIND_INT, .low = 10, .high = 300, .fallback = "60",
     .reloadable = true,
     .help = "How long 1414 is waited for in each way that the carrier is asked (registry in "
             "carriers.ini), from when the question left, before the next way is tried. A question "
             "that has not left by then does not leave any more."},
    {GATEWAY(subscriber_rules), .kind = KIND_PATH, .fallback = "/etc/otpgate/subscriber.ini",
     .reloadable = true,
     .help = "How replies of 1414 are read: labels, and texts of refusals. Where it is not there, "
             "the copy built in is used."},
    {.section = SECTION_GATEWAY,
     .name = "own_check",
     .full = "[gateway] own_check",
     .offset = offsetof(struct config, own_check_hours),
     .room = ROOM(struct config, own_check_hours),
     .kind = KIND_INT,
     .low = 1,
     .high = 8784,
     .words = own_checks,
     .fallback = "weekly",
     .reloadable = true,
     .help =
         "How often each SIM of the gateway's own asks 1414 who owns it and its carrier what it "
         "has left, or the hours between two checks. The SIMs' turns are spread over that "
         "time."},
    {GATEWAY(low_balance_vnd), .kind = KIND_INT, .low = 0, .high = 100000000, .fallback = "20000",
     .reloadable = true, .help = "A SIM that has less left raises an alarm; 0: none does."},
    {GATEWAY(expiry_warn_days), .kind = KIND_INT, .low = 0, .high = 365, .fallback = "14",
     .reloadable = true,
     .help = "So many days before a SIM's account ends there is an alarm; 0: there is none."},
    {GATEWAY(log_level), .kind = KIND_LEVEL, .words = log_levels, .fallback = "info",
     .reloadable = true, .help = "The least urgent lines that are logged."},

    {MODEM(port), .kind = KIND_PORT, .optional = true,
     .help = "Where the modem is: a device such as /dev/otpgate/viettel-1, or tcp://host:port of "
             "a serial server. A section has at least one of port, imei, iccid, imsi and usb_path; "
             "all that it has must fit."},
    {MODEM(imei), .kind = KIND_IDENT, .low = 14, .high = 16, .optional = true,
     .help = "The modem with this IMEI, wherever it is plugged in. Its first 14 digits count."},
    {MODEM(iccid), .kind = KIND_IDENT, .low = 18, .high = 22, .optional = true,
     .help = "The modem that holds the SIM with this number."},
    {MODEM(imsi), .kind = KIND_IDENT, .low = 6, .high = 15, .optional = true,
     .help = "The same by the subscriber's identity, which a SIM that waits for its PIN does not "
             "tell."},
    {MODEM(usb_path), .kind = KIND_TEXT, .optional = true,
     .help = "The modem in this USB socket: its name in /sys/bus/usb/devices, such as 1-1.2, or "
             "udev's ID_PATH."},
    {MODEM(driver), .kind = KIND_WORD, .words = drivers, .fallback = "at",
     .help =
         "What it speaks: at is 3GPP TS 27.005 and 27.007; gammu is for phones that speak no AT, "
         "through libgammu in a process of its own."},
    {MODEM(gammu_connection), .kind = KIND_TEXT, .optional = true,
     .help = "With driver = gammu: libgammu's name of the connection, such as fbususb or dku2."},
    {MODEM(gammu_device), .kind = KIND_PATH, .optional = true,
     .help = "With driver = gammu: the phone's device, instead of a port."},
    {MODEM(gammu_model), .kind = KIND_TEXT, .optional = true,
     .help = "With driver = gammu: libgammu's name of the model, where it does not find out."},
    {MODEM(number), .kind = KIND_PHONE, .fallback = "", .reloadable = true,
     .help = "The number of its SIM, for people. Not asked of the modem, which seldom knows."},
    {MODEM(smsc), .kind = KIND_PHONE, .fallback = "",
     .help = "Service centre, for a SIM that has none stored."},
    {MODEM(pin_file), .kind = KIND_PATH, .optional = true, .reloadable = true,
     .help = "Holds the PIN of its SIM: 4 to 8 digits, in a file of mode 0600 that belongs to root "
             "or to the daemon. Read only when the SIM asks."},
    {MODEM(pin_credential), .kind = KIND_TEXT, .optional = true, .reloadable = true,
     .help = "Name of a credential of the service manager (LoadCredential=) that holds the PIN, in "
             "place of pin_file."},
    {MODEM(roaming), .kind = KIND_BOOL, .fallback = "no",
     .help = "Send through a foreign network too."},
    {MODEM(daily_budget), .kind = KIND_INT, .low = 0, .high = 1000000, .fallback = "0",
     .reloadable = true, .help = "Parts a day; 0 is no limit. A long message has several parts."},
    {MODEM(min_interval_ms), .kind = KIND_INT, .low = 0, .high = 3600000, .fallback = "0",
     .reloadable = true, .help = "Least time between the starts of two parts."},
    {MODEM(power_cycle), .kind = KIND_RUN, .fallback = "",
     .help =
         "A program that cuts this modem's power for a moment, run without a shell when nothing "
         "else has helped. It has 30 seconds, and OTPGATE_MODEM and OTPGATE_PORT in its "
         "environment."},
    {MODEM(power_cycle_every_s), .kind = KIND_INT, .low = 60, .high = 86400, .fallback = "600",
     .help = "Least time between two of them."},

    {ROLE(users), .kind = KIND_USERS, .fallback = "", .reloadable = true,
     .help = "Who has this role: users of this system, by name or number."},
    {ROLE(groups), .kind = KIND_GROUPS, .fallback = "", .reloadable = true,
     .help = "Who has it too: whoever connects while in one of these groups, whichever of his."},
    {ROLE(may), .kind = KIND_SET, .words = rights, .reloadable = true,
     .help = "What they may do. Who has several roles may do what any of them says."},
    {ROLE(show_numbers), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Show whole numbers of other people's messages too. One's own are always whole."},
    {ROLE(max_connections), .kind = KIND_INT, .low = 0, .high = 4096, .fallback = "0",
     .reloadable = true,
     .help = "Connections of each of them; 0 is what [gateway] says. Of several the least counts."},
    {ROLE(max_in_flight), .kind = KIND_INT, .low = 0, .high = 4096, .fallback = "0",
     .reloadable = true,
     .help = "Requests of one connection that wait for their answer; 0 is what [gateway] says."},
    {ROLE(sends_per_minute), .kind = KIND_INT, .low = 0, .high = 1000000, .fallback = "0",
     .reloadable = true,
     .help = "Messages that each of them may have accepted in a minute; 0 is no limit."},

    {.section = SECTION_PURPOSE,
     .name = "template.*",
     .full = "[purpose] template.*",
     .offset = offsetof(struct config_purpose, template_),
     .room = ROOM(struct config_purpose, template_),
     .kind = KIND_PAIRS,
     .reloadable = true,
     .help = "The text in a language, template.vi for Vietnamese, with {code} and {minutes}. Who "
             "starts a code without a locale gets the first one. It is checked with the longest "
             "code and its last line when the configuration is read."},
    {PURPOSE(origin), .kind = KIND_HOST, .fallback = "", .reloadable = true,
     .help = "The portal's host. Browsers and phones fill in a code that ends in the line "
             "\"@host #code\" on that host alone, so that it cannot be fished for elsewhere."},
    {PURPOSE(ttl_s), .kind = KIND_INT, .low = 30, .high = 600, .fallback = "300",
     .reloadable = true, .help = "How long a code is valid."},
    {PURPOSE(length), .kind = KIND_INT, .low = 4, .high = 10, .fallback = "6", .reloadable = true,
     .help = "Digits of a code."},
    {PURPOSE(checks), .kind = KIND_INT, .low = 1, .high = 20, .fallback = "5", .reloadable = true,
     .help = "Checks that are compared before a code is spent."},
    {PURPOSE(sends), .kind = KIND_INT, .low = 1, .high = 10, .fallback = "3", .reloadable = true,
     .help = "Messages for one verification, the first among them."},
    {PURPOSE(resend_after_s), .kind = KIND_LIST, .low = 1, .high = 8, .fallback = "30, 60, 120",
     .reloadable = true,
     .help = "Least seconds before the second message, the third and so on; the last goes on."},
    {PURPOSE(resend_code), .kind = KIND_LEVEL, .words = resends, .fallback = "same",
     .reloadable = true,
     .help = "What a resend sends: the same code while it is valid, as messages may arrive in any "
             "order, or a new one each time, and then the former answers superseded."},
    {PURPOSE(check_interval_ms), .kind = KIND_INT, .low = 0, .high = 60000, .fallback = "1000",
     .reloadable = true,
     .help = "Least time between two checks; a sooner one is rate_limited and not counted."},
    {PURPOSE(number_per_day), .kind = KIND_INT, .low = 0, .high = 1000, .fallback = "5",
     .reloadable = true,
     .help = "Messages for one number in any 24 hours, those of other purposes among them; 0 is "
             "no limit."},
    {PURPOSE(subject_per_hour), .kind = KIND_INT, .low = 0, .high = 1000, .fallback = "3",
     .reloadable = true, .help = "Codes started for one subject in any hour; 0 is no limit."},
    {PURPOSE(ip_per_hour), .kind = KIND_INT, .low = 0, .high = 100000, .fallback = "30",
     .reloadable = true,
     .help = "Messages asked for from one client_ip (of IPv6 the first 64 bits) in any hour; many "
             "citizens may share one; 0 is no limit."},
    {PURPOSE(prefix_per_hour), .kind = KIND_INT, .low = 0, .high = 1000000, .fallback = "0",
     .reloadable = true,
     .help = "Messages for numbers that begin alike (+8491) in any hour; 0 is no limit."},
    {PURPOSE(per_hour), .kind = KIND_INT, .low = 0, .high = 1000000, .fallback = "0",
     .reloadable = true, .help = "Messages of this purpose in any hour; 0 is no limit."},
    {PURPOSE(encoding), .kind = KIND_LEVEL, .words = encodings, .fallback = "unaccented",
     .reloadable = true,
     .help = "unaccented drops all accents (160 characters a part), ucs2 keeps them (70)."},
    {PURPOSE(allow_parts), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Accept templates that take more than one part: each part costs, and comes later."},
    {PURPOSE(replace_type), .kind = KIND_INT, .low = 0, .high = 7, .fallback = "0",
     .reloadable = true,
     .help = "1 to 7: a code takes the place of the former one on the handset (TP-PID 0x41 to "
             "0x47); not every handset does that."},
    {PURPOSE(flash), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Show the text at once and do not store it (class 0)."},
    {PURPOSE(foreign_numbers), .kind = KIND_BOOL, .fallback = "no", .reloadable = true,
     .help = "Send codes to other countries too; [gateway] foreign_numbers has to be yes as well."},
    {PURPOSE(allow), .kind = KIND_LIST, .low = 0, .high = 64, .fallback = "", .reloadable = true,
     .help = "Only numbers that begin so (+8491, +8490) get codes; empty: all."},
    {PURPOSE(deny), .kind = KIND_LIST, .low = 0, .high = 64, .fallback = "", .reloadable = true,
     .help = "Numbers that begin so get no codes: blocked."},
};

/* Of a list of texts, what each has to be. */
static void check_items(struct reading *reading, const char *key, const struct config_list *list,
                        bool (*ok)(const char *text), const char *wants)
{
    for (size_t i = 0; i < list->count; i++)
        if (!ok(list->item[i])) {
            config_mistake(reading, key, "wants %s", wants);
            return;
        }
}

static void check_purpose(struct reading *reading, const void *root, const void *section)
{
    const struct config_purpose *purpose = section;
    const struct config_pairs *templates = &purpose->template_;
    int wait_s = ((const struct config *)root)->evidence_wait_s;
    if (purpose->ttl_s <= wait_s)
        config_mistake(reading, "ttl_s",
                       "evidence_wait_s is %d, so that no code would be sent again in time",
                       wait_s);
    check_items(reading, "resend_after_s", &purpose->resend_after_s, purpose_wait_ok,
                "seconds, each from 1 to 3600");
    check_items(reading, "allow", &purpose->allow, purpose_prefix_ok, "prefixes such as +8491");
    check_items(reading, "deny", &purpose->deny, purpose_prefix_ok, "prefixes such as +8491");
    if (config_is_wrong(reading, "length") || config_is_wrong(reading, "encoding"))
        return;
    for (size_t i = 0; i < templates->count; i++) {
        char why[300], key[80];
        snprintf(key, sizeof key, "template.%s", templates->pair[i].name);
        if (strlen(templates->pair[i].name) > PURPOSE_LOCALE_MAX)
            config_mistake(reading, key, "a locale is up to %d bytes", PURPOSE_LOCALE_MAX);
        else if (template_check(purpose, templates->pair[i].value, why, sizeof why) < 0)
            config_mistake(reading, key, "%s", why);
    }
}

/* A phone of libgammu's is where its device is; only there do gammu_ keys mean anything, and there
 * nobody types a PIN or cuts the power. */
static bool check_gammu(struct reading *reading, const struct config_modem *modem)
{
    bool is_gammu = strcmp(modem->driver, "gammu") == 0;
    const struct {
        const char *key, *given;
        bool gammu, needed;
    } rows[] = {
        {"gammu_connection", modem->gammu_connection, true, true},
        {"gammu_device", modem->gammu_device, true, true},
        {"gammu_model", modem->gammu_model, true, false},
        {"pin_file", modem->pin_file, false, false},
        {"pin_credential", modem->pin_credential, false, false},
        {"power_cycle", modem->power_cycle, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (is_gammu && rows[i].needed && !*rows[i].given && !config_is_wrong(reading, rows[i].key))
            config_mistake(reading, NULL, "driver = gammu wants %s", rows[i].key);
        if (is_gammu != rows[i].gammu && *rows[i].given)
            config_mistake(reading, rows[i].key, "is for driver = %s",
                           rows[i].gammu ? "gammu" : "at");
    }
    if (is_gammu &&
        (*modem->port || *modem->usb_path || *modem->imei || *modem->iccid || *modem->imsi))
        config_mistake(reading, NULL, "driver = gammu has a gammu_device, and no port or identity");
    return is_gammu;
}

/* See lease_code_allowed(): a mistyped pattern would fit nothing, without a word. */
static bool ussd_pattern_ok(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= 40 && strspn(text, "0123456789*#+?@") == len;
}

static void check_gateway(struct reading *reading, const void *root, const void *section)
{
    const struct config *config = root;
    (void)section;
    for (size_t i = 0; i < config->purpose_count; i++)
        if (config->purposes[i].ttl_s <= config->evidence_wait_s)
            config_mistake(reading, "evidence_wait_s",
                           "ttl_s of [purpose %s] is %d, so that no code would be sent again in "
                           "time",
                           config->purposes[i].name, config->purposes[i].ttl_s);
    check_items(reading, "ussd_allow", &config->ussd_allow, ussd_pattern_ok,
                "codes of digits, *, #, +, with ? and @ for digits");
}

/* Two links on one port would speak over each other, and two sections that name the same thing
 * would both want its modem. */
static void check_modem(struct reading *reading, const void *root, const void *section)
{
    static const char *const names[] = {"port", "imei",     "iccid",
                                        "imsi", "usb_path", "gammu_device"};
    const struct config *config = root;
    const struct config_modem *modem = section;
    bool any = check_gammu(reading, modem);
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        const struct config_key *key =
            &keys[config_key_find(&config_table, SECTION_MODEM, names[n])];
        bool given = *((const char *)modem + key->offset) != '\0';
        any = any || given || config_is_wrong(reading, names[n]);
        for (size_t i = 0; given && i < config->modem_count; i++)
            if (&config->modems[i] != modem && config_key_same(key, modem, &config->modems[i]))
                config_mistake(reading, names[n], "is the %s of [modem %s] already", names[n],
                               config->modems[i].name);
    }
    if (!any)
        config_mistake(reading, NULL, "wants a port, imei, iccid, imsi or usb_path");
    if (*modem->usb_path && strncmp(modem->port, "tcp://", strlen("tcp://")) == 0)
        config_mistake(reading, "usb_path", "a port over tcp has none");
    if (*modem->pin_credential && !config_name_ok(modem->pin_credential))
        config_mistake(reading, "pin_credential", "wants letters, digits, - and _");
    if (*modem->pin_credential && *modem->pin_file)
        config_mistake(reading, "pin_credential", "there is a pin_file too; one of them");
}

static void check_role(struct reading *reading, const void *root, const void *section)
{
    const struct config_role *role = section;
    (void)root;
    bool told = config_is_wrong(reading, "users") || config_is_wrong(reading, "groups");
    if (!told && role->users.count == 0 && role->groups.count == 0)
        config_mistake(reading, NULL, "wants users or groups; nobody has it");
}

static const struct config_kind_row kinds[] = {
    [SECTION_GATEWAY] = {.word = "gateway", .title = "[gateway]", .check = check_gateway},
    [SECTION_MODEM] = {"modem", "[modem NAME]", sizeof(struct config_modem),
                       offsetof(struct config, modems), offsetof(struct config, modem_count),
                       check_modem},
    [SECTION_ROLE] = {"role", "[role NAME]", sizeof(struct config_role),
                      offsetof(struct config, roles), offsetof(struct config, role_count),
                      check_role},
    [SECTION_PURPOSE] = {"purpose", "[purpose NAME]", sizeof(struct config_purpose),
                         offsetof(struct config, purposes), offsetof(struct config, purpose_count),
                         check_purpose},
};

const struct config_table config_table = {
    .kinds = kinds,
    .kind_count = sizeof kinds / sizeof kinds[0],
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
};

bool config_name_ok(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(name);
    return len > 0 && len < 64 && strspn(name, allowed) == len;
}

static bool key_is(const struct config_key *key, const char *name)
{
    if (key->kind != KIND_PAIRS)
        return strcmp(key->name, name) == 0;
    size_t stem = strlen(key->name) - 1; /* without the * */
    return strncmp(key->name, name, stem) == 0 && config_name_ok(name + stem);
}

int config_key_find(const struct config_table *table, int section, const char *name)
{
    for (size_t i = 0; i < table->key_count; i++)
        if ((int)table->keys[i].section == section && key_is(&table->keys[i], name))
            return (int)i;
    return -1;
}

const char *config_key_nearest(const struct config_table *table, int section, const char *name)
{
    const char *names[CONFIG_KEYS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < table->key_count && count < CONFIG_KEYS_MAX; i++)
        if ((int)table->keys[i].section == section)
            names[count++] = table->keys[i].name;
    return text_nearest(name, names, count);
}
