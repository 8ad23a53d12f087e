/* lease: see lease.h. One for each modem, inside struct modem. */
#include "lease.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "serve.h"
#include "text.h"

enum { SESSION_MS = 180000 }; /* of one session: no exchange begins later */

static int refuse(struct refusal *refusal, const char *name, const char *sentence)
{
    memset(refusal, 0, sizeof *refusal);
    refusal->name = name;
    text_copy(refusal->sentence, sizeof refusal->sentence, sentence);
    return -1;
}

/* --- patterns ------------------------------------------------------------------------------------
 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `@` takes one digit at least; what it takes beyond is tried shortest first. */
static bool pattern_fits(const char *pattern, const char *code)
{
    for (; *pattern; pattern++, code++) {
        bool digit = *pattern == '?' || *pattern == '@';
        if (digit ? !is_digit(*code) : *code != *pattern)
            return false;
        if (*pattern != '@')
            continue;
        for (const char *rest = code + 1;; rest++) {
            if (pattern_fits(pattern + 1, rest))
                return true;
            if (!is_digit(*rest))
                return false;
        }
    }
    return *code == '\0';
}

bool lease_code_allowed(const struct config_list *patterns, const char *code)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (pattern_fits(patterns->item[i], code))
            return true;
    return false;
}

/* --- the session
 * ---------------------------------------------------------------------------------------
 */

static int timeout_ms(const struct modem *modem)
{
    return modem->fleet->config->ussd_timeout_s * 1000;
}

static void lease_tell(struct modem *modem, enum lease_end end, const char *text)
{
    struct lease *lease = &modem->lease;
    const struct lease_result result = {.end = end, .text = text};
    lease_fn *fn = lease->fn;

    lease->fn = NULL;
    if (fn)
        fn(lease->arg, &result);
}

/* The modem may send again. */
static void lease_free(struct modem *modem)
{
    struct lease *lease = &modem->lease;

    lease->state = LEASE_FREE;
    loop_timer_cancel(&lease->timer);
    explicit_bzero(lease->code, sizeof lease->code);
    fleet_kick(modem->fleet);
}

static void lease_over(struct modem *modem, enum lease_end end, const char *text)
{
    lease_free(modem);
    lease_tell(modem, end, text);
}

void lease_on_free(struct modem *modem)
{
    struct lease *lease = &modem->lease;

    if (lease->state != LEASE_WANTED || modem->slot != SLOT_FREE || modem->state != LINK_READY ||
        modem->moving)
        return;
    int rc = link_ussd_start(modem->link, lease->code, timeout_ms(modem));
    if (rc == 0) {
        lease->state = LEASE_ASKING;
        pace_begin(modem);
        loop_timer_cancel(&lease->timer);
    } else if (rc != -EAGAIN) { /* this driver cannot */
        loop_timer_arm_in(&lease->timer, 0);
        lease->state = LEASE_REFUSING;
    }
}

static void lease_part(struct modem *modem, const char *why)
{
    log_event(LOG_LEVEL_INFO, "lease", modem->config.name, "ussd_ended", "why=%s", why);
    modem->lease.state = LEASE_ENDING;
    loop_timer_cancel(&modem->lease.timer);
    link_ussd_cancel(modem->link);
}

/* A code that is due does not wait for a person at a menu. */
static void lease_yield(struct modem *modem)
{
    struct message message = {0};

    if (modem->lease.state != LEASE_OPEN || modem_is_paused(modem))
        return;
    int rc = modem_due(modem, &message);
    bool otp = rc > 0 && message.class_ == CLASS_OTP;
    if (rc > 0)
        message_clear(&message);
    if (otp)
        lease_part(modem, "a_code_is_due");
}

static void on_timer(void *arg)
{
    struct modem *modem = arg;

    switch (modem->lease.state) {
    case LEASE_WANTED:
        lease_over(modem, LEASE_BUSY, "");
        break;
    case LEASE_REFUSING:
        lease_over(modem, LEASE_REFUSED, "");
        break;
    case LEASE_OPEN:
        lease_part(modem, "nobody_answered");
        break;
    case LEASE_FREE:
    case LEASE_ASKING:
    case LEASE_ENDING:
        break;
    }
}

static enum lease_end end_of(enum link_ussd_end end)
{
    switch (end) {
    case LINK_USSD_MORE:
        return LEASE_MORE;
    case LINK_USSD_DONE:
        return LEASE_DONE;
    case LINK_USSD_REFUSED:
        return LEASE_REFUSED;
    case LINK_USSD_RELEASED:
    case LINK_USSD_SILENT:
        return LEASE_SILENT;
    case LINK_USSD_CANCELLED:
        return LEASE_CANCELLED;
    case LINK_USSD_GONE:
        return LEASE_GONE;
    }
    assert(!"an end of a USSD");
    return LEASE_GONE;
}

void lease_on_ussd(struct modem *modem, const struct link_ussd *result)
{
    struct lease *lease = &modem->lease;

    if (lease->state == LEASE_FREE)
        return;
    if (result->end != LINK_USSD_MORE) {
        lease_over(modem, end_of(result->end), result->text);
        return;
    }
    if (lease->state == LEASE_ENDING)
        return; /* it is on its way to its end */
    if (!lease->fn) {
        lease_part(modem, "nobody_waits");
        return;
    }
    lease->state = LEASE_OPEN;
    loop_timer_arm_in(&lease->timer, timeout_ms(modem));
    lease_tell(modem, LEASE_MORE, result->text);
    lease_yield(modem);
}

void lease_yield_all(struct fleet *fleet)
{
    for (struct modem *modem = fleet->modems; modem; modem = modem->next)
        lease_yield(modem);
}

bool lease_holds(const struct modem *modem)
{
    return modem->lease.state != LEASE_FREE;
}

bool lease_is_open(const struct modem *modem)
{
    enum lease_state state = modem->lease.state;

    return state == LEASE_ASKING || state == LEASE_OPEN || state == LEASE_ENDING;
}

void lease_init(struct modem *modem)
{
    loop_timer_init(&modem->lease.timer, modem->fleet->loop, on_timer, modem);
}

void lease_stop(struct modem *modem)
{
    loop_timer_cancel(&modem->lease.timer);
    modem->lease.state = LEASE_FREE;
    lease_tell(modem, LEASE_GONE, "");
}

/* --- who asks
 * ------------------------------------------------------------------------------------------ */

static bool may_be_ready(const struct modem *modem)
{
    switch (modem->state) {
    case LINK_READY:
    case LINK_BUSY:
        return true;
    case LINK_OPENING:
    case LINK_SYNCING:
    case LINK_IDENTIFYING:
    case LINK_SIM:
    case LINK_REGISTERING:
    case LINK_RECOVERING:
    case LINK_QUARANTINED:
    case LINK_GONE:
        break;
    }
    return false;
}

int lease_run(struct fleet *fleet, const struct lease_request *request, struct refusal *refusal)
{
    struct modem *modem = fleet_find(fleet, request->modem);

    if (fleet->stopping)
        return refuse(refusal, "shutting_down", "The gateway is stopping.");
    if (!modem)
        return refuse(refusal, "not_found", "No modem has this name.");
    if (!ussd_code_is_clean(request->code))
        return refuse(refusal, "not_allowed", "A code is 1 to 40 digits, *, # and +.");
    if (!request->trusted && !lease_code_allowed(&fleet->config->ussd_allow, request->code))
        return refuse(refusal, "not_allowed",
                      "No pattern of ussd_allow in the configuration fits this code.");
    if (!may_be_ready(modem))
        return refuse(refusal, "no_modem", "This modem has no network now.");
    if (lease_holds(modem)) {
        int rc = refuse(refusal, "overloaded", "A USSD session is under way on this modem.");
        refusal->retry_after_s = fleet->config->ussd_timeout_s;
        return rc;
    }
    struct lease *lease = &modem->lease;
    text_copy(lease->code, sizeof lease->code, request->code);
    lease->uid = request->uid;
    lease->fn = request->fn;
    lease->arg = request->arg;
    lease->state = LEASE_WANTED;
    lease->until_ms = loop_now_ms(fleet->loop) + SESSION_MS;
    loop_timer_arm_in(&lease->timer, timeout_ms(modem));
    log_event(LOG_LEVEL_NOTICE, "lease", modem->config.name, "ussd", "uid=%u", request->uid);
    lease_on_free(modem);
    return 0;
}

static struct modem *modem_at_work(struct fleet *fleet, const char *name, struct refusal *refusal)
{
    struct modem *modem = fleet_find(fleet, name);

    if (modem && lease_holds(modem))
        return modem;
    (void)refuse(refusal, "not_found",
                 modem ? "No USSD session is under way on this modem; a message that was due, or "
                         "its time, may have ended it."
                       : "No modem has this name.");
    return NULL;
}

int lease_answer(struct fleet *fleet, const char *name, uint32_t uid, const char *text,
                 lease_fn *fn, void *arg, struct refusal *refusal)
{
    struct modem *modem = modem_at_work(fleet, name, refusal);

    if (!modem)
        return -1;
    struct lease *lease = &modem->lease;
    if (lease->uid != uid)
        return refuse(refusal, "not_found", "The session on this modem is somebody else's.");
    if (lease->state != LEASE_OPEN)
        return refuse(refusal, "not_found", "No menu is open on this modem.");
    if (!ussd_code_is_clean(text))
        return refuse(refusal, "not_allowed", "An answer is 1 to 40 digits, *, # and +.");
    if (loop_now_ms(fleet->loop) >= lease->until_ms ||
        link_ussd_answer(modem->link, text, timeout_ms(modem)) < 0) {
        lease_part(modem, "too_long");
        return refuse(refusal, "not_found", "The session has lasted too long and is ended.");
    }
    lease->state = LEASE_ASKING;
    pace_begin(modem);
    lease->fn = fn;
    lease->arg = arg;
    loop_timer_cancel(&lease->timer);
    return 0;
}

/* Whatever state it is in, it ends. */
static void lease_let_go(struct modem *modem, const char *why)
{
    switch (modem->lease.state) {
    case LEASE_WANTED:
    case LEASE_REFUSING:
        lease_over(modem, LEASE_CANCELLED, "");
        break;
    case LEASE_ASKING:
    case LEASE_OPEN:
        lease_part(modem, why);
        break;
    case LEASE_FREE:
    case LEASE_ENDING:
        break;
    }
}

int lease_cancel(struct fleet *fleet, const char *name, struct refusal *refusal)
{
    struct modem *modem = modem_at_work(fleet, name, refusal);

    if (!modem)
        return -1;
    lease_let_go(modem, "cancelled");
    return 0;
}

void lease_forget(struct fleet *fleet, const void *arg)
{
    for (struct modem *modem = fleet->modems; modem; modem = modem->next) {
        if (!lease_holds(modem) || !modem->lease.fn || modem->lease.arg != arg)
            continue;
        modem->lease.fn = NULL;
        lease_let_go(modem, "nobody_waits");
    }
}
