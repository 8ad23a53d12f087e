/* link: THE contract between what decides (daemon/) and whatever can send a short message (a
 * driver).
 *
 * A link is one modem with its SIM, reached through one port. Its owner calls the ops; the link
 * calls the sink. The sink is never called from inside an op, and after link_close() never again.
 *
 * One part of one message is under way at a time (the window of AT and gammu is 1):
 *
 *   owner              link                              meaning
 *   submit ----------> (AT+CMGS, waits for the prompt)
 *          <---------- commit(token, part)               "shall I?", asked at the prompt
 *   proceed(yes|no) -> (text and Ctrl-Z | ESC)           yes only when its transaction is on disk
 *          <---------- outcome(token, part, ...)         exactly once per submit, after any RESYNC
 *          <---------- evidence(...)                     at any later time: a late +CMGS
 *          <---------- inbound(handle, tpdu)             a message or a report from the air
 *   taken ----------->                                   it is on disk: delete it from the modem
 *
 * The line: before the Ctrl-Z is handed to the kernel every failure is NOT_SENT. After it: `+CMGS:
 * n` with its line end is SENT, whatever follows; a cause that only the network or the service
 * centre can give (1 to 255) is NOT_SENT; everything else is UNKNOWN.
 */
#ifndef OTPGATE_LINK_H
#define OTPGATE_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include "outcome.h"
#include "pdu.h"

enum link_state {
    LINK_OPENING,     /* the port is being opened, or waited for */
    LINK_SYNCING,     /* does anybody speak AT here? */
    LINK_IDENTIFYING, /* maker, model, IMEI; quirks chosen */
    LINK_SIM,         /* PIN, ICCID, IMSI, service centre */
    LINK_REGISTERING, /* waiting for a network */
    LINK_READY,       /* may submit */
    LINK_BUSY,        /* a submit (or USSD) is under way */
    LINK_RECOVERING,  /* fence or ladder */
    LINK_QUARANTINED, /* left alone for a while after repeated failure */
    LINK_GONE,        /* closed, or its port is not there */
};
enum { LINK_STATES = LINK_GONE + 1 };
const char *link_state_name(enum link_state state); /* "ready", ... */

struct link;

/* What is known of the modem and its SIM; strings are empty while unknown. */
struct link_identity {
    char maker[40], model[40], revision[40];
    char imei[17];
    char iccid[23];
    char imsi[16];
    char smsc[17];
};
struct link_radio {
    int registration; /* <stat> of +CREG/+CGREG/+CEREG that counts, 3GPP TS 27.007 clause 7.2; -1
                         unknown */
    int technology;   /* <AcT>, clause 7.3; -1 unknown */
    int signal_dbm;   /* 0: unknown */
    char operator_[33];
};

/* What settles an UNKNOWN later: a +CMGS that came after its time. */
struct link_evidence {
    char iccid[23];
    int reference;  /* TP-MR */
    uint64_t token; /* of the submit it belongs to, 0: not known (an orphan) */
    unsigned part;
    bool unsure; /* a final error came right after it (see quirks): back to UNKNOWN */
};

/* A TPDU from the air, SMS-DELIVER or SMS-STATUS-REPORT alike, as it stands in the modem. The link
 * does not look inside. It stays in the modem until the owner has answered with link_taken(). */
struct link_inbound {
    char iccid[23];
    uint64_t handle; /* names it in link_taken(); never used twice */
    uint8_t len;     /* octets; service centre removed */
    uint8_t tpdu[PDU_TPDU_MAX];
};

struct link_sink {
    /* `why`: a few words for people and the log. identity/radio: link_identity(), below. */
    void (*state)(void *ctx, struct link *link, enum link_state state, const char *why);
    /* Answer with link_proceed(), at any later time within the prompt's time-out. */
    void (*commit)(void *ctx, struct link *link, uint64_t token, unsigned part);
    void (*outcome)(void *ctx, struct link *link, uint64_t token, unsigned part,
                    const struct sms_outcome *outcome);
    void (*evidence)(void *ctx, struct link *link, const struct link_evidence *evidence);
    void (*inbound)(void *ctx, struct link *link, const struct link_inbound *inbound);
    void (*radio)(void *ctx, struct link *link, const struct link_radio *radio);
};

struct link_submit {
    uint64_t token; /* the attempt's, unique for ever */
    unsigned part;  /* 0-based, for the owner */
    bool more;      /* another part of the same message follows at once (AT+CMMS) */
    struct pdu_tpdu tpdu;
};

struct link_ops {
    /* Starts; state() tells the rest. 0/-errno. */
    int (*open)(struct link *);
    /* 0: an outcome will follow. -EAGAIN: not READY, no outcome follows. The TPDU is copied. */
    int (*submit)(struct link *, const struct link_submit *);
    /* The answer to commit(). A token that is no longer asked for is ignored. */
    void (*proceed)(struct link *, uint64_t token, unsigned part, bool yes);
    /* 0 or -ENOTSUP, -EAGAIN, -EINVAL (a character no modem may see). Answers come with USSD
     * support. */
    int (*ussd_start)(struct link *, const char *code);
    int (*ussd_answer)(struct link *, const char *text);
    void (*ussd_cancel)(struct link *);
    /* Ends what is under way: before the Ctrl-Z with ESC and NOT_SENT, after it nothing can be
     * taken back and it is awaited. */
    void (*abort)(struct link *);
    /* Ends the link. A submit under way gets no outcome any more: the owner knows best (see
     * link_in_flight). Freed at the end of the turn. */
    void (*close)(struct link *);
    /* The answer to inbound(), at any later time. ok: it is on disk (or is not worth keeping) and
     * may be deleted from the modem; not ok: it stays there and is read again by a later sweep. A
     * handle that is no longer known is ignored. */
    void (*taken)(struct link *, uint64_t handle, bool ok);
    /* True once the Ctrl-Z of the submit under way may have left. */
    bool (*in_flight)(const struct link *);
};

struct link {
    const struct link_ops *ops;
    const struct link_sink *sink;
    void *ctx;
    char name[64]; /* of the [modem] section */
    struct link_identity identity;
    struct link_radio radio;
};

static inline int link_open(struct link *link)
{
    return link->ops->open(link);
}
static inline int link_submit(struct link *link, const struct link_submit *submit)
{
    return link->ops->submit(link, submit);
}
static inline void link_proceed(struct link *link, uint64_t token, unsigned part, bool yes)
{
    link->ops->proceed(link, token, part, yes);
}
static inline void link_abort(struct link *link)
{
    link->ops->abort(link);
}
static inline void link_close(struct link *link)
{
    link->ops->close(link);
}
static inline void link_taken(struct link *link, uint64_t handle, bool ok)
{
    link->ops->taken(link, handle, ok);
}
static inline bool link_in_flight(const struct link *link)
{
    return link->ops->in_flight(link);
}

#endif
