/* template: any bytes for the settings, texts and last lines of a purpose. A template that was
 * found good renders with every code of its length, in as many parts as are allowed and with its
 * last line to the byte; of one that was not, a phrase says why. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "encoding.h"
#include "purpose.h"
#include "template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SETTINGS = 5, FIELDS = 3 };

static void check_text(const struct config_purpose *purpose, const char *template_,
                       const struct template_values *values)
{
    char text[TEMPLATE_TEXT_MAX], line[sizeof purpose->origin + 32];
    unsigned units = 0;
    int len = template_render(purpose, template_, values, text);
    assert(len > 0 && len <= TEMPLATE_TEXT_MAX);
    int parts = template_parts(purpose, text, (size_t)len, &units);
    assert(parts >= 1 && parts <= (purpose->allow_parts ? SMS_PARTS_MAX : 1));
    assert(memmem(text, (size_t)len, values->code, strlen(values->code)));
    if (!values->origin[0])
        return;
    int tail = snprintf(line, sizeof line, "\n\n@%s #%s", values->origin, values->code);
    assert(len >= tail && memcmp(text + len - tail, line, (size_t)tail) == 0);
}

/* Those that only look. */
static void check_purpose(const struct config_purpose *purpose, char *text)
{
    struct config_purpose waits = {0};
    char *items[] = {text};
    waits.resend_after_s = (struct config_list){items, 1};
    if (purpose_wait_ok(text))
        assert(purpose_wait_s(&waits, 1) >= 1 && purpose_wait_s(&waits, 9) <= PURPOSE_WAIT_MAX_S);
    if (purpose_prefix_ok(text))
        assert(purpose_prefix_listed(&waits.resend_after_s, text));
    if (template_app_hash_ok(text))
        assert(strlen(text) == TEMPLATE_APP_HASH);
    (void)purpose_template(purpose, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char digits[] = "0918273645";
    struct config_purpose purpose = {.length = 6, .ttl_s = 300};
    char *field[FIELDS], code[16], why[256] = "";
    if (size < SETTINGS)
        return 0;
    char *bytes = calloc(1, size + FIELDS + 1), *at = bytes; /* each field has its end */
    assert(bytes);
    memcpy(bytes, data + SETTINGS, size - SETTINGS);
    for (int i = 0; i < FIELDS; i++, at += strlen(at) + 1)
        field[i] = at > bytes + size ? bytes + size : at;
    purpose.encoding = data[0] & 1 ? PURPOSE_UCS2 : PURPOSE_UNACCENTED;
    purpose.allow_parts = data[1] & 1;
    purpose.length = 4 + data[2] % 7;
    purpose.ttl_s = 60 + data[3] % 10 * 60;
    if (purpose_host_ok(field[1]))
        snprintf(purpose.origin, sizeof purpose.origin, "%s", field[1]);
    check_purpose(&purpose, field[2]);
    if (template_check(&purpose, field[0], why, sizeof why) == 0) {
        for (int turn = 0; turn < 3; turn++) {
            for (int i = 0; i < purpose.length; i++)
                code[i] = digits[(data[4] + turn * (i + 1)) % 10];
            code[purpose.length] = '\0';
            const struct template_values values = {
                .code = code,
                .minutes = purpose.ttl_s / 60 - turn > 0 ? purpose.ttl_s / 60 - turn : 1,
                .origin = purpose.origin};
            check_text(&purpose, field[0], &values);
        }
    } else {
        assert(why[0] && strlen(why) < sizeof why);
    }
    free(bytes);
    return 0;
}
