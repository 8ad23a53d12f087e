/* stream_fd: socket pairs, ptys and TCP on the real loop. */
#include "cm.h"
#include "real_loop.h"
#include "stream_fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

struct world {
    struct loop *loop;
    struct real_peer peer;
    int far; /* the other end, blocking unless said otherwise */
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    signal(SIGPIPE, SIG_DFL); /* nothing here may raise it */
    world->loop = loop_event_new();
    assert_non_null(world->loop);
    world->far = -1;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    real_close(&world->peer);
    if (world->far >= 0)
        close(world->far);
    loop_free(world->loop);
    free(world);
    return 0;
}

static void open_stream(struct world *world, int fd)
{
    assert_int_equal(stream_fd_new(world->loop, fd, 0, NULL, NULL, &real_sink, &world->peer,
                                   &world->peer.stream),
                     0);
    assert_int_equal(world->peer.opened, 0);
}

static void open_pair(struct world *world)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    world->far = fds[1];
    open_stream(world, fds[0]);
    assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
}

static void open_pty(struct world *world)
{
    int slave;
    struct termios raw = {0};
    cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL | CS8;
    assert_int_equal(openpty(&world->far, &slave, NULL, &raw, NULL), 0);
    open_stream(world, slave);
}

static void far_close(struct world *world)
{
    close(world->far);
    world->far = -1;
}

static void put(struct world *world, const char *text)
{
    assert_int_equal(stream_write(world->peer.stream, text, strlen(text)), 0);
}

static void far_put(struct world *world, const char *text)
{
    assert_int_equal(write(world->far, text, strlen(text)), strlen(text));
}

static void far_expect(struct world *world, const char *text)
{
    char got[64] = "";
    assert_int_equal(read(world->far, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
}

static void both_ways(void **state)
{
    struct world *world = *state;
    void (*const opens[])(struct world *) = {open_pair, open_pty};
    for (size_t i = 0; i < 2; i++) {
        memset(&world->peer, 0, sizeof(world->peer));
        opens[i](world);
        far_put(world, "OK\r\n");
        assert_true(real_gets(world->loop, &world->peer, "OK\r\n"));
        assert_int_equal(world->peer.opened, 1);
        put(world, "AT\r"); /* at once: no turn of the loop is needed */
        far_expect(world, "AT\r");
        assert_int_equal(stream_unsent(world->peer.stream), 0);
        real_close(&world->peer);
        far_close(world);
    }
}

static void hang_up_is_told_once(void **state)
{
    struct world *world = *state;
    void (*const opens[])(struct world *) = {open_pair, open_pty};
    for (size_t i = 0; i < 2; i++) {
        memset(&world->peer, 0, sizeof(world->peer));
        opens[i](world);
        far_put(world, "bye");
        if (i == 0)
            far_close(world);
        assert_true(real_gets(world->loop, &world->peer, "bye"));
        if (i == 1)
            far_close(world); /* a pty loses what was not read */
        assert_true(real_until(world->loop, real_is_gone, &world->peer));
        assert_true(real_turn(world->loop));
        assert_int_equal(world->peer.gone, 1);
        assert_int_equal(stream_write(world->peer.stream, "x", 1), -EPIPE);
        stream_drain(world->peer.stream);
        assert_true(real_turn(world->loop));
        assert_int_equal(world->peer.gone, 1);
        real_close(&world->peer);
    }
}

static size_t far_read_now(struct world *world)
{
    static char bytes[1 << 16];
    size_t total = 0;
    for (ssize_t len; (len = recv(world->far, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
        total += (size_t)len;
    return total;
}

static bool nothing_unsent(void *arg)
{
    struct world *world = arg;
    far_read_now(world);
    return stream_unsent(world->peer.stream) == 0;
}

static void unsent_is_exact(void **state)
{
    enum { PIECE = 300000 };
    static char piece[PIECE];
    struct world *world = *state;
    open_pair(world);
    assert_int_equal(stream_write(world->peer.stream, piece, PIECE), 0);
    size_t unsent = stream_unsent(world->peer.stream);
    assert_true(unsent > 0 && unsent < PIECE);
    assert_int_equal(stream_write(world->peer.stream, piece, PIECE), 0); /* behind the first */
    assert_int_equal(stream_unsent(world->peer.stream), unsent + PIECE);
    assert_int_equal(far_read_now(world), PIECE - unsent);
    assert_true(real_turn(world->loop));
    size_t left = stream_unsent(world->peer.stream);
    assert_true(left < unsent + PIECE);
    assert_int_equal(far_read_now(world), unsent + PIECE - left);
    assert_true(real_until(world->loop, nothing_unsent, world));
}

static bool has_drained(void *arg)
{
    struct world *world = arg;
    far_read_now(world);
    return world->peer.drained > 0;
}

/* Once each time, when the last byte has left; never where nothing had to wait. */
static void drained_is_told_once(void **state)
{
    static char piece[1 << 20];
    struct world *world = *state;
    open_pair(world);
    put(world, "short");
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.drained, 0);
    for (unsigned i = 0; i < 3; i++) {
        world->peer.drained = 0;
        assert_int_equal(stream_write(world->peer.stream, piece, sizeof(piece)), 0);
        assert_int_equal(stream_write(world->peer.stream, piece, sizeof(piece)), 0);
        assert_true(real_turn(world->loop));
        assert_int_equal(world->peer.drained, 0); /* nobody has read anything */
        assert_true(real_until(world->loop, has_drained, world));
        assert_true(real_turn(world->loop));
        assert_int_equal(world->peer.drained, 1);
    }
    far_read_now(world);
    world->peer.close_on_drained = true; /* whoever is told may end it there */
    world->peer.drained = 0;
    assert_int_equal(stream_write(world->peer.stream, piece, sizeof(piece)), 0);
    assert_true(real_until(world->loop, has_drained, world));
    assert_null(world->peer.stream);
}

enum { NUMBERS = 2000000, NUMBERS_AT_ONCE = 8192 };

static void put_numbers(struct world *world, uint32_t *next)
{
    static uint32_t numbers[NUMBERS_AT_ONCE];
    for (size_t i = 0; i < NUMBERS_AT_ONCE; i++)
        numbers[i] = (*next)++;
    assert_int_equal(stream_write(world->peer.stream, numbers, sizeof(numbers)), 0);
}

/* Counts up through a port that is always full: taken in pieces, moved down, grown. */
static void order_survives_a_full_port(void **state)
{
    static uint8_t got[10007];
    struct world *world = *state;
    size_t seen = 0;
    uint32_t next = 0;
    open_pair(world);
    while (stream_unsent(world->peer.stream) < 300000)
        put_numbers(world, &next);
    while (seen < next * sizeof(next)) {
        ssize_t len = recv(world->far, got, sizeof(got), MSG_DONTWAIT);
        for (ssize_t i = 0; i < len; i++, seen++)
            if (got[i] != (uint8_t)((seen / 4) >> (seen % 4 * 8)))
                fail_msg("byte %zu is wrong", seen);
        if (len < 0)
            assert_true(real_turn(world->loop));
        if (len < 0 && next < NUMBERS)
            for (unsigned i = 0; i < 6; i++)
                put_numbers(world, &next);
    }
    assert_int_equal(stream_unsent(world->peer.stream), 0);
}

static void unsent_is_known_after_the_end(void **state)
{
    static char piece[1 << 20];
    struct world *world = *state;
    open_pair(world);
    assert_int_equal(stream_write(world->peer.stream, piece, sizeof(piece)), 0);
    size_t unsent = stream_unsent(world->peer.stream);
    far_close(world);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_int_equal(stream_unsent(world->peer.stream), unsent);
}

/* The peer's last words are read before a write that fails is told as the end. */
static void last_words_before_a_failed_write(void **state)
{
    struct world *world = *state;
    open_pair(world);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
    far_put(world, "+CMGS: 7\r\n");
    far_close(world);
    assert_int_equal(stream_write(world->peer.stream, "AT\r", 3), -EPIPE);
    assert_int_equal(world->peer.gone + world->peer.len, 0); /* not from inside */
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_string_equal(world->peer.bytes, "+CMGS: 7\r\n");
    assert_int_equal(world->peer.gone_err, EPIPE);
    assert_int_equal(world->peer.gone, 1);
}

static void drain_takes_what_is_here(void **state)
{
    struct world *world = *state;
    open_pair(world);
    far_put(world, "late answer");
    stream_drain(world->peer.stream);
    assert_string_equal(world->peer.bytes, "late answer");
    assert_int_equal(world->peer.opened, 1);
    stream_drain(world->peer.stream);
    far_put(world, "!");
    far_close(world);
    stream_drain(world->peer.stream);
    assert_string_equal(world->peer.bytes, "late answer!");
    assert_int_equal(world->peer.gone, 0); /* the end is told in a turn */
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_int_equal(world->peer.opened, 1);
}

static void pause_is_back_pressure(void **state)
{
    struct world *world = *state;
    open_pair(world);
    stream_pause(world->peer.stream, 1);
    far_put(world, "one");
    far_close(world);
    assert_true(real_turn(world->loop));
    stream_drain(world->peer.stream);
    assert_int_equal(world->peer.len + world->peer.gone, 0);
    stream_pause(world->peer.stream, 0);
    assert_int_equal(world->peer.len, 0);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_string_equal(world->peer.bytes, "one");
}

static void close_ends_all_calls(void **state)
{
    struct world *world = *state;
    open_pair(world);
    world->peer.close_on_data = true;
    world->peer.wanted = 1;
    far_put(world, "x");
    far_close(world);
    assert_true(real_until(world->loop, real_has_wanted, &world->peer));
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.gone, 0);
    memset(&world->peer, 0, sizeof(world->peer));
    open_pair(world);
    world->peer.close_on_gone = true;
    far_close(world);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    memset(&world->peer, 0, sizeof(world->peer));
    open_pair(world);
    real_close(&world->peer); /* before it was even announced */
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.opened, 0);
}

static void a_flood_starves_nobody(void **state)
{
    static char flood[40000];
    struct world *world = *state;
    struct real_peer other = {0};
    int fds[2];
    open_pair(world);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(
        stream_fd_new(world->loop, fds[0], 0, NULL, NULL, &real_sink, &other, &other.stream), 0);
    assert_true(real_until(world->loop, real_is_open, &other));
    assert_int_equal(write(world->far, flood, sizeof(flood)), sizeof(flood));
    assert_int_equal(write(fds[1], "x", 1), 1);
    world->peer.wanted = 1;
    assert_true(real_until(world->loop, real_has_wanted, &world->peer));
    assert_int_equal(other.len, 1);
    assert_true(world->peer.len < sizeof(flood));
    world->peer.wanted = sizeof(flood);
    assert_true(real_until(world->loop, real_has_wanted, &world->peer));
    real_close(&other);
    close(fds[1]);
}

static int tcp_listen(struct sockaddr_in *at)
{
    socklen_t size = sizeof(*at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_in){.sin_family = AF_INET};
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)at, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &size), 0);
    return fd;
}

static void tcp_start(struct world *world, const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = connect(fd, (const struct sockaddr *)at, sizeof(*at));
    assert_true(result == 0 || errno == EINPROGRESS);
    assert_int_equal(stream_fd_new(world->loop, fd, 1, NULL, NULL, &real_sink, &world->peer,
                                   &world->peer.stream),
                     0);
    assert_int_equal(stream_write(world->peer.stream, "x", 1), -ENOTCONN);
}

static void tcp_connects(void **state)
{
    struct world *world = *state;
    struct sockaddr_in at;
    int listening = tcp_listen(&at);
    tcp_start(world, &at);
    assert_true(real_until(world->loop, real_is_open, &world->peer));
    world->far = accept(listening, NULL, NULL);
    put(world, "AT\r");
    far_expect(world, "AT\r");
    const struct linger reset = {1, 0};
    setsockopt(world->far, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    far_close(world);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_int_equal(world->peer.gone_err, ECONNRESET);
    assert_int_equal(world->peer.opened, 1);
    close(listening);
}

static void tcp_refused(void **state)
{
    struct world *world = *state;
    struct sockaddr_in at;
    close(tcp_listen(&at));
    tcp_start(world, &at);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_int_equal(world->peer.gone_err, ECONNREFUSED);
    assert_int_equal(world->peer.opened, 0);
}

static void on_half_shut(void *ctx)
{
    ((struct real_peer *)ctx)->bytes[0]++; /* after the last byte, once */
}

static bool is_half_shut(void *arg)
{
    return ((struct real_peer *)arg)->bytes[0] != 'q';
}

/* printf | socat: the request's writer shuts its half, and still waits for the answer. */
static void half_shut_is_no_hang_up(void **state)
{
    struct world *world = *state;
    open_pair(world);
    stream_fd_on_end(world->peer.stream, on_half_shut);
    far_put(world, "q");
    assert_int_equal(shutdown(world->far, SHUT_WR), 0);
    assert_true(real_gets(world->loop, &world->peer, "q"));
    assert_true(real_until(world->loop, is_half_shut, &world->peer));
    put(world, "answer");
    far_expect(world, "answer");
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.bytes[0], 'q' + 1);
    assert_int_equal(world->peer.gone, 0);
    real_close(&world->peer);
    far_close(world);
    memset(&world->peer, 0, sizeof(world->peer));
    open_pair(world); /* all of it shut: a hang-up as ever */
    stream_fd_on_end(world->peer.stream, on_half_shut);
    far_close(world);
    assert_true(real_until(world->loop, real_is_gone, &world->peer));
    assert_int_equal(world->peer.bytes[0], 0);
}

static void let_go(void *owner)
{
    int *fd = owner;
    close(*fd);
    *fd = -1;
}

static void another_owner_closes(void **state)
{
    struct world *world = *state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    world->far = fds[1];
    assert_int_equal(stream_fd_new(world->loop, fds[0], 0, let_go, &fds[0], &real_sink,
                                   &world->peer, &world->peer.stream),
                     0);
    real_close(&world->peer);
    assert_int_equal(fds[0], -1);
    assert_int_equal(stream_fd_new(world->loop, -1, 0, NULL, NULL, &real_sink, &world->peer,
                                   &world->peer.stream),
                     -EBADF);
    world->peer.stream = NULL;
}

/* --- an fd that is still to come --- */

static void count(void *owner)
{
    (*(unsigned *)owner)++;
}

static void open_later(struct world *world, unsigned *released)
{
    assert_int_equal(stream_fd_new_opening(world->loop, count, released, &real_sink, &world->peer,
                                           &world->peer.stream),
                     0);
}

static void opens_later(void **state)
{
    struct world *world = *state;
    unsigned released = 0;
    int fds[2];
    open_later(world, &released);
    assert_int_equal(stream_write(world->peer.stream, "x", 1), -ENOTCONN);
    stream_drain(world->peer.stream);
    stream_pause(world->peer.stream, 1);
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.opened + world->peer.gone, 0);
    assert_int_equal(stream_unsent(world->peer.stream), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    world->far = fds[1];
    assert_int_equal(write(fds[1], "here", 4), 4);
    stream_fd_opened(world->peer.stream, fds[0]);
    assert_int_equal(world->peer.opened, 1);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_int_equal(stream_write(world->peer.stream, "x", 1), 0);
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.len, 0); /* what was said before it was open still holds */
    stream_pause(world->peer.stream, 0);
    assert_true(real_gets(world->loop, &world->peer, "here"));
    assert_int_equal(released, 0);
    real_close(&world->peer);
    assert_int_equal(released, 1);
    close(fds[0]);
}

static void never_opens(void **state)
{
    struct world *world = *state;
    unsigned released = 0;
    for (int useless = 0; useless < 2; useless++) {
        memset(&world->peer, 0, sizeof(world->peer));
        open_later(world, &released);
        if (useless)
            stream_fd_opened(world->peer.stream, -1);
        else
            stream_fd_failed(world->peer.stream, EBUSY);
        assert_int_equal(world->peer.gone, 0); /* at the end of the turn */
        assert_int_equal(stream_write(world->peer.stream, "x", 1), -EPIPE);
        assert_true(real_turn(world->loop));
        assert_int_equal(world->peer.opened, 0);
        assert_int_equal(world->peer.gone, 1);
        assert_int_equal(world->peer.gone_err, useless ? EBADF : EBUSY);
        real_close(&world->peer);
        assert_int_equal(released, 1 + useless);
    }
    open_later(world, &released);
    real_close(&world->peer);
    assert_int_equal(released, 3);
    assert_true(real_turn(world->loop));
    assert_int_equal(world->peer.gone, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(both_ways),
        TEST(hang_up_is_told_once),
        TEST(unsent_is_exact),
        TEST(drained_is_told_once),
        TEST(order_survives_a_full_port),
        TEST(unsent_is_known_after_the_end),
        TEST(last_words_before_a_failed_write),
        TEST(drain_takes_what_is_here),
        TEST(pause_is_back_pressure),
        TEST(close_ends_all_calls),
        TEST(a_flood_starves_nobody),
        TEST(half_shut_is_no_hang_up),
        TEST(tcp_connects),
        TEST(tcp_refused),
        TEST(another_owner_closes),
        TEST(opens_later),
        TEST(never_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
