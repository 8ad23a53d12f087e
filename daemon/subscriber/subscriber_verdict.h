/* subscriber_verdict: the words in which a typed value is held against a carrier's: one level for a
 * field, and findings that tell staff what may be behind it. Never a score: only staff decide. */
#ifndef OTPGATE_SUBSCRIBER_VERDICT_H
#define OTPGATE_SUBSCRIBER_VERDICT_H

#include "subscriber_rules.h"

enum subscriber_level {
    LEVEL_EXACT,
    LEVEL_TONE_PLACEMENT, /* of names: hoà, hòa */
    LEVEL_UNACCENTED,     /* of names: the same but for accents */
    LEVEL_COMPATIBLE,     /* what can be seen is the same: digits or letters are masked */
    LEVEL_OLD_ID,         /* of documents: twelve digits typed, a nine-digit one on record */
    LEVEL_DIFFERS,
};

enum subscriber_finding {
    FINDING_REORDERED,         /* the same words in another order */
    FINDING_MISSING_MIDDLE,    /* one has a middle name more: Thị, Văn */
    FINDING_I_Y_VARIANT,       /* Lý, Lí */
    FINDING_TYPING_RESIDUE,    /* TELEX "Nguyeenx", VNI "Nguye64n" */
    FINDING_ONE_LETTER_OFF,    /* one too few, too many, wrong, or two swapped */
    FINDING_DIFFERENT,         /* nothing explains it */
    FINDING_ACCENTS_DIFFER,    /* both have accents, and not the same */
    FINDING_LEGACY_ENCODING,   /* TCVN3 or Windows-1258 read as something else */
    FINDING_LOOKALIKE_LETTERS, /* Cyrillic or Greek ones among Latin */
    FINDING_HIDDEN_CHARACTERS,
    FINDING_NOT_A_NAME,
    FINDING_ONE_DIGIT_OFF,
    FINDING_LEADING_ZERO_LOST,   /* eleven digits of twelve: a spreadsheet did it */
    FINDING_BIRTH_YEAR_MISMATCH, /* the number says another year of birth than the date */
    FINDING_NINE_DIGIT_ID,       /* a CMND: replaced by the CCCD */
    FINDING_NOT_AN_ID,
    FINDING_DAY_MONTH_SWAPPED,
    FINDING_YEAR_ONLY, /* the record holds no more than the year */
    FINDING_NOT_A_DATE,
    FINDING_IN_THE_FUTURE,
    FINDING_ELEVEN_DIGIT_NUMBER, /* from before 2018 */
    FINDING_NOT_A_NUMBER,
};
enum { SUBSCRIBER_FINDINGS = FINDING_NOT_A_NUMBER + 1 };

struct subscriber_verdict {
    bool compared; /* both sides have it */
    enum subscriber_level level;
    unsigned findings; /* bits 1 << enum subscriber_finding */
};

const char *subscriber_level_name(enum subscriber_level level);       /* "exact" */
const char *subscriber_finding_name(enum subscriber_finding finding); /* "reordered" */

#endif
