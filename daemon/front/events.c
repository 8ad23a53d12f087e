#include "events.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "hall.h"
#include "log.h"
#include "text.h"
#include "view.h"
#include "view_modem.h"
#include "view_subscriber.h"

enum {
    PAGE_EVENTS = 32,
    PAGE_LINES = 64, /* of a trace */
    STORE_RETRY_MS = 1000,
};

struct follower {
    struct follower *prev, *next;
    struct session *session;
    unsigned topics;
    uint32_t uid;               /* whose; UINT32_MAX: everybody's */
    int64_t position;           /* seq of the last event that it has */
    char modem[MODEM_NAME_MAX]; /* of the topic trace */
    uint64_t line;              /* number of the next that it wants */
    bool started;
    struct store_waiter start;
};

/* --- following ------------------------------------------------------------------------------ */

static void follower_on_durable(void *arg, int rc)
{
    struct follower *follower = arg;
    if (rc < 0) {
        events_unfollow(follower);
        return;
    }
    follower->started = true;
    events_wake(follower->session->front);
}

struct follower *events_follow(struct session *session, unsigned topics, uint32_t uid,
                               int64_t position)
{
    struct events *events = &session->front->events;
    struct follower *follower = calloc(1, sizeof *follower);
    if (!follower)
        return NULL;
    if (session->follower)
        events_unfollow(session->follower);
    *follower = (struct follower){.session = session,
                                  .topics = topics,
                                  .uid = uid,
                                  .position = position,
                                  .next = events->first,
                                  .start = {.fn = follower_on_durable, .arg = follower}};
    if (follower->next)
        follower->next->prev = follower;
    events->first = follower;
    session->follower = follower;
    return follower;
}

void events_follow_trace(struct follower *follower, const char *modem, uint64_t line)
{
    (void)text_copy(follower->modem, sizeof follower->modem, modem);
    follower->line = line;
}

void events_start(struct follower *follower)
{
    store_when_durable(follower->session->front->store, &follower->start);
}

void events_unfollow(struct follower *follower)
{
    struct front *front = follower->session->front;
    store_forget(front->store, &follower->start);
    if (follower->prev)
        follower->prev->next = follower->next;
    else
        front->events.first = follower->next;
    if (follower->next)
        follower->next->prev = follower->prev;
    follower->session->follower = NULL;
    free(follower);
}

/* --- pages ---------------------------------------------------------------------------------- */

static bool page_add(struct page *page, json_t *params)
{
    size_t len = 0;
    char *line = params ? wire_notification_line("event", params, &len) : NULL;
    if (!line)
        return false;
    if (page->room - page->len < len) {
        size_t room = (page->len + len) * 2;
        char *lines = realloc(page->lines, room);
        if (!lines) {
            free(line);
            return false;
        }
        page->lines = lines;
        page->room = room;
    }
    memcpy(page->lines + page->len, line, len);
    page->len += len;
    free(line);
    return true;
}

static const unsigned topic_bits[EVENT_TOPICS] = {
    [EVENT_MESSAGE] = TOPIC_MESSAGE,
    [EVENT_INBOX] = TOPIC_INBOX,
    [EVENT_OTP] = TOPIC_OTP,
};

static bool page_wants(const struct page *page, enum event_topic topic)
{
    return (page->topics & topic_bits[topic]) != 0;
}

/* The event before `seq` that would stand on the page. */
static int page_look_back(struct store *store, const struct page *page, int64_t seq,
                          int64_t *previous)
{
    *previous = 0;
    for (int topic = 0; topic < EVENT_TOPICS; topic++) {
        int64_t found = 0;
        int rc = page_wants(page, (enum event_topic)topic)
                     ? store_event_previous(store, seq, (enum event_topic)topic, page->uid, &found)
                     : 0;
        if (rc < 0)
            return rc;
        if (found > *previous)
            *previous = found;
    }
    return 0;
}

/* The event before the first of a page. Where it is not kept any more it is the one that the
 * follower has. */
static int page_previous(struct front *front, const struct page *page, int64_t first,
                         int64_t *previous)
{
    int64_t oldest = 0, newest = 0;
    int rc = page_look_back(front->store, page, first, previous);
    if (rc < 0 || *previous > 0)
        return rc;
    rc = store_event_bounds(front->store, &oldest, &newest);
    if (rc >= 0 && page->after < oldest)
        *previous = page->after;
    return rc;
}

/* Adds what belongs there. 0/-errno. */
static int page_fill(struct front *front, struct page *page, const struct event *event, int count)
{
    int64_t previous = 0;
    for (int i = 0; i < count; i++) {
        if (!page_wants(page, event[i].topic))
            continue;
        int rc = page->count ? 0 : page_previous(front, page, event[i].seq, &previous);
        if (rc < 0)
            return rc;
        if (!page_add(page, view_event(&event[i], previous)))
            return -ENOMEM;
        previous = event[i].seq;
        page->count++;
    }
    return 0;
}

/* Looks through the next events, wanted or not: 1, 0 where there are none, or -errno. */
static int page_read(struct front *front, int64_t after, uint32_t uid, unsigned topics)
{
    struct page *page = &front->events.page;
    struct event event[PAGE_EVENTS];
    if (page->last && page->after == after && page->uid == uid && page->topics == topics)
        return 1;
    page->last = 0;
    page->len = 0;
    page->count = 0;
    page->after = after;
    page->uid = uid;
    page->topics = topics;
    int count = store_events_after(front->store, after, uid, event, PAGE_EVENTS);
    int rc = count > 0 ? page_fill(front, page, event, count) : count;
    if (rc < 0)
        return rc;
    page->last = count > 0 ? event[count - 1].seq : 0;
    return count > 0;
}

/* --- the pump ------------------------------------------------------------------------------- */

/* One page at most, so that a long history does not hold up the others. When to look again in ms,
 * -1: when there is something new. */
static int pump_trace(struct front *front, struct follower *follower)
{
    struct gateway *gateway = front->gateway;
    struct link_trace line;
    size_t len = 0;
    if (!(follower->topics & TOPIC_TRACE))
        return -1;
    if (follower->line > 0 &&
        !gateway_modem_trace(gateway, follower->modem, follower->line - 1, &line))
        follower->line = 0; /* what it had is of another recorder */
    for (int i = 0; gateway_modem_trace(gateway, follower->modem, follower->line, &line); i++) {
        if (!session_has_room(follower->session)) {
            follower->session->held = true; /* events_wake() follows */
            return -1;
        }
        if (i == PAGE_LINES)
            return 0;
        json_t *view = view_trace_event(follower->modem, &line);
        char *text = view ? wire_notification_line("event", view, &len) : NULL;
        if (!text)
            return STORE_RETRY_MS;
        session_send(follower->session, text, len);
        free(text);
        follower->session->events++;
        follower->line = line.number + 1;
    }
    return -1;
}

static int pump_page(struct front *front, struct follower *follower)
{
    const struct page *page = &front->events.page;
    unsigned topics = follower->topics & TOPICS_KEPT;
    if (!topics || follower->position >= front->events.newest)
        return -1;
    if (!session_has_room(follower->session)) {
        follower->session->held = true; /* events_wake() follows */
        return -1;
    }
    int rc = page_read(front, follower->position, follower->uid, topics);
    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "events", follower->session->id, "unread", "error=\"%s\"",
                  strerror(-rc));
        return STORE_RETRY_MS;
    }
    if (rc == 0) {
        follower->position = front->events.newest;
        return -1;
    }
    if (page->len > 0)
        session_send(follower->session, page->lines, page->len);
    follower->session->events += page->count;
    follower->position = page->last;
    return follower->position < front->events.newest ? 0 : -1;
}

static int follower_pump(struct front *front, struct follower *follower)
{
    if (!follower->started)
        return -1;
    int page = pump_page(front, follower), trace = pump_trace(front, follower);
    return page < 0 || (trace >= 0 && trace < page) ? trace : page;
}

static void events_pump(void *arg)
{
    struct front *front = arg;
    int soonest = -1;
    for (struct follower *f = front->events.first; f; f = f->next) {
        int look = follower_pump(front, f);
        if (look >= 0 && (soonest < 0 || look < soonest))
            soonest = look;
    }
    if (soonest >= 0)
        loop_timer_arm_in(&front->events.again, soonest);
}

void events_wake(struct front *front)
{
    loop_defer(&front->events.pump, LOOP_SOON);
}

static void events_on_store(void *arg)
{
    struct front *front = arg;
    int64_t oldest = 0, newest = 0;
    int rc = store_event_bounds(front->store, &oldest, &newest);
    if (rc < 0) {
        log_event(LOG_LEVEL_ERROR, "events", "-", "unread", "error=\"%s\"", strerror(-rc));
        return;
    }
    front->events.newest = newest;
    waits_on_events(front, newest);
    if (front->events.first)
        events_wake(front);
}

static bool is_followed(const struct front *front, unsigned topic)
{
    for (const struct follower *f = front->events.first; f; f = f->next)
        if (f->started && (f->topics & topic))
            return true;
    return false;
}

/* Volatile: who is behind with reading misses it. Takes `view` over. */
static void events_tell(struct front *front, unsigned topic, json_t *view)
{
    size_t len = 0;
    char *line = view ? wire_notification_line("event", view, &len) : NULL;
    for (struct follower *f = front->events.first; line && f; f = f->next) {
        if (!f->started || !(f->topics & topic) || !session_has_room(f->session))
            continue;
        session_send(f->session, line, len);
        f->session->events++;
    }
    free(line);
}

static void events_on_modem(void *arg, const struct modem_view *view)
{
    struct front *front = arg;
    owncheck_wake(front->own);
    if (is_followed(front, TOPIC_MODEM))
        events_tell(front, TOPIC_MODEM, view_modem_event(view));
}

static void events_on_trace(void *arg, const char *modem)
{
    struct front *front = arg;
    for (const struct follower *f = front->events.first; f; f = f->next)
        if (f->started && (f->topics & TOPIC_TRACE) && strcmp(f->modem, modem) == 0) {
            events_wake(front);
            return;
        }
}

/* How far the check of a SIM is: an event of its modem. */
static void events_on_owncheck(void *arg, const char *modem, const char *words)
{
    struct front *front = arg;
    struct modem_view view;
    if (!is_followed(front, TOPIC_MODEM))
        return;
    for (size_t i = 0; gateway_modem_at(front->gateway, i, &view); i++) {
        if (strcmp(view.name, modem) != 0)
            continue;
        view.why = words;
        events_tell(front, TOPIC_MODEM, view_modem_event(&view));
    }
}

static void events_on_alarm(void *arg, const struct alarm_view *alarm, bool raised)
{
    struct front *front = arg;
    if (is_followed(front, TOPIC_ALARM))
        events_tell(front, TOPIC_ALARM, view_alarm_event(alarm, raised, loop_wall_ms(front->loop)));
}

static void events_on_registry(void *arg, const struct registry_news *news)
{
    struct front *front = arg;
    if (is_followed(front, TOPIC_SUBSCRIBER))
        events_tell(front, TOPIC_SUBSCRIBER,
                    view_subscriber_event(news, loop_wall_ms(front->loop)));
}

void events_init(struct front *front)
{
    struct events *events = &front->events;
    int64_t oldest = 0;
    loop_task_init(&events->pump, front->loop, events_pump, front);
    loop_timer_init(&events->again, front->loop, events_pump, front);
    if (store_event_bounds(front->store, &oldest, &events->newest) < 0)
        log_event(LOG_LEVEL_ERROR, "events", "-", "unread", "at=start");
    front->waits.seen = events->newest;
    store_on_events(front->store, events_on_store, front);
    gateway_on_modem(front->gateway, events_on_modem, front);
    gateway_on_trace(front->gateway, events_on_trace, front);
    alarm_on_change(gateway_alarms(front->gateway), events_on_alarm, front);
    owncheck_on_progress(front->own, events_on_owncheck, front);
    registry_on_news(front->gateway, events_on_registry, front);
}

void events_fini(struct front *front)
{
    store_on_events(front->store, NULL, NULL);
    gateway_on_modem(front->gateway, NULL, NULL);
    gateway_on_trace(front->gateway, NULL, NULL);
    alarm_on_change(gateway_alarms(front->gateway), NULL, NULL);
    owncheck_on_progress(front->own, NULL, NULL);
    registry_on_news(front->gateway, NULL, NULL);
    loop_task_cancel(&front->events.pump);
    loop_timer_cancel(&front->events.again);
    free(front->events.page.lines);
    front->events.page = (struct page){0};
}
