/* ussd: any bytes as a +CUSD line and as the text inside it, in every scheme and form. What comes
 * out is within its bounds, valid UTF-8, and holds nothing that acts on a terminal. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "at_parse_cusd.h"
#include "text.h"
#include "ussd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *raw, size_t len, int dcs, enum ussd_form spoken)
{
    static char text[USSD_TEXT_MAX];
    size_t got = ussd_text_read(raw, len, dcs, spoken, text);
    size_t pos = 0;
    assert(got < sizeof text && strlen(text) == got);
    for (int32_t c; (c = text_utf8_next(text, got, &pos)) != -1;) {
        assert(c >= 0x20 || c == '\n');
        assert(c < 0x7F || c > 0x9F);
        assert(c < 0x202A || c > 0x202E);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char line[2048];
    struct at_cusd cusd;
    char code[USSD_CODE_MAX + 2], written[USSD_WIRE_MAX + 1];
    if (size < 2 || size - 2 >= sizeof line)
        return 0;
    enum ussd_form spoken = (enum ussd_form)(data[0] % USSD_FORMS);
    memcpy(line, data + 2, size - 2);
    line[size - 2] = '\0';
    check(line, size - 2, (int)data[1] - 1, spoken);
    if (at_parse_cusd(line, &cusd) && cusd.text)
        check(cusd.text, cusd.len, cusd.dcs, spoken);
    (void)text_copy(code, sizeof code, line);
    if (ussd_code_is_clean(code)) {
        ussd_code_write(code, spoken, written);
        check(written, strlen(written), 15, spoken);
    }
    return 0;
}
