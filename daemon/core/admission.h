/* admission: how many parts wait, by class and deadline, and when one more could go. Counters in
 * RAM, rebuilt from the disk at start and after a transaction that failed. Pure. */
#ifndef OTPGATE_ADMISSION_H
#define OTPGATE_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store.h"

enum {
    ADMISSION_STEP_MS = 10000,
    ADMISSION_STEPS = 86400 / 10 + 8, /* the longest lifetime, and room at both ends */
};

struct admission_note {
    enum message_class class_;
    int64_t expires_ms;
    int parts;
};
enum { ADMISSION_NOTES = 64 };

struct admission {
    int64_t parts[MESSAGE_CLASSES];
    int32_t step[MESSAGE_CLASSES][ADMISSION_STEPS]; /* a ring over deadlines */
    /* What was added since the mark; more than there is room for is only counted. */
    struct admission_note note[ADMISSION_NOTES];
    size_t notes;
};

void admission_clear(struct admission *admission);
void admission_add(struct admission *admission, enum message_class class_, int64_t expires_ms,
                   int parts /* negative: takes away */);
/* Parts that go before one of this class and deadline: all of higher classes, and those of its own
 * class whose deadline is not later. */
int64_t admission_ahead(const struct admission *admission, enum message_class class_,
                        int64_t now_ms, int64_t expires_ms);
/* The savepoint begins at the mark; where it is undone, so is what was added since. False: that is
 * more than was noted, and the queue is to be counted anew. */
void admission_mark(struct admission *admission);
bool admission_undo(struct admission *admission) __attribute__((warn_unused_result));
int64_t admission_total(const struct admission *admission);

#endif
