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
    LIST_MOST = 2 * AT_WINDOW, /* more are walked: a list of all would hold the wire for seconds */
    INDEX_MOST = 255,          /* where the modem does not say how many slots it has */
    PRESSING = 8,              /* so much to do, and sending waits for more than one command */
    TURN_MOST = 4,
    FULL_PAUSE_MS = 10000, /* between two sweeps that the modem asked for */
    REST_MS = 60000,       /* after a command that was not answered, doubled each time */
    REST_DOUBLINGS = 5,
    UNREADABLE = 3,       /* readings that brought a header and no TPDU: nobody will ever read it */
    SWEEP_ALL_EVERY = 10, /* inspections */
};

static unsigned bit(enum at_memory memory)
{
    return 1U << memory;
}

static bool may_work(const struct at_link *l)
{
    return at_link_state(l) == LINK_READY && !l->script.steps && !l->send.active &&
           at_chat_is_idle(&l->chat) && !l->recovery.reboot_seen;
}

/* --- what was read --- */

static void slot_renew(struct at_link *l, struct at_slot *slot, const struct pdu_tpdu *tpdu)
{
    if (slot->state == AT_PLACE_OUT)
        at_inbound_drop(l, slot->handle); /* something else lies there now */
    at_inbound_put(l, slot, tpdu);
}

/* A TPDU and where it lies, from a list or alone. */
static void stored_take(struct at_link *l, struct at_place place, const struct pdu_tpdu *tpdu)
{
    struct at_receiving *r = &l->receive;
    struct at_slot *slot = at_places_put(&r->places, place);
    if (!slot) {
        r->due |= bit(place.memory);
        return;
    }
    bool same = slot->sum && slot->sum == at_inbound_sum(tpdu);
    slot->seen = true;
    switch (slot->state) {
    case AT_PLACE_FREE:
    case AT_PLACE_FOUND:
    case AT_PLACE_KEPT:
        at_inbound_put(l, slot, tpdu);
        break;
    case AT_PLACE_OUT:
    case AT_PLACE_TAKEN:
        if (!same)
            slot_renew(l, slot, tpdu);
        break;
    case AT_PLACE_STUCK:
        slot->state = AT_PLACE_TAKEN; /* once more */
        if (!same)
            slot_renew(l, slot, tpdu);
        break;
    }
    slot->again = false;
}

/* Something lies at r->place. */
static void stored_header(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    bool sweeping = r->job != AT_JOB_READ;
    bool ours = r->stored.stat < 2; /* else drafts of whoever had the SIM before: they stay */
    struct at_slot *slot =
        ours ? at_places_put(&r->places, r->place) : at_places_find(&r->places, r->place);
    r->header = true;
    r->pending = ours;
    r->sweep.found += sweeping;
    r->sweep.foreign += sweeping && !ours;
    if (r->stored.text)
        l->recovery.reboot_seen = true; /* text mode: it has restarted without a word */
    if (slot && !ours) {
        if (slot->state == AT_PLACE_OUT)
            at_inbound_drop(l, slot->handle);
        at_places_free(slot);
    } else if (slot) {
        slot->seen = true;
        if (slot->state == AT_PLACE_KEPT)
            slot->state = AT_PLACE_FOUND; /* if its TPDU does not follow, it is read alone */
    }
}

/* The header and its TPDU, in one line or in two. */
static bool stored_line(struct at_link *l, const char *line, enum at_memory memory)
{
    struct at_receiving *r = &l->receive;
    const char *hex = line;
    size_t len = strlen(line);
    struct pdu_tpdu tpdu;
    bool list = r->job == AT_JOB_LIST;
    bool header = list ? at_parse_cmgl(line, &r->stored) : at_parse_cmgr(line, &r->stored);
    if (header) {
        if (list)
            r->place = (struct at_place){memory, (uint16_t)r->stored.index};
        stored_header(l);
        if (!r->stored.hex || !r->pending)
            return true;
        hex = r->stored.hex;
        len = r->stored.hex_len;
    }
    if (!r->pending || !at_parse_tpdu(hex, len, r->stored.len, &tpdu))
        return header;
    r->pending = false;
    stored_take(l, r->place, &tpdu);
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
        if (r->job == AT_JOB_USED && room.memory != AT_MEMORY_SELECTED)
            r->selected = room.memory; /* changed behind our back: chosen again below */
        return true;
    case AT_JOB_LIST:
        at_chat_extend(&l->chat, LIST_MORE_MS);
        return stored_line(l, line, r->selected);
    case AT_JOB_WALK:
    case AT_JOB_READ:
        return stored_line(l, line, r->selected);
    case AT_JOB_ASK_CNMI:
        r->cnmi_wrong = !at_delivery_is_kept(l, line);
        return true;
    case AT_JOB_NONE:
    case AT_JOB_DELETE:
    case AT_JOB_SET_CNMI:
        break;
    }
    return false;
}

/* --- what a command has come to --- */

/* The slot is empty, or there is none: TS 27.005 and 27.007 number it differently. */
static bool says_empty(const struct at_result *result)
{
    return result->end == AT_END_FINAL &&
           ((result->final.kind == AT_FINAL_CMS && result->final.code == 321) ||
            (result->final.kind == AT_FINAL_CME &&
             (result->final.code == 21 || result->final.code == 22)));
}

/* Every second, fourth, eighth time is worth a line. */
static void slot_failed(struct at_link *l, struct at_slot *slot, enum at_place_state state,
                        const char *what)
{
    slot->state = state;
    slot->failures++;
    if ((slot->failures & (slot->failures - 1)) == 0)
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, what, "memory=%s index=%u times=%u",
                  slot->place.memory < AT_MEMORY_SELECTED ? at_memory_name(slot->place.memory)
                                                          : "selected",
                  slot->place.index, slot->failures);
}

static void read_done(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    struct at_slot *slot = at_places_find(&r->places, r->place);
    bool mine = slot && (slot->state == AT_PLACE_FOUND || slot->again);
    if (!mine || (r->header && !r->pending) || l->recovery.reboot_seen)
        return; /* a TPDU came, and is where it belongs */
    if (says_empty(result) || (at_result_ok(result) && !r->header)) {
        at_places_free(slot); /* some firmware says OK to an empty slot, some an error */
        return;
    }
    bool taken = slot->state == AT_PLACE_TAKEN || slot->state == AT_PLACE_STUCK;
    slot->again = false;
    slot_failed(l, slot, taken ? AT_PLACE_STUCK : AT_PLACE_KEPT, "not-read");
    if (!taken && at_result_ok(result) && slot->failures >= UNREADABLE) {
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "unreadable", "index=%u deleted=1",
                  slot->place.index);
        slot->state = AT_PLACE_TAKEN; /* no TPDU, time after time: it only takes up room */
        slot->sum = 0;
    }
}

static void delete_done(struct at_link *l, const struct at_result *result)
{
    struct at_slot *slot = at_places_find(&l->receive.places, l->receive.place);
    if (!slot || slot->state != AT_PLACE_TAKEN)
        return;
    if (!at_result_ok(result) && !says_empty(result)) {
        slot_failed(l, slot, AT_PLACE_STUCK, "not-deleted");
    } else if (slot->again) { /* and at once something new came there */
        slot->again = false;
        slot->state = AT_PLACE_FOUND;
        slot->sum = 0;
    } else {
        at_places_free(slot);
    }
}

/* --- sweeps --- */

/* What waited for this sweep and was not seen by it is not there any more. */
static void sweep_end(struct at_link *l, bool complete)
{
    struct at_receiving *r = &l->receive;
    if (complete) {
        for (unsigned i = 0; i < AT_SLOTS; i++) {
            struct at_slot *slot = &r->places.slot[i];
            if ((slot->state == AT_PLACE_KEPT || slot->state == AT_PLACE_STUCK) && !slot->seen &&
                slot->place.memory == r->sweep.memory)
                at_places_free(slot);
        }
        r->foreign[r->sweep.memory] = (int)r->sweep.foreign;
    }
    r->sweep.stage = AT_SWEEP_NONE;
}

static void sweep_begin(struct at_link *l, enum at_memory memory)
{
    struct at_receiving *r = &l->receive;
    memset(&r->sweep, 0, sizeof r->sweep);
    r->sweep.memory = memory;
    r->sweep.stage = AT_SWEEP_ASK;
    r->due &= ~bit(memory);
    for (unsigned i = 0; i < AT_SLOTS; i++)
        r->places.slot[i].seen = false;
}

/* `used` is known now, or the modem does not tell. */
static void sweep_asked(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    enum at_memory memory = r->sweep.memory;
    bool forced = r->forced & bit(memory);
    bool waiting = at_places_count(&r->places, (int)memory, AT_PLACE_KEPT) > 0 ||
                   at_places_count(&r->places, (int)memory, AT_PLACE_STUCK) > 0;
    r->forced &= ~bit(memory);
    r->sweep.used = r->used > 0 ? (unsigned)r->used : 0;
    if (r->used == 0 || (!forced && !waiting && r->used > 0 && r->used <= r->foreign[memory]))
        sweep_end(l, r->used == 0);
    else
        r->sweep.stage = r->list_silent || r->used > LIST_MOST ? AT_SWEEP_WALK : AT_SWEEP_LIST;
}

static void list_done(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    if (at_result_ok(result)) {
        sweep_end(l, true);
        return;
    }
    if (result->end == AT_END_TIMEOUT)
        r->list_silent = true;
    r->sweep.stage = AT_SWEEP_WALK;
    r->sweep.index = r->sweep.found = r->sweep.foreign = 0;
}

/* Up to the slot behind the last, for the first may be 0 or 1. */
static void walk_done(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    unsigned last = r->total > 0 ? (unsigned)r->total : INDEX_MOST;
    bool all = r->sweep.used > 0 && r->sweep.found >= r->sweep.used;
    if (result->end == AT_END_TIMEOUT)
        sweep_end(l, false); /* the rest another time */
    else if (r->sweep.index++ >= last || all)
        sweep_end(l, true);
}

/* --- memories --- */

/* The modem had not told which memory it uses; now it is known. */
static void home_adopt(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    unsigned unknown = bit(AT_MEMORY_SELECTED);
    if (r->home != AT_MEMORY_SELECTED || r->selected == AT_MEMORY_SELECTED)
        return;
    r->home = r->selected;
    r->watched = (r->watched & ~unknown) | bit(r->home);
    r->forced = (r->forced & ~unknown) | bit(r->home);
    r->due = (r->due & ~unknown) | bit(r->home);
    if (r->sweep.memory == AT_MEMORY_SELECTED)
        r->sweep.stage = AT_SWEEP_NONE;
    for (unsigned i = 0; i < AT_SLOTS; i++)
        if (r->places.slot[i].place.memory == AT_MEMORY_SELECTED)
            r->places.slot[i].place.memory = r->home;
}

static void select_done(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    enum at_memory memory = r->place.memory;
    if (at_result_ok(result)) {
        r->selected = memory;
        home_adopt(l);
    } else { /* what it was to bring is looked for in the memory that is there */
        r->refused |= bit(memory);
        if (memory == r->home)
            r->selected = r->home;
        log_event(LOG_LEVEL_WARNING, "at", l->link.name, "memory-refused", "memory=%s",
                  at_memory_name(memory));
        for (unsigned i = 0; i < AT_SLOTS && memory != r->home; i++) {
            struct at_slot *slot = &r->places.slot[i];
            if (slot->state != AT_PLACE_FREE && slot->state != AT_PLACE_OUT &&
                slot->place.memory == memory)
                at_places_free(slot);
        }
        r->forced |= bit(r->home);
        r->due |= bit(r->home);
    }
    if (r->sweep.stage == AT_SWEEP_NONE || r->sweep.memory != memory)
        return;
    if (!at_result_ok(result))
        sweep_end(l, false);
    else if (r->sweep.stage == AT_SWEEP_ASK)
        sweep_asked(l);
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
        select_done(l, result);
        break;
    case AT_JOB_USED:
        if (!at_result_ok(result))
            r->used = -1;
        home_adopt(l);
        if (r->sweep.stage == AT_SWEEP_ASK && r->selected == r->sweep.memory)
            sweep_asked(l);
        break;
    case AT_JOB_LIST:
        list_done(l, result);
        break;
    case AT_JOB_WALK:
        walk_done(l, result);
        break;
    case AT_JOB_READ:
        read_done(l, result);
        break;
    case AT_JOB_DELETE:
        delete_done(l, result);
        break;
    case AT_JOB_ASK_CNMI:
        cnmi_asked(l);
        break;
    case AT_JOB_SET_CNMI:
        r->cnmi_wrong = false;
        break;
    }
}

/* A modem that does not answer such commands is left alone for a while: each time-out holds the
 * wire, and messages that shall go out are waiting. */
static void count_silence(struct at_link *l, const struct at_result *result)
{
    struct at_receiving *r = &l->receive;
    if (result->end != AT_END_TIMEOUT) {
        r->silent = 0;
        return;
    }
    unsigned doublings = r->silent < REST_DOUBLINGS ? r->silent : REST_DOUBLINGS;
    r->rest_until_ms = loop_now_ms(l->loop) + ((int64_t)REST_MS << doublings);
    r->silent++;
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
    count_silence(l, result);
    r->since_send++;
    if (!result->in_step) {
        if (waiting)
            at_send_end_unstarted(l, SMS_LOCAL_NOT_READY);
        at_recover_climb(l, "no answer");
    } else if (waiting) {
        bool pressing = at_places_count(&r->places, AT_ANY_MEMORY, AT_PLACE_FOUND) +
                            at_places_count(&r->places, AT_ANY_MEMORY, AT_PLACE_TAKEN) >=
                        PRESSING;
        if (!pressing || r->since_send >= TURN_MOST || l->recovery.reboot_seen || !work_next(l))
            at_send_begin(l);
    } else if (at_link_state(l) == LINK_READY && !l->recovery.reboot_seen &&
               at_network_registered(l)) {
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
    }
    r->job = job;
    r->place = place;
    r->pending = r->header = false;
    at_chat_send(&l->chat, &command);
}

/* --- what to do next --- */

/* The next index of the walk; what is known to be there needs no look. */
static bool walk_next(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    for (;; r->sweep.index++) {
        *place = (struct at_place){r->sweep.memory, (uint16_t)r->sweep.index};
        struct at_slot *slot = at_places_find(&r->places, *place);
        bool known =
            slot && !slot->again && (slot->state == AT_PLACE_OUT || slot->state == AT_PLACE_TAKEN);
        if (!known)
            return true;
        slot->seen = true;
        r->sweep.found++;
    }
}

/* In the memory that is selected. Deleting comes first: it makes room. */
static enum at_job job_here(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    bool room = at_inbound_has_room(l);
    struct at_slot *slot = at_places_next(&r->places, (int)r->selected, AT_PLACE_TAKEN);
    if (slot) {
        *place = slot->place;
        return slot->again ? AT_JOB_READ : AT_JOB_DELETE;
    }
    slot = at_places_next(&r->places, (int)r->selected, AT_PLACE_FOUND);
    if (slot && room) {
        *place = slot->place;
        return AT_JOB_READ;
    }
    if (r->sweep.memory != r->selected)
        return AT_JOB_NONE;
    switch (r->sweep.stage) {
    case AT_SWEEP_NONE:
        break;
    case AT_SWEEP_ASK:
        return AT_JOB_USED;
    case AT_SWEEP_LIST:
        return room ? AT_JOB_LIST : AT_JOB_NONE;
    case AT_SWEEP_WALK:
        return room && walk_next(l, place) ? AT_JOB_WALK : AT_JOB_NONE;
    }
    return AT_JOB_NONE;
}

/* Another memory that has something for us, or the way home. */
static enum at_job job_elsewhere(struct at_link *l, struct at_place *place)
{
    struct at_receiving *r = &l->receive;
    bool room = at_inbound_has_room(l);
    struct at_slot *slot = at_places_next(&r->places, AT_ANY_MEMORY, AT_PLACE_TAKEN);
    if (!slot && room)
        slot = at_places_next(&r->places, AT_ANY_MEMORY, AT_PLACE_FOUND);
    if (slot)
        *place = slot->place;
    else if (r->sweep.stage != AT_SWEEP_NONE && room)
        place->memory = r->sweep.memory;
    else
        place->memory = r->home;
    return place->memory == r->selected || place->memory == AT_MEMORY_SELECTED ? AT_JOB_NONE
                                                                               : AT_JOB_SELECT;
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
    if (now_ms < r->rest_until_ms)
        return false;
    /* A little early: the keepalive that comes right before it must not skip it. */
    if (now_ms >= r->inspected_ms + l->keepalive_ms * 3 / 4) {
        inspect(l);
        if (r->cnmi_set)
            job = AT_JOB_ASK_CNMI;
    } else if (r->cnmi_wrong) {
        job = AT_JOB_SET_CNMI;
    }
    if (job == AT_JOB_NONE && r->sweep.stage == AT_SWEEP_NONE && r->due) {
        unsigned memory = r->due & bit(r->selected) ? r->selected : 0;
        while (!(r->due >> memory & 1))
            memory++;
        sweep_begin(l, (enum at_memory)memory);
    }
    if (job == AT_JOB_NONE)
        job = job_here(l, &place);
    if (job == AT_JOB_NONE)
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
    r->since_send = r->silent = 0;
    r->rest_until_ms = 0;
    loop_task_cancel(&r->task);
}

void at_receive_start(struct at_link *l)
{
    struct at_receiving *r = &l->receive;
    unsigned theirs = bit(AT_MEMORY_ME) | bit(AT_MEMORY_SM) | bit(AT_MEMORY_SR);
    memset(r->foreign, 0, sizeof r->foreign);
    r->watched = bit(r->home);
    if (r->cnmi[3] == 2)
        r->watched |= r->offered[0] & bit(AT_MEMORY_SR);
    /* Another memory may hold what came before we were here. */
    r->due = r->forced = r->watched | (r->offered[0] & theirs);
    r->refused = 0;
    r->inspected_ms = loop_now_ms(l->loop);
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
    if (!at_parse_place(line, line[2] == 'D' ? "+CDSI:" : "+CMTI:", &place)) {
        at_receive_full(l); /* cut short: something came, somewhere */
        return;
    }
    if (place.memory == AT_MEMORY_SELECTED || (r->refused & bit(place.memory)))
        place.memory = r->home;
    r->watched |= bit(place.memory);
    struct at_slot *slot = at_places_put(&r->places, place);
    if (!slot)
        r->due |= bit(place.memory);
    else if (slot->state == AT_PLACE_KEPT)
        slot->state = AT_PLACE_FOUND;
    else if (slot->state != AT_PLACE_FOUND)
        slot->again = true;
    if (slot && slot->state == AT_PLACE_STUCK)
        slot->state = AT_PLACE_TAKEN; /* and looked at first */
    at_receive_soon(l);
}

/* ^SMMEMFULL, +SMS FULL, and +CIEV or ^SIND with the indicator's name; its number differs from
 * modem to modem. */
void at_receive_on_full(void *ctx, const char *line)
{
    if (strstr(line, "FULL") || strcasestr(line, "smsfull"))
        at_receive_full(ctx);
}
