/* sim_replay: a recorded trace played as a modem, so that what somebody saw in the field becomes a
 * test case. No I/O and no clock of its own, as simmodem.
 *
 * A trace is lines `SECONDS.NANOSECONDS WAY TEXT`: `>` what the host wrote, `<` what the modem
 * said, `=` remarks. What the recorder left out stands as <kind:length> and is filled with digits
 * or letters of that kind. A command is looked for a little ahead of where the play stands; what
 * was said behind it is said again, after the same time. What the trace does not hold is for
 * somebody else (`unknown`): a trace may begin in the middle of a modem's life.
 *
 * A message or a report that came in is made up anew (sim_replay_pdu.h): the same one where the
 * trace shows the same place, to whom the host has just sent where a report is of that. The words
 * of a message, its sender and its parts are not in a trace, and so not in what is played. */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sim_clock.h"

struct sim_replay;
struct sim_replay_host {
    void (*output)(void *ctx, const uint8_t *bytes, size_t len);
    /* Bytes of the host that no line of the trace fits. */
    void (*unknown)(void *ctx, const uint8_t *bytes, size_t len);
};

/* NULL: `wrong` says which line is no line of a trace (1-based), 0: there is none at all. */
struct sim_replay *sim_replay_new(struct sim_clock *clock, const char *text, size_t len,
                                  const struct sim_replay_host *host, void *ctx, unsigned *wrong);
void sim_replay_free(struct sim_replay *replay);
void sim_replay_input(struct sim_replay *replay, const void *bytes, size_t len);
/* The port was closed: what was still to be said is not, and the next line is looked for anew. */
void sim_replay_closed(struct sim_replay *replay);

#endif
