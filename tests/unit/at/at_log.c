#include "at_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"

static void on_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    if (getenv("AT_LOG"))
        (void)fprintf(stderr, "%s\n", line);
}

void at_log_hide(void)
{
    log_sink_set(on_log, NULL);
}
