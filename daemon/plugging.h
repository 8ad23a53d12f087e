/* plugging: hotplug and the prober, lent to the core: what stands on the USB goes in, questions to
 * ports come out. */
#ifndef OTPGATE_PLUGGING_H
#define OTPGATE_PLUGGING_H

#include "gateway.h"

struct plugging;

/* NULL: no memory. Where no monitor can be had (no netlink) the log says so, and only sections with
 * a port of their own find their modem. */
struct plugging *plugging_new(struct loop *loop, struct gateway *gateway)
    __attribute__((warn_unused_result));
void plugging_free(struct plugging *plugging); /* after the gateway; NULL: nothing */

#endif
