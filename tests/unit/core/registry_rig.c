/* registry_rig: see registry_rig.h. */
#include "registry_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct carrier viettel = {.name = "viettel",
                          .title = "Viettel",
                          .code_count = 1,
                          .way_count = 1,
                          .code = {"45204"},
                          .way = {{.text = "TTTB"}}};
const struct carrier_way TTTB = {.text = "TTTB"}, CODE = {.ussd = true, .text = "*1414#"},
                         MENU = {
                             .ussd = true, .text = "*1414#", .answers = 2, .answer = {"1", "9"}};
static struct carriers carriers = {.country = "84", .carrier = &viettel, .count = 1};

char news[400];

static void on_end(struct registry_ask *ask, const struct registry_result *result)
{
    struct waiter *waiter = (struct waiter *)ask;

    waiter->told++;
    waiter->end = result->end;
    waiter->part = result->part;
    waiter->parts = result->parts;
    snprintf(waiter->way, sizeof waiter->way, "%s", result->way);
    snprintf(waiter->why, sizeof waiter->why, "%s", result->why);
    snprintf(waiter->text, sizeof waiter->text, "%.*s", (int)result->len,
             result->text ? result->text : "");
}

static const char *on_conclude(struct registry_ask *ask, const char *text, size_t len)
{
    (void)ask;
    (void)text;
    return len > 12 ? "match" : "other_person";
}

/* As rules would: a menu or "?" is read by none, "KHONG HO TRO" says that this way is not served.
 */
static enum registry_reading on_read(void *arg, const char *carrier, const char *text, size_t len)
{
    assert_string_equal(carrier, "viettel");
    assert_int_equal(strlen(text), len);
    (void)arg;
    return *text == '?' || strncmp(text, "1.", 2) == 0 ? REGISTRY_UNREADABLE
           : strstr(text, "KHONG HO TRO")              ? REGISTRY_NOT_THIS_WAY
                                                       : REGISTRY_READ;
}

static void on_news(void *arg, const struct registry_news *n)
{
    size_t used = strlen(news);

    (void)arg;
    assert_true(*n->modem == 'm');
    switch (n->step) {
    case REGISTRY_ASKED:
        snprintf(news + used, sizeof news - used, "asked %s. ", n->way);
        break;
    case REGISTRY_PART:
        snprintf(news + used, sizeof news - used, "part %d of %d. ", n->part, n->parts);
        break;
    case REGISTRY_PARSED:
        snprintf(news + used, sizeof news - used, "parsed %s. ", n->way);
        break;
    case REGISTRY_GAVE_UP:
        snprintf(news + used, sizeof news - used, "%s: %s. ", n->way, n->why);
        break;
    }
}

void ways(size_t count, const struct carrier_way *first, const struct carrier_way *second)
{
    viettel.way_count = count;
    viettel.way[0] = *first;
    if (second)
        viettel.way[1] = *second;
}

static int setup_links(void **state, int links)
{
    rig_setup_links(state, NULL, links);
    struct world *world = *state;

    ways(1, &TTTB, NULL);
    news[0] = '\0';
    world->config.carriers = &carriers;
    world->config.registry_per_day = 2;
    registry_on_reply(world->gateway, on_read, NULL);
    registry_on_news(world->gateway, on_news, NULL);
    for (int i = 0; i < links; i++) {
        snprintf(world->link[i]->link.identity.imsi, sizeof world->link[i]->link.identity.imsi,
                 "45204000000000%d", i);
        rig_ready(world, i);
    }
    return 0;
}

int setup(void **state)
{
    return setup_links(state, LINKS);
}

int setup_many(void **state)
{
    return setup_links(state, MODEMS);
}

const char *ask(struct world *world, int link, uint32_t uid, struct waiter *waiter)
{
    static struct refusal refusal;
    const struct carrier *carrier;

    memset(waiter, 0, sizeof *waiter);
    waiter->ask.fn = on_end;
    waiter->ask.conclude = on_conclude;
    int rc = registry_ask(world->gateway, world->modem[link].name, uid, &waiter->ask, &carrier,
                          &refusal);
    rig_settle(world);
    assert_int_equal(waiter->told == 0 || rc == 0, true);
    if (rc == 0)
        assert_ptr_equal(carrier, &viettel);
    return rc == 0 ? "" : refusal.name;
}

void question_leaves(struct world *world, int link)
{
    assert_true(world->link[link]->busy);
    rig_prompt(world, link);
    rig_outcome(world, link, SMS_SENT, SMS_CAUSE_NONE, 0);
}

/* SMS-DELIVER in 8-bit GSM octets is hard to read: UCS-2 of ASCII. `from`: semi-octets of a short
 * code with its length, 1414 is "04814141"; total 0: a single one. */
void air_units(struct world *world, int link, const char *from, int total, int sequence,
               const char *units)
{
    char hex[600];

    if (total)
        snprintf(hex, sizeof hex, "44%s0008622211610000A3%02zX0500035A%02X%02X%s", from,
                 strlen(units) / 2 + 6, (unsigned)total, (unsigned)sequence, units);
    else
        snprintf(hex, sizeof hex, "04%s0008622211610000A3%02zX%s", from, strlen(units) / 2, units);
    hand_link_inbound(world->link[link], hex);
    rig_settle(world);
}

void air_from(struct world *world, int link, const char *from, int total, int sequence,
              const char *text)
{
    char units[300] = "";

    for (const char *c = text; *c; c++)
        snprintf(units + strlen(units), sizeof units - strlen(units), "00%02X", (unsigned)*c);
    air_units(world, link, from, total, sequence, units);
}

void inbox_has(struct world *world, const char *const *texts)
{
    struct inbox list[LIST];
    int count = store_inbox_list(world->store, 0, list, LIST);

    for (int i = 0; i < count; i++) {
        assert_non_null(texts[i]);
        assert_string_equal(list[i].text, texts[i]);
        inbox_clear(&list[i]);
    }
    assert_null(texts[count]);
}

struct waiter *at_once(struct world *world, struct waiter *waiter)
{
    rig_settle(world);
    assert_int_equal(waiter->told, 1);
    assert_int_equal(waiter->end, REGISTRY_NOT_SENT);
    return waiter;
}

void network(struct world *world, int link, enum link_ussd_end end, const char *text)
{
    assert_true(world->link[link]->ussd_open);
    hand_link_ussd(world->link[link], end, text);
    rig_settle(world);
}
