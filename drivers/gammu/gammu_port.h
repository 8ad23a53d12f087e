/* gammu_port: a port whose far end is a helper process: opening it starts one, closing it ends it.
 */
#ifndef OTPGATE_GAMMU_PORT_H
#define OTPGATE_GAMMU_PORT_H

#include "port.h"

struct gammu_port_config {  /* copied */
    const char *program;    /* path of otpgate-gammu */
    const char *connection; /* of libgammu: "fbususb", "dku2", "at115200", ... */
    const char *device;     /* a node, or what libgammu calls so; also what is watched for */
    const char *model;      /* of libgammu; "": it finds out */
    const char *smsc;       /* service centre; "": the phone's own */
};

/* Only on a real loop. -ENOMEM, or -EINVAL where a text is too long. */
int gammu_port_new(struct loop *loop, const struct gammu_port_config *config, struct port **out)
    __attribute__((warn_unused_result));

#endif
