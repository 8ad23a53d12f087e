/* sim_card: the SIM and its PIN. */
#include "simmodem_inside.h"

#include <string.h>

void sim_card_ready(void *arg)
{
    struct simmodem *modem = arg;
    modem->sim = SIMMODEM_SIM_READY;
    sim_register_later(modem);
}

void simmodem_sim_set(struct simmodem *modem, enum simmodem_sim sim)
{
    modem->sim = sim;
    modem->pin_enabled = sim == SIMMODEM_SIM_PIN;
    sim_timer_cancel(&modem->card_timer);
    modem->pin_left = sim == SIMMODEM_SIM_PUK ? 0 : SIM_PIN_TRIES;
    if (sim != SIMMODEM_SIM_READY)
        sim_off_air(modem);
    else
        sim_register_later(modem);
    sim_leave(modem);
}

void simmodem_pin_left_set(struct simmodem *modem, int left)
{
    modem->pin_left = left;
}

const char *sim_card_line(const struct simmodem *modem)
{
    switch (modem->sim) {
    case SIMMODEM_SIM_READY:
        return "+CPIN: READY";
    case SIMMODEM_SIM_PIN:
        return "+CPIN: SIM PIN";
    case SIMMODEM_SIM_PUK:
        return "+CPIN: SIM PUK";
    case SIMMODEM_SIM_ABSENT:
        return "+CPIN: NOT INSERTED";
    case SIMMODEM_SIM_BUSY:
    case SIMMODEM_SIM_FAILURE:
        break;
    }
    return "+CPIN: NOT READY";
}

struct sim_result sim_card_check(const struct simmodem *modem, enum sim_result_kind space)
{
    static const struct {
        int cme, cms;
    } codes[] = {[SIMMODEM_SIM_PIN] = {11, 311},
                 [SIMMODEM_SIM_PUK] = {12, 316},
                 [SIMMODEM_SIM_BUSY] = {14, 314},
                 [SIMMODEM_SIM_ABSENT] = {10, 310},
                 [SIMMODEM_SIM_FAILURE] = {13, 313}};
    if (modem->sim == SIMMODEM_SIM_READY)
        return (struct sim_result){SIM_OK, 0};
    return (struct sim_result){space,
                               space == SIM_CMS ? codes[modem->sim].cms : codes[modem->sim].cme};
}

static struct sim_result enter_pin(struct simmodem *modem, const char *args)
{
    char pin[12];
    if (modem->sim != SIMMODEM_SIM_PIN)
        return (struct sim_result){SIM_CME, 3};
    if (!sim_args_string(args, 0, pin, sizeof pin) || strcmp(pin, "1234") != 0) {
        if (--modem->pin_left <= 0)
            modem->sim = SIMMODEM_SIM_PUK;
        return (struct sim_result){SIM_CME, 16};
    }
    modem->pin_left = SIM_PIN_TRIES;
    if (modem->profile->pin_busy_ms) {
        modem->sim = SIMMODEM_SIM_BUSY;
        sim_timer_arm(&modem->card_timer, simnet_now_ms(modem->net) + modem->profile->pin_busy_ms);
        return (struct sim_result){SIM_OK, 0};
    }
    sim_card_ready(modem);
    return (struct sim_result){SIM_OK, 0};
}

struct sim_result sim_card_pin(struct simmodem *modem, enum sim_form form, const char *args)
{
    if (form == SIM_SET)
        return enter_pin(modem, args);
    if (modem->sim != SIMMODEM_SIM_READY && modem->sim != SIMMODEM_SIM_PIN &&
        modem->sim != SIMMODEM_SIM_PUK)
        return sim_card_check(modem, SIM_CME);
    sim_say(modem, "%s", sim_card_line(modem));
    return sim_has(modem, SIM_HABIT_CPIN_WITHOUT_OK) ? (struct sim_result){SIM_QUIET, 0}
                                                     : (struct sim_result){SIM_OK, 0};
}
