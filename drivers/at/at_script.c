#include "at_script.h"

#include <assert.h>
#include <string.h>

enum { TIMEOUTS_MAX = 3 };

static void script_next(struct at_script *script);

static void script_finish(struct at_script *script, enum at_script_end end)
{
    void (*done)(void *, enum at_script_end) = script->done;
    at_script_forget(script);
    done(script->arg, end);
}

static void step_done(void *arg, const struct at_result *result)
{
    struct at_script *script = arg;
    if (!script->steps || result->end == AT_END_GONE)
        return; /* forgotten, or the link is told by its stream */
    const struct at_step *step = &script->steps[script->step];
    script->timeouts = result->end == AT_END_TIMEOUT ? script->timeouts + 1 : 0;
    if (!result->in_step || script->timeouts >= TIMEOUTS_MAX) {
        script_finish(script, AT_SCRIPT_DEAF);
        return;
    }
    if (result->end == AT_END_FINAL && result->final.kind != AT_FINAL_OK && step->error)
        step->error(script->arg, &result->final);
    bool again = !at_result_ok(result) && --script->tries_left > 0;
    if (!again && !at_result_ok(result) && step->on_error == AT_GIVE_UP) {
        script_finish(script, AT_SCRIPT_FAILED);
        return;
    }
    if (script->stopping) {
        script_finish(script, AT_SCRIPT_STOPPED);
        return;
    }
    if (!again) {
        script->step++;
        script->tries_left = 0;
    }
    if (again && step->retry_ms > 0)
        loop_timer_arm_in(&script->retry, step->retry_ms);
    else
        script_next(script);
}

static bool step_line(void *arg, const char *line)
{
    struct at_script *script = arg;
    if (!script->steps)
        return false;
    const struct at_step *step = &script->steps[script->step];
    return !step->line || step->line(script->arg, line);
}

static void script_next(struct at_script *script)
{
    for (;; script->step++) {
        const struct at_step *step = &script->steps[script->step];
        const char *text = step->command;
        if (!text && !step->make) {
            script_finish(script, AT_SCRIPT_DONE);
            return;
        }
        if (!text)
            text = step->make(script->arg);
        if (!text)
            continue;
        if (script->tries_left == 0)
            script->tries_left = step->tries > 0 ? step->tries : 1;
        struct at_command command = {.text = text,
                                     .timeout_ms = step->timeout_ms,
                                     .info_enough = step->info_enough,
                                     .secret = step->secret,
                                     .line = step_line,
                                     .done = step_done,
                                     .arg = script};
        memcpy(command.prefix, step->prefix, sizeof command.prefix);
        at_chat_send(script->chat, &command);
        return;
    }
}

static void script_on_retry(void *arg)
{
    struct at_script *script = arg;
    /* A prompt out of nowhere may have brought a fence about: look again a little later. */
    if (at_chat_is_idle(script->chat))
        script_next(script);
    else
        loop_timer_arm_in(&script->retry, AT_CHAT_ESCAPE_MS);
}

void at_script_init(struct at_script *script, struct loop *loop, struct at_chat *chat, void *arg)
{
    memset(script, 0, sizeof *script);
    script->chat = chat;
    script->arg = arg;
    loop_timer_init(&script->retry, loop, script_on_retry, script);
}

void at_script_run(struct at_script *script, const struct at_step *steps,
                   void (*done)(void *arg, enum at_script_end end))
{
    assert(!script->steps);
    script->steps = steps;
    script->step = 0;
    script->tries_left = 0;
    script->timeouts = 0;
    script->stopping = false;
    script->done = done;
    script_next(script);
}

bool at_script_stop(struct at_script *script)
{
    if (!script->steps)
        return false;
    script->stopping = true;
    return true;
}

void at_script_hurry(struct at_script *script)
{
    if (loop_timer_armed(&script->retry))
        loop_timer_arm_in(&script->retry, 0);
}

void at_script_forget(struct at_script *script)
{
    script->steps = NULL;
    loop_timer_cancel(&script->retry);
}
