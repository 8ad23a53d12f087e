/* log: one line per happening, `room id event key=value ...`, to standard error (with the
 * journal's <N> priorities where JOURNAL_STREAM says so, else with a time).
 *
 * Never a code, a text, a PIN or a whole number: callers pass what text_mask_number() made.
 * How much one object may say is bounded where log_limit.h is set to do so.
 * Control characters in what is logged are escaped here, so that a line stays a line. */
#ifndef OTPGATE_LOG_H
#define OTPGATE_LOG_H

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* `room`: "at", "store", ...; `id`: the object's ("viettel-1", a message id) or "-";
 * `event`: one word; `format`: printf of `key=value` pairs, or "". */
void log_event(enum log_level level, const char *room, const char *id, const char *event,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
void log_level_set(enum log_level most_verbose); /* default LOG_LEVEL_INFO */
/* Tests take the lines (no newline) instead of standard error; NULL goes back. */
void log_sink_set(void (*sink)(void *arg, enum log_level level, const char *line), void *arg);

#endif
