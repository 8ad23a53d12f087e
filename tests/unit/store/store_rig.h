/* store_rig: a store on virtual time, for the store's own tests: opened in memory or in a
 * directory of its own under /tmp, crashed (the process that held it dies), opened again. */
#ifndef OTPGATE_TEST_STORE_RIG_H
#define OTPGATE_TEST_STORE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "loop_sim.h"
#include "store.h"
#include "store_otp.h"

enum { RIG_NOW_MS = 1000000 };
#define RIG_WALL_MS INT64_C(1795000000000)

struct rig {
    struct loop *loop;
    struct store *store;
    struct store_options options;
    char dir[64]; /* "" in memory */
    char boot[32];
    const char *why;
};

void rig_memory(struct rig *rig);
void rig_disk(struct rig *rig); /* makes the directory, opens */
/* Opens (again) with rig->options; the rc of store_open(). */
int rig_open(struct rig *rig);
void rig_close(struct rig *rig);
void rig_reopen(struct rig *rig);
void rig_end(struct rig *rig); /* closes what is open, removes the directory */
/* Opens the store in a child process, calls `work` there, and lets the process die without a
 * word: what a kill leaves. The rig's own store must be closed. */
void rig_crash(struct rig *rig, void (*work)(struct rig *rig));
/* Whether `work` ends a child process by an assertion. */
bool rig_dies(struct rig *rig, void (*work)(struct rig *rig));
/* A new loop: the machine has been rebooted `passed_ms` later. */
void rig_reboot(struct rig *rig, int64_t passed_ms);
/* Path of a file of the state directory (static). */
const char *rig_path(const struct rig *rig, const char *file);
void rig_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A message as the core makes it, to be cleared by the caller. */
struct message rig_message(const struct rig *rig, const char *key, const char *text);
/* Inserts one in a transaction of its own (kept), commits: its row. */
int64_t rig_put(struct rig *rig, const char *key);
/* Begin, update, end, no commit. */
void rig_update(struct rig *rig, const struct message *message, bool wipe);
void rig_move(struct rig *rig, int64_t row, enum message_state state);
/* The attempt of a claim, or of a commit. */
uint64_t rig_attempt(struct rig *rig, int64_t row, enum attempt_state state, const char *iccid);
enum message_state rig_state(struct rig *rig, int64_t row);
void rig_reason(struct rig *rig, int64_t row, const char *want);
/* The states of all events of a row, joined: "queued claimed sent". */
const char *rig_ladder(struct rig *rig, int64_t row);
/* A verification as the core makes it, not stored yet; its tuple is the hash of `tuple`. */
struct otp_row rig_otp(const struct rig *rig, const char *tuple, char code[OTP_DIGITS + 1]);
/* The one number that a statement answers with. */
int64_t rig_number(const struct rig *rig, const char *sql);
void rig_commit(struct rig *rig); /* store_flush, must succeed */
void rig_pass(struct rig *rig, int64_t ms);

/* store_begin(), must succeed; and store_end(true). */
void rig_begin(struct rig *rig);
void rig_keep(struct rig *rig);

#endif
