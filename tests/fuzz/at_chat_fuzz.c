/* at_chat: a script plays a modem that may say anything, time, and the owner. One command on the
 * wire, done exactly once for each, nothing behind a body but its answer or its time-out, a Ctrl-Z
 * only at the end of a body. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "at_chat.h"
#include "loop_sim.h"
#include "stream_pipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct loop *loop;
    struct stream *host, *modem;
    struct at_chat chat;
    unsigned sent, done;
    bool bodied; /* the command under way has its body out */
    int64_t body_ms;
    bool host_closed;
    bool held; /* bytes may arrive long after they were written */
} f;

enum { BODY_MS = 20000 };

static void host_close(void)
{
    if (f.host_closed)
        return;
    f.host_closed = true;
    at_chat_gone(&f.chat);
    stream_close(f.host);
}

static bool on_line(void *arg, const char *line)
{
    (void)arg;
    assert(f.sent == f.done + 1);
    if (strncmp(line, "+CMGS:", 6) == 0)
        assert(f.bodied);
    return line[strlen(line) - 1] != '!';
}

static void on_prompted(void *arg)
{
    (void)arg;
    assert(f.sent == f.done + 1 && at_chat_is_prompted(&f.chat));
}

static void on_done(void *arg, const struct at_result *result)
{
    (void)arg;
    f.done++;
    assert(f.done == f.sent);
    assert(!result->body_left || f.bodied);
    assert(!result->body_left || result->prompted);
    f.bodied = false;
    if (result->stuck)
        host_close(); /* as the engine asks */
}

static void on_awake(void *ctx)
{
    (void)ctx;
}

static void on_fenced(void *ctx, bool in_step)
{
    (void)ctx;
    (void)in_step;
    assert(f.sent == f.done);
}

static void on_orphan(void *ctx, const struct at_final *final)
{
    (void)ctx;
    (void) final;
    assert(f.sent == f.done);
}

static void on_broken(void *ctx)
{
    (void)ctx;
    host_close();
}

static void on_overdue(void *ctx, const struct at_command *command, const struct at_result *so_far)
{
    (void)ctx;
    assert(f.chat.state == AT_CHAT_FENCE);
    assert(f.sent == f.done + (command != NULL));
    assert(!command || !so_far->body_left || f.bodied);
}

static void on_idle(void *ctx)
{
    (void)ctx;
    assert(f.sent == f.done && at_chat_is_idle(&f.chat));
}

static const struct at_chat_sink chat_sink = {.awake = on_awake,
                                              .fenced = on_fenced,
                                              .orphan = on_orphan,
                                              .broken = on_broken,
                                              .overdue = on_overdue,
                                              .idle = on_idle};
static const struct at_urc urcs[] = {{.prefix = "+CMGS:"},
                                     {.prefix = "+CMT:", .text = true, .body = true},
                                     {.prefix = "^RSSI:"},
                                     {.prefix = NULL}};
static const struct at_command commands[] = {
    {.text = "AT+CSQ", .prefix = {"+CSQ:"}, .timeout_ms = 5000},
    {.text = "AT+CGMM", .prefix = {"+CGMM:", ""}, .timeout_ms = 5000},
    {.text = "AT+CMGF?", .prefix = {"+CMGF:"}, .timeout_ms = 3000, .info_enough = true},
    {.text = "AT+CFUN=1,1", .timeout_ms = 5000, .no_fence = true},
    {.text = "AT+CMGS=20",
     .prefix = {"+CMGS:"},
     .timeout_ms = 10000,
     .owner_ms = 20000,
     .prompt = true},
};

static void host_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    at_chat_feed(&f.chat, data, len);
}

static void host_on_gone(void *ctx, int err)
{
    (void)ctx;
    (void)err;
    host_close();
}

static void modem_on_data(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    const uint8_t *end = memchr(data, 0x1a, len);
    assert(!end || (f.bodied && end == data + len - 1));
    /* Behind a body only its own time-out may write. */
    if (f.bodied && !end && !f.held)
        assert(loop_now_ms(f.loop) >= f.body_ms + BODY_MS);
}

static void modem_on_gone(void *ctx, int err)
{
    (void)ctx;
    (void)err;
}

static const struct stream_sink host_sink = {.on_data = host_on_data, .on_gone = host_on_gone};
static const struct stream_sink modem_sink = {.on_data = modem_on_data, .on_gone = modem_on_gone};

static const char *const words[] = {
    "\r\nOK\r\n",
    "\r\nERROR\r\n",
    "\r\n> ",
    "\r\n+CMGS: 7\r\n",
    "\r\n+CMGF: 0\r\n",
    "\r\n+CMEE: 1\r\n",
    "\r\n+CSQ: 1,99\r\n",
    "\r\n+CMS ERROR: 38\r\n",
    "\r\n^RSSI:1",
    "+CUSD: 0,\"a\r\n",
    "AT+CSQ\r",
    "\r\n+CM",
    "GS: 3\r\n",
    "\r\n+CMT: ,20\r\n",
    "0791\r\n",
    "\r\nNO CARRIER\r\n",
};

static void play(uint8_t op, uint8_t arg, const uint8_t **data, size_t *size)
{
    size_t len = arg % 16u < *size ? arg % 16u : *size;
    switch (op % 8) {
    case 0: /* the modem: any bytes */
        if (len > 0)
            assert(stream_write(f.modem, *data, len) == 0 || f.host_closed);
        *data += len;
        *size -= len;
        break;
    case 1:
    case 2: { /* a word */
        const char *word = words[arg % (sizeof words / sizeof *words)];
        assert(stream_write(f.modem, word, strlen(word)) == 0 || f.host_closed);
        break;
    }
    case 3:
        loop_sim_run_until(f.loop, loop_now_ms(f.loop) + arg * 50);
        break;
    case 4:
        if (at_chat_is_idle(&f.chat)) {
            struct at_command command = commands[arg % (sizeof commands / sizeof *commands)];
            command.line = on_line;
            command.prompted = on_prompted;
            command.done = on_done;
            f.sent++;
            at_chat_send(&f.chat, &command);
        }
        break;
    case 5:
        if (at_chat_is_prompted(&f.chat)) {
            f.bodied = true;
            f.body_ms = loop_now_ms(f.loop);
            (void)at_chat_body(&f.chat, "0011", 4, BODY_MS);
        }
        break;
    case 6:
        if (arg & 1)
            at_chat_escape(&f.chat);
        else if (at_chat_is_idle(&f.chat))
            at_chat_fence(&f.chat);
        break;
    case 7:
        if (arg == 255 && !f.host_closed)
            stream_pipe_cut(f.modem, 5);
        else if (!f.host_closed)
            stream_pipe_hold(f.host, arg & 1);
        f.held = true;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&f, 0, sizeof f);
    f.loop = loop_sim_new(1000, 0);
    assert(f.loop);
    assert(stream_pipe_new(f.loop, 0, &host_sink, NULL, &f.host, &modem_sink, NULL, &f.modem) == 0);
    at_chat_init(&f.chat, f.loop, urcs, &chat_sink, NULL);
    at_chat_wake(&f.chat, f.host);
    while (size >= 2) {
        uint8_t op = data[0];
        uint8_t arg = data[1];
        data += 2;
        size -= 2;
        play(op, arg, &data, &size);
        loop_sim_settle(f.loop);
    }
    /* Every command ends by itself. */
    if (!f.host_closed)
        stream_pipe_hold(f.host, 0);
    loop_sim_run_until(f.loop, loop_now_ms(f.loop) + 200000);
    assert(f.sent == f.done);
    host_close();
    stream_close(f.modem);
    loop_sim_settle(f.loop);
    loop_free(f.loop);
    return 0;
}
