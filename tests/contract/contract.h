/* contract: what link.h promises, asked of any driver.
 *
 * The cases know link.h alone. A fixture makes a link that reaches a modem of otpgate-modemsim, and
 * takes that modem's port away and back; one program with a fixture runs all cases on it. The loop
 * is the real one, the modem another process, steered through its control socket.
 *
 * Each case has a rig: its own simulator, loop and link. The rig's sink writes down what the link
 * says and fails where something is said from inside an op, after the close, or out of turn. */
#ifndef OTPGATE_CONTRACT_H
#define OTPGATE_CONTRACT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "cm.h"
#include "link.h"
#include "loop_event.h"

struct rig;

struct contract_fixture {
    const char *name;
    int tcp_port; /* of the simulator; 0: ptys */
    /* The place where the modem is reached is there (pty link or TCP port of the simulator). */
    void (*plug)(struct rig *rig);
    void (*pull)(struct rig *rig); /* it goes, with whoever has it open */
    /* The modem is not the simulator's: its control calls come here, answered in rig->reply. False:
     * this modem cannot be made to do that, and the case is skipped. NULL: the simulator. */
    bool (*steer)(struct rig *rig, const char *method, const char *params);
    bool same_reference; /* its TP-MR never moves */
    /* Not opened yet; owns all it needs. */
    struct link *(*make)(struct rig *rig, const struct link_sink *sink, void *ctx);
};

/* How the owner answers commit(). */
enum rig_owner { RIG_YES, RIG_NO, RIG_SILENT };
/* How it answers inbound(). */
enum rig_taker { RIG_TAKES, RIG_LEAVES, RIG_WAITS };

struct rig {
    const struct contract_fixture *fixture;
    char dir[64];
    pid_t sim;
    int control;
    char reply[16384]; /* the last one of the control socket */
    struct loop *loop;
    struct loop_timer limit;
    struct loop_task proceed, take; /* the owner's answers, given outside of the sink */
    bool (*until)(struct rig *rig);
    struct link *link;

    bool inside, closed; /* inside an op; nothing may be said any more */
    enum rig_owner owner;
    enum rig_taker taker;
    enum link_state state;
    uint32_t states; /* bit n: state n was told */
    unsigned moves, readies, commits, outcomes, sents, evidences, inbounds, radios, traced;
    bool pending; /* submitted, no outcome yet */
    uint64_t next_token, asked_token;
    unsigned asked_part;
    uint64_t outcome_token;
    unsigned outcome_part;
    struct sms_outcome outcome;
    enum link_state told_in; /* when the outcome came */
    struct link_evidence evidence;
    struct link_inbound inbound;
    uint64_t handles[16];
};

/* A modem that is plugged, a link that is open, and READY where `ready`. Asserts. */
void rig_start(struct rig *rig, bool ready);
void rig_open(struct rig *rig); /* a link is made and opened */
void rig_close(struct rig *rig);
void rig_stop(struct rig *rig);

/* Turns the loop until `until`; a case fails where that takes a minute. */
void rig_until(struct rig *rig, bool (*until)(struct rig *rig));
/* Turns it for a while, to see that nothing comes. */
void rig_idle(struct rig *rig, int64_t ms);
bool rig_is_ready(struct rig *rig);
bool rig_is_off(struct rig *rig); /* not READY, not BUSY */
bool rig_is_gone(struct rig *rig);
bool rig_has_outcome(struct rig *rig); /* of the last submit */
bool rig_is_asked(struct rig *rig);    /* commit() for the last submit */

/* One call of the simulator's control socket: params is the inside of a JSON object. */
void rig_sim(struct rig *rig, const char *method, const char *params, ...)
    __attribute__((format(printf, 3, 4)));
/* The whole number behind "name": in the last reply. */
int rig_reply_number(const struct rig *rig, const char *name);
/* Messages that the network ever took for the rig's phone; without a simulator, what the link says
 * of it. */
int rig_copies(struct rig *rig);
bool rig_shows(struct rig *rig, const char *text); /* on that phone */

/* 0 or what submit() said. Texts are told apart by their token. */
int rig_submit(struct rig *rig);
int rig_submit_part(struct rig *rig, unsigned part, bool more);
void rig_proceed(struct rig *rig, uint64_t token, unsigned part, bool yes);
void rig_abort(struct rig *rig);
void rig_taken(struct rig *rig, uint64_t handle, bool ok);
/* Submits, waits, and wants SENT, with the text on the phone. */
void rig_sends(struct rig *rig);
/* Waits for the outcome and wants this. */
void rig_wants(struct rig *rig, enum sms_verdict verdict, enum sms_cause_space space, int cause);

/* The cases, by room: contract_send.c, contract_port.c, contract_receive.c. */
extern const struct CMUnitTest contract_send[], contract_port[], contract_receive[];
extern const size_t contract_send_count, contract_port_count, contract_receive_count;
int contract_setup(void **state);
int contract_teardown(void **state);
/* All of them on this fixture: cmocka's count of failures. */
int contract_run(const struct contract_fixture *fixture);

#endif
