/* view_modem: modems, what is plugged in beside them, and flight recorders as JSON, in the shapes
 * of proto/openrpc.json. What names a device or a SIM is masked. Each returns a new reference, or
 * NULL where there is no memory. */
#ifndef OTPGATE_VIEW_MODEM_H
#define OTPGATE_VIEW_MODEM_H

#include <jansson.h>
#include "gateway.h"
#include "plug.h"

json_t *view_modem(const struct modem_view *modem);
json_t *view_left(const struct plug_left *left);
json_t *view_modem_event(const struct modem_view *modem);
/* A line of a flight recorder; and as an event. */
json_t *view_trace(const struct link_trace *line);
json_t *view_trace_event(const char *modem, const struct link_trace *line);

#endif
