/* vfs_shim: see vfs_shim.h. Each file keeps the story of what was written since its last sync: the
 * bytes before and after, so that it can be taken back. */
#include "vfs_shim.h"
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>

enum { RECORD_MAX = 1000000, SECTOR = 512 };

struct change {
    struct change *older;
    int64_t at, len, size_before; /* len 0: a truncation */
    uint8_t *before, *after;      /* before: what stood there, as far as the file went */
    int64_t before_len;
};
/* A file as the disk knows it: by path, also while it is closed. */
struct disk {
    struct disk *next;
    char *path;
    bool wal;
    uint8_t *bytes; /* alone: the file itself, the one in the file system stays empty */
    sqlite3_int64 size, room;
    struct change *changes; /* newest first, since the last sync */
};
struct shim_file {
    sqlite3_file base;
    struct disk *disk; /* NULL: temporary files, not looked at */
    sqlite3_file *real;
};
struct fault {
    enum vfs_fault what;
    bool deadly;
    uint64_t in, times; /* calls until it strikes; then how often */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim_vfs;
static struct disk *disks;
static struct fault faults[VFS_OP_KINDS];
static bool dead, read_only, alone;
static struct vfs_op *record;
static size_t record_len, record_room;
static uint64_t counts[VFS_OP_KINDS];

/* --- record -------------------------------------------------------------------------------------
 */

static void note(enum vfs_op_kind kind, bool wal, int64_t at, int64_t len, const char *what)
{
    counts[kind]++;
    if (record_len == RECORD_MAX)
        return;
    if (record_len == record_room) {
        record_room = record_room ? record_room * 2 : 1024;
        struct vfs_op *more = realloc(record, record_room * sizeof *record);
        assert(more);
        record = more;
    }
    record[record_len++] =
        (struct vfs_op){.kind = kind, .wal = wal, .at = at, .len = len, .what = what};
}

void vfs_shim_mark(const char *what)
{
    note(VFS_MARK, false, 0, 0, what);
}

size_t vfs_shim_record(const struct vfs_op **out)
{
    *out = record;
    return record_len;
}

uint64_t vfs_shim_count(enum vfs_op_kind kind)
{
    return counts[kind];
}

bool vfs_shim_unsynced(void)
{
    for (const struct disk *disk = disks; disk; disk = disk->next)
        if (disk->changes && disk->wal)
            return true;
    return false;
}

void vfs_shim_reset(void)
{
    free(record);
    record = NULL;
    record_len = record_room = 0;
    memset(counts, 0, sizeof counts);
    memset(faults, 0, sizeof faults);
    dead = read_only = false;
}

/* --- faults -------------------------------------------------------------------------------------
 */

void vfs_shim_fail(enum vfs_fault fault, enum vfs_op_kind kind, uint64_t nth, uint64_t times)
{
    faults[kind] = (struct fault){.what = fault, .in = nth, .times = times};
}

void vfs_shim_read_only(bool on)
{
    read_only = on;
}

void vfs_shim_die(enum vfs_op_kind kind, uint64_t nth)
{
    faults[kind] = (struct fault){.what = VFS_IO_ERROR, .deadly = true, .in = nth, .times = 1};
}

bool vfs_shim_is_dead(void)
{
    return dead;
}

/* SQLITE_OK, or what this call is to fail with. */
static int strike(enum vfs_op_kind kind, int io_error)
{
    struct fault *fault = &faults[kind];
    if (dead)
        return io_error;
    if (fault->what == VFS_NO_FAULT || (fault->in > 1 && fault->in--))
        return SQLITE_OK;
    int rc = fault->what == VFS_DISK_FULL ? SQLITE_FULL : io_error;
    dead = dead || fault->deadly;
    if (fault->times != UINT64_MAX && --fault->times == 0)
        fault->what = VFS_NO_FAULT;
    return rc;
}

/* --- what can be taken back ------------------------------------------------------------------- */

static void change_free(struct change *change)
{
    free(change->before);
    free(change->after);
    free(change);
}

static void disk_forget(struct disk *disk)
{
    for (struct change *change; (change = disk->changes);) {
        disk->changes = change->older;
        change_free(change);
    }
}

void vfs_shim_alone(void)
{
    alone = true;
    for (struct disk *disk; (disk = disks);) {
        disks = disk->next;
        disk_forget(disk);
        free(disk->bytes);
        free(disk->path);
        free(disk);
    }
}

static struct disk *disk_find(const char *path, bool wal)
{
    for (struct disk *disk = disks; disk; disk = disk->next)
        if (strcmp(disk->path, path) == 0)
            return disk;
    struct disk *disk = calloc(1, sizeof *disk);
    assert(disk);
    disk->path = strdup(path);
    assert(disk->path);
    disk->wal = wal;
    disk->next = disks;
    return disks = disk;
}

static int shim_size(sqlite3_file *base, sqlite3_int64 *size);
static int plain_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 at);

/* Before the bytes from `at` on change: keeps what stands there. */
static void change_keep(struct shim_file *file, int64_t at, int64_t len, const void *after)
{
    struct change *change = calloc(1, sizeof *change);
    assert(change);
    sqlite3_int64 size = 0;
    int rc = shim_size(&file->base, &size);
    assert(rc == SQLITE_OK);
    change->size_before = size;
    change->at = at;
    change->len = after ? len : 0;
    int64_t there = change->size_before - at;
    if (after && there > len)
        there = len;
    if (there > 0) {
        change->before = malloc((size_t)there);
        assert(change->before);
        rc = plain_read(&file->base, change->before, (int)there, at);
        assert(rc == SQLITE_OK);
        change->before_len = there;
    }
    if (after) {
        change->after = malloc((size_t)len);
        assert(change->after);
        memcpy(change->after, after, (size_t)len);
    }
    (void)rc;
    change->older = file->disk->changes;
    file->disk->changes = change;
}

/* --- files in memory ---------------------------------------------------------------------------
 */

static void memory_size(struct disk *disk, sqlite3_int64 size)
{
    if (size > disk->room) {
        disk->room = size * 2;
        disk->bytes = realloc(disk->bytes, (size_t)disk->room);
        assert(disk->bytes);
    }
    disk->size = size;
}

static void memory_write(struct disk *disk, const void *bytes, int64_t len, int64_t at)
{
    sqlite3_int64 size = disk->size;

    if (at + len > size)
        memory_size(disk, at + len);
    if (at > size) /* a hole */
        memset(disk->bytes + size, 0, (size_t)(at - size));
    memcpy(disk->bytes + at, bytes, (size_t)len);
}

static int memory_read(const struct disk *disk, void *bytes, int len, sqlite3_int64 at)
{
    sqlite3_int64 there = at >= disk->size ? 0 : disk->size - at;

    if (there >= len) {
        memcpy(bytes, disk->bytes + at, (size_t)len);
        return SQLITE_OK;
    }
    if (there > 0)
        memcpy(bytes, disk->bytes + at, (size_t)there);
    memset((uint8_t *)bytes + there, 0, (size_t)(len - there));
    return SQLITE_IOERR_SHORT_READ;
}

/* --- what a power loss leaves -------------------------------------------------------------------
 */

static void must_write(struct disk *disk, int fd, const void *bytes, int64_t len, int64_t at)
{
    if (alone) {
        memory_write(disk, bytes, len, at);
        return;
    }
    ssize_t n = pwrite(fd, bytes, (size_t)len, at);
    assert(n == len);
    (void)n;
}

static uint64_t generator(uint64_t *seed) /* xorshift64 */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Some sectors of a lost write did reach the disk after all. */
static void change_tear(struct disk *disk, int fd, const struct change *change, uint64_t *seed)
{
    for (int64_t done = 0; done < change->len;) {
        int64_t piece = SECTOR - (change->at + done) % SECTOR;
        if (piece > change->len - done)
            piece = change->len - done;
        if (generator(seed) & 1)
            must_write(disk, fd, change->after + done, piece, change->at + done);
        done += piece;
    }
}

static void changes_tear(struct disk *disk, int fd, const struct change *change, uint64_t *seed)
{
    if (!change)
        return;
    changes_tear(disk, fd, change->older, seed); /* oldest first */
    change_tear(disk, fd, change, seed);
}

static void disk_lose(struct disk *disk, uint64_t *seed)
{
    int fd = alone ? -1 : open(disk->path, O_RDWR | O_CLOEXEC);
    bool there = alone || fd >= 0;
    for (struct change *change = disk->changes; there && change; change = change->older) {
        if (change->before_len > 0)
            must_write(disk, fd, change->before, change->before_len, change->at);
        if (alone) {
            memory_size(disk, change->size_before);
            continue;
        }
        int rc = ftruncate(fd, change->size_before);
        assert(rc == 0);
        (void)rc;
    }
    if (there && *seed != 0)
        changes_tear(disk, fd, disk->changes, seed);
    if (fd >= 0)
        close(fd);
    disk_forget(disk);
}

void vfs_shim_power_loss(uint64_t seed)
{
    for (struct disk *disk = disks; disk; disk = disk->next)
        disk_lose(disk, &seed);
    memset(faults, 0, sizeof faults);
    dead = false;
}

/* --- the methods of a file -------------------------------------------------------------------- */

static struct shim_file *shim_of(sqlite3_file *base)
{
    return (struct shim_file *)(void *)base;
}

static int shim_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
    struct shim_file *file = shim_of(base);
    if (file->disk) {
        int rc = strike(VFS_WRITE, SQLITE_IOERR_WRITE);
        if (rc != SQLITE_OK)
            return rc;
        note(VFS_WRITE, file->disk->wal, at, len, NULL);
        change_keep(file, at, len, bytes);
        if (alone) {
            memory_write(file->disk, bytes, len, at);
            return SQLITE_OK;
        }
    }
    return file->real->pMethods->xWrite(file->real, bytes, len, at);
}

static int shim_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct shim_file *file = shim_of(base);
    if (file->disk) {
        if (dead)
            return SQLITE_IOERR_TRUNCATE;
        note(VFS_TRUNCATE, file->disk->wal, size, 0, NULL);
        change_keep(file, size, 0, NULL);
        if (alone) {
            memory_size(file->disk, size);
            return SQLITE_OK;
        }
    }
    return file->real->pMethods->xTruncate(file->real, size);
}

static int shim_sync(sqlite3_file *base, int flags)
{
    struct shim_file *file = shim_of(base);
    int rc = file->disk ? strike(VFS_SYNC, SQLITE_IOERR_FSYNC) : SQLITE_OK;
    if (rc == SQLITE_OK && !alone)
        rc = file->real->pMethods->xSync(file->real, flags);
    if (rc == SQLITE_OK && file->disk) {
        note(VFS_SYNC, file->disk->wal, 0, 0, NULL);
        disk_forget(file->disk);
    }
    return rc;
}

#define REAL(call, ...) (shim_of(base)->real->pMethods->call(shim_of(base)->real, ##__VA_ARGS__))

static int shim_close(sqlite3_file *base)
{
    return REAL(xClose);
}
/* The shim's own look at what stands there, which no fault strikes. */
static int plain_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 at)
{
    if (alone && shim_of(base)->disk)
        return memory_read(shim_of(base)->disk, bytes, len, at);
    return REAL(xRead, bytes, len, at);
}
static int shim_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 at)
{
    bool asked = shim_of(base)->disk && !dead;
    int rc = asked ? strike(VFS_READ, SQLITE_IOERR_READ) : SQLITE_OK;
    return rc == SQLITE_OK ? plain_read(base, bytes, len, at) : rc;
}
static int shim_size(sqlite3_file *base, sqlite3_int64 *size)
{
    if (alone && shim_of(base)->disk) {
        *size = shim_of(base)->disk->size;
        return SQLITE_OK;
    }
    return REAL(xFileSize, size);
}
static int shim_lock(sqlite3_file *base, int level)
{
    return alone ? SQLITE_OK : REAL(xLock, level);
}
static int shim_unlock(sqlite3_file *base, int level)
{
    return alone ? SQLITE_OK : REAL(xUnlock, level);
}
static int shim_check_lock(sqlite3_file *base, int *out)
{
    *out = 0;
    if (alone)
        return SQLITE_OK;
    return REAL(xCheckReservedLock, out);
}
static int shim_control(sqlite3_file *base, int op, void *arg)
{
    if (alone && op == SQLITE_FCNTL_HAS_MOVED) {
        *(int *)arg = 0;
        return SQLITE_OK;
    }
    return REAL(xFileControl, op, arg);
}
static int shim_sector(sqlite3_file *base)
{
    return REAL(xSectorSize);
}
static int shim_characteristics(sqlite3_file *base)
{
    return REAL(xDeviceCharacteristics);
}
static int shim_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
    return REAL(xShmMap, page, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    return alone ? SQLITE_OK : REAL(xShmLock, offset, count, flags);
}
static void shim_shm_barrier(sqlite3_file *base)
{
    REAL(xShmBarrier);
}
static int shim_shm_unmap(sqlite3_file *base, int remove)
{
    return REAL(xShmUnmap, remove);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2, /* no memory-mapped reads: every byte passes here */
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_characteristics,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

/* --- the VFS ---------------------------------------------------------------------------------- */

static int shim_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *base, int flags,
                     int *out_flags)
{
    (void)vfs;
    struct shim_file *file = shim_of(base);
    file->real = (sqlite3_file *)(void *)(file + 1);
    file->disk = NULL;
    if (read_only && (flags & SQLITE_OPEN_MAIN_DB))
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    int rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out_flags);
    base->pMethods = file->real->pMethods ? &shim_methods : NULL;
    if (rc == SQLITE_OK && name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
        file->disk = disk_find(name, (flags & SQLITE_OPEN_WAL) != 0);
    return rc;
}

/* A deletion counts as synced: SQLite deletes a log only when the database has all of it. */
static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    (void)vfs;
    if (dead)
        return SQLITE_IOERR_DELETE;
    for (struct disk *disk = disks; disk; disk = disk->next) {
        if (strcmp(disk->path, name) != 0)
            continue;
        note(VFS_DELETE, disk->wal, 0, 0, NULL);
        disk_forget(disk);
        disk->size = 0;
    }
    return real_vfs->xDelete(real_vfs, name, sync_dir);
}

/* A log that exists is one with something in it. */
static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    for (const struct disk *disk = disks; alone && disk; disk = disk->next) {
        if (strcmp(disk->path, name) != 0 || flags != SQLITE_ACCESS_EXISTS)
            continue;
        *out = disk->size > 0;
        return SQLITE_OK;
    }
    return real_vfs->xAccess(real_vfs, name, flags, out);
}

int vfs_shim_install(void)
{
    if (real_vfs)
        return 0;
    sqlite3_vfs *found = sqlite3_vfs_find(NULL);
    if (!found)
        return -1;
    real_vfs = found;
    shim_vfs = *found;
    shim_vfs.zName = "otpgate-shim";
    shim_vfs.szOsFile = (int)sizeof(struct shim_file) + found->szOsFile;
    shim_vfs.xOpen = shim_open;
    shim_vfs.xDelete = shim_delete;
    shim_vfs.xAccess = shim_access;
    return sqlite3_vfs_register(&shim_vfs, 1) == SQLITE_OK ? 0 : -1;
}
