/* The life of a message against links that the test plays by hand, on virtual time with the real
 * store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gateway.h"
#include "hand_link.h"
#include "log.h"
#include "loop_sim.h"
#include "store.h"

enum { LINKS = 2, NOW_MS = 1000000 };
static const int64_t WALL_MS = INT64_C(1795000000000);

struct world {
    struct loop *loop;
    struct store *store;
    struct config config;
    struct config_modem modem[LINKS];
    struct gateway *gateway;
    struct hand_link *link[LINKS];
    size_t links;
};

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    struct world *world = arg;
    struct link *link = hand_link_new(modem->name, modem->number, sink, ctx);

    world->link[world->links++] = hand_link_of(link);
    return link;
}

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void settle(struct world *world)
{
    loop_sim_settle(world->loop);
}

static void run_for(struct world *world, int64_t ms)
{
    loop_sim_run_until(world->loop, loop_now_ms(world->loop) + ms);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    const struct store_options options = {.boot_id = "boot"};
    const char *why = "";

    log_sink_set(no_log, NULL);
    world->loop = loop_sim_new(NOW_MS, WALL_MS);
    assert_int_equal(store_open(world->loop, &options, &world->store, &why), 0);
    strcpy(world->config.country, "84");
    world->config.evidence_wait_s = 5;
    world->config.max_queued = 1000;
    world->config.modems = world->modem;
    world->config.modem_count = LINKS;
    for (int i = 0; i < LINKS; i++) {
        snprintf(world->modem[i].name, sizeof world->modem[i].name, "m%d", i);
        snprintf(world->modem[i].number, sizeof world->modem[i].number, "8984%d", i);
    }
    world->gateway = gateway_new(world->loop, world->store, &world->config, make_link, world);
    assert_non_null(world->gateway);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    gateway_free(world->gateway);
    store_close(world->store);
    loop_free(world->loop);
    free(world);
    return 0;
}

static void ready(struct world *world, int link)
{
    hand_link_state(world->link[link], LINK_READY);
    settle(world);
}

static struct send_request request_of(const char *key)
{
    return (struct send_request){.uid = 1000,
                                 .key = key,
                                 .to = "0912345678",
                                 .text = "Ma OTP: 123456",
                                 .text_len = strlen("Ma OTP: 123456"),
                                 .class_ = CLASS_OTP,
                                 .report = true,
                                 .on_unknown = -1};
}

/* Sends and waits for the disk; the row of the message, or 0 with the refusal's name. */
static int64_t send_it(struct world *world, const struct send_request *request,
                       struct refusal *refusal)
{
    struct send_result result;
    int64_t row = 0;

    assert_int_equal(store_begin(world->store), 0);
    int rc = gateway_send(world->gateway, request, &result, refusal);
    assert_int_equal(store_end(world->store, rc == 0), 0);
    if (rc == 0) {
        row = result.message.row;
        message_clear(&result.message);
    }
    settle(world);
    return row;
}

static int64_t accept(struct world *world, const struct send_request *request)
{
    struct refusal refusal;
    int64_t row = send_it(world, request, &refusal);

    assert_true(row > 0);
    return row;
}

static struct message look(struct world *world, int64_t row)
{
    struct message message = {0};

    assert_int_equal(store_message_by_row(world->store, row, false, &message), 1);
    return message;
}

static void assert_state(struct world *world, int64_t row, enum message_state state)
{
    struct message message = look(world, row);

    assert_string_equal(message_state_name(message.state), message_state_name(state));
    message_clear(&message);
}

static void prompt(struct world *world, int link)
{
    assert_true(world->link[link]->busy);
    hand_link_prompt(world->link[link]);
    settle(world);
}

static void outcome(struct world *world, int link, enum sms_verdict verdict,
                    enum sms_cause_space space, int cause)
{
    hand_link_outcome(world->link[link], verdict, space, cause, verdict == SMS_SENT ? 7 : -1);
    settle(world);
}

/* --- the straight way ----------------------------------------------------------------------------
 */

static void sent_in_one_go(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    assert_true(world->link[0]->busy); /* the claim rode with the accept */
    assert_state(world, row, MESSAGE_CLAIMED);
    prompt(world, 0);
    assert_true(world->link[0]->answered && world->link[0]->yes);
    assert_state(world, row, MESSAGE_SENDING);
    outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_state(world, row, MESSAGE_SENT);

    struct attempt attempts[4];
    assert_int_equal(store_attempts_of(world->store, row, attempts, 4), 1);
    assert_int_equal(attempts[0].state, ATTEMPT_SENT);
    assert_int_equal(attempts[0].reference, 7);
}

static void highest_class_then_nearest_deadline(void **state)
{
    struct world *world = *state;
    struct send_request first = request_of("bulk"), late = request_of("late"),
                        soon = request_of("soon");
    first.class_ = CLASS_BULK;
    late.ttl_s = 600;
    soon.ttl_s = 100;

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t bulk = accept(world, &first), far = accept(world, &late), near = accept(world, &soon);
    const int64_t order[] = {near, far, bulk};
    ready(world, 0);
    for (int i = 0; i < 3; i++) {
        assert_state(world, order[i], MESSAGE_CLAIMED);
        prompt(world, 0);
        outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
        assert_state(world, order[i], MESSAGE_SENT);
    }
}

static void two_modems_share(void **state)
{
    struct world *world = *state;
    struct send_request a = request_of("a"), b = request_of("b");

    ready(world, 0);
    ready(world, 1);
    accept(world, &a);
    accept(world, &b);
    assert_true(world->link[0]->busy && world->link[1]->busy);
}

static void same_key_is_one_message(void **state)
{
    struct world *world = *state;
    struct send_request a = request_of("a"), other = request_of("a");
    struct refusal refusal;
    other.text_len--;

    ready(world, 0);
    int64_t row = accept(world, &a);
    assert_int_equal(accept(world, &a), row);
    assert_int_equal(send_it(world, &other, &refusal), 0);
    assert_string_equal(refusal.name, "conflict");
    other.uid++; /* another client's key is another key */
    assert_true(accept(world, &other) != row);
}

/* --- deadlines
 * ------------------------------------------------------------------------------------- */

static void nothing_leaves_after_its_deadline(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    run_for(world, 300 * 1000); /* the prompt comes too late */
    prompt(world, 0);
    assert_true(world->link[0]->answered);
    assert_false(world->link[0]->yes);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    assert_state(world, row, MESSAGE_EXPIRED);
}

static void waiting_ones_expire(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t row = accept(world, &request);
    run_for(world, 299 * 1000);
    assert_state(world, row, MESSAGE_QUEUED);
    run_for(world, 1000);
    assert_state(world, row, MESSAGE_EXPIRED);
    ready(world, 0);
    assert_false(world->link[0]->busy);
}

static void what_cannot_make_it_is_refused(void **state)
{
    struct world *world = *state;
    struct refusal refusal;
    char key[16];

    hand_link_state(world->link[0], LINK_REGISTERING);
    hand_link_state(world->link[1], LINK_GONE);
    int accepted = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "k%d", i);
        struct send_request request = request_of(key);
        request.ttl_s = 20;
        if (!send_it(world, &request, &refusal))
            break;
        accepted++;
    }
    assert_in_range(accepted, 6, 8); /* 2.5 s each */
    assert_string_equal(refusal.name, "overloaded");
    assert_true(refusal.retry_after_s > 0 && refusal.estimate_ms > 20000);

    hand_link_state(world->link[0], LINK_QUARANTINED);
    struct send_request request = request_of("z");
    assert_int_equal(send_it(world, &request, &refusal), 0);
    assert_string_equal(refusal.name, "no_modem");
}

/* --- outcomes
 * ---------------------------------------------------------------------------------------- */

static void unknown_otp_is_sent_once_more_elsewhere(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    ready(world, 1);
    outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    assert_state(world, row, MESSAGE_QUEUED);
    run_for(world, 4900);
    assert_false(world->link[0]->busy || world->link[1]->busy);
    run_for(world, 200);
    assert_false(world->link[0]->busy);
    prompt(world, 1);
    assert_true(world->link[1]->yes);
    outcome(world, 1, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    assert_state(world, row, MESSAGE_UNKNOWN); /* never a third copy */
    run_for(world, 400 * 1000);
    assert_false(world->link[0]->busy || world->link[1]->busy);
    assert_state(world, row, MESSAGE_UNKNOWN);
}

static void unknown_report_is_never_sent_again(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");
    request.on_unknown = ON_UNKNOWN_REPORT;

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_CMS, 500);
    run_for(world, 1000 * 1000);
    assert_state(world, row, MESSAGE_UNKNOWN);
    assert_int_equal(world->link[0]->submits, 1);
}

static void causes_38_and_41_are_unknown_for_report(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");
    request.on_unknown = ON_UNKNOWN_REPORT;

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 38);
    assert_state(world, row, MESSAGE_UNKNOWN);
}

static void late_reference_settles_and_stops_the_resend(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");
    struct link_evidence late = {.kind = LINK_EVIDENCE_REFERENCE, .reference = 9};

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    late.token = world->link[0]->submit.token;
    outcome(world, 0, SMS_UNKNOWN, SMS_CAUSE_LOCAL, SMS_LOCAL_TIMEOUT);
    run_for(world, 5100);
    assert_true(world->link[0]->busy); /* the resend is claimed, its prompt not yet there */
    world->link[0]->link.sink->evidence(world->link[0]->link.ctx, &world->link[0]->link, &late);
    settle(world);
    assert_state(world, row, MESSAGE_SENT);
    prompt(world, 0);
    assert_false(world->link[0]->yes);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    assert_state(world, row, MESSAGE_SENT);
    assert_false(world->link[0]->busy);
}

static void four_attempts_that_sent_nothing_are_enough(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    for (int i = 0; i < 4; i++) {
        assert_true(world->link[0]->busy);
        prompt(world, 0);
        outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 42);
        run_for(world, 60 * 1000);
    }
    assert_state(world, row, MESSAGE_FAILED);
    assert_int_equal(world->link[0]->submits, 4);
}

static void a_cause_worth_one_more_attempt_gets_one(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    for (int i = 0; i < 2; i++) {
        assert_true(world->link[0]->busy);
        prompt(world, 0);
        outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 127);
        run_for(world, 60 * 1000);
    }
    assert_state(world, row, MESSAGE_FAILED);
    assert_int_equal(world->link[0]->submits, 2);
}

static void a_permanent_cause_fails_at_once(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 195);
    assert_state(world, row, MESSAGE_FAILED);
    struct message message = look(world, row);
    assert_int_equal(message.cause, 195);
    message_clear(&message);
}

static void a_network_cause_goes_to_another_modem(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    ready(world, 1);
    prompt(world, 0);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_CMS, 38);
    assert_true(world->link[1]->busy);
    prompt(world, 1);
    outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_state(world, row, MESSAGE_SENT);
}

static void a_link_that_is_not_ready_is_not_asked_in_a_spin(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");

    world->link[0]->refuse = -EAGAIN;
    ready(world, 0);
    int64_t row = accept(world, &request);
    assert_state(world, row, MESSAGE_QUEUED);
    run_for(world, 500);
    world->link[0]->refuse = 0;
    run_for(world, 1000);
    assert_true(world->link[0]->busy);
}

/* --- cancel, supersede, stop
 * -------------------------------------------------------------------------- */

static int cancel(struct world *world, int64_t row, struct refusal *refusal)
{
    struct message message = look(world, row);

    assert_int_equal(store_begin(world->store), 0);
    int rc = gateway_cancel(world->gateway, &message, refusal);
    assert_int_equal(store_end(world->store, rc == 0), 0);
    message_clear(&message);
    settle(world);
    return rc;
}

static void cancelled_before_the_prompt_does_not_leave(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");
    struct refusal refusal;

    ready(world, 0);
    int64_t row = accept(world, &request);
    assert_int_equal(cancel(world, row, &refusal), 0);
    assert_state(world, row, MESSAGE_CANCELLED);
    prompt(world, 0);
    assert_false(world->link[0]->yes);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_REFUSED);
    assert_state(world, row, MESSAGE_CANCELLED);
}

static void cancelled_after_the_commit_is_too_late(void **state)
{
    struct world *world = *state;
    struct send_request request = request_of("a");
    struct refusal refusal;

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    assert_int_equal(cancel(world, row, &refusal), -1);
    assert_string_equal(refusal.name, "too_late");
    assert_state(world, row, MESSAGE_SENDING);
}

static void a_newer_one_supersedes(void **state)
{
    struct world *world = *state;
    struct send_request older = request_of("a"), newer = request_of("b");
    newer.supersedes = "a";

    hand_link_state(world->link[0], LINK_REGISTERING);
    int64_t first = accept(world, &older), second = accept(world, &newer);
    assert_state(world, first, MESSAGE_CANCELLED);
    assert_state(world, second, MESSAGE_QUEUED);
}

static void count_done(void *arg)
{
    ++*(int *)arg;
}

static void stopping_awaits_what_has_left(void **state)
{
    struct world *world = *state;
    struct send_request a = request_of("a"), b = request_of("b");
    int done = 0;

    ready(world, 0);
    ready(world, 1);
    int64_t first = accept(world, &a), second = accept(world, &b);
    prompt(world, 0);
    gateway_shutdown(world->gateway, count_done, &done);
    settle(world);
    assert_true(world->link[1]->aborted);
    outcome(world, 1, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_ABORTED);
    assert_int_equal(done, 0);
    outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    assert_int_equal(done, 1);
    assert_state(world, first, MESSAGE_SENT);
    assert_state(world, second, MESSAGE_QUEUED);
}

/* --- several parts
 * -------------------------------------------------------------------------------------- */

static struct send_request long_request(const char *key)
{
    static char text[320];
    struct send_request request = request_of(key);

    memset(text, 'x', sizeof text);
    request.text = text;
    request.text_len = 320; /* three parts */
    return request;
}

static void parts_follow_on_the_same_sim(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    ready(world, 1);
    for (unsigned part = 0; part < 3; part++) {
        assert_true(world->link[0]->busy);
        assert_false(world->link[1]->busy);
        assert_int_equal(world->link[0]->submit.part, part);
        assert_int_equal(world->link[0]->submit.more, part < 2);
        prompt(world, 0);
        outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    assert_state(world, row, MESSAGE_SENT);
}

static void parts_start_anew_where_their_sim_is_gone(void **state)
{
    struct world *world = *state;
    struct send_request request = long_request("a");

    ready(world, 0);
    int64_t row = accept(world, &request);
    prompt(world, 0);
    uint8_t reference = world->link[0]->submit.tpdu.octet[world->link[0]->submit.tpdu.len / 2];
    (void)reference;
    outcome(world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    ready(world, 1);
    hand_link_state(world->link[0], LINK_GONE);
    outcome(world, 0, SMS_NOT_SENT, SMS_CAUSE_LOCAL, SMS_LOCAL_GONE);
    assert_false(world->link[1]->busy);
    run_for(world, 6000);
    for (unsigned part = 0; part < 3; part++) {
        assert_int_equal(world->link[1]->submit.part, part);
        prompt(world, 1);
        outcome(world, 1, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
    assert_state(world, row, MESSAGE_SENT);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(sent_in_one_go),
        WORLD_TEST(highest_class_then_nearest_deadline),
        WORLD_TEST(two_modems_share),
        WORLD_TEST(same_key_is_one_message),
        WORLD_TEST(nothing_leaves_after_its_deadline),
        WORLD_TEST(waiting_ones_expire),
        WORLD_TEST(what_cannot_make_it_is_refused),
        WORLD_TEST(unknown_otp_is_sent_once_more_elsewhere),
        WORLD_TEST(unknown_report_is_never_sent_again),
        WORLD_TEST(causes_38_and_41_are_unknown_for_report),
        WORLD_TEST(late_reference_settles_and_stops_the_resend),
        WORLD_TEST(four_attempts_that_sent_nothing_are_enough),
        WORLD_TEST(a_cause_worth_one_more_attempt_gets_one),
        WORLD_TEST(a_permanent_cause_fails_at_once),
        WORLD_TEST(a_network_cause_goes_to_another_modem),
        WORLD_TEST(a_link_that_is_not_ready_is_not_asked_in_a_spin),
        WORLD_TEST(cancelled_before_the_prompt_does_not_leave),
        WORLD_TEST(cancelled_after_the_commit_is_too_late),
        WORLD_TEST(a_newer_one_supersedes),
        WORLD_TEST(stopping_awaits_what_has_left),
        WORLD_TEST(parts_follow_on_the_same_sim),
        WORLD_TEST(parts_start_anew_where_their_sim_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
