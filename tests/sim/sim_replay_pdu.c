/* sim_replay_pdu: see sim_replay_pdu.h. */
#include "sim_replay_pdu.h"

#include <stdio.h>
#include <string.h>

#include "sim_pdu.h"
#include "sim_text.h"

enum { CENTRE_MAX = 12, SEPTETS = 160 };
static const char somebody[] = "+84900000000";
static const int64_t some_day_ms = INT64_C(1767225600000);

bool sim_replay_pdu_read(const char *text, struct sim_replay_pdu *out)
{
    unsigned digits = 0, reference = 0, status = 0;
    int used = 0;
    *out = (struct sim_replay_pdu){.to = ""};
    if (sscanf(text, "<deliver:%4u>%n", &digits, &used) != 1 || !used) {
        used = 0;
        out->report = true;
        if (sscanf(text, "<report:%4u:%3u:%3u>%n", &digits, &reference, &status, &used) != 3)
            return false;
    }
    out->digits = digits;
    out->reference = (uint8_t)reference;
    out->status = (uint8_t)status;
    return used > 0 && text[used] == '\0' && digits <= SIM_REPLAY_PDU_MAX && reference <= 255 &&
           status <= 255;
}

/* A text that fills what is left of `room` octets, and tells the seed. */
static size_t deliver(const struct sim_replay_pdu *pdu, size_t room, uint8_t *out)
{
    uint8_t septets[SEPTETS], data[SIM_USER_DATA + 1] = {0};
    char words[32];
    struct sim_deliver message = {.from = somebody, .user_data = data, .wall_ms = some_day_ms};
    size_t head = sim_pdu_deliver_encode(&message, out);
    if (head == 0 || room < head || room - head > SIM_USER_DATA)
        return 0;
    size_t count = (room - head) * 8 / 7;
    int len = snprintf(words, sizeof words, "%u ", pdu->seed);
    for (size_t i = 0; i < count; i++)
        septets[i] = i < (size_t)len ? (uint8_t)words[i] : 'x';
    sim_septets_pack(septets, count, 0, data);
    message.units = (uint8_t)count;
    message.user_data_len = (uint8_t)(room - head);
    return sim_pdu_deliver_encode(&message, out);
}

/* Octets behind TP-ST are nothing to a host; a number that is too long for this room is not the one
 * that stood there. */
static size_t report(const struct sim_replay_pdu *pdu, size_t room, uint8_t *out)
{
    struct sim_report said = {.mr = pdu->reference,
                              .to = *pdu->to ? pdu->to : somebody,
                              .submitted_wall_ms = some_day_ms,
                              .done_wall_ms = some_day_ms,
                              .status = pdu->status};
    size_t len = sim_pdu_report_encode(&said, out);
    while (len > room && said.to[1]) {
        said.to++;
        len = sim_pdu_report_encode(&said, out);
    }
    if (len == 0 || len > room)
        return 0;
    memset(out + len, 0, room - len);
    return room;
}

bool sim_replay_pdu_write(const struct sim_replay_pdu *pdu, char *out)
{
    size_t octets = pdu->digits / 2, centre = 1;
    uint8_t line[SIM_REPLAY_PDU_MAX / 2] = {0};
    uint8_t tpdu[SIM_TPDU] = {0};
    size_t told = pdu->announced > 0 ? (size_t)pdu->announced : 0;
    memset(out, '0', pdu->digits);
    out[pdu->digits] = '\0';
    if (told < octets && octets - told <= CENTRE_MAX)
        centre = octets - told;
    if (pdu->digits % 2 || octets <= centre || octets - centre > SIM_TPDU)
        return false;
    size_t room = octets - centre;
    if ((pdu->report ? report(pdu, room, tpdu) : deliver(pdu, room, tpdu)) != room)
        return false;
    line[0] = (uint8_t)(centre - 1);
    if (centre > 1)
        line[1] = 0x91;
    memcpy(line + centre, tpdu, room);
    sim_hex_encode(line, octets, out);
    return true;
}
