/* vfs_shim: a VFS for SQLite over the default one. It records writes and syncs, fails them on
 * demand, and loses the power: what was not synced is gone (or half there).
 *
 * Process-wide and single-threaded. Install it before the first database is opened; a daemon under
 * test installs it at the start of its main. Files that are not SQLite's are not seen. */
#ifndef OTPGATE_TEST_VFS_SHIM_H
#define OTPGATE_TEST_VFS_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vfs_op_kind { VFS_WRITE, VFS_SYNC, VFS_TRUNCATE, VFS_DELETE, VFS_READ, VFS_MARK };
enum { VFS_OP_KINDS = VFS_MARK + 1 };
struct vfs_op {
    enum vfs_op_kind kind;
    bool wal;         /* of the write-ahead log, else of the database */
    int64_t at, len;  /* write: offset and length; truncate: the new size in `at` */
    const char *what; /* mark: as given */
};

/* Registers the shim as the default VFS; again: nothing. 0, or -1. */
int vfs_shim_install(void) __attribute__((warn_unused_result));
/* Forgets the record, the counts and every fault. */
void vfs_shim_reset(void);

/* A note of the test among the records: "reply", "ctrl-z". `what` must outlive the record. */
void vfs_shim_mark(const char *what);
/* The record since the reset, oldest first (the first million). */
size_t vfs_shim_record(const struct vfs_op **out);
uint64_t vfs_shim_count(enum vfs_op_kind kind); /* since the reset */
/* Has something been written to a log that is not synced? While it is so, nothing may be promised
 * to anybody. (A checkpoint may leave the database itself unsynced: the log still holds all of it.)
 */
bool vfs_shim_unsynced(void);

/* The nth (1: the next) call of `kind` (VFS_WRITE, VFS_SYNC, VFS_READ) and the `times` - 1 after it
 * fail. Reads are not recorded. */
enum vfs_fault { VFS_NO_FAULT, VFS_DISK_FULL, VFS_IO_ERROR };
void vfs_shim_fail(enum vfs_fault fault, enum vfs_op_kind kind, uint64_t nth, uint64_t times);
/* Databases that are opened from now on can only be read (a file system that was remounted). */
void vfs_shim_read_only(bool on);
/* From now on the databases are in memory and no lock is taken: no other process, and no second
 * connection, knows them; files and locks are half of what a small transaction costs. Again: they
 * are all forgotten. Every database must be closed. */
void vfs_shim_alone(void);
/* From the nth call of `kind` on the machine is dead: nothing reaches the disk any more. */
void vfs_shim_die(enum vfs_op_kind kind, uint64_t nth);
bool vfs_shim_is_dead(void);
/* Takes back what was not synced; every database must be closed. seed 0: all of it; else each
 * 512-byte sector of it is there or not, by a generator that the seed starts. Ends the death. */
void vfs_shim_power_loss(uint64_t seed);

#endif
