/* ctl: what the rooms of otpgatectl share. The tool is one command, one connection, one exit code;
 * it decides nothing and keeps nothing. A text never stands in an argument (everybody may read
 * those in the process list) nor, but for what came in (inbox), in an output. */
#ifndef OTPGATE_CTL_H
#define OTPGATE_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include "ctl_args.h"
#include "otpgate.h"

/* Exit codes; the man page and --help list them. */
enum ctl_exit {
    CTL_OK = 0,
    CTL_REFUSED = 1,     /* by the gateway: the error's name and sentence are on standard error */
    CTL_USAGE = 2,       /* the command line */
    CTL_UNREACHABLE = 3, /* cannot connect, or the connection was lost */
    CTL_TIMEOUT = 4,     /* no answer, or the state waited for did not come in time */
    CTL_NOT_SENT = 5,    /* --wait: failed, expired, cancelled or undelivered */
    CTL_TROUBLE = 6,     /* a file, memory, an answer that is not understood */
};

struct ctl {
    const struct ctl_args *args;
    bool json;
    int timeout_ms;   /* of one call */
    bool timeout_set; /* --timeout was given: it bounds waiting too */
    struct otpgate *gate;
};

/* One call. CTL_OK: *result is the caller's. Else what is to be said has been said. Takes `params`
 * over. */
enum ctl_exit ctl_call(struct ctl *ctl, const char *method, json_t *params, int timeout_ms,
                       json_t **result) __attribute__((warn_unused_result));
/* Says what a function of libotpgate returned, and gives its exit code. */
enum ctl_exit ctl_failed(struct ctl *ctl, int rc, const struct otpgate_error *error);
/* One JSON value on one line of standard output. */
void ctl_print_json(const json_t *value);
/* A line to standard error, `otpgatectl: ...`. */
void ctl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Never NULL: ends the program where there is no memory. */
void *ctl_need(void *memory);
/* 128 random bits: a key of our own, so that the same call can be repeated. */
enum { CTL_KEY = 40 };
void ctl_key_make(char key[CTL_KEY]);
/* Milliseconds of a clock that only goes forward. */
int64_t ctl_now_ms(void);

/* The commands; each returns an enum ctl_exit. */
int ctl_send(struct ctl *ctl);
int ctl_get(struct ctl *ctl);
int ctl_list(struct ctl *ctl);
int ctl_cancel(struct ctl *ctl);
int ctl_modems(struct ctl *ctl);
int ctl_pause(struct ctl *ctl);
int ctl_resume(struct ctl *ctl);
int ctl_reset(struct ctl *ctl);
int ctl_accept(struct ctl *ctl);
int ctl_ussd(struct ctl *ctl);
int ctl_trace(struct ctl *ctl);
int ctl_alarms(struct ctl *ctl);
int ctl_audit(struct ctl *ctl);
int ctl_inbox(struct ctl *ctl);
int ctl_otp(struct ctl *ctl);
int ctl_follow(struct ctl *ctl);
int ctl_stats(struct ctl *ctl);
int ctl_info(struct ctl *ctl);
int ctl_raw(struct ctl *ctl);
int ctl_subscriber(struct ctl *ctl);
int ctl_check_fleet(struct ctl *ctl); /* of subscriber */

#endif
