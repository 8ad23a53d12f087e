/* hand_link: a link that does nothing by itself: the test is the modem. */
#ifndef OTPGATE_HAND_LINK_H
#define OTPGATE_HAND_LINK_H

#include "link.h"

struct hand_link {
    struct link link;
    unsigned attaches;
    char place[64]; /* "": nowhere */
    char ear[64];   /* what it listens to beside; "": nothing */
    unsigned listens;
    int no_ear; /* -errno for the next link_listen(); 0: it works */
    bool open, closed, aborted;
    bool busy;          /* a submit is under way */
    bool answered, yes; /* proceed came */
    unsigned submits, resets;
    bool gone;              /* cannot be reset */
    unsigned pins, no_pins; /* answers to the question for a PIN */
    char pin[9], no_pin[120];
    bool drops_pins; /* its question is taken back before the answer comes */
    int refuse;      /* -errno for the next submits; 0: take them */
    struct link_submit submit;
    uint64_t handles, taken_handle;
    unsigned taken, not_taken;
    bool ussd_open, ussd_cancelled;
    unsigned ussd_starts, ussd_forms;
    enum ussd_form ussd_form;          /* the last it was given */
    char ussd_code[USSD_CODE_MAX + 1]; /* the last code or answer */
};

struct link *hand_link_new(const char *name, const char *iccid, const struct link_sink *sink,
                           void *ctx);
struct hand_link *hand_link_of(struct link *link);
void hand_link_state(struct hand_link *hand, enum link_state state);
/* The prompt came: asks for commit. */
void hand_link_prompt(struct hand_link *hand);
/* The answer came. */
void hand_link_outcome(struct hand_link *hand, enum sms_verdict verdict, enum sms_cause_space space,
                       int cause, int reference);

/* The SIM's state, told with the link's; and "which PIN may I type?" */
void hand_link_card(struct hand_link *hand, enum link_state state, enum link_card card);
void hand_link_ask_pin(struct hand_link *hand, int left);

/* A TPDU came from the air. */
void hand_link_inbound(struct hand_link *hand, const char *hex);
/* The network's answer came. */
void hand_link_learns(struct hand_link *hand, enum ussd_form form);
void hand_link_ussd(struct hand_link *hand, enum link_ussd_end end, const char *text);

#endif
