/* Canaries: a number, a key, a text, planted; then every byte of every file of the state directory
 * and every log line is searched for them, while the store lives and after it has closed. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "store_internal.h"
#include "store_rig.h"
#include "vfs_shim.h"

static const char *const canaries[] = {"84907654321",        "907654321",  "key-canary-QX7",
                                       "code-canary-583914", "583914",     "content-canary",
                                       "inbox-canary",       "tpdu-canary"};
static bool in_log;

static bool holds_canary(const char *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++)
        if (memmem(bytes, len, canaries[i], strlen(canaries[i])))
            return true;
    return false;
}

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    in_log = in_log || holds_canary(line, strlen(line));
}

static bool file_holds_canary(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t room = 8 << 20;
    char *bytes = malloc(room);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, room, file);
    fclose(file);
    bool held = holds_canary(bytes, len);
    free(bytes);
    return held;
}

/* Files searched; fails on the first canary. */
static int search(const struct rig *rig)
{
    int searched = 0;
    DIR *dir = opendir(rig->dir);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_type != DT_REG)
            continue;
        if (file_holds_canary(rig_path(rig, entry->d_name)))
            fail_msg("a canary in %s", entry->d_name);
        searched++;
    }
    closedir(dir);
    return searched;
}

static int64_t plant(struct rig *rig)
{
    struct message message = rig_message(rig, "key-canary-QX7", "code-canary-583914");
    snprintf(message.to, sizeof message.to, "+84907654321");
    rig_begin(rig);
    int rc = store_message_insert(rig->store, &message, "content-canary", 14);
    int64_t row = message.row;
    message_clear(&message);
    if (rc != 0) {
        assert_int_equal(rc, -EEXIST);
        assert_int_equal(store_end(rig->store, false), 0);
        return 0;
    }
    struct attempt attempt = {.message = row, .reference = -1, .iccid = "s"};
    assert_int_equal(store_attempt_insert(rig->store, &attempt, "+84907654321"), 0);
    rig_keep(rig);
    return row;
}

/* What the air brings: a sender, a text, a part, a TPDU to remember. */
static int plant_inbound(struct rig *rig)
{
    const uint8_t set[32] = {1};
    struct inbox inbox = {.parts = 1, .class_ = -1, .from = "+84907654321"};
    inbox.text = strdup("inbox-canary 583914");
    inbox.text_len = strlen(inbox.text);
    int rc = store_begin(rig->store);
    if (rc == 0) {
        rc = store_inbox_insert(rig->store, &inbox);
        if (rc == 0)
            rc = store_seen(rig->store, "s", "tpdu-canary", 11);
        if (rc >= 0)
            rc = store_part_insert(rig->store, set, 1, 2, "s", "m", "tpdu-canary", 11);
        int end = store_end(rig->store, rc >= 0);
        rc = rc < 0 ? rc : end ? end : rc;
    }
    inbox_clear(&inbox);
    return rc;
}

static void read_inbound(struct rig *rig)
{
    const uint8_t set[32] = {1};
    struct inbox inbox;
    struct inbox_part part;
    assert_int_equal(store_inbox_list(rig->store, 0, &inbox, 1), 1);
    assert_string_equal(inbox.text, "inbox-canary 583914");
    inbox_clear(&inbox);
    assert_int_equal(store_parts_of(rig->store, set, &part, 1), 1);
    assert_memory_equal(part.tpdu, "tpdu-canary", 11);
}

/* What does not open is told of in the log, without a word of it. */
static void damage(struct rig *rig)
{
    const uint8_t set[32] = {1};
    struct inbox inbox;
    struct inbox_part part;
    assert_int_equal(sqlite3_exec(rig->store->db,
                                  "UPDATE inbox SET body = randomblob(60);"
                                  "UPDATE part SET sealed_tpdu = randomblob(60)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(store_inbox_list(rig->store, 0, &inbox, 1), 1);
    assert_null(inbox.text);
    inbox_clear(&inbox);
    assert_int_equal(store_parts_of(rig->store, set, &part, 1), 0);
}

static void test_no_canary_anywhere(void **state)
{
    struct rig rig;
    struct message message;
    struct attempt attempt;
    struct event events[8];
    bool same;
    (void)state;
    in_log = false;
    rig_disk(&rig);
    log_sink_set(on_log, NULL);
    log_level_set(LOG_LEVEL_DEBUG);
    int64_t row = plant(&rig);
    assert_int_equal(plant(&rig), 0); /* a duplicate: SQLite's own error text */
    assert_int_equal(plant_inbound(&rig), 1);
    assert_int_equal(plant_inbound(&rig), 0);
    rig_commit(&rig);
    read_inbound(&rig);
    assert_int_equal(store_message_by_key(rig.store, 1000, "key-canary-QX7", "content-canary", 14,
                                          &same, &message),
                     1);
    message_clear(&message);
    assert_int_equal(store_events_after(rig.store, 0, UINT32_MAX, events, 8), 3);
    assert_string_equal(events[0].key, "key-canary-QX7");
    rig_attempt(&rig, row, ATTEMPT_COMMITTED, "s");
    assert_int_equal(store_attempts_match(rig.store, "s", -1, "907654321", 0, &attempt, 1), 0);
    assert_true(search(&rig) >= 5); /* database, WAL, shm and the rest */
    assert_int_equal(store_message_by_row(rig.store, row, false, &message), 1);
    message.state = MESSAGE_CANCELLED;
    rig_update(&rig, &message, true);
    message_clear(&message);
    rig_commit(&rig);
    search(&rig);
    damage(&rig);
    search(&rig);
    vfs_shim_fail(VFS_DISK_FULL, VFS_WRITE, 1, 1);
    plant(&rig);
    (void)plant_inbound(&rig);
    rig_close(&rig);
    vfs_shim_reset();
    search(&rig);
    assert_false(in_log);
    rig_end(&rig);
}

/* The search itself can find: the same bytes put beside the database. */
static void test_search_finds(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_shell("printf 'xx583914xx' > %s", rig_path(&rig, "leak"));
    assert_true(file_holds_canary(rig_path(&rig, "leak")));
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_canary_anywhere),
        cmocka_unit_test(test_search_finds),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
