/* child: posix_spawn and a pidfd, which becomes readable when the child has ended: no SIGCHLD
 * handler that would have to know everybody's children. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "loop_event.h"

enum { FORGOTTEN_MAX = 32 };

struct child {
    pid_t pid;
    int fd; /* pidfd */
    struct loop_watch *watch;
    struct loop_timer timeout;
    bool late;
    void (*done)(void *arg, int status);
    void *arg;
};

/* Ended, or about to, and awaited by nobody: their entry in the process table is all that is left.
 */
static pid_t forgotten[FORGOTTEN_MAX];
static unsigned forgotten_count;

static void reap_forgotten(void)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < forgotten_count; i++)
        if (waitpid(forgotten[i], NULL, WNOHANG) == 0)
            forgotten[kept++] = forgotten[i];
    forgotten_count = kept;
}

static void child_free(struct child *child)
{
    loop_timer_cancel(&child->timeout);
    if (child->watch)
        loop_watch_free(child->watch);
    if (child->fd >= 0)
        close(child->fd);
    free(child);
}

static void child_ended(void *arg, int ready)
{
    struct child *child = arg;
    void (*done)(void *, int) = child->done;
    void *done_arg = child->arg;
    int status = 0, result = -ECANCELED;
    (void)ready;
    if (waitpid(child->pid, &status, WNOHANG) == 0)
        return;
    if (child->late)
        result = -ETIMEDOUT;
    else if (WIFEXITED(status))
        result = WEXITSTATUS(status);
    child_free(child);
    done(done_arg, result);
}

/* One that cannot even be killed (it hangs in the kernel) is waited for no longer. */
static void child_timed_out(void *arg)
{
    struct child *child = arg;
    void (*done)(void *, int) = child->done;
    void *done_arg = child->arg;
    (void)kill(-child->pid, SIGKILL);
    if (!child->late) {
        child->late = true;
        loop_timer_arm_in(&child->timeout, 1000);
        return;
    }
    child_forget(child, true);
    done(done_arg, -ETIMEDOUT);
}

/* What a daemon ignores or blocks is not for its children. */
static int attributes(posix_spawnattr_t *attr)
{
    sigset_t all, none;
    int rc = posix_spawnattr_init(attr);
    if (rc)
        return rc;
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    sigemptyset(&none);
    if ((rc = posix_spawnattr_setsigdefault(attr, &all)) ||
        (rc = posix_spawnattr_setsigmask(attr, &none)) ||
        (rc = posix_spawnattr_setpgroup(attr, 0)) ||
        (rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETPGROUP)))
        posix_spawnattr_destroy(attr);
    return rc;
}

static int spawn(const struct child_config *config, pid_t *pid)
{
    static char *const nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int rc = attributes(&attr);
    if (rc)
        return -rc;
    rc = posix_spawn_file_actions_init(&files);
    if (rc == 0) {
        const char *output = config->output ? config->output : "/dev/null";
        rc = config->input ? posix_spawn_file_actions_adddup2(&files, config->input, 0)
                           : posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        if (rc == 0 && !(rc = posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY, 0)) &&
            !(rc = posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)) &&
            !(rc = posix_spawn_file_actions_addclosefrom_np(&files, 3)))
            rc = posix_spawn(pid, config->argv[0], &files, &attr, config->argv,
                             config->envp ? config->envp : nothing);
        posix_spawn_file_actions_destroy(&files);
    }
    posix_spawnattr_destroy(&attr);
    return -rc;
}

int child_start(struct loop *loop, const struct child_config *config,
                void (*done)(void *arg, int status), void *arg, struct child **out)
{
    reap_forgotten();
    struct child *child = calloc(1, sizeof(*child));
    if (!child)
        return -ENOMEM;
    child->fd = -1;
    child->done = done;
    child->arg = arg;
    loop_timer_init(&child->timeout, loop, child_timed_out, child);
    int rc = spawn(config, &child->pid);
    if (rc < 0) {
        child_free(child);
        return rc;
    }
    child->fd = pidfd_open(child->pid, 0);
    if (child->fd >= 0)
        child->watch = loop_watch_new(loop, child->fd, child_ended, child);
    if (!child->watch) {
        rc = child->fd < 0 ? -errno : -ENOMEM;
        child_forget(child, true);
        return rc;
    }
    loop_watch_set(child->watch, LOOP_READ);
    if (config->timeout_ms > 0)
        loop_timer_arm_in(&child->timeout, config->timeout_ms);
    *out = child;
    return 0;
}

void child_forget(struct child *child, bool kill_it)
{
    if (kill_it)
        (void)kill(-child->pid, SIGKILL);
    if (waitpid(child->pid, NULL, WNOHANG) == 0 && forgotten_count < FORGOTTEN_MAX)
        forgotten[forgotten_count++] = child->pid;
    child_free(child);
}
