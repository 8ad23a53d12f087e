/* files: a whole small file into memory. */
#ifndef OTPGATE_FILES_H
#define OTPGATE_FILES_H

#include <stddef.h>

/* A regular file of at most 1 MiB; *bytes is the caller's, malloc'd. 0/-errno; -EINVAL: no regular
 * file. */
int file_read(const char *path, char **bytes, size_t *len) __attribute__((warn_unused_result));
/* The same of an open file of at most `max` bytes. */
int file_read_open(int fd, size_t max, char **bytes, size_t *len)
    __attribute__((warn_unused_result));

#endif
