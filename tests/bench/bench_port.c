/* bench_port: see bench_port.h. */
#include "bench_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* As the gateway writes "Ma OTP: 123456. Hieu luc 5 phut." to 0912 345 678, for five minutes. */
static const char command[] = "AT+CMGS=42\r";
static const char body[] =
    "0031000B914819325476F800000020CD30E84985EA4031D98C56B3B940C874B90E62D7C7A01A088EAED35D\x1a";

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now))
        bench_die("clock");
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t bench_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t bench_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
    exit(2);
}

long bench_count(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value <= 0) {
        errno = EINVAL;
        bench_die(text);
    }
    return value;
}

static void port_write(int port, const char *bytes, size_t len)
{
    if (write(port, bytes, len) != (ssize_t)len)
        bench_die("write to the modem");
}

/* Reads until what came ends with `end`. */
static void port_await(int port, const char *end)
{
    char bytes[1024];
    size_t len = 0, want = strlen(end);
    do {
        ssize_t count = read(port, bytes + len, sizeof bytes - len);
        if (count <= 0)
            bench_die("read from the modem");
        len += (size_t)count;
        if (len == sizeof bytes) { /* unasked lines: only the tail matters */
            memmove(bytes, bytes + len - want, want);
            len = want;
        }
    } while (len < want || memcmp(bytes + len - want, end, want) != 0);
}

int bench_port_open(const char *path)
{
    static const char *const first[] = {"ATE0\r", "AT+CMEE=1\r", "AT+CMGF=0\r"};
    struct termios tio;
    int port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (port < 0 || tcgetattr(port, &tio))
        bench_die(path);
    cfmakeraw(&tio);
    if (tcsetattr(port, TCSANOW, &tio))
        bench_die(path);
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        port_write(port, first[i], strlen(first[i]));
        port_await(port, "\r\nOK\r\n");
    }
    return port;
}

void bench_port_send(int port, void (*before_body)(void *arg), void *arg)
{
    port_write(port, command, sizeof command - 1);
    port_await(port, "\r\n> ");
    if (before_body)
        before_body(arg);
    port_write(port, body, sizeof body - 1);
    port_await(port, "\r\nOK\r\n");
}
