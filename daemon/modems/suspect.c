/* suspect: what failures say of a SIM, and of a number.
 *
 * Some causes may be the recipient's fault as well as the SIM's: an empty account, a wrong service
 * centre and a number that does not exist look alike. What tells is who else fails: the same number
 * on several SIMs blocks nobody, several numbers in a row on one SIM take that SIM out, with an
 * alarm. It comes back by modem.resume, by a swap, or by itself: after half an hour, then twice as
 * long each time, one message may try it, and what becomes of that decides. That message is not
 * blamed for it: another SIM takes it where there is one.
 *
 * A modem that refuses to send is found in the same way, whoever its SIM is. Where what it refuses
 * is the text, the fault may be the message's: the same cause from a second SIM shows that, and is
 * held against neither.
 *
 * Out is a fact of the SIM ("sim.ICCID.out"), so it holds over a restart and a replug. */
#include "suspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "text.h"

enum {
    OUT_FIRST_MS = 30 * 60 * 1000,
    OUT_MOST_MS = 6 * 3600 * 1000,
    OUT_TIMES_MOST = 10,        /* counted no further */
    TRIAL_AGAIN_MS = 60 * 1000, /* the message that tried it told nothing */
    FACT_NAME = 40,
    FACT_VALUE = 96,
};

struct suspect_row {
    enum sms_cause_space space;
    int first, last;
    bool of_text;   /* it speaks of the text: the same from two SIMs is the message's own fault */
    unsigned rests; /* different recipients in a row until the modem rests; 0: as its class says */
    unsigned out;   /* and until the SIM is taken out; 0: never */
    const char *name;
    const char *sentence; /* for people: why, and what to do */
};

#define CMS SMS_CAUSE_CMS
#define CME SMS_CAUSE_CME
#define REFUSES                                                                                    \
    "The modem refuses to send: three messages in a row. Restart it, or compare it with "          \
    "docs/modems.md, then resume it."

/* The stories stand with the causes, in drivers/sms/outcome.c. */
static const struct suspect_row rows[] = {
    {CMS, 1, 1, 0, 0, 3, "unassigned",
     "Three recipients in a row are not in service, says the network: more likely the service "
     "centre of this SIM is wrong. Compare it with the carrier's, set smsc, then resume the "
     "modem."},
    {CMS, 8, 8, 0, 1, 1, "barred",
     "The carrier has barred this SIM from sending. Ask the carrier, or change the SIM, then "
     "resume "
     "the modem."},
    {CMS, 10, 10, 0, 1, 1, "no_credit",
     "Sending is barred on this SIM, or it has no credit. Load it, or ask the carrier, then resume "
     "the modem."},
    {CMS, 21, 21, 0, 2, 3, "rejected",
     "Three recipients in a row were rejected: an empty account, or the carrier's spam filter. "
     "Load "
     "the SIM, or ask the carrier, then resume the modem."},
    {CMS, 27, 27, 0, 2, 0, "destination", ""},
    {CMS, 28, 30, 0, 1, 3, "not_served",
     "The network does not serve this SIM. Ask the carrier, or change the SIM, then resume the "
     "modem."},
    {CMS, 50, 50, 0, 1, 3, "not_served",
     "This SIM has no short message service. Ask the carrier, or change the SIM, then resume the "
     "modem."},
    {CMS, 69, 69, 0, 1, 3, "not_served",
     "The network offers this SIM no short messages. Ask the carrier, then resume the modem."},
    {CMS, 127, 127, 0, 2, 0, "interworking", ""},
    {CMS, 193, 193, 0, 1, 3, "not_served",
     "The service centre does not serve this SIM. Compare it with the carrier's, set smsc, then "
     "resume the modem."},
    {CMS, 128, 176, 1, 2, 0, "text", ""},
    {CMS, 177, 255, 0, 2, 0, "centre", ""},
    {CMS, 303, 303, 0, 1, 3, "refuses", REFUSES},
    {CMS, 304, 305, 1, 2, 3, "refuses", REFUSES},
    {CME, 3, 4, 0, 1, 3, "refuses", REFUSES},
};

static const struct suspect_row *row_of_cause(enum sms_cause_space space, int cause)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (space == rows[i].space && cause >= rows[i].first && cause <= rows[i].last)
            return &rows[i];
    return NULL;
}

static const struct suspect_row *row_of(const struct sms_outcome *outcome)
{
    return outcome->verdict == SMS_NOT_SENT ? row_of_cause(outcome->space, outcome->cause) : NULL;
}

static const struct suspect_row *row_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].out > 0 && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* --- the fact ------------------------------------------------------------------------------------
 */

static int fact_put(struct modem *modem)
{
    const struct suspicion *suspicion = &modem->suspicion;
    char name[FACT_NAME], value[FACT_VALUE] = "";

    snprintf(name, sizeof name, "sim.%s.out", suspicion->iccid);
    if (suspicion->out)
        snprintf(value, sizeof value, "%s %u %lld", suspicion->out->name, suspicion->times,
                 (long long)suspicion->trial_wall_ms);
    int rc = store_fact_set(modem->fleet->store, name, value);
    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "suspect", modem->config.name, "not_written", "%s", "");
    return rc;
}

/* What an outcome tells of it. No transaction stands on it: where the disk fails, memory holds
 * until the next change. */
static void fact_write(struct modem *modem)
{
    (void)fact_put(modem);
}

/* "barred 2 1795000000000": why, how often in a row, when it is tried. */
static bool fact_read(struct modem *modem)
{
    struct suspicion *suspicion = &modem->suspicion;
    char name[FACT_NAME], value[FACT_VALUE], *rest = value;

    snprintf(name, sizeof name, "sim.%s.out", suspicion->iccid);
    if (store_fact_get(modem->fleet->store, name, value, sizeof value) <= 0)
        return false;
    const char *row = strsep(&rest, " ");
    if (!rest)
        return false;
    suspicion->out = row_of_name(row);
    suspicion->times = (unsigned)strtoul(rest, &rest, 10);
    if (suspicion->times > OUT_TIMES_MOST)
        suspicion->times = OUT_TIMES_MOST;
    suspicion->trial_wall_ms = strtoll(rest, NULL, 10);
    return suspicion->out != NULL;
}

/* --- out and back
 * ----------------------------------------------------------------------------------
 */

bool suspect_is_out(const struct modem *modem)
{
    return modem->suspicion.out && !modem->suspicion.trial;
}

bool suspect_on_trial(const struct modem *modem)
{
    return modem->suspicion.out && modem->suspicion.trial;
}

const char *suspect_words(const struct modem *modem)
{
    return modem->suspicion.out ? modem->suspicion.out->sentence : "";
}

static void on_trial(void *arg)
{
    struct modem *modem = arg;

    modem->suspicion.trial = modem->suspicion.out != NULL;
    log_event(LOG_LEVEL_NOTICE, "suspect", modem->config.name, "trial", "%s", "");
    fleet_kick(modem->fleet);
}

/* The wall clock may have moved: no wait is longer than the longest. */
static void trial_arm(struct modem *modem)
{
    int64_t wait_ms = modem->suspicion.trial_wall_ms - loop_wall_ms(modem->fleet->loop);

    if (wait_ms > OUT_MOST_MS)
        wait_ms = OUT_MOST_MS;
    loop_timer_arm_in(&modem->suspicion.timer, wait_ms > 0 ? wait_ms : 0);
}

static void now_out(struct modem *modem)
{
    modem->suspicion.trial = false;
    modem->hold.finishing = false;
    trial_arm(modem);
    modem_alarm(modem, "sim_failing", modem->suspicion.out->sentence);
    modem_sim_away(modem); /* what it began goes on elsewhere, where that is wanted */
    loop_defer(&modem->hold.tell, LOOP_SOON);
}

static void take_out(struct modem *modem, const struct suspect_row *row)
{
    struct suspicion *suspicion = &modem->suspicion;
    int64_t wait_ms = (int64_t)OUT_FIRST_MS << suspicion->times;

    if (wait_ms > OUT_MOST_MS)
        wait_ms = OUT_MOST_MS;
    if (suspicion->times < OUT_TIMES_MOST)
        suspicion->times++;
    suspicion->out = row;
    suspicion->trial_wall_ms = loop_wall_ms(modem->fleet->loop) + wait_ms;
    log_event(LOG_LEVEL_WARNING, "suspect", modem->config.name, "out", "why=%s trial_in_s=%d",
              row->name, (int)(wait_ms / 1000));
    now_out(modem);
    fact_write(modem);
}

static void forget_row(struct suspicion *suspicion)
{
    suspicion->row = NULL;
    suspicion->count = 0;
}

static void lift(struct modem *modem)
{
    struct suspicion *suspicion = &modem->suspicion;

    forget_row(suspicion);
    suspicion->times = 0;
    if (!suspicion->out)
        return;
    suspicion->out = NULL;
    suspicion->trial = false;
    loop_timer_cancel(&suspicion->timer);
    log_event(LOG_LEVEL_NOTICE, "suspect", modem->config.name, "back", "%s", "");
    modem_alarm_over(modem, "sim_failing");
    loop_defer(&modem->hold.tell, LOOP_SOON);
}

/* --- an operator lets it back in -----------------------------------------------------------------
 */

static void out_as_before(struct modem *modem)
{
    struct suspicion *suspicion = &modem->suspicion;

    suspicion->out = suspicion->former_out;
    suspicion->times = suspicion->former_times;
    suspicion->trial_wall_ms = suspicion->former_trial_wall_ms;
    now_out(modem);
}

static void on_forgiven(void *arg, int rc)
{
    struct modem *modem = arg;

    if (rc < 0 && !modem->suspicion.out)
        out_as_before(modem);
}

int suspect_forgive(struct modem *modem)
{
    struct suspicion *suspicion = &modem->suspicion;
    struct fleet *fleet = modem->fleet;
    bool was_out = suspicion->out != NULL;

    if (was_out) {
        suspicion->former_out = suspicion->out;
        suspicion->former_times = suspicion->times;
        suspicion->former_trial_wall_ms = suspicion->trial_wall_ms;
    }
    lift(modem);
    if (!was_out)
        return 0;
    fleet_guard(fleet);
    int rc = fact_put(modem);
    if (rc < 0)
        out_as_before(modem);
    else if (!suspicion->forgiven.queued)
        store_when_durable(fleet->store, &suspicion->forgiven);
    return rc;
}

/* --- what is learnt
 * --------------------------------------------------------------------------------
 */

static bool is_new_recipient(struct modem *modem)
{
    struct suspicion *suspicion = &modem->suspicion;

    for (unsigned i = 0; i < suspicion->count; i++)
        if (memcmp(suspicion->recipient[i], suspicion->to, sizeof suspicion->to) == 0)
            return false;
    return true;
}

static void count_recipient(struct modem *modem, const struct suspect_row *row)
{
    struct suspicion *suspicion = &modem->suspicion;

    if (suspicion->row != row)
        forget_row(suspicion);
    suspicion->row = row;
    if (suspicion->count < SUSPECT_RECIPIENTS && is_new_recipient(modem))
        memcpy(suspicion->recipient[suspicion->count++], suspicion->to, sizeof suspicion->to);
}

/* The message that this SIM refused is refused by another one as well: it is the message. */
static void take_back(struct fleet *fleet, const struct suspicion *by)
{
    for (struct modem *modem = fleet->modems; modem; modem = modem->next) {
        struct suspicion *suspicion = &modem->suspicion;
        unsigned left = 0, was = suspicion->count;
        if (suspicion->row != by->before || strcmp(suspicion->iccid, by->before_iccid) != 0)
            continue;
        for (unsigned i = 0; i < was; i++)
            if (memcmp(suspicion->recipient[i], by->to, sizeof by->to) != 0)
                memmove(suspicion->recipient[left++], suspicion->recipient[i], sizeof by->to);
        suspicion->count = left;
        if (was >= by->before->rests && left < by->before->rests) {
            modem_rest_over(modem, REST_FAULT);
            fleet_kick(fleet);
        }
    }
}

struct suspect_finding suspect_learn(struct modem *modem, const struct sms_outcome *outcome,
                                     bool text_left)
{
    struct suspicion *suspicion = &modem->suspicion;
    const struct suspect_row *row = row_of(outcome);
    struct suspect_finding finding = {.rests = true};
    bool tried = suspect_on_trial(modem);

    if (outcome->verdict == SMS_SENT) {
        bool was_out = suspicion->out != NULL;
        lift(modem);
        if (was_out)
            fact_write(modem);
        return finding;
    }
    bool its_own = row && row->of_text && text_left && suspicion->before == row;
    if (its_own) {
        take_back(modem->fleet, suspicion);
        finding.rests = false;
    }
    if (!row || its_own) {
        if (tried)
            modem_rest(modem, REST_FAULT, loop_now_ms(modem->fleet->loop) + TRIAL_AGAIN_MS);
        return finding;
    }
    count_recipient(modem, row);
    finding.rests = suspicion->count >= row->rests;
    if (row->out > 0 && (tried || suspicion->count >= row->out)) {
        finding.blames_sim = true;
        if (tried || !suspicion->out)
            take_out(modem, row);
    } else if (tried) {
        modem_rest(modem, REST_FAULT, loop_now_ms(modem->fleet->loop) + TRIAL_AGAIN_MS);
    }
    return finding;
}

void suspect_claimed(struct modem *modem, const struct message *message)
{
    struct suspicion *suspicion = &modem->suspicion;
    bool elsewhere = message->sent_nothing > 0 && message->avoid[0] &&
                     strcmp(message->avoid, modem_sim(modem)) != 0;
    uint8_t hash[32];

    store_hash(modem->fleet->store, "suspect", message->to, strlen(message->to), hash);
    memcpy(suspicion->to, hash, sizeof suspicion->to);
    suspicion->before = elsewhere ? row_of_cause(message->space, message->cause) : NULL;
    text_copy(suspicion->before_iccid, sizeof suspicion->before_iccid, message->avoid);
}

void suspect_let_go(struct modem *modem)
{
    memset(modem->suspicion.to, 0, sizeof modem->suspicion.to);
}

void suspect_meet(struct modem *modem)
{
    struct suspicion *suspicion = &modem->suspicion;
    const char *iccid = modem_sim(modem);

    if (!iccid[0] || strcmp(iccid, suspicion->iccid) == 0)
        return;
    if (suspicion->out)
        modem_alarm_over(modem, "sim_failing");
    loop_timer_cancel(&suspicion->timer);
    store_forget(modem->fleet->store, &suspicion->forgiven);
    forget_row(suspicion);
    suspicion->out = NULL;
    suspicion->trial = false;
    suspicion->times = 0;
    text_copy(suspicion->iccid, sizeof suspicion->iccid, iccid);
    if (fact_read(modem))
        now_out(modem);
}

void suspect_init(struct modem *modem)
{
    loop_timer_init(&modem->suspicion.timer, modem->fleet->loop, on_trial, modem);
    modem->suspicion.forgiven =
        (struct store_waiter){.fn = on_forgiven, .arg = modem, .patient = true};
}

void suspect_stop(struct modem *modem)
{
    loop_timer_cancel(&modem->suspicion.timer);
    store_forget(modem->fleet->store, &modem->suspicion.forgiven);
}
