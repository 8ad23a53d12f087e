/* at_link: a link (link.h) that speaks AT commands (3GPP TS 27.005, 27.007) in PDU mode. */
#ifndef OTPGATE_AT_LINK_H
#define OTPGATE_AT_LINK_H

#include "link.h"
#include "port.h"
#include "rescue.h"

struct at_link_config {
    const char *name;      /* copied */
    const char *smsc;      /* set where the SIM has none; NULL or "": leave */
    bool roaming;          /* a foreign network is fine */
    int keepalive_s;       /* 10 to 3600; 0: the default, 60 */
    bool owns_port;        /* it is freed with the link; else it must outlive the link */
    bool slot;             /* the port is one of port_slot.h: link_attach() moves it */
    struct port *ear;      /* another such, for link_listen(); freed with the link; NULL: none */
    struct rescue *rescue; /* freed with the link; NULL: nothing can be done from outside */
    int power_every_s;     /* between two power cycles, at least; 0: the default, 600 */
};

/* NULL: no memory; ports and rescue are then the caller's. */
struct link *at_link_new(struct loop *loop, struct port *port, const struct at_link_config *config,
                         const struct link_sink *sink, void *ctx)
    __attribute__((warn_unused_result));

#endif
