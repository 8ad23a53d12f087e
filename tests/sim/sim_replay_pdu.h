/* sim_replay_pdu: what stands for a message or a report that a trace tells only the kind and length
 * of. Such a line is whole and of the same length, so that a host that counts octets takes it; its
 * words are the player's own. Pure. */
#ifndef SIM_REPLAY_PDU_H
#define SIM_REPLAY_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_replay_pdu {
    bool report;
    size_t digits;             /* of the line: twice its octets, the centre's address among them */
    int announced;             /* octets of the TPDU, as the line before told; 0: it did not */
    unsigned seed;             /* two of one seed are the same message */
    uint8_t reference, status; /* of a report: TP-MR, TP-ST */
    const char *to;            /* of a report; "": nobody is known */
};
/* `<deliver:62>` or `<report:54:7:0>` (reference and status), and nothing else, as the recorder
 * writes it: false: another line. Fills report, digits, reference and status. */
bool sim_replay_pdu_read(const char *text, struct sim_replay_pdu *out);
/* Writes `digits` hex digits and a NUL. False: no TPDU has this length; then they are zeros. `out`
 * holds SIM_REPLAY_PDU_MAX + 1. */
enum { SIM_REPLAY_PDU_MAX = 400 };
bool sim_replay_pdu_write(const struct sim_replay_pdu *pdu, char *out);

#endif
