/* store_recover: what a start finds and sets right, in one transaction, before anybody looks:
 * times are carried over a reboot, a claim goes back to the queue, a commit becomes UNKNOWN, and
 * what must not be sent any more (lost keys, a restored backup, a clock that went back) ends
 * aloud, each with its event. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "text.h"

enum { EVIDENCE_MS = 3600 * 1000, ANY_SEAL = -1 };
/* From a commit to the last report that is believed: 24 h and 1 h at the most, and a margin. */
static const int64_t ATTEMPT_LIVES_MS = INT64_C(48) * 3600 * 1000;

struct recover {
    char boot[64], boot_now[64];
    int64_t wall, at, seq; /* the newest pair of wall clock and boot time that was stored */
    uint8_t incarnation[STORE_INCARNATION], check[STORE_KEYS * SEAL_HASH];
    size_t incarnation_len, check_len;
};

static int boot_id_now(const char *given, char out[64])
{
    if (given)
        return text_copy(out, 64, given) ? 0 : -EINVAL;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, out, 63);
    int error = errno;
    close(fd);
    if (n < 0)
        return -error;
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return 0;
}

/* --- what the last run left ----------------------------------------------------------------------
 */

static size_t copy_blob(struct query *query, uint8_t *out, size_t room)
{
    size_t len;
    const uint8_t *bytes = query_get_blob(query, &len);
    if (!bytes || len != room)
        return 0;
    memcpy(out, bytes, len);
    return len;
}

static int recover_read_sequence(struct store *store, const char *table, int64_t *out)
{
    struct query query = query_start(store, SQL_SEQUENCE);
    query_put_text(&query, table);
    int rc = query_step(&query);
    if (rc == 1) {
        *out = query_get(&query);
        query_end(&query);
    }
    return rc < 0 ? rc : 0;
}

static int recover_read(struct store *store, struct recover *recover)
{
    struct query query = query_start(store, SQL_META_GET);
    int rc = query_step(&query);
    if (rc != 1)
        return rc < 0 ? rc : -EBADMSG;
    query_get_text(&query, recover->boot, sizeof recover->boot);
    recover->wall = query_get(&query);
    recover->at = query_get(&query);
    recover->seq = query_get(&query);
    store->unclean = query_get(&query) == 0;
    recover->incarnation_len = copy_blob(&query, recover->incarnation, sizeof recover->incarnation);
    recover->check_len = copy_blob(&query, recover->check, sizeof recover->check);
    query_end(&query);

    /* an event that is newer than meta knows the clocks better: the wall clock may have been set
     * right since the start */
    query = query_start(store, SQL_EVENT_NEWEST);
    rc = query_step(&query);
    if (rc == 1) {
        if (query_get(&query) > recover->seq) {
            recover->wall = query_get(&query);
            recover->at = query_get(&query);
        }
        query_end(&query);
    }
    int64_t token = 0;
    if (rc >= 0)
        rc = recover_read_sequence(store, "event", &store->tally.seq);
    if (rc >= 0)
        rc = recover_read_sequence(store, "attempt", &token);
    store->token = (uint64_t)token;
    store->seq_durable = store->tally.seq;
    return rc;
}

/* --- clocks ----------------------------------------------------------------------------------- */

static int recover_run_one(struct store *store, enum sql sql, const int64_t *values, int count)
{
    struct query query = query_start(store, sql);
    for (int i = 0; i < count; i++)
        query_put(&query, values[i]);
    return query_run(&query);
}

static const char clock_fact[] = "clock.shift", past_fact[] = "attempt.past";

static int recover_read_fact(struct store *store, const char *name, int64_t *out)
{
    char text[32];
    int rc = store_fact_get(store, name, text, sizeof text);
    *out = rc == 1 ? strtoll(text, NULL, 10) : 0;
    return rc < 0 ? rc : 0;
}

static int recover_keep_fact(struct store *store, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return store_fact_set(store, name, text);
}

/* Attempts are kept for a month, and stand in the order of their commits: what was committed so
 * long before the last sign of the former boot is past, and all before it. Those are not looked at
 * again, not even to shift their times; whoever looks for a report looks behind them. */
static int recover_pass_attempts(struct store *store, int64_t at_ms)
{
    struct query query = query_start(store, SQL_ATTEMPTS_PAST);
    query_put(&query, store->attempts_past);
    query_put(&query, at_ms - ATTEMPT_LIVES_MS);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    store->attempts_past = query_get(&query);
    query_end(&query);
    return recover_keep_fact(store, past_fact, store->attempts_past);
}

static int recover_shift(struct store *store, int64_t shift)
{
    const int64_t past[] = {shift, store->attempts_past};
    int rc = recover_run_one(store, SQL_SHIFT_MESSAGES, &shift, 1);
    if (rc == 0)
        rc = recover_run_one(store, SQL_SHIFT_REPORTS, &shift, 1);
    if (rc == 0)
        rc = recover_run_one(store, SQL_SHIFT_ATTEMPTS, past, 2);
    return rc == 0 ? recover_run_one(store, SQL_SHIFT_OPEN, &shift, 1) : rc;
}

/* After a reboot CLOCK_BOOTTIME begins anew: what was stored is shifted by what the wall clock says
 * has passed. One that stands behind says nothing: no time has passed then, and the caller ends
 * what was live. A time namespace may keep the boot id and restart the clock: the same. */
static int recover_clock(struct store *store, const struct recover *recover, bool *went_back)
{
    int64_t now = loop_now_ms(store->loop), wall = loop_wall_ms(store->loop);
    *went_back = false;
    bool fresh = recover->boot[0] == '\0';
    if (fresh || (strcmp(recover->boot, recover->boot_now) == 0 && now >= recover->at))
        return 0;
    *went_back = wall < recover->wall;
    int64_t passed = *went_back ? 0 : wall - recover->wall;
    int64_t shift = now - (recover->at + passed);
    store->clock_shift -= shift;
    log_event(LOG_LEVEL_NOTICE, "store", "-", "reboot", "passed_ms=%lld", (long long)passed);
    int rc = recover_pass_attempts(store, recover->at);
    if (rc == 0)
        rc = recover_shift(store, shift);
    return rc == 0 ? recover_keep_fact(store, clock_fact, store->clock_shift) : rc;
}

/* --- claims and commits ----------------------------------------------------------------------- */

/* The next message that stands CLAIMED or SENDING: 1/0/-errno. */
static int recover_next_claim(struct store *store, int64_t *row, bool *committed)
{
    struct query query = query_start(store, SQL_CLAIMS);
    int rc = query_step(&query);
    if (rc == 1) {
        *row = query_get(&query);
        *committed = query_get(&query) != 0;
        query_end(&query);
    }
    return rc;
}

static void claim_to_unknown(struct message *message)
{
    message->state = MESSAGE_UNKNOWN;
    message->space = SMS_CAUSE_LOCAL;
    message->cause = SMS_LOCAL_CRASH;
    if (message->report_until_ms == 0)
        message->report_until_ms = message->expires_ms + EVIDENCE_MS;
    (void)text_copy(message->reason, sizeof message->reason, "crash"); /* fits */
}

static void claim_to_queue(struct store *store, struct message *message)
{
    message->crashes++;
    message->state = MESSAGE_QUEUED;
    message->wait_until_ms = 0;
    (void)text_copy(message->reason, sizeof message->reason, "crash"); /* fits */
    if (message->crashes < STORE_CRASHES_MAX)
        return;
    store->given_up++;
    (void)text_copy(message->reason, sizeof message->reason, "internal"); /* fits */
    message->state = message->resends > 0 ? MESSAGE_UNKNOWN : MESSAGE_FAILED;
    if (message->state == MESSAGE_UNKNOWN)
        message->on_unknown = ON_UNKNOWN_REPORT; /* an earlier copy may have left, no other will */
    else
        message->ended_wall_ms = loop_wall_ms(store->loop);
}

/* No resend can follow: its text goes. */
static bool claim_needs_no_text(const struct message *message)
{
    if (message->state == MESSAGE_UNKNOWN)
        return message->on_unknown == ON_UNKNOWN_REPORT || message->resends > 0;
    return message->state == MESSAGE_FAILED;
}

static int recover_claims(struct store *store)
{
    int64_t row = 0;
    bool committed = false;
    int rc;
    while ((rc = recover_next_claim(store, &row, &committed)) == 1) {
        struct message message;
        rc = store_message_by_row(store, row, false, &message);
        if (rc != 1)
            return rc < 0 ? rc : -EBADMSG;
        if (committed)
            claim_to_unknown(&message);
        else
            claim_to_queue(store, &message);
        char id[37];
        message_id_text(message.id, id);
        log_event(message.state == MESSAGE_FAILED ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "store",
                  id, "recovered", "state=%s crashes=%u", message_state_name(message.state),
                  message.crashes);
        rc = store_message_update(store, &message, claim_needs_no_text(&message));
        message_clear(&message);
        if (rc != 0)
            return rc;
    }
    if (rc < 0)
        return rc;
    int64_t wall = loop_wall_ms(store->loop);
    const int64_t crashed[] = {SMS_CAUSE_LOCAL, SMS_LOCAL_CRASH, wall,
                               loop_now_ms(store->loop) + EVIDENCE_MS};
    const int64_t unclaimed[] = {SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED, wall};
    rc = recover_run_one(store, SQL_ATTEMPTS_CRASHED, crashed, 4);
    return rc == 0 ? recover_run_one(store, SQL_ATTEMPTS_UNCLAIMED, unclaimed, 3) : rc;
}

/* --- what must not be sent any more ----------------------------------------------------------- */

static void end_queued_put(struct store *store, struct query *query, int64_t seal,
                           enum message_state to, const char *reason)
{
    query_put(query, loop_wall_ms(store->loop));
    query_put(query, loop_now_ms(store->loop));
    query_put(query, to);
    query_put_text(query, reason);
    query_put(query, to == MESSAGE_UNKNOWN);
    query_put(query, seal);
}

static int end_queued_as(struct store *store, int64_t seal, enum message_state to,
                         const char *reason)
{
    struct query query = query_start(store, SQL_END_QUEUED_EVENTS);
    end_queued_put(store, &query, seal, to, reason);
    int rc = query_run(&query);
    if (rc != 0)
        return rc;
    query = query_start(store, SQL_END_QUEUED);
    end_queued_put(store, &query, seal, to, reason);
    query_put(&query, loop_now_ms(store->loop) + EVIDENCE_MS);
    rc = query_run(&query);
    int ended = sqlite3_changes(store->db);
    store->bodies_lost_count += rc == 0 && seal != ANY_SEAL ? ended : 0;
    if (rc == 0 && ended > 0)
        log_event(LOG_LEVEL_ERROR, "store", "-", reason, "messages=%d state=%s", ended,
                  message_state_name(to));
    return rc;
}

/* Everything queued ends as `to`; what an earlier attempt may have sent is UNKNOWN instead. */
static int recover_end_queued(struct store *store, int64_t seal, enum message_state to,
                              const char *reason)
{
    int rc = end_queued_as(store, seal, MESSAGE_UNKNOWN, reason);
    if (rc == 0)
        rc = end_queued_as(store, seal, to, reason);
    return rc == 0 ? recover_read_sequence(store, "event", &store->tally.seq) : rc;
}

/* Sealed under keys that are gone: nothing of it can be read again. */
static int recover_scrub(struct store *store)
{
    static const enum sql steps[] = {SQL_SCRUB_MESSAGES, SQL_SCRUB_EVENTS, SQL_SCRUB_ATTEMPTS,
                                     SQL_SCRUB_INBOX,    SQL_SCRUB_SEEN,   SQL_SCRUB_PARTS,
                                     SQL_SCRUB_PINS,     SQL_SCRUB_HABITS, SQL_SCRUB_OWNCHECKS,
                                     SQL_SCRUB_AUDIT,    SQL_OTP_SCRUB};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof steps / sizeof steps[0]; i++)
        rc = recover_run_one(store, steps[i], NULL, 0);
    return rc;
}

/* Nor is any code right any more: a backup would take a used one again. */
static int recover_end_codes(struct store *store, int64_t seal, const char *reason)
{
    struct query query = query_start(store, SQL_OTP_END_EVENTS);
    query_put(&query, loop_wall_ms(store->loop));
    query_put(&query, loop_now_ms(store->loop));
    query_put(&query, seal);
    int rc = query_run(&query);
    if (rc != 0)
        return rc;
    query = query_start(store, SQL_OTP_END);
    query_put_text(&query, reason);
    query_put(&query, loop_wall_ms(store->loop));
    query_put(&query, seal);
    rc = query_run(&query);
    store->bodies_lost_count += rc == 0 && seal != ANY_SEAL ? sqlite3_changes(store->db) : 0;
    return rc;
}

static int recover_stop_sealed(struct store *store, int64_t seal, enum message_state to,
                               const char *reason)
{
    int rc = recover_run_one(store, SQL_NO_RESENDS, &seal, 1);
    if (rc == 0)
        rc = recover_end_codes(store, seal, reason);
    return rc == 0 ? recover_end_queued(store, seal, to, reason) : rc;
}

static int recover_stop_sending(struct store *store, enum message_state to, const char *reason)
{
    log_event(LOG_LEVEL_ERROR, "store", "-", reason, "dir=%s", store->dir);
    return recover_stop_sealed(store, ANY_SEAL, to, reason);
}

/* A reboot has taken the key of texts: what has left stands as it is, the rest cannot leave. */
static int recover_lost_bodies(struct store *store)
{
    int rc = recover_run_one(store, SQL_LOSE_PARTS, &store->seal_runtime, 1);
    if (rc == 0)
        rc = recover_stop_sealed(store, store->seal_runtime, MESSAGE_FAILED, "body_key_lost");
    return rc;
}

/* --- the run ---------------------------------------------------------------------------------- */

static int recover_write_start(struct store *store, const struct recover *recover)
{
    uint8_t check[STORE_KEYS * SEAL_HASH];
    keys_check_value(store, check);
    struct query query = query_start(store, SQL_META_START);
    query_put_text(&query, recover->boot_now);
    query_put(&query, loop_wall_ms(store->loop));
    query_put(&query, loop_now_ms(store->loop));
    query_put(&query, store->tally.seq);
    query_put_blob(&query, store->incarnation, sizeof store->incarnation);
    query_put_blob(&query, check, sizeof check);
    return query_run(&query);
}

static int recover_rows(struct store *store, const struct recover *recover)
{
    bool went_back = false;
    int rc = recover_read_fact(store, clock_fact, &store->clock_shift);
    if (rc == 0)
        rc = recover_read_fact(store, past_fact, &store->attempts_past);
    if (rc == 0)
        rc = recover_clock(store, recover, &went_back);
    if (rc == 0)
        rc = store->keys_lost ? recover_scrub(store) : 0;
    if (rc == 0)
        rc = recover_claims(store);
    if (rc == 0 && store->keys_lost)
        rc = recover_stop_sending(store, MESSAGE_FAILED, "key_lost");
    if (rc == 0 && store->bodies_lost)
        rc = recover_lost_bodies(store);
    if (rc == 0)
        rc = keys_keep_runtime(store);
    if (rc == 0 && store->restored)
        rc = recover_stop_sending(store, MESSAGE_FAILED, "restored_backup");
    if (rc == 0 && went_back)
        rc = recover_stop_sending(store, MESSAGE_EXPIRED, "clock_went_back");
    return rc == 0 ? recover_write_start(store, recover) : rc;
}

static int recover_transaction(struct store *store, const struct recover *recover)
{
    store->txn.uncapped = true;
    int rc = store_begin(store);
    if (rc != 0)
        return rc;
    rc = recover_rows(store, recover);
    int end = store_end(store, rc == 0);
    store->txn.uncapped = false;
    if (rc == 0)
        rc = end;
    if (rc == 0)
        rc = txn_commit(store);
    return rc;
}

int recover_run(struct store *store, const struct store_options *options)
{
    struct recover recover = {0};
    int rc = boot_id_now(options->boot_id, recover.boot_now);
    if (rc != 0)
        return store_why(rc, "The boot id cannot be read: %s.", strerror(-rc));
    rc = recover_read(store, &recover);
    if (rc != 0)
        return schema_failed(store, rc);
    if (store->unclean && store->dir_fd >= 0)
        rc = schema_check(store);
    if (rc == 0)
        rc = keys_open(store, recover.check, recover.check_len, options);
    if (rc != 0)
        return rc;
    store->restored = recover.incarnation_len > 0 &&
                      !files_incarnation_known(store, recover.incarnation, store->tally.seq);
    rc = files_incarnation_make(store);
    if (rc == 0)
        rc = recover_transaction(store, &recover);
    if (rc == 0)
        rc = files_incarnation_take(store);
    if (rc == 0)
        rc = message_counts_load(store);
    if (rc == 0)
        rc = parts_count_load(store);
    return rc == 0 ? 0 : schema_failed(store, rc);
}

int recover_mark_clean(struct store *store)
{
    int rc = files_incarnation_make(store);
    if (rc == 0)
        rc = store_begin(store);
    if (rc != 0)
        return rc;
    struct query query = query_start(store, SQL_META_CLOSE);
    query_put(&query, loop_wall_ms(store->loop));
    query_put(&query, loop_now_ms(store->loop));
    query_put(&query, store->tally.seq);
    query_put_blob(&query, store->incarnation, sizeof store->incarnation);
    rc = query_run(&query);
    int end = store_end(store, rc == 0);
    if (rc == 0)
        rc = end;
    if (rc == 0)
        rc = store_flush(store);
    return rc == 0 ? files_incarnation_take(store) : rc;
}
