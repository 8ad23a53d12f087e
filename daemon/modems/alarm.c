#include "alarm.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "loop.h"
#include "text.h"

struct alarm_row {
    const char *name;
    enum alarm_severity severity;
    const char *sentence; /* what to do, where who raises it has nothing better to say */
};

/* Every alarm there is, by name. docs/operations.md has the same list; a test compares the two. */
static const struct alarm_row rows[] = {
    {"modem_quarantined", ALARM_WARNING,
     "This modem does not do its work and nothing that may be done to it from here has helped; it "
     "is tried again, less and less often. Look at its power, cable and SIM; pull it and put it "
     "back."},
    {"modem_away", ALARM_WARNING,
     "This modem has not been ready for ten minutes: look at its state (otpgatectl modems), its "
     "power, cable and antenna."},
    {"sim_absent", ALARM_CRITICAL,
     "No SIM is found in this modem: put it in, or clean its contacts."},
    {"sim_failure", ALARM_CRITICAL,
     "The SIM is there and does not work: clean its contacts, try it in a phone, ask the "
     "carrier for another."},
    {"sim_locked", ALARM_CRITICAL,
     "The SIM or the modem is locked to another network or phone: use the SIM it is locked "
     "to, or have it unlocked."},
    {"sim_pin", ALARM_CRITICAL, "The SIM asks for its PIN: give it one with pin_file."},
    {"sim_pin_rejected", ALARM_CRITICAL,
     "The SIM has rejected its PIN, which is not tried again: put the right one into its "
     "file before the SIM wants its PUK."},
    {"sim_puk", ALARM_CRITICAL,
     "The SIM wants its PUK: put it into a phone and type the PUK that came with it, or "
     "have the carrier unlock it."},
    {"sim_conversion", ALARM_WARNING,
     "The network takes this modem's codes, and far fewer of them are used than of the "
     "others': its SIM may be blocked without a word. Send to a phone of yours through it; "
     "pause it or put another SIM in."},
    {"sms_pumping", ALARM_WARNING,
     "Many codes are asked for numbers that begin so, and next to none is used: somebody "
     "may earn by it. Look at who starts them; prefix_per_hour, deny and ip_per_hour of "
     "the purpose stop it."},
    {"sim_swapped", ALARM_WARNING,
     "A modem holds another SIM than before, or a SIM sits in another modem: see whether somebody "
     "moved it, then accept it (otpgatectl accept) or put the former one back."},
    {"body_key_lost", ALARM_WARNING,
     "The machine has lost power or was restarted, and with it the key of the texts that waited "
     "(body_key = ephemeral): gateway.stats tells how many ended so (body_key_lost). Their senders "
     "have to send them again. This alarm stays until the next start."},
    {"message_crashes", ALARM_CRITICAL,
     "The gateway has crashed three times while one message was with a modem: it is failed "
     "(internal) and not tried again. The journal names it (recovered ... crashes=3): report it "
     "with the lines before. Stays until the next start."},
    {"store_failing", ALARM_CRITICAL,
     "The database cannot be written or read: free some space on the file system of the state "
     "directory, or look for its errors in the kernel's log. Nothing is accepted or sent until "
     "then."},
    {"sim_owner_changed", ALARM_CRITICAL,
     "1414 names another owner of this SIM than before: see who had it registered anew."},
    {"sim_balance_low", ALARM_WARNING,
     "This SIM has little left: top it up before it cannot send."},
    {"sim_expiring", ALARM_WARNING, "This SIM's account is about to end: top it up before."},
    {"sim_check_failed", ALARM_WARNING,
     "This SIM could not be asked who owns it or what it has left."},
    {"sim_failing", ALARM_CRITICAL,
     "All messages of this SIM fail: see what the modem's last error says, then resume the modem."},
};
enum { ROWS = sizeof rows / sizeof *rows };

struct alarm {
    struct alarm *next;
    const struct alarm_row *row;
    int64_t since_wall_ms;
    char subject[ALARM_SUBJECT_ROOM];
    char sentence[ALARM_SENTENCE_ROOM];
};

void alarms_init(struct alarms *alarms, struct loop *loop)
{
    *alarms = (struct alarms){.loop = loop};
}

void alarms_fini(struct alarms *alarms)
{
    while (alarms->first) {
        struct alarm *alarm = alarms->first;
        alarms->first = alarm->next;
        free(alarm);
    }
    alarms->count = 0;
}

static const struct alarm_row *row_find(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* Where the pointer to it stands: *return NULL: there is none. */
static struct alarm **alarm_find(struct alarms *alarms, const char *name, const char *subject)
{
    struct alarm **at = &alarms->first;
    while (*at && (strcmp((*at)->row->name, name) != 0 || strcmp((*at)->subject, subject) != 0))
        at = &(*at)->next;
    return at;
}

static struct alarm_view view_of(const struct alarm *alarm)
{
    return (struct alarm_view){alarm->row->name, alarm->subject, alarm->sentence,
                               alarm->row->severity, alarm->since_wall_ms};
}

static void alarm_tell(struct alarms *alarms, const struct alarm *alarm, bool raised)
{
    const struct alarm_view view = view_of(alarm);
    bool critical = alarm->row->severity == ALARM_CRITICAL;
    if (raised)
        log_event(critical ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "alarm", view.subject, "raised",
                  "name=%s severity=%s do=\"%s\"", view.name, alarm_severity_name(view.severity),
                  view.sentence);
    else
        log_event(LOG_LEVEL_NOTICE, "alarm", view.subject, "cleared", "name=%s after_s=%lld",
                  view.name, (long long)((loop_wall_ms(alarms->loop) - view.since_wall_ms) / 1000));
    if (alarms->listener)
        alarms->listener(alarms->listener_arg, &view, raised);
}

/* NULL: no room for it; its journal line is all there is then. */
static struct alarm *alarm_new(struct alarms *alarms, const struct alarm_row *row,
                               const char *subject)
{
    struct alarm *alarm = alarms->count < ALARMS_MAX ? calloc(1, sizeof *alarm) : NULL;
    if (!alarm)
        return NULL;
    alarm->row = row;
    alarm->since_wall_ms = loop_wall_ms(alarms->loop);
    text_copy(alarm->subject, sizeof alarm->subject, subject);
    alarm->next = alarms->first;
    alarms->first = alarm;
    alarms->count++;
    return alarm;
}

void alarm_raise(struct alarms *alarms, const char *name, const char *subject, const char *sentence)
{
    const struct alarm_row *row = row_find(name);
    assert(row && strlen(subject) < ALARM_SUBJECT_ROOM);
    struct alarm *alarm = *alarm_find(alarms, name, subject);
    bool fresh = !alarm;
    if (fresh)
        alarm = alarm_new(alarms, row, subject);
    if (!alarm) {
        log_event(LOG_LEVEL_ERROR, "alarm", subject, "no_room", "name=%s do=\"%s\"", name,
                  sentence ? sentence : row->sentence);
        return;
    }
    text_copy(alarm->sentence, sizeof alarm->sentence, sentence ? sentence : row->sentence);
    if (fresh)
        alarm_tell(alarms, alarm, true);
}

void alarm_clear(struct alarms *alarms, const char *name, const char *subject)
{
    assert(row_find(name));
    struct alarm **at = alarm_find(alarms, name, subject), *alarm = *at;
    if (!alarm)
        return;
    *at = alarm->next;
    alarms->count--;
    alarm_tell(alarms, alarm, false);
    free(alarm);
}

bool alarm_at(struct alarms *alarms, size_t i, struct alarm_view *out)
{
    const struct alarm *alarm = alarms->first;
    while (alarm && i-- > 0)
        alarm = alarm->next;
    if (alarm)
        *out = view_of(alarm);
    return alarm != NULL;
}

void alarm_on_change(struct alarms *alarms, alarm_fn *listener, void *arg)
{
    alarms->listener = listener;
    alarms->listener_arg = arg;
}

const char *alarm_severity_name(enum alarm_severity severity)
{
    switch (severity) {
    case ALARM_WARNING:
        return "warning";
    case ALARM_CRITICAL:
        return "critical";
    }
    return "";
}

const char *alarm_name_at(size_t i)
{
    return i < ROWS ? rows[i].name : NULL;
}
