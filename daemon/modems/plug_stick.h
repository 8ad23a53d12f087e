/* plug_stick: what the rooms of plug share: plug.c (who gets a stick), plug_move.c (on which of its
 * ports), plug_lesson.c (what its model has taught). Nobody else. */
#ifndef OTPGATE_PLUG_STICK_H
#define OTPGATE_PLUG_STICK_H

#include "plug.h"

enum { STICK_PORTS = 16 };

struct stick {
    struct fleet *fleet;
    struct stick *next;
    struct usb_port port[STICK_PORTS];
    size_t count;
    int at;                  /* the port that speaks AT; -1: not known */
    bool tried[STICK_PORTS]; /* asked in vain */
    bool deaf[STICK_PORTS];  /* used, and what comes is announced elsewhere */
    bool mute[STICK_PORTS];  /* takes no commands; what comes may be announced there all the same */
    int found;               /* where its modem is to go once it has nothing under way; -1 */
    int ear;                 /* read beside the port in use, never written to; -1 */
    bool known;              /* identity was asked for; what is empty could not be read */
    bool fixed;              /* a section names one of its ports: its link goes there by itself */
    int asked;               /* the port of the question */
    void *question;          /* NULL: none */
    bool held;               /* its port is another program's: the question waits */
    int busy;                /* so was that one, in this round; -1 */
    unsigned rounds;         /* in which no port has answered */
    unsigned looks;
    struct loop_timer again;
    struct link_identity identity;
    struct modem *modem; /* who has it */
    char why[96];
};

/* --- plug.c --- */
void stick_look(struct stick *stick);
/* The question is over. */
void stick_forget_question(struct stick *stick);

/* --- plug_lesson.c --- */
/* The model speaks on the port in use; `heard`: and what comes is told there or at the ear, unlike
 * on others. */
void stick_remember(struct stick *stick, bool heard);
/* What was learned of where it is heard was wrong. */
void stick_unlearn(struct stick *stick);
/* The port on which such a model is heard, where that was learned; -1. */
int stick_port_heard(const struct stick *stick);
/* The port to be read beside the one in use; -1: none. */
int stick_port_ear(const struct stick *stick);
/* The next to ask whether it speaks AT; -1: none is left. */
int stick_port_to_ask(const struct stick *stick);

/* --- plug_move.c --- */
/* Its modem's link is to hear more on another of its ports. */
void stick_move(struct stick *stick);
/* It is at its port: the other one is read too, where its model is known for that. */
void stick_listen(struct stick *stick);
/* Its ports are others now, or it has no modem any more. */
void stick_stay(struct stick *stick);
/* A rule names it for commands, or for nothing. */
bool stick_port_may_speak(const struct usb_port *port);

#endif
