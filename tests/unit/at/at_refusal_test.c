/* A modem that answers, and refuses: what it says of itself is a rung of the ladder in the end,
 * what it says of the message or of the network is none, and what has a remedy gets that first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "at_world.h"
#include "log.h"
#include "text.h"

static char rungs[256], why[80]; /* climbed since the start; of the first */

static void hear(void *arg, enum log_level level, const char *line)
{
    char rung[16];
    char cause[80];
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
    if (sscanf(line, "at test ladder rung=%15s why=\"%79[^\"]\"", rung, cause) != 2)
        return;
    if (!rungs[0])
        (void)text_copy(why, sizeof why, cause);
    size_t len = strlen(rungs);
    (void)snprintf(rungs + len, sizeof rungs - len, "%s%s", len ? " " : "", rung);
}

/* Started and READY; `smsc` stands in its configuration. */
static struct world *world_heard(const char *smsc)
{
    struct world *w = world_new();
    w->smsc = smsc;
    rungs[0] = '\0';
    world_start(w);
    assert_true(world_until_ready(w, 5000));
    return w;
}

static void send_one(struct world *w, enum sms_verdict verdict)
{
    assert_true(world_until_ready(w, 120000));
    uint64_t token = world_submit(w, false);
    assert_true(token != 0);
    assert_true(world_until_outcome(w, token, 150000));
    assert_int_equal(w->outcome.verdict, verdict);
}

/* It answers in words to whoever asks, and to every message with a refusal. */
static const char *refusal;

static bool refuses(struct world *w, const char *command)
{
    if (strncmp(command, "AT+CMGS=", 8) != 0)
        return false;
    world_say(w, refusal, strlen(refusal));
    return true;
}

static void a_modem_that_refuses_in_words_climbs_too(void **state)
{
    static const struct {
        const char *answer, *rungs;
        bool behind; /* the Ctrl-Z */
    } rows[] = {
        {"\r\nERROR\r\n", "radio reset reopen usb", false},
        {"\r\n+CMS ERROR: 302\r\n", "radio reset reopen usb", false},
        {"\r\n+CMS ERROR: 500\r\n", "radio reset reopen usb", false},
        {"\r\n+CME ERROR: 100\r\n", "radio reset reopen usb", false},
        {"\r\n+CMS ERROR: 300\r\n", "reset reopen usb", false},
        {"\r\n+CMS ERROR: 302\r\n", "radio reset reopen usb", true},
        {"\r\n+CMS ERROR: 300\r\n", "reset reopen usb", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_heard(NULL);
        w->has_usb = true;
        refusal = rows[i].answer;
        w->hook = rows[i].behind ? NULL : refuses;
        w->cmgs_answer = rows[i].behind ? rows[i].answer : NULL;
        for (int n = 0; !strstr(rungs, "usb") && n < 40; n++) {
            assert_true(world_until_ready(w, 120000));
            uint64_t token = world_submit(w, false);
            assert_true(world_until_outcome(w, token, 60000));
            world_run(w, 65000); /* a keepalive, answered */
        }
        assert_string_equal(rungs, rows[i].rungs);
        assert_string_equal(why, "it answers, and refuses every message");
        w->hook = NULL;
        w->cmgs_answer = NULL;
        send_one(w, SMS_SENT);
        world_end(w);
    }
}

/* What the network says, what is said of the message, and one that goes between: none of its own.
 */
static void a_refusal_that_is_not_the_modems_is_no_rung(void **state)
{
    static const char *const answers[] = {"\r\n+CMS ERROR: 304\r\n", "\r\n+CMS ERROR: 331\r\n",
                                          "\r\n+CMS ERROR: 38\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct world *w = world_heard(NULL);
        refusal = answers[i];
        w->hook = refuses;
        for (int n = 0; n < 12; n++)
            send_one(w, SMS_NOT_SENT);
        refusal = "\r\n+CMS ERROR: 302\r\n";
        for (int n = 0; n < 12; n++) {
            w->hook = n % 4 == 3 ? NULL : refuses;
            send_one(w, n % 4 == 3 ? SMS_SENT : SMS_NOT_SENT);
        }
        assert_string_equal(rungs, "");
        world_end(w);
    }
}

/* Its service centre is set again, and its SIM is looked at. */
static void a_refusal_with_a_remedy(void **state)
{
    (void)state;
    struct world *w = world_heard("+84980200031");
    w->hook = refuses;
    refusal = "\r\n+CMS ERROR: 330\r\n";
    send_one(w, SMS_NOT_SENT);
    assert_true(world_until_ready(w, 5000));
    assert_int_equal(world_wrote(w, "AT+CSCA=\"+84980200031\",145\r"), 1);
    refusal = "\r\n+CMS ERROR: 311\r\n";
    w->cpin = "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n";
    send_one(w, SMS_NOT_SENT);
    world_run(w, 5000);
    assert_int_equal(world_state(w), LINK_SIM);
    assert_string_equal(rungs, "");
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modem_that_refuses_in_words_climbs_too),
        cmocka_unit_test(a_refusal_that_is_not_the_modems_is_no_rung),
        cmocka_unit_test(a_refusal_with_a_remedy),
    };
    log_sink_set(hear, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
