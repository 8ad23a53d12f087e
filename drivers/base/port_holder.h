/* port_holder: which program holds a device that would not open for us (EBUSY), for people.
 *
 * Looks through /proc once, which takes some milliseconds: after a refusal, never in the course of
 * a dialogue. What another user's process has open is only seen by root; then the usual ones are
 * looked for by their names. */
#ifndef OTPGATE_PORT_HOLDER_H
#define OTPGATE_PORT_HOLDER_H

#include <stddef.h>

enum { PORT_HOLDER_ROOM = 80 };

/* "held by ModemManager (812): its udev rule is not in force", or as much as can be said. */
void port_holder(const char *path, char out[PORT_HOLDER_ROOM]);

#endif
