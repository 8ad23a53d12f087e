/* bench_rows: the rows that one message leaves in the gateway's database, and nothing else: no look
 * before a write, no sealing, no savepoint. Columns and sizes are those of daemon/store; the
 * database itself was made by otpgated, so schema and indices are the same. */
#ifndef OTPGATE_BENCH_ROWS_H
#define OTPGATE_BENCH_ROWS_H

#include <stdint.h>

struct bench_rows;

struct bench_rows *bench_rows_open(const char *path); /* a database that otpgated has made */
void bench_rows_close(struct bench_rows *rows);

void bench_rows_begin(struct bench_rows *rows);
void bench_rows_commit(struct bench_rows *rows);

/* Inside a transaction. */
void bench_rows_accept(struct bench_rows *rows);    /* message, event */
void bench_rows_claim(struct bench_rows *rows);     /* attempt, message */
void bench_rows_committed(struct bench_rows *rows); /* attempt, message, event */
void bench_rows_sent(struct bench_rows *rows);      /* attempt, message without body, event */

#endif
