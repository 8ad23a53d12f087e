#include "template.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "encoding.h"

struct out {
    char *bytes;
    size_t len;
    bool full;
};

static void put(struct out *out, const char *bytes, size_t len)
{
    if (len > TEMPLATE_TEXT_MAX - out->len) {
        out->full = true;
        return;
    }
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void put_text(struct out *out, const char *text)
{
    put(out, text, strlen(text));
}

/* What stands for `{name}`; NULL: not known. */
static const char *value_of(const char *name, size_t len, const struct template_values *values,
                            char room[16])
{
    if (len == 4 && memcmp(name, "code", 4) == 0)
        return values->code;
    if (len == 7 && memcmp(name, "minutes", 7) == 0) {
        snprintf(room, 16, "%d", values->minutes);
        return room;
    }
    return NULL;
}

/* 0, -EINVAL: *bad is where it is wrong. */
static int put_template(struct out *out, const char *text, const struct template_values *values,
                        const char **bad)
{
    char room[16];

    for (; *text; text++) {
        size_t plain = strcspn(text, "{}");
        put(out, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        size_t len = *text == '{' ? strcspn(text + 1, "}") : 0;
        const char *value =
            *text == '{' && text[len + 1] == '}' ? value_of(text + 1, len, values, room) : NULL;
        if (!value) {
            *bad = text;
            return -EINVAL;
        }
        put_text(out, value);
        text += len + 1;
    }
    return 0;
}

int template_render(const struct config_purpose *purpose, const char *template_,
                    const struct template_values *values, char bytes[TEMPLATE_TEXT_MAX])
{
    struct out out = {.bytes = bytes};
    const char *bad;

    if (put_template(&out, template_, values, &bad) < 0)
        return -EINVAL;
    if (purpose->encoding == PURPOSE_UNACCENTED && !out.full) {
        ssize_t len = sms_text_fold(bytes, out.len, bytes);
        if (len < 0)
            return -EINVAL;
        out.len = (size_t)len;
    }
    if (values->origin && *values->origin) {
        put_text(&out, "\n\n@");
        put_text(&out, values->origin);
        put_text(&out, " #");
        put_text(&out, values->code);
    } else if (values->app_hash && *values->app_hash) {
        put_text(&out, "\n\n");
        put_text(&out, values->app_hash);
    }
    return out.full ? -E2BIG : (int)out.len;
}

int template_parts(const struct config_purpose *purpose, const char *text, size_t len,
                   unsigned *units)
{
    struct sms_text encoded;
    uint32_t bad = 0;
    int rc = sms_text_encode(text, len, purpose->encoding == PURPOSE_UCS2 ? SMS_UCS2 : SMS_GSM7,
                             &encoded, &bad);
    *units = rc == 0 ? encoded.units : bad;
    return rc == 0 ? (int)encoded.parts : rc;
}

static int wrong(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int wrong(char *why, size_t room, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, room, format, args);
    va_end(args);
    return -EINVAL;
}

static int check_placeholders(const char *text, char *why, size_t room)
{
    const struct template_values values = {.code = "1", .minutes = 1};
    char bytes[TEMPLATE_TEXT_MAX];
    struct out out = {.bytes = bytes};
    const char *bad = NULL;

    if (put_template(&out, text, &values, &bad) == 0)
        return strstr(text, "{code}") ? 0 : wrong(why, room, "lacks {code}");
    if (*bad == '}')
        return wrong(why, room, "has a } without its {");
    return wrong(why, room, "%.*s is no placeholder; there are {code} and {minutes}",
                 (int)strcspn(bad, "}") + 1, bad);
}

int template_check(const struct config_purpose *purpose, const char *template_, char *why,
                   size_t room)
{
    static const char longest[] = "8888888888";
    const struct template_values values = {
        .code = longest + (sizeof longest - 1 - (size_t)purpose->length),
        .minutes = purpose->ttl_s >= 600 ? 10 : 8,
        .origin = purpose->origin,
    };
    char text[TEMPLATE_TEXT_MAX];
    unsigned units = 0;

    assert(purpose->length > 0 && (size_t)purpose->length < sizeof longest);
    if (check_placeholders(template_, why, room) < 0)
        return -EINVAL;
    int len = template_render(purpose, template_, &values, text);
    int parts = len < 0 ? len : template_parts(purpose, text, (size_t)len, &units);
    if (parts == -ENOTSUP)
        return wrong(why, room,
                     "U+%04X is not in the GSM 7-bit alphabet, with or without accents: write it "
                     "otherwise, or set encoding = ucs2",
                     units);
    if (parts < 0)
        return wrong(why, room, "is longer than %d parts", SMS_PARTS_MAX);
    if (parts > 1 && !purpose->allow_parts)
        return wrong(why, room,
                     "takes %u %s with the longest code and its last line, and one part holds %d: "
                     "shorten it, or set allow_parts = yes",
                     units, purpose->encoding == PURPOSE_UCS2 ? "UTF-16 units" : "septets",
                     purpose->encoding == PURPOSE_UCS2 ? SMS_UCS2_ONE : SMS_GSM7_ONE);
    return 0;
}

bool template_app_hash_ok(const char *hash)
{
    return strlen(hash) == TEMPLATE_APP_HASH &&
           strspn(hash, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
               TEMPLATE_APP_HASH;
}
