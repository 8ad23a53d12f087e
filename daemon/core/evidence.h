/* evidence: what a link tells of an attempt afterwards. */
#ifndef OTPGATE_EVIDENCE_H
#define OTPGATE_EVIDENCE_H

#include <stdbool.h>
#include "link.h"
#include "store.h"

struct gateway;
struct modem;
struct late;

struct evidence {
    struct late *late; /* on its way to the disk */
    struct loop_timer timer;
    int retry_ms;
};

void evidence_init(struct gateway *gateway);
void evidence_stop(struct gateway *gateway);
/* A link tells of an attempt, once: it is kept until it is on disk. */
void evidence_take(struct modem *modem, const struct link_evidence *evidence);
/* Inside a transaction, or opens one: what a failure has left to be written, before any claim. */
void evidence_write(struct gateway *gateway);

#endif
