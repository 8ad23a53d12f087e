/* otpgate_answer: any bytes as what a gateway says to libotpgate; the calls end, each with one of
 * the answers that are promised, and a connection that is over stays over. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "otpgate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/otpgate-fuzz-XXXXXX";
static char path[64];
static int listener = -1;

static void demand(int fact)
{
    if (!fact)
        abort();
}

static void clean_up(void)
{
    unlink(path);
    rmdir(folder);
}

static void listen_once(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (listener >= 0)
        return;
    demand(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/s", folder);
    memcpy(address.sun_path, path, strlen(path) + 1);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    demand(bind(listener, (const struct sockaddr *)&address, sizeof address) == 0);
    demand(listen(listener, 4) == 0);
    atexit(clean_up);
}

/* Two calls are under way; everything is asked for until nothing more can come. */
static void ask_all(struct otpgate *gate)
{
    int64_t id[2];
    int rc[2] = {0, 0};
    for (int i = 0; i < 2; i++)
        demand(otpgate_start(gate, "m", NULL, 0, &id[i]) == 0);
    for (int i = 0; i < 2; i++) {
        json_t *result = NULL;
        struct otpgate_error error;
        rc[i] = otpgate_finish(gate, id[i], 0, &result, &error);
        demand(rc[i] != -ETIMEDOUT); /* the far end has hung up */
        demand((rc[i] == 0) == (result != NULL));
        if (rc[i] == -EREMOTEIO)
            demand(memchr(error.name, 0, sizeof error.name) &&
                   memchr(error.message, 0, sizeof error.message));
        json_decref(result);
    }
    json_t *params;
    char *method;
    int end;
    while ((end = otpgate_next(gate, 0, &method, &params)) == 0) {
        demand(method != NULL);
        free(method);
        json_decref(params);
    }
    demand(end == -ECONNRESET || end == -EPROTO || end == -EMSGSIZE);
    demand(otpgate_next(gate, 0, &method, &params) == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct otpgate *gate;
    listen_once();
    if (size > 65536)
        return 0;
    demand(otpgate_open(path, -1, &gate) == 0);
    int peer = accept(listener, NULL, NULL);
    demand(peer >= 0);
    demand(send(peer, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size);
    demand(shutdown(peer, SHUT_WR) == 0);
    ask_all(gate);
    otpgate_close(gate);
    close(peer);
    return 0;
}
