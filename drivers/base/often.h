/* often: what a modem does by itself now and then, and too often: it restarts, it drops off the
 * bus. Five times in ten minutes is a trouble, and it lasts until it was quiet for ten. */
#ifndef OTPGATE_OFTEN_H
#define OTPGATE_OFTEN_H

#include <stdbool.h>
#include <stdint.h>

enum { OFTEN_TIMES = 5, OFTEN_SPAN_MS = 600000 };

struct often {
    int64_t at_ms[OFTEN_TIMES]; /* the newest first; 0: none */
    int64_t quiet_ms;           /* since then nothing; while `trouble` */
    bool trouble;
};

/* Once more. True: that makes five in the span, which are counted anew from here. */
bool often_note(struct often *often, int64_t now_ms);
bool often_is_trouble(struct often *often, int64_t now_ms);
/* It could not happen until now: only from here is it quiet. */
void often_wake(struct often *often, int64_t now_ms);
void often_forget(struct often *often);

#endif
