/* plug_stick: what the rooms of plug share: plug.c (who gets a stick), plug_move.c (on which of its
 * ports). Nobody else. */
#ifndef OTPGATE_PLUG_STICK_H
#define OTPGATE_PLUG_STICK_H

#include "plug.h"

enum { STICK_PORTS = 16 };

struct stick {
    struct gateway *gateway;
    struct stick *next;
    struct usb_port port[STICK_PORTS];
    size_t count;
    int at;                  /* the port that speaks AT; -1: not known */
    bool tried[STICK_PORTS]; /* asked in vain */
    bool deaf[STICK_PORTS];  /* speaks AT, and what comes is announced elsewhere */
    bool known;              /* identity was asked for; what is empty could not be read */
    bool fixed;              /* a section names one of its ports: its link goes there by itself */
    int asked;               /* the port of the question */
    void *question;          /* NULL: none */
    unsigned looks;
    struct loop_timer again;
    struct link_identity identity;
    struct modem *modem; /* who has it */
    char why[96];
};

/* --- plug.c --- */
void stick_look(struct stick *stick);

/* --- plug_move.c --- */
/* The model speaks on this port; `heard`: and what comes is told there, unlike on others. */
void stick_remember(struct stick *stick, int port, bool heard);
/* The port on which such a model is heard, where that was learned; -1. */
int stick_port_heard(const struct stick *stick);
/* The next to ask whether it speaks AT; -1: none is left. */
int stick_port_to_ask(const struct stick *stick);
/* Its modem's link is to hear more on another of its ports. */
void stick_move(struct stick *stick);

#endif
