/* Any octets as the line after the prompt: taken apart or refused, never read or written past. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim_pdu.h"
#include "sim_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sim_submit submit;
    bool length_wrong;
    if (size > 400)
        return 0;
    char *hex = malloc(2 * size + 1);
    if (!hex)
        return 0;
    sim_hex_encode(data, size, hex);
    unsigned tpdu = size && size > data[0] ? (unsigned)(size - 1 - data[0]) : 0;
    if (!sim_pdu_submit_decode(hex, 2 * size, tpdu, &submit, &length_wrong)) {
        uint8_t out[SIM_TPDU];
        const struct sim_deliver deliver = {.from = submit.to,
                                            .pid = submit.pid,
                                            .dcs = submit.dcs,
                                            .header = submit.header,
                                            .units = submit.units,
                                            .user_data = submit.user_data,
                                            .user_data_len = submit.user_data_len};
        assert(strlen(submit.text) < SIM_TEXT);
        assert(submit.part >= 1 && submit.part <= submit.parts);
        assert(sim_pdu_deliver_encode(&deliver, out) <= SIM_TPDU);
    }
    free(hex);
    return 0;
}
