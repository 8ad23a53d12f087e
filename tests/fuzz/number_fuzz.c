/* number: whatever is typed, only a clean number comes out. First octet: the rules; rest: the text.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static const char *const countries[] = {"84", "1", "856", "44"};
    const struct number_rules rules = {
        .country = countries[data[0] >> 2 & 3], .short_codes = data[0] & 1, .foreign = data[0] & 2};
    struct number got, again;
    enum number_verdict verdict = number_parse((const char *)data + 1, size - 1, &rules, &got);
    assert(*number_verdict_name(verdict));
    assert((verdict == NUMBER_OK) == (got.digits[0] != '\0'));
    assert((verdict == NUMBER_OLD_ELEVEN) == (got.suggest[0] != '\0'));
    if (verdict == NUMBER_OK) {
        assert(number_is_clean(got.digits));
        assert(got.international == (got.digits[0] == '+'));
        assert(rules.short_codes || got.international);
        assert(strlen(number_tail(got.digits)) <= 9);
        /* what came out goes in again and stays */
        assert(number_parse(got.digits, strlen(got.digits), &rules, &again) == NUMBER_OK);
        assert(strcmp(got.digits, again.digits) == 0);
    } else if (verdict == NUMBER_OLD_ELEVEN) {
        assert(number_parse(got.suggest, strlen(got.suggest), &rules, &again) == NUMBER_OK);
    }
    return 0;
}
