/* offload: calls that hang until they are told to go on, on the real loop. The program puts its own
 * eventfd() before the C library's, to know when a call is done without turning the loop, and its
 * own pthread_attr_setsigmask_np(), to have no thread to give. */
#include "cm.h"
#include "offload.h"
#include "real_loop.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static int newest_fd; /* of an eventfd */
static bool no_threads;

int eventfd(unsigned int count, int flags)
{
    newest_fd = (int)syscall(SYS_eventfd2, count, flags);
    return newest_fd;
}

int pthread_attr_setsigmask_np(pthread_attr_t *attr, const sigset_t *sigmask)
{
    static int (*next)(pthread_attr_t *, const sigset_t *);
    if (no_threads)
        return EAGAIN;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_attr_setsigmask_np");
    return next(attr, sigmask);
}

enum { TRACE_ROOM = 32 };

/* What was done, and what was told of it, each in its order: from every thread. A thread goes on
 * with its lane while the loop is told. */
static pthread_mutex_t trace_mutex = PTHREAD_MUTEX_INITIALIZER;
static char did[TRACE_ROOM], told[TRACE_ROOM];

static void note(char *trace, char what)
{
    size_t len = strlen(trace);
    assert_true(len + 1 < TRACE_ROOM);
    trace[len] = what;
}

/* "abc +a-b" */
static const char *noted(void)
{
    static char copy[2 * TRACE_ROOM];
    pthread_mutex_lock(&trace_mutex);
    snprintf(copy, sizeof(copy), "%s %s", did, told);
    pthread_mutex_unlock(&trace_mutex);
    return copy;
}

static void note_done(char letter)
{
    pthread_mutex_lock(&trace_mutex);
    note(did, letter);
    pthread_mutex_unlock(&trace_mutex);
}

static void note_told(char sign, char letter)
{
    pthread_mutex_lock(&trace_mutex);
    note(told, sign);
    note(told, letter);
    pthread_mutex_unlock(&trace_mutex);
}

struct job {
    int begun[2]; /* work() writes here that it has begun, */
    int gate[2];  /* and waits for a byte here, where it is gated */
    bool gated;
    char letter; /* noted by work(); with a + by done(), with a - by drop() */
    pthread_t worker, dropper;
    unsigned works, dones, drops;
    size_t blocked; /* signals that are, in the thread */
    struct offload *call;
    struct job *abandons; /* in done() */
    struct loop *loop;
    const char *then; /* done() starts it again, in this lane */
};

static void job_init(struct job *job, char letter, bool gated)
{
    *job = (struct job){.letter = letter, .gated = gated};
    assert_int_equal(pipe(job->gate), 0);
    assert_int_equal(pipe(job->begun), 0);
}

static void job_fini(struct job *job)
{
    for (int i = 0; i < 2; i++) {
        close(job->gate[i]);
        close(job->begun[i]);
    }
}

static void job_work(void *arg)
{
    struct job *job = arg;
    sigset_t mask;
    char byte = 0;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    job->blocked = (size_t)sigismember(&mask, SIGTERM) + (size_t)sigismember(&mask, SIGHUP) +
                   (size_t)sigismember(&mask, SIGINT) + (size_t)sigismember(&mask, SIGCHLD);
    job->worker = pthread_self();
    job->works++;
    if (write(job->begun[1], &byte, 1) != 1)
        abort();
    if (job->gated && read(job->gate[0], &byte, 1) != 1)
        abort();
    note_done(job->letter);
}

static void job_drop(void *arg)
{
    struct job *job = arg;
    job->dropper = pthread_self();
    job->drops++;
    note_told('-', job->letter);
}

static void job_start(struct loop *loop, const char *lane, struct job *job);

static void job_done(void *arg)
{
    struct job *job = arg;
    job->dones++;
    note_told('+', job->letter);
    job->call = NULL;
    if (job->abandons) {
        struct offload *other = job->abandons->call;
        job->abandons->call = NULL;
        offload_abandon(other);
    }
    if (job->then) {
        const char *lane = job->then;
        job->then = NULL;
        job_start(job->loop, lane, job);
    }
}

static void job_start(struct loop *loop, const char *lane, struct job *job)
{
    const struct offload_call call = {
        .work = job_work, .done = job_done, .drop = job_drop, .arg = job};
    job->loop = loop;
    assert_int_equal(offload_start(loop, lane, &call, &job->call), 0);
}

static void until_begun(struct job *job)
{
    char byte;
    assert_int_equal(read(job->begun[0], &byte, 1), 1);
}

static void let_go(struct job *job)
{
    assert_int_equal(write(job->gate[1], "", 1), 1);
}

static bool is_done(void *arg)
{
    return ((struct job *)arg)->dones > 0;
}

static bool is_done_twice(void *arg)
{
    return ((struct job *)arg)->dones == 2;
}

static int setup(void **state)
{
    *state = loop_event_new();
    assert_non_null(*state);
    memset(did, 0, sizeof(did));
    memset(told, 0, sizeof(told));
    no_threads = false;
    return 0;
}

static int teardown(void **state)
{
    assert_true(offload_settle(REAL_LIMIT_MS));
    loop_free(*state);
    return 0;
}

static void done_comes_in_the_loop(void **state)
{
    struct loop *loop = *state;
    struct job a;
    job_init(&a, 'a', false);
    job_start(loop, "x", &a);
    until_begun(&a);
    assert_int_equal(a.dones, 0);
    assert_true(real_until(loop, is_done, &a));
    assert_string_equal(noted(), "a +a");
    assert_false(pthread_equal(a.worker, pthread_self()));
    assert_int_equal(a.blocked, 4);
    assert_true(real_turn(loop));
    assert_true(offload_settle(REAL_LIMIT_MS));
    assert_false(offload_is_busy("x"));
    assert_int_equal(a.works + a.dones + a.drops, 2);
    job_fini(&a);
}

static void the_loop_turns_while_one_hangs(void **state)
{
    struct loop *loop = *state;
    struct job a, b, c;
    job_init(&a, 'a', true);
    job_init(&b, 'b', false);
    job_init(&c, 'c', false);
    job_start(loop, "x", &a);
    job_start(loop, "x", &b); /* behind it */
    job_start(loop, "y", &c); /* beside it */
    until_begun(&a);
    assert_true(real_until(loop, is_done, &c));
    assert_true(real_turn(loop));
    assert_string_equal(noted(), "c +c");
    assert_true(offload_is_busy("x"));
    assert_false(offload_settle(0));
    let_go(&a);
    assert_true(real_until(loop, is_done, &b));
    assert_string_equal(noted(), "cab +c+a+b");
    job_fini(&a);
    job_fini(&b);
    job_fini(&c);
}

/* The loop may be gone by the time it ends. */
static void abandoned_while_it_hangs(void **state)
{
    struct job a;
    job_init(&a, 'a', true);
    job_start(*state, "x", &a);
    until_begun(&a);
    offload_abandon(a.call);
    loop_free(*state);
    *state = loop_event_new();
    assert_string_equal(noted(), " ");
    let_go(&a);
    assert_true(offload_settle(REAL_LIMIT_MS));
    assert_string_equal(noted(), "a -a");
    assert_true(pthread_equal(a.worker, a.dropper));
    job_fini(&a);
}

static void abandoned_before_its_turn(void **state)
{
    struct job a, b, c;
    job_init(&a, 'a', true);
    job_init(&b, 'b', false);
    job_init(&c, 'c', false);
    job_start(*state, "x", &a);
    job_start(*state, "x", &b);
    job_start(*state, "x", &c);
    until_begun(&a);
    offload_abandon(b.call);
    assert_string_equal(noted(), " -b"); /* at once: nothing hangs there */
    assert_true(pthread_equal(b.dropper, pthread_self()));
    assert_int_equal(b.works, 0);
    let_go(&a);
    assert_true(real_until(*state, is_done, &c));
    assert_string_equal(noted(), "ac -b+a+c");
    job_fini(&a);
    job_fini(&b);
    job_fini(&c);
}

/* It has ended, and the loop has not looked yet: what it made is still released in the thread. */
static void abandoned_once_it_is_done(void **state)
{
    struct pollfd poll_fd = {.events = POLLIN};
    struct job a;
    job_init(&a, 'a', false);
    job_start(*state, "x", &a);
    poll_fd.fd = newest_fd;
    assert_int_equal(poll(&poll_fd, 1, REAL_LIMIT_MS), 1);
    offload_abandon(a.call);
    assert_true(offload_settle(REAL_LIMIT_MS));
    assert_true(real_turn(*state));
    assert_string_equal(noted(), "a -a");
    assert_true(pthread_equal(a.worker, a.dropper));
    job_fini(&a);
}

/* Both are ready in the same turn, and the first one wants no second. */
static void abandoned_from_inside_another(void **state)
{
    struct pollfd poll_fd = {.events = POLLIN};
    struct job a, b;
    job_init(&a, 'a', false);
    job_init(&b, 'b', false);
    a.abandons = &b;
    b.abandons = &a;
    job_start(*state, "x", &a);
    poll_fd.fd = newest_fd;
    assert_int_equal(poll(&poll_fd, 1, REAL_LIMIT_MS), 1);
    job_start(*state, "y", &b);
    poll_fd.fd = newest_fd;
    assert_int_equal(poll(&poll_fd, 1, REAL_LIMIT_MS), 1);
    assert_true(real_turn(*state));
    assert_true(offload_settle(REAL_LIMIT_MS));
    assert_int_equal(a.dones + b.dones, 1);
    assert_int_equal(a.drops + b.drops, 1);
    assert_int_equal(a.dones + a.drops, 1);
    job_fini(&a);
    job_fini(&b);
}

static void another_is_started_from_inside(void **state)
{
    struct job a;
    job_init(&a, 'a', false);
    a.then = "x";
    job_start(*state, "x", &a);
    until_begun(&a);
    assert_true(real_until(*state, is_done_twice, &a));
    assert_string_equal(noted(), "aa +a+a");
    job_fini(&a);
}

static void a_release_waits_for_its_turn(void **state)
{
    struct job a, b, c;
    job_init(&a, 'a', true);
    job_init(&b, 'b', true);
    job_init(&c, 'c', false);
    job_start(*state, "x", &a);
    until_begun(&a);
    offload_release("x", job_work, &b);
    job_start(*state, "x", &c);
    let_go(&a);
    assert_true(real_until(*state, is_done, &a));
    until_begun(&b);
    assert_true(real_turn(*state));
    assert_string_equal(noted(), "a +a");
    let_go(&b);
    assert_true(real_until(*state, is_done, &c));
    assert_string_equal(noted(), "abc +a+c");
    assert_false(pthread_equal(b.worker, pthread_self()));
    job_fini(&a);
    job_fini(&b);
    job_fini(&c);
}

static void without_a_thread(void **state)
{
    const struct offload_call call = {
        .work = job_work, .done = job_done, .drop = job_drop, .arg = NULL};
    struct offload *none;
    struct job a;
    job_init(&a, 'a', false);
    no_threads = true;
    assert_int_equal(offload_start(*state, "x", &call, &none), -EAGAIN);
    assert_false(offload_is_busy("x"));
    offload_release("x", job_work, &a);
    assert_string_equal(noted(), "a ");
    assert_true(pthread_equal(a.worker, pthread_self()));
    job_fini(&a);
}

enum { MANY = 40, DEEP = 4 };
struct many {
    unsigned works, dones, drops;
    struct offload *call;
};
static unsigned many_left; /* the loop's */

static void many_work(void *arg)
{
    ((struct many *)arg)->works++;
}

static void many_done(void *arg)
{
    struct many *one = arg;
    one->dones++;
    one->call = NULL;
    many_left--;
}

static void many_drop(void *arg)
{
    ((struct many *)arg)->drops++;
}

static bool none_left(void *arg)
{
    (void)arg;
    return many_left == 0;
}

/* Every third is abandoned, wherever it stands. */
static void many_at_once(void **state)
{
    static struct many all[MANY][DEEP];
    memset(all, 0, sizeof(all));
    many_left = MANY * DEEP;
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < DEEP; j++) {
            struct many *one = &all[i][j];
            const struct offload_call call = {
                .work = many_work, .done = many_done, .drop = many_drop, .arg = one};
            char lane[16];
            snprintf(lane, sizeof(lane), "lane%d", i);
            assert_int_equal(offload_start(*state, lane, &call, &one->call), 0);
        }
    for (int n = 0; n < MANY * DEEP; n += 3) {
        offload_abandon(all[n / DEEP][n % DEEP].call);
        many_left--;
    }
    assert_true(real_until(*state, none_left, NULL));
    assert_true(offload_settle(REAL_LIMIT_MS));
    for (int n = 0; n < MANY * DEEP; n++) {
        const struct many *one = &all[n / DEEP][n % DEEP];
        assert_int_equal(one->drops, n % 3 == 0);
        assert_int_equal(one->dones, n % 3 != 0);
        assert_true(one->works == 1 || (one->works == 0 && one->drops));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(done_comes_in_the_loop),
        TEST(the_loop_turns_while_one_hangs),
        TEST(abandoned_while_it_hangs),
        TEST(abandoned_before_its_turn),
        TEST(abandoned_once_it_is_done),
        TEST(abandoned_from_inside_another),
        TEST(another_is_started_from_inside),
        TEST(a_release_waits_for_its_turn),
        TEST(without_a_thread),
        TEST(many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
