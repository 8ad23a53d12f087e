/* view_message: messages as JSON, in the shapes of proto/openrpc.json. Their text is in none of
 * them; a number is whole for who sent the message (`viewer`: a uid) and for who may see all
 * (UINT32_MAX), masked for everybody else. Each returns a new reference, or NULL where there is no
 * memory. */
#ifndef OTPGATE_VIEW_MESSAGE_H
#define OTPGATE_VIEW_MESSAGE_H

#include <jansson.h>
#include "gateway.h"
#include "store.h"

json_t *view_accepted(const struct send_result *result, uint32_t viewer);
json_t *view_summary(const struct message *message, uint32_t viewer);
/* The summary with its ladder and attempts (oldest first). */
json_t *view_message(const struct message *message, const struct attempt *attempts, size_t count,
                     uint32_t viewer);

/* Adds what an event of a message says to its head. */
void view_message_news(json_t **view, const struct event *event);

/* Its name as it stands in the document. */
const char *view_class_name(enum message_class class_);

#endif
