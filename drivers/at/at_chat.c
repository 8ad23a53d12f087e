#include "at_chat.h"

#include <assert.h>
#include <string.h>

enum { BODY_LEAST = 16 }; /* digits of the shortest TPDU that is sent, and its service centre */

static const char escape = 0x1b;

const struct at_query at_queries[2] = {{"AT+CMGF?", "+CMGF:"}, {"AT+CMEE?", "+CMEE:"}};
const struct at_query at_queries_early[2] = {{"AT+CFUN?", "+CFUN:"}, {"AT+CMEE?", "+CMEE:"}};

static void fence_begin(struct at_chat *chat, bool with_escape);

static void chat_goto(struct at_chat *chat, enum at_chat_state state, int timeout_ms)
{
    chat->state = state;
    chat->moves++;
    chat->lexer.prompt_due = state == AT_CHAT_COMMAND && chat->command.prompt;
    loop_timer_cancel(&chat->timer);
    if (timeout_ms > 0)
        loop_timer_arm_in(&chat->timer, timeout_ms);
}

/* A failed write is told at the end of the turn: never from inside at_chat_send(). */
static bool chat_write(struct at_chat *chat, const void *data, size_t len)
{
    if (stream_write(chat->stream, data, len) == 0)
        return true;
    loop_defer(&chat->broken, LOOP_SOON);
    return false;
}

static void chat_write_line(struct at_chat *chat, const char *text)
{
    if (chat->trace)
        at_trace_command(chat->trace, loop_now_ns(chat->timer.loop), text);
    char line[AT_COMMAND_MAX + 2];
    size_t len = strlen(text);
    assert(len <= AT_COMMAND_MAX);
    for (size_t i = 0; i < len; i++)
        line[i] = text[i];
    line[len++] = '\r';
    (void)chat_write(chat, line, len);
    explicit_bzero(line, sizeof line);
}

/* Of a PIN, or of the echo of one, nothing stays behind. */
static void chat_wipe_secret(struct at_chat *chat)
{
    if (!chat->has_command || !chat->command.secret)
        return;
    explicit_bzero(chat->text, sizeof chat->text);
    explicit_bzero(chat->fragment, sizeof chat->fragment);
    explicit_bzero(chat->lexer.line, sizeof chat->lexer.line);
    at_lexer_reset(&chat->lexer);
}

/* The end of a command, or of a fence without one. The struct is free for the next before done().
 */
static void chat_finish(struct at_chat *chat, bool in_step)
{
    struct at_result result = chat->result;
    struct at_command command = chat->command;
    bool had_command = chat->has_command;
    result.in_step = in_step;
    chat_wipe_secret(chat);
    chat->has_command = false;
    chat->fragment[0] = '\0';
    chat_goto(chat, AT_CHAT_IDLE, 0);
    if (had_command)
        command.done(command.arg, &result);
    else
        chat->sink->fenced(chat->ctx, in_step);
    if (chat->state == AT_CHAT_IDLE && chat->sink->idle)
        chat->sink->idle(chat->ctx);
}

static void chat_overdue(struct at_chat *chat)
{
    if (chat->sink->overdue)
        chat->sink->overdue(chat->ctx, chat->has_command ? &chat->command : NULL, &chat->result);
}

/* --- the fence --- */

static void fence_write(struct at_chat *chat, unsigned step)
{
    chat->fence.step = step;
    chat->fence.owed[step]++;
    chat->fence.pausing = false;
    chat->fence.heard = false;
    chat_goto(chat, AT_CHAT_FENCE, AT_CHAT_FENCE_STEP_MS);
    chat_write_line(chat, chat->queries[step].command);
}

/* Never Ctrl-Z: it would send what lies in the modem's buffer. */
static void fence_escape(struct at_chat *chat)
{
    chat->fence.pausing = true;
    chat->fence.info = -1;
    memset(chat->fence.owed, 0, sizeof chat->fence.owed); /* the prompt swallowed what was asked */
    chat_goto(chat, AT_CHAT_FENCE, AT_CHAT_ESCAPE_MS);
    if (chat->trace)
        at_trace_escape(chat->trace, loop_now_ns(chat->timer.loop));
    (void)chat_write(chat, &escape, 1);
}

static void fence_begin(struct at_chat *chat, bool with_escape)
{
    memset(&chat->fence, 0, sizeof chat->fence);
    chat->fence.info = -1;
    chat->count.fences++;
    if (with_escape)
        fence_escape(chat);
    else
        fence_write(chat, 0);
}

static void fence_prompt(struct at_chat *chat)
{
    if (++chat->fence.escapes > AT_CHAT_FENCE_ESCAPES)
        chat_finish(chat, false);
    else
        fence_escape(chat);
}

/* An OK counts only behind an information line of a query; every other final result is late, and
 * somebody else's. With queries still unanswered we are not in step yet. */
static void fence_final(struct at_chat *chat, const struct at_final *final)
{
    int answered = chat->fence.info;
    chat->fence.info = -1;
    chat->fence.alive = true;
    if (final->kind != AT_FINAL_OK || answered < 0) {
        chat->count.orphans++;
        return;
    }
    if (chat->fence.owed[answered] > 0)
        chat->fence.owed[answered]--;
    chat->fence.heard = true;
    if (chat->fence.pausing || (unsigned)answered != chat->fence.step)
        return;
    if (chat->fence.owed[answered] > 0)
        chat_goto(chat, AT_CHAT_FENCE, AT_CHAT_FENCE_STEP_MS); /* the rest, or quiet */
    else if (chat->fence.step == 0)
        fence_write(chat, 1);
    else
        chat_finish(chat, true);
}

static void fence_timeout(struct at_chat *chat)
{
    if (chat->fence.pausing) {
        fence_write(chat, 0);
        return;
    }
    /* An answer and then quiet: the other queries were lost. Quiet alone forgives nothing, for a
     * busy modem may answer them all later. */
    if (chat->fence.heard)
        memset(chat->fence.owed, 0, sizeof chat->fence.owed);
    if (++chat->fence.round >= AT_CHAT_FENCE_ROUNDS) {
        chat_finish(chat, false);
        return;
    }
    fence_write(chat, 0);
    chat_overdue(chat);
}

/* --- lines --- */

static bool has_prefix(const char *line, const char *prefix)
{
    return strncmp(line, prefix, strlen(prefix)) == 0;
}

/* While a fence is under way its command is still owed a late answer. */
static bool command_owns(const struct at_chat *chat, const char *line)
{
    if (!chat->has_command || (chat->command.prompt && !chat->result.body_left))
        return false;
    for (unsigned i = 0; i < AT_PREFIXES; i++) {
        const char *prefix = chat->command.prefix[i];
        if (prefix && *prefix && has_prefix(line, prefix))
            return true;
    }
    return false;
}

static bool command_takes_bare(const struct at_chat *chat)
{
    if (chat->state != AT_CHAT_COMMAND)
        return false;
    for (unsigned i = 0; i < AT_PREFIXES; i++)
        if (chat->command.prefix[i] && !*chat->command.prefix[i])
            return true;
    return false;
}

static bool command_line(struct at_chat *chat, const char *line)
{
    if (chat->command.line && !chat->command.line(chat->command.arg, line))
        return false;
    chat->has_info = true;
    return true;
}

/* The Ctrl-Z has not reached the kernel. It must not do so now: the owner closes the stream. */
static bool body_is_stuck(struct at_chat *chat)
{
    if (stream_unsent(chat->stream) == 0)
        return false;
    chat->result.body_left = false;
    chat->result.stuck = true;
    chat_finish(chat, false);
    return true;
}

static void chat_final(struct at_chat *chat, const struct at_final *final)
{
    switch (chat->state) {
    case AT_CHAT_COMMAND:
    case AT_CHAT_PROMPTED:
    case AT_CHAT_BODY:
        chat->result.end = AT_END_FINAL;
        chat->result.final = *final;
        if (chat->result.body_left && body_is_stuck(chat))
            break; /* an answer to something, but not to a body that waits here */
        /* A refusal instead of the prompt is an end. Anything else before the body leaves the
         * prompt in doubt. */
        if (chat->command.prompt && !chat->result.body_left &&
            (chat->result.prompted || final->kind == AT_FINAL_OK))
            fence_begin(chat, true);
        else
            chat_finish(chat, true);
        break;
    case AT_CHAT_FENCE:
        fence_final(chat, final);
        break;
    case AT_CHAT_CLOSED:
    case AT_CHAT_WAKING:
    case AT_CHAT_IDLE:
        chat->count.orphans++;
        chat->sink->orphan(chat->ctx, final);
        break;
    }
}

static const struct at_urc *urc_find(const struct at_chat *chat, const char *line)
{
    const struct at_urc *urc = chat->urcs;
    while (urc->prefix && !has_prefix(line, urc->prefix))
        urc++;
    return urc->prefix ? urc : NULL;
}

/* True: an answer that is due now. */
static bool chat_take_answer(struct at_chat *chat, const char *line)
{
    struct at_final final;
    if (chat->state == AT_CHAT_FENCE) /* first: the command that timed out may be one of the two */
        for (unsigned i = 0; i < 2; i++)
            if (has_prefix(line, chat->queries[i].prefix)) {
                chat->fence.info = (int)i;
                return true;
            }
    if (command_owns(chat, line) && command_line(chat, line))
        return true;
    /* The end of a call is nobody's answer here: we never dial, and RING ends in NO CARRIER. */
    if (!at_parse_final(line, &final))
        return false;
    if (final.kind != AT_FINAL_CALL)
        chat_final(chat, &final);
    return true;
}

/* Right behind a space or a colon it is that line's own value: `+CPIN: ERROR`. */
static bool ends_glued(const char *at)
{
    return at[-1] != ' ' && at[-1] != ':' && (strcmp(at, "OK") == 0 || strcmp(at, "ERROR") == 0);
}

/* An unsolicited line that lost its end runs into the answer behind it: `^RSSI:1+CMGS: 7`. */
static bool chat_take_glued(struct at_chat *chat, const char *line)
{
    bool waiting = chat->state == AT_CHAT_COMMAND || chat->state == AT_CHAT_BODY ||
                   chat->state == AT_CHAT_FENCE;
    if (!waiting || !strchr("+^#*!%", *line))
        return false;
    for (const char *at = line + 1; *at; at++) {
        bool candidate =
            command_owns(chat, at) || has_prefix(at, "+CMS ERROR:") ||
            has_prefix(at, "+CME ERROR:") || ends_glued(at) ||
            (chat->state == AT_CHAT_FENCE &&
             (has_prefix(at, chat->queries[0].prefix) || has_prefix(at, chat->queries[1].prefix)));
        if (candidate && chat_take_answer(chat, at)) {
            chat->count.glued++;
            return true;
        }
    }
    return false;
}

static bool is_hex(const char *line)
{
    return line[strspn(line, "0123456789ABCDEFabcdef")] == '\0';
}

/* The second line of an unsolicited result (+CMT, +CDS), whole or in two halves. Right behind the
 * first it is nothing else; later a half of something else, or a command that asked for such a
 * line, comes first. */
static bool chat_take_body(struct at_chat *chat, const char *line)
{
    const struct at_urc *urc = chat->body_of;
    bool next = chat->body_lines == AT_CHAT_BODY_LINES - 1;
    if (!urc || !is_hex(line) || (!next && (chat->fragment[0] || command_takes_bare(chat))))
        return false;
    size_t had = strlen(chat->body);
    size_t len = strlen(line);
    bool taken = !urc->body_fn;
    if (!taken && had + len < sizeof chat->body) {
        memcpy(chat->body + had, line, len + 1);
        taken = had > 0 && urc->body_fn(chat->ctx, chat->body);
    }
    if (!taken) /* last: a second half may look like a whole */
        taken = urc->body_fn(chat->ctx, line);
    if (taken)
        chat->body_of = NULL;
    return true;
}

/* True: somebody knew the line. */
static bool chat_take(struct at_chat *chat, const char *line)
{
    if (chat_take_answer(chat, line))
        return true;
    if (command_owns(chat, line))
        return false; /* ours, and cut short */
    const struct at_urc *urc = urc_find(chat, line);
    if (!(urc && urc->text) && chat_take_glued(chat, line))
        return true;
    if (urc) {
        if (urc->body) {
            chat->body_of = urc;
            chat->body_lines = AT_CHAT_BODY_LINES;
            chat->body[0] = '\0';
            if (!chat->has_command)
                chat->fragment[0] = '\0'; /* a stray, which nothing is waiting for */
        }
        if (urc->fn)
            urc->fn(chat->ctx, line);
        return true;
    }
    return command_takes_bare(chat) && command_line(chat, line);
}

/* Some firmware prints an unsolicited line in the middle of another one: the halves of the first
 * are put together again, if that makes a line somebody knows. */
static void chat_unknown(struct at_chat *chat, const char *line)
{
    size_t had = strlen(chat->fragment);
    size_t len = strlen(line);
    chat->count.unknown++;
    if (had + len >= sizeof chat->fragment) {
        chat->fragment[0] = '\0';
        return;
    }
    memcpy(chat->fragment + had, line, len + 1);
    if (had == 0)
        return;
    char joined[sizeof chat->fragment];
    memcpy(joined, chat->fragment, had + len + 1);
    chat->fragment[0] = '\0';
    if (chat_take(chat, joined)) {
        chat->count.joined++;
        return;
    }
    /* A whole result that nobody knows may stand between the halves. */
    bool whole = strchr("+^#*!%", *line) && strchr(line, ':');
    memcpy(chat->fragment, whole ? joined : line, (whole ? had : len) + 1);
    chat->fragment[whole ? had : len] = '\0';
}

/* Echo is parsed away whether or not ATE0 was obeyed. */
static bool is_echo(struct at_chat *chat, const char *line)
{
    if (chat->has_command && strcmp(line, chat->text) == 0)
        return chat->echoed = true;
    return chat->state == AT_CHAT_FENCE && (strcmp(line, chat->queries[0].command) == 0 ||
                                            strcmp(line, chat->queries[1].command) == 0);
}

/* An echoed body has no line end of its own. Where the modem begins no line with one either, what
 * it says next stands right behind. */
static const char *behind_echoed_body(const struct at_chat *chat, const char *line)
{
    size_t hex = strspn(line, "0123456789ABCDEF");
    return chat->state == AT_CHAT_BODY && hex >= BODY_LEAST && line[hex] == '+' ? line + hex : line;
}

static void chat_line(struct at_chat *chat, const char *line)
{
    line = behind_echoed_body(chat, line);
    chat->count.lines++;
    if (chat->trace)
        at_trace_heard(chat->trace, loop_now_ns(chat->timer.loop), line);
    if (chat->state == AT_CHAT_WAKING || is_echo(chat, line))
        return;
    if (chat->body_of && chat->body_lines-- == 0)
        chat->body_of = NULL;
    if (!chat_take_body(chat, line) && !chat_take(chat, line))
        chat_unknown(chat, line);
}

static void chat_prompt(struct at_chat *chat)
{
    if (chat->trace)
        at_trace_prompt(chat->trace, loop_now_ns(chat->timer.loop));
    switch (chat->state) {
    case AT_CHAT_CLOSED:
    case AT_CHAT_WAKING:
    case AT_CHAT_PROMPTED:
    case AT_CHAT_BODY: /* a prompt twice: nothing is written inside the answer's time */
        break;
    case AT_CHAT_COMMAND:
        if (chat->command.prompt) {
            chat->result.prompted = true;
            chat_goto(chat, AT_CHAT_PROMPTED, chat->command.owner_ms);
            chat->command.prompted(chat->command.arg);
            break;
        }
        /* Somebody's prompt is open, and it swallows what we write. */
        chat->result.end = AT_END_TIMEOUT;
        fence_begin(chat, true);
        break;
    case AT_CHAT_IDLE:
        fence_begin(chat, true);
        break;
    case AT_CHAT_FENCE:
        fence_prompt(chat);
        break;
    }
}

void at_chat_feed(struct at_chat *chat, const uint8_t *data, size_t len)
{
    const struct stream *stream = chat->stream;
    /* A callback may close the chat, or close it and wake it on another stream. */
    for (size_t i = 0; i < len && chat->stream && chat->stream == stream; i++) {
        switch (at_lexer_feed(&chat->lexer, data[i])) {
        case AT_TOKEN_NONE:
            break;
        case AT_TOKEN_LINE:
            chat_line(chat, chat->lexer.line);
            break;
        case AT_TOKEN_PROMPT:
            chat_prompt(chat);
            break;
        }
    }
    if (!chat->stream || !at_lexer_is_open(&chat->lexer))
        loop_timer_cancel(&chat->quote_timer);
    else
        loop_timer_arm_in(&chat->quote_timer, AT_CHAT_QUOTE_MS);
}

/* The closing quote is lost: what came is handed on, and hides nothing behind it any longer. */
static void chat_on_quote(void *arg)
{
    struct at_chat *chat = arg;
    struct stream *stream = chat->stream;
    stream_drain(stream);
    if (chat->stream == stream && !loop_timer_armed(&chat->quote_timer) &&
        at_lexer_give_up(&chat->lexer) == AT_TOKEN_LINE)
        chat_line(chat, chat->lexer.line);
}

/* --- time-outs --- */

static void command_timeout(struct at_chat *chat)
{
    chat->count.timeouts++;
    chat->result.end = AT_END_TIMEOUT;
    if (chat->command.info_enough && chat->has_info) {
        chat->result.end = AT_END_FINAL;
        chat->result.final = (struct at_final){.kind = AT_FINAL_OK};
    }
    if (chat->command.no_fence) {
        chat_finish(chat, false);
        return;
    }
    fence_begin(chat, chat->command.prompt);
    if (chat->result.end == AT_END_TIMEOUT)
        chat_overdue(chat);
}

static void body_timeout(struct at_chat *chat)
{
    chat->count.timeouts++;
    chat->result.end = AT_END_TIMEOUT;
    if (body_is_stuck(chat))
        return;
    fence_begin(chat, true);
    chat_overdue(chat);
}

static void chat_on_timer(void *arg)
{
    struct at_chat *chat = arg;
    uint64_t moves = chat->moves;
    /* After a stall of ours the answer may long be there. */
    stream_drain(chat->stream);
    if (chat->moves != moves)
        return;
    switch (chat->state) {
    case AT_CHAT_CLOSED:
    case AT_CHAT_IDLE:
        break;
    case AT_CHAT_WAKING:
        at_lexer_reset(&chat->lexer);
        chat_goto(chat, AT_CHAT_IDLE, 0);
        chat->sink->awake(chat->ctx);
        break;
    case AT_CHAT_COMMAND:
        command_timeout(chat);
        break;
    case AT_CHAT_PROMPTED:
        chat->result.end = AT_END_TAKEN_BACK;
        fence_begin(chat, true);
        chat_overdue(chat);
        break;
    case AT_CHAT_BODY:
        body_timeout(chat);
        break;
    case AT_CHAT_FENCE:
        fence_timeout(chat);
        break;
    }
}

/* --- the owner's calls --- */

static void chat_on_broken(void *arg)
{
    struct at_chat *chat = arg;
    chat->sink->broken(chat->ctx);
}

void at_chat_init(struct at_chat *chat, struct loop *loop, const struct at_urc *urcs,
                  const struct at_chat_sink *sink, void *ctx)
{
    memset(chat, 0, sizeof *chat);
    chat->sink = sink;
    chat->ctx = ctx;
    chat->urcs = urcs;
    chat->queries = at_queries;
    loop_timer_init(&chat->timer, loop, chat_on_timer, chat);
    loop_timer_init(&chat->quote_timer, loop, chat_on_quote, chat);
    loop_task_init(&chat->broken, loop, chat_on_broken, chat);
}

void at_chat_wake(struct at_chat *chat, struct stream *stream)
{
    assert(chat->state == AT_CHAT_CLOSED);
    chat->stream = stream;
    at_lexer_reset(&chat->lexer);
    chat->body_of = NULL;
    chat_goto(chat, AT_CHAT_WAKING, AT_CHAT_SETTLE_MS);
    if (chat->trace)
        at_trace_escape(chat->trace, loop_now_ns(chat->timer.loop));
    (void)chat_write(chat, "\x1b\r", 2);
}

void at_chat_close(struct at_chat *chat)
{
    chat->stream = NULL;
    chat_wipe_secret(chat);
    chat->has_command = false;
    chat->fragment[0] = '\0';
    loop_task_cancel(&chat->broken);
    loop_timer_cancel(&chat->quote_timer);
    chat_goto(chat, AT_CHAT_CLOSED, 0);
}

void at_chat_gone(struct at_chat *chat)
{
    struct at_result result = chat->result;
    struct at_command command = chat->command;
    bool had_command = chat->has_command;
    if (chat->state == AT_CHAT_CLOSED)
        return;
    /* In a fence the cause stays what led there: silence, or our own taking back. */
    if (chat->state != AT_CHAT_FENCE)
        result.end = AT_END_GONE;
    /* While the answer is awaited nothing was written behind the body: what is unsent is its end.
     */
    if (chat->state == AT_CHAT_BODY && stream_unsent(chat->stream) > 0)
        result.body_left = false;
    result.in_step = false;
    at_chat_close(chat);
    if (had_command)
        command.done(command.arg, &result);
}

bool at_chat_is_prompted(const struct at_chat *chat)
{
    return chat->state == AT_CHAT_PROMPTED;
}

bool at_chat_is_idle(const struct at_chat *chat)
{
    return chat->state == AT_CHAT_IDLE;
}

void at_chat_send(struct at_chat *chat, const struct at_command *command)
{
    assert(chat->state == AT_CHAT_IDLE);
    assert(command->timeout_ms > 0 && command->done);
    assert(!command->prompt || (command->owner_ms > 0 && command->prompted));
    assert(strlen(command->text) <= AT_COMMAND_MAX);
    chat->command = *command;
    memcpy(chat->text, command->text, strlen(command->text) + 1);
    chat->command.text = chat->text;
    chat->has_command = true;
    chat->has_info = false;
    chat->echoed = false;
    chat->result = (struct at_result){.end = AT_END_TIMEOUT};
    chat->fragment[0] = '\0';
    chat_goto(chat, AT_CHAT_COMMAND, command->timeout_ms);
    chat_write_line(chat, chat->text);
}

void at_chat_fence(struct at_chat *chat)
{
    assert(chat->state == AT_CHAT_IDLE);
    fence_begin(chat, false);
}

bool at_chat_body(struct at_chat *chat, const char *body, size_t len, int timeout_ms)
{
    char bytes[512];
    assert(chat->state == AT_CHAT_PROMPTED && len < sizeof bytes && timeout_ms > 0);
    memcpy(bytes, body, len);
    if (chat->trace)
        at_trace_body(chat->trace, loop_now_ns(chat->timer.loop), len);
    bytes[len++] = 0x1a;
    chat->fragment[0] = '\0';
    chat_goto(chat, AT_CHAT_BODY, timeout_ms);
    chat->result.body_left = chat_write(chat, bytes, len);
    return chat->result.body_left;
}

void at_chat_escape(struct at_chat *chat)
{
    bool open =
        chat->state == AT_CHAT_PROMPTED || (chat->state == AT_CHAT_COMMAND && chat->command.prompt);
    if (!open)
        return;
    chat->result.end = AT_END_TAKEN_BACK;
    fence_begin(chat, true);
}

void at_chat_extend(struct at_chat *chat, int timeout_ms)
{
    if (chat->state == AT_CHAT_COMMAND || chat->state == AT_CHAT_BODY)
        chat_goto(chat, chat->state, timeout_ms);
}
