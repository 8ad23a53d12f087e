#include "log_limit.h"

#include <stdio.h>
#include <string.h>
#include "text.h"

enum {
    OBJECTS = 256, /* one more, and the one that was silent for longest is forgotten */
    TELL_MS = 60000,
    LINE = 1000, /* tokens are thousandths of a line */
    OWN_BURSTS = 10,
};

enum kind { KIND_PLAIN, KIND_LOUD, KIND_DEBUG };
static const struct rate {
    int64_t burst, per_s; /* tokens */
} rates[] = {
    [KIND_PLAIN] = {200LL * LINE, LINE},
    [KIND_LOUD] = {50LL * LINE, LINE / 10},
    [KIND_DEBUG] = {2000LL * LINE, 20LL * LINE},
};

struct bucket {
    uint64_t hash; /* 0: free */
    enum kind kind;
    int64_t tokens, at_ms;
    unsigned long left_out;
    char room[16], id[64], event[32]; /* event: of a loud one */
};

static struct {
    struct loop *loop;
    struct loop_timer timer;
    bool telling;
    struct bucket bucket[OBJECTS];
} limit;

/* --- telling --- */

static void bucket_tell(struct bucket *bucket)
{
    if (bucket->left_out == 0)
        return;
    unsigned long lines = bucket->left_out;
    bucket->left_out = 0;
    limit.telling = true;
    if (bucket->kind == KIND_LOUD)
        log_event(LOG_LEVEL_WARNING, bucket->room, bucket->id, "left_out", "event=%s lines=%lu",
                  bucket->event, lines);
    else
        log_event(LOG_LEVEL_NOTICE, bucket->room, bucket->id, "left_out", "lines=%lu", lines);
    limit.telling = false;
}

static void tell_all(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < OBJECTS; i++)
        bucket_tell(&limit.bucket[i]);
}

void log_limit_set(struct loop *loop)
{
    if (limit.loop) {
        loop_timer_cancel(&limit.timer);
        tell_all(NULL);
    }
    memset(&limit, 0, sizeof limit);
    limit.loop = loop;
    if (loop)
        loop_timer_init(&limit.timer, loop, tell_all, NULL);
}

/* --- counting --- */

static uint64_t hash_of(uint64_t hash, const char *text, size_t len)
{
    for (const char *end = text + len; text < end; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return (hash ^ 0xff) * 0x100000001b3; /* "a","bc" is not "ab","c" */
}

/* Its bucket, else one that is free, else the longest silent one's. */
static struct bucket *bucket_of(uint64_t hash)
{
    struct bucket *best = &limit.bucket[0];
    for (size_t i = 0; i < OBJECTS; i++) {
        struct bucket *bucket = &limit.bucket[i];
        if (bucket->hash == hash)
            return bucket;
        if (best->hash != 0 && (bucket->hash == 0 || bucket->at_ms < best->at_ms))
            best = bucket;
    }
    return best;
}

static int64_t burst_of(enum kind kind, const char *id)
{
    return rates[kind].burst * (strcmp(id, "-") == 0 ? OWN_BURSTS : 1);
}

bool log_limit_take(enum log_level level, const char *room, const char *id, const char *event)
{
    if (!limit.loop || limit.telling)
        return true;
    enum kind kind = level <= LOG_LEVEL_WARNING ? KIND_LOUD
                     : level == LOG_LEVEL_DEBUG ? KIND_DEBUG
                                                : KIND_PLAIN;
    const char *loud = kind == KIND_LOUD ? event : "";
    int64_t now_ms = loop_now_ms(limit.loop), burst = burst_of(kind, id);
    size_t id_len = strcspn(id, "/");
    uint64_t hash = hash_of(0xcbf29ce484222325 + kind, room, strlen(room));
    hash = hash_of(hash_of(hash, id, id_len), loud, strlen(loud));
    hash += hash == 0;
    struct bucket *bucket = bucket_of(hash);
    if (bucket->hash != hash) {
        bucket_tell(bucket);
        *bucket = (struct bucket){.hash = hash, .kind = kind, .tokens = burst, .at_ms = now_ms};
        (void)text_copy(bucket->room, sizeof bucket->room, room);
        snprintf(bucket->id, sizeof bucket->id, "%.*s", (int)id_len, id);
        (void)text_copy(bucket->event, sizeof bucket->event, loud);
    }
    bucket->tokens += (now_ms - bucket->at_ms) * rates[kind].per_s / 1000;
    bucket->tokens = bucket->tokens < burst ? bucket->tokens : burst;
    bucket->at_ms = now_ms;
    if (bucket->tokens >= LINE) {
        bucket->tokens -= LINE;
        return true;
    }
    bucket->left_out++;
    if (!loop_timer_armed(&limit.timer))
        loop_timer_arm_in(&limit.timer, TELL_MS);
    return false;
}
