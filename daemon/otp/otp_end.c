/* otp_end: how verifications end, and what goes after a while. */
#include "otp_internal.h"

#include <errno.h>
#include <string.h>
#include "log.h"
#include "otp_conversion.h"
#include "refuse.h"

enum {
    SWEEP_ROWS = 64,
    STEP_MS = 20,
    LOOK_MS = 600 * 1000,
    PURGE_ROWS = 64,
    HOUR_MS = 3600 * 1000,
    DAY_MS = 24 * HOUR_MS,
    KEYS_HOURS = 25,
    ROWS_DAYS = 400, /* without number and subject: for counting over a year */
    TALLY_HOURS = 48,
};

/* The newest message of it that the network took; else the newest. 1, 0 none, -errno. */
static int end_message(struct otp *otp, const struct otp_row *row, bool waiting,
                       struct message *message)
{
    for (int nth = row->sends; nth > 0; nth--) {
        int rc = otp_message(otp, row, nth, message);
        bool waits =
            rc > 0 && (message->state == MESSAGE_QUEUED || message->state == MESSAGE_CLAIMED);
        if (rc < 0 || (rc > 0 && (waiting ? waits : message->sent_wall_ms > 0)))
            return rc;
        message_clear(message);
        if (waiting)
            return 0; /* an earlier one was superseded by this one */
    }
    return 0;
}

/* A text whose code is worth nothing any more does not leave. */
static int end_withdraw(struct otp *otp, const struct otp_row *row)
{
    struct message message = {0};
    struct refusal refusal = {0};
    int rc = end_message(otp, row, true, &message);

    if (rc > 0 && gateway_cancel(otp->gateway, &message, &refusal) < 0 &&
        strcmp(refusal.name, "store_failed") == 0)
        rc = -EIO;
    message_clear(&message);
    return rc < 0 ? rc : 0;
}

/* Only what the network took can come back; one that a citizen called off says nothing. */
static int end_count(struct otp *otp, const struct otp_row *row)
{
    struct message message = {0};
    int rc = 0;

    if (row->state != OTP_CANCELLED)
        rc = end_message(otp, row, false, &message);
    if (rc > 0)
        rc = conversion_count(otp, &message, row->state == OTP_APPROVED, row->created_wall_ms);
    message_clear(&message);
    return rc < 0 ? rc : 0;
}

int otp_end(struct otp *otp, struct otp_row *row, enum otp_state state)
{
    int rc = 0;

    row->state = state;
    row->ended_wall_ms = loop_wall_ms(otp->loop);
    if (state != OTP_EXPIRED) /* else its message has the same deadline */
        rc = end_withdraw(otp, row);
    if (rc == 0)
        rc = end_count(otp, row);
    if (rc == 0)
        rc = store_otp_update(otp->store, row, (enum otp_news)state, 0);
    otp_log(row, otp_state_name(state));
    return rc;
}

/* --- time ------------------------------------------------------------------------------------- */

void otp_end_no_later(struct otp *otp, int64_t expires_ms)
{
    int64_t at_ms = loop_now_ms(otp->loop) + expires_ms - store_clock_ms(otp->store);

    if (!loop_timer_armed(&otp->sweep_timer) || at_ms < otp->sweep_timer.at_ms)
        loop_timer_arm(&otp->sweep_timer, at_ms);
}

/* What makes and knows a code does not stay on the disk longer than the code is good for. Number
 * ended, or -errno. */
static int sweep(struct otp *otp)
{
    int64_t rows[SWEEP_ROWS];
    int count = store_otp_expired(otp->store, rows, SWEEP_ROWS);
    int rc = count > 0 ? store_begin(otp->store) : count;

    if (rc < 0 || count == 0)
        return rc;
    for (int i = 0; rc >= 0 && i < count; i++) {
        struct otp_row row;
        rc = store_otp_by_row(otp->store, rows[i], &row);
        if (rc > 0)
            rc = otp_end(otp, &row, otp_step(row.state, OTP_TIME).next);
    }
    int end = store_end(otp->store, rc >= 0);
    return rc < 0 ? rc : end < 0 ? end : count;
}

static void on_sweep(void *arg)
{
    struct otp *otp = arg;
    int64_t next_ms = INT64_MAX;
    int ended = sweep(otp);
    int rc = ended < 0 ? ended : store_otp_next(otp->store, &next_ms);

    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "otp", "-", "sweep_failed", "errno=%d", -rc);
        loop_timer_arm_in(&otp->sweep_timer, 1000);
        return;
    }
    if (next_ms != INT64_MAX)
        otp_end_no_later(otp, next_ms);
    conversion_judge(otp);
}

static void on_purge(void *arg)
{
    struct otp *otp = arg;
    int64_t wall_ms = loop_wall_ms(otp->loop);
    const struct store_otp_purge before = {
        .streaks_before_ms = store_clock_ms(otp->store) - OTP_STREAK_MS,
        .keys_before_wall_ms = wall_ms - KEYS_HOURS * INT64_C(1) * HOUR_MS,
        .numbers_before_wall_ms = wall_ms - otp->config->retention_days * INT64_C(1) * DAY_MS,
        .rows_before_wall_ms =
            wall_ms - (otp->config->retention_days + ROWS_DAYS) * INT64_C(1) * DAY_MS,
        .tally_before_hour = wall_ms / HOUR_MS - TALLY_HOURS,
    };
    int rows = store_otp_purge(otp->store, &before, PURGE_ROWS);

    if (rows < 0)
        log_event(LOG_LEVEL_ERROR, "otp", "-", "purge_failed", "errno=%d", -rows);
    loop_timer_arm_in(&otp->purge_timer, rows > 0 ? STEP_MS : LOOK_MS);
}

void otp_end_init(struct otp *otp)
{
    loop_timer_init(&otp->sweep_timer, otp->loop, on_sweep, otp);
    loop_timer_init(&otp->purge_timer, otp->loop, on_purge, otp);
    on_sweep(otp); /* nothing is pending, nothing is armed */
    loop_timer_arm_in(&otp->purge_timer, LOOK_MS);
}

void otp_end_stop(struct otp *otp)
{
    loop_timer_cancel(&otp->sweep_timer);
    loop_timer_cancel(&otp->purge_timer);
}
