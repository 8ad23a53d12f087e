/* otpgate-gammu: one phone through libgammu, for otpgated, which starts it and speaks with it on
 * standard input (a socket; gammu_wire.h). Ends when that is closed. Its arguments hold nothing
 * personal: connection, device, model, service centre. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "gammu_phone.h"
#include "gammu_sandbox.h"
#include "gammu_wire.h"

enum { TOLD_MAX = 16 }; /* TPDUs told and not taken: the daemon's window */

struct helper {
    struct gammu_phone *phone;
    char in[GAMMU_LINE_MAX + 1];
    size_t in_len;
    uint64_t told[TOLD_MAX], left[TOLD_MAX]; /* 0: free; left: refused, told again by a look */
    unsigned lefts;
    bool full; /* there was more than the window holds */
    bool lost; /* the daemon is gone */
};

static void say(struct helper *h, const struct gammu_line *line)
{
    char text[GAMMU_LINE_MAX + 2];
    size_t len = gammu_line_form(line, text);
    for (size_t done = 0; done < len && !h->lost;) {
        ssize_t n = send(STDIN_FILENO, text + done, len - done, MSG_NOSIGNAL);
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            h->lost = true;
    }
}

/* --- what came ------------------------------------------------------------------------------- */

static bool is_in(const uint64_t *list, uint64_t handle)
{
    for (unsigned i = 0; i < TOLD_MAX; i++)
        if (list[i] == handle + 1)
            return true;
    return false;
}

static bool tell(void *arg, const struct gammu_line *line)
{
    struct helper *h = arg;
    if (is_in(h->told, line->id) || is_in(h->left, line->id))
        return true;
    for (unsigned i = 0; i < TOLD_MAX; i++) {
        if (h->told[i])
            continue;
        h->told[i] = line->id + 1;
        say(h, line);
        return !h->lost;
    }
    h->full = true;
    return false;
}

static void list(struct helper *h)
{
    h->full = false;
    gammu_phone_list(h->phone, tell, h);
}

/* The rest is told once all of the window is taken: a list reads the whole phone. Where as many are
 * refused as can be remembered it waits for the next look, for the list would begin with them. */
static void taken(struct helper *h, uint64_t handle, bool ok)
{
    bool waits = false;
    for (unsigned i = 0; i < TOLD_MAX; i++) {
        if (h->told[i] == handle + 1)
            h->told[i] = 0;
        waits = waits || h->told[i];
    }
    if (ok)
        gammu_phone_delete(h->phone, handle);
    else if (h->lefts < TOLD_MAX)
        h->left[h->lefts++] = handle + 1;
    if (h->full && !waits && h->lefts < TOLD_MAX)
        list(h);
}

static void look(struct helper *h)
{
    struct gammu_line line;
    gammu_phone_radio(h->phone, &line);
    say(h, &line);
    memset(h->left, 0, sizeof h->left);
    h->lefts = 0;
    list(h);
    line = (struct gammu_line){.word = GAMMU_ALIVE};
    say(h, &line);
}

/* --- what the daemon says --------------------------------------------------------------------- */

static void obey(struct helper *h, const char *text, size_t len)
{
    struct gammu_line line;
    if (!gammu_line_parse(text, len, &line)) {
        h->lost = true;
        return;
    }
    if (line.word == GAMMU_SEND) {
        gammu_phone_send(h->phone, &line);
        say(h, &line);
    } else if (line.word == GAMMU_TAKEN) {
        taken(h, line.id, line.number == 1);
    } else if (line.word == GAMMU_LOOK) {
        look(h);
    }
}

static void hear(struct helper *h)
{
    char bytes[1024];
    ssize_t n = recv(STDIN_FILENO, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        h->lost = true;
    for (ssize_t i = 0; i < n && !h->lost; i++) {
        if (bytes[i] == '\n') {
            obey(h, h->in, h->in_len);
            explicit_bzero(h->in, h->in_len);
            h->in_len = 0;
        } else if (h->in_len < GAMMU_LINE_MAX) {
            h->in[h->in_len++] = bytes[i];
        } else {
            h->lost = true;
        }
    }
    explicit_bzero(bytes, sizeof bytes);
}

static void introduce(struct helper *h)
{
    struct gammu_line line = {.word = GAMMU_HELLO, .number = GAMMU_WIRE_VERSION};
    say(h, &line);
    for (int word = GAMMU_IMEI; word <= GAMMU_REVISION; word++) {
        line = (struct gammu_line){.word = (enum gammu_word)word};
        if (gammu_phone_identity(h->phone, line.word, line.text))
            say(h, &line);
    }
    line = (struct gammu_line){.word = GAMMU_READY};
    say(h, &line);
}

/* The phone wakes us when it says something, the daemon when it wants something. */
static void serve(struct helper *h)
{
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.fd = gammu_phone_fd(h->phone), .events = POLLIN}};
    while (!h->lost) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[1].revents & POLLIN && gammu_phone_read(h->phone))
            list(h);
        if (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL))
            return; /* unplugged */
        if (fds[0].revents)
            hear(h);
    }
}

/* Nobody else's, as long as we live. The fd stays open. */
static bool hold(const char *device)
{
    int fd = open(device, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static int give_up(struct helper *h, unsigned error)
{
    const struct gammu_line line = {.word = GAMMU_BROKEN, .number = error};
    say(h, &line);
    return 1;
}

int main(int argc, char **argv)
{
    static struct helper helper;
    if (argc != 5) {
        fputs("otpgate-gammu is started by otpgated: CONNECTION DEVICE MODEL SMSC\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never without the daemon */
    bool bluetooth = strncmp(argv[1], "blue", 4) == 0;
    if (!gammu_sandbox_enter(argv[2], bluetooth))
        fputs("otpgate-gammu: this kernel cannot shut it in completely\n", stderr);
    if (!hold(argv[2]))
        return give_up(&helper, GAMMU_PHONE_BUSY);
    unsigned error = gammu_phone_open(argv[1], argv[2], argv[3], argv[4], &helper.phone);
    if (error)
        return give_up(&helper, error);
    introduce(&helper);
    serve(&helper);
    gammu_phone_close(helper.phone);
    return 0;
}
