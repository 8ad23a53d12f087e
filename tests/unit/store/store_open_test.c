/* Opening: who may, what must be there, and each refusal with its errno and a sentence. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sqlite3.h>
#include "store_internal.h"
#include "store_rig.h"
#include "vfs_shim.h"

static void refused(struct rig *rig, int want, const char *word)
{
    assert_int_equal(rig_open(rig), want);
    assert_null(rig->store);
    if (!strstr(rig->why, word))
        fail_msg("\"%s\" does not say \"%s\"", rig->why, word);
}

static void sql(const struct rig *rig, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(rig_path(rig, "otpgate.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_second_opener(void **state)
{
    struct rig rig, second;
    (void)state;
    rig_disk(&rig);
    second = rig;
    second.store = NULL;
    refused(&second, -EBUSY, "Another otpgated");
    rig_put(&rig, "still works");
    rig_end(&rig);
}

static void test_modes(void **state)
{
    static const char *const files[] = {"otpgate.db", "otpgate.db-wal", "otpgate.db-shm",
                                        "lock",       "reserve",        "incarnation",
                                        "keys/body",  "keys/index",     "keys/otp"};
    struct rig rig;
    struct stat st;
    (void)state;
    mode_t old = umask(0);
    rig_disk(&rig);
    rig_put(&rig, "k");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_int_equal(stat(rig_path(&rig, files[i]), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
    assert_int_equal(stat(rig_path(&rig, "keys"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    umask(old);
    rig_end(&rig);
}

static void test_directory(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    assert_int_equal(chmod(rig.dir, 0770), 0);
    refused(&rig, -EACCES, "chmod go-w");
    assert_int_equal(chmod(rig.dir, 0750), 0);
    rig_reopen(&rig);
    rig_close(&rig);
    struct rig missing = rig;
    snprintf(missing.dir, sizeof missing.dir, "/proc/no-such/otpgate");
    refused(&missing, -ENOENT, "/proc/no-such/otpgate");
    rig_end(&rig);
}

static void test_makes_its_directory(void **state)
{
    struct rig rig, inner;
    struct stat st;
    (void)state;
    rig_disk(&rig);
    inner = rig;
    inner.store = NULL;
    snprintf(inner.dir, sizeof inner.dir, "%.50s/inner", rig.dir);
    assert_int_equal(rig_open(&inner), 0);
    assert_int_equal(stat(inner.dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    rig_close(&inner);
    rig_end(&rig);
}

static void test_newer_schema(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    sql(&rig, "PRAGMA user_version = 99");
    refused(&rig, -EPROTO, "newer otpgated");
    char known[64];
    snprintf(known, sizeof known, "PRAGMA user_version = %d", STORE_SCHEMA);
    sql(&rig, known);
    rig_reopen(&rig);
    rig_end(&rig);
}

static void test_foreign_database(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_shell("rm %s", rig_path(&rig, "otpgate.db"));
    sql(&rig, "CREATE TABLE photos (x)");
    refused(&rig, -EBADMSG, "another program");
    rig_shell("head -c 8192 /dev/urandom > %s", rig_path(&rig, "otpgate.db"));
    refused(&rig, -EBADMSG, ".recover");
    rig_end(&rig);
}

static void work_many(struct rig *rig)
{
    for (int i = 0; i < 200; i++)
        rig_put(rig, "");
}

/* Pages of a table overwritten behind the daemon's back: seen after an unclean end. */
static void test_corrupt(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    rig_crash(&rig, work_many);
    sql(&rig, "PRAGMA wal_checkpoint(TRUNCATE)");
    int fd = open(rig_path(&rig, "otpgate.db"), O_WRONLY);
    assert_true(fd >= 0);
    char junk[4096];
    memset(junk, 0xa5, sizeof junk);
    off_t pages = lseek(fd, 0, SEEK_END) / 4096;
    for (off_t page = pages / 2; page < pages; page++)
        assert_int_equal(pwrite(fd, junk, sizeof junk, page * 4096), sizeof junk);
    close(fd);
    refused(&rig, -EBADMSG, "sqlite3 otpgate.db .recover");
    rig_end(&rig);
}

static void test_full_failing_read_only(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_close(&rig);
    vfs_shim_fail(VFS_DISK_FULL, VFS_WRITE, 1, UINT64_MAX);
    refused(&rig, -ENOSPC, "full");
    vfs_shim_reset();
    vfs_shim_fail(VFS_IO_ERROR, VFS_SYNC, 1, UINT64_MAX);
    refused(&rig, -EIO, "Input/output");
    vfs_shim_reset();
    vfs_shim_read_only(true);
    refused(&rig, -EROFS, "remount");
    vfs_shim_reset();
    rig_reopen(&rig); /* and nothing was harmed */
    rig_put(&rig, "k");
    rig_end(&rig);
}

static void work_nothing(struct rig *rig)
{
    (void)rig;
}

static void test_unclean_mark(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    assert_false(store_was_unclean(rig.store));
    rig_reopen(&rig);
    assert_false(store_was_unclean(rig.store));
    rig_close(&rig);
    rig_crash(&rig, work_nothing);
    rig_reopen(&rig);
    assert_true(store_was_unclean(rig.store));
    rig_reopen(&rig);
    assert_false(store_was_unclean(rig.store));
    rig_end(&rig);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static void test_keys_missing(void **state)
{
    static const char *const names[] = {"keys/body", "keys/index", "keys/otp"};
    struct rig rig;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        rig_disk(&rig);
        int64_t row = rig_put(&rig, "k");
        rig_close(&rig);
        rig_shell("mv %s %s/away", rig_path(&rig, names[i]), rig.dir);
        refused(&rig, -ENOKEY, "--new-keys");
        rig_shell("test ! -e %s", rig_path(&rig, names[i])); /* nothing made meanwhile */
        rig_shell("mv %s/away %s", rig.dir, rig_path(&rig, names[i]));
        rig_reopen(&rig);
        assert_int_equal(rig_state(&rig, row), MESSAGE_QUEUED);
        rig_end(&rig);
    }
}

static void test_new_keys(void **state)
{
    struct rig rig;
    struct message message;
    struct event events[8];
    (void)state;
    rig_disk(&rig);
    int64_t queued = rig_put(&rig, "a"), claimed = rig_put(&rig, "b"), sent = rig_put(&rig, "c");
    rig_move(&rig, claimed, MESSAGE_CLAIMED);
    rig_attempt(&rig, claimed, ATTEMPT_CLAIMED, "s");
    rig_move(&rig, sent, MESSAGE_CLAIMED);
    rig_move(&rig, sent, MESSAGE_SENDING);
    rig_attempt(&rig, sent, ATTEMPT_COMMITTED, "s");
    rig_close(&rig);
    rig_shell("head -c 32 /dev/urandom > %s", rig_path(&rig, "keys/body"));
    refused(&rig, -ENOKEY, "not those of this database");
    rig.options.new_keys = true;
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, queued), MESSAGE_FAILED);
    rig_reason(&rig, queued, "key_lost");
    assert_int_equal(rig_state(&rig, claimed), MESSAGE_FAILED);
    assert_int_equal(rig_state(&rig, sent), MESSAGE_UNKNOWN); /* may have left: never "failed" */
    assert_int_equal(store_message_by_row(rig.store, sent, true, &message), 1);
    assert_null(message.text);
    assert_int_equal(message.on_unknown, ON_UNKNOWN_REPORT);
    message_clear(&message);
    assert_true(store_events_after(rig.store, 0, UINT32_MAX, events, 8) > 0);
    assert_string_equal(events[0].key, "");
    assert_string_equal(rig_ladder(&rig, queued), "queued failed");
    int64_t again = rig_put(&rig, "a"); /* the key is free again: nobody knows the old one */
    rig.options.new_keys = false;
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, again), MESSAGE_QUEUED);
    rig_end(&rig);
}

static void receive(struct rig *rig)
{
    const uint8_t set[32] = {1};
    struct inbox inbox = {.parts = 1, .class_ = -1, .from = "VIETTEL", .modem = "m"};
    rig_begin(rig);
    assert_int_equal(store_inbox_insert(rig->store, &inbox), 0);
    assert_int_equal(store_part_insert(rig->store, set, 1, 2, "s", "m", "t", 1), 1);
    assert_int_equal(store_seen(rig->store, "s", "t", 1), 0);
    rig_keep(rig);
}

/* What came in is not thrown away because somebody mislaid a key; where it is lost, what it was
 * stays known, and what cannot be joined any more goes. */
static void test_new_keys_and_the_inbox(void **state)
{
    struct rig rig;
    struct inbox inbox;
    const uint8_t set[32] = {1};
    (void)state;
    rig_disk(&rig);
    receive(&rig);
    rig_close(&rig);
    rig_shell("head -c 32 /dev/urandom > %s", rig_path(&rig, "keys/index"));
    refused(&rig, -ENOKEY, "0 live messages and 2 received ones");
    rig.options.new_keys = true;
    rig_reopen(&rig);
    assert_int_equal(store_inbox_list(rig.store, 0, &inbox, 1), 1);
    assert_string_equal(inbox.modem, "m");
    assert_string_equal(inbox.from, "");
    assert_null(inbox.text);
    inbox_clear(&inbox);
    assert_int_equal(store_parts_count(rig.store, set), 0);
    rig.options.new_keys = false;
    receive(&rig); /* all of it anew */
    rig_close(&rig);
    rig_shell("head -c 32 /dev/urandom > %s", rig_path(&rig, "keys/body"));
    refused(&rig, -ENOKEY, "and 2 received ones");
    rig.options.new_keys = true;
    rig_reopen(&rig);
    rig_end(&rig);
}

/* --new-keys where the keys are well: nothing is lost. */
static void test_new_keys_for_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    int64_t row = rig_put(&rig, "a");
    rig.options.new_keys = true;
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, row), MESSAGE_QUEUED);
    rig_end(&rig);
}

static void test_key_files(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    rig_put(&rig, "k");
    rig_close(&rig);
    assert_int_equal(chmod(rig_path(&rig, "keys/index"), 0640), 0);
    refused(&rig, -EACCES, "chmod 600");
    assert_int_equal(chmod(rig_path(&rig, "keys/index"), 0600), 0);
    assert_int_equal(truncate(rig_path(&rig, "keys/index"), 31), 0);
    refused(&rig, -ENOKEY, "damaged");
    rig_shell("head -c 33 /dev/urandom > %s", rig_path(&rig, "keys/index"));
    refused(&rig, -ENOKEY, "damaged");
    rig_shell("mv %s %s/elsewhere", rig_path(&rig, "keys/otp"), rig.dir);
    rig_shell("ln -s %s/elsewhere %s", rig.dir, rig_path(&rig, "keys/otp"));
    rig_shell("head -c 32 /dev/urandom > %s", rig_path(&rig, "keys/index"));
    refused(&rig, -ELOOP, "keys/otp cannot be read");
    rig_end(&rig);
}

static void test_credentials(void **state)
{
    struct rig rig;
    (void)state;
    rig_disk(&rig);
    int64_t row = rig_put(&rig, "k");
    rig_close(&rig);
    char place[96];
    snprintf(place, sizeof place, "%s/credentials", rig.dir);
    assert_int_equal(mkdir(place, 0700), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", place, 1), 0);
    rig_reopen(&rig); /* none of ours there: the files count */
    rig_close(&rig);
    rig_shell("cd %s/keys && for k in body index; do mv $k %s/otpgate.$k; done", rig.dir, place);
    refused(&rig, -ENOKEY, "missing");
    rig_shell("mv %s/keys/otp %s/otpgate.otp", rig.dir, place);
    rig_reopen(&rig);
    assert_int_equal(rig_state(&rig, row), MESSAGE_QUEUED);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    rig_shell("test ! -e %s/keys/otp", rig.dir);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_opener),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_makes_its_directory),
        cmocka_unit_test(test_newer_schema),
        cmocka_unit_test(test_foreign_database),
        cmocka_unit_test(test_corrupt),
        cmocka_unit_test(test_full_failing_read_only),
        cmocka_unit_test(test_unclean_mark),
        cmocka_unit_test(test_keys_missing),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_new_keys_and_the_inbox),
        cmocka_unit_test(test_new_keys_for_nothing),
        cmocka_unit_test(test_key_files),
        cmocka_unit_test(test_credentials),
    };
    return vfs_shim_install() != 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
