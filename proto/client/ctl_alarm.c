/* ctl_alarm: what wants somebody, and who did what. */
#include "ctl.h"

#include "ctl_show.h"
#include "ctl_table.h"

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void print_alarms(const json_t *alarms)
{
    static const char *const heads[] = {"SINCE", "SEVERITY", "NAME", "SUBJECT", "DO"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *alarm = json_array_get(alarms, i);
        char since[CTL_SHOW_TIME];
        const char *cells[] = {ctl_show_time(text_of(alarm, "since"), since),
                               text_of(alarm, "severity"), text_of(alarm, "name"),
                               text_of(alarm, "subject"), text_of(alarm, "sentence")};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

int ctl_alarms(struct ctl *ctl)
{
    json_t *result;
    enum ctl_exit rc = ctl_call(ctl, "alarm.list", NULL, ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    const json_t *alarms = json_object_get(result, "alarms");
    if (ctl->json)
        ctl_print_json(result);
    else if (json_array_size(alarms) > 0)
        print_alarms(alarms);
    else
        puts("none");
    json_decref(result);
    return CTL_OK;
}

static void print_records(const json_t *records)
{
    static const char *const heads[] = {"WHEN",  ">UID",       ">PID",  "METHOD", "OUTCOME",
                                        "MODEM", "CONCLUSION", "ACTOR", "REASON"};
    json_t *table = ctl_table_new(heads, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        char when[CTL_SHOW_TIME], uid[24], pid[24];
        const char *cells[] = {ctl_show_time(text_of(record, "at"), when),
                               ctl_show_number(record, "uid", uid),
                               ctl_show_number(record, "pid", pid),
                               text_of(record, "method"),
                               text_of(record, "outcome"),
                               text_of(record, "modem"),
                               text_of(record, "conclusion"),
                               text_of(record, "actor"),
                               text_of(record, "reason")};
        ctl_table_add(table, cells);
    }
    ctl_table_print(table, stdout);
    json_decref(table);
}

int ctl_audit(struct ctl *ctl)
{
    json_t *result;
    char cursor[24];
    enum ctl_exit rc =
        ctl_call(ctl, "audit.list", json_incref(ctl->args->params), ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json) {
        ctl_print_json(result);
    } else {
        print_records(json_object_get(result, "records"));
        if (ctl_show_number(result, "next_cursor", cursor))
            printf("older ones: --cursor %s\n", cursor);
    }
    json_decref(result);
    return CTL_OK;
}
