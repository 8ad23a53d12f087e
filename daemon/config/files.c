#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 1 << 20 };

int file_read_open(int fd, size_t max, char **bytes, size_t *len)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    if (st.st_size > (off_t)max)
        return -EFBIG;
    char *at = malloc((size_t)st.st_size + 1);
    if (!at)
        return -ENOMEM;
    size_t have = 0;
    while (have < (size_t)st.st_size) {
        ssize_t got = read(fd, at + have, (size_t)st.st_size - have);
        if (got < 0 && errno != EINTR) {
            int rc = -errno;
            explicit_bzero(at, have);
            free(at);
            return rc;
        }
        if (got == 0)
            break;
        have += got > 0 ? (size_t)got : 0;
    }
    *bytes = at;
    *len = have;
    return 0;
}

int file_read(const char *path, char **bytes, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    int rc = file_read_open(fd, FILE_MAX_BYTES, bytes, len);
    close(fd);
    return rc;
}
