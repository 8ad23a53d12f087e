/* modemsim_verbs: what a script can ask of the simulated world: one row, one function. */
#include "modemsim_params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- plugging, hanging --- */

static void verb_unplug(struct modemsim_control *control, json_t *params,
                        struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    if (port)
        simmodem_unplug(port->modem);
}

static void verb_replug(struct modemsim_control *control, json_t *params,
                        struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    const char *name = json_string_value(json_object_get(params, "link"));
    if (!port)
        return;
    if (!modemsim_port_replug(port, name))
        refuse(reply, "it is plugged in, or the link's name is taken or no plain name");
    else
        reply->result = json_pack("{s:s}", "port", port->link);
}

static void verb_reset(struct modemsim_control *control, json_t *params,
                       struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    if (port)
        simmodem_reset(port->modem);
}

static void verb_hang(struct modemsim_control *control, json_t *params,
                      struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    if (port)
        simmodem_hang(port->modem);
}

static void verb_unhang(struct modemsim_control *control, json_t *params,
                        struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    if (port)
        simmodem_unhang(port->modem);
}

/* --- faults at a point --- */

static const char *const points[] = {"now",    "byte", "prompt",  "body",
                                     "result", "ok",   "command", NULL};
static const char *const actions[] = {"hang", "mute", "close", "garbage", "delay", "say", NULL};

/* The point of a trigger: `at_byte` n, or `when` with `match` for a command. */
static bool take_point(json_t *params, struct simmodem_trigger *trigger,
                       struct modemsim_reply *reply)
{
    int64_t byte = -1;
    int point;
    const char *match = json_string_value(json_object_get(params, "match"));
    if (!take_int(params, "at_byte", 0, 1000000, -1, &byte, reply) &&
        json_object_get(params, "at_byte"))
        return false;
    reply->code = 0;
    if (!take_word(params, "when", points, byte >= 0 ? SIMMODEM_AT_BYTE : SIMMODEM_NOW, &point,
                   reply))
        return false;
    trigger->point = (enum simmodem_point)point;
    trigger->byte = byte > 0 ? (unsigned)byte : 0;
    if (trigger->point == SIMMODEM_AT_BYTE && byte < 0)
        refuse(reply, "at_byte is missing");
    if (trigger->point == SIMMODEM_AT_COMMAND && !match)
        refuse(reply, "match is missing: the first letters of the command line");
    if (match)
        snprintf(trigger->match, sizeof trigger->match, "%s", match);
    return !reply->code;
}

static void add_trigger(struct modemsim_port *port, const struct simmodem_trigger *trigger,
                        struct modemsim_reply *reply)
{
    if (!simmodem_trigger(port->modem, trigger))
        refuse(reply, "too many faults wait");
}

static void verb_fault(struct modemsim_control *control, json_t *params,
                       struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    struct simmodem_trigger trigger = {0};
    int action;
    json_t *bytes = json_object_get(params, "bytes");
    if (!port || !take_word(params, "kind", actions, -1, &action, reply) ||
        !take_int(params, "ms", 0, 86400000, 0, &trigger.ms, reply) ||
        !take_point(params, &trigger, reply))
        return;
    trigger.action = (enum simmodem_action)action;
    trigger.len = json_string_length(bytes);
    if (trigger.len > sizeof trigger.bytes) {
        refuse(reply, "bytes: too many");
        return;
    }
    if (trigger.len)
        memcpy(trigger.bytes, json_string_value(bytes), trigger.len);
    add_trigger(port, &trigger, reply);
}

static void verb_inject(struct modemsim_control *control, json_t *params,
                        struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    struct simmodem_trigger where = {0}, trigger;
    const char *line = json_string_value(json_object_get(params, "line"));
    if (!port || !take_point(params, &where, reply))
        return;
    if (!line || !simmodem_say_trigger(port->modem, where.point, line,
                                       take_bool(params, "raw", false), &trigger)) {
        refuse(reply, "line: a text that is not too long");
        return;
    }
    trigger.byte = where.byte;
    memcpy(trigger.match, where.match, sizeof trigger.match);
    add_trigger(port, &trigger, reply);
}

static void verb_fault_clear(struct modemsim_control *control, json_t *params,
                             struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    if (!port)
        return;
    simmodem_triggers_clear(port->modem);
    simnet_plans_clear(simmodem_station(port->modem));
}

/* --- what becomes of the next submits --- */

static void plan(struct modemsim_control *control, json_t *params, struct simnet_plan wanted,
                 struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    int64_t count;
    if (!port || !take_int(params, "n", 1, 1000000000, 1, &count, reply) ||
        !take_int(params, "ms", 0, 86400000, wanted.late_ms, &wanted.late_ms, reply))
        return;
    wanted.count = (unsigned)count;
    wanted.accepted = take_bool(params, "accepted", wanted.accepted);
    if (!simnet_plan(simmodem_station(port->modem), &wanted))
        refuse(reply, "too many plans wait");
}

static void verb_fail_next(struct modemsim_control *control, json_t *params,
                           struct modemsim_reply *reply)
{
    int64_t cause;
    if (take_int(params, "cms", 0, 99999, 42, &cause, reply))
        plan(control, params, (struct simnet_plan){.answer = SIMNET_CMS, .cause = (int)cause},
             reply);
}

static void verb_error_next(struct modemsim_control *control, json_t *params,
                            struct modemsim_reply *reply)
{
    bool after = take_bool(params, "after_reference", false);
    plan(control, params,
         (struct simnet_plan){.answer = after ? SIMNET_REFERENCE_ERROR : SIMNET_ERROR,
                              .accepted = after},
         reply);
}

static void verb_lose_next(struct modemsim_control *control, json_t *params,
                           struct modemsim_reply *reply)
{
    static const char *const answers[] = {"none", "lost", "late", NULL};
    static const struct simnet_plan plans[] = {
        {.answer = SIMNET_SILENCE}, /* nobody has got it */
        {.answer = SIMNET_SILENCE, .accepted = true},
        {.answer = SIMNET_REFERENCE, .accepted = true, .late_ms = 30000},
    };
    int which;
    if (take_word(params, "answer", answers, 0, &which, reply))
        plan(control, params, plans[which], reply);
}

static void verb_ok_without_cmgs(struct modemsim_control *control, json_t *params,
                                 struct modemsim_reply *reply)
{
    plan(control, params, (struct simnet_plan){.answer = SIMNET_OK_ONLY}, reply);
}

static void verb_report_next(struct modemsim_control *control, json_t *params,
                             struct modemsim_reply *reply)
{
    static const char *const kinds[] = {"good", "early", "lost", "foreign", NULL};
    struct modemsim_port *port = take_port(control, params, reply);
    struct simnet_report_plan wanted = {0};
    int64_t count, status, interim;
    int kind;
    if (!port || !take_int(params, "n", 1, 1000000000, 1, &count, reply) ||
        !take_word(params, "kind", kinds, 0, &kind, reply) ||
        !take_int(params, "ms", 0, 864000000, 0, &wanted.late_ms, reply) ||
        !take_int(params, "status", 0, 255, 0, &status, reply) ||
        !take_int(params, "interim", -1, 255, -1, &interim, reply))
        return;
    wanted.count = (unsigned)count;
    wanted.kind = (enum simnet_report_kind)kind;
    wanted.status = (uint8_t)status;
    wanted.interim = (int)interim;
    if (!simnet_plan_reports(simmodem_station(port->modem), &wanted))
        refuse(reply, "too many plans wait");
}

/* --- the network --- */

static void verb_timing(struct modemsim_control *control, json_t *params,
                        struct modemsim_reply *reply)
{
    struct simnet_timing *timing = simnet_timing(control->net), next = *timing;
    if (!take_int(params, "latency_ms", 0, 3600000, next.latency_ms, &next.latency_ms, reply) ||
        !take_int(params, "jitter_ms", 0, 3600000, next.jitter_ms, &next.jitter_ms, reply) ||
        !take_int(params, "report_ms", 0, 864000000, next.report_ms, &next.report_ms, reply))
        return;
    *timing = next;
    reply->result =
        json_pack("{s:I, s:I, s:I}", "latency_ms", (json_int_t)next.latency_ms, "jitter_ms",
                  (json_int_t)next.jitter_ms, "report_ms", (json_int_t)next.report_ms);
}

static void verb_registration(struct modemsim_control *control, json_t *params,
                              struct modemsim_reply *reply)
{
    static const char *const domains[] = {"all", "creg", "cgreg", "cereg", NULL};
    static const unsigned masks[] = {SIMMODEM_ALL_DOMAINS, SIMMODEM_CREG, SIMMODEM_CGREG,
                                     SIMMODEM_CEREG};
    struct modemsim_port *port = take_port(control, params, reply);
    int64_t stat;
    int domain;
    if (port && take_int(params, "stat", 0, 7, 1, &stat, reply) &&
        take_word(params, "domain", domains, 0, &domain, reply))
        simmodem_registration_set(port->modem, masks[domain], (int)stat);
}

static void verb_sim(struct modemsim_control *control, json_t *params, struct modemsim_reply *reply)
{
    static const char *const states[] = {"ready", "pin", "puk", "busy", "absent", "failure", NULL};
    struct modemsim_port *port = take_port(control, params, reply);
    int state;
    int64_t left;
    if (!port || !take_word(params, "state", states, -1, &state, reply) ||
        !take_int(params, "left", -1, 10, -1, &left, reply))
        return;
    simmodem_sim_set(port->modem, (enum simmodem_sim)state);
    if (left >= 0)
        simmodem_pin_left_set(port->modem, (int)left);
}

static json_t *habits_json(const struct simmodem *modem)
{
    json_t *habits = json_object();
    for (size_t i = 0; i < sim_habit_count; i++)
        json_object_set_new(habits, sim_habits[i].name,
                            json_boolean(simmodem_habits(modem) & sim_habits[i].bit));
    return habits;
}

static void verb_habit(struct modemsim_control *control, json_t *params,
                       struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    const char *name = json_string_value(json_object_get(params, "habit"));
    size_t at = 0;
    if (!port)
        return;
    while (name && at < sim_habit_count && strcmp(name, sim_habits[at].name) != 0)
        at++;
    if (at == sim_habit_count) {
        refuse(reply, "habit: none has this name; without one all are told");
        return;
    }
    if (name)
        simmodem_habits_set(port->modem, sim_habits[at].bit, take_bool(params, "on", true));
    reply->result = habits_json(port->modem);
}

static void verb_host_port(struct modemsim_control *control, json_t *params,
                           struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    int64_t number;
    if (port && take_int(params, "port", 0, 2, 0, &number, reply))
        simmodem_port_set(port->modem, (int)number);
}

static void verb_iccid(struct modemsim_control *control, json_t *params,
                       struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    const char *iccid = json_string_value(json_object_get(params, "iccid"));
    if (port && (!iccid || !simmodem_iccid_set(port->modem, iccid)))
        refuse(reply, "iccid: 18 to 20 digits");
}

static void verb_write(struct modemsim_control *control, json_t *params,
                       struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    const char *from = json_string_value(json_object_get(params, "from"));
    const char *text = json_string_value(json_object_get(params, "text"));
    bool named = take_bool(params, "named", false);
    if (!port)
        return;
    if (!from || !text ||
        !(named ? simnet_write_named : simnet_write)(control->net, from,
                                                     simmodem_number(port->modem), text))
        refuse(reply, "from: a number or a name; text: one part at the most");
}

static void verb_ussd(struct modemsim_control *control, json_t *params,
                      struct modemsim_reply *reply)
{
    static const char *const ends[] = {"silent", "done",        "more",    "terminated",
                                       "other",  "unsupported", "timeout", NULL};
    struct modemsim_port *port = take_port(control, params, reply);
    const char *code = json_string_value(json_object_get(params, "code"));
    const char *text = json_string_value(json_object_get(params, "text"));
    struct simnet_ussd answer = {0};
    static const char *const forms[] = {"as-made", "plain", "packed", NULL};
    int end, form;
    if (!port || !take_word(params, "end", ends, 1, &end, reply) ||
        !take_word(params, "form", forms, 0, &form, reply) ||
        !take_int(params, "ms", 0, 600000, 500, &answer.ms, reply))
        return;
    answer.end = end - 1;
    if (!code || strlen(code) >= sizeof answer.code ||
        (text && strlen(text) >= sizeof answer.text)) {
        refuse(reply, "code: up to 47 bytes; text: up to 183");
        return;
    }
    strcpy(answer.code, code);
    strcpy(answer.text, text ? text : "");
    if (!simmodem_ussd_set(port->modem, &answer))
        refuse(reply, "there are as many codes as a modem holds");
    simmodem_ussd_form(port->modem, (enum simmodem_ussd_form)form);
}

/* --- looking --- */

static json_t *message_json(const struct sim_message *message)
{
    return json_pack("{s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:i, s:I}", "from",
                     message->from, "text", message->text, "at_ms", (json_int_t)message->at_ms,
                     "pid", message->pid, "dcs", message->dcs, "class", message->class_, "ref",
                     message->ref, "parts", (int)message->parts, "have", (int)message->have,
                     "complete", message->have == message->parts, "replaced",
                     (int)message->replaced, "submit", (json_int_t)message->id);
}

static void verb_handset_list(struct modemsim_control *control, json_t *params,
                              struct modemsim_reply *reply)
{
    const char *number = json_string_value(json_object_get(params, "number"));
    int64_t limit;
    if (!number) {
        refuse(reply, "number is missing");
        return;
    }
    if (!take_int(params, "limit", 1, SIM_HANDSET_INBOX, SIM_HANDSET_INBOX, &limit, reply))
        return;
    const struct sim_handset *handset = simnet_handset(control->net, number);
    json_t *messages = json_array();
    size_t count = handset ? handset->count : 0;
    for (size_t i = count > (size_t)limit ? count - (size_t)limit : 0; i < count; i++)
        json_array_append_new(messages, message_json(handset->message[i]));
    reply->result = json_pack("{s:I, s:o}", "total", (json_int_t)(handset ? handset->total : 0),
                              "messages", messages);
}

static json_t *modem_json(const struct modemsim_port *port)
{
    const struct simmodem_stats *stats = simmodem_stats(port->modem);
    json_t *violations = json_object();
    for (int i = 0; i < SIMMODEM_VIOLATIONS; i++)
        if (stats->violation[i])
            json_object_set_new(violations, simmodem_violation_name((enum simmodem_violation)i),
                                json_integer((json_int_t)stats->violation[i]));
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
                     "s:I, s:I, s:o}",
                     "modem", port->index, "port", port->link, "profile",
                     simmodem_profile(port->modem)->name, "number", simmodem_number(port->modem),
                     "iccid", simmodem_iccid(port->modem), "plugged", simmodem_plugged(port->modem),
                     "commands", (json_int_t)stats->commands, "prompts", (json_int_t)stats->prompts,
                     "escapes", (json_int_t)stats->escapes, "submits", (json_int_t)stats->submits,
                     "busy_ms", (json_int_t)stats->busy_ms, "bytes_in", (json_int_t)stats->bytes_in,
                     "bytes_out", (json_int_t)stats->bytes_out, "lost_bytes",
                     (json_int_t)port->lost_bytes, "boots", (json_int_t)stats->boots, "faults",
                     (json_int_t)stats->faults, "violations_total", (json_int_t)stats->violations,
                     "violations", violations);
}

static void verb_stats(struct modemsim_control *control, json_t *params,
                       struct modemsim_reply *reply)
{
    const struct simnet_counts *counts = simnet_counts(control->net);
    json_t *modems = json_array(), *events = json_object();
    (void)params;
    for (int i = 0; i < control->ports; i++)
        json_array_append_new(modems, modem_json(&control->port[i]));
    for (int i = 0; i < SIM_EVENTS; i++)
        json_object_set_new(events, sim_event_name((enum sim_event_kind)i),
                            json_integer((json_int_t)control->log->count[i]));
    reply->result = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "submitted", (json_int_t)counts->submitted,
        "accepted", (json_int_t)counts->accepted, "refused", (json_int_t)counts->refused,
        "delivered", (json_int_t)counts->delivered, "reported", (json_int_t)counts->reported,
        "received", (json_int_t)counts->received, "events", events, "modems", modems);
}

static void verb_wait(struct modemsim_control *control, json_t *params,
                      struct modemsim_reply *reply)
{
    const char *name = json_string_value(json_object_get(params, "event"));
    int event = name ? sim_event_find(name) : -1;
    int64_t count, timeout_ms, modem;
    if (event < 0) {
        refuse(reply, "event: a name as in the log");
        return;
    }
    if (!take_int(params, "count", 0, INT64_MAX, 1, &count, reply) ||
        !take_int(params, "timeout_ms", 0, 3600000, 10000, &timeout_ms, reply) ||
        !take_int(params, "modem", -1, control->ports - 1, -1, &modem, reply))
        return;
    reply->waits = true;
    reply->event = (enum sim_event_kind)event;
    reply->modem = (int)modem;
    reply->count = (uint64_t)count;
    reply->timeout_ms = timeout_ms;
}

static void verb_log_tail(struct modemsim_control *control, json_t *params,
                          struct modemsim_reply *reply)
{
    const struct modemsim_log *log = control->log;
    int64_t wanted;
    if (!take_int(params, "n", 1, MODEMSIM_RING, 20, &wanted, reply))
        return;
    json_t *lines = json_array();
    uint64_t seq = log->seq > (uint64_t)wanted ? log->seq - (uint64_t)wanted : 0;
    while (seq++ < log->seq) {
        json_error_t error;
        json_t *line = json_loads(log->ring[seq % MODEMSIM_RING], 0, &error);
        json_array_append_new(lines, line ? line : json_string("not JSON"));
    }
    reply->result = json_pack("{s:I, s:o}", "seq", (json_int_t)log->seq, "lines", lines);
}

const struct modemsim_verb modemsim_verbs[] = {
    {"unplug", verb_unplug, "{modem}: the port vanishes"},
    {"replug", verb_replug, "{modem, link?}: it is back, under another link name if given"},
    {"reset", verb_reset, "{modem}: as AT+CFUN=1,1"},
    {"hang", verb_hang, "{modem}: deaf and dumb"},
    {"unhang", verb_unhang, "{modem}"},
    {"fault", verb_fault,
     "{modem, kind: hang|mute|close|garbage|delay|say, at_byte | when: now|prompt|body|result|ok|"
     "command, match?, ms?, bytes?}"},
    {"inject", verb_inject, "{modem, line, when? | at_byte?, match?, raw?}: the modem says a line"},
    {"fault_clear", verb_fault_clear, "{modem}: forget all faults and plans that wait"},
    {"fail_next", verb_fail_next, "{modem, n?, cms?, accepted?, ms?}: the next n submits fail"},
    {"error_next", verb_error_next, "{modem, n?, after_reference?, accepted?, ms?}: a plain ERROR"},
    {"lose_next", verb_lose_next,
     "{modem, n?, answer?: none|lost|late, ms?}: nobody gets it | sent, the answer is lost | sent, "
     "the answer is late"},
    {"ok_without_cmgs", verb_ok_without_cmgs, "{modem, n?, accepted?}: OK and no +CMGS"},
    {"report_next", verb_report_next,
     "{modem, n?, kind?: good|early|lost|foreign, ms?, status?, interim?}: of the next n reports"},
    {"timing", verb_timing, "{latency_ms?, jitter_ms?, report_ms?}"},
    {"registration", verb_registration, "{modem, stat, domain?: all|creg|cgreg|cereg}"},
    {"sim", verb_sim, "{modem, state: ready|pin|puk|busy|absent|failure, left?}: PIN 1234"},
    {"habit", verb_habit,
     "{modem, habit?, on?}: what its firmware does beyond any standard; tells all"},
    {"host_port", verb_host_port,
     "{modem, port: 0|1|2}: on which of its ports the host is; unasked lines go to the first"},
    {"iccid", verb_iccid, "{modem, iccid}: another SIM is put in; told at the next start"},
    {"write", verb_write, "{modem, from, text, named?}: somebody writes to this modem's number"},
    {"ussd", verb_ussd,
     "{modem, code, text?, end?: done|more|terminated|other|unsupported|timeout|silent, ms?, "
     "form?: "
     "as-made|plain|packed}: how the network answers a code, and how the modem writes such "
     "strings"},
    {"registry", modemsim_verb_registry,
     "{modem, record?: {full_name, ...}, says?, layout?, accents?, ucs2?, mask?, parts?, lost?, "
     "order?, ms?, gap_ms?, from?, between?, text?, ussd?: direct|menu|refused|silent, "
     "per_day?}: how 1414 answers this SIM, anew"},
    {"balance", modemsim_verb_balance,
     "{modem, dong?, ends?, accents?}: what the code of its credit answers; dong -1: nothing"},
    {"handset.list", verb_handset_list, "{number, limit?}: what this phone shows"},
    {"stats", verb_stats, "{}"},
    {"wait", verb_wait,
     "{event, count?, modem?, timeout_ms?}: until that event was logged count times since the "
     "start"},
    {"log.tail", verb_log_tail, "{n?}: the last events"},
};
const size_t modemsim_verb_count = sizeof modemsim_verbs / sizeof modemsim_verbs[0];
