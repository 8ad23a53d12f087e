/* ctl_owncheck: the gateway's own SIMs, checked now: a line for each. */
#include "ctl.h"

#include "ctl_show.h"
#include "ctl_table.h"

enum { CHECK_WAIT_MS = 3600000, CELL = 300 };

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void alarms_text(const json_t *sim, char out[CELL])
{
    const json_t *list = json_object_get(sim, "alarms");
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list) && used < CELL; i++)
        used += (size_t)snprintf(out + used, CELL - used, "%s%s", i ? ", " : "",
                                 json_string_value(json_array_get(list, i)));
}

static void print_sims(const json_t *sims)
{
    static const char *const heads[] = {"MODEM", "OWNER", "BALANCE", ">VND", "ENDS", "ALARMS"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(sims); i++) {
        const json_t *sim = json_array_get(sims, i);
        char alarms[CELL], skipped[CELL], vnd[24];
        const char *why = text_of(sim, "skipped");
        alarms_text(sim, alarms);
        snprintf(skipped, sizeof skipped, "not asked: %s", why ? why : "");
        const char *cells[] = {text_of(sim, "modem"),   text_of(sim, "owner"),
                               text_of(sim, "balance"), ctl_show_number(sim, "balance_vnd", vnd),
                               text_of(sim, "expires"), why ? skipped : alarms};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

int ctl_check_fleet(struct ctl *ctl)
{
    const char *modem = ctl->args->operands > 1 ? ctl->args->operand[1] : NULL;
    json_t *params = json_copy(ctl->args->params), *result;
    if (modem)
        json_object_set_new(params, "modem", json_string(modem));
    enum ctl_exit rc = ctl_call(ctl, "subscriber.check_fleet", params,
                                ctl->timeout_set ? ctl->timeout_ms : CHECK_WAIT_MS, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else
        print_sims(json_object_get(result, "sims"));
    json_decref(result);
    return CTL_OK;
}
