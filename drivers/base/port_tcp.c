/* port_tcp: a serial server such as ser2net, tcp://host:port.
 *
 * Names are looked up in /etc/hosts alone, at each open: asking the network for one would
 * hold the loop up. */
#include "port_real.h"
#include "stream_fd.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKOFF_MIN_MS = 1000,
    BACKOFF_MAX_MS = 30000,
    /* A server that vanished without a word is noticed after about a minute. */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_EVERY_S = 10,
    KEEPALIVE_COUNT = 3,
    UNANSWERED_MS = 30000,
    SYN_TRIES = 4, /* about 30 s for a connect */
    HOST_ROOM = 256,
};

struct port_tcp {
    struct port port; /* first */
    struct loop *loop;
    char host[HOST_ROOM];
    uint16_t number; /* of the TCP port */
    int64_t backoff_ms;
    struct loop_timer retry;
    loop_fn *fn;
    void *arg;
};

/* Stands between the stream and its owner, to see it open: that ends the back-off. */
struct tcp_link {
    struct port_tcp *tcp;
    int fd;
    const struct stream_sink *sink;
    void *ctx;
};

static struct port_tcp *tcp_of(struct port *port)
{
    return (struct port_tcp *)port;
}

/* --- addresses --- */

static socklen_t address_set(const char *numeric, uint16_t number, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, numeric, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(number);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, numeric, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(number);
        return sizeof(*v6);
    }
    return 0;
}

/* One line of hosts(5): the address, where `host` is one of its names. */
static const char *hosts_line_match(char *line, const char *host)
{
    char *rest = NULL;
    line[strcspn(line, "#\n")] = '\0';
    const char *address = strtok_r(line, " \t", &rest);
    for (const char *name; address && (name = strtok_r(NULL, " \t", &rest));)
        if (strcasecmp(name, host) == 0)
            return address;
    return NULL;
}

static socklen_t address_find(const struct port_tcp *tcp, struct sockaddr_storage *out)
{
    socklen_t size = address_set(tcp->host, tcp->number, out);
    FILE *hosts = size ? NULL : fopen("/etc/hosts", "re");
    char *line = NULL;
    size_t room = 0;
    while (hosts && size == 0 && getline(&line, &room, hosts) > 0) {
        const char *address = hosts_line_match(line, tcp->host);
        if (address)
            size = address_set(address, tcp->number, out);
    }
    free(line);
    if (hosts)
        fclose(hosts);
    return size;
}

/* --- the link between stream and owner --- */

static void link_opened(void *ctx)
{
    struct tcp_link *link = ctx;
    link->tcp->backoff_ms = BACKOFF_MIN_MS;
    if (link->sink->on_open)
        link->sink->on_open(link->ctx);
}

static void link_data(void *ctx, const uint8_t *data, size_t len)
{
    struct tcp_link *link = ctx;
    link->sink->on_data(link->ctx, data, len);
}

static void link_gone(void *ctx, int err)
{
    struct tcp_link *link = ctx;
    link->sink->on_gone(link->ctx, err);
}

static void link_release(void *owner)
{
    struct tcp_link *link = owner;
    close(link->fd);
    free(link);
}

static void link_drained(void *ctx)
{
    struct tcp_link *link = ctx;
    if (link->sink->on_drained)
        link->sink->on_drained(link->ctx);
}

static const struct stream_sink link_sink = {link_opened, link_data, link_gone, link_drained};

/* --- opening --- */

static int socket_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : -errno;
}

static int socket_configure(int fd)
{
    static const struct {
        int level, option, value;
    } rows[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS},
        {IPPROTO_TCP, TCP_SYNCNT, SYN_TRIES},
    };
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
        result = socket_set(fd, rows[i].level, rows[i].option, rows[i].value);
    return result;
}

static int link_new(struct port_tcp *tcp, int fd, const struct stream_sink *sink, void *ctx,
                    struct stream **out)
{
    struct tcp_link *link = malloc(sizeof(*link));
    if (!link)
        return -ENOMEM;
    *link = (struct tcp_link){.tcp = tcp, .fd = fd, .sink = sink, .ctx = ctx};
    int result = stream_fd_new(tcp->loop, fd, 1, link_release, link, &link_sink, link, out);
    if (result < 0)
        free(link);
    return result;
}

static int tcp_open(struct port *port, const struct stream_sink *sink, void *ctx,
                    struct stream **out)
{
    struct port_tcp *tcp = tcp_of(port);
    struct sockaddr_storage address;
    socklen_t size = address_find(tcp, &address);
    if (size == 0)
        return -ENOENT;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int result = socket_configure(fd);
    if (result == 0 && connect(fd, (struct sockaddr *)&address, size) != 0 && errno != EINPROGRESS)
        result = -errno;
    if (result == 0)
        result = link_new(tcp, fd, sink, ctx, out);
    if (result < 0)
        close(fd);
    return result;
}

/* --- trying again --- */

static void tcp_retry(void *arg)
{
    struct port_tcp *tcp = arg;
    loop_fn *fn = tcp->fn;
    tcp->fn = NULL;
    fn(tcp->arg);
}

static void tcp_watch(struct port *port, loop_fn *fn, void *arg)
{
    struct port_tcp *tcp = tcp_of(port);
    tcp->fn = fn;
    tcp->arg = arg;
    loop_timer_arm_in(&tcp->retry, tcp->backoff_ms);
    tcp->backoff_ms *= 2;
    if (tcp->backoff_ms > BACKOFF_MAX_MS)
        tcp->backoff_ms = BACKOFF_MAX_MS;
}

static void tcp_unwatch(struct port *port)
{
    loop_timer_cancel(&tcp_of(port)->retry);
}

static void tcp_free(struct port *port)
{
    loop_timer_cancel(&tcp_of(port)->retry);
    free(tcp_of(port));
}

static const struct port_ops tcp_ops = {
    .open = tcp_open,
    .watch = tcp_watch,
    .unwatch = tcp_unwatch,
    .free = tcp_free,
};

/* --- from the URI --- */

/* "host:port" or "[::1]:port". NULL, or what is wrong with it. */
static const char *authority_parse(const char *text, struct port_tcp *tcp)
{
    const char *colon = strrchr(text, ':'), *end = colon;
    if (!colon || colon == text)
        return "names no host and port";
    if (text[0] == '[') {
        text++;
        if (*--end != ']' || end == text)
            return "has no ] behind its address";
    }
    size_t len = (size_t)(end - text);
    if (strcspn(text, "[]/@ \t") < len)
        return "names no host";
    snprintf(tcp->host, sizeof(tcp->host), "%.*s", (int)len, text);
    size_t digits = strspn(colon + 1, "0123456789");
    unsigned long number = strtoul(colon + 1, NULL, 10);
    if (digits == 0 || digits > 5 || colon[1 + digits] || number == 0 || number > UINT16_MAX)
        return "has no port from 1 to 65535";
    tcp->number = (uint16_t)number;
    return NULL;
}

int port_tcp_new(struct loop *loop, const char *uri, struct port **out, const char **why)
{
    struct port_tcp *tcp = calloc(1, sizeof(*tcp));
    if (!tcp) {
        *why = "finds no memory";
        return -ENOMEM;
    }
    *why = authority_parse(uri + strlen("tcp://"), tcp);
    if (*why) {
        free(tcp);
        return -EINVAL;
    }
    tcp->port.ops = &tcp_ops;
    (void)text_copy(tcp->port.uri, sizeof(tcp->port.uri), uri);
    tcp->loop = loop;
    tcp->backoff_ms = BACKOFF_MIN_MS;
    loop_timer_init(&tcp->retry, loop, tcp_retry, tcp);
    *out = &tcp->port;
    return 0;
}
