/* Messages: stored and read back whole, found by row, id and key; moved; listed; counted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"

static void test_round_trip(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    struct message in = rig_message(&rig, "login-81", "Mã OTP: 123456");
    in.class_ = CLASS_NOTICE;
    in.encoding = SMS_UCS2;
    in.on_unknown = ON_UNKNOWN_REPORT;
    in.flash = in.unaccented = in.no_validity = true;
    in.replace_type = 7;
    in.reference = 201;
    in.parts = 3;
    in.parts_done = 1;
    in.wait_until_ms = 77;
    snprintf(in.pin, sizeof in.pin, "modem:viettel-1");
    snprintf(in.avoid, sizeof in.avoid, "8984048000123456789");
    snprintf(in.modem, sizeof in.modem, "viettel-1");
    snprintf(in.reason, sizeof in.reason, "congestion");
    in.space = SMS_CAUSE_CMS;
    in.cause = 42;
    rig_begin(&rig);
    assert_int_equal(store_message_insert(rig.store, &in, "x", 1), 0);
    rig_keep(&rig);
    assert_true(in.row > 0);
    struct message out;
    assert_int_equal(store_message_by_row(rig.store, in.row, true, &out), 1);
    assert_int_equal(out.text_len, in.text_len);
    assert_memory_equal(out.text, in.text, in.text_len + 1);
    char *text = out.text;
    out.text = in.text;
    struct message a = in, b = out; /* the rest, field by field: a padding byte may differ */
    assert_memory_equal(a.id, b.id, 16);
    assert_int_equal(a.uid, b.uid);
    assert_int_equal(a.class_, b.class_);
    assert_int_equal(a.on_unknown, b.on_unknown);
    assert_int_equal(a.encoding, b.encoding);
    assert_int_equal(a.parts, b.parts);
    assert_int_equal(a.parts_done, b.parts_done);
    assert_true(b.report && b.flash && b.unaccented && b.no_validity);
    assert_int_equal(a.replace_type, b.replace_type);
    assert_int_equal(a.reference, b.reference);
    assert_int_equal(a.created_wall_ms, b.created_wall_ms);
    assert_int_equal(a.expires_wall_ms, b.expires_wall_ms);
    assert_int_equal(a.expires_ms, b.expires_ms);
    assert_int_equal(a.wait_until_ms, b.wait_until_ms);
    assert_string_equal(a.pin, b.pin);
    assert_string_equal(a.avoid, b.avoid);
    assert_string_equal(a.modem, b.modem);
    assert_string_equal(a.reason, b.reason);
    assert_int_equal(a.space, b.space);
    assert_int_equal(a.cause, b.cause);
    assert_string_equal(a.to, b.to);
    assert_string_equal(a.key, b.key);
    out.text = text;
    message_clear(&in);
    message_clear(&out);
    rig_end(&rig);
}

static void test_by_id_and_key(void **state)
{
    struct rig rig;
    struct message out;
    bool same = false;
    (void)state;
    rig_memory(&rig);
    int64_t row = rig_put(&rig, "login-81");
    assert_int_equal(store_message_by_key(rig.store, 1000, "login-81", "same", 4, &same, &out), 1);
    assert_true(same);
    assert_int_equal(out.row, row);
    assert_null(out.text);
    uint8_t id[16];
    memcpy(id, out.id, 16);
    message_clear(&out);
    assert_int_equal(store_message_by_key(rig.store, 1000, "login-81", "other", 5, &same, &out), 1);
    assert_false(same);
    message_clear(&out);
    assert_int_equal(store_message_by_key(rig.store, 1001, "login-81", NULL, 0, NULL, &out), 0);
    assert_int_equal(store_message_by_key(rig.store, 1000, "login-82", NULL, 0, NULL, &out), 0);
    assert_int_equal(store_message_by_key(rig.store, 1000, "", NULL, 0, NULL, &out), 0);
    assert_int_equal(store_message_by_id(rig.store, id, &out), 1);
    assert_int_equal(out.row, row);
    message_clear(&out);
    id[15] ^= 1;
    assert_int_equal(store_message_by_id(rig.store, id, &out), 0);
    rig_end(&rig);
}

static void test_id_is_version_7(void **state)
{
    struct rig rig;
    struct message out;
    char text[37];
    uint8_t id[16];
    (void)state;
    rig_memory(&rig);
    assert_int_equal(store_message_by_row(rig.store, rig_put(&rig, ""), false, &out), 1);
    message_id_text(out.id, text);
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | out.id[i];
    assert_int_equal(ms, RIG_WALL_MS);
    assert_true(message_id_parse(text, id));
    assert_memory_equal(id, out.id, 16);
    static const char *const bad[] = {"",
                                      "0",
                                      "019ac0de-0000-7000-8000-00000000000",
                                      "019ac0de-0000-7000-8000-0000000000000",
                                      "019ac0de00000-7000-8000-000000000000",
                                      "019ac0de-0000-7000-8000-00000000000g"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(message_id_parse(bad[i], id));
    message_clear(&out);
    rig_end(&rig);
}

static void test_same_key_twice(void **state)
{
    struct rig rig;
    int64_t counts[MESSAGE_STATES];
    (void)state;
    rig_memory(&rig);
    rig_put(&rig, "k");
    struct message again = rig_message(&rig, "k", "x");
    rig_begin(&rig);
    assert_int_equal(store_message_insert(rig.store, &again, "x", 1), -EEXIST);
    assert_int_equal(store_end(rig.store, false), 0);
    again.uid = 1000 + (1u << 24); /* another client's key is another key, by any of its octets */
    memset(again.id, 0, sizeof again.id);
    rig_begin(&rig);
    assert_int_equal(store_message_insert(rig.store, &again, "x", 1), 0);
    rig_keep(&rig);
    rig_commit(&rig);
    message_clear(&again);
    rig_put(&rig, "");
    rig_put(&rig, ""); /* no key at all, as often as one likes */
    assert_int_equal(store_message_counts(rig.store, counts), 0);
    assert_int_equal(counts[MESSAGE_QUEUED], 4);
    rig_end(&rig);
}

static void test_moves_and_wipe(void **state)
{
    struct rig rig;
    struct message m;
    int64_t counts[MESSAGE_STATES];
    (void)state;
    rig_memory(&rig);
    int64_t row = rig_put(&rig, "k");
    rig_move(&rig, row, MESSAGE_CLAIMED);
    rig_move(&rig, row, MESSAGE_SENDING);
    rig_move(&rig, row, MESSAGE_SENDING);
    assert_int_equal(store_message_by_row(rig.store, row, true, &m), 1);
    assert_non_null(m.text);
    m.state = MESSAGE_SENT;
    m.sent_wall_ms = 5;
    m.report_until_ms = 9;
    rig_update(&rig, &m, true);
    message_clear(&m);
    rig_commit(&rig);
    assert_int_equal(store_message_by_row(rig.store, row, true, &m), 1);
    assert_null(m.text);
    assert_int_equal(m.sent_wall_ms, 5);
    message_clear(&m);
    assert_string_equal(rig_ladder(&rig, row), "queued sending sent");
    assert_int_equal(store_message_counts(rig.store, counts), 0);
    assert_int_equal(counts[MESSAGE_QUEUED], 0);
    assert_int_equal(counts[MESSAGE_SENT], 1);
    rig_end(&rig);
}

static void test_update_of_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    struct message m = rig_message(&rig, "k", "x");
    m.row = 99;
    rig_begin(&rig);
    assert_int_equal(store_message_update(rig.store, &m, false), -ENOENT);
    assert_int_equal(store_end(rig.store, false), 0);
    message_clear(&m);
    rig_end(&rig);
}

static void test_list(void **state)
{
    struct rig rig;
    struct message out[8];
    int64_t rows[6];
    (void)state;
    rig_memory(&rig);
    for (int i = 0; i < 6; i++) {
        struct message m = rig_message(&rig, "", "x");
        m.uid = i % 2 ? 1001 : 1000;
        m.class_ = i < 3 ? CLASS_OTP : CLASS_BULK;
        rig_begin(&rig);
        assert_int_equal(store_message_insert(rig.store, &m, NULL, 0), 0);
        rig_keep(&rig);
        rows[i] = m.row;
        message_clear(&m);
    }
    rig_move(&rig, rows[1], MESSAGE_CANCELLED);
    rig_move(&rig, rows[4], MESSAGE_CANCELLED);
    static const struct {
        uint32_t uid;
        int state, class_, cursor; /* an index of rows, -1: from the newest */
        size_t limit;
        const char *want;
    } cases[] = {
        {UINT32_MAX, -1, -1, -1, 8, "543210"},
        {UINT32_MAX, -1, -1, -1, 2, "54"},
        {UINT32_MAX, -1, -1, 4, 2, "32"},
        {UINT32_MAX, -1, -1, 0, 8, ""},
        {1000, -1, -1, -1, 8, "420"},
        {1001, -1, -1, 3, 8, "1"},
        {UINT32_MAX, 9, -1, -1, 8, "41"},
        {1000, 9, -1, -1, 8, "4"},
        {UINT32_MAX, 9, 0, -1, 8, "1"},
        {1000, 0, 2, -1, 8, ""},
        {1001, -1, 2, -1, 8, "53"},
        {7, -1, -1, -1, 8, ""},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        char got[9] = "";
        const struct message_filter list = {cases[c].uid, cases[c].state, cases[c].class_};
        int64_t cursor = cases[c].cursor < 0 ? 0 : rows[cases[c].cursor];
        int n = store_message_list(rig.store, &list, &cursor, out, cases[c].limit);
        assert_true(n >= 0);
        for (int i = 0; i < n; i++) {
            for (int r = 0; r < 6; r++)
                if (rows[r] == out[i].row)
                    got[i] = (char)('0' + r);
            assert_null(out[i].text);
            message_clear(&out[i]);
        }
        assert_string_equal(got, cases[c].want);
    }
    rig_end(&rig);
}

static int64_t put_class(struct rig *rig, const char *key, enum message_class class_)
{
    struct message message = rig_message(rig, key, "text");
    message.class_ = class_;
    rig_begin(rig);
    assert_int_equal(store_message_insert(rig->store, &message, "same", 4), 0);
    rig_keep(rig);
    int64_t row = message.row;
    message_clear(&message);
    return row;
}

/* However much there is: one look goes so far down and no further, by each of the ways. */
static void test_a_look_is_bounded(void **state)
{
    enum { ROWS = 2 * STORE_LIST_LOOK + 10 };
    static const struct message_filter lists[] = {
        {UINT32_MAX, -1, CLASS_BULK}, {1000, -1, CLASS_BULK}, {1000, MESSAGE_QUEUED, CLASS_BULK}};
    struct rig rig;
    struct message out[4];
    (void)state;
    rig_memory(&rig);
    int64_t first = put_class(&rig, "first", CLASS_BULK);
    for (int i = 1; i < ROWS; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        put_class(&rig, key, CLASS_OTP);
    }
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++) {
        int64_t cursor = 0;
        assert_int_equal(store_message_list(rig.store, &lists[l], &cursor, out, 4), 0);
        assert_int_equal(cursor, first + ROWS - STORE_LIST_LOOK);
        assert_int_equal(store_message_list(rig.store, &lists[l], &cursor, out, 4), 0);
        assert_int_equal(cursor, first + ROWS - 2 * STORE_LIST_LOOK);
        assert_int_equal(store_message_list(rig.store, &lists[l], &cursor, out, 4), 1);
        assert_int_equal(cursor, 0);
        assert_int_equal(out[0].row, first);
        message_clear(&out[0]);
    }
    rig_end(&rig);
}

/* A damaged row holds up neither the queue nor a list, and its text is not handed out. */
static void test_what_does_not_open(void **state)
{
    static const char *const columns[] = {"sealed_to", "sealed_key", "body"};
    struct rig rig;
    struct message out[4];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char sql[128];
        rig_memory(&rig);
        rig_put(&rig, "a");
        rig_put(&rig, "b");
        snprintf(sql, sizeof sql, "UPDATE message SET %s = randomblob(64) WHERE row = 1",
                 columns[i]);
        assert_int_equal(sqlite3_exec(rig.store->db, sql, NULL, NULL, NULL), SQLITE_OK);
        const struct store_taker taker = {"m", "s", SMS_PARTS_MAX, SMS_PARTS_MAX};
        assert_int_equal(store_message_due(rig.store, &taker, &out[0]), 1);
        assert_int_equal(out[0].row, 1);
        assert_null(out[0].text);
        message_clear(&out[0]);
        int64_t cursor = 0;
        assert_int_equal(
            store_message_list(rig.store, &(struct message_filter){1000, -1, -1}, &cursor, out, 4),
            2);
        assert_string_equal(out[0].key, "b");
        assert_string_equal(out[1].to, i == 0 ? "" : "+84912345678");
        assert_string_equal(out[1].key, i == 1 ? "" : "a");
        message_clear(&out[0]);
        message_clear(&out[1]);
        rig_end(&rig);
    }
}

static void move_back(struct rig *rig)
{
    rig_move(rig, 1, MESSAGE_QUEUED);
}

/* The assertion ends the process, in every build: so in a child. */
static void test_a_move_that_is_not_allowed(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    int64_t row = rig_put(&rig, "k");
    rig_move(&rig, row, MESSAGE_CLAIMED);
    rig_move(&rig, row, MESSAGE_DELIVERED);
    assert_true(message_state_is_final(rig_state(&rig, row)));
    assert_true(rig_dies(&rig, move_back));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_by_id_and_key),
        cmocka_unit_test(test_id_is_version_7),
        cmocka_unit_test(test_same_key_twice),
        cmocka_unit_test(test_moves_and_wipe),
        cmocka_unit_test(test_update_of_nothing),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_a_look_is_bounded),
        cmocka_unit_test(test_what_does_not_open),
        cmocka_unit_test(test_a_move_that_is_not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
