/* plug: which port is whose. Told what stands on the USB, it groups the ports by stick, has those
 * asked that may speak AT, and gives each modem to the section that names it by IMEI, SIM, USB
 * socket or port: the section's link is attached there, with its name, budget, penalty and history.
 *
 * Nothing is written to a port unless a section without a modem may be meant, or [gateway] adopt
 * takes whatever comes. Ports that a rule names for something else (DIAG, GPS, audio) are never
 * opened. */
#ifndef OTPGATE_PLUG_H
#define OTPGATE_PLUG_H

#include "config.h"
#include "link.h"
#include "loop.h"
#include "usb_ports.h"

struct fleet;

/* What a port answered. */
struct plug_answer {
    int err;      /* 0: it speaks AT. -ETIMEDOUT: nobody answered; else -errno of the port. -EBUSY:
                     another program has it; answered anew when that lets go of it */
    char why[96]; /* err < 0: in words */
    struct link_identity identity; /* what could be read; the rest is empty */
};
typedef void plug_answer_fn(void *ctx, const struct plug_answer *answer);

/* Who asks: main lends the driver to the fleet. */
struct plug_asker {
    /* Asks who is at `node`; `fn` is called once, but for -EBUSY, and never from inside. NULL: no
     * memory. */
    void *(*ask)(void *arg, const char *node, plug_answer_fn *fn, void *ctx);
    void (*forget)(void *arg, void *question); /* no answer any more; the port is let go */
    void *arg;
};

/* Before the first plug_ports(). The asker is copied. */
void plug_asker(struct fleet *fleet, const struct plug_asker *asker);
/* What stands on the USB now, in the order of device and interface; copied. */
void plug_ports(struct fleet *fleet, const struct usb_port *ports, size_t count);

/* A stick that no section has, and that is not taken by itself either. */
struct plug_left {
    const char *port;                     /* that speaks AT, or may, or the first of them */
    const char *usb_path;                 /* "1-1.2" */
    const char *model;                    /* as our udev rules call it; "" */
    bool asking;                          /* its port is being asked */
    const char *why;                      /* in words, who holds its port among them; "" */
    const struct link_identity *identity; /* what is known */
};
/* false past the end. Pointers hold until the next turn. */
bool plug_left_at(const struct fleet *fleet, size_t i, struct plug_left *out);

/* --- inside this floor --- */

struct modem;
struct stick;

/* What a model of stick has taught: plug_lesson.c. */
struct plug_lesson {
    unsigned vendor, product; /* 0: none */
    int speaks;               /* the interface that takes commands: asked first the next time */
    bool heard;               /* others take them too, and what comes is not told there */
    int ear;                  /* the interface that tells it, where that is another one; -1 */
};
enum { PLUG_LESSONS = 16 };

struct plug {
    struct plug_asker asker;
    struct stick *sticks;
    struct plug_lesson lesson[PLUG_LESSONS];
    unsigned lesson_next; /* the oldest is there */
};

/* It has no place of its own: it is where its identity is found. Pure. */
bool plug_wants(const struct config_modem *section);
/* Whether this stick's modem may be, or is, the one that `section` means. Pure. */
enum plug_fit {
    PLUG_NO,
    PLUG_PERHAPS, /* what would tell is not read yet */
    PLUG_FITS,
};
enum plug_fit plug_fit(const struct config_modem *section, const struct usb_port *port,
                       const struct link_identity *identity);

/* Whether `section` means the stick that this modem has, by its port, socket, IMEI or SIM. */
bool plug_is_named(const struct modem *modem, const struct config_modem *section);

/* Looks again at what nobody has: a section came or went, a modem was let go. */
void plug_look(struct fleet *fleet);
/* What has said nothing for so long that it is asked no more is to be asked again. */
void plug_ask_anew(struct fleet *fleet);
void plug_lessons_load(struct fleet *fleet); /* what the disk says of models; before any port */
/* The modem's link has told its state: one that is to move goes when nothing is under way. */
void plug_follow(struct modem *modem);
/* It may use its port again, from which its link was taken: what was learned of it still holds. */
void plug_back(struct modem *modem);
/* Its link says that what comes is announced on another port: the stick's others are tried. */
void plug_elsewhere(struct modem *modem);
void plug_forget(struct modem *modem); /* it is freed or retired: its stick is free again */
void plug_stop(struct fleet *fleet);

#endif
