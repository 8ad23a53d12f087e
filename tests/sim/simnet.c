/* simnet: see simnet.h. */
#include "simnet.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A submit on its way: first to the centre, then its answer back, then its report. */
struct travel {
    struct sim_timer arrive, answer, interim, report;
    struct simnet *net;
    struct simnet_station *station; /* NULL: has left */
    struct travel *next, **link;    /* in the list of all; what points to this one */
    uint64_t id;
    uint8_t mr;
    struct simnet_plan plan;
    struct simnet_report_plan report_plan;
    int64_t submitted_wall_ms;
    struct sim_submit submit;
};

/* What the centre keeps for a station that cannot take it yet. */
struct simnet_waiting {
    struct simnet_waiting *next;
    bool is_report;
    size_t len;
    uint8_t tpdu[SIM_TPDU];
};

struct simnet {
    struct sim_clock clock;
    uint64_t random;
    int64_t wall_offset_ms;
    struct simnet_timing timing;
    struct simnet_counts counts;
    struct simnet_station *stations;
    struct travel *travels;
    struct sim_handsets handsets;
    struct simnet_service service;
    bool serves;
    uint64_t next_id;
    sim_event_fn *log;
    void *log_arg;
};

struct simnet *simnet_new(uint64_t seed)
{
    struct simnet *net = sim_alloc(sizeof *net);
    net->random = seed;
    net->timing = (struct simnet_timing){.latency_ms = 2500, .report_ms = 5000};
    net->wall_offset_ms = 1767225600000; /* 2026-01-01 */
    return net;
}

static void travel_free(struct travel *travel)
{
    sim_timer_cancel(&travel->arrive);
    sim_timer_cancel(&travel->answer);
    sim_timer_cancel(&travel->interim);
    sim_timer_cancel(&travel->report);
    *travel->link = travel->next;
    if (travel->next)
        travel->next->link = travel->link;
    free(travel);
}

void simnet_free(struct simnet *net)
{
    assert(!net->stations);
    for (struct travel *next, *travel = net->travels; travel; travel = next) {
        next = travel->next;
        travel_free(travel);
    }
    sim_handsets_free(&net->handsets);
    sim_clock_free(&net->clock);
    free(net);
}

int64_t simnet_next_ms(const struct simnet *net)
{
    return sim_clock_next_ms(&net->clock);
}

void simnet_advance(struct simnet *net, int64_t now_ms)
{
    sim_clock_advance(&net->clock, now_ms);
}

struct sim_clock *simnet_clock(struct simnet *net)
{
    return &net->clock;
}

int64_t simnet_now_ms(const struct simnet *net)
{
    return net->clock.now_ms;
}

uint64_t simnet_random(struct simnet *net)
{
    uint64_t x = net->random += 0x9e3779b97f4a7c15; /* splitmix64 */
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

void simnet_wall_set(struct simnet *net, int64_t wall_ms)
{
    net->wall_offset_ms = wall_ms - net->clock.now_ms;
}

int64_t simnet_wall_ms(const struct simnet *net)
{
    return net->clock.now_ms + net->wall_offset_ms;
}

struct simnet_timing *simnet_timing(struct simnet *net)
{
    return &net->timing;
}

const struct simnet_counts *simnet_counts(const struct simnet *net)
{
    return &net->counts;
}

void simnet_log_set(struct simnet *net, sim_event_fn *fn, void *arg)
{
    net->log = fn;
    net->log_arg = arg;
}

bool simnet_logs(const struct simnet *net)
{
    return net->log != NULL;
}

void simnet_log(struct simnet *net, struct sim_event event)
{
    if (!net->log)
        return;
    event.at_ms = net->clock.now_ms;
    net->log(net->log_arg, &event);
}

/* --- plans --- */

bool simnet_plan(struct simnet_station *station, const struct simnet_plan *plan)
{
    if (station->plans == SIMNET_PLANS)
        return false;
    if (plan->count)
        station->plan[station->plans++] = *plan;
    return true;
}

bool simnet_plan_reports(struct simnet_station *station, const struct simnet_report_plan *plan)
{
    if (station->report_plans == SIMNET_PLANS)
        return false;
    if (plan->count)
        station->report_plan[station->report_plans++] = *plan;
    return true;
}

void simnet_plans_clear(struct simnet_station *station)
{
    station->plans = station->report_plans = 0;
}

static struct simnet_plan next_plan(struct simnet_station *station)
{
    if (!station->plans)
        return (struct simnet_plan){.count = 1, .accepted = true, .answer = SIMNET_REFERENCE};
    struct simnet_plan plan = station->plan[0];
    if (--station->plan[0].count == 0)
        memmove(station->plan, station->plan + 1, --station->plans * sizeof plan);
    return plan;
}

static struct simnet_report_plan next_report_plan(struct simnet_station *station)
{
    if (!station->report_plans)
        return (struct simnet_report_plan){.count = 1, .interim = -1};
    struct simnet_report_plan plan = station->report_plan[0];
    if (--station->report_plan[0].count == 0)
        memmove(station->report_plan, station->report_plan + 1,
                --station->report_plans * sizeof plan);
    return plan;
}

/* --- stations --- */

void simnet_join(struct simnet *net, struct simnet_station *station,
                 const struct simnet_station_ops *ops, int index, const char *number)
{
    *station =
        (struct simnet_station){.ops = ops, .net = net, .index = index, .next = net->stations};
    sim_number_canonical(number, station->number);
    station->waiting_end = &station->waiting;
    net->stations = station;
}

static void waiting_pop(struct simnet_station *station)
{
    struct simnet_waiting *first = station->waiting;
    station->waiting = first->next;
    if (!station->waiting)
        station->waiting_end = &station->waiting;
    free(first);
}

void simnet_leave(struct simnet_station *station)
{
    struct simnet *net = station->net;
    for (struct travel *travel = net->travels; travel; travel = travel->next)
        if (travel->station == station)
            travel->station = NULL;
    while (station->waiting)
        waiting_pop(station);
    struct simnet_station **at = &net->stations;
    while (*at != station)
        at = &(*at)->next;
    *at = station->next;
}

static struct simnet_station *station_find(struct simnet *net, const char *number)
{
    struct simnet_station *station = net->stations;
    while (station && strcmp(station->number, number) != 0)
        station = station->next;
    return station;
}

static bool offer(struct simnet_station *station, bool is_report, const uint8_t *tpdu, size_t len)
{
    bool taken = is_report ? station->ops->report(station, tpdu, len)
                           : station->ops->deliver(station, tpdu, len);
    if (taken && !is_report)
        station->net->counts.received++;
    if (taken && is_report)
        station->net->counts.reported++;
    return taken;
}

void simnet_station_ready(struct simnet_station *station)
{
    while (station->waiting && offer(station, station->waiting->is_report, station->waiting->tpdu,
                                     station->waiting->len))
        waiting_pop(station);
}

size_t simnet_waiting_count(const struct simnet_station *station)
{
    size_t count = 0;
    for (const struct simnet_waiting *at = station->waiting; at; at = at->next)
        count++;
    return count;
}

/* To a station, in order: behind what already waits for it. */
static void send_down(struct simnet_station *station, bool is_report, const uint8_t *tpdu,
                      size_t len)
{
    if (!station->waiting && offer(station, is_report, tpdu, len))
        return;
    struct simnet_waiting *waiting = sim_alloc(sizeof *waiting);
    waiting->is_report = is_report;
    waiting->len = len;
    memcpy(waiting->tpdu, tpdu, len);
    *station->waiting_end = waiting;
    station->waiting_end = &waiting->next;
}

/* --- a submit's journey --- */

static void report_send(struct travel *travel, uint8_t status, bool foreign)
{
    uint8_t tpdu[SIM_TPDU];
    struct sim_report report = {
        .mr = foreign ? (uint8_t)(travel->mr + 100) : travel->mr,
        .to = foreign ? "+84999999999" : travel->submit.to,
        .submitted_wall_ms = travel->submitted_wall_ms,
        .done_wall_ms = simnet_wall_ms(travel->net),
        .status = status,
    };
    size_t len = sim_pdu_report_encode(&report, tpdu);
    if (len && travel->station)
        send_down(travel->station, true, tpdu, len);
}

static void travel_interim(void *arg)
{
    struct travel *travel = arg;
    report_send(travel, (uint8_t)travel->report_plan.interim, false);
}

/* The last thing a travel does, unless its answer is later still. */
static void travel_end(struct travel *travel)
{
    if (!travel->answer.slot && !travel->report.slot && !travel->arrive.slot)
        travel_free(travel);
}

static void travel_report(void *arg)
{
    struct travel *travel = arg;
    report_send(travel, travel->report_plan.status,
                travel->report_plan.kind == SIMNET_REPORT_FOREIGN);
    travel_end(travel);
}

static void travel_answer(void *arg)
{
    struct travel *travel = arg;
    const struct simnet_answer answer = {travel->plan.answer, travel->mr, travel->plan.cause};
    if (travel->station)
        travel->station->ops->answer(travel->station, travel->id, &answer);
    travel_end(travel);
}

static void travel_deliver(struct travel *travel)
{
    struct simnet *net = travel->net;
    const char *from = travel->station ? travel->station->number : "";
    char to[SIM_NUMBER];
    sim_number_canonical(travel->submit.to, to);
    struct simnet_station *station = station_find(net, to);
    if (station) {
        const struct sim_submit *submit = &travel->submit;
        struct sim_deliver deliver = {.from = from,
                                      .pid = submit->pid,
                                      .dcs = submit->dcs,
                                      .header = submit->header,
                                      .units = submit->units,
                                      .user_data = submit->user_data,
                                      .user_data_len = submit->user_data_len,
                                      .wall_ms = simnet_wall_ms(net)};
        uint8_t tpdu[SIM_TPDU];
        size_t len = sim_pdu_deliver_encode(&deliver, tpdu);
        if (len)
            send_down(station, false, tpdu, len);
        return;
    }
    struct sim_handset *handset = sim_handset_find(&net->handsets, to, true);
    const struct sim_message *message =
        sim_handset_take(handset, from, &travel->submit, travel->id, net->clock.now_ms);
    net->counts.delivered++;
    simnet_log(net, (struct sim_event){.kind = SIM_EVENT_DELIVERED,
                                       .modem = travel->station ? travel->station->index : -1,
                                       .number = to,
                                       .from = from,
                                       .text = message->text,
                                       .id = travel->id,
                                       .value = (int)message->have});
    if (net->serves && travel->station && message->have == message->parts &&
        !strcmp(to, net->service.number))
        net->service.message(net->service.arg, travel->station, message->text);
}

/* At the centre: the moment that decides whether the message was sent. */
static void travel_arrive(void *arg)
{
    struct travel *travel = arg;
    struct simnet *net = travel->net;
    const struct simnet_plan *plan = &travel->plan;
    int64_t now = net->clock.now_ms;
    bool accepted = plan->accepted;
    int modem = travel->station ? travel->station->index : -1;
    *(accepted ? &net->counts.accepted : &net->counts.refused) += 1;
    simnet_log(net, (struct sim_event){.kind = accepted ? SIM_EVENT_ACCEPTED : SIM_EVENT_REFUSED,
                                       .modem = modem,
                                       .number = travel->submit.to,
                                       .id = travel->id,
                                       .value = travel->mr});
    sim_timer_arm(&travel->answer, now + plan->late_ms);
    if (accepted)
        travel_deliver(travel);
    const struct simnet_report_plan *report = &travel->report_plan;
    if (accepted && travel->submit.report && report->kind != SIMNET_REPORT_LOST) {
        int64_t at = now + report->late_ms;
        if (report->kind != SIMNET_REPORT_EARLY)
            at += net->timing.report_ms;
        else
            sim_timer_arm(&travel->answer, at + plan->late_ms + 1); /* after the report */
        sim_timer_arm(&travel->report, at);
        if (report->interim >= 0)
            sim_timer_arm(&travel->interim, now + (at - now) / 2);
    }
    travel_end(travel);
}

uint64_t simnet_submit(struct simnet_station *station, const struct sim_submit *submit, uint8_t mr)
{
    struct simnet *net = station->net;
    struct travel *travel = sim_alloc(sizeof *travel);
    travel->net = net;
    travel->station = station;
    travel->mr = mr;
    travel->next = net->travels;
    travel->id = ++net->next_id;
    travel->plan = next_plan(station);
    travel->submitted_wall_ms = simnet_wall_ms(net);
    travel->submit = *submit;
    if (submit->report)
        travel->report_plan = next_report_plan(station);
    travel->link = &net->travels;
    if (travel->next)
        travel->next->link = &travel->next;
    net->travels = travel;
    sim_timer_init(&travel->arrive, &net->clock, travel_arrive, travel);
    sim_timer_init(&travel->answer, &net->clock, travel_answer, travel);
    sim_timer_init(&travel->interim, &net->clock, travel_interim, travel);
    sim_timer_init(&travel->report, &net->clock, travel_report, travel);
    int64_t latency = net->timing.latency_ms;
    if (net->timing.jitter_ms > 0)
        latency += (int64_t)(simnet_random(net) % ((uint64_t)net->timing.jitter_ms + 1));
    net->counts.submitted++;
    sim_timer_arm(&travel->arrive, net->clock.now_ms + latency);
    return travel->id;
}

/* --- what the network serves --- */

void simnet_serve(struct simnet *net, const struct simnet_service *service)
{
    net->serves = service != NULL;
    if (service)
        net->service = *service;
}

const struct simnet_service *simnet_service(const struct simnet *net)
{
    return net->serves ? &net->service : NULL;
}

/* --- handsets --- */

const struct sim_handset *simnet_handset(struct simnet *net, const char *number)
{
    char canonical[SIM_NUMBER];
    sim_number_canonical(number, canonical);
    return sim_handset_find(&net->handsets, canonical, false);
}

bool simnet_deliver(struct simnet *net, const char *to_station, const struct sim_deliver *deliver)
{
    char canonical[SIM_NUMBER];
    uint8_t tpdu[SIM_TPDU];
    sim_number_canonical(to_station, canonical);
    struct simnet_station *station = station_find(net, canonical);
    size_t len = station ? sim_pdu_deliver_encode(deliver, tpdu) : 0;
    if (len)
        send_down(station, false, tpdu, len);
    return len > 0;
}

static bool write_text(struct simnet *net, const char *from, bool named, const char *to_station,
                       const char *text)
{
    struct sim_deliver deliver = {.from = from, .named = named, .wall_ms = simnet_wall_ms(net)};
    uint8_t data[SIM_USER_DATA];
    return sim_pdu_text_encode(text, data, &deliver) && simnet_deliver(net, to_station, &deliver);
}

bool simnet_write(struct simnet *net, const char *from, const char *to_station, const char *text)
{
    return write_text(net, from, false, to_station, text);
}

bool simnet_write_named(struct simnet *net, const char *name, const char *to_station,
                        const char *text)
{
    return write_text(net, name, true, to_station, text);
}
