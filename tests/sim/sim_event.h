/* sim_event: the ground truth. Whatever happens in the simulated world is told once, as it is, so
 * that a test can hold what the gateway claims against what was. Texts and numbers stand here in
 * full: this log is for tests and never for a real network. */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include "sim_pdu.h"

enum sim_event_kind {
    SIM_EVENT_COMMAND,   /* a whole command line came in */
    SIM_EVENT_PROMPT,    /* "> " went out */
    SIM_EVENT_ESCAPE,    /* ESC at the prompt */
    SIM_EVENT_PDU,       /* the text and its Ctrl-Z came, decoded */
    SIM_EVENT_RESULT,    /* the final result of a command; of a CMGS with its submit's id */
    SIM_EVENT_ACCEPTED,  /* the service centre has the submit: it was sent, whatever the modem says
                          */
    SIM_EVENT_REFUSED,   /* the network did not take it */
    SIM_EVENT_DELIVERED, /* shown on a handset */
    SIM_EVENT_RECEIVED,  /* taken by one of the modems */
    SIM_EVENT_REPORT,    /* a status report reached the modem */
    SIM_EVENT_DROPPED,   /* a message or report for a modem that never comes */
    SIM_EVENT_DELETED,   /* a stored message was deleted by the host */
    SIM_EVENT_URC,       /* an unsolicited line went out */
    SIM_EVENT_FAULT,     /* a fault that was ordered has struck */
    SIM_EVENT_MISSED,    /* a fault that was ordered found its dialogue ended */
    SIM_EVENT_VIOLATION, /* the host did what no host may do */
    SIM_EVENT_UNPLUGGED, /* the port is gone */
    SIM_EVENT_PLUGGED,   /* the port is there */
    SIM_EVENT_BOOTED,    /* the modem answers commands */
    SIM_EVENT_REGISTRATION, /* <stat> has changed */
};
enum { SIM_EVENTS = SIM_EVENT_REGISTRATION + 1 };

struct sim_event {
    enum sim_event_kind kind;
    int modem; /* -1: none */
    int64_t at_ms;
    const char *line; /* any bytes, with a NUL; or NULL */
    const char *number;
    const char *from;
    const char *text;
    const struct sim_submit *submit;
    uint64_t id; /* of a submit; 0: none */
    int value;   /* mr, stat, cause, index; -1: none */
};
typedef void sim_event_fn(void *arg, const struct sim_event *event);

const char *sim_event_name(enum sim_event_kind kind);
/* -1: no such name. */
int sim_event_find(const char *name);
/* One JSON object without its line end; cut never, `room` of SIM_EVENT_ROOM is always enough.
 * `ns`: monotonic nanoseconds. Returns the length. */
enum { SIM_EVENT_ROOM = 32768 };
size_t sim_event_json(const struct sim_event *event, uint64_t seq, int64_t ns, char *out);

#endif
