/* otpgatectl: the gateway from a terminal or a script. See ctl.h. */
#include "ctl.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#ifndef OTPGATE_VERSION
#error "the build gives OTPGATE_VERSION"
#endif

static const struct ctl_option send_options[] = {
    {"--file", "PATH", CTL_TEXT, "-file", NULL, "the text, instead of from standard input"},
    {"--key", "K", CTL_TEXT, "key", NULL,
     "your own name for the message: the same again sends nothing twice (else a random one)"},
    {"--class", "C", CTL_TEXT, "class", NULL, "otp (default), notice or bulk"},
    {"--ttl", "S", CTL_NUMBER, "ttl_s", NULL, "useless after so many seconds (otp 300, else 3600)"},
    {"--gsm7", NULL, CTL_SET, "encoding", "gsm7", "refuse what is not in the GSM alphabet"},
    {"--ucs2", NULL, CTL_SET, "encoding", "ucs2", "send as UCS-2"},
    {"--unaccented", NULL, CTL_YES, "unaccented", NULL, "drop the accents first"},
    {"--flash", NULL, CTL_YES, "flash", NULL, "class 0: shown at once, not stored"},
    {"--replace", "N", CTL_NUMBER, "replace_type", NULL,
     "1 to 7: replaces that type on the handset"},
    {"--supersedes", "ID", CTL_TEXT, "supersedes", NULL,
     "id or key of an older message: cancelled if it has not left"},
    {"--on-unknown", "WHAT", CTL_TEXT, "on_unknown", NULL,
     "no answer from the network: resend (otp) or report (the rest)"},
    {"--no-report", NULL, CTL_NO, "report", NULL, "ask for no delivery report"},
    {"--modem", "NAME", CTL_TEXT, "modem", NULL, "only this modem"},
    {"--wait", NULL, CTL_YES, "-wait", NULL, "show each step until it is sent"},
    {"--until", "STATE", CTL_TEXT, "-until", NULL,
     "show each step until: sent, delivered or final"},
};
static const struct ctl_option get_options[] = {
    {"--key", "K", CTL_TEXT, "key", NULL, "by your own name for it, instead of ID"},
    {"--wait", "STATE", CTL_TEXT, "-wait", NULL,
     "until: sent, delivered or final (for --timeout, 600 s)"},
};
static const struct ctl_option cancel_options[] = {
    {"--key", "K", CTL_TEXT, "key", NULL, "by your own name for it, instead of ID"},
    {"--queued", NULL, CTL_YES, "-queued", NULL, "all that wait, instead of one"},
    {"--class", "C", CTL_TEXT, "-class", NULL, "all of them: otp, notice or bulk"},
    {"--modem", "NAME", CTL_TEXT, "-modem", NULL, "all that this modem alone may send"},
    {"--older", "S", CTL_NUMBER, "-older", NULL, "all that were accepted so long ago or longer"},
};
static const struct ctl_option list_options[] = {
    {"--state", "STATE", CTL_TEXT, "state", NULL, "only these: queued, sent, failed, ..."},
    {"--class", "C", CTL_TEXT, "class", NULL, "only these: otp, notice or bulk"},
    {"--limit", "N", CTL_NUMBER, "limit", NULL, "at most so many (50)"},
    {"--cursor", "N", CTL_NUMBER, "cursor", NULL, "go on where the list before ended"},
};
static const struct ctl_option inbox_options[] = {
    {"--limit", "N", CTL_NUMBER, "limit", NULL, "at most so many (50)"},
    {"--cursor", "N", CTL_NUMBER, "cursor", NULL, "go on where the list before ended"},
};
static const struct ctl_option pause_options[] = {
    {"--all", NULL, CTL_YES, "-all", NULL, "the whole gateway, instead of NAME"},
};
static const struct ctl_option otp_options[] = {
    {"--purpose", "NAME", CTL_TEXT, "purpose", NULL, "start: a [purpose] of the configuration"},
    {"--key", "K", CTL_TEXT, "key", NULL,
     "start, resend, check: your own name for this call (start: else a random one)"},
    {"--locale", "L", CTL_TEXT, "locale", NULL, "start: vi for template.vi"},
    {"--origin", "HOST", CTL_TEXT, "origin", NULL, "start: host of the last line"},
    {"--ttl", "S", CTL_NUMBER, "ttl_s", NULL, "start: valid for so many seconds"},
    {"--length", "N", CTL_NUMBER, "length", NULL, "start: digits of the code"},
    {"--since", "TIME", CTL_TEXT, "since", NULL, "find: started not before (else a day ago)"},
    {"--limit", "N", CTL_NUMBER, "limit", NULL, "find: at most so many (10)"},
    {"--used", NULL, CTL_YES, "used", NULL, "feedback: the citizen typed its code"},
    {"--unused", NULL, CTL_NO, "used", NULL, "feedback: nobody did"},
};
static const struct ctl_option ussd_options[] = {
    {"--answer", NULL, CTL_YES, "-answer", NULL, "answer the menu that is open"},
    {"--cancel", NULL, CTL_YES, "-cancel", NULL, "end the session; nothing is read"},
};
static const struct ctl_option trace_options[] = {
    {"--follow", NULL, CTL_YES, "-follow", NULL, "go on with what is said, as it is said"},
};
static const struct ctl_option follow_options[] = {
    {"--from", "SEQ", CTL_NUMBER, "from_seq", NULL,
     "first what came after this event; 0: all there is"},
    {"--topic", "TOPIC", CTL_TEXT, "-topic", NULL,
     "only message, modem, alarm, otp, inbox or subscriber (without it the first three)"},
    {"--count", "N", CTL_NUMBER, "-count", NULL, "end after so many"},
};

static const struct ctl_option subscriber_options[] = {
    {"--reason", "R", CTL_TEXT, "reason", NULL, "why: a case number or words, for the audit"},
    {"--actor", "A", CTL_TEXT, "actor", NULL, "the portal's user who asks"},
    {"--typed", "PATH", CTL_TEXT, "-typed", NULL,
     "what was typed: lines full_name:, birth_date:, id_number:, msisdn:"},
    {"--carrier", "C", CTL_TEXT, "carrier", NULL, "parse: its name in carriers.ini"},
    {"--full", NULL, CTL_SET, "show", "full", "lookup, parse: whole values, for who may see them"},
    {"--accept-owner", NULL, CTL_YES, "accept_owner", NULL,
     "check-fleet MODEM: who owns it now is right"},
};

#define OPTIONS(table) (table), sizeof(table) / sizeof *(table)
static const struct ctl_command commands[] = {
    {"send", "TO", 1, 1, "send a message; its text comes from standard input",
     "The text is never an argument: everybody may read those in the process list; with - for\n"
     "TO the number is none either, but the first line of standard input. One line end at the\n"
     "end of the text is dropped.",
     OPTIONS(send_options), ctl_send},
    {"get", "[ID]", 0, 1, "where a message stands and how it came there", NULL,
     OPTIONS(get_options), ctl_get},
    {"list", "", 0, 0, "messages, newest first", NULL, OPTIONS(list_options), ctl_list},
    {"cancel", "[ID]", 0, 1, "cancel a message that has not left, or all that fit",
     "Several conditions: what fits all of them.", OPTIONS(cancel_options), ctl_cancel},
    {"modems", "[NAME]", 0, 1, "the modems, or all about one", NULL, NULL, 0, ctl_modems},
    {"modem", "NAME", 1, 1, "all about one modem", NULL, NULL, 0, ctl_modems},
    {"pause", "[NAME]", 0, 1, "send nothing more through a modem, or through all of them",
     "What is under way is finished first, with all parts of its message. It holds over a restart\n"
     "of the gateway. A gateway that is paused as a whole accepts nothing either.",
     OPTIONS(pause_options), ctl_pause},
    {"resume", "[NAME]", 0, 1, "go on sending", NULL, OPTIONS(pause_options), ctl_resume},
    {"reset", "NAME", 1, 1, "restart a modem by its own command, when it is free", NULL, NULL, 0,
     ctl_reset},
    {"accept", "NAME", 1, 1, "the SIM that a modem holds now is the right one", NULL, NULL, 0,
     ctl_accept},
    {"ussd", "MODEM", 1, 1, "ask its network by a USSD code, which comes from standard input",
     "Only codes that ussd_allow in the configuration permits. A menu waits half a minute for\n"
     "--answer; a message of class otp that is due ends it.",
     OPTIONS(ussd_options), ctl_ussd},
    {"trace", "MODEM", 1, 1, "the last lines of a modem's dialogue, for a report of its faults",
     "Nothing personal is in them: <kind:length> stands for what is. otpgate-modemsim --replay\n"
     "plays them.",
     OPTIONS(trace_options), ctl_trace},
    {"alarms", "", 0, 0, "what wants somebody, and what to do", NULL, NULL, 0, ctl_alarms},
    {"audit", "", 0, 0, "who was refused, who operated the gateway, who asked about whom", NULL,
     OPTIONS(inbox_options), ctl_audit},
    {"inbox", "", 0, 0, "what others wrote to the SIMs, newest first", NULL, OPTIONS(inbox_options),
     ctl_inbox},
    {"otp", "WHAT NAME", 1, 2,
     "one-time passwords: start, resend, check, cancel, get, find, feedback",
     "start TO            send a code to a number\n"
     "resend ID           send it once more\n"
     "check ID            is the code on standard input the right one? Exit status 1: it is not\n"
     "cancel ID           it is worth nothing any more\n"
     "get ID              how it stands, with its messages; never the code\n"
     "find TO or 678      \"I did not get the code\": by the number or its last three digits\n"
     "feedback MESSAGE    whether a code of yours that went by send came back\n"
     "A code is never an argument: everybody may read those in the process list. With - for TO\n"
     "the number is none either, but the first line of standard input.",
     OPTIONS(otp_options), ctl_otp},
    {"follow", "", 0, 0, "events as they happen", NULL, OPTIONS(follow_options), ctl_follow},
    {"subscriber", "WHAT [MODEM]", 1, 2,
     "lookup, parse, preflight, check-fleet: who owns a SIM, by 1414",
     "check-fleet asks 1414 and the balance of each SIM, or of MODEM alone: are they well?\n"
     "lookup asks 1414 from the SIM in MODEM; parse reads a reply of 1414 from standard input;\n"
     "preflight what was typed, without --typed. Neither is ever an argument. The table is\n"
     "Vietnamese where the locale is.",
     OPTIONS(subscriber_options), ctl_subscriber},
    {"stats", "", 0, 0, "counters and gauges", NULL, NULL, 0, ctl_stats},
    {"info", "", 0, 0, "version, limits and your roles", NULL, NULL, 0, ctl_info},
    {"call", "METHOD", 1, 1, "any method, as it is",
     "Its params, a JSON object, come from standard input where that is not a terminal.", NULL, 0,
     ctl_raw},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

void ctl_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("otpgatectl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void *ctl_need(void *memory)
{
    if (!memory) {
        ctl_complain("no memory");
        exit(CTL_TROUBLE);
    }
    return memory;
}

void ctl_key_make(char key[CTL_KEY])
{
    unsigned char bytes[16];
    size_t have = 0;
    while (have < sizeof bytes) {
        ssize_t got = getrandom(bytes + have, sizeof bytes - have, 0);
        have += got > 0 ? (size_t)got : 0;
    }
    memcpy(key, "ctl-", 5);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 4 + 2 * i, 3, "%02x", bytes[i]);
}

int64_t ctl_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void ctl_print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    fputc('\n', stdout);
}

/* "overloaded: the queue ahead ... (again in 12 s)"; for programs the same as JSON. */
static void print_refusal(const struct ctl *ctl, const struct otpgate_error *error)
{
    if (ctl->json) {
        json_t *whole = json_pack("{s:{s:s, s:i, s:s, s:O*}}", "error", "name", error->name, "code",
                                  error->code, "message", error->message, "data", error->data);
        json_dumpf(whole, stderr, JSON_COMPACT);
        fputc('\n', stderr);
        json_decref(whole);
        return;
    }
    const char *suggest = json_string_value(json_object_get(error->data, "suggest"));
    char again[40] = "", other[64] = "";
    if (error->retry_after_s > 0)
        snprintf(again, sizeof again, " (again in %d s)", error->retry_after_s);
    if (suggest)
        snprintf(other, sizeof other, " (is it %s?)", suggest);
    ctl_complain("%s: %s%s%s", error->name, error->message, again, other);
}

enum ctl_exit ctl_failed(struct ctl *ctl, int rc, const struct otpgate_error *error)
{
    if (rc == -EREMOTEIO && error) {
        print_refusal(ctl, error);
        return CTL_REFUSED;
    }
    ctl_complain("%s", otpgate_reason(rc));
    if (rc == -ETIMEDOUT)
        return CTL_TIMEOUT;
    if (rc == -EPROTO || rc == -EMSGSIZE || rc == -ENOMEM || rc == -ENOBUFS || rc == -EINVAL)
        return CTL_TROUBLE;
    return CTL_UNREACHABLE;
}

enum ctl_exit ctl_call(struct ctl *ctl, const char *method, json_t *params, int timeout_ms,
                       json_t **result)
{
    struct otpgate_error error;
    int rc = otpgate_call(ctl->gate, method, params, timeout_ms, result, &error);
    return rc == 0 ? CTL_OK : ctl_failed(ctl, rc, &error);
}

static enum ctl_exit connect_and_run(struct ctl *ctl)
{
    const char *path = ctl_args_own(ctl->args, "socket");
    if (!path)
        path = getenv("OTPGATE_SOCKET");
    if (!path || !*path)
        path = OTPGATE_SOCKET;
    int rc = otpgate_open(path, ctl->timeout_ms, &ctl->gate);
    if (rc < 0) {
        ctl_complain("%s: %s", path, otpgate_reason(rc));
        return rc == -ETIMEDOUT ? CTL_TIMEOUT : CTL_UNREACHABLE;
    }
    enum ctl_exit code = (enum ctl_exit)ctl->args->command->run(ctl);
    otpgate_close(ctl->gate);
    if (fflush(stdout) != 0 && code == CTL_OK) {
        ctl_complain("standard output: %s", strerror(errno));
        code = CTL_TROUBLE;
    }
    return code;
}

static enum ctl_exit run(const struct ctl_args *args)
{
    struct ctl ctl = {.args = args, .timeout_ms = 10000};
    const json_t *timeout = json_object_get(args->own, "timeout");
    if (json_object_get(args->own, "help")) {
        if (args->command)
            ctl_args_help_command(stdout, args->command);
        else
            ctl_args_help(stdout, commands, COMMANDS);
        return CTL_OK;
    }
    if (json_object_get(args->own, "version")) {
        puts("otpgatectl " OTPGATE_VERSION);
        return CTL_OK;
    }
    if (!args->command) {
        ctl_args_help(stderr, commands, COMMANDS);
        return CTL_USAGE;
    }
    if (timeout) {
        json_int_t seconds = json_integer_value(timeout);
        if (seconds < 0 || seconds > 1000000) {
            ctl_complain("--timeout: 0 to 1000000 seconds");
            return CTL_USAGE;
        }
        ctl.timeout_ms = (int)seconds * 1000;
        ctl.timeout_set = true;
    }
    ctl.json = json_object_get(args->own, "json") != NULL;
    return connect_and_run(&ctl);
}

int main(int argc, char **argv)
{
    char why[200];
    struct ctl_args args;
    setlocale(LC_ALL, "");
    if (MB_CUR_MAX == 1) /* no locale is set up: names are UTF-8 all the same */
        setlocale(LC_CTYPE, "C.UTF-8");
    if (ctl_args_parse(argc, argv, commands, COMMANDS, &args, why, sizeof why) < 0) {
        ctl_complain("%s (--help lists what there is)", why);
        ctl_args_clear(&args);
        return CTL_USAGE;
    }
    enum ctl_exit code = run(&args);
    ctl_args_clear(&args);
    return (int)code;
}
