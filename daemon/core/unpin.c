/* unpin: messages of several parts and the SIM that sends them; what becomes of them where it goes.
 *
 * Handsets join parts by their sender, so the rest of a message is pinned to the SIM of its first
 * part: "sim:ICCID". A pin holds while some modem keeps that SIM (keeper.h). Where nobody has kept
 * it for evidence_wait_s, what may be resent is begun anew elsewhere: all parts, another run. What
 * one modem alone may send waits for that modem.
 *
 * One look goes from pin to pin, in small steps, each on disk before the next; one that fails is
 * begun again. */
#include "unpin.h"

#include <stdio.h>
#include <string.h>
#include "gateway_inside.h"
#include "log.h"
#include "text.h"

enum {
    ROWS = 64,       /* of one step */
    AGAIN_MS = 1000, /* after a look that failed */
};
static const char PIN_SIM[] = "sim:", PIN_MODEM[] = "modem:";
enum { PIN_SIM_LEN = sizeof PIN_SIM - 1 };

static int64_t wait_ms(const struct gateway *gateway)
{
    return gateway->config->evidence_wait_s * INT64_C(1000);
}

/* --- the look ------------------------------------------------------------------------------------
 */

static void look_from_the_first(struct gateway *gateway)
{
    gateway->unpin.row = 0;
    text_copy(gateway->unpin.pin, sizeof gateway->unpin.pin, "");
}

/* To the modem that alone may send it, else to none. */
static void pin_of_modem(struct message *message)
{
    message->pin[0] = '\0';
    if (message->only)
        snprintf(message->pin, sizeof message->pin, "%s%s", PIN_MODEM, message->modem);
    message->only = false;
}

static int unpin_row(struct gateway *gateway, int64_t row)
{
    struct message message = {0};
    int rc = store_message_by_row(gateway->store, row, false, &message);

    if (rc <= 0)
        return rc;
    if (message.state == MESSAGE_QUEUED && message.on_unknown == ON_UNKNOWN_RESEND &&
        (message.resends == 0 || message.parts_done == 0)) {
        admission_add(&gateway->admission, message.class_, message.expires_ms, message.parts_done);
        pin_of_modem(&message);
        text_copy(message.avoid, sizeof message.avoid, message.iccid);
        if (message.parts_done > 0) {
            message.resends = 1;
            gateway->counted.resent++;
        }
        message.parts_done = 0;
        message.run++;
        message.reference = gateway->next_reference++;
        rc = store_message_update(gateway->store, &message, false);
    }
    message_clear(&message);
    return rc < 0 ? rc : 0;
}

/* The next messages of the pin that the look stands at. How many, or -errno. */
static int unpin_some(struct gateway *gateway)
{
    struct unpin *unpin = &gateway->unpin;
    int64_t rows[ROWS];
    int count = store_rows_pinned(gateway->store, unpin->pin, unpin->row, rows, ROWS);

    for (int i = 0; i < count; i++) {
        int rc = unpin_row(gateway, rows[i]);
        if (rc < 0)
            return rc;
        unpin->row = rows[i];
    }
    return count;
}

/* Goes on to the next pin whose SIM nobody keeps. 1, 0: there is none, -errno. */
static int next_pin(struct gateway *gateway)
{
    struct unpin *unpin = &gateway->unpin;
    int64_t now_ms = loop_now_ms(gateway->loop);
    int rc;

    while ((rc = store_next_sim_pin(gateway->store, unpin->pin)) > 0) {
        int64_t until_ms = sim_kept_until(&gateway->fleet, unpin->pin + PIN_SIM_LEN);
        if (until_ms <= now_ms)
            break;
        if (until_ms < INT64_MAX)
            loop_timer_no_later(&gateway->unpin.timer, until_ms);
    }
    unpin->row = 0;
    return rc;
}

static void look_failed(struct gateway *gateway, int rc)
{
    log_event(LOG_LEVEL_ERROR, "unpin", "-", "look_failed", "errno=%d", -rc);
    look_from_the_first(gateway);
    loop_timer_no_later(&gateway->unpin.timer, loop_now_ms(gateway->loop) + AGAIN_MS);
}

/* One step: 1 there may be more, 0 nothing is left, -errno. */
static int step(struct gateway *gateway)
{
    int rc = gateway->unpin.pin[0] ? 1 : next_pin(gateway);

    if (rc <= 0) /* nothing to write */
        return rc;
    rc = store_begin(gateway->store);
    if (rc < 0)
        return rc;
    disk_guard(gateway);
    while ((rc = unpin_some(gateway)) == 0 && (rc = next_pin(gateway)) > 0)
        ;
    int end = store_end(gateway->store, rc >= 0);
    return rc >= 0 && end < 0 ? end : rc;
}

static void go_on(struct gateway *gateway)
{
    struct unpin *unpin = &gateway->unpin;
    int rc = step(gateway);

    if (rc < 0) {
        look_failed(gateway, rc);
    } else if (rc > 0) {
        store_when_durable(gateway->store, &unpin->waiter);
    } else {
        look_from_the_first(gateway);
        if (unpin->again)
            loop_timer_no_later(&gateway->unpin.timer, loop_now_ms(gateway->loop));
        unpin->again = false;
    }
}

static void on_durable(void *arg, int rc)
{
    struct gateway *gateway = arg;

    if (rc < 0)
        look_failed(gateway, rc);
    else
        go_on(gateway);
}

static void on_look(void *arg)
{
    struct gateway *gateway = arg;

    if (gateway->disk.failing)
        loop_timer_no_later(&gateway->unpin.timer, loop_now_ms(gateway->loop) + AGAIN_MS);
    else if (gateway->unpin.waiter.queued) /* it may have passed what is to be looked at */
        gateway->unpin.again = true;
    else
        go_on(gateway);
}

/* --- what others tell ----------------------------------------------------------------------------
 */

void unpin_tie(struct gateway *gateway, struct message *message, const char *iccid)
{
    if (strncmp(message->pin, PIN_SIM, PIN_SIM_LEN) != 0) {
        message->only = message->pin[0] != '\0';
        snprintf(message->pin, sizeof message->pin, "%s%s", PIN_SIM, iccid);
    }
    if (sim_kept_until(&gateway->fleet, message->pin + PIN_SIM_LEN) < INT64_MAX)
        unpin_later(gateway);
}

void unpin_later(struct gateway *gateway)
{
    loop_timer_no_later(&gateway->unpin.timer, loop_now_ms(gateway->loop) + wait_ms(gateway));
}

void unpin_init(struct gateway *gateway)
{
    gateway->unpin.waiter =
        (struct store_waiter){.fn = on_durable, .arg = gateway, .patient = true};
    loop_timer_init(&gateway->unpin.timer, gateway->loop, on_look, gateway);
    loop_timer_arm_in(&gateway->unpin.timer, wait_ms(gateway)); /* what was begun before */
}

void unpin_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->unpin.timer);
    store_forget(gateway->store, &gateway->unpin.waiter);
}
