/* libotpgate against a far end that the test itself plays: a listening socket whose accepted end is
 * filled before the call, since ids are known (1, 2, ...). No sleeps; a time-out of 0 says what is
 * there now. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "otpgate.h"

static struct {
    char path[64];
    int listener, peer;
    struct otpgate *gate;
} far;

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/otpgate-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(far.path, sizeof far.path, "%s/s", folder);
    memcpy(address.sun_path, far.path, strlen(far.path) + 1);
    far.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(far.listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(far.listener, 4), 0);
    assert_int_equal(otpgate_open(far.path, 5000, &far.gate), 0);
    far.peer = accept(far.listener, NULL, NULL);
    assert_true(far.peer >= 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    otpgate_close(far.gate);
    if (far.peer >= 0)
        close(far.peer);
    close(far.listener);
    unlink(far.path);
    *strrchr(far.path, '/') = '\0';
    return rmdir(far.path);
}

static void say(const char *text)
{
    assert_int_equal(send(far.peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void hang_up(void)
{
    close(far.peer);
    far.peer = -1;
}

/* What the far end has got by now. */
static const char *heard(void)
{
    static char text[4096];
    ssize_t len = recv(far.peer, text, sizeof text - 1, MSG_DONTWAIT);
    text[len > 0 ? len : 0] = '\0';
    return text;
}

static void a_call_is_answered(void **state)
{
    (void)state;
    json_t *result = NULL;
    struct otpgate_error error;
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"state\":\"queued\"}}\n");
    assert_int_equal(
        otpgate_call(far.gate, "message.send", json_pack("{s:s}", "key", "k"), 0, &result, &error),
        0);
    assert_string_equal(json_string_value(json_object_get(result, "state")), "queued");
    assert_string_equal(
        heard(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"message.send\",\"params\":{\"key\":\"k\"}}\n");
    json_decref(result);
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}\n");
    assert_int_equal(otpgate_call(far.gate, "gateway.info", NULL, 0, &result, NULL), 0);
    assert_true(json_is_null(result));
    assert_string_equal(heard(), "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"gateway.info\"}\n");
}

static void a_refusal_says_why(void **state)
{
    (void)state;
    json_t *result = NULL;
    struct otpgate_error error;
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32004,\"message\":\"busy\",\"data\":{"
        "\"name\":"
        "\"overloaded\",\"retry_after_s\":12,\"estimate_ms\":9000}}}\n");
    assert_int_equal(otpgate_call(far.gate, "m", NULL, 0, &result, &error), -EREMOTEIO);
    assert_null(result);
    assert_string_equal(error.name, "overloaded");
    assert_string_equal(error.message, "busy");
    assert_int_equal(error.code, -32004);
    assert_int_equal(error.retry_after_s, 12);
    assert_int_equal(json_integer_value(json_object_get(error.data, "estimate_ms")), 9000);
    /* one without data is still a refusal */
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":-1,\"message\":\"x\"}}\n");
    assert_int_equal(otpgate_call(far.gate, "m", NULL, 0, &result, &error), -EREMOTEIO);
    assert_string_equal(error.name, "");
    assert_null(error.data);
}

static void lines_come_in_pieces(void **state)
{
    (void)state;
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"a\"}\n";
    int64_t id;
    json_t *result;
    assert_int_equal(otpgate_start(far.gate, "m", NULL, 0, &id), 0);
    for (size_t i = 0; i + 1 < sizeof line; i++) {
        assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), -ETIMEDOUT);
        assert_int_equal(send(far.peer, line + i, 1, 0), 1);
    }
    assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), 0);
    json_decref(result);
    assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), -EINVAL);
}

static void answers_may_come_out_of_order(void **state)
{
    (void)state;
    int64_t first, second;
    json_t *result;
    assert_int_equal(otpgate_start(far.gate, "a", NULL, 0, &first), 0);
    assert_int_equal(otpgate_start(far.gate, "b", NULL, 0, &second), 0);
    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":22}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":11}"
        "\n");
    assert_int_equal(otpgate_finish(far.gate, first, 0, &result, NULL), 0);
    assert_int_equal(json_integer_value(result), 11);
    json_decref(result);
    assert_int_equal(otpgate_finish(far.gate, second, 0, &result, NULL), 0);
    assert_int_equal(json_integer_value(result), 22);
    json_decref(result);
}

static void a_late_answer_is_not_the_next_ones(void **state)
{
    (void)state;
    json_t *result;
    assert_int_equal(otpgate_call(far.gate, "slow", NULL, 0, &result, NULL), -ETIMEDOUT);
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"late\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,"
        "\"result\":\"own\"}\n");
    assert_int_equal(otpgate_call(far.gate, "next", NULL, 0, &result, NULL), 0);
    assert_string_equal(json_string_value(result), "own");
    json_decref(result);
}

static void calls_that_time_out_leave_nothing(void **state)
{
    (void)state;
    json_t *result;
    for (int i = 0; i <= OTPGATE_CALLS_MAX; i++)
        assert_int_equal(otpgate_call(far.gate, "slow", NULL, 0, &result, NULL), -ETIMEDOUT);
}

static void notifications_wait_for_their_turn(void **state)
{
    (void)state;
    json_t *result, *params;
    char *method;
    say("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":1}}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":2}}\n");
    assert_int_equal(otpgate_call(far.gate, "events.follow", NULL, 0, &result, NULL), 0);
    json_decref(result);
    for (int seq = 1; seq <= 2; seq++) {
        assert_int_equal(otpgate_next(far.gate, 0, &method, &params), 0);
        assert_string_equal(method, "event");
        assert_int_equal(json_integer_value(json_object_get(params, "seq")), seq);
        free(method);
        json_decref(params);
    }
    assert_int_equal(otpgate_next(far.gate, 0, NULL, &params), -ETIMEDOUT);
}

static void waiting_for_either(void **state)
{
    (void)state;
    struct otpgate_error error;
    json_t *result;
    int64_t id = 0;
    assert_int_equal(otpgate_wait(far.gate, 1, 0), -EINVAL);
    assert_int_equal(otpgate_start(far.gate, "subscriber.lookup", NULL, 1000, &id), 0);
    assert_int_equal(otpgate_wait(far.gate, id, 0), -ETIMEDOUT);
    say("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"n\":1}}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
    assert_int_equal(otpgate_wait(far.gate, id, 1000), 0);
    assert_int_equal(otpgate_next(far.gate, 0, NULL, &result), 0);
    json_decref(result);
    assert_int_equal(otpgate_next(far.gate, 0, NULL, &result), -ETIMEDOUT);
    assert_int_equal(otpgate_wait(far.gate, id, 0), 0); /* the answer was read with it */
    assert_int_equal(otpgate_finish(far.gate, id, 0, &result, &error), 0);
    json_decref(result);
}

static void notifications_are_bounded_and_none_is_lost(void **state)
{
    (void)state;
    json_t *result, *params;
    int64_t id;
    assert_int_equal(otpgate_start(far.gate, "m", NULL, 0, &id), 0);
    for (int seq = 1; seq <= OTPGATE_NOTES_MAX + 1; seq++) {
        char line[80];
        snprintf(line, sizeof line,
                 "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"seq\":%d}}\n", seq);
        say(line);
        if (seq % 64 == 0) /* so that the socket's buffer never fills */
            assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), -ETIMEDOUT);
    }
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n");
    assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), -ENOBUFS);
    for (int seq = 1; seq <= OTPGATE_NOTES_MAX + 1; seq++) {
        assert_int_equal(otpgate_next(far.gate, 0, NULL, &params), 0);
        assert_int_equal(json_integer_value(json_object_get(params, "seq")), seq);
        json_decref(params);
    }
    assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), 0);
    json_decref(result);
}

static void what_came_before_the_end_is_handed_out(void **state)
{
    (void)state;
    json_t *result, *params;
    int64_t id;
    assert_int_equal(otpgate_start(far.gate, "m", NULL, 0, &id), 0);
    say("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{}}\n{\"jsonrpc\":\"2.0\",\"id\":1,"
        "\"result\":1}\nhalf");
    hang_up();
    assert_int_equal(otpgate_finish(far.gate, id, 0, &result, NULL), 0);
    json_decref(result);
    assert_int_equal(otpgate_next(far.gate, 0, NULL, &params), 0);
    json_decref(params);
    assert_int_equal(otpgate_next(far.gate, 0, NULL, &params), -ECONNRESET);
    assert_int_equal(otpgate_call(far.gate, "m", NULL, 0, &result, NULL), -ECONNRESET);
}

/* A gateway that is full says so in a line without id and hangs up; the request may not even have
 * left. */
static void the_last_word_of_the_gateway_is_heard(void **state)
{
    (void)state;
    json_t *result;
    struct otpgate_error error;
    say("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,\"message\":\"full\",\"data\":"
        "{\"name\":\"overloaded\"}}}\n");
    hang_up();
    assert_int_equal(otpgate_call(far.gate, "m", NULL, 0, &result, &error), -EREMOTEIO);
    assert_string_equal(error.name, "overloaded");
}

static void nonsense_ends_it(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "hello\n",
        "[]\n",
        "{}\n",
        "{\"id\":1}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":1}\n",
        "\n",
    };
    json_t *result;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        say(lines[i]);
        say("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{}}\n");
        assert_int_equal(otpgate_call(far.gate, "m", NULL, 0, &result, NULL), -EPROTO);
        assert_int_equal(otpgate_next(far.gate, 0, NULL, &result), -EPROTO); /* and stays so */
        assert_int_equal(otpgate_call(far.gate, "m", NULL, 0, &result, NULL), -EPROTO);
        otpgate_close(far.gate);
        hang_up();
        assert_int_equal(otpgate_open(far.path, 5000, &far.gate), 0);
        far.peer = accept(far.listener, NULL, NULL);
    }
}

static void *talk_too_long(void *arg)
{
    (void)arg;
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent <= (size_t)OTPGATE_LINE_MAX * 2;) {
        ssize_t count = send(far.peer, block, sizeof block, MSG_NOSIGNAL);
        if (count < 0)
            break;
        sent += (size_t)count;
    }
    return NULL;
}

static void a_line_without_end_ends_it(void **state)
{
    (void)state;
    pthread_t talker;
    json_t *params;
    assert_int_equal(pthread_create(&talker, NULL, talk_too_long, NULL), 0);
    assert_int_equal(otpgate_next(far.gate, -1, NULL, &params), -EMSGSIZE);
    shutdown(otpgate_fd(far.gate), SHUT_RDWR);
    pthread_join(talker, NULL);
}

/* A far end that will not read before it has said all of its own. */
static void *talk_then_listen(void *arg)
{
    size_t *wanted = arg;
    char line[512], block[65536];
    int len =
        snprintf(line, sizeof line,
                 "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"x\":\"%0400d\"}}\n", 0);
    for (int i = 0; i < 1000; i++)
        if (send(far.peer, line, (size_t)len, MSG_NOSIGNAL) != len)
            return NULL;
    while (*wanted > 0) {
        ssize_t got = recv(far.peer, block, sizeof block, 0);
        if (got <= 0)
            return NULL;
        *wanted -= (size_t)got < *wanted ? (size_t)got : *wanted;
    }
    static const char reply[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n";
    send(far.peer, reply, sizeof reply - 1, MSG_NOSIGNAL);
    return NULL;
}

static void both_ends_full_do_not_wait_for_each_other(void **state)
{
    (void)state;
    enum { LONG = 600000 };
    static char text[LONG + 1];
    pthread_t talker;
    size_t wanted = LONG;
    json_t *result;
    memset(text, 't', LONG);
    assert_int_equal(pthread_create(&talker, NULL, talk_then_listen, &wanted), 0);
    assert_int_equal(
        otpgate_call(far.gate, "m", json_pack("{s:s}", "text", text), 20000, &result, NULL), 0);
    json_decref(result);
    pthread_join(talker, NULL);
}

static void calls_under_way_are_bounded(void **state)
{
    (void)state;
    int64_t id, first = 0;
    for (int i = 0; i < OTPGATE_CALLS_MAX; i++) {
        assert_int_equal(otpgate_start(far.gate, "m", NULL, 0, &id), 0);
        first = first ? first : id;
    }
    assert_int_equal(otpgate_start(far.gate, "m", json_object(), 0, &id), -ENOBUFS);
    otpgate_forget(far.gate, first);
    assert_int_equal(otpgate_start(far.gate, "m", NULL, 0, &id), 0);
}

static void nobody_there(void **state)
{
    (void)state;
    struct otpgate *gate = NULL;
    char path[200];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(otpgate_open("/nonexistent/s", 0, &gate), -ENOENT);
    assert_int_equal(otpgate_open(path, 0, &gate), -ENAMETOOLONG);
    shutdown(far.listener, SHUT_RDWR);
    close(far.listener);
    assert_int_equal(otpgate_open(far.path, 0, &gate), -ECONNREFUSED);
    assert_null(gate);
    far.listener = -1;
}

static void a_full_backlog_times_out(void **state)
{
    (void)state;
    struct otpgate *gate[16];
    int rc = 0, opened = 0;
    while (opened < 16 && (rc = otpgate_open(far.path, 1, &gate[opened])) == 0)
        opened++;
    assert_int_equal(rc, -ETIMEDOUT);
    while (opened > 0)
        otpgate_close(gate[--opened]);
}

static void reasons(void **state)
{
    (void)state;
    assert_string_equal(otpgate_reason(-ETIMEDOUT), "no answer came in time");
    assert_non_null(otpgate_reason(-EXDEV));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_answered),
        TEST(a_refusal_says_why),
        TEST(lines_come_in_pieces),
        TEST(answers_may_come_out_of_order),
        TEST(a_late_answer_is_not_the_next_ones),
        TEST(calls_that_time_out_leave_nothing),
        TEST(notifications_wait_for_their_turn),
        TEST(waiting_for_either),
        TEST(notifications_are_bounded_and_none_is_lost),
        TEST(what_came_before_the_end_is_handed_out),
        TEST(the_last_word_of_the_gateway_is_heard),
        TEST(nonsense_ends_it),
        TEST(a_line_without_end_ends_it),
        TEST(both_ends_full_do_not_wait_for_each_other),
        TEST(calls_under_way_are_bounded),
        TEST(nobody_there),
        TEST(a_full_backlog_times_out),
        TEST(reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
