/* template: the text of a code: placeholders, accents, and the last line that binds the code to a
 * web site or an app. Pure. A template is checked when the configuration is read, with the longest
 * code, so that no citizen is the first to see it fail.
 *
 * The bound line (WICG, "Origin-bound one-time codes delivered via SMS") is the last, `@host #code`
 * to the byte, with nothing after it. In GSM 7-bit `@` is septet 0x00: texts are counted here,
 * never measured. An app hash (Android SMS Retriever) wants the end of the text too: one or the
 * other. */
#ifndef OTPGATE_TEMPLATE_H
#define OTPGATE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include "config.h"

enum { TEMPLATE_TEXT_MAX = 2048, TEMPLATE_APP_HASH = 11, TEMPLATE_APP_BYTES = 140 };

struct template_values {
    const char *code;     /* digits */
    int minutes;          /* that it is still valid */
    const char *origin;   /* NULL or "": no bound line */
    const char *app_hash; /* NULL or "": none */
};

/* Renders into `bytes` (UTF-8, counted, no NUL); folds where the purpose says so. Length, or
 * -E2BIG, -EINVAL (a placeholder that is not known). */
int template_render(const struct config_purpose *purpose, const char *template_,
                    const struct template_values *values, char bytes[TEMPLATE_TEXT_MAX])
    __attribute__((warn_unused_result));
/* Parts of a rendered text in the purpose's encoding, or -errno of sms_text_encode(). */
int template_parts(const struct config_purpose *purpose, const char *text, size_t len,
                   unsigned *units) __attribute__((warn_unused_result));
/* 0, or -EINVAL with `why`, a phrase. */
int template_check(const struct config_purpose *purpose, const char *template_, char *why,
                   size_t room) __attribute__((warn_unused_result));
bool template_app_hash_ok(const char *hash);

#endif
