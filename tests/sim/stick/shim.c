/* shim: what a pty lacks to pass for a USB serial port.
 *
 * Preloaded before libumockdev-preload, which lays the tree of the simulated stick under
 * /dev and /sys. Some things are answered here instead. Opening one of its ttys: umockdev
 * would ask a process of its own for every ioctl on it, and abort where there is none. The
 * modem control lines, which a pty has not. And what a udevd has left in /run/udev: the machine's
 * knows nothing of the stick, so that only what the tree has there is seen.
 *
 * And a stick can hang: where the tree has a FIFO hang/CALL.N, that CALL (open, lines, tcsetattr or
 * close) on /dev/pts/N does not go on before somebody has opened the FIFO for writing and closed
 * it. Opening it waits for a CALL that hangs; unlinked then, it holds no other.
 *
 * Never part of a program that is installed. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

/* glibc's names for open() where it was built with checks */
int __open_2(const char *path, int flags);   /* NOLINT(*-reserved-identifier,cert-dcl*) */
int __open64_2(const char *path, int flags); /* NOLINT(*-reserved-identifier,cert-dcl*) */

/* NOLINTNEXTLINE(*-reserved-identifier,cert-dcl*) */
char *__realpath_chk(const char *name, char *resolved, size_t room);

enum { PTY_MAJOR_FIRST = 136, PTY_MAJOR_LAST = 143, PORTS_MAX = 256 };

/* By the pty's minor; as XOR, so that zero is how a port opens: DTR and RTS up. */
static int lines_flipped[PORTS_MAX];

/* Its number; -1: none. */
static int pty_of(int fd)
{
    struct stat st;
    int saved = errno;
    bool pty = fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) >= PTY_MAJOR_FIRST &&
               major(st.st_rdev) <= PTY_MAJOR_LAST;
    errno = saved;
    return pty ? (int)minor(st.st_rdev) : -1;
}

static int *lines_of(int fd)
{
    int pty = pty_of(fd);
    return pty < 0 ? NULL : &lines_flipped[pty % PORTS_MAX];
}

static void may_hang(const char *call, int pty)
{
    const char *root = getenv("UMOCKDEV_DIR");
    int saved = errno;
    char path[PATH_MAX], byte;
    if (pty < 0 || !root || snprintf(path, PATH_MAX, "%s/hang/%s.%d", root, call, pty) >= PATH_MAX)
        return;
    int fifo = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    while (fifo >= 0 && syscall(SYS_read, fifo, &byte, 1) > 0)
        ;
    if (fifo >= 0)
        syscall(SYS_close, fifo);
    errno = saved;
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*next)(int, unsigned long, ...);
    const int open_lines = TIOCM_DTR | TIOCM_RTS;
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    int *lines = lines_of(fd);
    if (!lines) {
        if (!next)
            *(void **)&next = dlsym(RTLD_NEXT, "ioctl");
        return next(fd, request, arg);
    }
    int *value = arg;
    if (request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC)
        may_hang("lines", pty_of(fd));
    switch (request) {
    case TIOCMGET:
        *value = *lines ^ open_lines;
        return 0;
    case TIOCMSET:
        *lines = *value ^ open_lines;
        return 0;
    case TIOCMBIS:
        *lines = ((*lines ^ open_lines) | *value) ^ open_lines;
        return 0;
    case TIOCMBIC:
        *lines = ((*lines ^ open_lines) & ~*value) ^ open_lines;
        return 0;
    default: /* the kernel's numbers, not an enum of ours */
        return (int)syscall(SYS_ioctl, fd, request, arg);
    }
}

int tcsetattr(int fd, int actions, const struct termios *termios_p)
{
    static int (*next)(int, int, const struct termios *);
    may_hang("tcsetattr", pty_of(fd));
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "tcsetattr");
    return next(fd, actions, termios_p);
}

int close(int fd)
{
    static int (*next)(int);
    may_hang("close", pty_of(fd));
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "close");
    return next(fd);
}

/* Where the simulated tree has `path` as a link to a pty: a path umockdev does not look at. */
static bool stick_path(const char *path, char real[PATH_MAX], int *pty)
{
    const char *root = getenv("UMOCKDEV_DIR");
    struct stat st;
    if (!root || strncmp(path, "/dev/", strlen("/dev/")) != 0 ||
        snprintf(real, PATH_MAX, "%s%s", root, path) >= PATH_MAX || stat(real, &st) != 0 ||
        !S_ISCHR(st.st_mode))
        return false;
    *pty = (int)minor(st.st_rdev);
    return true;
}

static int open_any(const char *path, int flags, mode_t mode)
{
    static int (*next)(const char *, int, ...);
    char real[PATH_MAX];
    int pty;
    if (stick_path(path, real, &pty)) {
        may_hang("open", pty);
        return (int)syscall(SYS_openat, AT_FDCWD, real, flags, mode);
    }
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "open");
    return next(path, flags, mode);
}

/* A node of the tree is no link, to whoever looks; umockdev follows it to the pty, and then cuts
 * off a root that the pty's name has not (a memmove() of less than nothing). */
static char *real_any(const char *path, char *resolved)
{
    static char *(*next)(const char *, char *);
    char real[PATH_MAX];
    int pty;
    if (stick_path(path, real, &pty)) {
        char *out = resolved ? resolved : malloc(PATH_MAX);
        if (out)
            snprintf(out, PATH_MAX, "%s", path);
        return out;
    }
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "realpath");
    return next(path, resolved);
}

char *realpath(const char *name, char *resolved)
{
    return real_any(name, resolved);
}

char *__realpath_chk(const char *name, char *resolved, size_t room)
{
    (void)room;
    return real_any(name, resolved);
}

/* --- /run/udev --- */

static const char *udevd_path(const char *path, char real[PATH_MAX])
{
    const char *root = getenv("UMOCKDEV_DIR");
    bool udevd = root && strncmp(path, "/run/udev/", strlen("/run/udev/")) == 0 &&
                 snprintf(real, PATH_MAX, "%s%s", root, path) < PATH_MAX;
    return udevd ? real : path;
}

int access(const char *name, int type)
{
    static int (*next)(const char *, int);
    char real[PATH_MAX];
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "access");
    return next(udevd_path(name, real), type);
}

FILE *fopen64(const char *filename, const char *modes)
{
    static FILE *(*next)(const char *, const char *);
    char real[PATH_MAX];
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fopen64");
    return next(udevd_path(filename, real), modes);
}

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int open(const char *file, int oflag, ...)
{
    va_list args;
    va_start(args, oflag);
    mode_t mode = mode_of(oflag, args);
    va_end(args);
    return open_any(file, oflag, mode);
}

int open64(const char *file, int oflag, ...)
{
    va_list args;
    va_start(args, oflag);
    mode_t mode = mode_of(oflag, args);
    va_end(args);
    return open_any(file, oflag, mode);
}

/* By the program's own open(), where it has one: a sanitizer is to see who opened what. */
static int open_checked(const char *path, int flags)
{
    static int (*any)(const char *, int, ...);
    if (!any)
        *(void **)&any = dlsym(RTLD_DEFAULT, "open");
    return any(path, flags);
}

int __open_2(const char *path, int flags)
{
    return open_checked(path, flags);
}

int __open64_2(const char *path, int flags)
{
    return open_checked(path, flags | O_LARGEFILE);
}
