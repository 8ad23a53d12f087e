/* Canaries of a verification: number, subject, address, key, and the codes themselves. Every byte
 * of every file of the state directory, every log line and every refusal is searched for them,
 * while the codes are good, after they have ended, and when the store has closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "otp_rig.h"

enum { CODES = 8 };
static const char *const canaries[] = {"907654321", "subject-canary", "203.0.113.77", "key-canary",
                                       "2001:db8:ca:fe"};
static const char masked[] = "090**321"; /* may stand in a log line, not on the disk */
static char codes[CODES][OTP_DIGITS + 1];
static int code_count;
static char found[64]; /* in a log line */

static const char *find(const void *bytes, size_t len)
{
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++)
        if (memmem(bytes, len, canaries[i], strlen(canaries[i])))
            return canaries[i];
    for (int i = 0; i < code_count; i++)
        if (memmem(bytes, len, codes[i], strlen(codes[i])))
            return codes[i];
    return NULL;
}

/* The time in front of a line is digits too. */
static void on_log(void *arg, enum log_level level, const char *line)
{
    const char *canary = find(line, strlen(line));

    (void)arg;
    (void)level;
    if (canary)
        snprintf(found, sizeof found, "%s", canary);
}

/* Number of files searched. */
static int search(const char *dir)
{
    static char bytes[8 << 20];
    int searched = 0;
    DIR *entries = opendir(dir);

    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        char path[512];
        if (entry->d_type != DT_REG)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t len = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        const char *canary = find(bytes, len);
        if (!canary && memmem(bytes, len, masked, strlen(masked)))
            canary = masked; /* an event of it */
        if (canary)
            fail_msg("%s in %s", canary, entry->d_name);
        searched++;
    }
    closedir(entries);
    return searched;
}

static struct otp_row begin(struct otp_rig *rig, const char *to, const char *address)
{
    static int keys;
    char key[32];
    struct otp_start start = otp_rig_asked(rig);
    struct otp_standing out;

    snprintf(key, sizeof key, "key-canary-%d", keys++);
    start.key = key;
    start.to = to;
    start.subject = "subject-canary";
    start.client_ip = address;
    if (!otp_rig_start(rig, &start, &out))
        fail_msg("%s: %s", rig->refusal.name, rig->refusal.sentence);
    assert_true(code_count < CODES);
    otp_rig_code(rig, &out.row, out.row.sends, codes[code_count++]);
    return out.row;
}

/* Wrong, too soon, with another code under the same key: each says no, and what it says is
 * searched. */
static void ask_wrongly(struct otp_rig *rig, const struct otp_row *row)
{
    struct otp_start again = otp_rig_asked(rig);
    struct otp_standing standing;
    struct otp_checked checked;
    char other[OTP_DIGITS + 1];

    otp_rig_other(codes[0], other);
    assert_true(otp_rig_check(rig, row->id, other, "key-canary-check", &checked));
    assert_false(otp_rig_check(rig, row->id, codes[0], "key-canary-check", &checked));
    assert_null(find(rig->refusal.sentence, strlen(rig->refusal.sentence)));
    assert_false(otp_rig_check(rig, row->id, codes[0], NULL, &checked));
    assert_null(find(rig->refusal.sentence, strlen(rig->refusal.sentence)));
    again.key = "key-canary-0";
    again.to = "0907654321";
    assert_false(otp_rig_start(rig, &again, &standing));
    assert_null(find(rig->refusal.sentence, strlen(rig->refusal.sentence)));
}

static void no_canary_anywhere(void **state)
{
    struct otp_rig *rig;
    struct otp_checked checked;
    struct otp_standing out;
    char dir[64];
    void *at = NULL;

    (void)state;
    snprintf(dir, sizeof dir, "%s/otpgate-canary-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(dir));
    otp_rig_setup_in(&at, dir);
    rig = at;
    log_sink_set(on_log, NULL);
    log_level_set(LOG_LEVEL_DEBUG);
    rig->purpose.resend_code = PURPOSE_NEW_CODE;
    struct otp_row approved = begin(rig, "0907654321", "203.0.113.77");
    ask_wrongly(rig, &approved);
    otp_rig_pass(rig, 61000);
    assert_true(otp_rig_resend(rig, approved.id, &out)); /* another code; the first is superseded */
    otp_rig_code(rig, &out.row, 2, codes[code_count++]);
    struct otp_row expired = begin(rig, "0987654321", "2001:db8:ca:fe::1");
    struct otp_row cancelled = begin(rig, "0997654321", NULL);
    assert_true(search(dir) >= 4); /* database, WAL and the rest, while the codes are good */

    assert_true(otp_rig_check(rig, approved.id, codes[1], "key-canary-right", &checked));
    assert_int_equal(checked.result, OTP_SAYS_APPROVED);
    assert_true(otp_rig_cancel(rig, cancelled.id));
    otp_rig_pass(rig, 301000);
    assert_int_equal(otp_rig_row(rig, expired.id).state, OTP_EXPIRED);
    assert_true(search(dir) >= 4);
    assert_int_equal(otp_rig_teardown(&at), 0);
    assert_true(search(dir) >= 1);
    assert_string_equal(found, "");
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

/* The search can find: the hash of a code, its number, its key, put as they are. */
static void the_search_finds(void **state)
{
    (void)state;
    code_count = 1;
    strcpy(codes[0], "583914");
    assert_string_equal(find("xx583914", 8), "583914");
    assert_string_equal(find("+84907654321", 12), "907654321");
    assert_null(find("+8490765432", 11));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_canary_anywhere),
        cmocka_unit_test(the_search_finds),
    };
    return cmocka_run_group_tests_name("otp_canary", tests, NULL, NULL);
}
