/* child: a program of its own, started and awaited in the loop. No shell, its own process group,
 * nothing of ours open in it, a time-out. What it says is thrown away. */
#ifndef OTPGATE_CHILD_H
#define OTPGATE_CHILD_H

#include "loop.h"

struct child;

struct child_config {
    char *const *argv;  /* argv[0]: an absolute path */
    char *const *envp;  /* NULL: none at all */
    const char *output; /* file that standard output is written to; NULL: nowhere */
    int input;      /* an fd that becomes its standard input (the caller closes its own); 0: none */
    int timeout_ms; /* then its whole group is killed; 0: it may take for ever */
};

/* Only on a real loop (loop_event). 0: done() will be called once, in a later turn, with the exit
 * status (0 to 255), -ECANCELED (ended by a signal) or -ETIMEDOUT. -errno: it was not started. */
int child_start(struct loop *loop, const struct child_config *config,
                void (*done)(void *arg, int status), void *arg, struct child **out)
    __attribute__((warn_unused_result));
/* Forgets it: done() is not called any more. `kill_it`: its group is killed; else it goes on. */
void child_forget(struct child *child, bool kill_it);

#endif
