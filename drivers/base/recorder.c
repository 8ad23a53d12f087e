#include "recorder.h"

#include <stdio.h>
#include "log.h"

char *recorder_put(struct recorder *recorder, int64_t now_ns, char way)
{
    struct recorder_line *line = &recorder->line[recorder->next++ % RECORDER_LINES];
    line->at_ns = now_ns;
    line->way = way;
    line->text[0] = '\0';
    if (recorder->told)
        loop_defer(recorder->told, LOOP_SOON);
    return line->text;
}

void recorder_state(struct recorder *recorder, int64_t now_ns, const char *state, const char *why)
{
    (void)snprintf(recorder_put(recorder, now_ns, '='), RECORDER_TEXT, "%s: %.60s", state, why);
}

const struct recorder_line *recorder_from(const struct recorder *recorder, uint64_t *number)
{
    uint64_t oldest = recorder->next > RECORDER_LINES ? recorder->next - RECORDER_LINES : 0;
    if (*number < oldest)
        *number = oldest;
    return *number < recorder->next ? &recorder->line[*number % RECORDER_LINES] : NULL;
}

void recorder_dump(struct recorder *recorder, const char *id)
{
    const struct recorder_line *line;
    uint64_t number = recorder->next > RECORDER_DUMP ? recorder->next - RECORDER_DUMP : 0;
    number = number > recorder->dumped ? number : recorder->dumped;
    for (; (line = recorder_from(recorder, &number)); number++)
        log_event(LOG_LEVEL_NOTICE, "trace", id, "line", "%lld.%09lld %c %s",
                  (long long)(line->at_ns / 1000000000), (long long)(line->at_ns % 1000000000),
                  line->way, line->text);
    recorder->dumped = recorder->next;
}
