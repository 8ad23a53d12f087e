/* plug_lesson: what was learned of a model's ports: on which one it takes commands, and where it
 * tells what comes. The next of its kind, and the same after a restart, is used so at once. Kept as
 * a handful of facts on disk; the oldest gives way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fleet.h"
#include "log.h"
#include "modem.h"
#include "plug_stick.h"
#include "text.h"

enum { FACT_NAME = 24, FACT_VALUE = 64 };

static void fact_name(unsigned i, char out[FACT_NAME])
{
    snprintf(out, FACT_NAME, "usb.lesson.%u", i);
}

/* "1e0e:9001 speaks=2 heard=1 ear=-1". False: it is none. */
static bool lesson_read(const char *text, struct plug_lesson *out)
{
    static const char *const before[] = {"", ":", " speaks=", " heard=", " ear="};
    long number[5];

    for (unsigned i = 0; i < 5; i++) {
        size_t len = strlen(before[i]);
        char *end;
        if (strncmp(text, before[i], len) != 0)
            return false;
        number[i] = strtol(text + len, &end, i < 2 ? 16 : 10);
        if (end == text + len || number[i] < -1 || number[i] > 0xFFFF)
            return false;
        text = end;
    }
    *out = (struct plug_lesson){.vendor = (unsigned)number[0],
                                .product = (unsigned)number[1],
                                .speaks = (int)number[2],
                                .heard = number[3] != 0,
                                .ear = (int)number[4]};
    return *text == '\0';
}

void plug_lessons_load(struct fleet *fleet)
{
    for (unsigned i = 0; i < PLUG_LESSONS; i++) {
        struct plug_lesson *lesson = &fleet->plug.lesson[i];
        char name[FACT_NAME], value[FACT_VALUE];

        fact_name(i, name);
        if (store_fact_get(fleet->store, name, value, sizeof value) <= 0 ||
            !lesson_read(value, lesson))
            *lesson = (struct plug_lesson){0}; /* learned anew */
        if (lesson->vendor)
            fleet->plug.lesson_next = i + 1;
    }
}

static void lesson_keep(struct fleet *fleet, unsigned i)
{
    const struct plug_lesson *lesson = &fleet->plug.lesson[i];
    char name[FACT_NAME], value[FACT_VALUE];

    fact_name(i, name);
    snprintf(value, sizeof value, "%04x:%04x speaks=%d heard=%d ear=%d", lesson->vendor,
             lesson->product, lesson->speaks, lesson->heard, lesson->ear);
    if (store_fact_set(fleet->store, name, value) < 0)
        log_event(LOG_LEVEL_ERROR, "plug", "-", "lesson_not_kept", "%s", "");
}

static const struct plug_lesson *lesson_of(const struct fleet *fleet, const struct usb_port *port)
{
    for (unsigned i = 0; i < PLUG_LESSONS; i++)
        if (fleet->plug.lesson[i].vendor == (unsigned)port->vendor &&
            fleet->plug.lesson[i].product == (unsigned)port->product)
            return &fleet->plug.lesson[i];
    return NULL;
}

void stick_remember(struct stick *stick, bool heard)
{
    struct fleet *fleet = stick->fleet;
    const struct usb_port *is = &stick->port[stick->at];
    const struct plug_lesson *had = lesson_of(fleet, is);
    const struct plug_lesson now = {.vendor = (unsigned)is->vendor,
                                    .product = (unsigned)is->product,
                                    .speaks = is->interface,
                                    .heard = heard,
                                    .ear = stick->ear < 0 ? -1 : stick->port[stick->ear].interface};

    if (had && had->speaks == now.speaks && !heard)
        return; /* nothing new */
    unsigned i =
        had ? (unsigned)(had - fleet->plug.lesson) : fleet->plug.lesson_next++ % PLUG_LESSONS;
    fleet->plug.lesson[i] = now;
    lesson_keep(fleet, i);
}

void stick_unlearn(struct stick *stick)
{
    struct fleet *fleet = stick->fleet;
    const struct plug_lesson *had = lesson_of(fleet, &stick->port[stick->at]);

    stick->ear = -1;
    if (!had || !had->heard)
        return;
    unsigned i = (unsigned)(had - fleet->plug.lesson);
    fleet->plug.lesson[i].heard = false;
    fleet->plug.lesson[i].ear = -1;
    lesson_keep(fleet, i);
}

static bool spoke_before(const struct fleet *fleet, const struct usb_port *port, bool heard)
{
    const struct plug_lesson *lesson = lesson_of(fleet, port);

    return lesson && lesson->speaks == port->interface && (lesson->heard || !heard);
}

bool stick_port_may_speak(const struct usb_port *port)
{
    return port->role == USB_ROLE_AT || port->role == USB_ROLE_UNKNOWN;
}

int stick_port_heard(const struct stick *stick)
{
    for (size_t i = 0; i < stick->count; i++)
        if (stick_port_may_speak(&stick->port[i]) && !stick->tried[i] &&
            spoke_before(stick->fleet, &stick->port[i], true))
            return (int)i;
    return -1;
}

int stick_port_ear(const struct stick *stick)
{
    const struct plug_lesson *lesson = lesson_of(stick->fleet, &stick->port[stick->at]);

    if (!lesson || lesson->ear < 0 || lesson->speaks != stick->port[stick->at].interface)
        return -1;
    for (size_t i = 0; i < stick->count; i++)
        if ((int)i != stick->at && stick->port[i].interface == lesson->ear &&
            stick_port_may_speak(&stick->port[i]))
            return (int)i;
    return -1;
}

/* Where it is heard; the port that a rule names; of those that none names the one that spoke on
 * this model before, then in the order of interfaces. */
int stick_port_to_ask(const struct stick *stick)
{
    int best = stick_port_heard(stick);

    if (best >= 0)
        return best;
    for (size_t i = 0; i < stick->count; i++)
        if (stick->port[i].role == USB_ROLE_AT)
            return stick->tried[i] ? -1 : (int)i;
    for (size_t i = 0; i < stick->count; i++) {
        if (stick->port[i].role != USB_ROLE_UNKNOWN || stick->tried[i])
            continue;
        if (best < 0 || spoke_before(stick->fleet, &stick->port[i], false))
            best = (int)i;
    }
    return best;
}
