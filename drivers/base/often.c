#include "often.h"

#include <string.h>

bool often_note(struct often *often, int64_t now_ms)
{
    int64_t *at_ms = often->at_ms;
    memmove(at_ms + 1, at_ms, (OFTEN_TIMES - 1) * sizeof *at_ms);
    at_ms[0] = often->quiet_ms = now_ms;
    if (!at_ms[OFTEN_TIMES - 1] || now_ms - at_ms[OFTEN_TIMES - 1] > OFTEN_SPAN_MS)
        return false;
    memset(at_ms, 0, sizeof often->at_ms);
    often->trouble = true;
    return true;
}

bool often_is_trouble(struct often *often, int64_t now_ms)
{
    if (often->trouble && now_ms - often->quiet_ms >= OFTEN_SPAN_MS)
        often->trouble = false;
    return often->trouble;
}

void often_wake(struct often *often, int64_t now_ms)
{
    often->quiet_ms = now_ms;
}

void often_forget(struct often *often)
{
    *often = (struct often){0};
}
