#include "carriers.h"

#include <stdio.h>
#include <string.h>

const struct carrier *carriers_find(const struct carriers *carriers, const char *name)
{
    for (size_t i = 0; carriers && i < carriers->count; i++)
        if (strcmp(carriers->carrier[i].name, name) == 0)
            return &carriers->carrier[i];
    return NULL;
}

const struct carrier *carriers_of_imsi(const struct carriers *carriers, const char *imsi)
{
    const struct carrier *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; carriers && i < carriers->count; i++)
        for (size_t k = 0; k < carriers->carrier[i].code_count; k++) {
            const char *code = carriers->carrier[i].code[k];
            size_t len = strlen(code); /* five digits, or six where three are the network's */
            if (len > best_len && strncmp(imsi, code, len) == 0) {
                best = &carriers->carrier[i];
                best_len = len;
            }
        }
    return best;
}

/* "+84986..." becomes "0986..."; false where it is of another country, or a short code. */
static bool to_national(const struct carriers *carriers, const char *number, char out[20])
{
    size_t len = strlen(carriers->country);
    if (*number != '+' || strncmp(number + 1, carriers->country, len) != 0)
        return false;
    return snprintf(out, 20, "0%s", number + 1 + len) < 20;
}

const struct carrier *carriers_of_number(const struct carriers *carriers, const char *number)
{
    const struct carrier *best = NULL;
    size_t best_len = 0;
    char national[20];
    if (!carriers || !to_national(carriers, number, national))
        return NULL;
    for (size_t i = 0; i < carriers->count; i++)
        for (size_t k = 0; k < carriers->carrier[i].range_count; k++) {
            const struct carrier_range *range = &carriers->carrier[i].range[k];
            size_t len = strlen(range->first);
            if (len > best_len && strncmp(national, range->first, len) >= 0 &&
                strncmp(national, range->last, len) <= 0) {
                best = &carriers->carrier[i];
                best_len = len;
            }
        }
    return best;
}

const struct carrier *carriers_network(const struct carriers *carriers,
                                       const struct carrier *carrier)
{
    const struct carrier *host =
        carrier && carrier->host[0] ? carriers_find(carriers, carrier->host) : NULL;
    return host ? host : carrier;
}

bool carriers_same_network(const struct carriers *carriers, const struct carrier *a,
                           const struct carrier *b)
{
    return a && b && carriers_network(carriers, a) == carriers_network(carriers, b);
}
