#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const urcs[] = {
    "^RSSI: 17",
    "^BOOT:35076452,0,0,0,72",
    "+CMTI: \"SM\",3",
    "RING",
    "+CREG: 1",
    "^DSFLOWRPT:000001,0000,0",
    "+CUSD: 2",
    "#STN: 150,1,\"\"",
    "+CMGS",
    "+CMS",
    "garbage \x01\x02\"",

    "NO CARRIER half",
    "+CIEV: \"service\",1",
};
static const int causes[] = {1,   8,   21,  27,  38,  41,  42,  47,  50,  69,
                             96,  111, 127, 195, 198, 208, 300, 302, 304, 310,
                             321, 330, 331, 332, 500, 512, 513, 514, 515};

static enum simmodem_point any_point(struct world *world)
{
    static const enum simmodem_point points[] = {
        SIMMODEM_AT_BYTE, SIMMODEM_AT_PROMPT,  SIMMODEM_AT_BODY, SIMMODEM_AT_RESULT,
        SIMMODEM_AT_OK,   SIMMODEM_AT_COMMAND, SIMMODEM_NOW};
    return points[world_random(world, sizeof points / sizeof *points)];
}

/* At some byte of a dialogue it hangs, falls silent, closes, talks garbage or pauses. */
static void strike(struct world *world, struct simmodem *modem)
{
    static const enum simmodem_action actions[] = {SIMMODEM_HANG, SIMMODEM_MUTE, SIMMODEM_CLOSE,
                                                   SIMMODEM_GARBAGE, SIMMODEM_DELAY};
    struct simmodem_trigger trigger = {
        .point = any_point(world),
        .action = actions[world_random(world, sizeof actions / sizeof *actions)],
        .byte = (unsigned)world_random(world, 40),
        .ms = 1 + (int64_t)world_random(world, world_chance(world, 50) ? 3000 : 150000),
    };

    strcpy(trigger.match, "AT");
    if (!simmodem_trigger(modem, &trigger))
        simmodem_triggers_clear(modem);
}

static void say(struct world *world, struct simmodem *modem)
{
    struct simmodem_trigger trigger;
    const char *line = urcs[world_random(world, sizeof urcs / sizeof *urcs)];

    if (simmodem_say_trigger(modem, any_point(world), line, world_chance(world, 20), &trigger)) {
        trigger.byte = (unsigned)world_random(world, 40);
        strcpy(trigger.match, "AT");
        if (!simmodem_trigger(modem, &trigger))
            simmodem_triggers_clear(modem);
    }
}

static void plan(struct world *world, struct simmodem *modem)
{
    static const int64_t late_ms[] = {0, 0, 3000, 70000, 125000, 140000};
    struct simnet_plan next = {
        .count = 1 + (unsigned)world_random(world, 4),
        .late_ms = late_ms[world_random(world, sizeof late_ms / sizeof *late_ms)],
    };

    switch (world_random(world, 7)) {
    case 0: /* the network says no */
        next.answer = SIMNET_CMS;
        next.cause = causes[world_random(world, sizeof causes / sizeof *causes)];
        break;
    case 1:
        next.answer = SIMNET_ERROR;
        next.accepted = world_chance(world, 50);
        break;
    case 2:
        next.answer = SIMNET_OK_ONLY;
        next.accepted = world_chance(world, 50);
        break;
    case 3:
        next.answer = SIMNET_SILENCE;
        next.accepted = world_chance(world, 50);
        break;
    case 4:
        next.answer = SIMNET_REFERENCE_ERROR;
        next.accepted = true;
        break;
    default:
        next.answer = SIMNET_REFERENCE;
        next.accepted = true;
        break;
    }
    if (!simnet_plan(simmodem_station(modem), &next))
        simnet_plans_clear(simmodem_station(modem));
}

/* For a while: `ms` at most. */
static void now(struct world *world, struct simmodem *modem, enum simmodem_action action,
                uint64_t ms)
{
    const struct simmodem_trigger trigger = {
        .point = SIMMODEM_NOW, .action = action, .ms = 1 + (int64_t)world_random(world, ms)};

    if (!simmodem_trigger(modem, &trigger))
        simmodem_triggers_clear(modem);
}

/* More at once than its memory holds: what finds no room waits at the centre. */
static void flood(struct world *world, const struct simmodem *modem)
{
    char text[40];

    for (uint64_t left = 20 + world_random(world, 40); left > 0; left--) {
        oracle_written(world->oracle, text);
        if (!simnet_write(world->net, "+84912000111", simmodem_number(modem), text))
            abort();
    }
}

/* What happens to a rack of modems, and less to a few of them. */
static void befall_fleet(struct world *world, struct world_modem *modem)
{
    uint64_t other = world_random(world, (uint64_t)world->options.modems);

    switch (world_random(world, 8)) {
    case 0:
        flood(world, modem->modem);
        break;
    case 1:
    case 2:
    case 3:
        if (&world->modem[other] != modem)
            world_modems_swap(modem, &world->modem[other]);
        break;
    case 4:
    case 5:
        simmodem_registration_set(modem->modem, SIMMODEM_ALL_DOMAINS, 2);
        break;
    default:
        simmodem_registration_set(modem->modem, SIMMODEM_ALL_DOMAINS, 1);
        break;
    }
}

static void befall(struct world *world, struct simmodem *modem)
{
    switch (world_random(world, 12)) {
    case 0:
    case 1:
        now(world, modem, SIMMODEM_CLOSE, 60000);
        break;
    case 2:
        if (simmodem_plugged(modem))
            simmodem_unplug(modem);
        simmodem_replug(modem);
        break;
    case 3:
    case 4:
        now(world, modem, SIMMODEM_HANG, 300000);
        break;
    case 5:
        simmodem_unhang(modem);
        break;
    case 6:
        simmodem_reset(modem);
        break;
    case 7:
        if (world->options.fault_ms < 20000) /* else it would be lost for too long */
            simmodem_registration_set(modem, SIMMODEM_ALL_DOMAINS, 2);
        break;
    case 8:
    case 9:
        simmodem_registration_set(modem, SIMMODEM_ALL_DOMAINS, world_chance(world, 90) ? 1 : 5);
        break;
    default:
        say(world, modem);
        break;
    }
}

static void on_fault(void *arg)
{
    struct world *world = arg;
    struct world_modem *at = &world->modem[world_random(world, (uint64_t)world->options.modems)];
    struct simmodem *modem = at->modem;

    if (world->calm)
        return;
    simnet_advance(world->net, loop_now_ms(world->loop));
    switch (world_random(world, world->options.fleet ? 5 : 4)) {
    case 0:
        strike(world, modem);
        break;
    case 1:
        say(world, modem);
        break;
    case 2:
        plan(world, modem);
        break;
    case 3:
        befall(world, modem);
        break;
    default:
        befall_fleet(world, at);
        break;
    }
    world_net_moved(world);
    loop_timer_arm_in(&world->fault_timer,
                      1 + (int64_t)world_random(world, (uint64_t)world->options.fault_ms));
}

/* Citizens write back: to a modem that may be off, full, or hung. */
static void on_air(void *arg)
{
    struct world *world = arg;
    struct simmodem *modem =
        world->modem[world_random(world, (uint64_t)world->options.modems)].modem;
    char text[40];

    if (world->calm)
        return;
    simnet_advance(world->net, loop_now_ms(world->loop));
    oracle_written(world->oracle, text);
    if (!simnet_write(world->net, "+84912000111", simmodem_number(modem), text))
        abort();
    world_net_moved(world);
    loop_timer_arm_in(&world->air_timer,
                      1 + (int64_t)world_random(world, (uint64_t)world->options.air_ms));
}

void faults_start(struct world *world)
{
    loop_timer_init(&world->air_timer, world->loop, on_air, world);
    if (world->options.air_ms > 0)
        loop_timer_arm_in(&world->air_timer, 1000);
    loop_timer_init(&world->fault_timer, world->loop, on_fault, world);
    if (world->options.faults)
        loop_timer_arm_in(&world->fault_timer, 1000);
}

void faults_heal(struct world *world)
{
    world->calm = true;
    loop_timer_cancel(&world->fault_timer);
    simnet_advance(world->net, loop_now_ms(world->loop));
    for (int i = 0; i < world->options.modems; i++) {
        struct simmodem *modem = world->modem[i].modem;
        simmodem_triggers_clear(modem);
        if (i == 0 && world->options.breach == BREACH_STUCK) {
            simmodem_hang(modem);
            continue;
        }
        simnet_plans_clear(simmodem_station(modem));
        simmodem_unhang(modem);
        if (!simmodem_plugged(modem))
            simmodem_replug(modem);
        simmodem_registration_set(modem, SIMMODEM_ALL_DOMAINS, 1);
    }
    world_net_moved(world);
}
