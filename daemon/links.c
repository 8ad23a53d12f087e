/* links: see links.h. */
#include "links.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "at_link.h"
#include "gammu_link.h"
#include "gammu_port.h"
#include "log.h"
#include "plug.h"
#include "port_slot.h"
#include "rescue.h"

/* NULL: nothing can be done to it from outside. */
static struct rescue *make_rescue(const struct links *links, const struct config_modem *modem)
{
    const struct rescue_config config = {.name = modem->name, .command = modem->power_cycle};
    struct rescue *rescue = NULL;
    int rc = rescue_new(links->loop, &config, &rescue);

    if (rc < 0)
        log_event(LOG_LEVEL_ERROR, "links", modem->name, "no_rescue", "errno=%d", -rc);
    return rescue;
}

/* The helper lies beside us. */
static bool helper_path(char *out, size_t room)
{
    static const char name[] = "otpgate-gammu";
    ssize_t len = readlink("/proc/self/exe", out, room - sizeof name);

    if (len <= 0 || (size_t)len >= room - sizeof name)
        return false;
    out[len] = '\0';
    char *slash = strrchr(out, '/');
    memcpy(slash + 1, name, sizeof name);
    return true;
}

static struct link *make_gammu(const struct links *links, const struct config_modem *modem,
                               const struct link_sink *sink, void *ctx)
{
    char program[256];
    struct port *port;
    const struct gammu_port_config where = {.program = program,
                                            .connection = modem->gammu_connection,
                                            .device = modem->gammu_device,
                                            .model = modem->gammu_model,
                                            .smsc = modem->smsc};
    const struct gammu_link_config config = {.name = modem->name,
                                             .keepalive_s = links->keepalive_s,
                                             .roaming = modem->roaming,
                                             .owns_port = true};

    if (!helper_path(program, sizeof program) || gammu_port_new(links->loop, &where, &port) < 0)
        return NULL;
    struct link *link = gammu_link_new(links->loop, port, &config, sink, ctx);
    if (!link)
        port_free(port);
    return link;
}

struct link *links_make(void *arg, const struct config_modem *modem, const struct link_sink *sink,
                        void *ctx)
{
    const struct links *links = arg;
    struct port *port, *ear;
    const char *why = "no memory";

    if (strcmp(modem->driver, "gammu") == 0)
        return make_gammu(links, modem, sink, ctx);
    port = port_slot_new(links->loop, NULL, NULL);
    ear = port_slot_new(links->loop, NULL, NULL);
    if (!port || !ear || (!plug_wants(modem) && port_slot_attach(port, modem->port, &why) < 0)) {
        log_event(LOG_LEVEL_ERROR, "links", modem->name, "bad_port", "why=%s", why);
        port_free(port);
        port_free(ear);
        return NULL;
    }
    const struct at_link_config config = {
        .name = modem->name,
        .smsc = modem->smsc,
        .roaming = modem->roaming,
        .keepalive_s = links->keepalive_s,
        .owns_port = true,
        .rescue = make_rescue(links, modem),
        .power_every_s = modem->power_cycle_every_s,
        .slot = true,
        .ear = ear,
    };
    struct link *link = at_link_new(links->loop, port, &config, sink, ctx);
    if (!link) {
        port_free(port);
        port_free(ear);
        rescue_free(config.rescue);
    }
    return link;
}
