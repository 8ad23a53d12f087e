/* owncheck_judge: who owns it, and what is worth an alarm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alarm.h"
#include "owncheck_internal.h"
#include "subscriber_parse.h"
#include "text.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

/* --- the owner ------------------------------------------------------------------------------- */

/* Letters and digits of it, folded: accents, case and spacing are no other owner. */
static void hash_of(const struct store *store, const char *domain, const char *value,
                    uint8_t out[OWNCHECK_HASH])
{
    struct subscriber_fold fold;
    uint8_t whole[32];
    if (subscriber_fold_make(value, strlen(value), &fold) < 0)
        fold = (struct subscriber_fold){0};
    size_t used = 0;
    for (size_t i = 0; i < fold.len; i++)
        if (!strchr(" \n.-/'", fold.text[i]))
            fold.text[used++] = fold.text[i];
    store_hash(store, domain, fold.text ? fold.text : "", used, whole);
    memcpy(out, whole, OWNCHECK_HASH);
    subscriber_fold_clear(&fold);
}

static bool is_whole(const struct subscriber_value *value)
{
    return value->found && !strchr(value->value, '*');
}

/* What is masked may be masked otherwise the next time: it counts only where all of it is. */
static void take_owner(struct owncheck *own, const struct subscriber_reply *reply)
{
    const struct subscriber_value *name = &reply->field[SUBSCRIBER_FULL_NAME];
    const struct subscriber_value *id = &reply->field[SUBSCRIBER_ID_NUMBER];
    struct own_check *check = &own->check;
    check->has_name = is_whole(name);
    check->has_id = is_whole(id);
    if (check->has_name)
        hash_of(own->store, "owncheck-name", name->value, check->name);
    if (check->has_id)
        hash_of(own->store, "owncheck-id", id->value, check->id);
    if (!check->has_name && !check->has_id && (name->found || id->found)) {
        char both[2 * SUBSCRIBER_VALUE_MAX];
        snprintf(both, sizeof both, "%s|%s", name->value, id->value);
        hash_of(own->store, "owncheck-masked", both, check->name);
        check->has_name = true;
        explicit_bzero(both, sizeof both);
    }
}

void judge_reply(struct owncheck *own, const char *carrier, const char *text, size_t len)
{
    struct own_check *check = &own->check;
    struct subscriber_reply reply;
    check->owner = OWNER_UNREADABLE;
    if (subscriber_parse(own->rules, carrier, text, len, &reply) < 0)
        return;
    if (reply.refusal == REFUSAL_NO_RECORD) {
        check->owner = OWNER_NO_RECORD;
    } else if (reply.refusal != REFUSAL_NONE) {
        check->owner = OWNER_REFUSED;
    } else {
        take_owner(own, &reply);
        if (check->has_name || check->has_id)
            check->owner = OWNER_SAME; /* judge_owner() will say */
    }
    subscriber_reply_clear(&reply);
}

static bool differs(bool a, const uint8_t *mine, bool b, const uint8_t *theirs)
{
    return a && b && memcmp(mine, theirs, OWNCHECK_HASH) != 0;
}

/* By the document where both sides have one, else by the name. */
static bool is_another(const struct own_check *check, const struct owncheck_row *row)
{
    if (check->has_id && row->has_id)
        return differs(true, check->id, true, row->id);
    return differs(check->has_name, check->name, row->has_name, row->name);
}

enum owncheck_owner judge_owner(const struct own_check *check, bool accept,
                                struct owncheck_row *row)
{
    if (check->owner != OWNER_SAME)
        return check->owner;
    row->changed = !accept && is_another(check, row);
    if (row->changed)
        return OWNER_CHANGED;
    if (accept)
        row->has_name = row->has_id = false;
    if (check->has_name)
        memcpy(row->name, check->name, OWNCHECK_HASH);
    if (check->has_id)
        memcpy(row->id, check->id, OWNCHECK_HASH);
    row->has_name = row->has_name || check->has_name;
    row->has_id = row->has_id || check->has_id;
    return OWNER_SAME;
}

/* --- alarms ---------------------------------------------------------------------------------- */

/* Days since 1970-01-01 of "2026-12-31"; H. Hinnant's days_from_civil. */
static int64_t days_of(const char *date)
{
    int64_t y = strtol(date, NULL, 10), m = strtol(date + 5, NULL, 10),
            d = strtol(date + 8, NULL, 10);
    y -= m <= 2;
    int64_t era = y / 400, year = y - era * 400;
    int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

/* The wall time from which on it is near. */
static int64_t near_from(const struct owncheck *own, const struct owncheck_row *row)
{
    if (!row->expires[0] || own->config->expiry_warn_days == 0)
        return INT64_MAX;
    return (days_of(row->expires) - own->config->expiry_warn_days) * DAY_MS;
}

static const char *trouble_of(const struct owncheck_row *row)
{
    switch ((enum owncheck_owner)row->owner) {
    case OWNER_REFUSED:
        return "The carrier refused to tell who owns this SIM. Ask it on its care line; otpgatectl "
               "subscriber check-fleet asks again.";
    case OWNER_NO_RECORD:
        return "The carrier holds no record of who owns this SIM and may block it: have it "
               "registered at the carrier's shop.";
    case OWNER_UNREADABLE:
        return "What 1414 says of this SIM fits no rule of subscriber.ini: look with otpgatectl "
               "subscriber lookup, and add its labels.";
    case OWNER_NOT_SENT:
        return "The question to 1414 does not leave this SIM: see whether the modem sends at all, "
               "and "
               "whether its daily budget and registry_per_day are enough.";
    case OWNER_SILENT:
        return "1414 did not answer this SIM: it may be barred. Send to a phone of yours through "
               "it, and ask the carrier's care line.";
    case OWNER_INCOMPLETE:
        return "1414 answered this SIM, and a part of its answer did not come: otpgatectl "
               "subscriber check-fleet asks again.";
    case OWNER_NEVER:
    case OWNER_SAME:
    case OWNER_CHANGED:
    case OWNER_NO_WAY:
        break;
    }
    switch ((enum owncheck_left)row->balance) {
    case LEFT_UNPARSED:
        return "What this SIM's carrier says of its balance fits no rule of subscriber.ini: look "
               "with otpgatectl ussd, and add its words under [balance].";
    case LEFT_REFUSED:
        return "The network refused the code that tells this SIM's balance: see whether balance in "
               "carriers.ini is right.";
    case LEFT_SILENT:
        return "The code that tells this SIM's balance got no answer: see whether balance in "
               "carriers.ini is right, and whether the SIM works.";
    case LEFT_NEVER:
    case LEFT_READ:
    case LEFT_POSTPAID:
    case LEFT_NOT_ASKED:
    case LEFT_NO_WAY:
        break;
    }
    return NULL;
}

enum { SAY_ROOM = 200 };
struct finding {
    const char *name;
    bool stands;
    char say[SAY_ROOM];
};

static void find(struct owncheck *own, const struct owncheck_row *row,
                 struct finding out[OWNCHECK_ALARMS])
{
    const char *trouble = trouble_of(row);
    bool known = row->read_wall_ms > 0;
    out[0] = (struct finding){.name = "sim_owner_changed", .stands = row->changed};
    out[1] = (struct finding){.name = "sim_balance_low",
                              .stands = known && row->vnd < own->config->low_balance_vnd};
    out[2] = (struct finding){.name = "sim_expiring",
                              .stands = known && loop_wall_ms(own->loop) >= near_from(own, row)};
    out[3] = (struct finding){.name = "sim_check_failed", .stands = trouble != NULL};
    text_copy(out[0].say, SAY_ROOM,
              "1414 names another owner of this SIM than before: see who had it registered anew. "
              "If it is right: otpgatectl subscriber check-fleet NAME --accept-owner.");
    snprintf(out[1].say, SAY_ROOM, "This SIM has %lld VND left: top it up before it cannot send.",
             (long long)row->vnd);
    snprintf(out[2].say, SAY_ROOM, "This SIM's account ends on %s: top it up before.",
             row->expires);
    text_copy(out[3].say, SAY_ROOM, trouble ? trouble : "");
}

void judge_alarms(struct owncheck *own, const struct own_sim *sim)
{
    struct finding found[OWNCHECK_ALARMS];
    find(own, &sim->row, found);
    for (size_t i = 0; i < OWNCHECK_ALARMS; i++) {
        if (found[i].stands)
            alarm_raise(gateway_alarms(own->gateway), found[i].name, sim->modem, found[i].say);
        else
            alarm_clear(gateway_alarms(own->gateway), found[i].name, sim->modem);
    }
}

void judge_clear(struct owncheck *own, const char *modem)
{
    static const struct owncheck_row none;
    struct finding found[OWNCHECK_ALARMS];
    find(own, &none, found);
    for (size_t i = 0; i < OWNCHECK_ALARMS; i++)
        alarm_clear(gateway_alarms(own->gateway), found[i].name, modem);
}

void judge_names(struct owncheck *own, const struct owncheck_row *row,
                 const char *out[OWNCHECK_ALARMS])
{
    struct finding found[OWNCHECK_ALARMS];
    size_t count = 0;
    find(own, row, found);
    for (size_t i = 0; i < OWNCHECK_ALARMS; i++)
        if (found[i].stands)
            out[count++] = found[i].name;
    while (count < OWNCHECK_ALARMS)
        out[count++] = NULL;
}

int64_t judge_next(struct owncheck *own, const struct owncheck_row *row)
{
    int64_t from = near_from(own, row);
    return from > loop_wall_ms(own->loop) ? from : INT64_MAX;
}
