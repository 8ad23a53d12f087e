/* at_link: a script of faults, time and owners against an honest modem in order (or one that
 * answers other commands meanwhile). Each submit has exactly one outcome; SENT carries the modem's
 * own reference; NOT_SENT never had a Ctrl-Z that arrived; evidence names the right message;
 * nothing is written while an answer is due; whatever happened, a healthy modem becomes READY again
 * and sends. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at_world.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static struct world w;

/* Says what the owner heard before it ends. */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s\n%s", #condition, w.trace);                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static unsigned submitted;

static void check(void)
{
    must(w.outcomes <= submitted && submitted <= w.outcomes + 1);
    if (w.outcomes > 0) {
        int truth = world_truth_of(&w, w.outcome_token);
        if (w.outcome.verdict == SMS_SENT)
            must(truth >= 0 && w.outcome.reference == truth);
        if (w.outcome.verdict == SMS_NOT_SENT)
            must(truth < 0);
    }
    if (w.evidences > 0 && w.evidence.token != 0)
        must(w.evidence.reference == world_truth_of(&w, w.evidence.token));
}

static void fault(enum world_fault kind, uint8_t arg)
{
    w.fault = kind;
    w.fault_done = false;
    w.at_byte = w.all ? w.said + arg % 64 : arg % 24;
    w.stall_ms = (int64_t)(arg / 24 + 1) * 20000;
}

static void play(uint8_t op, uint8_t arg)
{
    static const char *const lines[] = {
        "\r\n^RSSI:1\r\n",  "\r\nRING\r\n", "\r\n+CREG: 1\r\n",     "\r\n+CMTI: \"SM\",1\r\n",
        "\r\n+CREG: 0\r\n", "\r\nRDY\r\n",  "\r\n+CPIN: READY\r\n", "\r\nNO CARRIER\r\n"};
    switch (op % 12) {
    case 0:
    case 1:
        submitted += world_submit(&w, arg & 1) != 0;
        break;
    case 2:
        world_run(&w, arg);
        break;
    case 3:
        world_run(&w, arg * 1000);
        break;
    case 4:
        world_say(&w, lines[arg % 8], strlen(lines[arg % 8]));
        break;
    case 5:
        w.answer = (enum world_owner)(arg % 5);
        w.answer_ms = arg / 5 * 300;
        break;
    case 6:
        fault((enum world_fault)(FAULT_CLOSE + op / 12 % 4), arg);
        break;
    case 7:
        w.answer_late_ms = arg & 1 ? 0 : arg * 1500;
        break;
    case 8:
        world_unplug(&w);
        break;
    case 9:
        world_plug(&w);
        break;
    case 10:
        w.deaf = arg & 1;
        break;
    case 11:
        w.echo = true; /* it has restarted without a word */
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 200)
        return 0;
    log_sink_set(no_log, NULL);
    memset(&w, 0, sizeof w);
    submitted = 0;
    bool late = data[0] & 1;
    if (late) {
        strcpy(w.maker, "otpgate");
        strcpy(w.model, "SIM-LATE");
    }
    world_start(&w);
    (void)world_until_ready(&w, 5000);
    for (size_t i = 1; i + 1 < size; i += 2) {
        if (!late && data[i] % 12 == 7)
            continue; /* only such a modem may answer out of order */
        play(data[i], data[i + 1]);
        loop_sim_settle(w.loop);
        check();
    }
    w.fault = FAULT_NONE;
    w.answer = OWNER_YES;
    w.answer_ms = 0;
    w.answer_late_ms = 0;
    w.deaf = false;
    world_plug(&w);
    world_run(&w, 1200000); /* what is under way ends; the longest penalty passes */
    must(world_until_ready(&w, 1200000));
    check();
    must(w.outcomes == submitted);
    unsigned complete = w.sent;
    uint64_t token = world_submit(&w, false);
    must(token != 0 && world_until_outcome(&w, token, 1000));
    submitted++;
    must(w.outcome.verdict == SMS_SENT && w.sent == complete + 1);
    check();
    world_stop(&w);
    return 0;
}
