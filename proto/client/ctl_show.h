/* ctl_show: what people read: times, numbers, messages, events; and the text that comes in. */
#ifndef OTPGATE_CTL_SHOW_H
#define OTPGATE_CTL_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <jansson.h>

struct ctl;

enum { CTL_SHOW_TIME = 40 };

/* "2026-11-22T03:15:07.120Z" as local time, "2026-11-22 10:15:07.120"; what does not look so stays
 * as it is. NULL gives NULL. Returns `out`. */
const char *ctl_show_time(const char *utc, char out[CTL_SHOW_TIME]);
/* The number as text, or NULL where it is not there. Returns `out`. */
const char *ctl_show_number(const json_t *object, const char *member, char out[24]);
/* Names and values, members of members as "limits.depth". */
void ctl_show_object(json_t *object);
/* One call, and its result as JSON or by `show`. Takes `params` over. An enum ctl_exit: `judge`'s
 * of the result, where there is one. */
int ctl_show_call(struct ctl *ctl, const char *method, json_t *params, void (*show)(json_t *result),
                  int (*judge)(const json_t *result));
/* A message with its ladder and attempts. */
void ctl_show_message(const json_t *message);
/* One line for one event. */
void ctl_show_event(const json_t *event);
/* One step of a message's ladder, as it happens. */
void ctl_show_step(const json_t *event);

/* A number as an operand gives it: itself, or for "-" one line of standard input, the rest of which
 * stays there: everybody may read arguments in the process list. NULL: it has been said why. */
enum { CTL_SHOW_NUMBER = 64 };
const char *ctl_show_number_of(const char *operand, char out[CTL_SHOW_NUMBER]);

/* All of a file (NULL: standard input), with a NUL behind it that `len` does not count; malloc'd.
 * NULL: it has been said why. Bounded: nothing that can be sent is longer. */
char *ctl_show_read(const char *path, size_t *len);

#endif
