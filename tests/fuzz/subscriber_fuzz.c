/* subscriber: any bytes as rules, and any bytes as a reply: spans lie in the text, in order and on
 * whole characters; what is found looks its part. The first line tells the carrier. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void span_check(const char *text, size_t len, const struct subscriber_span *span)
{
    assert(span->from <= span->to && span->to <= len);
    assert(span->from == len || (text[span->from] & 0xC0) != 0x80);
    assert(span->to == len || (text[span->to] & 0xC0) != 0x80);
}

static void reply_check(const struct subscriber_reply *reply, const char *text, size_t len)
{
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++) {
        const struct subscriber_value *value = &reply->field[f];
        assert(value->found == (value->value[0] != '\0') && value->found == (value->rule[0] != 0));
        assert(memchr(value->value, '\0', sizeof value->value));
        span_check(text, len, &value->span);
    }
    assert(reply->unparsed_count <= SUBSCRIBER_UNPARSED_MAX);
    for (size_t i = 0; i < reply->unparsed_count; i++) {
        span_check(text, len, &reply->unparsed[i]);
        assert(i == 0 || reply->unparsed[i].from >= reply->unparsed[i - 1].to);
    }
    assert(reply->refusal == REFUSAL_NONE || !subscriber_reply_is_record(reply));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct subscriber_rules *rules;
    struct subscriber_rules *other;
    struct subscriber_reply reply;
    char carrier[64] = "", why[200] = "";
    int rc = rules ? 0 : subscriber_rules_load("", &rules, why, sizeof why);
    assert(rc == 0);

    rc = subscriber_rules_parse("fuzz", (const char *)data, size, &other, why, sizeof why);
    assert((rc == 0) == (other != NULL) && (rc == 0) == (why[0] == '\0'));
    subscriber_rules_free(other);

    const char *text = (const char *)data;
    const char *line = memchr(data, '\n', size);
    size_t head = line ? (size_t)(line - text) : 0;
    memcpy(carrier, text, head < sizeof carrier ? head : sizeof carrier - 1);
    char *copy = malloc(size + 1); /* so that a read past its end is seen */
    assert(copy);
    memcpy(copy, data, size);
    rc = subscriber_parse(rules, carrier, copy, size, &reply);
    assert(rc == 0 || rc == -EILSEQ || rc == -EMSGSIZE);
    if (rc == 0)
        reply_check(&reply, copy, size);
    free(copy);
    subscriber_reply_clear(&reply);
    return 0;
}
