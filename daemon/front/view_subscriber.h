/* view_subscriber: records, comparisons and findings as JSON, in the shapes of proto/openrpc.json.
 * Pure. Values are masked unless `full`. Each returns a new reference, or NULL where there is no
 * memory. */
#ifndef OTPGATE_VIEW_SUBSCRIBER_H
#define OTPGATE_VIEW_SUBSCRIBER_H

#include <jansson.h>
#include "carriers.h"
#include "subscriber_compare.h"
#include "registry.h"
#include "subscriber_preflight.h"

/* `carrier` may be NULL: not known. `text` is the reply that `reply` was made of. */
json_t *view_subscriber_record(const struct carrier *carrier, const char *text,
                               const struct subscriber_reply *reply,
                               const struct subscriber_comparison *comparison, bool full);
json_t *view_subscriber_preflight(const struct subscriber_preflight *flight);

/* How far a lookup is: of nobody in particular. */
json_t *view_subscriber_event(const struct registry_news *news, int64_t wall_ms);

#endif
