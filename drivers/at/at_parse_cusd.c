#include "at_parse_cusd.h"

#include <string.h>

/* The scheme behind the last quote: `,15`, perhaps with the next result glued to it. */
static int parse_scheme(const char *at)
{
    int value = 0;
    at += strspn(at, " ");
    if (*at != ',')
        return -1;
    at += 1 + strspn(at + 1, " ");
    size_t digits = strspn(at, "0123456789");
    for (size_t i = 0; i < digits && i < 3; i++)
        value = value * 10 + (at[i] - '0');
    return digits > 0 && digits <= 3 && value <= 255 ? value : -1;
}

bool at_parse_cusd(const char *line, struct at_cusd *out)
{
    static const char prefix[] = "+CUSD:";
    if (strncmp(line, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *at = line + sizeof prefix - 1;
    at += strspn(at, " ");
    if (*at < '0' || *at > '5')
        return false;
    *out = (struct at_cusd){.mode = (enum at_cusd_mode)(*at++ - '0'), .dcs = -1};
    at += strspn(at, " ");
    if (*at != ',')
        return *at == '\0';
    at += 1 + strspn(at + 1, " ");
    if (*at != '"') { /* without quotes: up to the scheme */
        out->len = strcspn(at, ",");
        out->text = out->len > 0 ? at : NULL;
        out->dcs = parse_scheme(at + out->len);
        return true;
    }
    out->text = ++at;
    const char *close = strrchr(at, '"');
    out->len = close ? (size_t)(close - at) : strlen(at);
    out->dcs = close ? parse_scheme(close + 1) : -1;
    return true;
}
