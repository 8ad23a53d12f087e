/* port_wait: wakes when a path has come to lead to another node than before.
 *
 * Owned by a tty port. It follows links and directories that do not exist yet, by inotify on
 * the nearest directory that does; it never opens the node, and it never polls unless inotify
 * itself cannot be had. */
#ifndef OTPGATE_PORT_WAIT_H
#define OTPGATE_PORT_WAIT_H

#include <limits.h>
#include <sys/stat.h>
#include "loop_event.h"

enum { PORT_WAIT_DIRS = 12 };

/* What a path leads to: a node made again under the same name has a new time of change. */
struct port_stamp {
    bool there;
    dev_t dev, rdev;
    ino_t ino;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec changed;
};

struct port_wait {
    struct loop *loop;
    const char *path;
    loop_fn *fn; /* NULL: not waiting */
    void *arg;
    bool only_new; /* who lets go of it does not count */
    struct port_stamp known;
    int fd;
    struct loop_watch *watch;
    struct port_wait_dir {
        int wd;
        char name[NAME_MAX + 1]; /* the entry that matters; "": the node itself */
    } dirs[PORT_WAIT_DIRS];
    unsigned dir_count;
    struct loop_timer fire;
};

void port_wait_init(struct port_wait *wait, struct loop *loop, const char *path);
/* Right before an open is tried: what is there now is what that open will tell about. */
void port_wait_note(struct port_wait *wait);
/* Calls `fn` once, in a later turn, when something else is there than at the last note, or
 * when another program has let go of it. */
void port_wait_start(struct port_wait *wait, loop_fn *fn, void *arg);
/* The same for something else alone; where inotify cannot be had, only what has come already. */
void port_wait_start_new(struct port_wait *wait, loop_fn *fn, void *arg);
/* While it waits for something else alone: from now on it also counts that somebody lets go of it;
 * who has done so before does not. */
void port_wait_widen(struct port_wait *wait);
void port_wait_stop(struct port_wait *wait);

#endif
