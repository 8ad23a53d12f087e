/* view_otp: verifications as JSON, in the shapes of proto/openrpc.json. A code is in none of them,
 * and a number only masked. Each returns a new reference, or NULL where there is no memory. */
#ifndef OTPGATE_VIEW_OTP_H
#define OTPGATE_VIEW_OTP_H

#include <jansson.h>
#include "otp.h"

json_t *view_otp_standing(const struct otp_standing *standing);
json_t *view_otp_checked(const struct otp_checked *checked);
/* With its messages, an array that is taken over. */
json_t *view_otp(const struct otp_standing *standing, json_t *messages);

/* Adds what an event of a verification says to its head. */
void view_otp_news(json_t **view, const struct event *event);

/* Adds the conversion of the last 24 hours to the counters; what cannot be read is left out. */
json_t *view_conversion(json_t *stats, const struct otp *otp);

#endif
