/* The inbox: in and out, in order, with its event; what was seen; damage, moved seals, and sizes
 * that nobody sends in good faith. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store_internal.h"
#include "store_rig.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

/* A sender that begins with a letter is a name. */
static int put(struct rig *rig, const char *from, const char *text, size_t len, int64_t *row)
{
    struct inbox inbox = {.wall_ms = loop_wall_ms(rig->loop),
                          .sent_wall_ms = 77,
                          .modem = "viettel-1",
                          .iccid = "8984",
                          .parts = 3,
                          .missing = 1,
                          .class_ = -1,
                          .named = *from >= 'A',
                          .text = text ? strndup(text, len) : NULL,
                          .text_len = len};
    snprintf(inbox.from, sizeof inbox.from, "%s", from);
    rig_begin(rig);
    int rc = store_inbox_insert(rig->store, &inbox);
    assert_int_equal(store_end(rig->store, rc == 0), 0);
    if (row)
        *row = inbox.row;
    inbox_clear(&inbox);
    assert_null(inbox.text);
    return rc;
}

static int64_t put_text(struct rig *rig, const char *text)
{
    int64_t row = 0;
    assert_int_equal(put(rig, "VIETTEL", text, strlen(text), &row), 0);
    return row;
}

/* The one at `cursor`. */
static int list_one(struct rig *rig, int64_t cursor, struct inbox *out)
{
    return store_inbox_list(rig->store, cursor, out, 1);
}

static void exec(struct rig *rig, const char *sql)
{
    assert_int_equal(sqlite3_exec(rig->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void test_round_trip(void **state)
{
    struct rig rig;
    struct inbox out;
    (void)state;
    rig_disk(&rig);
    assert_int_equal(store_inbox_list(rig.store, 0, &out, 1), 0);
    int64_t row = put_text(&rig, "Số dư: 12.345đ");
    assert_int_equal(put(&rig, "", NULL, 0, NULL), 0);
    rig_reopen(&rig);
    assert_int_equal(list_one(&rig, 0, &out), 1);
    assert_string_equal(out.text, "");
    assert_string_equal(out.from, "");
    assert_false(out.named);
    inbox_clear(&out);
    assert_int_equal(list_one(&rig, row + 1, &out), 1);
    assert_int_equal(out.row, row);
    assert_int_equal(out.id[6] >> 4, 7);
    assert_int_equal(out.wall_ms, RIG_WALL_MS);
    assert_int_equal(out.sent_wall_ms, 77);
    assert_string_equal(out.modem, "viettel-1");
    assert_string_equal(out.iccid, "8984");
    assert_string_equal(out.from, "VIETTEL");
    assert_true(out.named);
    assert_int_equal(out.parts, 3);
    assert_int_equal(out.missing, 1);
    assert_int_equal(out.class_, -1);
    assert_string_equal(out.text, "Số dư: 12.345đ");
    assert_int_equal(out.text_len, strlen(out.text));
    inbox_clear(&out);
    rig_end(&rig);
}

static void test_pages(void **state)
{
    struct rig rig;
    struct inbox out[4];
    int64_t cursor = 0;
    int left = 10;
    (void)state;
    rig_memory(&rig);
    for (int i = 1; i <= 10; i++) {
        char text[8];
        snprintf(text, sizeof text, "n%d", i);
        put_text(&rig, text);
    }
    for (int count; (count = store_inbox_list(rig.store, cursor, out, 4)) > 0;)
        for (int i = 0; i < count; i++) {
            char want[16];
            snprintf(want, sizeof want, "n%d", left--);
            assert_string_equal(out[i].text, want);
            cursor = out[i].row;
            inbox_clear(&out[i]);
        }
    assert_int_equal(left, 0);
    assert_int_equal(store_inbox_list(rig.store, 1, out, 4), 0);
    rig_end(&rig);
}

static void test_events(void **state)
{
    struct rig rig;
    struct event events[8];
    struct inbox out;
    int64_t previous;
    (void)state;
    rig_memory(&rig);
    rig_put(&rig, "a");
    int64_t row = put_text(&rig, "x");
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 1);
    rig_commit(&rig);
    put_text(&rig, "y");
    rig_put(&rig, "b");
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 4);
    static const enum event_topic topics[] = {EVENT_MESSAGE, EVENT_INBOX, EVENT_INBOX,
                                              EVENT_MESSAGE};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(events[i].seq, i + 1);
        assert_int_equal(events[i].topic, topics[i]);
    }
    assert_int_equal(list_one(&rig, row + 1, &out), 1);
    assert_memory_equal(events[1].id, out.id, 16);
    inbox_clear(&out);
    assert_int_equal(events[1].message, row);
    assert_int_equal(events[1].uid, UINT32_MAX);
    assert_string_equal(events[1].modem, "viettel-1");
    assert_string_equal(events[1].key, "");
    assert_int_equal(events[1].part, 2);
    assert_int_equal(events[1].parts, 3);
    assert_string_equal(events[3].key, "b");
    /* a client sees its own alone */
    assert_int_equal(store_events_after(rig.store, 0, 1000, events, 8), 2);
    assert_int_equal(store_events_after(rig.store, 0, 0, events, 8), 0);
    static const struct {
        int64_t seq;
        enum event_topic topic;
        int64_t want;
    } cases[] = {{4, EVENT_MESSAGE, 1}, {2, EVENT_MESSAGE, 1}, {1, EVENT_MESSAGE, 0},
                 {5, EVENT_MESSAGE, 4}, {4, EVENT_INBOX, 3},   {3, EVENT_INBOX, 2},
                 {2, EVENT_INBOX, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            store_event_previous(rig.store, cases[i].seq, cases[i].topic, UINT32_MAX, &previous),
            0);
        assert_int_equal(previous, cases[i].want);
    }
    assert_int_equal(store_event_previous(rig.store, 4, EVENT_INBOX, 1000, &previous), 0);
    assert_int_equal(previous, 0);
    assert_int_equal(store_event_previous(rig.store, 4, EVENT_MESSAGE, 1000, &previous), 0);
    assert_int_equal(previous, 1);
    rig_end(&rig);
}

static void test_undone_leaves_nothing(void **state)
{
    struct rig rig;
    struct event events[2];
    struct inbox out, inbox = {.class_ = 0, .parts = 1};
    (void)state;
    rig_memory(&rig);
    rig_begin(&rig);
    assert_int_equal(store_inbox_insert(rig.store, &inbox), 0);
    assert_int_equal(store_seen(rig.store, "s", "t", 1), 0);
    assert_int_equal(store_end(rig.store, false), 0);
    rig_commit(&rig);
    assert_int_equal(store_inbox_list(rig.store, 0, &out, 1), 0);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 2), 0);
    rig_begin(&rig);
    assert_int_equal(store_seen(rig.store, "s", "t", 1), 0);
    rig_keep(&rig);
    rig_end(&rig);
}

static void test_hostile_sizes(void **state)
{
    struct rig rig;
    struct inbox out;
    (void)state;
    rig_disk(&rig);
    char *big = malloc(INBOX_TEXT_MAX + 1);
    assert_non_null(big);
    memset(big, 'x', INBOX_TEXT_MAX + 1);
    assert_int_equal(put(&rig, "a", big, INBOX_TEXT_MAX + 1, NULL), -E2BIG);
    assert_int_equal(put(&rig, "a", big, INBOX_TEXT_MAX, NULL), 0);
    rig_commit(&rig);
    assert_int_equal(list_one(&rig, 0, &out), 1);
    assert_int_equal(out.text_len, INBOX_TEXT_MAX);
    assert_memory_equal(out.text, big, INBOX_TEXT_MAX);
    inbox_clear(&out);
    char from[INBOX_FROM_MAX];
    memset(from, 'f', sizeof from - 1);
    from[sizeof from - 1] = '\0';
    assert_int_equal(put(&rig, from, "", 0, NULL), 0);
    assert_int_equal(list_one(&rig, 0, &out), 1);
    assert_string_equal(out.from, from);
    inbox_clear(&out);
    /* any length can have been seen, also none */
    rig_begin(&rig);
    assert_int_equal(store_seen(rig.store, "", NULL, 0), 0);
    assert_int_equal(store_seen(rig.store, "", NULL, 0), 1);
    assert_int_equal(store_seen(rig.store, "8984", big, INBOX_TEXT_MAX), 0);
    assert_int_equal(store_seen(rig.store, "8984", big, INBOX_TEXT_MAX), 1);
    assert_int_equal(store_seen(rig.store, "8984", big, INBOX_TEXT_MAX - 1), 0);
    rig_keep(&rig);
    free(big);
    rig_end(&rig);
}

/* One that does not open is told of, and the others come. */
static void test_damage_and_moved_seals(void **state)
{
    struct rig rig;
    struct inbox out[3];
    (void)state;
    rig_memory(&rig);
    put_text(&rig, "first");
    put_text(&rig, "second");
    put_text(&rig, "third");
    rig_commit(&rig);
    exec(&rig, "UPDATE inbox SET body = (SELECT body FROM inbox WHERE row = 1) WHERE row = 2");
    exec(&rig, "UPDATE inbox SET sealed_from = body, body = x'00' WHERE row = 3");
    assert_int_equal(store_inbox_list(rig.store, 0, out, 3), 3);
    assert_null(out[0].text);
    assert_string_equal(out[0].from, "");
    assert_null(out[1].text);
    assert_int_equal(out[1].text_len, 0);
    assert_string_equal(out[1].from, "VIETTEL");
    assert_string_equal(out[2].text, "first");
    for (int i = 0; i < 3; i++)
        inbox_clear(&out[i]);
    rig_end(&rig);
}

/* --- seen ------------------------------------------------------------------------------------- */

static int seen(struct rig *rig, const char *iccid, const char *tpdu)
{
    rig_begin(rig);
    int rc = store_seen(rig->store, iccid, tpdu, strlen(tpdu));
    rig_keep(rig);
    return rc;
}

static void test_seen(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    assert_int_equal(seen(&rig, "s1", "tpdu"), 0);
    assert_int_equal(seen(&rig, "s1", "tpdu"), 1);
    assert_int_equal(seen(&rig, "s2", "tpdu"), 0);
    assert_int_equal(seen(&rig, "s1", "tpdU"), 0);
    assert_int_equal(seen(&rig, "s1t", "pdu"), 0);
    rig_reopen(&rig);
    assert_int_equal(seen(&rig, "s1", "tpdu"), 1);
    rig_end(&rig);
}

static void test_seen_is_bounded(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    seen(&rig, "s", "oldest");
    seen(&rig, "s", "second");
    exec(&rig, "WITH RECURSIVE n (i) AS (VALUES (3) UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
               "INSERT INTO seen (hash, wall) SELECT randomblob(16), 1795000000000 FROM n");
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM seen"), STORE_SEEN_MAX);
    assert_int_equal(seen(&rig, "s", "oldest"), 1);
    assert_int_equal(seen(&rig, "s", "new"), 0);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM seen"), STORE_SEEN_MAX);
    assert_int_equal(seen(&rig, "s", "second"), 1);
    assert_int_equal(seen(&rig, "s", "oldest"), 0); /* and that one pushed out the second */
    assert_int_equal(seen(&rig, "s", "second"), 0);
    assert_int_equal(rig_number(&rig, "SELECT count(*) FROM seen"), STORE_SEEN_MAX);
    rig_end(&rig);
}

static void test_seen_lasts_while_it_is_met(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    assert_int_equal(seen(&rig, "s", "stuck"), 0);
    assert_int_equal(seen(&rig, "s", "gone"), 0);
    for (int day = 1; day <= 8; day++) {
        rig_pass(&rig, DAY_MS);
        assert_in_range(store_purge(rig.store, &(struct store_purge){0}, 10), 0, 1);
        assert_int_equal(seen(&rig, "s", "stuck"), 1);
    }
    assert_int_equal(seen(&rig, "s", "gone"), 0);
    rig_end(&rig);
}

/* In a drawer for six days, with a message that could not be deleted. */
static void test_seen_is_kept_for_a_week(void **state)
{
    struct rig rig;
    (void)state;
    rig_memory(&rig);
    assert_int_equal(seen(&rig, "s", "stuck"), 0);
    for (int day = 1; day <= 6; day++) {
        rig_pass(&rig, DAY_MS);
        assert_int_equal(store_purge(rig.store, &(struct store_purge){0}, 10), 0);
    }
    assert_int_equal(seen(&rig, "s", "stuck"), 1);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_undone_leaves_nothing),
        cmocka_unit_test(test_hostile_sizes),
        cmocka_unit_test(test_damage_and_moved_seals),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_seen_is_bounded),
        cmocka_unit_test(test_seen_lasts_while_it_is_met),
        cmocka_unit_test(test_seen_is_kept_for_a_week),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
