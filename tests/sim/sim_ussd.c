/* sim_ussd: AT+CUSD (3GPP TS 27.007 clause 7.15) and a network that answers the codes it was told
 * to. Unless told otherwise, a Huawei writes strings as packed septets in hex, both ways; the
 * others plainly; what GSM-7 lacks comes as UCS-2 in hex, DCS 72. */
#include "simmodem_inside.h"

#include <stdio.h>
#include <string.h>

#include "sim_text.h"

enum { UNKNOWN_MS = 100, TEXT_ROOM = 184, DCS_GSM7 = 15, DCS_UCS2 = 72, CME_NO_NETWORK = 30 };

static bool writes_packed(const struct simmodem *modem)
{
    return modem->ussd_form == SIMMODEM_USSD_AS_MADE ? modem->profile->families & SIM_HUAWEI
                                                     : modem->ussd_form == SIMMODEM_USSD_PACKED;
}

/* --- what the host wrote --- */

static bool unpack(const char *hex, char *out, size_t room)
{
    uint8_t octets[TEXT_ROOM], septets[TEXT_ROOM];
    bool bad = false;
    int len = sim_hex_decode(hex, strlen(hex), octets, sizeof octets / 2);
    if (len <= 0)
        return false;
    size_t count = (size_t)len * 8 / 7;
    sim_septets_unpack(octets, 0, count, septets);
    if (count % 8 == 0 && septets[count - 1] == '\r')
        count--; /* clause 6.1.2.3.1: it only fills the last octet */
    sim_text_from_gsm7(septets, count, out, room, &bad);
    return !bad;
}

static const struct simnet_ussd *find(const struct simmodem *modem, const char *code)
{
    for (unsigned i = 0; i < modem->ussds; i++)
        if (strcmp(modem->ussd[i].code, code) == 0)
            return &modem->ussd[i];
    return NULL;
}

/* As this modem was told, else as the network's service says, else as of a code nobody knows. */
static struct simnet_ussd answer_of(struct simmodem *modem, const char *code)
{
    const struct simnet_service *service = simnet_service(modem->net);
    const struct simnet_ussd *told = find(modem, code);
    struct simnet_ussd answer;
    if (told)
        return *told;
    if (service && service->ussd(service->arg, &modem->station, code, modem->ussd_menu, &answer))
        return answer;
    return (struct simnet_ussd){.end = 4, .ms = UNKNOWN_MS};
}

static struct sim_result ask(struct simmodem *modem, const char *args)
{
    char written[2 * TEXT_ROOM], code[TEXT_ROOM];
    if (!sim_args_string(args, 1, written, sizeof written) || strlen(written) >= sizeof code)
        return (struct sim_result){SIM_ERROR, 0};
    if (!writes_packed(modem))
        strcpy(code, written);
    else if (!unpack(written, code, sizeof code))
        return (struct sim_result){SIM_ERROR, 0};
    if (!sim_has_service(modem))
        return (struct sim_result){SIM_CME, CME_NO_NETWORK};
    modem->ussd_answer = answer_of(modem, code);
    modem->ussd_menu = false;
    sim_timer_arm(&modem->ussd_timer, simnet_now_ms(modem->net) + modem->ussd_answer.ms);
    return (struct sim_result){SIM_OK, 0};
}

struct sim_result sim_ussd_set(struct simmodem *modem, const char *args)
{
    int mode = args[0] - '0';
    if (mode < 0 || mode > 2)
        return (struct sim_result){SIM_ERROR, 0};
    if (args[1] == ',' && mode == 1)
        return ask(modem, args);
    if (mode == 2)
        sim_ussd_forget(modem);
    else
        modem->settings.cusd = mode;
    return (struct sim_result){SIM_OK, 0};
}

/* --- what the network answers --- */

static void write_text(const struct simmodem *modem, const char *text, char *out, int *dcs)
{
    uint8_t septets[TEXT_ROOM], octets[2 * TEXT_ROOM] = {0};
    int count = sim_text_to_gsm7(text, septets, sizeof septets);
    *dcs = count >= 0 ? DCS_GSM7 : DCS_UCS2;
    if (count < 0) {
        int len = sim_text_to_ucs2(text, octets, sizeof octets);
        sim_hex_encode(octets, len > 0 ? (size_t)len : 0, out);
    } else if (writes_packed(modem)) {
        if (count % 8 == 7)
            septets[count++] = '\r';
        sim_septets_pack(septets, (size_t)count, 0, octets);
        sim_hex_encode(octets, ((size_t)count * 7 + 7) / 8, out);
    } else {
        strcpy(out, text);
    }
}

void sim_ussd_answer(void *arg)
{
    struct simmodem *modem = arg;
    const struct simnet_ussd *answer = &modem->ussd_answer;
    char text[4 * TEXT_ROOM + 1];
    int dcs;
    if (answer->end < 0)
        return;
    modem->ussd_menu = answer->end == 1;
    write_text(modem, answer->text, text, &dcs);
    if (*text)
        sim_urc(modem, "+CUSD: %d,\"%s\",%d", answer->end, text, dcs);
    else
        sim_urc(modem, "+CUSD: %d", answer->end);
    sim_leave(modem);
}

void sim_ussd_forget(struct simmodem *modem)
{
    modem->ussd_menu = false;
    sim_timer_cancel(&modem->ussd_timer);
}

void simmodem_ussd_form(struct simmodem *modem, enum simmodem_ussd_form form)
{
    modem->ussd_form = form;
}

bool simmodem_ussd_set(struct simmodem *modem, const struct simnet_ussd *answer)
{
    unsigned at = 0;
    while (at < modem->ussds && strcmp(modem->ussd[at].code, answer->code) != 0)
        at++;
    if (at == SIMMODEM_USSDS)
        return false;
    modem->ussd[at] = *answer;
    modem->ussds += at == modem->ussds;
    return true;
}
