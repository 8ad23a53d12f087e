/* at_receive: a modem that answers the storage commands with whatever the input says, and says
 * whatever it likes in between, while messages are sent. Each submit has exactly one outcome, no
 * command goes round and round, and once the modem is in order again the link sends. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at_world.h"
#include "log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_log(void *arg, enum log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static struct world w;
static const uint8_t *input, *input_end;

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s\n%s", #condition, w.trace);                                        \
            fprintf(stderr, "%.*s\n", (int)w.wire_len, w.wire);                                    \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static uint8_t take(void)
{
    return input < input_end ? *input++ : 0;
}

static void say(const char *text)
{
    world_say(&w, text, strlen(text));
}

#define TPDU "07914889200026F0040B914809151122F200006211220100008205E8329BFD06"
#define REPORT "0006070B914809151122F2621122010000826211220101008200"

/* A line of the input's own: its next bytes, or as hex. */
static void say_own(bool hex)
{
    char text[2 * 64 + 1];
    unsigned len = take() % 64;
    size_t used = 0;
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = take();
        if (hex) {
            text[used++] = "0123456789ABCDEF"[byte >> 4];
            text[used++] = "0123456789abcdef"[byte & 15];
        } else if (byte >= 0x20 && byte != '>') {
            text[used++] = (char)byte;
        }
    }
    world_say(&w, text, used);
    say("\r\n");
}

static void say_piece(uint8_t choice)
{
    static const char *const pieces[] = {
        "\r\n+CMGR: 0,,24\r\n",
        "\r\n+CMGL: 1,0,,24\r\n",
        "\r\n+CMGL: 2,1,\"x\",24\r\n",
        TPDU "\r\n",
        REPORT "\r\n",
        "\r\n+CMGL: 3,2,,24\r\n",
        "\r\n+CMGR: 1,,24 " TPDU "\r\n",
        "\r\n+CPMS: \"SM\",3,20,\"ME\",0,50,\"ME\",0,50\r\n",
        "\r\n+CPMS: 40,50,40,50,40,50\r\n",
        "\r\n+CPMS: 0,50\r\n",
        "\r\n+CNMI: 2,0,0,0,0\r\n",
        "\r\n+CMGR: \"REC READ\",\"1\"\r\n",
        "\r\n+CMTI: \"ME\",1\r\n",
        "\r\n+CMTI: \"SM\",2\r\n",
        "\r\n+CDSI: \"SR\",0\r\n",
        "\r\n+CMTI: 0,300\r\n",
        "\r\n+CMT: ,24\r\n" TPDU "\r\n",
        "\r\n+CDS: 25\r\n" REPORT "\r\n",
        "\r\n+CMT: 0\r\n",
        "\r\n^SMMEMFULL: \"SM\"\r\n",
        "\r\n+CMTI: \"S\r\n",
        "\r\n+CMS ERROR: 322\r\n",
        "\r\n^RSSI:1\r\n",
    };
    unsigned count = sizeof pieces / sizeof *pieces;
    if (choice % (count + 2) < count)
        say(pieces[choice % (count + 2)]);
    else
        say_own(choice % (count + 2) == count);
}

static bool answer(struct world *world, const char *command)
{
    static const char *const finals[] = {"\r\nOK\r\n",
                                         "\r\nOK\r\n",
                                         "\r\nERROR\r\n",
                                         "",
                                         "\r\n+CMS ERROR: 321\r\n",
                                         "\r\n+CMS ERROR: 314\r\n",
                                         "\r\n+CME ERROR: 100\r\n",
                                         "\r\nOK\r\n"};
    (void)world;
    bool storage = strncmp(command, "AT+CMGR", 7) == 0 || strncmp(command, "AT+CMGL", 7) == 0 ||
                   strncmp(command, "AT+CMGD", 7) == 0 || strncmp(command, "AT+CPMS", 7) == 0 ||
                   strncmp(command, "AT+CNMI", 7) == 0;
    if (!storage || input == input_end)
        return false;
    uint8_t choice = take();
    for (unsigned i = 0; i < choice % 8U; i++)
        say_piece(take());
    say(finals[choice / 8 % (sizeof finals / sizeof *finals)]);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned submitted = 0;
    log_sink_set(no_log, NULL);
    memset(&w, 0, sizeof w);
    input = data;
    input_end = data + (size < 600 ? size : 600);
    w.hook = answer;
    world_start(&w);
    (void)world_until_ready(&w, 60000);
    for (int i = 0; i < 40 && input < input_end; i++) {
        uint8_t choice = take();
        if (choice & 1)
            submitted += world_submit(&w, false) != 0;
        else
            say_piece(choice / 2);
        unsigned commands = w.commands;
        world_run(&w, (int64_t)take() * 200);
        /* An answer of ours is at most eight lines; each may ask for two commands. */
        must(w.commands - commands < 4000);
        must(w.outcomes <= submitted && submitted <= w.outcomes + 1);
    }
    input = input_end;
    world_run(&w, 200000);
    must(w.outcomes == submitted && w.written_meanwhile == 0);
    must(world_until_ready(&w, 3000000));
    uint64_t token = world_submit(&w, false);
    must(token != 0 && world_until_outcome(&w, token, 200000));
    must(w.outcome.verdict == SMS_SENT);
    /* In order and with nothing stored it is left in peace: five commands a minute, the sweep of
     * the memories that were named, and each of those walked once where the modem does not list. */
    world_run(&w, 60000);
    unsigned commands = w.commands;
    world_run(&w, 600000);
    must(w.commands - commands <= 10 * 20 + 7 * 257);
    world_stop(&w);
    return 0;
}
