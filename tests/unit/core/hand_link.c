#include "hand_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

struct hand_link *hand_link_of(struct link *link)
{
    return (struct hand_link *)link;
}

static int hand_open(struct link *link)
{
    hand_link_of(link)->open = true;
    return 0;
}

static int hand_submit(struct link *link, const struct link_submit *submit)
{
    struct hand_link *hand = hand_link_of(link);

    if (hand->refuse)
        return hand->refuse;
    hand->submit = *submit;
    hand->busy = true;
    hand->answered = hand->yes = false;
    hand->submits++;
    return 0;
}

static void hand_proceed(struct link *link, uint64_t token, unsigned part, bool yes)
{
    struct hand_link *hand = hand_link_of(link);

    if (hand->busy && token == hand->submit.token && part == hand->submit.part) {
        hand->answered = true;
        hand->yes = yes;
    }
}

static int hand_ussd_start(struct link *link, const char *code, int timeout_ms)
{
    struct hand_link *hand = hand_link_of(link);

    (void)timeout_ms;
    if (hand->busy || hand->ussd_open)
        return -EAGAIN;
    hand->ussd_open = true;
    hand->ussd_starts++;
    text_copy(hand->ussd_code, sizeof hand->ussd_code, code);
    return 0;
}

static int hand_ussd_answer(struct link *link, const char *text, int timeout_ms)
{
    struct hand_link *hand = hand_link_of(link);

    (void)timeout_ms;
    if (!hand->ussd_open)
        return -EAGAIN;
    text_copy(hand->ussd_code, sizeof hand->ussd_code, text);
    return 0;
}

static void hand_ussd_cancel(struct link *link)
{
    hand_link_of(link)->ussd_cancelled = true;
}

static void hand_ussd_form(struct link *link, enum ussd_form form)
{
    hand_link_of(link)->ussd_forms++;
    hand_link_of(link)->ussd_form = form;
}

static void hand_abort(struct link *link)
{
    hand_link_of(link)->aborted = true;
}

static int hand_reset(struct link *link)
{
    struct hand_link *hand = hand_link_of(link);

    hand->resets++;
    return hand->gone ? -ENODEV : 0;
}

static void hand_close(struct link *link)
{
    hand_link_of(link)->closed = true;
    free(link);
}

static void hand_taken(struct link *link, uint64_t handle, bool ok)
{
    struct hand_link *hand = hand_link_of(link);

    hand->taken_handle = handle;
    *(ok ? &hand->taken : &hand->not_taken) += 1;
}

static bool hand_in_flight(const struct link *link)
{
    const struct hand_link *hand = (const struct hand_link *)link;

    return hand->busy && hand->yes;
}

static void hand_pin(struct link *link, const char *pin, const char *why)
{
    struct hand_link *hand = hand_link_of(link);

    if (hand->drops_pins)
        return;
    link->pins_typed += pin != NULL;
    *(pin ? &hand->pins : &hand->no_pins) += 1;
    text_copy(hand->pin, sizeof hand->pin, pin ? pin : "");
    text_copy(hand->no_pin, sizeof hand->no_pin, pin ? "" : why);
}

static int hand_attach(struct link *link, const char *where)
{
    struct hand_link *hand = hand_link_of(link);

    hand->attaches++;
    hand->ear[0] = '\0';
    text_copy(hand->place, sizeof hand->place, where ? where : "");
    return 0;
}

static int hand_listen(struct link *link, const char *where)
{
    struct hand_link *hand = hand_link_of(link);

    hand->listens++;
    text_copy(hand->ear, sizeof hand->ear, hand->no_ear ? "" : where);
    return hand->no_ear;
}

struct link *hand_link_new(const char *name, const char *iccid, const struct link_sink *sink,
                           void *ctx)
{
    static const struct link_ops ops = {
        .open = hand_open,
        .submit = hand_submit,
        .proceed = hand_proceed,
        .ussd_start = hand_ussd_start,
        .ussd_answer = hand_ussd_answer,
        .ussd_cancel = hand_ussd_cancel,
        .ussd_form = hand_ussd_form,
        .abort = hand_abort,
        .reset = hand_reset,
        .close = hand_close,
        .taken = hand_taken,
        .in_flight = hand_in_flight,
        .attach = hand_attach,
        .listen = hand_listen,
        .pin = hand_pin,
    };
    struct hand_link *hand = calloc(1, sizeof *hand);

    hand->link.ops = &ops;
    hand->link.sink = sink;
    hand->link.ctx = ctx;
    text_copy(hand->link.name, sizeof hand->link.name, name);
    text_copy(hand->link.identity.iccid, sizeof hand->link.identity.iccid, iccid);
    return &hand->link;
}

void hand_link_state(struct hand_link *hand, enum link_state state)
{
    hand->link.sink->state(hand->link.ctx, &hand->link, state, "test");
}

void hand_link_card(struct hand_link *hand, enum link_state state, enum link_card card)
{
    hand->link.card = card;
    hand_link_state(hand, state);
}

void hand_link_ask_pin(struct hand_link *hand, int left)
{
    hand->link.pin_left = left;
    hand_link_card(hand, LINK_SIM, LINK_CARD_PIN);
    hand->link.sink->pin(hand->link.ctx, &hand->link);
}

void hand_link_prompt(struct hand_link *hand)
{
    hand->link.sink->commit(hand->link.ctx, &hand->link, hand->submit.token, hand->submit.part);
}

void hand_link_outcome(struct hand_link *hand, enum sms_verdict verdict, enum sms_cause_space space,
                       int cause, int reference)
{
    const struct sms_outcome outcome = {
        .verdict = verdict, .space = space, .cause = cause, .reference = reference};

    hand->busy = false;
    hand->link.sink->outcome(hand->link.ctx, &hand->link, hand->submit.token, hand->submit.part,
                             &outcome);
}

void hand_link_inbound(struct hand_link *hand, const char *hex)
{
    struct link_inbound inbound = {.handle = ++hand->handles};
    ssize_t len = text_hex_decode(hex, strlen(hex), inbound.tpdu, sizeof inbound.tpdu);

    if (len < 0)
        abort();
    inbound.len = (uint8_t)len;
    text_copy(inbound.iccid, sizeof inbound.iccid, hand->link.identity.iccid);
    hand->link.sink->inbound(hand->link.ctx, &hand->link, &inbound);
}

void hand_link_learns(struct hand_link *hand, enum ussd_form form)
{
    hand->link.sink->ussd_form(hand->link.ctx, &hand->link, form);
}

void hand_link_ussd(struct hand_link *hand, enum link_ussd_end end, const char *text)
{
    struct link_ussd result = {.end = end};

    text_copy(result.text, sizeof result.text, text);
    hand->ussd_open = end == LINK_USSD_MORE;
    hand->link.sink->ussd(hand->link.ctx, &hand->link, &result);
}
