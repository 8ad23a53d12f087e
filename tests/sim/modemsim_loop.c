/* modemsim_loop: see modemsim_loop.h. One loop a program, hence static. */
#include "modemsim_loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };
static struct {
    struct simnet *net;
    int epoll;
    int count, at; /* of the batch under way */
    struct epoll_event batch[BATCH];
    bool stop;
} loop = {.epoll = -1};

int64_t modemsim_now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now))
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool modemsim_loop_init(struct simnet *net)
{
    loop.net = net;
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop.epoll >= 0;
}

void modemsim_loop_catch_up(void)
{
    simnet_advance(loop.net, modemsim_now_ns() / 1000000);
}

bool modemsim_watch_add(struct modemsim_watch *watch, int fd, unsigned events)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = watch};
    if (epoll_ctl(loop.epoll, EPOLL_CTL_ADD, fd, &event))
        return false;
    watch->fd = fd;
    return true;
}

void modemsim_watch_remove(struct modemsim_watch *watch)
{
    if (watch->fd < 0)
        return;
    (void)epoll_ctl(loop.epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->fd = -1;
    for (int i = loop.at; i < loop.count; i++) /* its owner may be freed before we get there */
        if (loop.batch[i].data.ptr == watch)
            loop.batch[i].data.ptr = NULL;
}

static int wait_ms(void)
{
    int64_t next = simnet_next_ms(loop.net);
    if (next == INT64_MAX)
        return -1;
    int64_t left = next - modemsim_now_ns() / 1000000;
    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

bool modemsim_loop_run(void)
{
    while (!loop.stop) {
        loop.at = 0;
        loop.count = epoll_wait(loop.epoll, loop.batch, BATCH, wait_ms());
        if (loop.count < 0 && errno != EINTR)
            return false;
        modemsim_loop_catch_up();
        for (; loop.at < loop.count && !loop.stop; loop.at++) {
            struct modemsim_watch *watch = loop.batch[loop.at].data.ptr;
            if (watch)
                watch->fn(watch->arg, loop.batch[loop.at].events);
        }
    }
    return true;
}

void modemsim_loop_stop(void)
{
    loop.stop = true;
}

void modemsim_loop_free(void)
{
    close(loop.epoll);
    loop.epoll = -1;
}
