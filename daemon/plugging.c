/* plugging: see plugging.h. */
#include "plugging.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "at_probe.h"
#include "hotplug.h"
#include "log.h"
#include "plug.h"
#include "text.h"

struct plugging {
    struct loop *loop;
    struct gateway *gateway;
    struct hotplug *hotplug;
};

/* One port that is asked. */
struct question {
    struct at_probe *probe;
    plug_answer_fn *fn;
    void *ctx;
};

static void on_probed(void *arg, const struct at_probe_answer *probed)
{
    struct question *question = arg;
    plug_answer_fn *fn = question->fn;
    void *ctx = question->ctx;
    struct plug_answer answer = {.err = probed->err, .identity = *probed->identity};

    text_copy(answer.why, sizeof answer.why, probed->why);
    if (probed->err != -EBUSY)
        free(question);
    fn(ctx, &answer);
}

static void *ask(void *arg, const char *node, plug_answer_fn *fn, void *ctx)
{
    struct plugging *plugging = arg;
    struct question *question = calloc(1, sizeof *question);
    const char *why = "";
    struct port *port;

    if (!question)
        return NULL;
    if (port_new(plugging->loop, node, &port, &why) < 0) {
        log_event(LOG_LEVEL_ERROR, "plug", node, "bad_port", "why=%s", why);
        free(question);
        return NULL;
    }
    *question = (struct question){.fn = fn, .ctx = ctx};
    question->probe = at_probe_new(plugging->loop, port, on_probed, question);
    if (question->probe)
        return question;
    free(question);
    return NULL;
}

static void forget(void *arg, void *asked)
{
    struct question *question = asked;

    (void)arg;
    at_probe_forget(question->probe);
    free(question);
}

static void on_ports(void *arg, const struct usb_port *ports, size_t count)
{
    struct plugging *plugging = arg;

    plug_ports(gateway_fleet(plugging->gateway), ports, count);
}

struct plugging *plugging_new(struct loop *loop, struct gateway *gateway)
{
    struct plugging *plugging = calloc(1, sizeof *plugging);

    if (!plugging)
        return NULL;
    plugging->loop = loop;
    plugging->gateway = gateway;
    plug_asker(gateway_fleet(gateway),
               &(struct plug_asker){.ask = ask, .forget = forget, .arg = plugging});
    plugging->hotplug = hotplug_new(loop, on_ports, plugging);
    if (!plugging->hotplug)
        log_event(LOG_LEVEL_WARNING, "plug", "-", "no_hotplug", "error=\"%s\" %s", strerror(errno),
                  "only a section with a port of its own finds its modem");
    return plugging;
}

void plugging_free(struct plugging *plugging)
{
    if (!plugging)
        return;
    hotplug_free(plugging->hotplug);
    free(plugging);
}
