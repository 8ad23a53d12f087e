/* view_owncheck: the last check of a SIM as JSON, in the shape of proto/openrpc.json. Pure. */
#ifndef OTPGATE_VIEW_OWNCHECK_H
#define OTPGATE_VIEW_OWNCHECK_H

#include <jansson.h>
#include "owncheck.h"

/* With `named` the modem's name and, where it was asked for in vain, why. A new reference; NULL: no
 * memory. */
json_t *view_owncheck(const struct owncheck_view *check, bool named);

#endif
