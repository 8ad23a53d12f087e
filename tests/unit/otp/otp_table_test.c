/* Every state of a verification, every event, and what it answers, does and leaves: on a virtual
 * clock, with the real gateway and store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "otp_rig.h"

/* What is done to a verification, one letter each: how a state is reached, and the event. */
enum deed { D_RIGHT, D_WRONG, D_FORMER, D_LAST, D_RESEND, D_CANCEL, D_TIME, D_START };

struct row {
    enum otp_state from;
    enum deed deed;
    const char *says; /* a result, "refused:NAME", or "" */
    enum otp_state to;
    int sends, checks; /* afterwards */
    const char *tells; /* its events, see told() */
};

/* Sends and checks beforehand are in reach(). */
static const struct row rows[] = {
    {OTP_PENDING, D_RIGHT, "approved", OTP_APPROVED, 1, 1, "approved "},
    {OTP_PENDING, D_WRONG, "wrong", OTP_PENDING, 1, 1, "wrong/4 "},
    {OTP_PENDING, D_FORMER, "superseded", OTP_PENDING, 2, 1, "superseded/4 "},
    {OTP_PENDING, D_LAST, "exhausted", OTP_EXHAUSTED, 1, 5, "exhausted "},
    {OTP_PENDING, D_RESEND, "", OTP_PENDING, 2, 0, "resent "},
    {OTP_PENDING, D_START, "", OTP_PENDING, 2, 0, "resent "},
    {OTP_PENDING, D_CANCEL, "", OTP_CANCELLED, 1, 0, "cancelled "},
    {OTP_PENDING, D_TIME, "", OTP_EXPIRED, 1, 0, "expired "},

    {OTP_APPROVED, D_RIGHT, "already_used", OTP_APPROVED, 1, 1, ""},
    {OTP_APPROVED, D_WRONG, "already_used", OTP_APPROVED, 1, 1, ""},
    {OTP_APPROVED, D_RESEND, "refused:too_late", OTP_APPROVED, 1, 1, ""},
    {OTP_APPROVED, D_CANCEL, "refused:too_late", OTP_APPROVED, 1, 1, ""},
    {OTP_APPROVED, D_TIME, "", OTP_APPROVED, 1, 1, ""},
    {OTP_APPROVED, D_START, "new", OTP_APPROVED, 1, 1, "started "},

    {OTP_EXHAUSTED, D_RIGHT, "exhausted", OTP_EXHAUSTED, 1, 5, ""},
    {OTP_EXHAUSTED, D_WRONG, "exhausted", OTP_EXHAUSTED, 1, 5, ""},
    {OTP_EXHAUSTED, D_RESEND, "refused:too_late", OTP_EXHAUSTED, 1, 5, ""},
    {OTP_EXHAUSTED, D_CANCEL, "refused:too_late", OTP_EXHAUSTED, 1, 5, ""},
    {OTP_EXHAUSTED, D_TIME, "", OTP_EXHAUSTED, 1, 5, ""},
    {OTP_EXHAUSTED, D_START, "new", OTP_EXHAUSTED, 1, 5, "started "},

    {OTP_EXPIRED, D_RIGHT, "expired", OTP_EXPIRED, 1, 0, ""},
    {OTP_EXPIRED, D_WRONG, "expired", OTP_EXPIRED, 1, 0, ""},
    {OTP_EXPIRED, D_RESEND, "refused:too_late", OTP_EXPIRED, 1, 0, ""},
    {OTP_EXPIRED, D_CANCEL, "refused:too_late", OTP_EXPIRED, 1, 0, ""},
    {OTP_EXPIRED, D_START, "new", OTP_EXPIRED, 1, 0, "started "},

    {OTP_CANCELLED, D_RIGHT, "cancelled", OTP_CANCELLED, 1, 0, ""},
    {OTP_CANCELLED, D_WRONG, "cancelled", OTP_CANCELLED, 1, 0, ""},
    {OTP_CANCELLED, D_RESEND, "refused:too_late", OTP_CANCELLED, 1, 0, ""},
    {OTP_CANCELLED, D_CANCEL, "", OTP_CANCELLED, 1, 0, ""},
    {OTP_CANCELLED, D_TIME, "", OTP_CANCELLED, 1, 0, ""},
    {OTP_CANCELLED, D_START, "new", OTP_CANCELLED, 1, 0, "started "},
};

struct scene {
    struct otp_rig *rig;
    struct otp_start start;
    struct otp_standing first;
    char code[OTP_DIGITS + 1], other[OTP_DIGITS + 1];
};

/* The events of verifications after *seq, which goes on: "wrong/4 approved ". */
static void told(struct otp_rig *rig, int64_t *seq, char out[120])
{
    static const char *const names[] = {
        [OTP_NEWS_STARTED] = "started",     [OTP_NEWS_APPROVED] = "approved",
        [OTP_NEWS_EXHAUSTED] = "exhausted", [OTP_NEWS_EXPIRED] = "expired",
        [OTP_NEWS_CANCELLED] = "cancelled", [OTP_NEWS_RESENT] = "resent",
        [OTP_NEWS_WRONG] = "wrong",         [OTP_NEWS_SUPERSEDED] = "superseded",
    };
    struct event events[64];
    size_t len = 0;
    int count = store_events_after(rig->world->store, *seq, UINT32_MAX, events, 64);

    assert_in_range(count, 0, 63);
    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        const struct event *e = &events[i];
        *seq = e->seq;
        if (e->topic != EVENT_OTP)
            continue;
        assert_string_equal(e->to_masked, "091**678");
        assert_string_equal(e->purpose, rig->purpose.name);
        assert_string_equal(e->key, "");
        len += (size_t)snprintf(out + len, 120 - len, "%s", names[e->news]);
        if (e->checks_left > 0)
            len += (size_t)snprintf(out + len, 120 - len, "/%d", e->checks_left);
        len += (size_t)snprintf(out + len, 120 - len, " ");
    }
}

static void wrong_checks(struct scene *s, int count)
{
    struct otp_checked checked;

    for (int i = 0; i < count; i++) {
        assert_true(otp_rig_check(s->rig, s->first.row.id, s->other, NULL, &checked));
        otp_rig_pass(s->rig, 1000);
    }
}

static void reach(struct scene *s, const struct row *row)
{
    struct otp_checked checked;
    struct otp_standing again;

    s->rig->purpose.resend_code = row->deed == D_FORMER ? PURPOSE_NEW_CODE : PURPOSE_SAME_CODE;
    s->start = otp_rig_asked(s->rig);
    assert_true(otp_rig_start(s->rig, &s->start, &s->first));
    otp_rig_code(s->rig, &s->first.row, 1, s->code);
    otp_rig_other(s->code, s->other);
    switch (row->from) {
    case OTP_PENDING:
        if (row->deed == D_LAST)
            wrong_checks(s, 4);
        if (row->deed == D_FORMER || row->deed == D_RESEND || row->deed == D_START)
            otp_rig_pass(s->rig, 30000);
        if (row->deed == D_FORMER)
            assert_true(otp_rig_resend(s->rig, s->first.row.id, &again));
        break;
    case OTP_APPROVED:
        assert_true(otp_rig_check(s->rig, s->first.row.id, s->code, NULL, &checked));
        break;
    case OTP_EXHAUSTED:
        wrong_checks(s, 5);
        otp_rig_pass(s->rig, 30000);
        break;
    case OTP_EXPIRED:
        otp_rig_pass(s->rig, 300000);
        break;
    case OTP_CANCELLED:
        assert_true(otp_rig_cancel(s->rig, s->first.row.id));
        otp_rig_pass(s->rig, 30000);
        break;
    }
}

static void act(struct scene *s, enum deed deed, char says[64])
{
    struct otp_checked checked;
    struct otp_standing again = {0};
    bool done = true, check = false;

    switch (deed) {
    case D_RIGHT:
    case D_FORMER:
        check = done = otp_rig_check(s->rig, s->first.row.id, s->code, NULL, &checked);
        break;
    case D_WRONG:
    case D_LAST:
        check = done = otp_rig_check(s->rig, s->first.row.id, s->other, NULL, &checked);
        break;
    case D_RESEND:
        done = otp_rig_resend(s->rig, s->first.row.id, &again);
        break;
    case D_CANCEL:
        done = otp_rig_cancel(s->rig, s->first.row.id);
        break;
    case D_TIME:
        otp_rig_pass(s->rig, 300000);
        break;
    case D_START:
        otp_rig_key(s->rig, &s->start);
        done = otp_rig_start(s->rig, &s->start, &again);
        break;
    }
    if (!done)
        snprintf(says, 64, "refused:%s", s->rig->refusal.name);
    else if (check)
        snprintf(says, 64, "%s", otp_result_name(checked.result));
    else
        snprintf(says, 64, "%s", again.row.row && again.row.row != s->first.row.row ? "new" : "");
}

static void every_state_and_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *fresh = NULL;
        assert_int_equal(otp_rig_setup(&fresh), 0);
        struct scene scene = {.rig = fresh};
        char says[64], tells[120];
        int64_t seq = 0;
        reach(&scene, &rows[i]);
        told(scene.rig, &seq, tells);
        assert_memory_equal(tells, "started ", 8);
        assert_string_equal(otp_state_name(otp_rig_row(scene.rig, scene.first.row.id).state),
                            otp_state_name(rows[i].from));
        act(&scene, rows[i].deed, says);
        struct otp_row after = otp_rig_row(scene.rig, scene.first.row.id);
        if (strcmp(says, rows[i].says) != 0 || after.state != rows[i].to ||
            after.sends != rows[i].sends || after.checks != rows[i].checks)
            fail_msg("row %zu: says \"%s\" and is %s with %u sends, %u checks", i, says,
                     otp_state_name(after.state), after.sends, after.checks);
        assert_true((after.state == OTP_PENDING) == (after.ended_wall_ms == 0));
        told(scene.rig, &seq, tells);
        if (strcmp(tells, rows[i].tells) != 0)
            fail_msg("row %zu tells \"%s\"", i, tells);
        assert_int_equal(otp_rig_teardown(&fresh), 0);
    }
}

/* The const table has an answer everywhere, and an end is an end. */
static void the_table_is_whole(void **state)
{
    (void)state;
    for (int s = 0; s < OTP_STATES; s++)
        for (int e = 0; e < OTP_EVENTS; e++) {
            struct otp_step step = otp_step((enum otp_state)s, (enum otp_event)e);
            if (s != OTP_PENDING) {
                assert_int_equal(step.next, s);
                assert_int_not_equal(step.answer, OTP_SAYS_APPROVED);
            }
            if (step.answer == OTP_SAYS_APPROVED)
                assert_true(s == OTP_PENDING && e == OTP_RIGHT && step.next == OTP_APPROVED);
        }
}

static void two_right_checks_race(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing first;
    struct otp_checked a, b;
    char code[OTP_DIGITS + 1];

    assert_true(otp_rig_start(rig, &start, &first));
    otp_rig_code(rig, &first.row, 1, code);
    /* in one transaction, before any of it is on disk */
    assert_int_equal(store_begin(rig->world->store), 0);
    assert_int_equal(otp_check(rig->otp, 1000, first.row.id, code, NULL, &a, &rig->refusal), 0);
    assert_int_equal(store_end(rig->world->store, true), 0);
    assert_int_equal(store_begin(rig->world->store), 0);
    assert_int_equal(otp_check(rig->otp, 1000, first.row.id, code, NULL, &b, &rig->refusal), 0);
    assert_int_equal(store_end(rig->world->store, true), 0);
    assert_int_equal(a.result, OTP_SAYS_APPROVED);
    assert_int_equal(b.result, OTP_SAYS_ALREADY_USED);
}

static void a_key_gets_the_same_answer(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig), other;
    struct otp_standing first, again;
    struct otp_checked checked;
    char code[OTP_DIGITS + 1], wrong[OTP_DIGITS + 1], spaced[OTP_DIGITS + 4];

    assert_true(otp_rig_start(rig, &start, &first));
    otp_rig_code(rig, &first.row, 1, code);
    otp_rig_other(code, wrong);
    assert_true(otp_rig_start(rig, &start, &again));
    assert_true(again.duplicate);
    assert_int_equal(again.row.row, first.row.row);
    assert_int_equal(again.row.sends, 1);
    other = start;
    other.to = "0987654321";
    assert_false(otp_rig_start(rig, &other, &again));
    assert_true(otp_rig_refused(rig, "conflict"));

    assert_true(otp_rig_check(rig, first.row.id, wrong, "c1", &checked));
    assert_int_equal(checked.result, OTP_SAYS_WRONG);
    assert_int_equal(checked.attempts_left, 4);
    assert_true(otp_rig_check(rig, first.row.id, wrong, "c1", &checked)); /* at once */
    assert_int_equal(checked.attempts_left, 4);
    assert_false(otp_rig_check(rig, first.row.id, code, "c1", &checked));
    assert_true(otp_rig_refused(rig, "conflict"));
    assert_false(otp_rig_check(rig, first.row.id, code, "c2", &checked));
    assert_true(otp_rig_refused(rig, "rate_limited"));
    assert_int_equal(rig->refusal.retry_after_s, 1);
    otp_rig_pass(rig, 1000);
    assert_int_equal(otp_rig_row(rig, first.row.id).checks, 1);
    snprintf(spaced, sizeof spaced, "%.3s %s", code, code + 3);
    assert_true(otp_rig_check(rig, first.row.id, spaced, "c2", &checked));
    assert_int_equal(checked.result, OTP_SAYS_APPROVED);
    /* the answer was lost: the citizen is not refused for it */
    assert_true(otp_rig_check(rig, first.row.id, code, "c2", &checked));
    assert_int_equal(checked.result, OTP_SAYS_APPROVED);
    assert_true(otp_rig_check(rig, first.row.id, code, "c3", &checked));
    assert_int_equal(checked.result, OTP_SAYS_ALREADY_USED);
}

/* What changes nothing is no news: repeated, refused, of somebody else, too soon. */
static void each_change_is_told_once(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig), other;
    struct otp_standing first, again;
    struct otp_checked checked;
    char code[OTP_DIGITS + 1], wrong[OTP_DIGITS + 1], tells[120];
    int64_t seq = 0;

    assert_true(otp_rig_start(rig, &start, &first));
    otp_rig_code(rig, &first.row, 1, code);
    otp_rig_other(code, wrong);
    told(rig, &seq, tells);
    assert_string_equal(tells, "started ");
    assert_true(otp_rig_start(rig, &start, &again)); /* its key */
    other = start;
    other.to = "0987654321";
    assert_false(otp_rig_start(rig, &other, &again));
    otp_rig_key(rig, &start);
    assert_false(otp_rig_start(rig, &start, &again)); /* too soon */
    assert_false(otp_rig_resend(rig, first.row.id, &again));
    told(rig, &seq, tells);
    assert_string_equal(tells, "");
    assert_true(otp_rig_check(rig, first.row.id, wrong, "c1", &checked));
    assert_true(otp_rig_check(rig, first.row.id, wrong, "c1", &checked));
    assert_false(otp_rig_check(rig, first.row.id, code, "c1", &checked));
    assert_false(otp_rig_check(rig, first.row.id, code, NULL, &checked)); /* too soon */
    assert_int_equal(otp_check(rig->otp, 1001, first.row.id, code, NULL, &checked, &rig->refusal),
                     -1);
    told(rig, &seq, tells);
    assert_string_equal(tells, "wrong/4 ");
    otp_rig_pass(rig, 300000);
    told(rig, &seq, tells);
    assert_string_equal(tells, "expired ");
    assert_true(otp_rig_check(rig, first.row.id, code, NULL, &checked));
    otp_rig_pass(rig, 300000);
    told(rig, &seq, tells);
    assert_string_equal(tells, "");
    assert_true(otp_rig_start(rig, &start, &first)); /* the key of the refused call is free */
    assert_true(otp_rig_cancel(rig, first.row.id));
    assert_true(otp_rig_cancel(rig, first.row.id));
    told(rig, &seq, tells);
    assert_string_equal(tells, "started cancelled ");
}

static void others_see_nothing(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing first, out;
    struct otp_checked checked;

    assert_true(otp_rig_start(rig, &start, &first));
    assert_int_equal(
        otp_check(rig->otp, 1001, first.row.id, "123456", NULL, &checked, &rig->refusal), -1);
    assert_true(otp_rig_refused(rig, "not_found"));
    assert_int_equal(otp_resend(rig->otp, 1001, first.row.id, NULL, &out, &rig->refusal), -1);
    assert_true(otp_rig_refused(rig, "not_found"));
    /* the same number, purpose and subject of another client is another verification */
    start.uid = 1001;
    assert_true(otp_rig_start(rig, &start, &out));
    assert_int_not_equal(out.row.row, first.row.row);
}

/* The text is what the handset shows; the resend says what is left, and carries the same code. */
static void same_code_and_new_code(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing first, again;
    char code[OTP_DIGITS + 1], second[OTP_DIGITS + 1];
    struct otp_checked checked;

    assert_true(otp_rig_start(rig, &start, &first));
    assert_int_equal(first.resend_after_s, 30);
    assert_int_equal(first.sends_left, 2);
    assert_true(first.eta_ms > 0);
    struct message message = otp_rig_message(rig, &first.row, 1);
    assert_memory_equal(message.text + 9, " trong 5 phut", 13);
    message_clear(&message);
    otp_rig_code(rig, &first.row, 1, code);
    otp_rig_pass(rig, 61000);
    assert_true(otp_rig_resend(rig, first.row.id, &again));
    assert_int_equal(again.resend_after_s, 60);
    assert_int_equal(again.sends_left, 1);
    message = otp_rig_message(rig, &first.row, 2);
    assert_memory_equal(message.text + 9, " trong 3 phut", 13);
    message_clear(&message);
    otp_rig_code(rig, &first.row, 2, second);
    assert_string_equal(code, second);
    assert_true(again.row.expires_ms == first.row.expires_ms);

    start.subject = "s";
    otp_rig_key(rig, &start);
    rig->purpose.resend_code = PURPOSE_NEW_CODE;
    assert_true(otp_rig_start(rig, &start, &first));
    otp_rig_code(rig, &first.row, 1, code);
    otp_rig_pass(rig, 40000);
    assert_true(otp_rig_resend(rig, first.row.id, &again));
    assert_int_equal(again.row.expires_ms - first.row.expires_ms, 40000);
    otp_rig_code(rig, &first.row, 2, second);
    if (strcmp(code, second) != 0) { /* once in a million they are the same */
        assert_true(otp_rig_check(rig, first.row.id, code, NULL, &checked));
        assert_int_equal(checked.result, OTP_SAYS_SUPERSEDED);
        assert_int_equal(checked.attempts_left, 4);
        otp_rig_pass(rig, 1000);
    }
    assert_true(otp_rig_check(rig, first.row.id, second, NULL, &checked));
    assert_int_equal(checked.result, OTP_SAYS_APPROVED);
}

/* What waits does not leave any more once a newer one stands for it, or nobody needs it. */
static void what_waits_is_taken_back(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing first, again;
    struct otp_checked checked;
    char code[OTP_DIGITS + 1];

    hand_link_state(rig->world->link[0], LINK_BUSY);
    hand_link_state(rig->world->link[0], LINK_REGISTERING); /* nothing leaves */
    rig_settle(rig->world);
    assert_true(otp_rig_start(rig, &start, &first));
    otp_rig_pass(rig, 30000);
    assert_true(otp_rig_resend(rig, first.row.id, &again));
    struct message older = otp_rig_message(rig, &first.row, 1);
    assert_int_equal(older.state, MESSAGE_CANCELLED);
    assert_string_equal(older.reason, "superseded");
    assert_null(older.text);
    message_clear(&older);
    otp_rig_code(rig, &first.row, 2, code);
    assert_true(otp_rig_check(rig, first.row.id, code, NULL, &checked));
    assert_int_equal(checked.result, OTP_SAYS_APPROVED);
    struct message newer = otp_rig_message(rig, &first.row, 2);
    assert_int_equal(newer.state, MESSAGE_CANCELLED);
    message_clear(&newer);
}

/* At the prompt of a message that was superseded meanwhile: proceed no. */
static void superseded_at_the_prompt(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing first, again;

    assert_true(otp_rig_start(rig, &start, &first));
    assert_true(rig->world->link[0]->busy); /* claimed, before its prompt */
    otp_rig_pass(rig, 30000);
    assert_true(otp_rig_resend(rig, first.row.id, &again));
    rig_prompt(rig->world, 0);
    assert_true(rig->world->link[0]->answered);
    assert_false(rig->world->link[0]->yes);
}

static void refused_start_leaves_nothing(void **state)
{
    struct otp_rig *rig = *state;
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing first;
    struct otp_row rows_found[4];

    hand_link_state(rig->world->link[0], LINK_GONE);
    hand_link_state(rig->world->link[1], LINK_GONE);
    rig_settle(rig->world);
    for (int i = 0; i < 8; i++) { /* over every cap, had it been counted */
        assert_false(otp_rig_start(rig, &start, &first));
        assert_true(otp_rig_refused(rig, "no_modem"));
    }
    assert_int_equal(
        store_otp_find(rig->world->store, "+84912345678", NULL, 0, UINT32_MAX, rows_found, 4), 0);
    hand_link_state(rig->world->link[0], LINK_READY);
    rig_settle(rig->world);
    if (!otp_rig_start(rig, &start, &first)) /* the key is free */
        fail_msg("%s: %s", rig->refusal.name, rig->refusal.sentence);
    assert_false(first.duplicate);
}

int main(void)
{
#define RIG(test) cmocka_unit_test_setup_teardown(test, otp_rig_setup, otp_rig_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_event),
        cmocka_unit_test(the_table_is_whole),
        RIG(two_right_checks_race),
        RIG(a_key_gets_the_same_answer),
        RIG(each_change_is_told_once),
        RIG(others_see_nothing),
        RIG(same_code_and_new_code),
        RIG(what_waits_is_taken_back),
        RIG(superseded_at_the_prompt),
        RIG(refused_start_leaves_nothing),
    };
    return cmocka_run_group_tests_name("otp_table", tests, NULL, NULL);
}
