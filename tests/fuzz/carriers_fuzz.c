/* carriers: any bytes either make carriers or a list of mistakes; what was made answers every
 * question, and each of its carriers stays within its bounds. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "carriers_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct carriers *carriers, const struct carrier *c)
{
    assert(*c->name && *c->title);
    assert(carriers_find(carriers, c->name) == c);
    assert(c->code_count <= CARRIER_CODES && c->range_count <= CARRIER_RANGES);
    assert(c->way_count <= CARRIER_WAYS && c->own_number_count <= CARRIER_USSD);
    for (size_t i = 0; i < c->way_count; i++)
        assert(*c->way[i].text && !strpbrk(c->way[i].text, "\";\r\n"));
    for (size_t i = 0; i < c->range_count; i++)
        assert(strlen(c->range[i].first) == strlen(c->range[i].last));
    assert(carriers_network(carriers, c) && !carriers_network(carriers, c)->host[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct carriers *carriers;
    struct config_mistakes mistakes;
    int rc = carriers_parse("fuzz", (const char *)data, size, "84", &carriers, &mistakes);
    assert((rc == 0) == (carriers != NULL));
    assert((rc == 0) == (mistakes.count == 0));
    for (size_t i = 0; carriers && i < carriers->count; i++)
        check(carriers, &carriers->carrier[i]);
    (void)carriers_of_imsi(carriers, "452040123456789");
    (void)carriers_of_number(carriers, "+84986123456");
    carriers_free(carriers);
    config_mistakes_free(&mistakes);
    return 0;
}
