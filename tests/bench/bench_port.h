/* bench_port: a modem's port, spoken to blindly: what otpgate writes is written, and nothing is
 * waited for but the prompt and the result. No time-outs: the simulated modem answers, or the bench
 * ends it. */
#ifndef OTPGATE_BENCH_PORT_H
#define OTPGATE_BENCH_PORT_H

#include <stdint.h>

int64_t bench_now_ns(void); /* CLOCK_MONOTONIC: the clock of the simulator's log */
int64_t bench_cpu_ns(void); /* of this process */
/* Says what failed, with errno's sentence, and ends: a bench has nothing to recover. */
_Noreturn void bench_die(const char *what);
/* A number of the command line, above 0; else the bench ends. */
long bench_count(const char *text);

/* Opens a pty, makes it raw, and brings the modem into PDU mode without echo. */
int bench_port_open(const char *path);
/* One short message; before_body (may be NULL) runs at the prompt. */
void bench_port_send(int port, void (*before_body)(void *arg), void *arg);

#endif
