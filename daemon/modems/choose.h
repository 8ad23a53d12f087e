/* choose: which modem sends. */
#ifndef OTPGATE_CHOOSE_H
#define OTPGATE_CHOOSE_H

#include <stdbool.h>

struct fleet;
struct message;
struct modem;

bool modem_is_free(struct modem *modem); /* may take what is due for it now */
/* A round of claims begins: no modem has been looked at. */
void choose_round(struct fleet *fleet);
/* Of the free ones that this round has not passed over; NULL: none. */
struct modem *choose_modem(struct fleet *fleet);
/* Among its equals one on the recipient's network, else `first` itself. */
struct modem *choose_for(struct modem *first, const struct message *message);
void choose_pass_over(struct modem *modem); /* nothing is due for it in this round */

#endif
