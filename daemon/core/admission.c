#include "admission.h"

#include <string.h>

static unsigned step_of(int64_t expires_ms)
{
    int64_t step = (expires_ms / ADMISSION_STEP_MS) % ADMISSION_STEPS;
    return (unsigned)(step < 0 ? step + ADMISSION_STEPS : step);
}

void admission_clear(struct admission *admission)
{
    memset(admission, 0, sizeof *admission);
}

void admission_add(struct admission *admission, enum message_class class_, int64_t expires_ms,
                   int parts)
{
    int32_t *step = &admission->step[class_][step_of(expires_ms)];

    if (admission->notes < ADMISSION_NOTES)
        admission->note[admission->notes] = (struct admission_note){class_, expires_ms, parts};
    admission->notes++;

    /* Between a transaction that failed and the rebuild that follows it the counters may be short.
     */
    admission->parts[class_] =
        admission->parts[class_] + parts < 0 ? 0 : admission->parts[class_] + parts;
    *step = *step + parts < 0 ? 0 : *step + parts;
}

void admission_mark(struct admission *admission)
{
    admission->notes = 0;
}

bool admission_undo(struct admission *admission)
{
    size_t notes = admission->notes;

    if (notes > ADMISSION_NOTES)
        return false;
    while (notes-- > 0) {
        const struct admission_note note = admission->note[notes];
        admission_add(admission, note.class_, note.expires_ms, -note.parts);
    }
    admission_mark(admission);
    return true;
}

int64_t admission_ahead(const struct admission *admission, enum message_class class_,
                        int64_t now_ms, int64_t expires_ms)
{
    int64_t ahead = 0;

    for (unsigned higher = 0; higher < class_; higher++)
        ahead += admission->parts[higher];
    if (admission->parts[class_] == 0)
        return ahead;
    /* What expired a moment ago and is not yet swept stands in the steps before now. */
    int64_t from = now_ms / ADMISSION_STEP_MS - 2;
    int64_t to = expires_ms / ADMISSION_STEP_MS;
    if (to - from >= ADMISSION_STEPS)
        return ahead + admission->parts[class_];
    for (int64_t at = from; at <= to; at++)
        ahead += admission->step[class_][step_of(at * ADMISSION_STEP_MS)];
    return ahead;
}

int64_t admission_total(const struct admission *admission)
{
    int64_t total = 0;

    for (unsigned class_ = 0; class_ < MESSAGE_CLASSES; class_++)
        total += admission->parts[class_];
    return total;
}
