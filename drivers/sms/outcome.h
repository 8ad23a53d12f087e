/* outcome: what became of one submitted part, and what to do next. Pure.
 * The classes are those of the error table (one const table in outcome.c, each row with its story).
 */
#ifndef OTPGATE_OUTCOME_H
#define OTPGATE_OUTCOME_H

#include <stdbool.h>

enum sms_verdict {
    SMS_SENT,     /* the network took it: +CMGS */
    SMS_NOT_SENT, /* certainly not sent */
    SMS_UNKNOWN,  /* the text left us and no answer came that tells */
};

/* Where a cause comes from: the same number means different things. */
enum sms_cause_space {
    SMS_CAUSE_NONE,
    SMS_CAUSE_CMS,   /* +CMS ERROR, 3GPP TS 27.005 clause 3.2.5 (1 to 127: TS 24.011; 128 to 255:
                        TP-FCS) */
    SMS_CAUSE_CME,   /* +CME ERROR, 3GPP TS 27.007 clause 9.2 */
    SMS_CAUSE_LOCAL, /* one of enum sms_local */
};
enum sms_local {
    SMS_LOCAL_ERROR = 1, /* a plain ERROR */
    SMS_LOCAL_OK_ONLY,   /* OK without +CMGS */
    SMS_LOCAL_TIMEOUT,   /* silence */
    SMS_LOCAL_GONE,      /* the port vanished */
    SMS_LOCAL_REFUSED,   /* we said no at the prompt */
    SMS_LOCAL_NO_PROMPT, /* no `> ` came */
    SMS_LOCAL_NOT_READY, /* the link could not take it */
    SMS_LOCAL_ABORTED,   /* ended by us before the Ctrl-Z */
    SMS_LOCAL_CRASH,     /* found committed at start-up */
};

/* What the sender does after NOT_SENT. A row of SMS_CLASS_UNKNOWN that came before the Ctrl-Z
 * (NOT_SENT by the line) is treated like SMS_CLASS_NETWORK, but for a rest that grows. */
enum sms_class {
    SMS_CLASS_NONE,        /* SENT, or nothing to learn */
    SMS_CLASS_PERMANENT,   /* P: this message fails, nobody else is to blame */
    SMS_CLASS_TRANSIENT,   /* T: the same modem again after retry_ms, at most twice */
    SMS_CLASS_NETWORK,     /* N: another modem; this one cools for retry_ms */
    SMS_CLASS_MODEM,       /* M: take the modem or SIM out, requeue the message */
    SMS_CLASS_DEFECT,      /* D: the modem's fault, a configuration's, or the message's own: another
                              modem tells, this one rests for retry_ms where it refuses others too */
    SMS_CLASS_UNKNOWN,     /* U: the verdict after the Ctrl-Z is UNKNOWN */
    SMS_CLASS_AS_SENT,     /* cause 197: the centre has it already */
    SMS_CLASS_NO_VALIDITY, /* causes 198, 199: once more without TP-VP */
};

struct sms_cause_row {
    enum sms_cause_space space;
    int first, last;
    enum sms_class class_;
    int retry_ms;         /* _TRANSIENT: wait so long; _NETWORK, _DEFECT: this modem rests so long;
                             else 0 */
    bool once;            /* where the text had left, worth one more attempt, not more: then the
                             message fails */
    bool never_left;      /* the modem refused the PDU itself: NOT_SENT even after the Ctrl-Z */
    const char *name;     /* stable, snake_case: "congestion", "unassigned_number" */
    const char *sentence; /* for people, in English */
};

struct sms_outcome {
    enum sms_verdict verdict;
    enum sms_cause_space space;
    int cause;     /* raw */
    int reference; /* TP-MR of +CMGS, 0 to 255; -1: none came */
};

/* Never NULL: a row for "other" catches the rest of each space. */
const struct sms_cause_row *sms_cause_find(enum sms_cause_space space, int cause);
/* "The line": the verdict of an error that came after (`after_ctrl_z`) or before the Ctrl-Z. After
 * it: a cause of the network or the service centre (CMS 1 to 255) and one with `never_left` is
 * NOT_SENT, 197 (the centre has it already) is SENT, all else is UNKNOWN. */
enum sms_verdict sms_cause_verdict(enum sms_cause_space space, int cause, bool after_ctrl_z);
const char *sms_verdict_name(enum sms_verdict verdict); /* "sent", "not_sent", "unknown" */

#endif
