/* gammu_link: a link (link.h) to a phone that speaks no AT, through libgammu in a process of its
 * own.
 *
 * libgammu blocks, keeps static buffers and writes past some of them: it lives in otpgate-gammu,
 * one process a phone, and all that comes from there is read as hostile (gammu_wire.h). A helper
 * that dies, hangs, lies or floods costs its phone a restart and its message a verdict, and nothing
 * else.
 *
 * The line of link.h: a submit is handed to the helper only after proceed(yes); from then on a
 * helper that ends without a word leaves UNKNOWN. libgammu tells no ICCID: the IMSI (15 digits, an
 * ICCID has 19) stands in its place. */
#ifndef OTPGATE_GAMMU_LINK_H
#define OTPGATE_GAMMU_LINK_H

#include "link.h"
#include "port.h"

struct gammu_link_config {
    const char *name; /* copied */
    int keepalive_s;  /* 10 to 3600; 0: the default, 60. Also how late a message may be told that
                         the phone does not announce */
    bool roaming;     /* a foreign network will do */
    bool owns_port;   /* it is freed with the link; else it must outlive the link */
};

/* `port`: what it opens is a stream to a helper (gammu_port.h, or a test's). NULL: no memory; the
 * port is then the caller's. */
struct link *gammu_link_new(struct loop *loop, struct port *port,
                            const struct gammu_link_config *config, const struct link_sink *sink,
                            void *ctx) __attribute__((warn_unused_result));

#endif
