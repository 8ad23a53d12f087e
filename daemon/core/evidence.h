/* evidence: what settles an UNKNOWN. */
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

enum { ATTEMPTS_TOLD = SMS_PARTS_MAX * 6 }; /* more of them than one run of a message can have */

void evidence_init(struct gateway *gateway);
void evidence_stop(struct gateway *gateway);
/* A link tells of an attempt, once: it is kept until it is on disk. */
void evidence_take(struct modem *modem, const struct link_evidence *evidence);
/* Inside a transaction, or opens one: what a failure has left to be written, before any claim. */
void evidence_write(struct gateway *gateway);
/* Inside the transaction: the attempt was sent (unsure: perhaps not), its message is loaded and
 * moved on where this moves it. 1: settled, 0: no such message, -errno. */
int evidence_settle(struct gateway *gateway, struct attempt *attempt, int reference, bool unsure,
                    struct message *message);
/* At start: what a crash left UNKNOWN is put where its on_unknown says. */
void evidence_recover(struct gateway *gateway);
/* The message is UNKNOWN: it is written so, and queued again after evidence_wait_s where it may be.
 * 0/-errno */
int evidence_await(struct gateway *gateway, struct message *message,
                   const struct sms_outcome *outcome);

#endif
