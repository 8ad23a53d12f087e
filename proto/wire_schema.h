/* wire_schema: is this value what that schema says? The small part of JSON Schema that openrpc.json
 * uses, no more:
 *
 *   $ref (to "#/components/schemas/NAME"), type (a name or an array of names), enum, minimum,
 * maximum, minLength, maxLength (code points), x-max-bytes (UTF-8), required, properties,
 * additionalProperties (false, or a schema), oneOf, items, minItems, maxItems, uniqueItems
 *
 * Other keywords are not looked at; a test refuses a document that uses one which would have to be.
 * Pure. The sentences name members and limits, never a value: a value may be a code or a number. */
#ifndef OTPGATE_WIRE_SCHEMA_H
#define OTPGATE_WIRE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

/* `root`: the document that a $ref points into. 0, or -EINVAL with a sentence in `why` (room >= 1).
 */
int wire_schema_check(const json_t *root, const json_t *schema, const json_t *value, char *why,
                      size_t room) __attribute__((warn_unused_result));
/* Follows $ref; NULL where it leads nowhere (or in a circle). */
const json_t *wire_schema_resolve(const json_t *root, const json_t *schema);
/* The member of `properties` that is nearest to `word`: at most 3 edits and half its length away,
 * or NULL. */
const char *wire_schema_nearest(const json_t *properties, const char *word);

#endif
