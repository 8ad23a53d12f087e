/* at_script: a list of commands, run one after another on the dialogue engine. What to ask, and
 * what an error means, is data; owned by the link, which is told once how it ended. */
#ifndef OTPGATE_AT_SCRIPT_H
#define OTPGATE_AT_SCRIPT_H

#include <stdbool.h>

#include "at_chat.h"

enum at_on_error {
    AT_GO_ON,   /* an error or silence does not matter */
    AT_GIVE_UP, /* after the last of `tries` the script has failed */
};

struct at_step {
    const char *command;
    /* Instead of `command`; NULL: nothing to ask now. */
    const char *(*make)(void *arg);
    const char *prefix[AT_PREFIXES];
    bool (*line)(void *arg, const char *line);
    void (*error)(void *arg, const struct at_final *final); /* may be NULL */
    int timeout_ms;
    enum at_on_error on_error;
    int tries;    /* 0 counts as 1 */
    int retry_ms; /* between two tries */
    bool info_enough;
    bool secret; /* see at_chat.h */
};

enum at_script_end {
    AT_SCRIPT_DONE,
    AT_SCRIPT_FAILED,  /* a step with AT_GIVE_UP; run->step says which */
    AT_SCRIPT_DEAF,    /* a fence failed, or three time-outs in a row */
    AT_SCRIPT_STOPPED, /* by at_script_stop() */
};

struct at_script {
    struct at_chat *chat;
    const struct at_step *steps; /* NULL: not running; ends with a step without command and make */
    unsigned step;
    int tries_left;
    int timeouts; /* in a row */
    bool stopping;
    struct loop_timer retry;
    void (*done)(void *arg, enum at_script_end end);
    void *arg;
};

void at_script_init(struct at_script *script, struct loop *loop, struct at_chat *chat, void *arg);
/* The chat is idle. done() may be called before this returns where no step has anything to ask. */
void at_script_run(struct at_script *script, const struct at_step *steps,
                   void (*done)(void *arg, enum at_script_end end));
/* done(AT_SCRIPT_STOPPED) as soon as the command on the wire has ended. True: it is running. */
bool at_script_stop(struct at_script *script);
void at_script_hurry(struct at_script *script);  /* what a retry waited for has come */
void at_script_forget(struct at_script *script); /* nothing is called any more */

#endif
