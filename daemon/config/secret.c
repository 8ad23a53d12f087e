#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"

enum { SECRET_MAX_BYTES = 64, PIN_LEAST = 4 };

static int refuse(int rc, const char **why, const char *phrase)
{
    *why = phrase;
    return rc;
}

static int check_private(int fd, const char **why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return refuse(-errno, why, "its PIN file cannot be read");
    if (!S_ISREG(st.st_mode))
        return refuse(-EINVAL, why, "its PIN file is no regular file");
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return refuse(-EPERM, why, "its PIN file belongs to another user than root or our own");
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(-EPERM, why, "its PIN file is open to others: chmod 0600");
    return 0;
}

static int take_pin(const char *bytes, size_t len, char pin[SECRET_PIN_ROOM], const char **why)
{
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        len--;
    if (len < PIN_LEAST || len >= SECRET_PIN_ROOM)
        return refuse(-EINVAL, why, "its PIN file holds no 4 to 8 digits");
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < '0' || bytes[i] > '9')
            return refuse(-EINVAL, why, "its PIN file holds no 4 to 8 digits");
    memcpy(pin, bytes, len);
    pin[len] = '\0';
    return 0;
}

static int read_pin(int fd, char pin[SECRET_PIN_ROOM], const char **why)
{
    char *bytes = NULL;
    size_t len = 0;
    int rc = file_read_open(fd, SECRET_MAX_BYTES, &bytes, &len);
    if (rc != 0)
        return refuse(rc, why, "its PIN file cannot be read");
    rc = take_pin(bytes, len, pin, why);
    explicit_bzero(bytes, len);
    free(bytes);
    return rc;
}

int secret_read_pin(const char *file, const char *credential, char pin[SECRET_PIN_ROOM],
                    const char **why)
{
    char path[PATH_MAX];
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    memset(pin, 0, SECRET_PIN_ROOM);
    if (!*file && !*credential)
        return refuse(-ENOENT, why, "no pin_file is given for it");
    if (!*file && (!directory || *directory != '/'))
        return refuse(-ENOENT, why, "the service manager has passed no credentials");
    int len = *file ? snprintf(path, sizeof path, "%s", file)
                    : snprintf(path, sizeof path, "%s/%s", directory, credential);
    if ((size_t)len >= sizeof path)
        return refuse(-ENAMETOOLONG, why, "its PIN file cannot be read");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (*file ? O_NOFOLLOW : 0));
    if (fd < 0)
        return refuse(-errno, why,
                      errno == ENOENT  ? "its PIN file is not there"
                      : errno == ELOOP ? "its PIN file is a symbolic link"
                                       : "its PIN file cannot be read");
    int rc = *file ? check_private(fd, why) : 0;
    if (rc == 0)
        rc = read_pin(fd, pin, why);
    close(fd);
    return rc;
}
