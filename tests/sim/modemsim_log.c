/* modemsim_log: see modemsim_log.h. */
#include "modemsim_log.h"

#include <stdlib.h>
#include <string.h>

enum { FLUSH_MS = 100, FILE_BUFFER = 1 << 18 };

static void flush_due(void *arg)
{
    modemsim_log_flush(arg);
}

static void take_event(void *arg, const struct sim_event *event)
{
    struct modemsim_log *log = arg;
    uint64_t seq = ++log->seq;
    log->count[event->kind]++;
    if (event->modem >= 0 && event->modem < MODEMSIM_MODEMS)
        log->modem_count[event->modem][event->kind]++;
    if (log->file || log->ring_on) {
        size_t len = sim_event_json(event, seq, modemsim_now_ns(), log->line);
        if (log->ring_on) {
            char **slot = &log->ring[seq % MODEMSIM_RING];
            *slot = sim_grow(*slot, len + 1);
            memcpy(*slot, log->line, len + 1);
        }
        if (log->file) {
            log->line[len++] = '\n';
            if (fwrite(log->line, 1, len, log->file) != len)
                perror("otpgate-modemsim: log");
            if (!log->flush.slot)
                sim_timer_arm(&log->flush, event->at_ms + FLUSH_MS);
        }
    }
    if (log->counted)
        log->counted(log->counted_arg, event->kind);
}

bool modemsim_log_start(struct modemsim_log *log, struct simnet *net, const char *path, bool ring)
{
    *log = (struct modemsim_log){.ring_on = ring};
    sim_timer_init(&log->flush, simnet_clock(net), flush_due, log);
    if (path) {
        log->file = fopen(path, "we");
        if (!log->file || setvbuf(log->file, NULL, _IOFBF, FILE_BUFFER))
            return false;
    }
    if (path || ring)
        simnet_log_set(net, take_event, log);
    return true;
}

void modemsim_log_flush(struct modemsim_log *log)
{
    sim_timer_cancel(&log->flush);
    if (log->file && fflush(log->file))
        perror("otpgate-modemsim: log");
}

void modemsim_log_stop(struct modemsim_log *log)
{
    modemsim_log_flush(log);
    if (log->file && fclose(log->file))
        perror("otpgate-modemsim: log");
    log->file = NULL;
    for (int i = 0; i < MODEMSIM_RING; i++)
        free(log->ring[i]);
}
