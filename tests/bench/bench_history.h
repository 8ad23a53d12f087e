/* bench_history: what so many verifications of the last thirty days have left in the gateway's
 * database, written past the gateway: the same rows, columns and sizes as daemon/store's, with
 * hashes and sealed bytes that are noise. What the gateway has cleared away by then is not written,
 * nor attempts and events, which a start and a check neither read nor find. */
#ifndef OTPGATE_BENCH_HISTORY_H
#define OTPGATE_BENCH_HISTORY_H

#include <stdint.h>

/* `path`: a database that otpgated has made and nobody has open; wall_ms: now. */
void bench_history_fill(const char *path, int64_t count, int64_t wall_ms);

#endif
