/* modemsim_registry: the verbs that tell 1414 of the simulated network what to say of a SIM, and
 * how. SYNTHETIC: whoever sets a record makes it up. */
#include "modemsim_params.h"

#include <string.h>

/* --- registry --- */

static bool take_record(json_t *object, struct sim_record *record, struct modemsim_reply *reply)
{
    size_t known = 0;
    for (int f = 0; f < SIM_RECORD_FIELDS; f++) {
        const char *name = sim_record_field_name((enum sim_record_field)f);
        known += json_object_get(object, name) != NULL;
        if (!take_text(object, name, record->value[f], SIM_VALUE, reply))
            return false;
    }
    if (known == json_object_size(object))
        return true;
    refuse(reply, "record: a field that no record has");
    return false;
}

static bool take_words(json_t *params, struct sim_registry_sim *sim, struct modemsim_reply *reply)
{
    static const char *const masks[] = {"none", "*", "x", "X", NULL};
    static const char *const orders[] = {"in_order", "reversed", "shuffled", NULL};
    static const char *const ways[] = {"direct", "menu", "refused", "silent", NULL};
    int says, mask, order, ussd;
    if (json_object_get(params, "layout") &&
        !take_word(params, "layout", sim_layout_names, -1, &sim->layout, reply))
        return false;
    if (!take_word(params, "says", sim_says_names, SIM_SAYS_RECORD, &says, reply) ||
        !take_word(params, "mask", masks, 0, &mask, reply) ||
        !take_word(params, "order", orders, SIM_POST_IN_ORDER, &order, reply) ||
        !take_word(params, "ussd", ways, SIM_USSD_DIRECT, &ussd, reply))
        return false;
    sim->says = (enum sim_says)says;
    sim->mask = (char)(mask ? masks[mask][0] : 0);
    sim->order = (enum sim_post_order)order;
    sim->ussd = (enum sim_registry_ussd)ussd;
    return true;
}

static bool take_delivery(json_t *params, struct sim_registry_sim *sim,
                          struct modemsim_reply *reply)
{
    int64_t parts, lost, per_day;
    if (!take_int(params, "parts", 1, SIM_POST_PARTS, 1, &parts, reply) ||
        !take_int(params, "lost", 0, SIM_POST_PARTS, 0, &lost, reply) ||
        !take_int(params, "per_day", 0, 1000, SIM_REGISTRY_PER_DAY, &per_day, reply) ||
        !take_int(params, "ms", 0, 86400000, sim->ms, &sim->ms, reply) ||
        !take_int(params, "gap_ms", 0, 86400000, sim->gap_ms, &sim->gap_ms, reply) ||
        !take_text(params, "from", sim->from, sizeof sim->from, reply) ||
        !take_text(params, "between", sim->between, sizeof sim->between, reply) ||
        !take_text(params, "text", sim->text, sizeof sim->text, reply))
        return false;
    sim->parts = (unsigned)parts;
    sim->lost = (unsigned)lost;
    sim->per_day = (unsigned)per_day;
    sim->accents = take_bool(params, "accents", false);
    sim->ucs2 = take_bool(params, "ucs2", false);
    if (sim_post_fits(sim->text, sim->ucs2))
        return true;
    refuse(reply, "text: ten parts at the most");
    return false;
}

static void tell(const struct sim_registry_sim *sim, const struct simmodem *modem,
                 struct modemsim_reply *reply)
{
    const struct sim_carrier *carrier = sim_carrier_of(simmodem_mcc_mnc(modem));
    char text[SIM_RECORD_TEXT];
    json_t *record = json_object();
    for (int f = 0; f < SIM_RECORD_FIELDS; f++)
        if (*sim->record.value[f])
            json_object_set_new(record, sim_record_field_name((enum sim_record_field)f),
                                json_string(sim->record.value[f]));
    sim_registry_write(sim, carrier, text, sizeof text);
    reply->result = json_pack("{s:s, s:s, s:i, s:i, s:o, s:s}", "note", "SYNTHETIC", "carrier",
                              carrier ? carrier->name : "", "asked", (int)sim->asked, "today",
                              (int)sim->today, "record", record, "text", text);
}

void modemsim_verb_registry(struct modemsim_control *control, json_t *params,
                            struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    json_t *record = json_object_get(params, "record");
    if (!port)
        return;
    struct sim_registry_sim *sim =
        sim_registry_sim(control->registry, simmodem_number(port->modem));
    struct sim_registry_sim wanted = *sim;
    sim_registry_reset(&wanted);
    if ((record && !take_record(record, &wanted.record, reply)) ||
        !take_words(params, &wanted, reply) || !take_delivery(params, &wanted, reply))
        return;
    *sim = wanted;
    tell(sim, port->modem, reply);
}

/* --- balance --- */

void modemsim_verb_balance(struct modemsim_control *control, json_t *params,
                           struct modemsim_reply *reply)
{
    struct modemsim_port *port = take_port(control, params, reply);
    int64_t dong;
    if (!port)
        return;
    struct sim_registry_sim *sim =
        sim_registry_sim(control->registry, simmodem_number(port->modem));
    if (!take_int(params, "dong", -1, 999999999, 25000, &dong, reply) ||
        !take_text(params, "ends", sim->balance_ends, sizeof sim->balance_ends, reply))
        return;
    sim->balance = (long)dong;
    sim->balance_accents = take_bool(params, "accents", false);
}
