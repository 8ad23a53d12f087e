/* Somebody who guesses: any mixture of calls, kills, restarts, reboots, clocks that leap and checks
 * that race. However it is done, no code is compared more often than allowed in a way that he hears
 * of. OTPGATE_EPISODES: how many (120). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"
#include "loop_sim.h"
#include "otp_rig.h"

enum { CALLS = 40, KNOWN = 24, CHECKS = 5 };

/* What he has learnt of one verification. */
struct known {
    uint8_t id[OTP_ID];
    unsigned heard, approved; /* comparisons whose answer he heard */
};
struct house {
    struct otp_rig rig;
    struct world world;
    char dir[64], boot[32];
    unsigned boots, restarts;
    struct known known[KNOWN];
    unsigned count;
    uint64_t chance;
};

static unsigned chance(struct house *h, unsigned below)
{
    h->chance = h->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(h->chance >> 33) % below;
}

static struct link *make_link(void *arg, const struct config_modem *modem,
                              const struct link_sink *sink, void *ctx)
{
    struct house *h = arg;
    struct link *link = hand_link_new(modem->name, "8984", sink, ctx);

    h->world.link[0] = hand_link_of(link);
    return link;
}

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void house_open(struct house *h)
{
    const struct store_options options = {.state_dir = h->dir, .boot_id = h->boot};
    struct world *w = &h->world;
    const char *why = "";

    if (store_open(w->loop, &options, &w->store, &why) != 0)
        fail_msg("%s", why);
    w->gateway = gateway_new(w->loop, w->store, &w->config, make_link, h);
    h->rig.otp = otp_new(w->loop, w->store, w->gateway, &w->config);
    assert_non_null(h->rig.otp);
    h->rig.world = w;
    rig_ready(w, 0);
}

/* `killed`: nothing of an open transaction is left, and nobody heard of it. */
static void house_shut(struct house *h, bool killed)
{
    otp_free(h->rig.otp);
    gateway_free(h->world.gateway);
    if (killed)
        store_abandon(h->world.store);
    else
        store_close(h->world.store);
}

static void house_reboot(struct house *h, int64_t passed_ms)
{
    int64_t wall_ms = loop_wall_ms(h->world.loop) + passed_ms;

    loop_free(h->world.loop);
    h->world.loop = loop_sim_new(1000 + chance(h, 100000), wall_ms);
    snprintf(h->boot, sizeof h->boot, "boot-%u", ++h->boots);
}

static void restart(struct house *h)
{
    static const int64_t leaps[] = {1000, 60000, 400000, -60000, -86400000};
    bool killed = chance(h, 2) == 0;

    h->restarts++;
    house_shut(h, killed);
    if (chance(h, 2) == 0)
        house_reboot(h, leaps[chance(h, sizeof leaps / sizeof *leaps)]);
    house_open(h);
}

static void learn(struct house *h, const struct otp_row *row)
{
    for (unsigned i = 0; i < h->count; i++)
        if (memcmp(h->known[i].id, row->id, OTP_ID) == 0)
            return;
    if (h->count < KNOWN)
        memcpy(h->known[h->count++].id, row->id, OTP_ID);
}

static void start(struct house *h, unsigned episode)
{
    static const char *const subjects[] = {NULL, "a", "b"};
    char to[16], key[24];
    struct otp_standing out;
    struct otp_start asked = {.uid = 1000, .to = to, .purpose = "register", .key = key};

    snprintf(to, sizeof to, "09%08u", 20000000 + episode);
    snprintf(key, sizeof key, "g-%u", ++h->rig.keys);
    asked.subject = subjects[chance(h, 3)];
    if (otp_rig_start(&h->rig, &asked, &out))
        learn(h, &out.row);
}

/* Some checks in one turn of the loop; a kill before its COMMIT leaves nobody who heard. */
static void guess(struct house *h)
{
    struct known *known = h->count ? &h->known[chance(h, h->count)] : NULL;
    unsigned races = 1 + chance(h, 3), heard = 0, approved = 0;
    bool killed = chance(h, 12) == 0;
    char code[OTP_DIGITS + 1], key[24];
    struct otp_checked checked;

    if (!known)
        return;
    for (unsigned i = 0; i < races; i++) {
        snprintf(code, sizeof code, "%06u", chance(h, 1000000));
        snprintf(key, sizeof key, "c-%u", chance(h, 2) ? ++h->rig.keys : 0);
        struct otp_row before = otp_rig_row(&h->rig, known->id);
        assert_int_equal(store_begin(h->world.store), 0);
        int rc = otp_check(h->rig.otp, 1000, known->id, code, chance(h, 2) ? key : NULL, &checked,
                           &h->rig.refusal);
        assert_int_equal(store_end(h->world.store, rc == 0), 0);
        struct otp_row after = otp_rig_row(&h->rig, known->id);
        heard += rc == 0 && after.checks > before.checks;
        approved += rc == 0 && after.checks > before.checks && checked.result == OTP_SAYS_APPROVED;
    }
    if (killed) {
        h->restarts++;
        house_shut(h, true);
        house_open(h);
        return;
    }
    rig_await(&h->world);
    known->heard += heard;
    known->approved += approved;
    assert_true(known->heard <= CHECKS);
    assert_true(known->approved <= 1);
}

static void anything(struct house *h, unsigned episode)
{
    static const int64_t waits[] = {0, 100, 1000, 1000, 5000, 31000, 61000, 301000};
    struct otp_standing out;
    unsigned what = chance(h, 100);

    if (what < 55)
        guess(h);
    else if (what < 70)
        start(h, episode);
    else if (what < 80 && h->count)
        (void)otp_rig_resend(&h->rig, h->known[chance(h, h->count)].id, &out);
    else if (what < 95)
        rig_run_for(&h->world, waits[chance(h, sizeof waits / sizeof *waits)]);
    else if (what < 97)
        loop_sim_wall_set(h->world.loop, loop_wall_ms(h->world.loop) +
                                             1000 * ((int64_t)chance(h, 200000) - 100000));
    else
        restart(h);
}

static void nobody_guesses_more_than_allowed(void **state)
{
    static struct house h;
    const char *wanted = getenv("OTPGATE_EPISODES");
    unsigned episodes = wanted ? (unsigned)atoi(wanted) : 120, most = 0, heard = 0;
    void *borrowed = NULL;
    char remove[100];

    (void)state;
    assert_int_equal(otp_rig_setup(&borrowed), 0); /* for its purpose */
    h.rig.purpose = ((struct otp_rig *)borrowed)->purpose;
    h.rig.purpose.number_per_day = 0; /* he has all the messages he wants */
    h.rig.purpose.subject_per_hour = 0;
    h.world.config = ((struct otp_rig *)borrowed)->world->config;
    h.world.config.modems = h.world.modem;
    h.world.config.modem_count = 1;
    h.world.config.purposes = &h.rig.purpose;
    snprintf(h.world.modem[0].name, sizeof h.world.modem[0].name, "m0");
    log_sink_set(no_log, NULL);
    snprintf(h.dir, sizeof h.dir, "%s/otpgate-guess-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(h.dir));
    snprintf(h.boot, sizeof h.boot, "boot-0");
    h.world.loop = loop_sim_new(1000000, INT64_C(1795000000000));
    h.chance = 1;
    house_open(&h);
    for (unsigned episode = 0; episode < episodes; episode++) {
        h.count = 0;
        memset(h.known, 0, sizeof h.known);
        h.rig.purpose.resend_code = episode & 1 ? PURPOSE_NEW_CODE : PURPOSE_SAME_CODE;
        for (int call = 0; call < CALLS; call++)
            anything(&h, episode);
        for (unsigned i = 0; i < h.count; i++) {
            heard += h.known[i].heard;
            most = h.known[i].heard > most ? h.known[i].heard : most;
        }
    }
    print_message("%u episodes, %u restarts, %u guesses heard, at most %u of one verification\n",
                  episodes, h.restarts, heard, most);
    assert_int_equal(most, CHECKS); /* the search comes as far as it may */
    house_shut(&h, false);
    loop_free(h.world.loop);
    snprintf(remove, sizeof remove, "rm -rf %s", h.dir);
    assert_int_equal(system(remove), 0);
    assert_int_equal(otp_rig_teardown(&borrowed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_guesses_more_than_allowed)};
    return cmocka_run_group_tests_name("otp_guess", tests, NULL, NULL);
}
