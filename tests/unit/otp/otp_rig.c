/* otp_rig: see otp_rig.h. */
#include "otp_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text_vi[] = "Ma {code} trong {minutes} phut", text_en[] = "Code {code}";
static char vi[] = "vi", en[] = "en", wait_1[] = "30", wait_2[] = "60", wait_3[] = "120";
static struct config_pair pairs[] = {{vi, text_vi, 1}, {en, text_en, 2}};
static char *waits[] = {wait_1, wait_2, wait_3};

int otp_rig_setup(void **state)
{
    otp_rig_setup_in(state, NULL);
    return 0;
}

void otp_rig_setup_in(void **state, const char *dir)
{
    struct otp_rig *rig = calloc(1, sizeof *rig);
    void *world = NULL;

    assert_non_null(rig);
    rig_setup_in(&world, dir);
    rig->world = world;
    rig->purpose = (struct config_purpose){
        .name = "register",
        .template_ = {pairs, 2},
        .ttl_s = 300,
        .length = 6,
        .checks = 5,
        .sends = 3,
        .resend_after_s = {waits, 3},
        .check_interval_ms = 1000,
        .number_per_day = 5,
        .subject_per_hour = 3,
        .ip_per_hour = 4,
    };
    rig->world->config.purposes = &rig->purpose;
    rig->world->config.purpose_count = 1;
    rig->otp =
        otp_new(rig->world->loop, rig->world->store, rig->world->gateway, &rig->world->config);
    assert_non_null(rig->otp);
    rig_settle(rig->world);
    rig_ready(rig->world, 0);
    *state = rig;
}

int otp_rig_teardown(void **state)
{
    struct otp_rig *rig = *state;
    void *world = rig->world;

    otp_free(rig->otp);
    assert_int_equal(rig_teardown(&world), 0);
    free(rig);
    return 0;
}

static bool settled(struct otp_rig *rig, int rc)
{
    assert_int_equal(store_end(rig->world->store, rc == 0), 0);
    rig_await(rig->world);
    return rc == 0;
}

bool otp_rig_start(struct otp_rig *rig, const struct otp_start *start, struct otp_standing *out)
{
    assert_int_equal(store_begin(rig->world->store), 0);
    return settled(rig, otp_start(rig->otp, start, out, &rig->refusal));
}

bool otp_rig_resend(struct otp_rig *rig, const uint8_t id[OTP_ID], struct otp_standing *out)
{
    assert_int_equal(store_begin(rig->world->store), 0);
    return settled(rig, otp_resend(rig->otp, 1000, id, NULL, out, &rig->refusal));
}

bool otp_rig_cancel(struct otp_rig *rig, const uint8_t id[OTP_ID])
{
    struct otp_standing out;

    assert_int_equal(store_begin(rig->world->store), 0);
    return settled(rig, otp_cancel(rig->otp, 1000, id, &out, &rig->refusal));
}

bool otp_rig_check(struct otp_rig *rig, const uint8_t id[OTP_ID], const char *code, const char *key,
                   struct otp_checked *out)
{
    assert_int_equal(store_begin(rig->world->store), 0);
    return settled(rig, otp_check(rig->otp, 1000, id, code, key, out, &rig->refusal));
}

void otp_rig_key(struct otp_rig *rig, struct otp_start *start)
{
    static char keys[64][24];
    char *key = keys[rig->keys % 64];

    snprintf(key, sizeof keys[0], "k-%u", ++rig->keys);
    start->key = key;
}

struct otp_start otp_rig_asked(struct otp_rig *rig)
{
    struct otp_start start = {.uid = 1000, .to = "0912345678", .purpose = "register"};

    otp_rig_key(rig, &start);
    return start;
}

struct message otp_rig_message(struct otp_rig *rig, const struct otp_row *row, int nth)
{
    struct message found = {0}, message = {0};

    assert_int_equal(otp_message(rig->otp, row, nth, &found), 1);
    assert_int_equal(store_message_by_row(rig->world->store, found.row, true, &message), 1);
    message_clear(&found);
    return message;
}

void otp_rig_code(struct otp_rig *rig, const struct otp_row *row, int nth, char out[OTP_DIGITS + 1])
{
    struct message message = otp_rig_message(rig, row, nth);

    assert_non_null(message.text);
    assert_memory_equal(message.text, "Ma ", 3);
    memcpy(out, message.text + 3, row->length);
    out[row->length] = '\0';
    message_clear(&message);
}

void otp_rig_other(const char *code, char out[OTP_DIGITS + 1])
{
    strcpy(out, code);
    out[0] = (char)(code[0] == '9' ? '0' : code[0] + 1);
}

struct otp_row otp_rig_row(struct otp_rig *rig, const uint8_t id[OTP_ID])
{
    struct otp_row row;

    assert_int_equal(store_otp_by_id(rig->world->store, id, &row), 1);
    return row;
}

void otp_rig_pass(struct otp_rig *rig, int64_t ms)
{
    rig_run_for(rig->world, ms);
}

bool otp_rig_refused(const struct otp_rig *rig, const char *name)
{
    return rig->refusal.name && strcmp(rig->refusal.name, name) == 0;
}
