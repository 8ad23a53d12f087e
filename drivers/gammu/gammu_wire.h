/* gammu_wire: what the daemon and the helper of one phone say to each other: lines of ASCII on a
 * socketpair. Pure; used on both sides; the daemon's side believes nothing.
 *
 *   helper: hello 1                      the version of this protocol, first
 *           imei|imsi|smsc|maker|model|revision TEXT
 *           ready                        the phone is connected, all above is said
 *           radio STAT DBM [OPERATOR]    <stat> of TS 27.007 clause 7.2; DBM 0: not known
 *           inbound HANDLE HEX           a TPDU that stays in the phone until it is taken
 *           sent TOKEN PART REFERENCE    of the submit under way
 *           refused TOKEN PART CODE      nothing has left (CODE: GSM_Error of libgammu)
 *           failed TOKEN PART CODE       it may have left
 *           alive                        the answer to look
 *           broken CODE                  the phone is not reached; the helper ends
 *   daemon: send TOKEN PART HEX          an SMS-SUBMIT, to be sent at once
 *           taken HANDLE 0|1             1: delete it; 0: leave it, and tell of it again later
 *           look                         tell radio and what came, then alive
 */
#ifndef OTPGATE_GAMMU_WIRE_H
#define OTPGATE_GAMMU_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pdu.h"

enum { GAMMU_WIRE_VERSION = 1, GAMMU_LINE_MAX = 511, GAMMU_TEXT_MAX = 39 };

enum { GAMMU_PHONE_BUSY = 5 }; /* CODE of broken: another program has it */

enum gammu_word {
    GAMMU_HELLO,
    GAMMU_IMEI,
    GAMMU_IMSI,
    GAMMU_SMSC,
    GAMMU_MAKER,
    GAMMU_MODEL,
    GAMMU_REVISION,
    GAMMU_READY,
    GAMMU_RADIO,
    GAMMU_INBOUND,
    GAMMU_SENT,
    GAMMU_REFUSED,
    GAMMU_FAILED,
    GAMMU_ALIVE,
    GAMMU_BROKEN,
    GAMMU_SEND,
    GAMMU_TAKEN,
    GAMMU_LOOK,
};
enum { GAMMU_WORDS = GAMMU_LOOK + 1 };

/* Which members count depends on the word: see above. */
struct gammu_line {
    enum gammu_word word;
    uint64_t id;     /* TOKEN, HANDLE */
    unsigned number; /* PART, STAT, CODE, the version, taken's 0 or 1 */
    int value;       /* REFERENCE, CODE behind a PART, DBM */
    struct pdu_tpdu tpdu;
    char text[GAMMU_TEXT_MAX + 1]; /* printable ASCII */
};

/* A line without its line end. False: not one of these, whole and in range. */
bool gammu_line_parse(const char *text, size_t len, struct gammu_line *out)
    __attribute__((warn_unused_result));
/* With its line end and a NUL. Text that is not printable ASCII becomes `?`. Returns the length. */
size_t gammu_line_form(const struct gammu_line *line, char out[GAMMU_LINE_MAX + 2]);
/* For the flight recorder: what may be seen of a line, the rest by its kind and length. */
void gammu_line_show(const struct gammu_line *line, char *out, size_t room);

#endif
