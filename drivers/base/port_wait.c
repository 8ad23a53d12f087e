/* port_wait: see port_wait.h. */
#include "port_wait.h"
#include "log.h"
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    /* After another program closed the node. Two that wait for the same port and try it in
     * turn see each other's closing: this keeps them from spinning. */
    LET_GO_MS = 1000,
    /* Only where there is no inotify (too many instances): better late than never. */
    BLIND_MS = 30000,
    LINKS_MAX = 8,
    EVENT_ROOM = 4096,
    DIR_EVENTS = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |
                 IN_MOVE_SELF | IN_ONLYDIR,
    LET_GO_EVENTS = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE,
};

static struct port_stamp stamp_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (struct port_stamp){.there = false};
    return (struct port_stamp){.there = true,
                               .dev = st.st_dev,
                               .rdev = st.st_rdev,
                               .ino = st.st_ino,
                               .mode = st.st_mode,
                               .uid = st.st_uid,
                               .gid = st.st_gid,
                               .changed = st.st_ctim};
}

static bool stamp_same(const struct port_stamp *a, const struct port_stamp *b)
{
    return a->there == b->there && a->dev == b->dev && a->rdev == b->rdev && a->ino == b->ino &&
           a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* --- which directories --- */

static void wait_add(struct port_wait *wait, int wd, const char *name)
{
    for (unsigned i = 0; i < wait->dir_count; i++)
        if (wait->dirs[i].wd == wd && strcmp(wait->dirs[i].name, name) == 0)
            return;
    if (wait->dir_count == PORT_WAIT_DIRS)
        return;
    struct port_wait_dir *dir = &wait->dirs[wait->dir_count++];
    dir->wd = wd;
    (void)text_copy(dir->name, sizeof(dir->name), name);
}

/* Cuts the last name off `path`, which is absolute; "/" stays. Returns that name. */
static const char *path_split(char *path)
{
    char *slash = strrchr(path, '/');
    size_t at = (size_t)(slash - path);
    memmove(slash + 2, slash + 1, strlen(slash + 1) + 1); /* room for a NUL behind "/" */
    path[at == 0 ? 1 : at] = '\0';
    return slash + 2;
}

/* Watches the nearest directory above `path` that exists, for the name that leads on.
 * Returns 1 where that was not the last directory of all, 0, -errno. */
static int wait_add_nearest(struct port_wait *wait, const char *path)
{
    char dir[PATH_MAX + 2];
    if (!text_copy(dir, PATH_MAX, path))
        return -ENAMETOOLONG;
    for (int missing = 0;; missing = 1) {
        const char *name = path_split(dir);
        int wd = inotify_add_watch(wait->fd, dir, DIR_EVENTS);
        if (wd >= 0) {
            wait_add(wait, wd, name);
            return missing;
        }
        if ((errno != ENOENT && errno != ENOTDIR && errno != EACCES) || strcmp(dir, "/") == 0)
            return -errno;
    }
}

/* A directory that appeared after we found it missing and before we watched its parent has
 * told nobody: asked once more, with the parent watched, it is there or will tell. */
static int wait_add_path(struct port_wait *wait, const char *path)
{
    unsigned before;
    int result;
    do {
        before = wait->dir_count;
        result = wait_add_nearest(wait, path);
    } while (result > 0 && wait->dir_count > before);
    return result < 0 ? result : 0;
}

/* Replaces `path` by what it links to; false where it is no link (or too long). */
static bool path_follow(char path[PATH_MAX + 2])
{
    char target[PATH_MAX], next[PATH_MAX + 2];
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    if (len < 0)
        return false;
    target[len] = '\0';
    size_t dir_len = target[0] == '/' ? 0 : (size_t)(strrchr(path, '/') - path) + 1;
    if (dir_len + (size_t)len >= PATH_MAX)
        return false;
    memcpy(next, path, dir_len);
    memcpy(next + dir_len, target, (size_t)len + 1);
    memcpy(path, next, dir_len + (size_t)len + 1);
    return true;
}

/* The node itself; often not ours to look at: no matter. What is not asked for is not in the queue
 * either when it is asked for later. */
static void wait_add_node(struct port_wait *wait)
{
    uint32_t events = IN_ATTRIB | (wait->only_new ? 0 : LET_GO_EVENTS);
    int wd = inotify_add_watch(wait->fd, wait->path, events);
    if (wd >= 0)
        wait_add(wait, wd, "");
}

static int wait_add_all(struct port_wait *wait)
{
    char path[PATH_MAX + 2];
    int result = text_copy(path, PATH_MAX, wait->path) ? 0 : -ENAMETOOLONG;
    for (unsigned links = 0; result == 0 && links < LINKS_MAX; links++) {
        result = wait_add_path(wait, path);
        if (!path_follow(path))
            break;
    }
    if (result == 0)
        wait_add_node(wait);
    return result;
}

/* --- waking --- */

static void wait_forget(struct port_wait *wait)
{
    if (wait->watch)
        loop_watch_free(wait->watch);
    if (wait->fd >= 0)
        close(wait->fd);
    wait->watch = NULL;
    wait->fd = -1;
    wait->dir_count = 0;
}

static void wait_fire_in(struct port_wait *wait, int64_t in_ms)
{
    int64_t at_ms = loop_now_ms(wait->loop) + in_ms;
    if (!loop_timer_armed(&wait->fire) || wait->fire.at_ms > at_ms)
        loop_timer_arm(&wait->fire, at_ms);
}

static void wait_fire(void *arg)
{
    struct port_wait *wait = arg;
    loop_fn *fn = wait->fn;
    port_wait_stop(wait);
    fn(wait->arg);
}

enum { SEEN_PATH = 1, SEEN_LET_GO = 2 };

static int event_meaning(const struct port_wait *wait, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return SEEN_PATH;
    for (unsigned i = 0; i < wait->dir_count; i++) {
        const struct port_wait_dir *dir = &wait->dirs[i];
        if (dir->wd != event->wd)
            continue;
        if (dir->name[0] == '\0' && event->mask & LET_GO_EVENTS)
            return SEEN_LET_GO;
        if (event->len == 0 || strcmp(event->name, dir->name) == 0)
            return SEEN_PATH;
    }
    return 0;
}

static void wait_readable(void *arg, int ready);

static int wait_watch(struct port_wait *wait)
{
    wait_forget(wait);
    wait->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (wait->fd < 0)
        return -errno;
    wait->watch = loop_watch_new(wait->loop, wait->fd, wait_readable, wait);
    if (!wait->watch)
        return -ENOMEM;
    loop_watch_set(wait->watch, LOOP_READ);
    return wait_add_all(wait);
}

/* Watches what the path goes through now, then looks where it leads: what happened before the
 * watches stood is seen by looking, what happens later by them. Times of change are as coarse
 * as the kernel's tick: what an event told of (`moved`) counts without comparing. */
static void wait_look(struct port_wait *wait, bool moved)
{
    int result = wait_watch(wait);
    if (result < 0) {
        log_event(LOG_LEVEL_WARNING, "port", wait->path, "blind", "error=\"%s\"",
                  strerror(-result));
        wait_forget(wait);
        if (!wait->only_new)
            wait_fire_in(wait, BLIND_MS);
    }
    struct port_stamp now = stamp_of(wait->path);
    if (now.there && (moved || !stamp_same(&now, &wait->known)))
        wait_fire_in(wait, 0);
}

static void wait_readable(void *arg, int ready)
{
    struct port_wait *wait = arg;
    _Alignas(struct inotify_event) char bytes[EVENT_ROOM];
    int seen = 0;
    (void)ready;
    ssize_t len = read(wait->fd, bytes, sizeof(bytes));
    for (ssize_t at = 0; at < len;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        seen |= event_meaning(wait, event);
        at += (ssize_t)(sizeof(*event) + event->len);
    }
    if (seen & SEEN_LET_GO && !wait->only_new)
        wait_fire_in(wait, LET_GO_MS);
    if (seen & SEEN_PATH)
        wait_look(wait, true);
}

void port_wait_init(struct port_wait *wait, struct loop *loop, const char *path)
{
    *wait = (struct port_wait){.loop = loop, .path = path, .fd = -1};
    loop_timer_init(&wait->fire, loop, wait_fire, wait);
}

void port_wait_note(struct port_wait *wait)
{
    wait->known = stamp_of(wait->path);
}

static void wait_begin(struct port_wait *wait, loop_fn *fn, void *arg, bool only_new)
{
    assert(fn);
    port_wait_stop(wait);
    wait->fn = fn;
    wait->arg = arg;
    wait->only_new = only_new;
    wait_look(wait, false);
}

void port_wait_start(struct port_wait *wait, loop_fn *fn, void *arg)
{
    wait_begin(wait, fn, arg, false);
}

void port_wait_start_new(struct port_wait *wait, loop_fn *fn, void *arg)
{
    wait_begin(wait, fn, arg, true);
}

void port_wait_widen(struct port_wait *wait)
{
    if (!wait->fn || !wait->only_new)
        return;
    wait->only_new = false;
    if (wait->fd >= 0)
        wait_add_node(wait);
    else
        wait_fire_in(wait, BLIND_MS);
}

void port_wait_stop(struct port_wait *wait)
{
    wait_forget(wait);
    loop_timer_cancel(&wait->fire);
    wait->fn = NULL;
}
