/* at_ussd: one USSD session at a time, in the slot it shares with sending. Part of at_modem.h,
 * which is the one that includes it.
 *
 *   start -> DUE -> CHARSET -> ASKING -> WAITING -> told (done)
 *                      ^          |        |  \---> OPEN (menu) -> ASKING ...
 *              the next form <- ERROR, 4   |
 *                                silence, cancel -> ENDING (AT+CUSD=2) -> PARTING -> told
 *
 * The form of a request (ussd.h) is tried in the order of the maker's row; the one that worked with
 * this IMEI and firmware comes first from then on. The owner is told of it, and gives it to the
 * next link: where it is lost, learning it anew costs one refusal, which executes nothing. */
#ifndef OTPGATE_AT_USSD_H
#define OTPGATE_AT_USSD_H

#include <stdbool.h>
#include <stdint.h>

#include "at_chat.h"
#include "link.h"

struct at_link;

enum at_ussd_stage {
    AT_USSD_IDLE,
    AT_USSD_DUE,     /* waits for the wire */
    AT_USSD_CHARSET, /* AT+CSCS is on the wire */
    AT_USSD_ASKING,  /* AT+CUSD=1,"..." is */
    AT_USSD_WAITING, /* it was taken, the answer is due */
    AT_USSD_BETTER,  /* the network has ended it; a better text may follow */
    AT_USSD_OPEN,    /* the network waits for the owner */
    AT_USSD_ENDING,  /* AT+CUSD=2 is on the wire */
    AT_USSD_PARTING, /* behind it: an answer that was just too late is an answer */
    AT_USSD_LEAVING, /* AT+CSCS="GSM" is on the wire */
};

enum at_charset { AT_CHARSET_UNKNOWN, AT_CHARSET_GSM, AT_CHARSET_UCS2 };

struct at_ussd {
    enum at_ussd_stage stage;
    char code[USSD_CODE_MAX + 1];
    enum ussd_form form;
    unsigned tried; /* bit n: form n */
    bool first;     /* the code, not an answer in a menu: another form may be tried */
    bool answered;  /* by the network, with whatever: no other form is tried any more */
    bool heard;     /* the verdict is in `result` */
    bool released;  /* and it was a release */
    bool cancelled;
    struct link_ussd result;
    int64_t asked_ms, deadline_ms;
    struct loop_timer timer;
    enum at_charset charset;
    struct {
        char imei[17], revision[40]; /* of whom; "": of nobody */
        enum ussd_form form;
    } known;
    uint64_t strays; /* +CUSD lines that nobody waited for */
};

void at_ussd_init(struct at_link *l);
int at_ussd_start(struct at_link *l, const char *code, int timeout_ms);
int at_ussd_answer(struct at_link *l, const char *text, int timeout_ms);
void at_ussd_cancel(struct at_link *l);
/* This form has worked with the modem that is known now. */
void at_ussd_recall(struct at_link *l, enum ussd_form form);
/* The wire is free. True: a session waited for it and has it now. */
bool at_ussd_take_turn(struct at_link *l);
/* The link leaves BUSY by another way than the session's own end: it is over. */
void at_ussd_forget(struct at_link *l);
/* A fence that no command asked for has passed. True: a session goes on. */
bool at_ussd_fenced(struct at_link *l);
void at_ussd_on_line(void *ctx, const char *line);
void at_ussd_on_orphan(struct at_link *l, const struct at_final *final);

#endif
