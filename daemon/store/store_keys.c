/* store_keys: the three keys: `body` seals, `index` hashes, `otp` is for codes that are checked;
 * and one more that seals texts in place of `body` where the operator wants it: it lies in the
 * runtime directory, in memory, and goes with a reboot. Each such key has a number, which rows
 * carry.
 *
 * They come from systemd credentials (otpgate.body, otpgate.index, otpgate.otp) where one of these
 * is there, else from 0600 files in keys/ of the state directory, made at the first start. They
 * live in locked, guarded memory and never leave it. The database holds a hash of each under
 * itself: a foreign key is known before it spoils anything. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <sodium.h>
#include "log.h"
#include "text.h"

static const char *const key_names[KEY_RUNTIME + 1] = {"body", "index", "otp", "body.key"};

struct key_place {
    int dir_fd;
    bool credentials;
    unsigned there; /* bit of each key that was read */
    char path[600];
};

static void key_file(const struct key_place *place, int key, char out[32])
{
    snprintf(out, 32, "%s%s", place->credentials ? "otpgate." : "", key_names[key]);
}

/* 1 read, 0 not there, -errno with its sentence. */
static int key_read(struct store *store, const struct key_place *place, int key)
{
    char name[32];
    key_file(place, key, name);
    int fd = openat(place->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return store_why(-errno, "The key file %s/%s cannot be read: %s.", place->path, name,
                         strerror(errno));
    struct stat st;
    ssize_t n = fstat(fd, &st) == 0 ? read(fd, store->keys->key[key], SEAL_KEY) : -1;
    int error = errno;
    close(fd);
    if (n < 0)
        return store_why(-error, "The key file %s/%s cannot be read: %s.", place->path, name,
                         strerror(error));
    if (!place->credentials && (st.st_mode & 077))
        return store_why(-EACCES,
                         "The key file %s/%s may be read by others (mode %03o): \"chmod 600\" it.",
                         place->path, name, (unsigned)st.st_mode & 0777);
    if (n != SEAL_KEY || st.st_size != SEAL_KEY)
        return store_why(-ENOKEY,
                         "The key file %s/%s is damaged (%d bytes were expected): put it back from "
                         "a backup, or move it away and start once with --new-keys.",
                         place->path, name, SEAL_KEY);
    return 1;
}

static int keys_read(struct store *store, struct key_place *place)
{
    place->there = 0;
    for (int key = 0; key < STORE_KEYS; key++) {
        int rc = key_read(store, place, key);
        if (rc < 0)
            return rc;
        if (rc == 1)
            place->there |= 1u << key;
    }
    return 0;
}

static int keys_place_open(struct store *store, struct key_place *place, const char *path)
{
    snprintf(place->path, sizeof place->path, "%s", path);
    place->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->dir_fd >= 0)
        return keys_read(store, place);
    return store_why(-errno, "The keys' directory %s cannot be opened: %s.", path, strerror(errno));
}

static int keys_find(struct store *store, struct key_place *place)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (credentials) {
        place->credentials = true;
        int rc = keys_place_open(store, place, credentials);
        if (rc != 0 || place->there != 0)
            return rc;
        close(place->dir_fd); /* credentials, but none of ours */
        place->dir_fd = -1;
        place->credentials = false;
    }
    char path[sizeof store->dir + 8];
    files_path(store, "keys", path, sizeof path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return store_why(-errno, "The directory %s cannot be made: %s.", path, strerror(errno));
    return keys_place_open(store, place, path);
}

static int keys_make(struct store *store, struct key_place *place)
{
    for (int key = 0; key < STORE_KEYS; key++) {
        if (place->there & (1u << key))
            continue;
        if (place->credentials)
            return store_why(-ENOKEY,
                             "The credential otpgate.%s is missing beside the others in %s.",
                             key_names[key], place->path);
        randombytes_buf(store->keys->key[key], SEAL_KEY);
        int rc = files_write(place->dir_fd, key_names[key], store->keys->key[key], SEAL_KEY);
        if (rc != 0)
            return store_why(rc, "The key file %s/%s cannot be written: %s.", place->path,
                             key_names[key], strerror(-rc));
        log_event(LOG_LEVEL_NOTICE, "store", "-", "key_made", "key=%s", key_names[key]);
    }
    return 0;
}

static void key_check_one(const struct store *store, int key, uint8_t out[SEAL_HASH])
{
    seal_hash(store->keys->key[key], "key.check", key_names[key], strlen(key_names[key]), out);
}

void keys_check_value(const struct store *store, uint8_t out[STORE_KEYS * SEAL_HASH])
{
    for (int key = 0; key < STORE_KEYS; key++)
        key_check_one(store, key, out + (size_t)key * SEAL_HASH);
}

static bool keys_are_foreign(const struct store *store, const struct key_place *place,
                             const uint8_t *check)
{
    for (int key = 0; key < STORE_KEYS; key++) {
        uint8_t have[SEAL_HASH];
        if (!(place->there & (1u << key)))
            continue;
        key_check_one(store, key, have);
        if (memcmp(have, check + (size_t)key * SEAL_HASH, SEAL_HASH) != 0)
            return true;
    }
    return false;
}

/* What would be lost: messages that are under way, and what has come in. */
static int keys_live_rows(struct store *store, int64_t *live, int64_t *received)
{
    struct query query = query_start(store, SQL_LIVE_COUNT);
    int rc = query_step(&query);
    if (rc == 1) {
        *live = query_get(&query);
        *received = query_get(&query);
        query_end(&query);
    }
    return rc < 0 ? store_why(rc, "The database cannot be read: %s.", strerror(-rc)) : 0;
}

/* Are the keys of the database here? Sets keys_lost where they are not and nobody minds. */
static int keys_judge(struct store *store, const struct key_place *place, const uint8_t *check,
                      bool new_keys)
{
    bool missing = place->there != (1u << STORE_KEYS) - 1;
    bool foreign = keys_are_foreign(store, place, check);
    if (!missing && !foreign)
        return 0;
    int64_t live = 0, received = 0;
    int rc = keys_live_rows(store, &live, &received);
    if (rc != 0)
        return rc;
    if (live + received > 0 && !new_keys)
        return store_why(-ENOKEY,
                         "The keys in %s are %s, yet %lld live messages and %lld received ones are "
                         "sealed with the database's own: put those back, or start once with "
                         "--new-keys, which fails the live ones and gives up the texts of the "
                         "others.",
                         place->path, foreign ? "not those of this database" : "missing",
                         (long long)live, (long long)received);
    store->keys_lost = true;
    return 0;
}

/* --- the key of texts ------------------------------------------------------------------------- */

static const char runtime_fact[] = "body_key";

static void runtime_check(const struct store *store, char out[2 * STORE_HASH + 1])
{
    uint8_t hash[SEAL_HASH];
    key_check_one(store, KEY_RUNTIME, hash);
    text_hex_encode(hash, STORE_HASH, out);
}

/* What the database knows of the newest one: its number, 0: there was none; and its hash. */
static int runtime_known(struct store *store, int64_t *number, char check[2 * STORE_HASH + 1])
{
    char text[96], *end = text;
    int rc = store_fact_get(store, runtime_fact, text, sizeof text);
    *number = rc == 1 ? strtoll(text, &end, 10) : 0;
    (void)text_copy(check, 2 * STORE_HASH + 1, rc == 1 && *end == ' ' ? end + 1 : "");
    return rc < 0 ? store_why(rc, "The database cannot be read: %s.", strerror(-rc)) : 0;
}

int keys_keep_runtime(struct store *store)
{
    char check[2 * STORE_HASH + 1], text[96];
    if (store->seal_runtime == 0)
        return 0;
    runtime_check(store, check);
    snprintf(text, sizeof text, "%lld %s", (long long)store->seal_runtime, check);
    return store_fact_set(store, runtime_fact, text);
}

static void runtime_warn(const struct key_place *place)
{
    struct statfs fs;
    if (fstatfs(place->dir_fd, &fs) == 0 && fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
        log_event(LOG_LEVEL_WARNING, "store", "-", "body_key_on_disk", "dir=%s", place->path);
}

/* 1: it is there; 0: it is not, nor wanted. */
static int runtime_read(struct store *store, struct key_place *place, bool wanted)
{
    place->dir_fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->dir_fd < 0 && !wanted)
        return 0;
    if (place->dir_fd < 0)
        return store_why(-errno, "The directory %s, for the key of body_key = ephemeral: %s.",
                         place->path, strerror(errno));
    int rc = key_read(store, place, KEY_RUNTIME);
    if (rc != 0 || !wanted)
        return rc;
    runtime_warn(place);
    randombytes_buf(store->keys->key[KEY_RUNTIME], SEAL_KEY);
    rc =
        files_write(place->dir_fd, key_names[KEY_RUNTIME], store->keys->key[KEY_RUNTIME], SEAL_KEY);
    if (rc != 0)
        return store_why(rc, "The key file %s/%s cannot be written: %s.", place->path,
                         key_names[KEY_RUNTIME], strerror(-rc));
    log_event(LOG_LEVEL_NOTICE, "store", "-", "key_made", "key=%s", key_names[KEY_RUNTIME]);
    return 1;
}

static int keys_open_runtime(struct store *store, const struct store_options *options)
{
    char known[2 * STORE_HASH + 1], have[2 * STORE_HASH + 1];
    struct key_place place = {.dir_fd = -1};
    int64_t number = 0;
    int rc = runtime_known(store, &number, known);
    if (rc == 0 && options->runtime_dir) {
        snprintf(place.path, sizeof place.path, "%s", options->runtime_dir);
        rc = runtime_read(store, &place, options->ephemeral);
    }
    if (place.dir_fd >= 0)
        close(place.dir_fd);
    if (rc < 0)
        return rc;
    bool same = false;
    if (rc == 1) {
        runtime_check(store, have);
        same = number > 0 && strcmp(known, have) == 0;
        store->seal_runtime = same ? number : number + 1;
    }
    store->bodies_lost = number > 0 && !same;
    store->seal = options->ephemeral ? store->seal_runtime : 0;
    return 0;
}

const uint8_t *keys_body(const struct store *store, int64_t seal)
{
    if (seal == 0)
        return store->keys->key[KEY_BODY];
    return seal == store->seal_runtime ? store->keys->key[KEY_RUNTIME] : NULL;
}

int keys_open(struct store *store, const uint8_t *check, size_t check_len,
              const struct store_options *options)
{
    store->keys = sodium_malloc(sizeof *store->keys);
    if (!store->keys)
        return store_why(-ENOMEM, "No memory for the keys.");
    if (store->dir_fd < 0) {
        randombytes_buf(store->keys, sizeof *store->keys);
        return 0;
    }
    struct key_place place = {.dir_fd = -1};
    int rc = keys_find(store, &place);
    if (rc == 0 && check_len == (size_t)STORE_KEYS * SEAL_HASH)
        rc = keys_judge(store, &place, check, options->new_keys);
    if (rc == 0)
        rc = keys_make(store, &place);
    if (rc == 0)
        rc = keys_open_runtime(store, options);
    if (place.dir_fd >= 0)
        close(place.dir_fd);
    if (rc == 0 && sodium_mprotect_readonly(store->keys) != 0)
        rc = store_why(-errno, "The keys' memory cannot be protected: %s.", strerror(errno));
    return rc;
}

void keys_close(struct store *store)
{
    sodium_free(store->keys); /* wipes; NULL is fine */
    store->keys = NULL;
}
