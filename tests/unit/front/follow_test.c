/* follow: history and what is new, gaps, slow readers, restarts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include "hall_desk.h"
#include "store_otp.h"

#define FOLLOW(params) REQUEST("\"f\"", "events.follow", params)
#define FOLLOWS "{\"id\":\"f\",\"result\":{\"topics\":[\"message\",\"modem\",\"alarm\"]}}"
#define EVENT(seq, prev, key, state)                                                               \
    "{\"method\":\"event\",\"params\":{\"topic\":\"message\",\"seq\":" seq ",\"prev_seq\":" prev   \
    ",\"key\":\"" key "\",\"state\":\"" state "\",\"id\":\"*\",\"at\":\"*\"}}"

/* Cancelled ones, two events each. */
static void make_messages(int from, int count)
{
    char line[256];
    struct client maker;
    assert_true(client_open(&maker, &world, 0));
    for (int i = from; i < from + count; i++) {
        snprintf(line, sizeof line, SEND("1", "k%d"), i);
        TALK(&maker, {line, "{\"result\":\"*\"}"});
        snprintf(line, sizeof line, REQUEST("2", "message.cancel", "{\"key\":\"k%d\"}"), i);
        TALK(&maker, {line, "{\"result\":\"*\"}"});
    }
    client_close(&maker);
    world_settle(&world);
}

static void what_is_new_comes_after_the_answer(void **state)
{
    (void)state;
    make_messages(0, 1);
    TALK(&client, {FOLLOW("{}"), FOLLOWS}, {NULL, NULL});
    make_messages(1, 1);
    TALK(&client, {NULL, EVENT("3", "2", "k1", "queued")},
         {NULL, EVENT("4", "3", "k1", "cancelled")}, {NULL, NULL});
}

/* In the turn of the follow itself: the answer first, then what the same commit brought. */
static void an_event_of_the_same_turn_is_not_missed(void **state)
{
    (void)state;
    client_say(&client, SEND("1", "a"));
    client_say(&client, FOLLOW("{}"));
    client_say(&client, SEND("2", "b"));
    TALK(&client, {NULL, "{\"id\":1,\"result\":\"*\"}"},
         {NULL, "{\"id\":\"f\",\"result\":{\"newest_seq\":0}}"},
         {NULL, "{\"id\":2,\"result\":\"*\"}"}, {NULL, EVENT("1", "0", "a", "queued")},
         {NULL, EVENT("2", "1", "b", "queued")}, {NULL, NULL});
}

static void history_waits_for_the_answer(void **state)
{
    (void)state;
    make_messages(0, 1);
    client_say(&client, SEND("1", "a"));
    client_say(&client, FOLLOW("{\"from_seq\":1}"));
    TALK(&client, {NULL, "{\"id\":1,\"result\":\"*\"}"}, {NULL, FOLLOWS},
         {NULL, EVENT("2", "1", "k0", "cancelled")}, {NULL, EVENT("3", "2", "a", "queued")});
}

static void history_comes_first_and_without_a_gap(void **state)
{
    (void)state;
    enum { MESSAGES = 300, FROM = 37 };
    make_messages(0, MESSAGES);
    TALK(&client, {FOLLOW("{\"from_seq\":37}"), "{\"id\":\"f\",\"result\":{\"newest_seq\":600}}"});
    for (int seq = FROM + 1; seq <= 2 * MESSAGES; seq++) {
        char want[256];
        snprintf(want, sizeof want, EVENT("%d", "%d", "k%d", "%s"), seq, seq - 1, (seq - 1) / 2,
                 seq % 2 ? "queued" : "cancelled");
        TALK(&client, {NULL, want});
    }
    TALK(&client, {NULL, NULL});
    make_messages(MESSAGES, 1);
    assert_int_equal(client_lines(&client), 2);
}

static void nought_is_everything_that_is_kept(void **state)
{
    (void)state;
    make_messages(0, 1);
    TALK(&client, {FOLLOW("{\"from_seq\":0}"), FOLLOWS}, {NULL, EVENT("1", "0", "k0", "queued")},
         {NULL, EVENT("2", "1", "k0", "cancelled")}, {NULL, NULL});
}

static void what_is_not_kept_is_gone(void **state)
{
    (void)state;
    make_messages(0, 3);
    world_pass(&world, 1000);
    int64_t then = loop_wall_ms(world.loop);
    world_pass(&world, 1000);
    make_messages(3, 1);
    const struct store_purge before = {then, then, then};
    assert_true(store_purge(world.store, &before, STORE_PURGE_STEP) > 0);
    world_settle(&world);
    TALK(
        &client,
        {FOLLOW("{\"from_seq\":5}"), "{\"error\":{\"data\":{\"name\":\"gone\",\"oldest_seq\":7}}}"},
        {FOLLOW("{\"from_seq\":9}"), ERROR("\"f\"", "gone")}, {FOLLOW("{\"from_seq\":6}"), FOLLOWS},
        {NULL, EVENT("7", "6", "k3", "queued")}, {NULL, EVENT("8", "7", "k3", "cancelled")},
        {NULL, NULL}, {FOLLOW("{\"from_seq\":0}"), FOLLOWS},
        {NULL, EVENT("7", "0", "k3", "queued")}, {NULL, EVENT("8", "7", "k3", "cancelled")});
}

/* Who may not operate sees its own alone, and prev_seq is of what it sees. */
static void others_are_filtered_out(void **state)
{
    (void)state;
    struct follower *follower;
    struct client other;
    assert_true(client_open(&other, &world, OTHER));
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    TALK(&other, {SEND("1", "a"), "{\"result\":\"*\"}"});
    TALK(&client, {SEND("2", "b"), "{\"result\":\"*\"}"});
    TALK(&other, {SEND("2", "b"), "{\"result\":\"*\"}"});
    client_say(&client, FOLLOW("{\"from_seq\":0}")); /* at the same place, but sees all */
    follower = events_follow(other.session, TOPIC_MESSAGE, OTHER, 0);
    assert_non_null(follower);
    events_start(follower);
    TALK(&other, {NULL, EVENT("2", "0", "a", "queued")}, {NULL, EVENT("4", "2", "b", "queued")},
         {NULL, NULL});
    client_say(&client, SEND("3", "c"));
    TALK(&other, {NULL, NULL}, {SEND("3", "c"), "{\"result\":\"*\"}"},
         {NULL, EVENT("6", "4", "c", "queued")});
    TALK(&client, {NULL, FOLLOWS}, {NULL, EVENT("1", "0", "a", "queued")},
         {NULL, EVENT("2", "1", "a", "queued")}, {NULL, EVENT("3", "2", "b", "queued")},
         {NULL, EVENT("4", "3", "b", "queued")}, {NULL, "{\"id\":3,\"result\":\"*\"}"},
         {NULL, EVENT("5", "4", "c", "queued")}, {NULL, EVENT("6", "5", "c", "queued")});
    client_close(&other);
}

static void a_second_follow_replaces_the_first(void **state)
{
    (void)state;
    make_messages(0, 1);
    TALK(&client, {FOLLOW("{}"), FOLLOWS},
         {FOLLOW("{\"topics\":[\"modem\"]}"), "{\"result\":{\"topics\":[\"modem\"]}}"});
    make_messages(1, 1);
    TALK(&client, {NULL, NULL},
         {FOLLOW("{\"from_seq\":3,\"topics\":[\"message\"]}"),
          "{\"result\":{\"topics\":[\"message\"]}}"},
         {NULL, EVENT("4", "3", "k1", "cancelled")}, {NULL, NULL});
}

static void alarms_are_listed_and_told(void **state)
{
    struct client monitor;
    (void)state;
    assert_true(client_open(&monitor, &world, STRANGER));
    TALK(&monitor, {REQUEST("1", "alarm.list", "{}"), ERROR("1", "not_allowed")},
         {FOLLOW("{\"topics\":[\"alarm\"]}"), ERROR("\"f\"", "not_allowed")});
    client_close(&monitor);
    TALK(&client, {REQUEST("1", "alarm.list", "{}"), "{\"result\":{\"alarms\":[]}}"},
         {FOLLOW("{\"topics\":[\"alarm\"]}"), "{\"result\":{\"topics\":[\"alarm\"]}}"});
    alarm_raise(gateway_alarms(&world.gateway), "store_failing", "-", "free some space");
    alarm_raise(gateway_alarms(&world.gateway), "store_failing", "-", "free some space");
    TALK(&client,
         {NULL, "{\"params\":{\"topic\":\"alarm\",\"name\":\"store_failing\",\"subject\":\"-\","
                "\"raised\":true,\"severity\":\"critical\",\"sentence\":\"free some space\","
                "\"since\":\"*\",\"at\":\"*\"}}"},
         {NULL, NULL},
         {REQUEST("2", "alarm.list", "{}"),
          "{\"result\":{\"alarms\":[{\"name\":\"store_failing\",\"severity\":\"critical\"}]}}"});
    alarm_clear(gateway_alarms(&world.gateway), "store_failing", "-");
    TALK(&client, {NULL, "{\"params\":{\"name\":\"store_failing\",\"raised\":false}}"},
         {NULL, NULL}, {REQUEST("3", "alarm.list", "{}"), "{\"result\":{\"alarms\":[]}}"});
}

/* For those with the role, who name it. */
static void progress_of_a_lookup(void **state)
{
    (void)state;
    struct registry_news news = {
        .step = REGISTRY_PART, .modem = "m0", .way = "sms", .why = "", .part = 1, .parts = 2};
    TALK(&client, {FOLLOW("{}"), FOLLOWS});
    world.gateway.on_news(world.gateway.on_news_arg, &news);
    TALK(&client, {NULL, NULL},
         {FOLLOW("{\"topics\":[\"subscriber\"]}"), "{\"result\":{\"topics\":[\"subscriber\"]}}"});
    world.gateway.on_news(world.gateway.on_news_arg, &news);
    news = (struct registry_news){
        .step = REGISTRY_GAVE_UP, .modem = "m0", .way = "sms", .why = "no answer"};
    world.gateway.on_news(world.gateway.on_news_arg, &news);
    TALK(&client,
         {NULL, "{\"method\":\"event\",\"params\":{\"topic\":\"subscriber\",\"modem\":\"m0\","
                "\"step\":\"part\",\"way\":\"sms\",\"part\":1,\"parts\":2,\"at\":\"*\"}}"},
         {NULL, "{\"params\":{\"topic\":\"subscriber\",\"step\":\"gave_up\","
                "\"why\":\"no answer\"}}"});
    struct client stranger;
    assert_true(client_open(&stranger, &world, STRANGER));
    TALK(&stranger, {FOLLOW("{\"topics\":[\"subscriber\"]}"),
                     "{\"error\":{\"data\":{\"name\":\"not_allowed\",\"role\":\"subscriber\"}}}"});
    client_close(&stranger);
}

static void modem_events_have_no_seq(void **state)
{
    (void)state;
    world.gateway.modem = (struct modem_view){.name = "viettel-1",
                                              .port = "p",
                                              .driver = "at",
                                              .why = "registered",
                                              .state = LINK_READY,
                                              .since_wall_ms = 1763780000000,
                                              .last_error = ""};
    TALK(&client, {FOLLOW("{}"), FOLLOWS});
    world.gateway.on_modem(world.gateway.on_modem_arg, &world.gateway.modem);
    TALK(&client,
         {NULL, "{\"params\":{\"topic\":\"modem\",\"name\":\"viettel-1\",\"state\":\"ready\","
                "\"why\":\"registered\",\"at\":\"2025-11-22T02:53:20.000Z\"}}"});
    TALK(&client, {FOLLOW("{\"topics\":[\"message\"]}"), "{\"result\":\"*\"}"});
    world.gateway.on_modem(world.gateway.on_modem_arg, &world.gateway.modem);
    TALK(&client, {NULL, NULL});
}

/* What is not kept waits for nobody: who does not read misses it, and is not cut for that. */
static void who_is_behind_misses_modem_events(void **state)
{
    (void)state;
    world.gateway.modem =
        (struct modem_view){.name = "m", .port = "p", .driver = "at", .why = "", .last_error = ""};
    TALK(&client, {FOLLOW("{\"topics\":[\"modem\"]}"), "{\"result\":\"*\"}"});
    stream_pipe_hold(client.session->stream, 1);
    for (int i = 0; i < 2000; i++) {
        world.gateway.on_modem(world.gateway.on_modem_arg, &world.gateway.modem);
        world_settle(&world);
        assert_false(client.gone);
    }
    assert_in_range(session_unsent(client.session), 1, 34 * 1024); /* half of what it may */
    world_pass(&world, 20000);
    stream_pipe_hold(client.session->stream, 0);
    world_settle(&world);
    size_t heard = client_lines(&client);
    assert_in_range(heard, 1, 1999);
    world.gateway.on_modem(world.gateway.on_modem_arg, &world.gateway.modem);
    world_settle(&world);
    assert_int_equal(client_lines(&client), heard + 1);
}

#define INBOX_EVENT(seq, prev)                                                                     \
    "{\"method\":\"event\",\"params\":{\"topic\":\"inbox\",\"seq\":" seq ",\"prev_seq\":" prev     \
    ",\"id\":\"*\",\"modem\":\"viettel-1\",\"parts\":1,\"at\":\"*\"}}"

static void receive(const char *from)
{
    struct inbox inbox = {.class_ = -1};
    snprintf(inbox.from, sizeof inbox.from, "%s", from);
    world_receive(&world, &inbox, "Ma xac nhan 727272");
    world_settle(&world);
}

/* Only to those who name it, and without what it says and who wrote it. */
static void the_inbox_is_told_to_who_names_it(void **state)
{
    (void)state;
    struct client other;
    assert_true(client_open(&other, &world, OTHER));
    TALK(&other, {FOLLOW("{}"), FOLLOWS});
    TALK(&client, {FOLLOW("{\"topics\":[\"inbox\",\"modem\"]}"),
                   "{\"result\":{\"topics\":[\"modem\",\"inbox\"],\"newest_seq\":0}}"});
    receive("+84912345678");
    client_say(&client, SEND("1", "a"));
    world_settle(&world);
    const char *line = client_line(&client);
    assert_non_null(strstr(line, "\"inbox\""));
    assert_null(strstr(line, "727272"));
    assert_null(strstr(line, "345678"));
    assert_null(strstr(line, "091*"));
    TALK(&client, {NULL, "{\"id\":1,\"result\":\"*\"}"}, {NULL, NULL});
    receive("1414");
    TALK(&client, {NULL, INBOX_EVENT("3", "1")}, {NULL, NULL});
    TALK(&other, {NULL, EVENT("2", "0", "a", "queued")}, {NULL, NULL});
    client_close(&other);
}

/* One sequence: prev_seq is of what the follower follows, from wherever it starts, also where a
 * whole page of the disk holds nothing for it. */
static void inbox_and_messages_share_a_sequence(void **state)
{
    (void)state;
    char want[256];
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"}); /* 1 */
    for (int i = 0; i < 100; i++)
        receive("1414");                                   /* 2 to 101 */
    TALK(&client, {SEND("2", "b"), "{\"result\":\"*\"}"}); /* 102 */
    receive("1414");                                       /* 103 */
    TALK(&client, {FOLLOW("{\"from_seq\":1}"), FOLLOWS}, {NULL, EVENT("102", "1", "b", "queued")},
         {NULL, NULL}, {FOLLOW("{\"from_seq\":50,\"topics\":[\"message\"]}"), "{\"result\":\"*\"}"},
         {NULL, EVENT("102", "1", "b", "queued")}, {NULL, NULL},
         {FOLLOW("{\"from_seq\":101,\"topics\":[\"inbox\"]}"), "{\"result\":\"*\"}"},
         {NULL, INBOX_EVENT("103", "101")}, {NULL, NULL},
         {FOLLOW("{\"from_seq\":0,\"topics\":[\"message\",\"inbox\"]}"),
          "{\"result\":{\"topics\":[\"message\",\"inbox\"]}}"},
         {NULL, EVENT("1", "0", "a", "queued")});
    for (int seq = 2; seq <= 101; seq++) {
        snprintf(want, sizeof want, INBOX_EVENT("%d", "%d"), seq, seq - 1);
        TALK(&client, {NULL, want});
    }
    TALK(&client, {NULL, EVENT("102", "101", "b", "queued")}, {NULL, INBOX_EVENT("103", "102")},
         {NULL, NULL});
}

/* Two at the same place that follow different things do not get each other's page. */
static void a_page_is_of_its_topics(void **state)
{
    (void)state;
    struct client other;
    assert_true(client_open(&other, &world, 0));
    TALK(&client, {FOLLOW("{\"topics\":[\"inbox\"]}"), "{\"result\":\"*\"}"});
    TALK(&other, {FOLLOW("{\"topics\":[\"message\"]}"), "{\"result\":\"*\"}"});
    for (int i = 0; i < 3; i++)
        receive("1414");
    TALK(&client, {SEND("1", "a"), INBOX_EVENT("1", "0")}, {NULL, INBOX_EVENT("2", "1")},
         {NULL, INBOX_EVENT("3", "2")}, {NULL, "{\"id\":1,\"result\":\"*\"}"}, {NULL, NULL});
    TALK(&other, {NULL, EVENT("4", "0", "a", "queued")}, {NULL, NULL});
    client_close(&other);
}

#define OTP_EVENT(seq, prev, state)                                                                \
    "{\"method\":\"event\",\"params\":{\"topic\":\"otp\",\"seq\":" seq ",\"prev_seq\":" prev       \
    ",\"id\":\"*\",\"state\":\"" state "\",\"purpose\":\"register\",\"to_masked\":\"091**678\","   \
    "\"at\":\"*\"}}"

/* A verification of this uid, started and approved: two events. */
static void verify(uint32_t uid)
{
    struct otp_row otp = {.uid = uid, .purpose = "register", .to = "+84912345678", .length = 6};
    store_random(otp.id, sizeof otp.id);
    memcpy(otp.tuple, otp.id, sizeof otp.tuple);
    assert_int_equal(store_begin(world.store), 0);
    assert_int_equal(store_otp_insert(world.store, &otp), 0);
    otp.state = OTP_APPROVED;
    otp.ended_wall_ms = loop_wall_ms(world.loop);
    assert_int_equal(store_otp_update(world.store, &otp, OTP_NEWS_APPROVED, 0), 0);
    assert_int_equal(store_end(world.store, true), 0);
    world_settle(&world);
}

/* Only to those who name them, in the sequence of the messages; prev_seq is of what one follows. */
static void verifications_are_told_to_who_names_them(void **state)
{
    (void)state;
    TALK(&client, {FOLLOW("{}"), FOLLOWS});
    verify(1000);                                          /* 1, 2 */
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"}); /* 3 */
    receive("1414");                                       /* 4 */
    verify(1001);                                          /* 5, 6 */
    TALK(&client, {NULL, EVENT("3", "0", "a", "queued")}, {NULL, NULL},
         {FOLLOW("{\"from_seq\":4,\"topics\":[\"otp\"]}"),
          "{\"result\":{\"topics\":[\"otp\"],\"newest_seq\":6}}"},
         {NULL, OTP_EVENT("5", "2", "started")}, {NULL, OTP_EVENT("6", "5", "approved")},
         {NULL, NULL},
         {FOLLOW("{\"from_seq\":4,\"topics\":[\"otp\",\"message\"]}"),
          "{\"result\":{\"topics\":[\"message\",\"otp\"]}}"},
         {NULL, OTP_EVENT("5", "3", "started")}, {NULL, OTP_EVENT("6", "5", "approved")},
         {NULL, NULL},
         {FOLLOW("{\"from_seq\":4,\"topics\":[\"otp\",\"message\",\"inbox\"]}"),
          "{\"result\":\"*\"}"},
         {NULL, OTP_EVENT("5", "4", "started")}, {NULL, OTP_EVENT("6", "5", "approved")});
}

/* Who may not operate sees its own. */
static void verifications_of_others_are_not_told(void **state)
{
    (void)state;
    struct client other;
    struct follower *follower;
    assert_true(client_open(&other, &world, OTHER));
    verify(OTHER);                                        /* 1, 2 */
    verify(1000);                                         /* 3, 4 */
    TALK(&other, {SEND("1", "a"), "{\"result\":\"*\"}"}); /* 5 */
    verify(OTHER);                                        /* 6, 7 */
    follower = events_follow(other.session, TOPIC_OTP, OTHER, 2);
    assert_non_null(follower);
    events_start(follower);
    TALK(&other, {NULL, OTP_EVENT("6", "2", "started")}, {NULL, OTP_EVENT("7", "6", "approved")},
         {NULL, NULL});
    follower = events_follow(other.session, TOPIC_OTP | TOPIC_MESSAGE, OTHER, 5);
    assert_non_null(follower);
    events_start(follower);
    TALK(&other, {NULL, OTP_EVENT("6", "5", "started")}, {NULL, OTP_EVENT("7", "6", "approved")},
         {NULL, NULL});
    client_close(&other);
    assert_true(client_open(&other, &world, STRANGER));
    TALK(&other, {FOLLOW("{\"topics\":[\"otp\"]}"),
                  "{\"error\":{\"data\":{\"name\":\"not_allowed\",\"role\":\"verify\"}}}"});
    client_close(&other);
}

static void an_event_tells_modem_and_part(void **state)
{
    (void)state;
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"}, {FOLLOW("{}"), FOLLOWS});
    world_message_goto(&world, "a", MESSAGE_CLAIMED);
    world_message_goto(&world, "a", MESSAGE_SENDING);
    world_message_goto(&world, "a", MESSAGE_SENT);
    TALK(&client, {NULL, EVENT("2", "1", "a", "sending")},
         {NULL, "{\"params\":{\"seq\":3,\"state\":\"sent\",\"modem\":\"viettel-1\",\"part\":1,"
                "\"parts\":1}}"});
}

/* A long answer of the same commit takes all the room: the event comes when it has left. */
static void an_event_behind_a_long_answer_comes(void **state)
{
    (void)state;
    TALK(&client, {FOLLOW("{}"), FOLLOWS});
    client_say(&client, SEND("1", "a"));
    client_say(&client, REQUEST("2", "rpc.discover", "{}"));
    TALK(&client, {NULL, "{\"id\":1,\"result\":\"*\"}"}, {NULL, "{\"id\":2,\"result\":\"*\"}"},
         {NULL, EVENT("1", "0", "a", "queued")});
}

/* A follower that is behind costs no memory; it goes on where it was. */
static void a_slow_reader_gets_all_of_it(void **state)
{
    (void)state;
    enum { MESSAGES = 600 };
    make_messages(0, MESSAGES);
    TALK(&client, {FOLLOW("{\"from_seq\":0}"), FOLLOWS});
    client_close(&client);
    world_settle(&world);
    assert_true(client_open(&client, &world, 0));
    stream_pipe_hold(client.session->stream, 1);
    client_say(&client, FOLLOW("{\"from_seq\":0}"));
    size_t most = 0;
    for (int i = 0; i < 400; i++) {
        world_pass(&world, 500);
        assert_false(client.gone);
        size_t unsent = session_unsent(client.session);
        most = unsent > most ? unsent : most;
        stream_pipe_hold(client.session->stream, 0);
        stream_pipe_hold(client.session->stream, 1);
    }
    assert_true(most > 16 * 1024 && most <= 48 * 1024);
    stream_pipe_hold(client.session->stream, 0);
    world_settle(&world);
    assert_int_equal(client_lines(&client), 1 + 2 * MESSAGES);
}

static void a_follower_that_does_not_read_is_cut(void **state)
{
    (void)state;
    make_messages(0, 600);
    stream_pipe_hold(client.session->stream, 1);
    client_say(&client, FOLLOW("{\"from_seq\":0}"));
    world_pass(&world, 29000);
    assert_false(client.gone);
    world_pass(&world, 2000);
    assert_true(client.gone);
    assert_null(world.front->events.first);
}

/* --- a dialogue --- */

#define TRACE_FOLLOWS "{\"id\":\"f\",\"result\":{\"topics\":[\"trace\"]}}"
#define LINE_EVENT(number)                                                                         \
    "{\"method\":\"event\",\"params\":{\"topic\":\"trace\",\"modem\":\"m0\",\"number\":" number    \
    ",\"at\":\"1.000000000\",\"way\":\"<\",\"text\":\"OK\"}}"

static void say_lines(int count, const char *modem)
{
    world.gateway.traced += count;
    world.gateway.on_trace(world.gateway.on_trace_arg, modem);
    world_settle(&world);
}

static void a_dialogue_is_followed(void **state)
{
    (void)state;
    world.gateway.modem = (struct modem_view){.name = "m0"};
    TALK(&client, {FOLLOW("{\"topics\":[\"trace\"],\"modem\":\"m0\"}"), TRACE_FOLLOWS},
         {NULL, LINE_EVENT("7")}, {NULL, LINE_EVENT("8")}, {NULL, LINE_EVENT("9")}, {NULL, NULL});
    say_lines(2, "m0");
    TALK(&client, {NULL, LINE_EVENT("10")}, {NULL, LINE_EVENT("11")}, {NULL, NULL});
    say_lines(1, "m1"); /* somebody else's: the fake has the same lines, and nobody looks */
    TALK(&client, {NULL, NULL});
    TALK(&client,
         {FOLLOW("{\"topics\":[\"trace\"],\"modem\":\"m0\",\"from_line\":12}"), TRACE_FOLLOWS},
         {NULL, LINE_EVENT("12")}, {NULL, NULL});
    say_lines(-5, "m0"); /* another recorder: from its first line on */
    TALK(&client, {NULL, LINE_EVENT("7")}, {NULL, NULL});
}

static void a_dialogue_is_asked_for_whole_and_by_who_may(void **state)
{
    (void)state;
    world.gateway.modem = (struct modem_view){.name = "m0"};
    TALK(&client, {FOLLOW("{\"topics\":[\"trace\"]}"), ERROR("\"f\"", "invalid_params")},
         {FOLLOW("{\"modem\":\"m0\"}"), ERROR("\"f\"", "invalid_params")},
         {FOLLOW("{\"from_line\":1}"), ERROR("\"f\"", "invalid_params")},
         {FOLLOW("{\"topics\":[\"trace\"],\"modem\":\"none\"}"), ERROR("\"f\"", "not_found")});
    struct client stranger;
    assert_true(client_open(&stranger, &world, STRANGER));
    TALK(&stranger,
         {FOLLOW("{\"topics\":[\"trace\"],\"modem\":\"m0\"}"), ERROR("\"f\"", "not_allowed")});
    client_close(&stranger);
}

/* As with messages: a slow one costs no memory and loses nothing that is kept; a stuck one goes. */
static void a_slow_reader_of_a_dialogue(void **state)
{
    (void)state;
    enum { SAID = 2000 };
    world.gateway.modem = (struct modem_view){.name = "m0"};
    TALK(&client,
         {FOLLOW("{\"topics\":[\"trace\"],\"modem\":\"m0\",\"from_line\":10}"), TRACE_FOLLOWS});
    stream_pipe_hold(client.session->stream, 1);
    say_lines(SAID, "m0");
    size_t unsent = session_unsent(client.session);
    assert_true(unsent > 16 * 1024 && unsent <= 48 * 1024);
    for (int i = 0; i < 40; i++) {
        world_pass(&world, 500);
        stream_pipe_hold(client.session->stream, 0);
        stream_pipe_hold(client.session->stream, 1);
    }
    stream_pipe_hold(client.session->stream, 0);
    world_settle(&world);
    assert_int_equal(client_lines(&client), SAID);
    stream_pipe_hold(client.session->stream, 1);
    say_lines(SAID, "m0");
    world_pass(&world, 31000);
    assert_true(client.gone);
    assert_null(world.front->events.first);
}

/* Nothing is looked at again while everybody has read everything. */
static void an_idle_follower_costs_nothing(void **state)
{
    (void)state;
    make_messages(0, 50);
    TALK(&client, {FOLLOW("{\"from_seq\":0}"), FOLLOWS});
    world_pass(&world, 1000);
    assert_int_equal(client_lines(&client), 100);
    assert_false(loop_timer_armed(&world.front->events.again));
    assert_int_equal(loop_sim_run_until(world.loop, loop_now_ms(world.loop) + 50000), 0);
}

static void file_size_limit(rlim_t most)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void let_the_commit_fail(void *arg)
{
    (void)arg;
    file_size_limit(0);
}

/* Its answer is an error then: nothing follows it. */
static void nothing_is_followed_whose_answer_has_failed(void **state)
{
    (void)state;
    char dir[] = "/tmp/otpgate-follow-XXXXXX";
    char command[64];
    signal(SIGXFSZ, SIG_IGN);
    assert_non_null(mkdtemp(dir));
    client_close(&client);
    world_settle(&world);
    world_close(&world);
    world_open(&world, dir);
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {SEND("1", "a"), "{\"result\":\"*\"}"});
    world.gateway.before_commit = let_the_commit_fail;
    client_say(&client, SEND("2", "b"));
    client_say(&client, FOLLOW("{}"));
    TALK(&client, {NULL, ERROR("2", "store_failed")}, {NULL, ERROR("\"f\"", "store_failed")});
    file_size_limit(RLIM_INFINITY);
    world.gateway.before_commit = NULL;
    TALK(&client, {SEND("3", "c"), "{\"id\":3,\"result\":\"*\"}"}, {NULL, NULL},
         {FOLLOW("{}"), FOLLOWS}, {NULL, NULL});
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static void following_goes_on_after_a_restart(void **state)
{
    (void)state;
    char dir[] = "/tmp/otpgate-follow-XXXXXX";
    char command[64];
    assert_non_null(mkdtemp(dir));
    client_close(&client);
    world_settle(&world);
    world_close(&world);
    world_open(&world, dir);
    make_messages(0, 2);
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {FOLLOW("{\"from_seq\":2}"), FOLLOWS}, {NULL, EVENT("3", "2", "k1", "queued")});
    client_close(&client);
    world_settle(&world);
    world_restart(&world);
    make_messages(2, 1);
    assert_true(client_open(&client, &world, 0));
    TALK(&client, {FOLLOW("{\"from_seq\":3}"), FOLLOWS}, {NULL, EVENT("4", "3", "k1", "cancelled")},
         {NULL, EVENT("5", "4", "k2", "queued")}, {NULL, EVENT("6", "5", "k2", "cancelled")},
         {NULL, NULL});
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_new_comes_after_the_answer),
        TEST(an_event_of_the_same_turn_is_not_missed),
        TEST(history_waits_for_the_answer),
        TEST(history_comes_first_and_without_a_gap),
        TEST(nought_is_everything_that_is_kept),
        TEST(what_is_not_kept_is_gone),
        TEST(others_are_filtered_out),
        TEST(a_second_follow_replaces_the_first),
        TEST(modem_events_have_no_seq),
        TEST(who_is_behind_misses_modem_events),
        TEST(progress_of_a_lookup),
        TEST(alarms_are_listed_and_told),
        TEST(the_inbox_is_told_to_who_names_it),
        TEST(inbox_and_messages_share_a_sequence),
        TEST(a_page_is_of_its_topics),
        TEST(verifications_are_told_to_who_names_them),
        TEST(verifications_of_others_are_not_told),
        TEST(an_event_tells_modem_and_part),
        TEST(an_event_behind_a_long_answer_comes),
        TEST(a_slow_reader_gets_all_of_it),
        TEST(a_follower_that_does_not_read_is_cut),
        TEST(a_dialogue_is_followed),
        TEST(a_dialogue_is_asked_for_whole_and_by_who_may),
        TEST(a_slow_reader_of_a_dialogue),
        TEST(an_idle_follower_costs_nothing),
        TEST(nothing_is_followed_whose_answer_has_failed),
        TEST(following_goes_on_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
