/* secret: a PIN from a file that nobody else may read. Read when it is needed and at no other time,
 * so that a file that was mended is used without a reload. */
#ifndef OTPGATE_SECRET_H
#define OTPGATE_SECRET_H

#include <stddef.h>

enum { SECRET_PIN_ROOM = 9 }; /* 4 to 8 digits (3GPP TS 31.101 clause 9.5.1) and a NUL */

/* `file`: a regular file, of root or of our own user, that no group and nobody else may touch; no
 * symbolic link. Or, where it is empty, `credential`: a name in $CREDENTIALS_DIRECTORY, whose
 * modes are the service manager's. A line end behind the digits is fine. 0 with the PIN, which the
 * caller wipes; or -errno with *why, a static phrase for people that holds nothing of the content:
 * -ENOENT neither is given. */
int secret_read_pin(const char *file, const char *credential, char pin[SECRET_PIN_ROOM],
                    const char **why) __attribute__((warn_unused_result));

#endif
