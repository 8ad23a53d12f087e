/* serve: what the modems could do: who may serve a message, how much of it, and how soon. */
#ifndef OTPGATE_SERVE_H
#define OTPGATE_SERVE_H

#include <stdbool.h>
#include <stdint.h>

struct fleet;
struct message;
struct modem;

void serve_init(struct fleet *fleet);
void serve_stop(struct fleet *fleet);
/* May send so many before `until_ms`: not gone, quarantined, paused, with a SIM that waits for
 * people, or out of budget past it. */
bool modem_may_serve(struct modem *modem, int parts, int64_t until_ms);
/* Parts that another than this one may soon send of what avoids it; 0: there is none. One that is
 * busy counts for as long as a submit usually takes it. */
int fleet_other_parts(struct fleet *fleet, const struct modem *than);
/* What is due for it, held or not, and fits into its budget: 1 with its text, 0 none, -errno. What
 * is left to another that is busy is looked at again by itself. */
int modem_due(struct modem *modem, struct message *out);
/* The largest daily budget (of the modem `only`); INT_MAX: no limit; 0: no modem. */
int fleet_most_parts(const struct fleet *fleet, const char *only);
/* Time of one part of a message of `parts` through the whole fleet, for estimates; 0: nobody may
 * serve before `until_ms`. */
double fleet_part_ms(struct fleet *fleet, int parts, int64_t until_ms, const char *only);
/* Time of one part on one modem. */
double fleet_submit_ms(const struct fleet *fleet);

#endif
