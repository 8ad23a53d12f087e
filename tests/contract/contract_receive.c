/* contract_receive: what comes from the air, and who may delete it. */
#include "contract.h"

#include <string.h>
#include "pdu_decode.h"

static unsigned wanted;

static bool has_inbounds(struct rig *rig)
{
    return rig->inbounds >= wanted;
}

static void gets(struct rig *rig, unsigned count)
{
    wanted = count;
    rig_until(rig, has_inbounds);
}

static void write_to(struct rig *rig, const char *text)
{
    rig_sim(rig, "write", "\"from\":\"0987654321\",\"text\":\"%s\"", text);
}

static bool says(const struct rig *rig, const char *text)
{
    struct pdu_deliver deliver;
    assert_int_equal(pdu_decode_deliver(rig->inbound.tpdu, rig->inbound.len, &deliver), PDU_OK);
    return strcmp(deliver.text, text) == 0;
}

static void hands_up_what_comes(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    write_to(rig, "xin chao");
    gets(rig, 1);
    assert_true(says(rig, "xin chao"));
    assert_string_equal(rig->inbound.iccid, rig->link->identity.iccid);
    write_to(rig, "hen gap lai");
    gets(rig, 2);
    assert_true(says(rig, "hen gap lai"));
    rig_sends(rig);
    assert_int_equal(rig->inbounds, 2);
}

static void what_is_taken_is_gone(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    write_to(rig, "mot");
    gets(rig, 1);
    rig_sends(rig); /* its delete is done by then, or comes before the close */
    rig_idle(rig, 200);
    rig_close(rig);
    rig_idle(rig, 50);
    rig_open(rig); /* a new link knows of no former one, and looks at all that is stored */
    rig_until(rig, rig_is_ready);
    write_to(rig, "hai");
    gets(rig, 2);
    assert_true(says(rig, "hai"));
}

static void what_is_not_taken_comes_again(void **state)
{
    struct rig *rig = *state;
    rig->taker = RIG_LEAVES;
    rig_start(rig, true);
    write_to(rig, "con day");
    gets(rig, 1);
    rig_idle(rig, 100);
    rig->taker = RIG_TAKES;
    gets(rig, 2); /* at the next sweep */
    assert_true(says(rig, "con day"));
    rig_sends(rig);
}

static void what_nobody_answered_for_comes_again(void **state)
{
    struct rig *rig = *state;
    rig->taker = RIG_WAITS;
    rig_start(rig, true);
    write_to(rig, "chua luu");
    gets(rig, 1);
    rig_close(rig);
    rig_idle(rig, 50);
    rig_open(rig);
    gets(rig, 2);
    assert_true(says(rig, "chua luu"));
    rig_taken(rig, 0, false);
    rig_taken(rig, 4711, true);
    rig_taken(rig, rig->inbound.handle, true);
    rig_taken(rig, rig->inbound.handle, true); /* twice */
    rig_until(rig, rig_is_ready);
    rig->taker = RIG_TAKES;
    rig_sends(rig);
}

static void messages_wait_for_the_link(void **state)
{
    struct rig *rig = *state;
    write_to(rig, "som");
    rig_start(rig, true);
    gets(rig, 1);
    assert_true(says(rig, "som"));
}

static void comes_in_while_one_goes_out(void **state)
{
    struct rig *rig = *state;
    rig_start(rig, true);
    rig_sim(rig, "timing", "\"latency_ms\":300");
    assert_int_equal(rig_submit(rig), 0);
    write_to(rig, "giua chung");
    rig_wants(rig, SMS_SENT, SMS_CAUSE_NONE, 0);
    gets(rig, 1);
    assert_true(says(rig, "giua chung"));
    assert_int_equal(rig->outcomes, 1);
}

/* What is said and heard is recorded, told once a turn, and none of it is anybody's. */
static void a_dialogue_is_recorded(void **state)
{
    struct rig *rig = *state;
    struct link_trace line;
    unsigned count = 0, bodies = 0;
    rig_start(rig, true);
    write_to(rig, "khanary");
    gets(rig, 1);
    rig_sends(rig);
    const struct link_identity *id = &rig->link->identity;
    for (uint64_t n = 0; link_trace(rig->link, n, &line); n = line.number + 1, count++) {
        assert_true(strchr("<>=", line.way) && line.number >= n);
        bodies += strstr(line.text, "<pdu:") || strstr(line.text, "<deliver:");
        const char *const secrets[] = {id->imei, id->imsi, id->smsc + 3, "khanary", "Ma OTP:"};
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            if (strstr(line.text, secrets[k]))
                fail_msg("%s stands in %s", secrets[k], line.text);
    }
    assert_true(count > 10 && bodies >= 2);
    assert_true(rig->traced > 0 && rig->traced <= count);
}

const struct CMUnitTest contract_receive[] = {
    cmocka_unit_test(hands_up_what_comes),
    cmocka_unit_test(what_is_taken_is_gone),
    cmocka_unit_test(what_is_not_taken_comes_again),
    cmocka_unit_test(what_nobody_answered_for_comes_again),
    cmocka_unit_test(messages_wait_for_the_link),
    cmocka_unit_test(comes_in_while_one_goes_out),
    cmocka_unit_test(a_dialogue_is_recorded),
};
const size_t contract_receive_count = sizeof contract_receive / sizeof *contract_receive;
