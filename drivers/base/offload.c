/* offload: see offload.h. One mutex for all of it: it is never held while anything may wait.
 *
 * A thread keeps what it has produced until the loop has taken or abandoned it, so that nobody but
 * the thread ever has to release it. */
#include "offload.h"
#include "loop_event.h"
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LANE_ROOM = 64, NS_PER_S = 1000000000, MS_PER_S = 1000, NS_PER_MS = 1000000 };

struct offload {
    struct offload *next;
    struct lane *lane;
    struct offload_call call;
    struct loop_watch *watch; /* NULL: nobody waits for it */
    int fd;                   /* an eventfd, written once it is done */
    enum { WAITING, RUNNING, DONE, TAKEN, ABANDONED } state;
};

struct lane {
    struct lane *next;
    char name[LANE_ROOM];
    struct offload *first; /* the one that runs */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t judged = PTHREAD_COND_INITIALIZER;  /* one that is done is taken or not */
static pthread_cond_t settled = PTHREAD_COND_INITIALIZER; /* no lane is left */
static struct lane *lanes;

static void lock(void)
{
    int err = pthread_mutex_lock(&mutex);
    assert(err == 0);
}

static void unlock(void)
{
    int err = pthread_mutex_unlock(&mutex);
    assert(err == 0);
}

/* --- in the thread, with the mutex held but for the calls themselves --- */

static void call_run(struct offload *call)
{
    call->state = RUNNING;
    unlock();
    call->call.work(call->call.arg);
    lock();
    if (call->state == RUNNING && call->call.done) {
        uint64_t one = 1;
        call->state = DONE;
        ssize_t len = write(call->fd, &one, sizeof(one));
        assert(len == sizeof(one));
        while (call->state == DONE)
            pthread_cond_wait(&judged, &mutex);
    }
    if (call->state != ABANDONED)
        return;
    unlock();
    call->call.drop(call->call.arg);
    lock();
}

static void *lane_main(void *arg)
{
    struct lane *lane = arg;
    lock();
    for (struct offload *call; (call = lane->first);) {
        call_run(call);
        lane->first = call->next;
        free(call);
    }
    struct lane **at = &lanes;
    while (*at != lane)
        at = &(*at)->next;
    *at = lane->next;
    free(lane);
    if (!lanes)
        pthread_cond_broadcast(&settled);
    unlock();
    return NULL;
}

/* --- starting --- */

static struct lane *lane_find(const char *name)
{
    struct lane *lane = lanes;
    while (lane && strcmp(lane->name, name) != 0)
        lane = lane->next;
    return lane;
}

static int thread_start(struct lane *lane)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all;
    int err = pthread_attr_init(&attr);
    if (err)
        return -err;
    sigfillset(&all);
    err = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    if (!err)
        err = pthread_attr_setsigmask_np(&attr, &all);
    if (!err)
        err = pthread_create(&thread, &attr, lane_main, lane);
    pthread_attr_destroy(&attr);
    return -err;
}

/* With the mutex held: the new thread waits for it. */
static int lane_begin(const char *name, struct offload *call)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    if (!lane)
        return -ENOMEM;
    bool fits = text_copy(lane->name, sizeof(lane->name), name);
    assert(fits);
    lane->first = call;
    call->lane = lane;
    int result = thread_start(lane);
    if (result < 0) {
        free(lane);
        return result;
    }
    lane->next = lanes;
    lanes = lane;
    return 0;
}

static int call_queue(const char *name, struct offload *call)
{
    int result = 0;
    lock();
    struct lane *lane = lane_find(name);
    if (lane) {
        struct offload **at = &lane->first;
        while (*at)
            at = &(*at)->next;
        *at = call;
        call->lane = lane;
    } else {
        result = lane_begin(name, call);
    }
    unlock();
    return result;
}

/* --- the loop's side --- */

/* With the mutex held, unless the call is not queued: its thread may write to the fd. */
static void call_unwatch(struct offload *call)
{
    if (call->watch)
        loop_watch_free(call->watch);
    if (call->fd >= 0)
        close(call->fd);
    call->watch = NULL;
    call->fd = -1;
}

static void call_ready(void *arg, int ready)
{
    struct offload *call = arg;
    struct offload_call told = call->call;
    (void)ready;
    lock();
    assert(call->state == DONE);
    call_unwatch(call);
    call->state = TAKEN;
    pthread_cond_broadcast(&judged);
    unlock();
    told.done(told.arg);
}

int offload_start(struct loop *loop, const char *lane, const struct offload_call *what,
                  struct offload **out)
{
    assert(what->done && what->drop);
    struct offload *call = calloc(1, sizeof(*call));
    if (!call)
        return -ENOMEM;
    call->call = *what;
    call->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = call->fd < 0 ? -errno : 0;
    if (result == 0) {
        call->watch = loop_watch_new(loop, call->fd, call_ready, call);
        result = call->watch ? 0 : -ENOMEM;
    }
    if (result == 0) {
        loop_watch_set(call->watch, LOOP_READ);
        result = call_queue(lane, call);
    }
    if (result < 0) {
        call_unwatch(call);
        free(call);
        return result;
    }
    *out = call;
    return 0;
}

/* True: it was still waiting for its turn, and will have none. */
static bool call_take_back(struct offload *call)
{
    if (call->state != WAITING)
        return false;
    struct offload **at = &call->lane->first;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    return true;
}

void offload_abandon(struct offload *call)
{
    struct offload_call what = call->call;
    lock();
    call_unwatch(call);
    bool begun = !call_take_back(call);
    if (begun) {
        call->state = ABANDONED;
        pthread_cond_broadcast(&judged);
    }
    unlock();
    if (begun)
        return; /* the thread's alone from now on */
    free(call);
    what.drop(what.arg);
}

void offload_release(const char *lane, void (*work)(void *arg), void *arg)
{
    struct offload *call = calloc(1, sizeof(*call));
    if (call) {
        call->call = (struct offload_call){.work = work, .arg = arg};
        call->fd = -1;
        if (call_queue(lane, call) == 0)
            return;
        free(call);
    }
    work(arg);
}

bool offload_is_busy(const char *lane)
{
    lock();
    bool busy = lane_find(lane) != NULL;
    unlock();
    return busy;
}

bool offload_settle(int64_t most_ms)
{
    struct timespec until;
    int err = clock_gettime(CLOCK_MONOTONIC, &until);
    assert(err == 0);
    until.tv_sec += most_ms / MS_PER_S;
    until.tv_nsec += most_ms % MS_PER_S * NS_PER_MS;
    if (until.tv_nsec >= NS_PER_S) {
        until.tv_nsec -= NS_PER_S;
        until.tv_sec++;
    }
    lock();
    while (lanes && err == 0)
        err = pthread_cond_clockwait(&settled, &mutex, CLOCK_MONOTONIC, &until);
    bool all = !lanes;
    unlock();
    return all;
}
