/* rig: see rig.c. Functions assert by themselves (cmocka). */
#ifndef OTPGATE_RIG_H
#define OTPGATE_RIG_H

#include "gateway.h"
#include "hand_link.h"
#include "store.h"

enum { LINKS = 2, LINKS_MAX = 8 };

struct world {
    struct loop *loop;
    struct store *store;
    struct config config;
    struct config_modem modem[LINKS_MAX];
    struct gateway *gateway;
    struct hand_link *link[LINKS_MAX];
    size_t links;
};

void rig_settle(struct world *world);
/* As a client that waits for its answer. */
void rig_await(struct world *world);
void rig_run_for(struct world *world, int64_t ms);
int rig_setup(void **state);
void rig_setup_in(void **state, const char *dir); /* the database on disk; NULL: in memory */
void rig_setup_links(void **state, const char *dir, int links); /* so many, for LINKS */
int rig_teardown(void **state);
void rig_restart(struct world *world);
void rig_crash(struct world *world, const char *dir); /* the whole process, and its next start */
void rig_ready(struct world *world, int link);
struct send_request rig_request(const char *key);
int64_t rig_send(struct world *world, const struct send_request *request, struct refusal *refusal);
int64_t rig_accept(struct world *world, const struct send_request *request);
struct message rig_look(struct world *world, int64_t row);
void rig_assert_state(struct world *world, int64_t row, enum message_state state);
void rig_prompt(struct world *world, int link);
void rig_outcome(struct world *world, int link, enum sms_verdict verdict,
                 enum sms_cause_space space, int cause);

#endif
