/* Random sequences of calls, each answered by the real thing and by a small reference model that
 * knows nothing of hashes, rows and transactions: no difference. OTPGATE_SEQUENCES: how many
 * (3000); OTPGATE_SEED: the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otp_rig.h"

enum { NUMBERS = 2, SUBJECTS = 3, CALLS = 10, TIMES = 512, HOUR_MS = 3600000, DAY_MS = 86400000 };

#define KEYS_MS (INT64_C(25) * 3600 * 1000) /* a key is known so long at the least */

/* The newest verification of a number and a subject (0: none given). */
struct ref {
    bool any;
    uint8_t id[OTP_ID];
    enum otp_state state;
    int checks, sends, streak, formers;
    int64_t sent, expires, checked;
    char code[OTP_DIGITS + 1], former[8][OTP_DIGITS + 1];
    char key[24]; /* of its last start */
    int64_t key_at, check_key_at;
    char check_key[24], check_code[OTP_DIGITS + 1], check_says[40];
};
struct times {
    int64_t at[TIMES];
    int count;
};
struct model {
    struct ref ref[NUMBERS][SUBJECTS];
    struct times number[NUMBERS], subject[SUBJECTS];
    bool fresh; /* resend_code = new */
    int64_t now;
    unsigned seq;
};

static uint64_t state_of_chance;

static unsigned chance(unsigned below)
{
    state_of_chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state_of_chance;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % below);
}

/* --- the reference ---------------------------------------------------------------------------- */

static int64_t wait_ms(int sends)
{
    return sends <= 1 ? 30000 : sends == 2 ? 60000 : 120000;
}

static bool full(const struct times *times, int64_t now, int64_t window, int cap)
{
    int count = 0;
    for (int i = 0; i < times->count; i++)
        count += times->at[i] > now - window;
    return count >= cap;
}

static void note(struct times *times, int64_t now)
{
    assert_true(times->count < TIMES);
    times->at[times->count++] = now;
}

static void age(const struct model *m, struct ref *ref)
{
    if (ref->any && ref->state == OTP_PENDING && m->now >= ref->expires)
        ref->state = OTP_EXPIRED;
}

static const char *model_resend(struct model *m, struct ref *ref, int number)
{
    age(m, ref);
    if (ref->state != OTP_PENDING)
        return "refused:too_late";
    if (ref->sends >= 3)
        return "refused:send_cap";
    if (!m->fresh && ref->expires - m->now < 20000)
        return "refused:cooldown";
    if (m->now - ref->sent < wait_ms(ref->streak + ref->sends))
        return "refused:cooldown";
    if (full(&m->number[number], m->now, DAY_MS, 5))
        return "refused:number_cap";
    if (m->fresh) {
        strcpy(ref->former[ref->formers++], ref->code);
        ref->expires = m->now + 300000;
    }
    ref->sends++;
    ref->sent = m->now;
    note(&m->number[number], m->now);
    return "sent";
}

static const char *model_start(struct model *m, struct ref *ref, int number, int subject)
{
    int streak = 0;
    struct times *asked = subject > 0 && subject < SUBJECTS ? &m->subject[subject] : NULL;
    age(m, ref);
    if (ref->any && ref->state == OTP_PENDING)
        return model_resend(m, ref, number);
    if (ref->any && ref->state != OTP_APPROVED && m->now - ref->sent < HOUR_MS) {
        streak = ref->streak + ref->sends;
        if (m->now - ref->sent < wait_ms(streak))
            return "refused:cooldown";
    }
    if (full(&m->number[number], m->now, DAY_MS, 5))
        return "refused:number_cap";
    if (asked && full(asked, m->now, HOUR_MS, 3))
        return "refused:subject_cap";
    note(&m->number[number], m->now);
    if (asked)
        note(asked, m->now);
    *ref = (struct ref){.any = true,
                        .state = OTP_PENDING,
                        .sends = 1,
                        .streak = streak,
                        .sent = m->now,
                        .expires = m->now + 300000,
                        .checked = INT64_MIN};
    return "new";
}

static void model_check(struct model *m, struct ref *ref, const char *code, char says[40])
{
    static const char *const ended[OTP_STATES] = {"", "already_used", "exhausted", "expired",
                                                  "cancelled"};
    age(m, ref);
    if (ref->state != OTP_PENDING) {
        strcpy(says, ended[ref->state]);
        return;
    }
    if (ref->checked != INT64_MIN && m->now - ref->checked < 1000) {
        strcpy(says, "refused:rate_limited");
        return;
    }
    ref->checked = m->now;
    ref->checks++;
    if (strcmp(code, ref->code) == 0) {
        ref->state = OTP_APPROVED;
        strcpy(says, "approved");
        return;
    }
    if (ref->checks == 5) {
        ref->state = OTP_EXHAUSTED;
        strcpy(says, "exhausted");
        return;
    }
    const char *what = "wrong";
    for (int i = 0; i < ref->formers; i++)
        if (strcmp(code, ref->former[i]) == 0)
            what = "superseded";
    snprintf(says, 40, "%s %d", what, 5 - ref->checks);
}

static const char *model_cancel(struct model *m, struct ref *ref)
{
    age(m, ref);
    if (ref->state != OTP_PENDING && ref->state != OTP_CANCELLED)
        return "refused:too_late";
    ref->state = OTP_CANCELLED;
    return "done";
}

/* --- both, side by side ----------------------------------------------------------------------- */

static void agree(const struct model *m, const char *what, const char *wanted, const char *got)
{
    if (strcmp(wanted, got) != 0)
        fail_msg("sequence %u, %s at %lld: the model says %s, the gateway %s", m->seq, what,
                 (long long)m->now, wanted, got);
}

static const char *refused(const struct otp_rig *rig)
{
    static char text[64];
    snprintf(text, sizeof text, "refused:%s", rig->refusal.name);
    return text;
}

/* The network takes what waits, at once. */
static void deliver(struct otp_rig *rig)
{
    while (rig->world->link[0]->busy) {
        rig_prompt(rig->world, 0);
        rig_outcome(rig->world, 0, SMS_SENT, SMS_CAUSE_NONE, 0);
    }
}

static void take_code(struct otp_rig *rig, struct ref *ref, const struct otp_standing *out)
{
    memcpy(ref->id, out->row.id, OTP_ID);
    otp_rig_code(rig, &out->row, out->row.sends, ref->code);
    assert_int_equal(out->row.sends, ref->sends);
    assert_int_equal(out->sends_left, 3 - ref->sends);
    assert_int_equal(out->row.expires_ms, ref->expires);
}

static void do_start(struct model *m, struct otp_rig *rig, int number, int subject)
{
    struct ref *ref = &m->ref[number][subject];
    struct otp_standing out;
    char to[16], hash[32], was[OTP_DIGITS + 1] = "";
    bool again = ref->any && chance(4) == 0 && m->now - ref->key_at < KEYS_MS;
    struct otp_start start = {.uid = 1000, .to = to, .purpose = "register"};
    snprintf(to, sizeof to, "09%08u", 10000000 + m->seq * NUMBERS + (unsigned)number);
    snprintf(hash, sizeof hash, "s-%u-%d", m->seq, subject);
    start.subject = subject ? hash : NULL;
    otp_rig_key(rig, &start);
    if (again)
        start.key = ref->key;
    strcpy(was, ref->code);
    const char *wanted = again ? "repeat" : model_start(m, ref, number, subject);
    bool done = otp_rig_start(rig, &start, &out);
    agree(m, "start", wanted,
          !done                ? refused(rig)
          : out.duplicate      ? "repeat"
          : out.row.sends == 1 ? "new"
                               : "sent");
    if (!done || again)
        return;
    take_code(rig, ref, &out);
    if (ref->sends > 1 && !m->fresh)
        assert_string_equal(ref->code, was);
    snprintf(ref->key, sizeof ref->key, "%s", start.key);
    ref->key_at = m->now;
}

static void do_resend(struct model *m, struct otp_rig *rig, int number, struct ref *ref)
{
    struct otp_standing out;
    char was[OTP_DIGITS + 1];
    strcpy(was, ref->code);
    const char *wanted = model_resend(m, ref, number);
    bool done = otp_rig_resend(rig, ref->id, &out);
    agree(m, "resend", wanted, done ? "sent" : refused(rig));
    if (!done)
        return;
    take_code(rig, ref, &out);
    if (!m->fresh)
        assert_string_equal(ref->code, was);
}

static void do_check(struct model *m, struct otp_rig *rig, struct ref *ref)
{
    char code[OTP_DIGITS + 1], wanted[40], got[64], key[24];
    struct otp_checked checked;
    unsigned kind = chance(8);
    bool keyed = chance(2), again = ref->check_key[0] && chance(5) == 0;
    again = again && m->now - ref->check_key_at < KEYS_MS;
    strcpy(code, ref->code);
    if (kind >= 2 && (kind < 6 || ref->formers == 0))
        snprintf(code, sizeof code, "%06u", chance(1000000));
    else if (kind >= 6)
        strcpy(code, ref->former[chance((unsigned)ref->formers)]);
    snprintf(key, sizeof key, "c-%u", ++rig->keys);
    if (again) {
        strcpy(key, ref->check_key);
        strcpy(code, ref->check_code);
        strcpy(wanted, ref->check_says);
        keyed = true;
    } else {
        int checks = ref->checks;
        model_check(m, ref, code, wanted);
        if (keyed && ref->checks > checks) { /* what was compared is kept */
            strcpy(ref->check_key, key);
            ref->check_key_at = m->now;
            strcpy(ref->check_code, code);
            strcpy(ref->check_says, wanted);
        }
    }
    if (!otp_rig_check(rig, ref->id, code, keyed ? key : NULL, &checked))
        snprintf(got, sizeof got, "%s", refused(rig));
    else if (checked.result == OTP_SAYS_WRONG || checked.result == OTP_SAYS_SUPERSEDED)
        snprintf(got, sizeof got, "%s %d", otp_result_name(checked.result), checked.attempts_left);
    else
        snprintf(got, sizeof got, "%s", otp_result_name(checked.result));
    agree(m, "check", wanted, got);
}

static void one_call(struct model *m, struct otp_rig *rig)
{
    static const int64_t waits[] = {0,     500,   1000,   1000,   10000,   30000,
                                    60000, 61000, 120000, 301000, 3600000, 86400000};
    int number = (int)chance(NUMBERS), subject = (int)chance(SUBJECTS);
    struct ref *ref = &m->ref[number][subject];
    int64_t pass = waits[chance(sizeof waits / sizeof *waits)];
    if (pass >= HOUR_MS && chance(4) != 0)
        pass = 1000;
    otp_rig_pass(rig, pass);
    m->now = store_clock_ms(rig->world->store);
    unsigned what = chance(10);
    if (!ref->any || what < 2)
        do_start(m, rig, number, subject);
    else if (what < 4)
        do_resend(m, rig, number, ref);
    else if (what < 9)
        do_check(m, rig, ref);
    else
        agree(m, "cancel", model_cancel(m, ref),
              otp_rig_cancel(rig, ref->id) ? "done" : refused(rig));
    deliver(rig);
    if (!ref->any)
        return;
    struct otp_row row = otp_rig_row(rig, ref->id);
    age(m, ref);
    struct otp_standing seen;
    otp_stand(rig->otp, &row, &seen);
    agree(m, "state", otp_state_name(ref->state), otp_state_name(row.state));
}

static void sequences(void **state)
{
    struct otp_rig *rig = *state;
    const char *wanted = getenv("OTPGATE_SEQUENCES"), *seed = getenv("OTPGATE_SEED");
    unsigned count = wanted ? (unsigned)atoi(wanted) : 1500;
    unsigned first = seed ? (unsigned)atoi(seed) : 1;
    static struct model model;

    for (unsigned i = 0; i < count; i++) {
        model = (struct model){.seq = first + i, .fresh = i & 1};
        state_of_chance = first + i;
        rig->purpose.resend_code = model.fresh ? PURPOSE_NEW_CODE : PURPOSE_SAME_CODE;
        for (int call = 0; call < CALLS; call++)
            one_call(&model, rig);
    }
    print_message("%u sequences of %d calls from seed %u: no difference\n", count, CALLS, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sequences, otp_rig_setup, otp_rig_teardown),
    };
    return cmocka_run_group_tests_name("otp_model", tests, NULL, NULL);
}
