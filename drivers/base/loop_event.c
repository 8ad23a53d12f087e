/* loop_event: the loop on libevent. See loop_event.h.
 *
 * A turn: what the kernel reports ready; then timers that are due, so that bytes which have
 * arrived go before the time-out they answer; then LOOP_SOON. A turn that found nothing at
 * all runs one LOOP_IDLE: while one waits, the kernel is asked without waiting, so what came
 * meanwhile goes first. Where turn after turn finds something (clients that come and go without an
 * end) one runs after LOOP_IDLE_TURNS of them all the same.
 *
 * All timers share one timerfd. It is set again only where the next timer is due before what
 * the timerfd stands at: a time-out that is armed and cancelled a thousand times costs no
 * system call, and at most one idle wake-up later.
 */
#include "loop_event.h"
#include "loop_core.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000, MS_PER_S = 1000, NS_PER_MS = 1000000 };

struct loop_signal {
    struct loop_signal *next;
    struct event *event;
    struct loop *loop;
    loop_fn *fn;
    void *arg;
};

struct loop_event {
    struct loop core;
    struct event_base *base;
    struct event *timer_event;
    struct event *wall_event;
    int timer_fd;
    int wall_fd;         /* readable when the wall clock was set; -1: nobody listens */
    int64_t timer_at_ms; /* what the timerfd stands at; INT64_MAX: disarmed */
    size_t watches;
    struct loop_signal *signals;
};

struct loop_watch {
    struct loop_event *le;
    struct event *read, *write;
    loop_ready_fn *fn;
    void *arg;
    int wanted;
};

static const struct loop_backend event_backend;

static struct loop_event *event_of(struct loop *loop)
{
    assert(loop->backend == &event_backend);
    return (struct loop_event *)loop;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    int result = clock_gettime(clock, &ts);
    assert(result == 0);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t event_now_ns(const struct loop *loop)
{
    (void)loop;
    return clock_ns(CLOCK_BOOTTIME);
}

static int64_t event_wall_ms(const struct loop *loop)
{
    (void)loop;
    return clock_ns(CLOCK_REALTIME) / NS_PER_MS;
}

/* --- turns --- */

static void timer_fd_set(struct loop_event *le, int64_t at_ms)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = at_ms / MS_PER_S, .tv_nsec = at_ms % MS_PER_S * NS_PER_MS}};
    int result = timerfd_settime(le->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    assert(result == 0);
    le->timer_at_ms = at_ms;
}

static void timer_fd_fired(evutil_socket_t fd, short what, void *arg)
{
    struct loop_event *le = arg;
    uint64_t times;
    (void)what;
    if (read(fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
        le->timer_at_ms = INT64_MAX; /* the turn itself sees what is due */
}

/* Whether there is something to do that no kernel will wake us for. Sets the timerfd else. */
static bool turn_must_not_wait(struct loop_event *le)
{
    if (loop_core_tasks_wait(&le->core))
        return true;
    int64_t next_ms = loop_core_next_ms(&le->core);
    if (next_ms >= le->timer_at_ms)
        return false;
    if (next_ms <= loop_now_ms(&le->core))
        return true;
    timer_fd_set(le, next_ms);
    return false;
}

static int event_turn(struct loop_event *le)
{
    struct loop *loop = &le->core;
    uint64_t before = loop->ran;
    int flags = EVLOOP_ONCE | (turn_must_not_wait(le) ? EVLOOP_NONBLOCK : 0);
    errno = 0;
    if (event_base_loop(le->base, flags) < 0)
        return errno ? -errno : -EIO;
    loop_core_timers_run(loop);
    loop_core_soon_run(loop);
    if (loop->ran == before || loop_core_idle_overdue(loop)) {
        loop_core_idle_run(loop);
        loop_core_soon_run(loop);
    }
    return 0;
}

static int event_run(struct loop *loop)
{
    struct loop_event *le = event_of(loop);
    int result = 0;
    while (!loop->stopped && result == 0)
        result = event_turn(le);
    loop->stopped = false;
    return result;
}

/* --- the wall clock --- */

/* A timer that the kernel cancels where the clock is set. It says so to whoever arms it, too. */
static void wall_fd_arm(struct loop_event *le)
{
    enum { YEAR_S = 365 * 24 * 3600 };
    const struct itimerspec far = {.it_value.tv_sec = clock_ns(CLOCK_REALTIME) / NS_PER_S + YEAR_S};
    while (timerfd_settime(le->wall_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) !=
               0 &&
           errno == ECANCELED)
        ;
}

static void wall_fd_fired(evutil_socket_t fd, short what, void *arg)
{
    struct loop_event *le = arg;
    uint64_t times;
    (void)what;
    if (read(fd, &times, sizeof(times)) < 0 && errno == EAGAIN)
        return;
    wall_fd_arm(le);
    loop_core_wall_set(&le->core);
}

/* Without a file left for it nobody hears: what is due by the wall clock comes late then. */
static void event_watch_wall(struct loop *loop)
{
    struct loop_event *le = event_of(loop);
    if (le->wall_fd >= 0)
        return;
    le->wall_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (le->wall_fd < 0)
        return;
    le->wall_event = event_new(le->base, le->wall_fd, EV_READ | EV_PERSIST, wall_fd_fired, le);
    if (le->wall_event && event_add(le->wall_event, NULL) == 0)
        wall_fd_arm(le);
}

/* --- watches --- */

static void watch_ready(struct loop_watch *watch, int ready)
{
    watch->le->core.ran++;
    watch->fn(watch->arg, ready); /* may free the watch */
}

static void watch_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    watch_ready(arg, LOOP_READ);
}

static void watch_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    watch_ready(arg, LOOP_WRITE);
}

static void event_free_any(struct event *event)
{
    if (event)
        event_free(event); /* takes it out of the base as well */
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, loop_ready_fn *fn, void *arg)
{
    struct loop_event *le = event_of(loop);
    struct loop_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    *watch = (struct loop_watch){.le = le, .fn = fn, .arg = arg};
    watch->read = event_new(le->base, fd, EV_READ | EV_PERSIST, watch_readable, watch);
    watch->write = event_new(le->base, fd, EV_WRITE | EV_PERSIST, watch_writable, watch);
    if (!watch->read || !watch->write) {
        event_free_any(watch->read);
        event_free_any(watch->write);
        free(watch);
        return NULL;
    }
    le->watches++;
    return watch;
}

/* Adding an event may need memory, like the heap of timers, and reports it nowhere: the
 * same end. An fd that epoll refuses (a plain file) is a fault of ours. */
static void event_want(struct event *event, bool wanted)
{
    int result = wanted ? event_add(event, NULL) : event_del(event);
    if (result != 0)
        abort();
}

void loop_watch_set(struct loop_watch *watch, int wanted)
{
    int changed = watch->wanted ^ wanted;
    watch->wanted = wanted;
    if (changed & LOOP_READ)
        event_want(watch->read, wanted & LOOP_READ);
    if (changed & LOOP_WRITE)
        event_want(watch->write, wanted & LOOP_WRITE);
}

void loop_watch_free(struct loop_watch *watch)
{
    assert(watch->le->watches > 0);
    watch->le->watches--;
    event_free(watch->read);
    event_free(watch->write);
    free(watch);
}

/* --- signals --- */

static void signal_came(evutil_socket_t signo, short what, void *arg)
{
    struct loop_signal *sig = arg;
    (void)signo;
    (void)what;
    sig->loop->ran++;
    sig->fn(sig->arg);
}

int loop_signal(struct loop *loop, int signo, loop_fn *fn, void *arg)
{
    struct loop_event *le = event_of(loop);
    struct loop_signal *sig = calloc(1, sizeof(*sig));
    if (!sig)
        return -ENOMEM;
    *sig = (struct loop_signal){.next = le->signals, .loop = loop, .fn = fn, .arg = arg};
    sig->event = evsignal_new(le->base, signo, signal_came, sig);
    if (!sig->event || evsignal_add(sig->event, NULL) != 0) {
        event_free_any(sig->event);
        free(sig);
        return -EINVAL;
    }
    le->signals = sig;
    return 0;
}

/* --- beginning and end --- */

static void event_release(struct loop_event *le)
{
    for (struct loop_signal *sig; (sig = le->signals);) {
        le->signals = sig->next;
        event_free(sig->event);
        free(sig);
    }
    event_free_any(le->timer_event);
    event_free_any(le->wall_event);
    if (le->base)
        event_base_free(le->base);
    if (le->timer_fd >= 0)
        close(le->timer_fd);
    if (le->wall_fd >= 0)
        close(le->wall_fd);
    free(le);
}

static void event_loop_free(struct loop *loop)
{
    struct loop_event *le = event_of(loop);
    assert(le->watches == 0);
    loop_core_fini(loop);
    event_release(le);
}

static const struct loop_backend event_backend = {
    .now_ns = event_now_ns,
    .wall_ms = event_wall_ms,
    .run = event_run,
    .watch_wall = event_watch_wall,
    .free = event_loop_free,
};

struct loop *loop_event_new(void)
{
    struct loop_event *le = calloc(1, sizeof(*le));
    if (!le)
        return NULL;
    loop_core_init(&le->core, &event_backend);
    le->timer_at_ms = INT64_MAX;
    le->wall_fd = -1;
    le->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    le->base = le->timer_fd < 0 ? NULL : event_base_new();
    if (le->base)
        le->timer_event =
            event_new(le->base, le->timer_fd, EV_READ | EV_PERSIST, timer_fd_fired, le);
    if (!le->timer_event || event_add(le->timer_event, NULL) != 0) {
        int why = errno ? errno : ENOMEM;
        event_release(le);
        errno = why;
        return NULL;
    }
    return &le->core;
}
