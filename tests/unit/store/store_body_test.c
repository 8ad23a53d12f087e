/* body_key = ephemeral: a disk without its runtime directory opens no text and no code, and what
 * such a loss ends and what it leaves alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include "seal.h"
#include "store_internal.h"
#include "store_otp.h"
#include "store_rig.h"

static const char canary[] = "KANARI text that nobody else may read";
static const uint8_t set[32] = {5};

static struct rig *set_up(void)
{
    static struct rig rig;
    static char runtime[80];

    rig_disk(&rig);
    rig_close(&rig);
    snprintf(runtime, sizeof runtime, "%.60s-run", rig.dir);
    rig_shell("mkdir -m 700 %s", runtime);
    rig.options.runtime_dir = runtime;
    rig.options.ephemeral = true;
    rig_reopen(&rig);
    return &rig;
}

static void tear_down(struct rig *rig)
{
    rig_shell("rm -r %s", rig->options.runtime_dir);
    rig_end(rig);
}

/* The machine has lost power: the clocks go on, the runtime directory is empty. */
static void lose_power(struct rig *rig)
{
    rig_close(rig);
    rig_shell("rm -f %s/*", rig->options.runtime_dir);
    rig_reboot(rig, 10000);
    rig_reopen(rig);
}

static struct otp_row put_code(struct rig *rig, char code[OTP_DIGITS + 1])
{
    struct otp_row otp = rig_otp(rig, "", code);
    store_random(otp.tuple, sizeof otp.tuple); /* each another one's */
    otp.formers = 1;
    memcpy(otp.former[0], otp.code, OTP_CODE);
    rig_begin(rig);
    assert_int_equal(store_otp_insert(rig->store, &otp), 0);
    rig_keep(rig);
    rig_commit(rig);
    return otp;
}

static int64_t put_message(struct rig *rig, const char *key)
{
    struct message message = rig_message(rig, key, canary);
    rig_begin(rig);
    assert_int_equal(store_message_insert(rig->store, &message, canary, strlen(canary)), 0);
    rig_keep(rig);
    rig_commit(rig);
    int64_t row = message.row;
    message_clear(&message);
    return row;
}

static void put_inbound(struct rig *rig)
{
    struct inbox inbox = {.wall_ms = loop_wall_ms(rig->loop),
                          .modem = "m",
                          .iccid = "89",
                          .from = "KANARI",
                          .parts = 1,
                          .class_ = -1,
                          .text = strdup(canary),
                          .text_len = strlen(canary)};
    rig_begin(rig);
    assert_int_equal(store_inbox_insert(rig->store, &inbox), 0);
    assert_int_equal(store_part_insert(rig->store, set, 1, 2, "89", "m", canary, sizeof canary), 1);
    rig_keep(rig);
    rig_commit(rig);
    inbox_clear(&inbox);
}

/* Does any of the persistent keys open this column of any row? */
static bool disk_opens(struct rig *rig, const char *table, const char *column, const char *place)
{
    char text[128];
    sqlite3_stmt *stmt = NULL;
    bool opens = false, any = false;
    snprintf(text, sizeof text, "SELECT id, %s FROM %s WHERE %s IS NOT NULL", column, table,
             column);
    assert_int_equal(sqlite3_prepare_v2(rig->store->db, text, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        uint8_t plain[1024];
        int len = sqlite3_column_bytes(stmt, 1);
        assert_in_range(len, SEAL_OVERHEAD, sizeof plain);
        any = true;
        for (int key = 0; key < STORE_KEYS; key++)
            opens |= seal_open(rig->store->keys->key[key], place, sqlite3_column_blob(stmt, 0),
                               sqlite3_column_blob(stmt, 1), (size_t)len, plain) == 0;
    }
    sqlite3_finalize(stmt);
    assert_true(any);
    return opens;
}

static bool disk_holds(struct rig *rig, const void *bytes, size_t len)
{
    static const char *const files[] = {"otpgate.db", "otpgate.db-wal"};
    bool found = false;
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(rig_path(rig, files[i]), "rb");
        if (!file)
            continue;
        static uint8_t all[4 << 20];
        size_t size = fread(all, 1, sizeof all, file);
        fclose(file);
        found |= size > 0 && memmem(all, size, bytes, len) != NULL;
    }
    return found;
}

static void test_a_stolen_disk_opens_nothing(void **state)
{
    struct rig *rig = set_up();
    char code[OTP_DIGITS + 1];
    uint8_t hash[SEAL_HASH];
    (void)state;
    struct otp_row otp = put_code(rig, code);
    put_message(rig, "a");
    put_inbound(rig);
    assert_true(disk_opens(rig, "message", "sealed_to", "message.to")); /* the look itself works */
    assert_false(disk_opens(rig, "message", "body", "message.body"));
    assert_false(disk_opens(rig, "otp", "sealed_seed", "otp.seed"));
    assert_false(disk_opens(rig, "inbox", "body", "inbox.body"));
    assert_int_equal(rig->store->seal, 1);
    /* nor is a code or a text guessed by a hash: both keys of hashes are on that disk */
    assert_false(disk_holds(rig, otp.code, 8));
    store_hash(rig->store, "message.content", canary, strlen(canary), hash);
    assert_false(disk_holds(rig, hash, 8));
    assert_true(disk_holds(rig, otp.tuple, 8));
    assert_false(disk_holds(rig, "KANARI", 6));
    assert_false(disk_holds(rig, rig->store->keys->key[KEY_RUNTIME], 8));
    tear_down(rig);
}

static void test_what_a_power_loss_ends(void **state)
{
    struct rig *rig = set_up();
    char code[OTP_DIGITS + 1];
    struct otp_row otp = put_code(rig, code), found;
    struct inbox inbox[2];
    struct inbox_part parts[2];
    struct message message;
    bool same = false;
    (void)state;
    int64_t waits = put_message(rig, "waits"), claimed = put_message(rig, "claimed");
    int64_t sent = put_message(rig, "sent"), unknown = put_message(rig, "unknown");
    put_inbound(rig);
    rig_move(rig, claimed, MESSAGE_CLAIMED);
    rig_attempt(rig, claimed, ATTEMPT_CLAIMED, "89");
    for (int i = 0; i < 2; i++) {
        rig_move(rig, i ? sent : unknown, MESSAGE_CLAIMED);
        rig_move(rig, i ? sent : unknown, MESSAGE_SENDING);
        rig_move(rig, i ? sent : unknown, i ? MESSAGE_SENT : MESSAGE_UNKNOWN);
    }
    rig_commit(rig);
    lose_power(rig);

    rig_reason(rig, waits, "body_key_lost");
    assert_string_equal(rig_ladder(rig, waits), "queued failed");
    assert_string_equal(rig_ladder(rig, claimed), "queued failed");
    assert_int_equal(rig_state(rig, sent), MESSAGE_SENT);
    assert_int_equal(rig_state(rig, unknown), MESSAGE_UNKNOWN);
    assert_int_equal(store_message_by_row(rig->store, unknown, true, &message), 1);
    assert_int_equal(message.on_unknown, ON_UNKNOWN_REPORT); /* nothing is there to be sent again */
    assert_null(message.text);
    message_clear(&message);
    assert_int_equal(store_otp_by_row(rig->store, otp.row, &found), 1);
    assert_int_equal(found.state, OTP_EXPIRED);
    assert_string_equal(found.reason, "body_key_lost");
    assert_string_equal(found.to, "+84912345678");
    assert_int_equal(store_bodies_lost(rig->store), 3);
    assert_int_equal(store_inbox_list(rig->store, 0, inbox, 2), 1);
    assert_null(inbox[0].text);
    assert_string_equal(inbox[0].from, "KANARI");
    inbox_clear(&inbox[0]);
    assert_int_equal(store_parts_of(rig->store, set, parts, 2), 0);
    /* who repeats the call hears what became of it */
    assert_int_equal(
        store_message_by_key(rig->store, 1000, "waits", canary, strlen(canary), &same, &message),
        1);
    assert_true(same);
    assert_int_equal(message.state, MESSAGE_FAILED);
    message_clear(&message);

    rig_reopen(rig); /* it is told once */
    assert_int_equal(store_bodies_lost(rig->store), 0);
    int64_t after = put_message(rig, "after");
    rig_reopen(rig);
    assert_int_equal(rig_state(rig, after), MESSAGE_QUEUED);
    tear_down(rig);
}

static struct otp_row crashed;
static char crashed_code[OTP_DIGITS + 1];

static void work(struct rig *rig)
{
    put_message(rig, "a");
}

/* A crash of the daemon, and each change of the setting, lose nothing. */
static void test_what_is_kept(void **state)
{
    struct rig *rig = set_up();
    struct otp_row found;
    (void)state;
    crashed = put_code(rig, crashed_code);
    rig_close(rig);
    rig_crash(rig, work);
    rig_reopen(rig);
    rig->options.ephemeral = false;
    rig_reopen(rig);
    put_message(rig, "b");
    assert_int_equal(rig->store->seal, 0);
    assert_false(disk_opens(rig, "otp", "sealed_seed", "otp.seed"));
    assert_true(disk_opens(rig, "message", "body", "message.body"));
    rig->options.ephemeral = true;
    rig_reopen(rig);
    put_message(rig, "c");
    for (int64_t row = 1; row <= 3; row++) {
        struct message message;
        assert_int_equal(store_message_by_row(rig->store, row, true, &message), 1);
        assert_int_equal(message.state, MESSAGE_QUEUED);
        assert_int_equal(message.text_len, strlen(canary));
        assert_memory_equal(message.text, canary, message.text_len);
        assert_int_equal(message.seal, row == 2 ? 0 : 1);
        message_clear(&message);
    }
    assert_int_equal(store_otp_by_row(rig->store, crashed.row, &found), 1);
    assert_memory_equal(found.code, crashed.code, OTP_CODE);
    assert_int_equal(found.formers, 1);
    assert_int_equal(store_bodies_lost(rig->store), 0);

    lose_power(rig); /* what the persistent key has sealed is still there */
    assert_int_equal(rig_state(rig, 1), MESSAGE_FAILED);
    assert_int_equal(rig_state(rig, 2), MESSAGE_QUEUED);
    assert_int_equal(rig->store->seal, 2);
    rig->options.ephemeral = false;
    put_message(rig, "d");
    lose_power(rig); /* nobody wants the key now: what it has sealed is gone all the same */
    assert_int_equal(rig_state(rig, 2), MESSAGE_QUEUED);
    assert_int_equal(rig_state(rig, 4), MESSAGE_FAILED);
    assert_int_equal(store_bodies_lost(rig->store), 1);
    tear_down(rig);
}

static void test_others_may_not_read_it(void **state)
{
    struct rig *rig = set_up();
    (void)state;
    rig_close(rig);
    rig_shell("chmod 640 %s/body.key", rig->options.runtime_dir);
    assert_int_equal(rig_open(rig), -EACCES);
    assert_non_null(strstr(rig->why, "body.key may be read by others"));
    rig_shell("rm %s/body.key", rig->options.runtime_dir);
    rig->options.runtime_dir = "/nowhere";
    assert_int_equal(rig_open(rig), -ENOENT);
    rig->options.ephemeral = false;
    rig_reopen(rig);
    rig_shell("rm -r %.60s-run", rig->dir);
    rig_end(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stolen_disk_opens_nothing),
        cmocka_unit_test(test_what_a_power_loss_ends),
        cmocka_unit_test(test_what_is_kept),
        cmocka_unit_test(test_others_may_not_read_it),
    };
    return cmocka_run_group_tests_name("store_body", tests, NULL, NULL);
}
