/* balance: any bytes as the answer to a USSD code. The first line tells the carrier. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber_balance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct subscriber_rules *rules;
    struct subscriber_balance got;
    char carrier[64] = "", why[200] = "";
    int rc = rules ? 0 : subscriber_rules_load("", &rules, why, sizeof why);
    assert(rc == 0);

    const uint8_t *line = memchr(data, '\n', size);
    size_t head = line ? (size_t)(line - data) : 0;
    memcpy(carrier, data, head < sizeof carrier ? head : sizeof carrier - 1);
    char *copy = malloc(size + 1); /* so that a read past its end is seen */
    assert(copy);
    memcpy(copy, data, size);
    rc = subscriber_balance_parse(rules, carrier, copy, size, &got);
    free(copy);
    assert(rc == 0);
    assert(got.vnd >= 0 && got.vnd <= BALANCE_VND_MAX);
    assert(got.reading == BALANCE_READ || (got.vnd == 0 && !got.expires[0]));
    assert((got.reading == BALANCE_UNPARSED) == (got.rule[0] == '\0'));
    assert(got.expires[0] == '\0' || strlen(got.expires) == 10);
    return 0;
}
