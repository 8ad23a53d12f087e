/* view_put: members of an object and items of an array. One that lost something for want of memory
 * is no object any more: it is NULL, and so is what it is put into. */
#ifndef OTPGATE_VIEW_PUT_H
#define OTPGATE_VIEW_PUT_H

#include <jansson.h>
#include <stdint.h>

/* `value` is stolen. */
void view_put(json_t **object, const char *name, json_t *value);
void view_append(json_t **array, json_t *value);
/* What a modem says of itself and of its network may be anything: what is not UTF-8 is shown as
 * '?'. */
void view_put_text(json_t **object, const char *name, const char *text);
/* The same; left out where it is NULL or "". */
void view_put_known(json_t **object, const char *name, const char *text);
void view_put_integer(json_t **object, const char *name, int64_t value);
void view_put_time(json_t **object, const char *name, int64_t wall_ms);
void view_put_id(json_t **object, const uint8_t id[16]);

#endif
