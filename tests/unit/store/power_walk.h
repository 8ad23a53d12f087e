/* power_walk: a run of the store is cut short at its first write, its second, and so on until it
 * ends before the cut; then the same at each sync. */
#ifndef OTPGATE_TEST_POWER_WALK_H
#define OTPGATE_TEST_POWER_WALK_H

#include "vfs_shim.h"

/* Runs once, dies at the nth call of `kind`, loses the power with `seed`, opens again and checks.
 * False: the run ended before. */
typedef bool power_cut_fn(enum vfs_op_kind kind, uint64_t nth, uint64_t seed);

/* A run makes `least` to `most` of them. */
void power_at_every_write(power_cut_fn *cut, uint64_t least, uint64_t most);
void power_at_every_sync(power_cut_fn *cut, uint64_t least, uint64_t most);

#endif
