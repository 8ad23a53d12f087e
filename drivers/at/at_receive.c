/* at_receive: reads what is stored in the modem, hands it up, and deletes what was taken, one
 * command at a time in the slot it shares with sending. Notices say what came; a sweep finds what
 * no notice told of: after a start, when the memory is full, and as often as the keepalive.
 *
 * It never deletes a message that the owner has not taken, never writes while a short message is
 * under way, and never tries anything again at once: what failed waits for a sweep. */
#include <stdio.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"

enum {
    SELECT_MS = 10000,
    READ_MS = 10000,
    DELETE_MS = 25000, /* SIM800 states 5 s for one and 25 s for all */
    LIST_MS = 30000,   /* Huawei E220 and E1752 are known to say nothing for minutes */
    LIST_MORE_MS = 10000,
    LIST_MOST_MS = 60000, /* all of a list, whatever it says on the way */
    PRESSING = 8,         /* so much to do, and sending waits for more than one command */
    TURN_MOST = 4,
    FULL_PAUSE_MS = 10000, /* between two sweeps that the modem asked for */
    REST_MS = 60000,       /* after a command that was not answered, doubled each time */
    REST_DOUBLINGS = 5,
    SWEEP_ALL_EVERY = 10, /* inspections */
};

/* Its slots, or its SIM, may not be those that are known here: that is looked at first. */
static bool is_another(const struct at_link *l)
{
    return l->recovery.reboot_seen || l->pin.lost || at_card_is_doubted(l);
}

static bool may_work(const struct at_link *l)
{
    return at_link_state(l) == LINK_READY && !l->script.steps && !l->send.active &&
           at_chat_is_idle(&l->chat) && !is_another(l);
}

/* Only what belongs to a list keeps it going: its bare prefix hears all that the modem says unasked
 * and nobody knows. */
static bool list_line(struct at_link *l, const char *line)
{
    int64_t left_ms = l->receive.listed_ms + LIST_MOST_MS - loop_now_ms(l->loop);
    if (!at_stored_line(l, line))
        return false;
    if (left_ms > 0)
        at_chat_extend(&l->chat, left_ms < LIST_MORE_MS ? (int)left_ms : LIST_MORE_MS);
    return true;
}

static bool receive_line(void *arg, const char *line)
{
    struct at_link *l = arg;
    struct at_receiving *r = &l->receive;
    struct at_room room;
    switch (r->job) {
    case AT_JOB_SELECT:
    case AT_JOB_USED:
        if (!at_parse_cpms(line, &room))
            return false;
        r->used = room.used;
        r->total = room.total;
        if (r->job == AT_JOB_USED && room.memory != AT_MEMORY_SELECTED) {
            if (r->which != AT_WHICH_KNOWN) /* what was looked for there may be found now */
                r->due |= at_memory_bit(room.memory);
            r->selected = room.memory; /* changed behind our back: chosen again below */
            r->which = AT_WHICH_KNOWN;
        }
        return true;
    case AT_JOB_LIST:
        return list_line(l, line);
    case AT_JOB_WALK:
    case AT_JOB_READ:
        return at_stored_line(l, line);
    case AT_JOB_ASK_CNMI:
        r->cnmi_wrong = !at_delivery_is_kept(l, line);
        return true;
    case AT_JOB_NONE:
    case AT_JOB_DELETE:
    case AT_JOB_SET_CNMI:
    case AT_JOB_ANNOUNCE:
        break;
    }
    return false;
}

/* --- the turn --- */

static void cnmi_asked(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    if (r->cnmi_wrong && !r->cnmi_changed)
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "deafened",
                  "why=\"the modem has changed AT+CNMI by itself\"");
    r->cnmi_changed |= r->cnmi_wrong;
    if (r->cnmi_wrong) { /* what came meanwhile made no notice */
        r->forced |= r->watched;
        r->due |= r->watched;
    }
}

static void job_done(struct at_link *l, enum at_job job, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    switch (job) {
    case AT_JOB_NONE:
        break;
    case AT_JOB_SELECT:
        at_sweep_selected(l, result);
        break;
    case AT_JOB_USED:
        at_sweep_used(l, result);
        break;
    case AT_JOB_LIST:
        at_sweep_listed(l, result);
        break;
    case AT_JOB_WALK:
        at_sweep_walked(l, result);
        break;
    case AT_JOB_READ:
        at_stored_read(l, result);
        break;
    case AT_JOB_DELETE:
        at_stored_deleted(l, result);
        break;
    case AT_JOB_ASK_CNMI:
        cnmi_asked(l);
        break;
    case AT_JOB_SET_CNMI:
        r->cnmi_wrong = false;
        break;
    case AT_JOB_ANNOUNCE:
        break;
    }
}

/* A kind of command that the modem does not answer is left alone for a while, longer each time:
 * each time-out holds the wire, and messages that shall go out are waiting. */
static void count_silence(struct at_link *l, enum at_job job, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    if (result->end != AT_END_TIMEOUT) {
        r->rest[job].silent = 0;
        return;
    }
    unsigned doublings =
        r->rest[job].silent < REST_DOUBLINGS ? r->rest[job].silent : REST_DOUBLINGS;
    r->rest[job].until_ms = loop_now_ms(l->loop) + ((int64_t)REST_MS << doublings);
    r->rest[job].silent++;
}

static bool rests(const struct at_link *l, enum at_job job)
{
    return loop_now_ms(l->loop) < l->receive.rest[job].until_ms;
}

static bool work_next(struct at_link *l);

static void receive_done(void *arg, const struct at_result *result)
{
    struct at_link *l = arg;
    struct at_receiving *r = &l->receive;
    bool waiting = l->send.active && !l->send.started;
    enum at_job job = r->job;
    r->job = AT_JOB_NONE;
    if (l->chat.state == AT_CHAT_CLOSED)
        return; /* the port is gone, and who waits is told by its end */
    job_done(l, job, result);
    count_silence(l, job, result);
    r->since_send++;
    if (!result->in_step) {
        if (waiting)
            at_send_end_unstarted(l, SMS_LOCAL_NOT_READY);
        at_init_failed(l, AT_SCRIPT_DEAF);
    } else if (waiting) {
        bool pressing = at_places_count(&r->places, AT_ANY_MEMORY, AT_PLACE_FOUND) +
                            at_places_count(&r->places, AT_ANY_MEMORY, AT_PLACE_TAKEN) >=
                        PRESSING;
        if (!pressing || r->since_send >= TURN_MOST || is_another(l) || !work_next(l))
            at_send_begin(l);
    } else if (at_link_state(l) == LINK_READY && !is_another(l) && at_network_registered(l)) {
        at_receive_work(l);
    } else {
        at_network_settle(l, "free");
    }
}

static void job_send(struct at_link *l, enum at_job job, struct at_place place)
{
    struct at_receiving *r = &l->receive;
    char text[AT_COMMAND_MAX + 1];
    struct at_command command = {
        .text = text, .timeout_ms = READ_MS, .line = receive_line, .done = receive_done, .arg = l};
    switch (job) {
    case AT_JOB_NONE:
        return;
    case AT_JOB_SELECT:
        (void)snprintf(text, sizeof text, "AT+CPMS=\"%s\"", at_memory_name(place.memory));
        command.prefix[0] = "+CPMS:";
        command.timeout_ms = SELECT_MS;
        r->used = r->total = -1;
        break;
    case AT_JOB_USED:
        (void)snprintf(text, sizeof text, "AT+CPMS?");
        command.prefix[0] = "+CPMS:";
        command.timeout_ms = SELECT_MS;
        r->used = r->total = -1;
        break;
    case AT_JOB_LIST:
        (void)snprintf(text, sizeof text, "AT+CMGL=4");
        command.prefix[0] = "+CMGL:";
        command.prefix[1] = "";
        command.timeout_ms = LIST_MS;
        r->listed_ms = loop_now_ms(l->loop);
        break;
    case AT_JOB_WALK:
    case AT_JOB_READ:
        (void)snprintf(text, sizeof text, "AT+CMGR=%u", place.index);
        command.prefix[0] = "+CMGR:";
        command.prefix[1] = "";
        break;
    case AT_JOB_DELETE:
        (void)snprintf(text, sizeof text, "AT+CMGD=%u", place.index);
        command.timeout_ms = DELETE_MS;
        break;
    case AT_JOB_ASK_CNMI:
        (void)snprintf(text, sizeof text, "AT+CNMI?");
        command.prefix[0] = "+CNMI:";
        break;
    case AT_JOB_SET_CNMI:
        at_delivery_cnmi(l, text);
        break;
    case AT_JOB_ANNOUNCE:
        (void)snprintf(text, sizeof text, "%s", at_elsewhere_command(l));
        break;
    }
    r->job = job;
    r->place = place;
    r->pending = r->header = false;
    at_chat_send(&l->chat, &command);
}

/* --- what to do next --- */

/* Before any slot is touched: its index may be that of another memory's, which nobody has read. */
static enum at_job job_which(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    if (r->which == AT_WHICH_ASK && !rests(l, AT_JOB_USED))
        return AT_JOB_USED;
    place->memory = r->home;
    bool may = r->home != AT_MEMORY_SELECTED && !(r->refused & at_memory_bit(r->home));
    return may && !rests(l, AT_JOB_SELECT) ? AT_JOB_SELECT : AT_JOB_NONE;
}

/* In the memory that is selected. Deleting comes first: it makes room. */
static enum at_job job_here(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    bool room = at_inbound_has_room(l);
    struct at_slot *slot = at_places_next(&r->places, (int)r->selected, AT_PLACE_TAKEN);
    enum at_job job = slot && slot->again ? AT_JOB_READ : AT_JOB_DELETE;
    if (slot && !rests(l, job)) {
        *place = slot->place;
        return job;
    }
    slot = at_places_next(&r->places, (int)r->selected, AT_PLACE_FOUND);
    if (slot && room && !rests(l, AT_JOB_READ)) {
        *place = slot->place;
        return AT_JOB_READ;
    }
    job = at_sweep_next(l, room, place);
    return rests(l, job) ? AT_JOB_NONE : job;
}

/* Another memory that has something for us, or the way home. */
static enum at_job job_elsewhere(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    bool room = at_inbound_has_room(l);
    struct at_slot *slot = NULL;
    if (rests(l, AT_JOB_SELECT))
        return AT_JOB_NONE;
    if (!rests(l, AT_JOB_DELETE))
        slot = at_places_next(&r->places, AT_ANY_MEMORY, AT_PLACE_TAKEN);
    if (!slot && room && !rests(l, AT_JOB_READ))
        slot = at_places_next(&r->places, AT_ANY_MEMORY, AT_PLACE_FOUND);
    if (slot)
        *place = slot->place;
    else if (r->sweep.stage != AT_SWEEP_NONE && room)
        place->memory = r->sweep.memory;
    else
        place->memory = r->home;
    bool here = place->memory == r->selected || place->memory == AT_MEMORY_SELECTED;
    bool may = !(r->refused & at_memory_bit(place->memory)); /* else not before an inspection */
    return !here && may ? AT_JOB_SELECT : AT_JOB_NONE;
}

static void inspect(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    r->inspected_ms = loop_now_ms(l->loop);
    r->refused = 0;
    r->due |= r->watched;
    if (++r->inspections % SWEEP_ALL_EVERY == 0)
        r->forced |= r->watched;
    at_inbound_remind(l);
}

static bool work_next(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    struct at_place place = {.memory = r->selected};
    int64_t now_ms = loop_now_ms(l->loop);
    enum at_job job = AT_JOB_NONE;
    /* A little early: the keepalive that comes right before it must not skip it. */
    if (now_ms >= r->inspected_ms + l->keepalive_ms * 3 / 4) {
        inspect(l);
        if (at_elsewhere_turn(l))
            job = AT_JOB_ANNOUNCE;
        else if (r->cnmi_set && !rests(l, AT_JOB_ASK_CNMI))
            job = AT_JOB_ASK_CNMI;
    } else if (r->cnmi_wrong && !rests(l, AT_JOB_SET_CNMI)) {
        job = AT_JOB_SET_CNMI;
    }
    if (r->which == AT_WHICH_KNOWN)
        at_sweep_begin(l);
    if (job == AT_JOB_NONE)
        job = r->which == AT_WHICH_KNOWN ? job_here(l, &place) : job_which(l, &place);
    if (job == AT_JOB_NONE && r->which == AT_WHICH_KNOWN)
        job = job_elsewhere(l, &place);
    job_send(l, job, place);
    return job != AT_JOB_NONE;
}

void at_receive_work(struct at_link *l)
{
    if (may_work(l))
        (void)work_next(l);
}

static void receive_on_task(void *arg)
{
    at_receive_work(arg);
}

void at_receive_soon(struct at_link *l)
{
    loop_defer(&l->receive.task, LOOP_SOON);
}

/* --- the link's calls --- */

void at_receive_init(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    r->home = r->selected = AT_MEMORY_SELECTED;
    r->used = r->total = -1;
    loop_task_init(&r->task, l->loop, receive_on_task, l);
}

void at_receive_forget(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    for (unsigned i = 0; i < AT_SLOTS; i++) {
        struct at_slot *slot = &r->places.slot[i];
        if (slot->state == AT_PLACE_OUT)
            at_inbound_drop(l, slot->handle);
        if (slot->state == AT_PLACE_TAKEN && slot->sum)
            slot->state = AT_PLACE_STUCK;
        else if (slot->state != AT_PLACE_FREE && slot->state != AT_PLACE_STUCK)
            at_places_free(slot);
    }
    r->job = AT_JOB_NONE;
    r->sweep.stage = AT_SWEEP_NONE;
    r->due = r->forced = 0;
    r->cnmi_wrong = false;
    r->since_send = 0;
    memset(r->rest, 0, sizeof r->rest);
    loop_task_cancel(&r->task);
}

void at_receive_start(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    unsigned theirs =
        at_memory_bit(AT_MEMORY_ME) | at_memory_bit(AT_MEMORY_SM) | at_memory_bit(AT_MEMORY_SR);
    memset(r->foreign, 0, sizeof r->foreign);
    r->clogged = false; /* until it is seen again */
    r->watched = at_memory_bit(r->home);
    if (r->cnmi[3] == 2)
        r->watched |= r->offered[0] & at_memory_bit(AT_MEMORY_SR);
    /* Another memory may hold what came before we were here. */
    r->due = r->forced = r->watched | (r->offered[0] & theirs);
    r->refused = r->refused_before = 0;
    at_sweep_home_known(l);
    r->inspected_ms = loop_now_ms(l->loop);
    at_elsewhere_start(l);
    if (!r->cnmi_set)
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "no-notices", "looked_every_s=%d",
                  (int)(l->keepalive_ms / 1000));
}

void at_receive_taken(struct at_link *l, uint64_t handle, bool ok)
{
    at_inbound_taken(l, handle, ok);
    at_receive_soon(l);
}

void at_receive_full(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    int64_t now_ms = loop_now_ms(l->loop);
    if (r->full_ms && now_ms < r->full_ms + FULL_PAUSE_MS)
        return; /* the sweep it asked for is under way; the keepalive's comes in any case */
    r->full_ms = now_ms;
    r->due |= r->watched;
    r->forced |= r->watched;
    at_receive_soon(l);
}

/* --- notices --- */

void at_receive_on_stored(void *ctx, const char *line)
{
    struct at_link *l = ctx;
    struct at_receiving *r = &l->receive;
    struct at_place place;
    at_elsewhere_noticed(l);
    if (!at_parse_place(line, line[2] == 'D' ? "+CDSI:" : "+CMTI:", &place)) {
        at_receive_full(l); /* cut short: something came, somewhere */
        return;
    }
    if (place.memory == AT_MEMORY_SELECTED || (r->refused & at_memory_bit(place.memory)))
        place.memory = r->home;
    r->watched |= at_memory_bit(place.memory);
    struct at_slot *slot = at_places_put(&r->places, place);
    if (!slot)
        return; /* the keepalive's sweep finds it */
    if (slot->state == AT_PLACE_LEFT)
        slot->failures = 0; /* something else: read like any other */
    if (slot->state == AT_PLACE_KEPT || slot->state == AT_PLACE_LEFT)
        slot->state = AT_PLACE_FOUND;
    else if (slot->state != AT_PLACE_FOUND)
        slot->again = true; /* read, and announced anew: it is looked at before it is deleted */
    if (slot->state == AT_PLACE_STUCK)
        slot->state = AT_PLACE_TAKEN;
    at_receive_soon(l);
}

/* ^SMMEMFULL, +SMS FULL, and +CIEV or ^SIND with the indicator's name; its number differs from
 * modem to modem. */
void at_receive_on_full(void *ctx, const char *line)
{
    if (strstr(line, "FULL") || strcasestr(line, "smsfull"))
        at_receive_full(ctx);
}
