/* sim_registry: see sim_registry.h. */
#include "sim_registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REGISTRY "1414"
#define STRANGER "+84912000111"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define VIETNAM_MS (INT64_C(7) * 3600 * 1000) /* before UTC */

enum { ANSWER_MS = 1500, GAP_MS = 200, USSD_MS = 500, USSD_CHARACTERS = 160, BALANCE = 25000 };
enum { USSD_DONE = 0, USSD_MORE = 1, USSD_TERMINATED = 2, USSD_NOTHING = -1 };

struct sim_registry {
    struct simnet *net;
    struct sim_post post;
    bool answers;
    struct sim_registry_sim *sims;
};

void sim_registry_reset(struct sim_registry_sim *sim)
{
    sim->per_day = SIM_REGISTRY_PER_DAY;
    sim->says = SIM_SAYS_RECORD;
    sim->layout = -1;
    sim->accents = sim->ucs2 = false;
    sim->mask = 0;
    sim->parts = 1;
    sim->lost = 0;
    sim->order = SIM_POST_IN_ORDER;
    sim->ms = ANSWER_MS;
    sim->gap_ms = GAP_MS;
    strcpy(sim->from, REGISTRY);
    *sim->between = *sim->text = 0;
    sim->ussd = SIM_USSD_DIRECT;
}

struct sim_registry_sim *sim_registry_sim(struct sim_registry *registry, const char *number)
{
    char canonical[SIM_NUMBER];
    sim_number_canonical(number, canonical);
    for (struct sim_registry_sim *sim = registry->sims; sim; sim = sim->next)
        if (!strcmp(sim->number, canonical))
            return sim;
    struct sim_registry_sim *sim = sim_alloc(sizeof *sim);
    sim->next = registry->sims;
    registry->sims = sim;
    sim_registry_reset(sim);
    strcpy(sim->number, canonical);
    sim_record_default(&sim->record, canonical);
    sim->balance = BALANCE;
    strcpy(sim->balance_ends, "31/12/2027");
    if (!registry->answers) {
        sim->says = SIM_SAYS_NOTHING;
        sim->ussd = SIM_USSD_SILENT;
        sim->balance = -1;
    }
    return sim;
}

/* --- words --- */

static struct sim_wording wording_of(const struct sim_registry_sim *sim,
                                     const struct sim_carrier *carrier)
{
    int layout = carrier ? sim_layout_find(carrier->layout) : 0;
    return (struct sim_wording){.layout = sim->layout >= 0 ? sim->layout : layout,
                                .accents = sim->accents,
                                .mask = sim->mask,
                                .tail = carrier ? carrier->tail : "."};
}

void sim_registry_write(const struct sim_registry_sim *sim, const struct sim_carrier *carrier,
                        char *out, size_t room)
{
    struct sim_wording wording = wording_of(sim, carrier);
    if (*sim->text)
        snprintf(out, room, "%s", sim->text);
    else if (sim->says == SIM_SAYS_RECORD)
        sim_record_write(&sim->record, &wording, out, room);
    else
        sim_refusal_write(sim->says, &wording, out, room);
}

/* A question that is refused for their number is not counted again. */
static bool day_allows(struct sim_registry *registry, struct sim_registry_sim *sim)
{
    int64_t day = (simnet_wall_ms(registry->net) + VIETNAM_MS) / DAY_MS;
    if (sim->day != day)
        sim->today = 0;
    sim->day = day;
    if (sim->per_day && sim->today >= sim->per_day)
        return false;
    sim->today++;
    return true;
}

/* The SIM as it is answered this time. */
static struct sim_registry_sim look_up(struct sim_registry *registry, struct sim_registry_sim *sim)
{
    bool allowed = day_allows(registry, sim);
    struct sim_registry_sim now = *sim;
    if (!allowed) {
        now.says = SIM_SAYS_QUOTA;
        *now.text = 0;
    }
    return now;
}

/* --- by message --- */

static void on_message(void *arg, struct simnet_station *station, const char *text)
{
    struct sim_registry *registry = arg;
    struct sim_registry_sim *sim = sim_registry_sim(registry, station->number);
    const struct sim_carrier *carrier = sim_carrier_of(station->mcc_mnc);
    char answer[SIM_RECORD_TEXT];
    sim->asked++;
    if (!carrier || !carrier->keyword || sim->says == SIM_SAYS_NOTHING)
        return;
    if (!strcasecmp(text, carrier->keyword)) {
        const struct sim_registry_sim now = look_up(registry, sim);
        sim_registry_write(&now, carrier, answer, sizeof answer);
    } else {
        snprintf(answer, sizeof answer, "Sai cu phap. Soan %s gui " REGISTRY ".", carrier->keyword);
    }
    const struct sim_letter letter = {.from = sim->from,
                                      .to = station->number,
                                      .text = answer,
                                      .ucs2 = sim->ucs2,
                                      .parts = sim->parts,
                                      .lost = sim->lost,
                                      .order = sim->order,
                                      .ms = sim->ms,
                                      .gap_ms = sim->gap_ms,
                                      .between = *sim->between ? sim->between : NULL,
                                      .between_from = STRANGER};
    (void)!sim_post_send(&registry->post, &letter);
}

/* --- by USSD --- */

static bool no_ussd(struct simnet_ussd *answer, int end)
{
    answer->end = end;
    return true;
}

/* A code's answer is one page: without accents, and the shortest layout where the carrier's is too
 * long. */
static bool tell_record(struct sim_registry *registry, struct sim_registry_sim *sim,
                        const struct sim_carrier *carrier, struct simnet_ussd *answer)
{
    struct sim_registry_sim plain = look_up(registry, sim);
    char text[SIM_RECORD_TEXT];
    plain.accents = false;
    sim_registry_write(&plain, carrier, text, sizeof text);
    if (strlen(text) > USSD_CHARACTERS) {
        plain.layout = sim_layout_find("three");
        sim_registry_write(&plain, carrier, text, sizeof text);
    }
    snprintf(answer->text, sizeof answer->text, "%.*s", USSD_CHARACTERS, text);
    return no_ussd(answer, USSD_DONE);
}

static bool ask_record(struct sim_registry *registry, struct sim_registry_sim *sim,
                       const struct sim_carrier *carrier, struct simnet_ussd *answer)
{
    sim->asked++;
    switch (sim->ussd) {
    case SIM_USSD_DIRECT:
        return sim->says == SIM_SAYS_NOTHING ? no_ussd(answer, USSD_NOTHING)
                                             : tell_record(registry, sim, carrier, answer);
    case SIM_USSD_MENU:
        snprintf(answer->text, sizeof answer->text,
                 "1. Thong tin thue bao\n2. Huong dan\n0. Thoat");
        return no_ussd(answer, USSD_MORE);
    case SIM_USSD_REFUSED:
        return no_ussd(answer, USSD_TERMINATED);
    case SIM_USSD_SILENT:
        break;
    }
    return no_ussd(answer, USSD_NOTHING);
}

/* 25000 as "25.000". */
static void write_amount(long dong, char *out, size_t room)
{
    if (dong < 1000)
        snprintf(out, room, "%ld", dong);
    else if (dong < 1000000)
        snprintf(out, room, "%ld.%03ld", dong / 1000, dong % 1000);
    else
        snprintf(out, room, "%ld.%03ld.%03ld", dong / 1000000, dong / 1000 % 1000, dong % 1000);
}

static void write_balance(const struct sim_registry_sim *sim, const struct sim_carrier *carrier,
                          char *out, size_t room)
{
    const char *amount = strstr(carrier->balance, "%s"), *ends = strstr(amount + 2, "%s");
    char dong[32];
    write_amount(sim->balance, dong, sizeof dong);
    snprintf(out, room, "%.*s%s%.*s%s%s", (int)(amount - carrier->balance), carrier->balance, dong,
             (int)(ends - amount - 2), amount + 2, sim->balance_ends, ends + 2);
    if (!sim->balance_accents)
        sim_text_plain(out, out);
}

static bool on_ussd(void *arg, struct simnet_station *station, const char *code, bool in_menu,
                    struct simnet_ussd *answer)
{
    struct sim_registry *registry = arg;
    struct sim_registry_sim *sim = sim_registry_sim(registry, station->number);
    const struct sim_carrier *carrier = sim_carrier_of(station->mcc_mnc);
    *answer = (struct simnet_ussd){.ms = USSD_MS};
    if (!carrier)
        return false;
    if (carrier->record_code && !strcmp(code, carrier->record_code))
        return ask_record(registry, sim, carrier, answer);
    if (in_menu && sim->ussd == SIM_USSD_MENU)
        return !strcmp(code, "1") ? tell_record(registry, sim, carrier, answer)
                                  : no_ussd(answer, USSD_TERMINATED);
    if (!carrier->balance_code || strcmp(code, carrier->balance_code) != 0 || sim->balance < 0)
        return false;
    write_balance(sim, carrier, answer->text, sizeof answer->text);
    return no_ussd(answer, USSD_DONE);
}

/* --- coming and going --- */

struct sim_registry *sim_registry_new(struct simnet *net, bool answers)
{
    struct sim_registry *registry = sim_alloc(sizeof *registry);
    registry->net = net;
    registry->answers = answers;
    sim_post_init(&registry->post, net);
    simnet_serve(net, &(struct simnet_service){REGISTRY, on_message, on_ussd, registry});
    return registry;
}

void sim_registry_free(struct sim_registry *registry)
{
    simnet_serve(registry->net, NULL);
    sim_post_fini(&registry->post);
    for (struct sim_registry_sim *next, *sim = registry->sims; sim; sim = next) {
        next = sim->next;
        free(sim);
    }
    free(registry);
}
