#include "replies.h"

#include <stdlib.h>
#include <string.h>
#include "cm.h"
#include "text.h"

struct subscriber_rules *rules;

int rules_setup(void **state)
{
    char why[200];
    (void)state;
    return subscriber_rules_load("", &rules, why, sizeof why);
}

int rules_teardown(void **state)
{
    (void)state;
    subscriber_rules_free(rules);
    return 0;
}

FILE *replies_open(void)
{
    return fopen("tests/unit/subscriber/replies.txt", "r");
}

void replies_unmark(const char *marked, char *out)
{
    for (; *marked; marked++)
        if (!strchr("{}[]", *marked))
            *out++ = *marked;
    *out = '\0';
}

/* \uXXXX and \\. */
static void line_add(char *to, const char *line)
{
    char made[REPLY_TEXT];
    size_t used = 0;
    for (; *line; line++) {
        if (line[0] == '\\' && line[1] == 'u') {
            char digits[5] = "";
            memcpy(digits, line + 2, 4);
            used += text_utf8_put(made + used, (uint32_t)strtoul(digits, NULL, 16));
            line += 5;
        } else {
            line += line[0] == '\\';
            made[used++] = *line;
        }
        assert_true(used + 8 < sizeof made);
    }
    made[used] = '\0';
    assert_true(strlen(to) + used + 2 < REPLY_TEXT);
    if (*to)
        strcat(to, "\n");
    strcat(to, made);
}

static void field_take(struct reply_case *out, const char *line)
{
    size_t len = strcspn(line, " ");
    const char *value = line[len] ? line + len + 1 : "";
    if (strncmp(line, "refusal ", 8) == 0) {
        assert_true(text_copy(out->refusal, sizeof out->refusal, value));
        return;
    }
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++) {
        const char *name = subscriber_field_name((enum subscriber_field)f);
        if (strlen(name) == len && strncmp(name, line, len) == 0) {
            assert_true(text_copy(out->want[f], sizeof out->want[f], value));
            return;
        }
    }
    fail_msg("%s: %s", out->name, line);
}

bool replies_next(FILE *file, struct reply_case *out)
{
    char line[REPLY_TEXT];
    bool begun = false;
    memset(out, 0, sizeof *out);
    strcpy(out->refusal, "none");
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || (!*line && !begun))
            continue;
        if (!*line)
            break;
        begun = true;
        if (strncmp(line, "=== ", 4) == 0) {
            char *bar = strstr(line, " |");
            assert_non_null(bar);
            *bar = '\0';
            assert_true(text_copy(out->name, sizeof out->name, line + 4));
            bar += 2 + strspn(bar + 2, " ");
            assert_true(text_copy(out->carrier, sizeof out->carrier, bar));
        } else if (strncmp(line, "> ", 2) == 0) {
            line_add(out->marked, line + 2);
        } else {
            field_take(out, line);
        }
    }
    replies_unmark(out->marked, out->text);
    return begun;
}
