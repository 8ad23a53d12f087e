/* rescue: what can be done to a modem from outside of its dialogue: its USB device is taken off the
 * bus and put back, or its power is cut by a program of the operator's. Neither touches the port.
 */
#ifndef OTPGATE_RESCUE_H
#define OTPGATE_RESCUE_H

#include "loop.h"

enum rescue_way { RESCUE_USB, RESCUE_POWER };

struct rescue;
typedef void rescue_done_fn(void *arg, int result); /* 0, -errno, or a program's exit status */

struct rescue_config {
    const char *name;    /* of the modem: OTPGATE_MODEM for the program */
    const char *command; /* absolute path and arguments, parted by spaces; "" or NULL: none */
    const char *sysfs;   /* NULL: "/sys" */
};

/* -EINVAL: the command is no absolute path, or has too many words. Texts are copied. */
int rescue_new(struct loop *loop, const struct rescue_config *config, struct rescue **out)
    __attribute__((warn_unused_result));

/* The port is open at this place (a device's path, tcp://...): remembers it, OTPGATE_PORT for the
 * program, and which USB device it belongs to, for the time when it is gone. NULL: what it belongs
 * to is the modem's no longer. */
void rescue_note(struct rescue *rescue, const char *place);
/* USB: the device is known, on the bus, the one that it was, and its `authorized` may be written by
 * us. Neither way where another rescue has noted another device in its socket since. */
bool rescue_can(const struct rescue *rescue, enum rescue_way way);
/* 0: done() follows once, in a later turn; one at a time. -errno. */
int rescue_start(struct rescue *rescue, enum rescue_way way, rescue_done_fn *done, void *arg)
    __attribute__((warn_unused_result));
/* done() is not called any more. A device that is off the bus is put back all the same. */
void rescue_stop(struct rescue *rescue);
void rescue_free(struct rescue *rescue); /* NULL is fine */

/* --- for those who make rescues (the real one above, simulated ones in tests) --- */
struct rescue_ops {
    void (*note)(struct rescue *, const char *place);
    bool (*can)(const struct rescue *, enum rescue_way);
    int (*start)(struct rescue *, enum rescue_way, rescue_done_fn *, void *);
    void (*stop)(struct rescue *);
    void (*free)(struct rescue *);
};
struct rescue {
    const struct rescue_ops *ops;
};

#endif
