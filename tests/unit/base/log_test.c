/* log: a line stays a line, whatever is in it. */
#include "cm.h"
#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char last_line[2048];
static unsigned lines;

static void take(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    lines++;
    snprintf(last_line, sizeof(last_line), "%s", line);
}

static int sink_on(void **state)
{
    (void)state;
    log_sink_set(take, NULL);
    log_level_set(LOG_LEVEL_INFO);
    lines = 0;
    last_line[0] = '\0';
    return 0;
}

static void shape(void **state)
{
    (void)state;
    log_event(LOG_LEVEL_INFO, "at", "viettel-1", "sent", "mr=%d to=%s", 7, "082**088");
    assert_string_equal(last_line, "at viettel-1 sent mr=7 to=082**088");
    log_event(LOG_LEVEL_ERROR, "main", "-", "start", "%s", "");
    assert_string_equal(last_line, "main - start");
}

static void levels(void **state)
{
    (void)state;
    log_event(LOG_LEVEL_DEBUG, "at", "-", "chatter", "%s", "");
    assert_int_equal(lines, 0);
    log_level_set(LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, "at", "-", "chatter", "%s", "");
    assert_int_equal(lines, 1);
}

static void escapes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a\nb", "a\\x0ab"},
        {"\r\x1b[2J\x7f", "\\x0d\\x1b[2J\\x7f"},
        {"\xc3\xa3 \xe1\xba\xad", "\xc3\xa3 \xe1\xba\xad"}, /* letters stay */
        {"\xff\xc3(", "\\xff\\xc3("},
        {"\xc2\x85|", "\\xc2\\x85|"},          /* C1: next line */
        {"\xe2\x80\xae|", "\\xe2\\x80\\xae|"}, /* turns the direction around */
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char want[256];
        log_event(LOG_LEVEL_INFO, "at", "-", "line", "text=%s", rows[i][0]);
        snprintf(want, sizeof(want), "at - line text=%s", rows[i][1]);
        assert_string_equal(last_line, want);
    }
    log_event(LOG_LEVEL_INFO, "at", "a\nb", "line", "%s", "");
    assert_string_equal(last_line, "at a\\x0ab line");
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    char text[3000];
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa3", 2);
    text[sizeof(text) - 2] = '\0';
    log_event(LOG_LEVEL_INFO, "at", "-", "line", "text=%s", text);
    size_t len = strlen(last_line);
    assert_in_range(len, 1000, 1023);
    assert_string_equal(last_line + len - 3, "...");
    assert_null(strstr(last_line, "\\x")); /* never inside a letter */
}

/* What a child writes to its standard error, which is a file (`journal`: named so). */
static void child_line(int journal, enum log_level level, char *out, size_t room)
{
    char path[] = "/tmp/otpgate-log-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct stat st;
        char named[64] = "1:2"; /* left behind by a shell: not ours */
        if (fstat(fd, &st) == 0 && journal)
            snprintf(named, sizeof(named), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        if (dup2(fd, STDERR_FILENO) < 0 || setenv("JOURNAL_STREAM", named, 1) != 0)
            _exit(1);
        log_sink_set(NULL, NULL);
        char text[3000];
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        log_event(level, "at", "-", "line", "n=%d", 1);
        log_event(level, "at", "-", "line", "n=%s", text);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    ssize_t len = pread(fd, out, room - 1, 0);
    assert_true(len > 0);
    out[len] = '\0';
    close(fd);
}

static void to_the_journal(void **state)
{
    (void)state;
    char out[4096];
    child_line(1, LOG_LEVEL_WARNING, out, sizeof(out));
    assert_memory_equal(out, "<4>at - line n=1\n<4>at - line n=xxx", 35);
    assert_int_equal(strlen(strchr(out, '\n') + 1), 1024);
}

static void to_a_file(void **state)
{
    (void)state;
    static const char shape[] = "0000-00-00T00:00:00.000Z at - line n=1\n";
    char out[4096];
    child_line(0, LOG_LEVEL_INFO, out, sizeof(out));
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '0')
            assert_in_range(out[i], '0', '9');
        else
            assert_int_equal(out[i], shape[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shape, sink_on),
        cmocka_unit_test_setup(levels, sink_on),
        cmocka_unit_test_setup(escapes, sink_on),
        cmocka_unit_test_setup(long_lines_are_cut, sink_on),
        cmocka_unit_test_setup(to_the_journal, sink_on),
        cmocka_unit_test_setup(to_a_file, sink_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
