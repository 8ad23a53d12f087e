/* recorder: the flight recorder: the last lines of what a link and its modem said to each other,
 * in memory, with the nanosecond. Owned by a link, which writes into it. Pure but for
 * recorder_dump().
 *
 * Nothing personal is in it: who writes a line writes down what may be seen of it (at_trace.h for
 * AT, gammu_wire.h for libgammu's helper), and kind and length of the rest: <text:12>.
 *
 *   12.345678901 > AT+CMGS=23        from us
 *   14.120000456 < +CMGS: 7          to us
 *   14.120001000 = ready: free       what became of the link */
#ifndef OTPGATE_RECORDER_H
#define OTPGATE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loop.h"

enum {
    RECORDER_LINES = 512, /* the start of a modem and a few messages */
    RECORDER_TEXT = 88,   /* bytes of a line, with its NUL */
    RECORDER_DUMP = 40,   /* lines in the log */
};

struct recorder_line {
    int64_t at_ns; /* loop_now_ns() */
    char way;      /* '>', '<', '=' */
    char text[RECORDER_TEXT];
};
struct recorder {
    uint64_t next;          /* number of the next line; the ring holds those before it */
    uint64_t dumped;        /* lines before this one stand in the log */
    struct loop_task *told; /* deferred at each line; NULL: nobody reads along */
    struct recorder_line line[RECORDER_LINES];
};

/* The next line, empty; its text, which holds RECORDER_TEXT, is for the caller to write at once. */
char *recorder_put(struct recorder *recorder, int64_t now_ns, char way);
/* `state` and `why` are texts of our own. */
void recorder_state(struct recorder *recorder, int64_t now_ns, const char *state, const char *why);

/* The first line that is kept from *number on, and its number; NULL: there is none yet. */
const struct recorder_line *recorder_from(const struct recorder *recorder, uint64_t *number);

/* The last lines into the log, each once: `trace ID line 12.345678901 > AT`. A room of its own
 * there (log_limit.h), so that what the link has said before cannot crowd it out. */
void recorder_dump(struct recorder *recorder, const char *id);

#endif
