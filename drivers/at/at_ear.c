/* at_ear: the modem's other port, where some firmware announces what comes and takes no command. It
 * is read beside the dialogue and never written to, not even to wake it. What is heard there is
 * worth as much as a notice on the first port: it tells where to look, or is the TPDU itself. */
#include <errno.h>
#include <string.h>

#include "at_modem.h"
#include "log.h"
#include "port_slot.h"

/* A port for positions, say, talks all day: so many of its lines without one of a modem's. */
enum { EAR_STRANGE = 200 };

static const struct {
    const char *prefix;
    void (*fn)(void *ctx, const char *line);
} heard_rows[] = {
    {"+CMTI:", at_receive_on_stored},   {"+CDSI:", at_receive_on_stored},
    {"+CUSD:", at_ussd_on_line},        {"^SMMEMFULL", at_receive_on_full},
    {"^SIND:", at_receive_on_full},     {"+SMS FULL", at_receive_on_full},
    {"+CIEV:", at_receive_on_full},     {"+CPIN:", at_sim_on_cpin},
    {"^SIMST:", at_card_on_notice},     {"+ZUSIMR:", at_card_on_notice},
    {"+QUSIM:", at_card_on_notice},     {"#QSS:", at_card_on_notice},
    {"+UUSIMSTAT:", at_card_on_notice}, {"+QSIMSTAT:", at_card_on_notice},
    {"+CSMINS:", at_card_on_notice},    {"^SCKS:", at_card_on_notice},
};

static bool has_prefix(const char *line, const char *prefix)
{
    return strncmp(line, prefix, strlen(prefix)) == 0;
}

static void ear_noted(struct at_link *l)
{
    if (!l->ear.heard)
        log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "heard", "port=%s", port_uri(l->ear.port));
    l->ear.heard = true;
}

static bool is_direct(const char *line)
{
    return has_prefix(line, "+CMT:") || has_prefix(line, "+CDS:");
}

/* The TPDU behind a header, whole or in two halves, whatever comes between. True: it is of one. */
static bool ear_takes_body(struct at_link *l, const char *line)
{
    struct at_ear *ear = &l->ear;
    if (ear->body_lines == 0)
        return false;
    ear->body_lines--;
    if (line[strspn(line, "0123456789ABCDEFabcdef")] != '\0')
        return false;
    size_t had = strlen(ear->body), len = strlen(line);
    bool joined = had > 0 && had + len < sizeof ear->body;
    if (had + len < sizeof ear->body)
        memcpy(ear->body + had, line, len + 1);
    /* the line alone last: a second half may look like a whole */
    if ((joined && at_inbound_direct(l, ear->announced, ear->body)) ||
        at_inbound_direct(l, ear->announced, line))
        ear->body_lines = 0;
    return true;
}

/* Without the modem itself nothing can be read there; what comes whole is here already. */
static void ear_line(struct at_link *l, const char *line)
{
    struct at_ear *ear = &l->ear;
    ear->strange = strchr("+^*#!%", *line) ? 0 : ear->strange + 1;
    if (ear_takes_body(l, line)) {
        ear->strange = 0;
    } else if (is_direct(line)) {
        at_elsewhere_noticed(l);
        ear_noted(l);
        ear->announced = at_parse_announced(line, line[2] == 'D' ? "+CDS:" : "+CMT:");
        ear->body_lines = AT_CHAT_BODY_LINES;
        ear->body[0] = '\0';
    } else if (l->stream) {
        for (size_t i = 0; i < sizeof heard_rows / sizeof *heard_rows; i++)
            if (has_prefix(line, heard_rows[i].prefix)) {
                ear_noted(l);
                heard_rows[i].fn(l, line);
                return;
            }
    }
}

/* What came unheard before now proves nothing about what is listened to from now on. */
static void ear_starts_anew(struct at_link *l)
{
    at_elsewhere_start(l);
    l->receive.due |= l->receive.watched;
    l->receive.forced |= l->receive.watched;
    at_receive_soon(l);
}

/* Without it the modem is as one that tells nothing: what a sweep finds speaks for itself. */
static void ear_lost(struct at_link *l, const char *why)
{
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "listens-no-more", "port=%s why=\"%s\"",
              port_uri(l->ear.port), why);
    at_ear_close(l);
    ear_starts_anew(l);
}

static void ear_on_data(void *ctx, const uint8_t *data, size_t len)
{
    struct at_link *l = ctx;
    struct at_ear *ear = &l->ear;
    for (size_t i = 0; i < len && ear->stream; i++) {
        if (at_lexer_feed(&ear->lexer, data[i]) != AT_TOKEN_LINE)
            continue;
        ear_line(l, ear->lexer.line);
        if (ear->strange > EAR_STRANGE)
            ear_lost(l, "it tells nothing that a modem would");
    }
}

static void ear_on_open(void *ctx)
{
    struct at_link *l = ctx;
    l->ear.open = true;
    ear_starts_anew(l);
    log_event(LOG_LEVEL_NOTICE, "at", l->link.name, "listens", "port=%s", port_uri(l->ear.port));
}

static void ear_cannot(const struct at_link *l, const char *where, const char *why)
{
    log_event(LOG_LEVEL_WARNING, "at", l->link.name, "cannot-listen", "port=%s why=\"%s\"", where,
              why);
}

/* Who was told that this port is not enough, and named the other, is to name the next. */
static void ear_on_gone(void *ctx, int err)
{
    struct at_link *l = ctx;
    const char *why = err ? strerror(err) : "hung up";
    if (l->ear.open) {
        ear_lost(l, why);
        return;
    }
    ear_cannot(l, port_uri(l->ear.port), why);
    at_ear_close(l);
    if (l->receive.elsewhere_said)
        at_link_tell_elsewhere(l);
}

static const struct stream_sink ear_sink = {
    .on_open = ear_on_open, .on_data = ear_on_data, .on_gone = ear_on_gone};

void at_ear_close(struct at_link *l)
{
    struct at_ear *ear = &l->ear;
    if (!ear->stream)
        return;
    stream_close(ear->stream);
    ear->stream = NULL;
    port_slot_detach(ear->port);
}

int at_ear_listen(struct at_link *l, const char *where)
{
    struct at_ear *ear = &l->ear;
    const char *why = "";
    at_ear_close(l);
    int rc = port_slot_attach(ear->port, where, &why);
    if (rc == 0)
        rc = port_open(ear->port, &ear_sink, l, &ear->stream);
    if (rc < 0) {
        ear->stream = NULL;
        ear_cannot(l, where, *why ? why : strerror(-rc));
        port_slot_detach(ear->port);
        return rc;
    }
    at_lexer_reset(&ear->lexer);
    ear->open = ear->heard = false;
    ear->strange = ear->body_lines = 0;
    return 0;
}
