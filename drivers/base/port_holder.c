/* port_holder: see port_holder.h. */
#include "port_holder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMM_ROOM = 17 };

/* Who is known to take serial ports, and what is to be done. First fit. */
static const struct {
    const char *comm; /* as the kernel cuts it: 15 bytes */
    const char *hint;
} usual[] = {
    {"ModemManager", "its udev rule is not in force"},
    {"brltty", "remove the package brltty"},
    {"gpsd", "take the port out of gpsd"},
    {"gammu-smsd", "one gateway a modem"},
    {"smsd", "one gateway a modem"},
    {"wvdial", "end it"},
    {"pppd", "end it"},
    {"minicom", "end it"},
    {"picocom", "end it"},
};
enum { USUAL = sizeof usual / sizeof *usual };

static int usual_of(const char *comm)
{
    for (int i = 0; i < USUAL; i++)
        if (strcmp(usual[i].comm, comm) == 0)
            return i;
    return -1;
}

static void read_comm(int proc, char comm[COMM_ROOM])
{
    int fd = openat(proc, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, comm, COMM_ROOM - 1);
    if (fd >= 0)
        close(fd);
    comm[len > 0 ? len : 0] = '\0';
    comm[strcspn(comm, "\n")] = '\0';
    for (char *at = comm; *at; at++)
        if (!isprint((unsigned char)*at) || *at == '"')
            *at = '?';
}

/* 1 it has the device open, 0 not, -EACCES: not ours to see. */
static int has_open(int proc, dev_t device)
{
    int dir = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *fds = dir < 0 ? NULL : fdopendir(dir);
    int found = 0;
    if (!fds) {
        int error = errno;
        if (dir >= 0)
            close(dir);
        return error == EACCES || error == EPERM ? -EACCES : 0;
    }
    for (const struct dirent *entry; !found && (entry = readdir(fds));) {
        struct stat st;
        found = isdigit((unsigned char)entry->d_name[0]) &&
                fstatat(dir, entry->d_name, &st, 0) == 0 && S_ISCHR(st.st_mode) &&
                st.st_rdev == device;
    }
    closedir(fds);
    return found;
}

static void say(char out[PORT_HOLDER_ROOM], const char *comm, int pid, bool sure)
{
    int row = usual_of(comm);
    (void)snprintf(out, PORT_HOLDER_ROOM, "%s %s (%d)%s%s",
                   sure ? "held by" : "held by another, it may be", comm, pid, row < 0 ? "" : ": ",
                   row < 0 ? "" : usual[row].hint);
}

void port_holder(const char *path, char out[PORT_HOLDER_ROOM])
{
    struct stat st;
    DIR *procs = stat(path, &st) == 0 && S_ISCHR(st.st_mode) ? opendir("/proc") : NULL;
    bool sure = false;
    (void)snprintf(out, PORT_HOLDER_ROOM, "held by another program: fuser -v %.40s", path);
    if (!procs)
        return;
    for (const struct dirent *entry; !sure && (entry = readdir(procs));) {
        int pid = (int)strtol(entry->d_name, NULL, 10);
        int proc =
            pid > 0 ? openat(dirfd(procs), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (proc < 0)
            continue;
        char comm[COMM_ROOM];
        int open = has_open(proc, st.st_rdev);
        read_comm(proc, comm);
        close(proc);
        sure = open == 1 && pid != getpid();
        if (sure || (open == -EACCES && usual_of(comm) >= 0))
            say(out, comm, pid, sure);
    }
    closedir(procs);
}
