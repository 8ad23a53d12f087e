/* inbox: what comes from the air: single messages, parts of long ones, delivery reports.
 *
 * All of it is hostile until shown otherwise: what does not decode is counted and let go; parts are
 * bounded in number over all senders (the oldest set gives way) and in time (24 h). A TPDU is
 * deleted from its modem only when it is on our disk; one that could not be deleted and comes again
 * is known by its hash. */
#include "inbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway_inside.h"
#include "log.h"
#include "registry.h"
#include "text.h"

enum {
    SET_LIFE_MS = 24 * 3600 * 1000, /* a set that is not complete by then never will be */
    SETS_AT_ONCE = 16,
    SETS_AGAIN_MS = 60000,  /* the disk failed */
    REFUSALS_A_LINE = 1000, /* the log tells of refusals by number */
};

struct taking {
    struct taking *next;
    struct modem *modem; /* NULL: its link is closed */
    uint64_t handle;
    struct store_waiter waiter;
};

/* --- one message
 * ------------------------------------------------------------------------------------ */

static void refuse(struct gateway *gateway, const char *modem, const char *why)
{
    int64_t count = ++gateway->stats.inbound_refused;

    if (count == 1 || count % REFUSALS_A_LINE == 0)
        log_event(LOG_LEVEL_WARNING, "inbox", modem, "refused", "why=%s count=%lld", why,
                  (long long)count);
}

/* 8-bit data has no characters: it is shown in hex. */
static char *text_of(const struct pdu_deliver *deliver, size_t *len)
{
    char *text;

    if (deliver->alphabet == PDU_DATA) {
        *len = (size_t)deliver->data_len * 2;
        text = malloc(*len + 1);
        if (text)
            text_hex_encode(deliver->data, deliver->data_len, text);
        return text;
    }
    *len = deliver->text_len;
    text = malloc(*len + 1);
    if (text)
        memcpy(text, deliver->text, *len + 1);
    return text;
}

/* What 1414 says of a SIM is for who asked: the inbox keeps that it came. */
static void hide_record(struct gateway *gateway, struct inbox *inbox)
{
    char shown[REGISTRY_SHOWN_MAX];

    if (!registry_catch(gateway, inbox, shown))
        return;
    explicit_bzero(inbox->text, inbox->text_len);
    free(inbox->text);
    inbox->text = strdup(shown);
    inbox->text_len = strlen(shown);
}

static int insert(struct gateway *gateway, struct inbox *inbox)
{
    if (inbox->text)
        hide_record(gateway, inbox);
    int rc = inbox->text ? store_inbox_insert(gateway->store, inbox) : -ENOMEM;

    if (rc == 0)
        gateway->counted.inbound++;
    return rc;
}

static void fill(struct inbox *inbox, const struct pdu_deliver *deliver, const char *modem,
                 const char *iccid, int64_t wall_ms)
{
    inbox->wall_ms = wall_ms;
    inbox->sent_wall_ms = deliver->sent.known ? deliver->sent.wall_ms : 0;
    inbox->class_ = deliver->class_;
    inbox->parts = 1;
    text_copy(inbox->modem, sizeof inbox->modem, modem);
    text_copy(inbox->iccid, sizeof inbox->iccid, iccid);
    text_copy(inbox->from, sizeof inbox->from, deliver->from.text);
    inbox->named = deliver->from.name;
}

static int take_single(struct modem *modem, const struct link_inbound *inbound,
                       const struct pdu_deliver *deliver)
{
    struct gateway *gateway = gateway_of(modem);
    struct inbox inbox = {0};

    fill(&inbox, deliver, modem->config.name, inbound->iccid, loop_wall_ms(gateway->loop));
    inbox.text = text_of(deliver, &inbox.text_len);
    int rc = insert(gateway, &inbox);
    inbox_clear(&inbox);
    return rc;
}

/* --- several parts
 * ------------------------------------------------------------------------------------- */

/* A name is not the number that it reads like: nobody's part goes into another's message. */
static void set_of(const struct gateway *gateway, const struct link_inbound *inbound,
                   const struct pdu_deliver *deliver, uint8_t set[32])
{
    char what[128];
    int len =
        snprintf(what, sizeof what, "%s|%s%s|%u|%u|%u", inbound->iccid,
                 deliver->from.name ? "name:" : "", deliver->from.text, deliver->header.reference,
                 deliver->header.wide_reference, deliver->header.total);

    store_hash(gateway->store, "inbox.set", what, (size_t)len, set);
}

/* UCS-2 is joined before it is read: a surrogate pair may be parted between two messages. */
struct joined {
    char *text;
    size_t len;
    uint8_t *ucs2;
    size_t ucs2_len;
};

static void join_flush(struct joined *joined)
{
    if (joined->ucs2_len)
        joined->len +=
            airtext_from_ucs2(joined->ucs2, joined->ucs2_len, joined->text + joined->len);
    joined->ucs2_len = 0;
}

static bool join_part(struct joined *joined, const struct pdu_deliver *deliver)
{
    if (deliver->alphabet == PDU_UCS2) {
        memcpy(joined->ucs2 + joined->ucs2_len, deliver->data, deliver->data_len);
        joined->ucs2_len += deliver->data_len;
        return true;
    }
    size_t len;
    char *text = text_of(deliver, &len);
    join_flush(joined);
    if (text)
        memcpy(joined->text + joined->len, text, len);
    joined->len += text ? len : 0;
    free(text);
    return text != NULL;
}

/* The parts there are become one message; `missing` says how many never came. Where none of them
 * opens there is nothing to show, now or later. */
static int join(struct gateway *gateway, const uint8_t set[32])
{
    static struct inbox_part parts[INBOX_PARTS_MAX]; /* one thread, and too large for the stack */
    struct inbox inbox = {0};
    struct pdu_deliver deliver;
    struct joined joined = {0};
    int count = store_parts_of(gateway->store, set, parts, INBOX_PARTS_MAX);

    if (count < 0)
        return count;
    if (count == 0) {
        refuse(gateway, "-", "does_not_open");
        return store_parts_delete(gateway->store, set);
    }
    joined.text = malloc((size_t)count * AIRTEXT_MAX + 1);
    joined.ucs2 = malloc((size_t)count * sizeof deliver.data);
    bool fine = joined.text && joined.ucs2;
    for (int i = 0; fine && i < count; i++) {
        if (pdu_decode_deliver(parts[i].tpdu, parts[i].len, &deliver) != PDU_OK)
            continue;
        if (!inbox.parts)
            fill(&inbox, &deliver, parts[i].modem, parts[i].iccid, loop_wall_ms(gateway->loop));
        fine = join_part(&joined, &deliver);
    }
    if (fine) {
        join_flush(&joined);
        joined.text[joined.len] = '\0';
        inbox.text = joined.text;
        inbox.text_len = joined.len;
        inbox.parts = parts[0].total;
        inbox.missing = (uint8_t)(parts[0].total > count ? parts[0].total - count : 0);
        joined.text = NULL;
    }
    int rc = fine ? insert(gateway, &inbox) : -ENOMEM;
    if (rc == 0)
        rc = store_parts_delete(gateway->store, set);
    inbox_clear(&inbox);
    free(joined.text);
    free(joined.ucs2);
    explicit_bzero(parts, sizeof parts);
    return rc;
}

/* No room for parts of anybody: the set that has waited longest is let go. */
static int make_room(struct gateway *gateway, const char *modem)
{
    uint8_t set[32];
    int64_t wall_ms;
    int rc = store_parts_oldest(gateway->store, set, &wall_ms);

    if (rc <= 0)
        return rc < 0 ? rc : -ENOSPC;
    refuse(gateway, modem, "too_many_parts");
    return store_parts_delete(gateway->store, set);
}

/* One message, and the next of a sender whose reference is always the same: what has come of the
 * first is shown. A sender who does so without end gets no more shown than with single messages. */
static int give_way(struct gateway *gateway, const char *modem, const uint8_t set[32])
{
    int64_t count = ++gateway->intake.displaced;

    if (count == 1 || count % REFUSALS_A_LINE == 0)
        log_event(LOG_LEVEL_NOTICE, "inbox", modem, "displaced", "count=%lld", (long long)count);
    return join(gateway, set);
}

static int take_part(struct modem *modem, const struct link_inbound *inbound,
                     const struct pdu_deliver *deliver)
{
    struct gateway *gateway = gateway_of(modem);
    uint8_t set[32];
    int rc;

    set_of(gateway, inbound, deliver, set);
    do {
        rc = store_part_insert(gateway->store, set, deliver->header.sequence, deliver->header.total,
                               inbound->iccid, modem->config.name, inbound->tpdu, inbound->len);
    } while ((rc == -ENOSPC && (rc = make_room(gateway, modem->config.name)) == 0) ||
             (rc == -EEXIST && (rc = give_way(gateway, modem->config.name, set)) == 0));
    if (rc == 0)
        gateway->counted.inbound_doubles++;
    if (rc <= 0)
        return rc;
    if (!loop_timer_armed(&gateway->intake.sets))
        loop_timer_arm_in(&gateway->intake.sets, SET_LIFE_MS);
    rc = store_parts_count(gateway->store, set);
    if (rc > 0)
        registry_part(gateway, modem->config.name, inbound->iccid, &deliver->from, rc,
                      deliver->header.total);
    return rc >= deliver->header.total ? join(gateway, set) : (rc < 0 ? rc : 0);
}

/* The oldest set, if its day is over: what has come is shown, and what is missing is said. One that
 * came while the clock stood ahead has its day from now on: else all behind it would wait for that
 * date. 1 done, 0 none, and *wall_ms is that of the oldest or 0; -errno. */
static int give_up_oldest(struct gateway *gateway, int64_t *wall_ms)
{
    int64_t now_ms = loop_wall_ms(gateway->loop);
    uint8_t set[32];
    int rc;

    *wall_ms = 0;
    rc = store_parts_oldest(gateway->store, set, wall_ms);
    if (rc <= 0 || (*wall_ms <= now_ms && *wall_ms + SET_LIFE_MS > now_ms))
        return rc < 0 ? rc : 0;
    rc = *wall_ms > now_ms ? store_parts_renew(gateway->store, set) : join(gateway, set);
    return rc < 0 ? rc : 1;
}

static void on_sets(void *arg)
{
    struct gateway *gateway = arg;
    int64_t wall_ms = 0, in_ms = 1; /* a set may be left */
    int rc = store_begin(gateway->store), given_up = 0;

    if (rc == 0) {
        disk_guard(gateway);
        do
            rc = give_up_oldest(gateway, &wall_ms);
        while (rc > 0 && ++given_up < SETS_AT_ONCE);
        int end = store_end(gateway->store, rc >= 0);
        if (rc >= 0 && end < 0)
            rc = end;
    }
    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "inbox", "-", "sets_failed", "errno=%d", -rc);
        in_ms = SETS_AGAIN_MS;
    } else if (rc == 0 && wall_ms == 0) {
        return;
    } else if (rc == 0) {
        in_ms = wall_ms + SET_LIFE_MS - loop_wall_ms(gateway->loop);
    }
    loop_timer_arm_in(&gateway->intake.sets, in_ms);
}

/* --- the door
 * --------------------------------------------------------------------------------------------- */

static int take_deliver(struct modem *modem, const struct link_inbound *inbound)
{
    struct gateway *gateway = gateway_of(modem);
    struct pdu_deliver deliver;
    enum pdu_refusal refusal = pdu_decode_deliver(inbound->tpdu, inbound->len, &deliver);

    if (refusal != PDU_OK) {
        refuse(gateway, modem->config.name, pdu_refusal_name(refusal));
        return 0;
    }
    int rc = store_seen(gateway->store, inbound->iccid, inbound->tpdu, inbound->len);
    if (rc != 0) {
        gateway->counted.inbound_doubles += rc > 0;
        return rc < 0 ? rc : 0;
    }
    bool part = deliver.header.concat && deliver.header.total > 1;
    rc = part ? take_part(modem, inbound, &deliver) : take_single(modem, inbound, &deliver);
    explicit_bzero(&deliver, sizeof deliver);
    return rc;
}

static int take_report(struct modem *modem, const struct link_inbound *inbound)
{
    struct pdu_report report;
    enum pdu_refusal refusal = pdu_decode_report(inbound->tpdu, inbound->len, &report);

    if (refusal == PDU_OK)
        return reports_take(gateway_of(modem), inbound->iccid, &report);
    refuse(gateway_of(modem), modem->config.name, pdu_refusal_name(refusal));
    return 0;
}

/* TP-MTI, clause 9.2.3.1, as the service centre sends it. */
static int take(struct modem *modem, const struct link_inbound *inbound)
{
    switch (inbound->len ? inbound->tpdu[0] & 3 : 3) {
    case 0:
        return take_deliver(modem, inbound);
    case 2:
        return take_report(modem, inbound);
    default:
        refuse(gateway_of(modem), modem->config.name, "wrong_kind");
        return 0;
    }
}

static void taking_free(struct taking *taking)
{
    struct taking **at = &gateway_of(taking->modem)->intake.takings;

    while (*at != taking)
        at = &(*at)->next;
    *at = taking->next;
    free(taking);
}

static void on_durable(void *arg, int rc)
{
    struct taking *taking = arg;
    struct link *link = taking->modem->link;
    uint64_t handle = taking->handle;

    taking_free(taking);
    link_taken(link, handle, rc == 0);
}

void inbox_take(struct modem *modem, const struct link_inbound *inbound)
{
    struct gateway *gateway = gateway_of(modem);
    struct taking *taking = calloc(1, sizeof *taking);
    int rc = taking ? store_begin(gateway->store) : -ENOMEM;

    if (rc == 0) {
        disk_guard(gateway);
        rc = take(modem, inbound);
        int end = store_end(gateway->store, rc == 0);
        if (rc == 0)
            rc = end;
    }
    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "inbox", modem->config.name, "not_taken", "errno=%d", -rc);
        free(taking);
        link_taken(modem->link, inbound->handle, false);
        return;
    }
    *taking = (struct taking){.next = gateway->intake.takings,
                              .modem = modem,
                              .handle = inbound->handle,
                              .waiter = {.fn = on_durable, .arg = taking}};
    gateway->intake.takings = taking;
    store_when_durable(gateway->store, &taking->waiter);
}

void inbox_forget(struct modem *modem)
{
    struct taking *next;

    for (struct taking *taking = gateway_of(modem)->intake.takings; taking; taking = next) {
        next = taking->next;
        if (taking->modem != modem)
            continue;
        store_forget(modem->fleet->store, &taking->waiter);
        taking_free(taking);
    }
}

void inbox_init(struct gateway *gateway)
{
    loop_timer_init(&gateway->intake.sets, gateway->loop, on_sets, gateway);
    loop_timer_arm_in(&gateway->intake.sets, 0); /* what the last run left */
}

void inbox_stop(struct gateway *gateway)
{
    loop_timer_cancel(&gateway->intake.sets);
}
