/* sim_pdu: TPDUs (3GPP TS 23.040 clause 9.2) as the simulated network sees them: it takes
 * SMS-SUBMIT apart strictly, and writes SMS-DELIVER and SMS-STATUS-REPORT. Pure; any bytes may come
 * in. Written apart from the gateway's own codec on purpose; shares nothing with it. */
#ifndef SIM_PDU_H
#define SIM_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIM_NUMBER = 24,     /* room for "+", 20 digits and a NUL */
    SIM_TEXT = 512,      /* UTF-8 of one part, with a NUL */
    SIM_USER_DATA = 140, /* octets */
    SIM_TPDU = 184,      /* octets of the longest TPDU */
};

enum sim_alphabet { SIM_GSM7, SIM_8BIT, SIM_UCS2 };

/* Validity: relative value 0 to 255, or one of these. */
enum { SIM_VP_NONE = -1, SIM_VP_ABSOLUTE = -2, SIM_VP_ENHANCED = -3 };

/* One SMS-SUBMIT, clause 9.2.2.2. */
struct sim_submit {
    char smsc[SIM_NUMBER]; /* "": the one stored in the SIM */
    char to[SIM_NUMBER];   /* with + where the type of number is international */
    uint8_t to_type;       /* type-of-address octet */
    uint8_t mr, pid, dcs;
    bool report;           /* TP-SRR */
    bool reject_duplicate; /* TP-RD */
    int vp;                /* see above */
    int64_t validity_ms;   /* of a relative vp; -1: none known */
    enum sim_alphabet alphabet;
    int class_;           /* message class 0 to 3; -1: none */
    int replace_type;     /* 1 to 7; 0: none */
    int ref;              /* of the concatenation; -1: a message of one part */
    unsigned part, parts; /* 1-based; 1 of 1 without concatenation */
    bool header;          /* TP-UDHI */
    bool bad_text;        /* half a surrogate pair, a lone escape, ... */
    uint8_t units;        /* TP-UDL as sent */
    uint8_t user_data_len;
    uint8_t user_data[SIM_USER_DATA];
    char text[SIM_TEXT]; /* this part alone; 8-bit data as hex */
};

/* `hex`: the line after the prompt, service centre address first; `tpdu_len`: what AT+CMGS said.
 * NULL: fine. Else what is wrong, in words; *length_wrong tells a wrong AT+CMGS length from the
 * rest. */
const char *sim_pdu_submit_decode(const char *hex, size_t len, unsigned tpdu_len,
                                  struct sim_submit *out, bool *length_wrong);

/* Milliseconds of a relative TP-VP, clause 9.2.3.12.1. */
int64_t sim_pdu_validity_ms(uint8_t vp);
/* Alphabet and class of a TP-DCS, TS 23.038 clause 4; false for compressed text. */
bool sim_pdu_dcs(uint8_t dcs, enum sim_alphabet *alphabet, int *class_);

/* Service centre time stamp, clause 9.2.3.11, at UTC+7. */
void sim_pdu_time(int64_t wall_ms, uint8_t out[7]);

/* One SMS-DELIVER, clause 9.2.2.1. User data ready to travel. */
struct sim_deliver {
    const char
        *from;  /* "+84...", "1414", or a name (alphanumeric) of up to 11 characters of GSM-7 */
    bool named; /* a name also where it reads like a number */
    uint8_t pid, dcs;
    bool header;
    bool more; /* more messages wait at the centre */
    uint8_t units;
    uint8_t user_data_len;
    const uint8_t *user_data;
    int64_t wall_ms;
};
/* Writes the TPDU into `out` (SIM_TPDU); returns its length, or 0 where a field is out of range. */
size_t sim_pdu_deliver_encode(const struct sim_deliver *deliver, uint8_t *out);
/* Fills units, user_data_len and dcs for a text of one part. `room` of data: SIM_USER_DATA.
 * GSM-7 where the text fits it, else UCS-2. False: too long. */
bool sim_pdu_text_encode(const char *utf8, uint8_t *data, struct sim_deliver *out);

/* One SMS-STATUS-REPORT, clause 9.2.2.3. */
struct sim_report {
    uint8_t mr;
    const char *to;
    int64_t submitted_wall_ms, done_wall_ms;
    uint8_t status; /* TP-ST */
};
size_t sim_pdu_report_encode(const struct sim_report *report, uint8_t *out);

#endif
