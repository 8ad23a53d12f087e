/* store_files: what lies in the state directory beside the database: the lock, the reserve, the
 * incarnation. Owned by struct store; never holds anything personal.
 *
 * The incarnation tells a restored backup from a crash. A backup holds messages that have been
 * sent since; sending them again would be a second code on many phones, hours late. The file
 * `incarnation` holds a random value and the number of the newest event that was on disk; the
 * database holds the value together with the file's inode and time of birth.
 * - The database alone was put back: the file knows a newer event (it is written after each
 *   COMMIT, unsynced: after a power loss it may lag behind the database, never run ahead), or
 *   another value (a new one at each start and each clean end).
 * - The whole directory was put back (cp, tar, rsync): the file was born anew, or stands in an
 *   inode whose birth the database does not know.
 * - A crash changes none of the three.
 * What no file can show is a file system that is set back as a whole (a snapshot of a volume or
 * of a virtual machine): the operations guide says so. A move to another machine looks like a
 * restore; then, too, what was queued FAILS aloud rather than being sent twice. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <sodium.h>
#include "log.h"
#include "text.h"

enum { RESERVE_BYTES = 1 << 20, RESERVE_ROOM = 16 << 20, RESERVE_RETRY_MS = 10000 };

static const char name_incarnation[] = "incarnation", name_incarnation_new[] = "incarnation.new";

struct incarnation_file {
    uint8_t value[16];
    int64_t seq;
};

static int64_t read_whole(int fd, void *bytes, size_t len)
{
    ssize_t n;
    do
        n = pread(fd, bytes, len, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static int write_whole(int fd, const void *bytes, size_t len, off_t at)
{
    const uint8_t *byte = bytes;
    for (size_t done = 0; done < len;) {
        ssize_t n = pwrite(fd, byte + done, len - done, at + (off_t)done);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

static int sync_dir(int dir_fd)
{
    return fsync(dir_fd) == 0 ? 0 : -errno;
}

int files_write(int dir_fd, const char *name, const void *bytes, size_t len)
{
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.tmp", name);
    int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int rc = fchmod(fd, 0600) == 0 ? write_whole(fd, bytes, len, 0) : -errno;
    if (rc == 0 && fsync(fd) != 0)
        rc = -errno;
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && renameat(dir_fd, temporary, dir_fd, name) != 0)
        rc = -errno;
    return rc == 0 ? sync_dir(dir_fd) : rc;
}

void files_path(const struct store *store, const char *file, char *out, size_t room)
{
    int n = snprintf(out, room, "%s/%s", store->dir, file);
    assert(n > 0 && (size_t)n < room);
    (void)n;
}

/* --- directory, lock, database file ------------------------------------------------------------
 */

static int files_error(struct store *store, const char *what, int error)
{
    return store_why(-error, "The state directory %s: %s: %s.", store->dir, what, strerror(error));
}

static int files_open_dir(struct store *store, const char *state_dir)
{
    if (!text_copy(store->dir, sizeof store->dir, state_dir))
        return store_why(-ENAMETOOLONG, "The path of the state directory is too long.");
    if (mkdir(store->dir, 0700) != 0 && errno != EEXIST)
        return files_error(store, "cannot be made", errno);
    store->dir_fd = open(store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0)
        return files_error(store, "cannot be opened", errno);
    struct stat st;
    if (fstat(store->dir_fd, &st) != 0)
        return files_error(store, "cannot be read", errno);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return store_why(-EACCES,
                         "The state directory %s may be written by others (mode %03o): "
                         "\"chmod go-w %s\".",
                         store->dir, (unsigned)st.st_mode & 0777, store->dir);
    return 0;
}

static int files_lock(struct store *store)
{
    store->lock_fd = openat(store->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0)
        return files_error(store, "the lock cannot be made", errno);
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno != EWOULDBLOCK)
        return files_error(store, "the lock cannot be taken", errno);
    return store_why(-EBUSY, "Another otpgated works on %s: stop it first.", store->dir);
}

/* SQLite would make it 0644; its WAL and shared memory take the mode of the database. */
static int files_make_database(struct store *store)
{
    int fd = openat(store->dir_fd, "otpgate.db", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return files_error(store, "the database cannot be opened", errno);
    int rc = fchmod(fd, 0600) == 0 ? 0 : files_error(store, "otpgate.db", errno);
    close(fd);
    return rc;
}

int files_open(struct store *store, const char *state_dir)
{
    store->dir_fd = store->lock_fd = store->incarnation_fd = -1;
    store->reserve_tried_ms = INT64_MIN;
    if (!state_dir) {
        (void)text_copy(store->dir, sizeof store->dir, "(memory)"); /* fits */
        return 0;
    }
    int rc = files_open_dir(store, state_dir);
    if (rc == 0)
        rc = files_lock(store);
    if (rc == 0)
        rc = files_make_database(store);
    if (rc == 0)
        files_reserve_take(store);
    if (rc == 0 && !store->reserve_held)
        log_event(LOG_LEVEL_WARNING, "store", "-", "no_reserve", "dir=%s", store->dir);
    return rc;
}

void files_close(struct store *store)
{
    int *fds[] = {&store->incarnation_fd, &store->lock_fd, &store->dir_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]); /* read-only, or synced before: nothing to lose */
        *fds[i] = -1;
    }
}

/* --- the reserve -------------------------------------------------------------------------------
 */

/* Only where the disk has room to spare: what was freed for outcomes must not be taken back from
 * them at once. */
void files_reserve_take(struct store *store)
{
    int64_t now = loop_now_ms(store->loop);
    if (store->reserve_tried_ms != INT64_MIN && now - store->reserve_tried_ms < RESERVE_RETRY_MS)
        return;
    store->reserve_tried_ms = now;
    int fd = openat(store->dir_fd, "reserve", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    struct stat st;
    struct statvfs fs = {0};
    int rc = fstat(fd, &st) == 0 && fstatvfs(fd, &fs) == 0 ? 0 : -errno;
    if (rc == 0 && st.st_size < RESERVE_BYTES) {
        rc = -ENOSPC;
        if ((uint64_t)fs.f_bavail * fs.f_frsize >= RESERVE_ROOM)
            rc = -posix_fallocate(fd, 0, RESERVE_BYTES);
        if (rc != 0 && ftruncate(fd, 0) != 0)
            log_event(LOG_LEVEL_WARNING, "store", "-", "reserve", "error=\"%s\"", strerror(errno));
    }
    close(fd);
    store->reserve_held = rc == 0;
}

bool store_free_reserve(struct store *store)
{
    if (!store->reserve_held)
        return false;
    store->reserve_held = false;
    store->reserve_tried_ms = loop_now_ms(store->loop);
    if (unlinkat(store->dir_fd, "reserve", 0) == 0) {
        txn_checkpoint(store); /* the log can go round in the room it has */
        return true;
    }
    log_event(LOG_LEVEL_ERROR, "store", "-", "reserve", "error=\"%s\"", strerror(errno));
    return false;
}

/* --- the incarnation ---------------------------------------------------------------------------
 */

/* What the database is to know of the file: its value, its inode, its birth (0 where the file
 * system does not tell). */
static int incarnation_of(int fd, const uint8_t value[16], uint8_t out[STORE_INCARNATION])
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0)
        return -errno;
    uint64_t birth = 0;
    if (st.stx_mask & STATX_BTIME)
        birth = (uint64_t)st.stx_btime.tv_sec * 1000000000u + st.stx_btime.tv_nsec;
    uint64_t inode = st.stx_ino;
    memcpy(out, value, 16);
    memcpy(out + 16, &inode, 8);
    memcpy(out + 24, &birth, 8);
    return 0;
}

static bool incarnation_matches(struct store *store, const char *name,
                                const uint8_t want[STORE_INCARNATION], int64_t seq)
{
    struct incarnation_file file;
    uint8_t have[STORE_INCARNATION];
    int fd = openat(store->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool same = read_whole(fd, &file, sizeof file) == (int64_t)sizeof file &&
                incarnation_of(fd, file.value, have) == 0 && memcmp(have, want, sizeof have) == 0 &&
                file.seq <= seq;
    close(fd);
    return same;
}

/* Two names: a crash may fall between the COMMIT that knows the new file and its rename. */
bool files_incarnation_known(struct store *store, const uint8_t want[STORE_INCARNATION],
                             int64_t seq)
{
    if (store->dir_fd < 0 || incarnation_matches(store, name_incarnation, want, seq))
        return true;
    return incarnation_matches(store, name_incarnation_new, want, seq) &&
           files_incarnation_take(store) == 0;
}

/* The new file, under its temporary name; the caller commits store->incarnation, then takes it. */
int files_incarnation_make(struct store *store)
{
    if (store->dir_fd < 0)
        return 0;
    struct incarnation_file file = {.seq = store->seq_durable};
    randombytes_buf(file.value, sizeof file.value);
    if (unlinkat(store->dir_fd, name_incarnation_new, 0) != 0 && errno != ENOENT)
        return -errno;
    int fd =
        openat(store->dir_fd, name_incarnation_new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int rc = write_whole(fd, &file, sizeof file, 0);
    if (rc == 0 && fsync(fd) != 0)
        rc = -errno;
    if (rc == 0)
        rc = sync_dir(store->dir_fd);
    if (rc == 0)
        rc = incarnation_of(fd, file.value, store->incarnation);
    if (store->incarnation_fd >= 0)
        close(store->incarnation_fd);
    store->incarnation_fd = fd;
    return rc;
}

int files_incarnation_take(struct store *store)
{
    if (store->dir_fd < 0)
        return 0;
    if (renameat(store->dir_fd, name_incarnation_new, store->dir_fd, name_incarnation) != 0)
        return -errno;
    return sync_dir(store->dir_fd);
}

/* After each COMMIT that wrote events. Not synced: see the head. A file that cannot be written
 * makes a later restore harder to see and harms nothing else. */
void files_incarnation_note(struct store *store)
{
    if (store->incarnation_fd < 0)
        return;
    int rc = write_whole(store->incarnation_fd, &store->seq_durable, sizeof store->seq_durable,
                         offsetof(struct incarnation_file, seq));
    if (rc != 0 && !store->incarnation_bad)
        log_event(LOG_LEVEL_WARNING, "store", "-", "incarnation", "error=\"%s\"", strerror(-rc));
    store->incarnation_bad = rc != 0;
}
