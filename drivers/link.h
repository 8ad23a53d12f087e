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
 *          <---------- outcome(token, part, ...)         exactly once per submit, at the latest
 * when the command in flight has had its time
 *          <---------- evidence(...)                     at any later time: a late +CMGS
 *          <---------- inbound(handle, tpdu)             a message or a report from the air
 *   taken ----------->                                   it is on disk: delete it from the modem
 *
 * USSD shares the window: while a session is under way, a menu that waits for its answer included,
 * nothing is sent.
 *
 *   ussd_start ------>                                   a code
 *          <---------- ussd(MORE, text)                  a menu: ussd_answer() or ussd_cancel()
 *   ussd_answer ----->
 *          <---------- ussd(any other end)               exactly once: the session is over
 *
 *          <---------- ussd_form(form)                   how this modem understood it: keep that
 *   ussd_form ------->                                   to a link that knows its modem: try this
 *
 * A SIM that is locked (state SIM, card LINK_CARD_PIN). The PIN lies with the owner: the link asks
 * for it, types it once and forgets it; what a SIM has rejected the owner remembers.
 *
 *          <---------- pin()                             "which PIN may I type?": identity.iccid
 * and pin_left say to whom, and what is at stake pin -------------> (AT+CPIN) only when "tried" is
 * on disk; or none
 *          <---------- pin_rejected()                    the SIM has counted a wrong attempt
 *
 * The line: before the Ctrl-Z is handed to the kernel every failure is NOT_SENT. After it: `+CMGS:
 * n` with its line end is SENT, whatever follows; a cause that only the network or the service
 * centre can give (1 to 255) is NOT_SENT; everything else is UNKNOWN.
 */
#ifndef OTPGATE_LINK_H
#define OTPGATE_LINK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include "outcome.h"
#include "pdu.h"
#include "ussd.h"

enum link_state {
    LINK_OPENING,     /* the port is being opened, or waited for */
    LINK_SYNCING,     /* does anybody speak AT here? */
    LINK_IDENTIFYING, /* maker, model, IMEI; quirks chosen */
    LINK_SIM,         /* PIN, ICCID, IMSI, service centre */
    LINK_REGISTERING, /* waiting for a network */
    LINK_READY,       /* may submit */
    LINK_BUSY,        /* a submit (or USSD) is under way, or the modem owes an answer */
    LINK_RECOVERING,  /* fence or ladder */
    LINK_QUARANTINED, /* left alone for a while after repeated failure */
    LINK_GONE,        /* closed, or its port is not there */
};
enum { LINK_STATES = LINK_GONE + 1 };
const char *link_state_name(enum link_state state); /* "ready", ... */

/* The SIM, as the modem tells it (3GPP TS 27.007 clause 8.3). Told with state(). */
enum link_card {
    LINK_CARD_UNKNOWN, /* not asked yet */
    LINK_CARD_READY,
    LINK_CARD_PIN,    /* asks for its PIN */
    LINK_CARD_PUK,    /* too many wrong PINs: its PUK, by hand */
    LINK_CARD_LOCKED, /* to a network or a phone */
    LINK_CARD_ABSENT,
    LINK_CARD_BUSY,
    LINK_CARD_FAILURE, /* it is there and does not work */
};
enum { LINK_CARDS = LINK_CARD_FAILURE + 1 };
const char *link_card_name(enum link_card card); /* "ready", ... */

struct link;

/* What is known of the modem and its SIM; strings are empty while unknown. */
struct link_identity {
    char maker[40], model[40], revision[40];
    char imei[17];
    char iccid[23]; /* the same text for a SIM at all times */
    char imsi[16];
    char smsc[17];
};
struct link_radio {
    int registration;   /* <stat> of +CREG/+CGREG/+CEREG that counts, 3GPP TS 27.007 clause 7.2; -1
                           unknown */
    int technology;     /* <AcT>, clause 7.3; -1 unknown */
    int signal_dbm;     /* 0: unknown */
    char operator_[33]; /* name or number; empty without a network */
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

/* What came of ussd_start() and ussd_answer(). */
enum link_ussd_end {
    LINK_USSD_MORE,      /* `text`; the session is open and the network waits: its patience, and
                            how long short messages may wait, is the owner's to bound */
    LINK_USSD_DONE,      /* `text`, which may be empty */
    LINK_USSD_RELEASED,  /* ended by the network without a word */
    LINK_USSD_REFUSED,   /* by the modem or the network; `cause` where one was told */
    LINK_USSD_SILENT,    /* nothing came in time; it may have been executed */
    LINK_USSD_CANCELLED, /* by ussd_cancel() */
    LINK_USSD_GONE,      /* the modem was lost; it may have been executed */
};
enum { LINK_USSD_ENDS = LINK_USSD_GONE + 1 };
const char *link_ussd_end_name(enum link_ussd_end end); /* "done", ... */
struct link_ussd {
    enum link_ussd_end end;
    int cause;                /* of +CME ERROR (TS 27.007 clause 9.2); 0: none */
    char text[USSD_TEXT_MAX]; /* UTF-8 that may be shown; "" where there is none */
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
    /* The SIM asks for its PIN: answer with link_pin(), at any later time; asked again after a
     * minute. identity.iccid is known where the modem tells it before the PIN (else go by the
     * IMEI); link->pin_left too. NULL: there is none. */
    void (*pin)(void *ctx, struct link *link);
    /* The PIN that was typed last was wrong. NULL: nobody remembers. Without this call nothing is
     * known: it may have been right, wrong, or never typed. */
    void (*pin_rejected)(void *ctx, struct link *link);
    /* `result` and its text are the link's and hold until this returns; the text is personal (a
     * subscriber's record may stand in it) and is wiped then. NULL: nobody asks. */
    void (*ussd)(void *ctx, struct link *link, const struct link_ussd *result);
    /* The network has answered a code in this form, which was not known to work with this modem
     * (identity.imei) and its firmware (identity.revision). The link knows it until it is closed;
     * the owner keeps it for the next one. NULL: nobody does. */
    void (*ussd_form)(void *ctx, struct link *link, enum ussd_form form);
    /* trace() has more lines; told once for all of a turn. NULL: nobody reads along. */
    void (*traced)(void *ctx, struct link *link);
    /* What comes is announced on another port of this modem than the link's, and the modem would
     * not change that. Once a start. NULL: nobody minds. */
    void (*elsewhere)(void *ctx, struct link *link);
};

struct link_submit {
    uint64_t token; /* the attempt's, unique for ever */
    unsigned part;  /* 0-based, for the owner */
    bool more;      /* another part of the same message follows at once (AT+CMMS) */
    struct pdu_tpdu tpdu;
};

/* A line of the flight recorder, without anything personal (recorder.h). */
struct link_trace {
    uint64_t number;  /* counts from 0 */
    int64_t at_ns;    /* loop_now_ns() */
    char way;         /* '>' to the modem, '<' from it, '=' what became of the link */
    const char *text; /* printable ASCII; holds until the link goes on */
};

struct link_ops {
    /* Starts; state() tells the rest. 0/-errno. */
    int (*open)(struct link *);
    /* 0: an outcome will follow. -EAGAIN: not READY, no outcome follows. The TPDU is copied. */
    int (*submit)(struct link *, const struct link_submit *);
    /* The answer to commit(). A token that is no longer asked for is ignored. */
    void (*proceed)(struct link *, uint64_t token, unsigned part, bool yes);
    /* 0: ussd() will follow, SILENT `timeout_ms` from now (and what AT+CUSD=2 takes) at the latest.
     * -EAGAIN: not READY, or (answer) no menu is open; -EINVAL: not clean (ussd_code_is_clean);
     * -ENOTSUP: this driver has no USSD. The text is copied. */
    int (*ussd_start)(struct link *, const char *code, int timeout_ms);
    int (*ussd_answer)(struct link *, const char *text, int timeout_ms);
    /* Ends the session, if there is one; ussd() still follows, with its answer where that was
     * faster. */
    void (*ussd_cancel)(struct link *);
    /* What ussd_form() has once told of the modem and the firmware that identity names now (state
     * SIM, or later): asked first. NULL: this driver has no use for it. */
    void (*ussd_form)(struct link *, enum ussd_form form);
    /* Ends what is under way: before the Ctrl-Z with ESC and NOT_SENT, after it nothing can be
     * taken back and it is awaited. */
    void (*abort)(struct link *);
    /* Restarts the modem by its own command, as the ladder would, when what is under way has ended,
     * and takes nothing new before; one that is left alone (QUARANTINED) is tried at once. Asked
     * twice before it began, or while it restarts for another reason: once. 0: it is on its way,
     * state() tells the rest. -ENODEV: its port is not there. */
    int (*reset)(struct link *);
    /* Ends the link. A submit under way gets no outcome any more: the owner knows best (see
     * link_in_flight). Freed at the end of the turn. */
    void (*close)(struct link *);
    /* The answer to inbound(), at any later time. ok: it is on disk (or is not worth keeping) and
     * may be deleted from the modem; not ok: it stays there and is read again by a later sweep. A
     * handle that is no longer known is ignored. */
    void (*taken)(struct link *, uint64_t handle, bool ok);
    /* True once the Ctrl-Z of the submit under way may have left. */
    bool (*in_flight)(const struct link *);
    /* The first line that is kept from `number` on; false: there is none. NULL: this driver records
     * nothing. */
    bool (*trace)(const struct link *, uint64_t number, struct link_trace *out);
    /* The answer to pin(): 4 to 8 digits, typed once and then wiped, here as in the owner's memory;
     * or NULL, and `why` says for people why there is none. Ignored where nothing is asked. */
    void (*pin)(struct link *, const char *pin, const char *why);
    /* The modem is plugged in at `where` now (a port's URI), or (NULL) nowhere: then the link is
     * GONE, and what was under way gets its outcome. An attach ends every rest of the link, but for
     * a quarantine after three that were ended so in vain; its penalty stays until it is well. 0,
     * -EINVAL (no such kind of place). NULL: the link's place is fixed. */
    int (*attach)(struct link *, const char *where);
    /* After elsewhere(): `where` (a port's URI) belongs to the same modem and takes no commands.
     * What is announced there is heard from now on; nothing is ever written to it. One such port at
     * a time; attach() ends it, and so do its hanging up and a flood of lines that are no modem's.
     * elsewhere() may be told again; where the port turns out not to open it is told at once, if it
     * was told before. 0, or -errno of the port: then there is none. NULL: this driver has one
     * port. */
    int (*listen)(struct link *, const char *where);
};

struct link {
    const struct link_ops *ops;
    const struct link_sink *sink;
    void *ctx;
    char name[64]; /* of the [modem] section */
    struct link_identity identity;
    struct link_radio radio;
    enum link_card card;
    int pin_left; /* attempts before the SIM wants its PUK; -1: not told */
    /* PINs that were typed so far: where it is the same as when pin() was told, nothing was,
     * whatever the answer. */
    unsigned pins_typed;
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
static inline int link_ussd_start(struct link *link, const char *code, int timeout_ms)
{
    return link->ops->ussd_start(link, code, timeout_ms);
}
static inline int link_ussd_answer(struct link *link, const char *text, int timeout_ms)
{
    return link->ops->ussd_answer(link, text, timeout_ms);
}
static inline void link_ussd_cancel(struct link *link)
{
    link->ops->ussd_cancel(link);
}
static inline void link_ussd_form(struct link *link, enum ussd_form form)
{
    if (link->ops->ussd_form)
        link->ops->ussd_form(link, form);
}
static inline void link_abort(struct link *link)
{
    link->ops->abort(link);
}
static inline int link_reset(struct link *link)
{
    return link->ops->reset(link);
}
static inline void link_close(struct link *link)
{
    link->ops->close(link);
}
static inline void link_taken(struct link *link, uint64_t handle, bool ok)
{
    link->ops->taken(link, handle, ok);
}
static inline void link_pin(struct link *link, const char *pin, const char *why)
{
    link->ops->pin(link, pin, why);
}
static inline bool link_can_attach(const struct link *link)
{
    return link->ops->attach != NULL;
}
static inline int link_attach(struct link *link, const char *where)
{
    return link->ops->attach(link, where);
}
static inline int link_listen(struct link *link, const char *where)
{
    return link->ops->listen ? link->ops->listen(link, where) : -ENOTSUP;
}
static inline bool link_in_flight(const struct link *link)
{
    return link->ops->in_flight(link);
}
/* For drivers: trace() from their recorder. */
struct recorder;
bool link_trace_of(const struct recorder *recorder, uint64_t number, struct link_trace *out);
static inline bool link_trace(const struct link *link, uint64_t number, struct link_trace *out)
{
    return link->ops->trace && link->ops->trace(link, number, out);
}

#endif
