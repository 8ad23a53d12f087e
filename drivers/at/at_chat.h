/* at_chat: the dialogue engine. One command on the wire, ever; its answer goes to it and to nobody
 * else. Owned by the AT link, which owns the stream. It knows nothing of short messages.
 *
 * A command owns the prefixes of its information lines. A line nobody owns is an unsolicited
 * result, looked up in a const table, else counted. Every command has a time-out; what has already
 * arrived is handled before one is believed.
 *
 * After a time-out comes the fence: ESC if a prompt may be open, then two queries, each of which
 * must bring its own information line and its OK. Only then is the next command written, so that a
 * late answer is never taken for another command's. A command's done() is called after its fence;
 * that its time is over is told before (overdue), for a dead modem's fence takes nine seconds more.
 *
 * It must never: write Ctrl-Z but as the end of a body; write anything between a body and its
 * answer; call done() twice, or from inside at_chat_send() and its like. */
#ifndef OTPGATE_AT_CHAT_H
#define OTPGATE_AT_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_lexer.h"
#include "at_parse.h"
#include "at_trace.h"
#include "loop.h"
#include "stream.h"

enum {
    AT_COMMAND_MAX = 192, /* bytes of a command, without its CR */
    AT_PREFIXES = 2,
    AT_CHAT_SETTLE_MS = 150, /* after ESC CR on a port just opened: replayed lines are discarded */
    AT_CHAT_ESCAPE_MS = 200, /* after an ESC, before the next byte */
    AT_CHAT_FENCE_STEP_MS = 3000,
    AT_CHAT_FENCE_ROUNDS = 3,
    AT_CHAT_FENCE_ESCAPES = 5, /* prompts that one fence takes back */
    AT_CHAT_QUOTE_MS = 5000,   /* between two lines of one quoted text (+CUSD) */
    AT_CHAT_BODY_LINES = 4,    /* a body comes within so many lines, others may come between */
};

enum at_end {
    AT_END_FINAL,      /* a final result: result->final */
    AT_END_TIMEOUT,    /* none that can be trusted */
    AT_END_TAKEN_BACK, /* ended by at_chat_escape(), or the owner was silent at the prompt */
    AT_END_GONE,       /* the port died */
};
struct at_result {
    enum at_end end;
    struct at_final final;
    bool prompted;  /* the prompt came */
    bool body_left; /* the last byte of the body may have left us */
    bool in_step;   /* false: the fence failed, or the port died */
    bool stuck;     /* the body still waits in the stream: close it, or it leaves later */
};
static inline bool at_result_ok(const struct at_result *result)
{
    return result->end == AT_END_FINAL && result->final.kind == AT_FINAL_OK;
}

struct at_command {
    const char *text; /* without CR; copied */
    /* Of its information lines; "" takes any line nobody else owns. With a prompt: owned only once
     * the body is written, for before that such a line can only belong to something earlier. */
    const char *prefix[AT_PREFIXES];
    int timeout_ms;   /* of the answer, or of the prompt */
    int owner_ms;     /* prompt: how long the owner may think about the body */
    bool prompt;      /* asks for a body with `> ` */
    bool info_enough; /* some modems send no OK (Wavecom, Sierra after +CPIN:) */
    bool no_fence;    /* a reset: silence is an answer too */
    bool secret;      /* a PIN: wiped here when it ends, never shown to anybody who records */
    /* false: not understood, the line may have been cut in two */
    bool (*line)(void *arg, const char *line);
    void (*prompted)(
        void *arg); /* answer with at_chat_body() or at_chat_escape(), at any later time */
    void (*done)(void *arg, const struct at_result *result);
    void *arg;
};

/* Unsolicited results; the last row's prefix is NULL. */
struct at_urc {
    const char *prefix;
    void (*fn)(void *ctx, const char *line); /* NULL: known noise */
    bool text; /* carries text from the air: never searched for an answer */
    bool body; /* a line of hex follows and belongs to it */
    /* Takes that line; false: not understood, it may have been cut in two. NULL: not wanted. */
    bool (*body_fn)(void *ctx, const char *line);
};
/* A query that brings an information line and an OK, from the modem's memory, at once. */
struct at_query {
    const char *command, *prefix;
};
/* For the fence. Both of the first pair are mandatory (TS 27.005 clause 3.2.3, TS 27.007
 * clause 9.1); without a SIM some modems refuse the first, so that the early pair does without. */
extern const struct at_query at_queries[2], at_queries_early[2];
struct at_chat_sink {
    void (*awake)(void *ctx);                /* after at_chat_wake() */
    void (*fenced)(void *ctx, bool in_step); /* after a fence that no command asked for */
    void (*orphan)(void *ctx, const struct at_final *final); /* a final result nobody waits for */
    void (*broken)(void *ctx); /* a write failed: the stream is as good as gone */
    /* What was asked has not been answered in its time, and a fence is under way: a command's, or
     * one of its own queries'. `so_far`: what `command` has come to, if it ended now.
     * `command` NULL: none is on the wire. Its late answer, if there is one, still comes as its
     * line. Told again for each query that stays without an answer. Nothing is sent from inside.
     * NULL: nobody asks. */
    void (*overdue)(void *ctx, const struct at_command *command, const struct at_result *so_far);
    /* Nothing is on the wire any more, and whoever was told so (done, fenced) has begun nothing
     * new. NULL: nobody asks. */
    void (*idle)(void *ctx);
};

enum at_chat_state {
    AT_CHAT_CLOSED,
    AT_CHAT_WAKING,
    AT_CHAT_IDLE,
    AT_CHAT_COMMAND,
    AT_CHAT_PROMPTED,
    AT_CHAT_BODY,
    AT_CHAT_FENCE,
};

struct at_chat {
    const struct at_chat_sink *sink;
    void *ctx;
    const struct at_urc *urcs;
    const struct at_query *queries; /* of the fence; the owner changes it at will */
    struct stream *stream;
    struct at_trace *trace; /* NULL: nothing is written down; the owner's */
    enum at_chat_state state;
    uint64_t moves; /* counts state changes: has anything happened meanwhile? */
    struct at_lexer lexer;
    struct loop_timer timer;
    struct loop_timer quote_timer; /* a quoted text is open */
    struct loop_task broken;
    /* the command on the wire, also while its fence is under way */
    bool has_command, has_info;
    const struct at_urc *body_of; /* an unsolicited line whose second one is due */
    unsigned body_lines;          /* it may come within so many */
    char body[512];               /* its first half */
    bool echoed;                  /* the last command came back as a line */
    struct at_command command;
    char text[AT_COMMAND_MAX + 1];
    struct at_result result;
    char fragment[512]; /* a line nobody knew: perhaps the first half of one */
    struct {
        unsigned step, round, escapes;
        unsigned owed[2]; /* queries written and not yet answered */
        int info;         /* the query whose information line came last, -1: none */
        bool heard, pausing;
        bool alive; /* final results came, fitting or not */
    } fence;
    struct {
        uint64_t lines, unknown, orphans, timeouts, fences, joined, glued;
    } count;
};

void at_chat_init(struct at_chat *chat, struct loop *loop, const struct at_urc *urcs,
                  const struct at_chat_sink *sink, void *ctx);
/* The stream must be open. Writes ESC CR (a prompt of a former life is left, never answered),
 * discards what comes for a moment, then calls awake(). */
void at_chat_wake(struct at_chat *chat, struct stream *stream);
/* Before the stream is closed: forgets it and the command on the wire; nothing is called any more.
 */
void at_chat_close(struct at_chat *chat);
/* From the stream's sink. at_chat_gone() ends the command on the wire, before the stream is closed.
 */
void at_chat_feed(struct at_chat *chat, const uint8_t *data, size_t len);
void at_chat_gone(struct at_chat *chat);

bool at_chat_is_idle(const struct at_chat *chat);
bool at_chat_is_prompted(const struct at_chat *chat); /* the body is asked for */
/* Only when idle (a fault of ours otherwise). */
void at_chat_send(struct at_chat *chat, const struct at_command *command);
void at_chat_fence(struct at_chat *chat);
/* Only while prompted: body and Ctrl-Z in one write. False: they cannot leave, broken() follows. */
bool at_chat_body(struct at_chat *chat, const char *body, size_t len, int timeout_ms);
/* Takes a command with a prompt back: ESC, fence, done(AT_END_TAKEN_BACK). Ignored once the body is
 * written or the fence is under way. */
void at_chat_escape(struct at_chat *chat);
/* A new time-out for the command on the wire, from now on. Ignored in a fence. */
void at_chat_extend(struct at_chat *chat, int timeout_ms);

#endif
