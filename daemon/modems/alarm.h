/* alarm: what wants somebody: raised once, cleared once, a journal line and an event for each.
 *
 * An alarm is a name from the table in alarm.c and a subject: a modem's name, a purpose, or "-". It
 * stands in memory from alarm_raise() to alarm_clear(); after a restart whoever finds the reason
 * still there raises it anew. Both are idempotent and may be called from anywhere but a signal
 * handler: nothing is called back but the listener, which must not raise or clear. */
#ifndef OTPGATE_ALARM_H
#define OTPGATE_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loop.h"

enum alarm_severity {
    ALARM_WARNING,  /* will get worse, or is worse than usual */
    ALARM_CRITICAL, /* messages are lost, late or refused by it */
};
enum { ALARM_SUBJECT_ROOM = 64, ALARM_SENTENCE_ROOM = 240, ALARMS_MAX = 256 };

struct alarm_view {
    const char *name, *subject, *sentence;
    enum alarm_severity severity;
    int64_t since_wall_ms; /* raised */
};
typedef void alarm_fn(void *arg, const struct alarm_view *alarm, bool raised);

/* Kept by the gateway. */
struct alarm;
struct alarms {
    struct loop *loop;
    struct alarm *first; /* newest first */
    size_t count;
    alarm_fn *listener;
    void *listener_arg;
};
void alarms_init(struct alarms *alarms, struct loop *loop);
void alarms_fini(struct alarms *alarms);

/* `name` stands in the table (else assert). `sentence` says what to do, to people, with no number,
 * text or name of anybody in it; NULL: the table's. One that stands already keeps its time; its
 * sentence is the newest. */
void alarm_raise(struct alarms *alarms, const char *name, const char *subject,
                 const char *sentence);
void alarm_clear(struct alarms *alarms, const char *name, const char *subject);
/* Those that stand, newest first; false past the end. Pointers hold until the next turn. */
bool alarm_at(struct alarms *alarms, size_t i, struct alarm_view *out);
/* One listener: the front. NULL: none. */
void alarm_on_change(struct alarms *alarms, alarm_fn *listener, void *arg);

const char *alarm_severity_name(enum alarm_severity severity);
/* Names of the table, for a test; NULL past the end. */
const char *alarm_name_at(size_t i);

#endif
