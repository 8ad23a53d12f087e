/* secret: a PIN comes from a file that nobody else may read, and from no other. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "secret.h"

static char dir[] = "/tmp/otpgate-secret-XXXXXX", path[64], other[64];

static void put(const char *content, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void refused(const char *file, const char *credential, int rc, const char *says)
{
    char pin[SECRET_PIN_ROOM] = "x";
    const char *why = "";
    assert_int_equal(secret_read_pin(file, credential, pin, &why), rc);
    if (strcmp(why, says) != 0)
        fail_msg("says: %s", why);
    assert_string_equal(pin, "");
}

static void right(const char *file, const char *credential, const char *want)
{
    char pin[SECRET_PIN_ROOM];
    const char *why = "";
    if (secret_read_pin(file, credential, pin, &why) != 0)
        fail_msg("says: %s", why);
    assert_string_equal(pin, want);
}

static void digits_and_nothing_else(void **state)
{
    static const char none[] = "its PIN file holds no 4 to 8 digits";
    static const char *const wrong[] = {"",     "\n",        "123\n", "123456789\n", "12 34",
                                        "12a4", "1234\n\n5", "+1234", " 1234",       "1234;AT\r\n"};
    (void)state;
    put("1234", 0600);
    right(path, "", "1234");
    put("12345678\r\n", 0400);
    right(path, "", "12345678");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put(wrong[i], 0600);
        refused(path, "", -EINVAL, none);
    }
    put("1234567890123456789012345678901234567890123456789012345678901234567890", 0600);
    refused(path, "", -EFBIG, "its PIN file cannot be read");
}

static void open_to_nobody_else(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644, 0660};
    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        put("1234", modes[i]);
        refused(path, "", -EPERM, "its PIN file is open to others: chmod 0600");
    }
    put("1234", 0600);
    assert_int_equal(symlink(path, other), 0);
    refused(other, "", -ELOOP, "its PIN file is a symbolic link");
    assert_int_equal(unlink(other), 0);
    refused(dir, "", -EINVAL, "its PIN file is no regular file");
    refused(other, "", -ENOENT, "its PIN file is not there");
    refused("", "", -ENOENT, "no pin_file is given for it");
    if (geteuid() == 0) { /* only root can give a file away */
        put("1234", 0600);
        assert_int_equal(chown(path, 65534, 65534), 0);
        refused(path, "", -EPERM, "its PIN file belongs to another user than root or our own");
        assert_int_equal(unlink(path), 0);
    }
}

static void a_credential_of_the_service_manager(void **state)
{
    (void)state;
    put("4711\n", 0440); /* its modes are the manager's */
    unsetenv("CREDENTIALS_DIRECTORY");
    refused("", "pin", -ENOENT, "the service manager has passed no credentials");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    right("", "pin", "4711");
    refused("", "another", -ENOENT, "its PIN file is not there");
    unsetenv("CREDENTIALS_DIRECTORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_and_nothing_else),
        cmocka_unit_test(open_to_nobody_else),
        cmocka_unit_test(a_credential_of_the_service_manager),
    };
    if (!mkdtemp(dir))
        return 1;
    (void)snprintf(path, sizeof path, "%s/pin", dir);
    (void)snprintf(other, sizeof other, "%s/other", dir);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(dir);
    return failed;
}
