/* gammu_send: one short message on its way to the helper: the owner is asked, the text handed over,
 * the verdict told once. */
#include <assert.h>
#include <errno.h>
#include "gammu_inside.h"
#include "log.h"

static void tell_outcome(struct gammu_link *l, const struct sms_outcome *outcome)
{
    assert(l->send.active);
    l->send.active = l->send.asked = false;
    l->notices.commit = false;
    l->notices.outcome = true;
    l->notices.result = *outcome;
    loop_timer_cancel(&l->answer);
    if (l->looking) /* the submit came in the midst of it */
        loop_timer_arm_in(&l->answer, GAMMU_ALIVE_MS);
    log_event(LOG_LEVEL_INFO, "gammu", l->link.name, "outcome",
              "token=%llu part=%u verdict=%s cause=%d reference=%d",
              (unsigned long long)l->send.submit.token, l->send.submit.part,
              sms_verdict_name(outcome->verdict), outcome->cause, outcome->reference);
    gammu_notify(l);
}

void gammu_send_failed(struct gammu_link *l, enum sms_local cause)
{
    const struct sms_outcome outcome = {
        .verdict = sms_cause_verdict(SMS_CAUSE_LOCAL, (int)cause, l->send.left),
        .space = SMS_CAUSE_LOCAL,
        .cause = (int)cause,
        .reference = -1};
    tell_outcome(l, &outcome);
}

bool gammu_take_outcome(struct gammu_link *l, const struct gammu_line *line)
{
    struct sms_outcome outcome = {.verdict =
                                      line->word == GAMMU_REFUSED ? SMS_NOT_SENT : SMS_UNKNOWN,
                                  .space = SMS_CAUSE_LOCAL,
                                  .cause = SMS_LOCAL_ERROR,
                                  .reference = -1};
    if (!l->send.active || !l->send.left || l->send.submit.token != line->id ||
        l->send.submit.part != line->number)
        return false; /* of something that is not under way: it lies */
    if (line->word == GAMMU_SENT) {
        outcome = (struct sms_outcome){
            .verdict = SMS_SENT, .space = SMS_CAUSE_NONE, .reference = line->value & 0xFF};
        l->penalty = l->replugs = 0;
        l->sending = false;
        often_forget(&l->losses);
    }
    tell_outcome(l, &outcome);
    gammu_settle(l, "free");
    return true;
}

/* --- the contract's calls --- */

int gammu_op_submit(struct link *link, const struct link_submit *submit)
{
    struct gammu_link *l = gammu_own(link);
    if (gammu_state(l) != LINK_READY || l->send.active || l->notices.outcome)
        return -EAGAIN;
    l->send.active = true;
    l->send.asked = l->send.left = false;
    l->send.submit = *submit;
    gammu_goto(l, LINK_BUSY, "submit");
    loop_timer_arm_in(&l->answer, GAMMU_OWNER_MS);
    l->notices.commit = true;
    gammu_notify(l);
    return 0;
}

void gammu_op_proceed(struct link *link, uint64_t token, unsigned part, bool yes)
{
    struct gammu_link *l = gammu_own(link);
    if (!l->send.active || !l->send.asked || token != l->send.submit.token ||
        part != l->send.submit.part)
        return;
    l->send.asked = false;
    if (!yes) {
        gammu_send_failed(l, SMS_LOCAL_REFUSED);
        gammu_settle(l, "free");
        return;
    }
    const struct gammu_line line = {
        .word = GAMMU_SEND, .id = token, .number = part, .tpdu = l->send.submit.tpdu};
    l->send.left = true; /* a helper that ends now may have had it */
    loop_timer_arm_in(&l->answer, GAMMU_ANSWER_MS);
    gammu_say(l, &line);
}

void gammu_op_abort(struct link *link)
{
    struct gammu_link *l = gammu_own(link);
    if (!l->send.active || l->send.left)
        return;
    gammu_send_failed(l, SMS_LOCAL_ABORTED);
    gammu_settle(l, "free");
}
