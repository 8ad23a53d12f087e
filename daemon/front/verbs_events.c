/* verbs_events: events.follow. */
#include <stdio.h>
#include <string.h>
#include "audit.h"
#include "hall.h"
#include "verbs.h"
#include "view_put.h"

struct topic {
    const char *name;
    unsigned bit;
    const char *role;  /* that sees it */
    const char *too;   /* does as well; NULL */
    bool only_by_name; /* not among those that who names none gets */
};
static const struct topic topics[] = {
    {"message", TOPIC_MESSAGE, "send", "operate", false},
    {"modem", TOPIC_MODEM, "monitor", NULL, false},
    {"alarm", TOPIC_ALARM, "monitor", NULL, false},
    {"inbox", TOPIC_INBOX, "operate", NULL, true},
    {"otp", TOPIC_OTP, "verify", "operate", true},
    {"trace", TOPIC_TRACE, "operate", NULL, true},
    {"subscriber", TOPIC_SUBSCRIBER, "subscriber", NULL, true},
};
enum { TOPICS = sizeof topics / sizeof *topics };

static bool topic_wanted(const json_t *names, const struct topic *topic)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        if (strcmp(json_string_value(json_array_get(names, i)), topic->name) == 0)
            return true;
    return !names && !topic->only_by_name;
}

static bool topic_is_allowed(const struct call *call, const struct topic *topic)
{
    return peer_may(call->front, &call->peer, topic->role) ||
           (topic->too && peer_may(call->front, &call->peer, topic->too));
}

/* What the peer asked for and may see; 0: it may see nothing, or asked for something (*refused)
 * that it may not see. */
static unsigned topics_of(const struct call *call, const struct topic **refused)
{
    const json_t *names = json_object_get(call->params, "topics");
    unsigned bits = 0;
    for (size_t i = 0; i < TOPICS; i++) {
        if (!topic_wanted(names, &topics[i]))
            continue;
        if (topic_is_allowed(call, &topics[i])) {
            bits |= topics[i].bit;
        } else if (names) {
            *refused = &topics[i];
            return 0;
        }
    }
    return bits;
}

static void follow_not_allowed(struct call *call, const struct topic *refused)
{
    char what[40];
    if (!refused)
        refused = &topics[0]; /* who may see none at all */
    snprintf(what, sizeof what, "the topic %s", refused->name);
    call_not_allowed(call, what, refused->role);
}

static json_t *view_follow(unsigned bits, int64_t newest)
{
    json_t *names = json_array();
    for (size_t i = 0; i < TOPICS; i++)
        if (bits & topics[i].bit)
            view_append(&names, json_string(topics[i].name));
    return json_pack("{s:o, s:I}", "topics", names, "newest_seq", (json_int_t)newest);
}

/* True where everything after `position` is still kept and `position` has been: else events would
 * be missed without a word. */
static bool position_is_kept(int64_t position, int64_t oldest, int64_t newest)
{
    return position == 0 || (position <= newest && position + 1 >= oldest);
}

/* `modem` and `from_line` belong to the topic trace. */
static bool trace_is_whole(struct call *call, unsigned bits)
{
    const char *modem = json_string_value(json_object_get(call->params, "modem"));
    bool trace = (bits & TOPIC_TRACE) != 0;
    if (trace && modem)
        return modem_is_named(call, modem);
    if (!trace && !modem && !json_object_get(call->params, "from_line"))
        return true;
    call_fail(call, WIRE_INVALID_PARAMS,
              trace ? "modem: the topic trace wants to know whose"
                    : "topics: modem and from_line belong to the topic trace",
              NULL);
    return false;
}

static void follow_trace(const struct call *call, struct follower *follower)
{
    const char *modem = json_string_value(json_object_get(call->params, "modem"));
    json_int_t line = json_integer_value(json_object_get(call->params, "from_line"));
    if (modem)
        events_follow_trace(follower, modem, (uint64_t)line);
}

/* What only an operator sees is on record: everybody's messages and codes, what comes in, what a
 * modem is told. */
static bool is_of_others(unsigned bits, uint32_t uid)
{
    return (bits & (TOPIC_INBOX | TOPIC_TRACE)) != 0 ||
           (uid == UINT32_MAX && (bits & (TOPIC_MESSAGE | TOPIC_OTP)) != 0);
}

void verb_events_follow(struct call *call)
{
    struct front *front = call->front;
    const json_t *from = json_object_get(call->params, "from_seq");
    const struct topic *refused = NULL;
    unsigned bits = topics_of(call, &refused);
    uint32_t uid = peer_may(front, &call->peer, "operate") ? UINT32_MAX : call->peer.uid;
    int64_t newest = front->events.newest, oldest = 0, ignored;
    int64_t position = from ? json_integer_value(from) : newest;
    int rc = store_event_bounds(front->store, &oldest, &ignored);
    if (rc < 0) {
        call_fail_store(call, rc);
    } else if (!bits) {
        follow_not_allowed(call, refused);
    } else if (!position_is_kept(position, oldest, newest)) {
        call_fail(call, WIRE_GONE, NULL, json_pack("{s:I}", "oldest_seq", (json_int_t)oldest));
    } else if (trace_is_whole(call, bits)) {
        struct follower *follower = events_follow(call->session, bits, uid, position);
        if (is_of_others(bits, uid))
            audit_note(call, &(struct audit_fields){0});
        call_reply(call, follower ? view_follow(bits, newest) : NULL);
        if (follower) {
            follow_trace(call, follower);
            events_start(follower);
        }
    }
}
