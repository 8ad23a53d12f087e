/* refuse: how a refusal is filled in, and the one place that says what is wrong with a number. */
#ifndef OTPGATE_REFUSE_H
#define OTPGATE_REFUSE_H

#include "number.h"
#include "refusal.h"

/* `name` is one of the error table of proto/openrpc.json. Returns -1, so that it can stand in a
 * return. */
int refuse(struct refusal *refusal, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* 0 and the number, or -1: bad_number. */
int refuse_number(const char *to, const struct number_rules *rules, struct number *number,
                  struct refusal *refusal) __attribute__((warn_unused_result));

#endif
