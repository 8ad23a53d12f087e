/* Any bytes from a host, at any time, with any fault under way, on any profile: the simulated modem
 * neither crashes nor ends up where it takes no command after a reset. The first octet chooses the
 * profile; then each octet over 0xf0 is an order to the world, all others go to the modem. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "simmodem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool answered;

static void output(void *ctx, const uint8_t *bytes, size_t len)
{
    (void)ctx;
    if (len >= 3 && memchr(bytes, 'O', len))
        answered = true;
}

static void port_event(void *ctx)
{
    (void)ctx;
}

static void log_event(void *arg, const struct sim_event *event)
{
    static char json[SIM_EVENT_ROOM];
    (void)arg;
    assert(sim_event_json(event, 1, 1, json) < SIM_EVENT_ROOM);
}

static void order(struct simnet *net, struct simmodem *modem, uint8_t what, uint8_t value)
{
    const struct simmodem_trigger trigger = {.point = (enum simmodem_point)(value % 7),
                                             .action = (enum simmodem_action)(value / 7 % 6),
                                             .byte = value % 24,
                                             .ms = value};
    const struct simnet_plan plan = {1 + value % 3, value & 1, (enum simnet_answer_kind)(value % 6),
                                     value, value * 10};
    const struct simnet_report_plan report = {1, (enum simnet_report_kind)(value % 4), value, value,
                                              (value & 1) - 1};
    switch (what) {
    case 0xf1:
        simnet_advance(net, simnet_now_ms(net) + value * 20);
        break;
    case 0xf2:
        (void)!simmodem_trigger(modem, &trigger);
        break;
    case 0xf3:
        (void)!simnet_plan(simmodem_station(modem), &plan);
        break;
    case 0xf4:
        (void)!simnet_plan_reports(simmodem_station(modem), &report);
        break;
    case 0xf5:
        simmodem_registration_set(modem, value & 7, value % 8);
        break;
    case 0xf6:
        (value & 1 ? simmodem_replug : simmodem_unplug)(modem);
        break;
    case 0xf7:
        simmodem_sim_set(modem, (enum simmodem_sim)(value % 6));
        break;
    case 0xf8:
        simmodem_reset(modem);
        break;
    case 0xf9:
        (void)!simnet_write(net, "1414", simmodem_number(modem), "tra loi");
        break;
    default:
        simmodem_unhang(modem);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct simmodem_host host = {output, port_event, port_event};
    if (!size)
        return 0;
    struct simnet *net = simnet_new(1);
    simnet_log_set(net, log_event, NULL);
    const struct simmodem_config config = {.profile = &sim_profiles[data[0] % sim_profile_count]};
    struct simmodem *modem = simmodem_new(net, &config, &host, NULL);
    for (size_t at = 1; at < size;) {
        size_t end = at;
        while (end < size && data[end] <= 0xf0)
            end++;
        if (end > at)
            simmodem_input(modem, data + at, end - at);
        if (end + 1 < size)
            order(net, modem, data[end], data[end + 1]);
        at = end + 2;
    }
    simmodem_triggers_clear(modem);
    simmodem_replug(modem);
    simmodem_reset(modem);
    simnet_advance(net, simnet_now_ms(net) + 60000);
    simmodem_triggers_clear(modem);
    answered = false;
    simmodem_input(modem, "\x1b\rAT+CMGF?\r", 11);
    assert(answered);
    simmodem_free(modem);
    simnet_free(net);
    return 0;
}
