/* subscriber_rules: subscriber.ini, which tells how replies of 1414 are read: labels and their
 * synonyms, texts of refusals, for all carriers or for one.
 *
 * Data, not code: an operator adds what a real reply shows and reloads. A copy of the file in the
 * tree is compiled in, for where no file is installed. Owned by who loaded it; read only. */
#ifndef OTPGATE_SUBSCRIBER_RULES_H
#define OTPGATE_SUBSCRIBER_RULES_H

#include <stdbool.h>
#include <stddef.h>

enum subscriber_field {
    SUBSCRIBER_FULL_NAME,
    SUBSCRIBER_BIRTH_DATE,
    SUBSCRIBER_ID_NUMBER,
    SUBSCRIBER_ID_TYPE,
    SUBSCRIBER_ID_ISSUED_ON,
    SUBSCRIBER_ID_ISSUED_BY,
    SUBSCRIBER_MSISDN,
    SUBSCRIBER_ADDRESS,
    SUBSCRIBER_SUBSCRIBER_TYPE,
    SUBSCRIBER_STATUS,
    SUBSCRIBER_REGISTERED_ON,
    SUBSCRIBER_OTHER, /* a label that is known and of no interest */
};
enum { SUBSCRIBER_FIELDS = SUBSCRIBER_OTHER };

/* Why a carrier answered and gave nothing. */
enum subscriber_refusal {
    REFUSAL_NONE,
    REFUSAL_QUOTA,
    REFUSAL_NOT_NOW,
    REFUSAL_NOT_STANDARDISED,
    REFUSAL_PREPAID_ONLY,
    REFUSAL_NOT_SUPPORTED, /* of the way in which it was asked: nobody has looked for a record */
    REFUSAL_NO_RECORD,     /* the carrier holds none */
};

/* Words around a balance, see subscriber_balance.h. */
enum balance_word {
    BALANCE_MAIN,       /* the account that pays: its amount follows */
    BALANCE_MAIN_DATED, /* the same, and the day it ends stands right behind the amount */
    BALANCE_EXPIRES,    /* behind the amount: the day the account ends follows */
    BALANCE_LEAD,       /* may stand before a main */
    BALANCE_FILLER,     /* may stand between a label and its value */
    BALANCE_BONUS,      /* another account: what follows its name alone is its own */
    BALANCE_POSTPAID,   /* there is no balance: this SIM is billed */
};

enum subscriber_id_kind { ID_NONE, ID_CCCD, ID_CMND, ID_PASSPORT };

enum { SUBSCRIBER_WORDS_MAX = 96, SUBSCRIBER_CARRIER_MAX = 32 };

/* Words are folded (capitals without accents) and one space apart. */
struct subscriber_label {
    enum subscriber_field field;
    char carrier[SUBSCRIBER_CARRIER_MAX]; /* folded; "": all */
    char words[SUBSCRIBER_WORDS_MAX];
    bool strict; /* a label only where a separator follows */
};
struct subscriber_phrase {
    int means; /* enum subscriber_refusal; subscriber_id_kind in `types`; balance_word in `balance`
                */
    char carrier[SUBSCRIBER_CARRIER_MAX];
    char words[SUBSCRIBER_WORDS_MAX];
};

struct subscriber_rules {
    struct subscriber_label *labels;
    struct subscriber_phrase *phrases, *types, *balance;
    size_t label_count, phrase_count, type_count, balance_count;
};

const char *subscriber_field_name(enum subscriber_field field);       /* "full_name" */
const char *subscriber_refusal_name(enum subscriber_refusal refusal); /* "quota"; "none" */
const char *subscriber_id_kind_name(enum subscriber_id_kind kind);    /* "cccd"; "none" */

/* From bytes; `name` stands before what is wrong with them. 0, or -EINVAL or -ENOMEM with a
 * sentence in `why` ("subscriber.ini:7: ..."; room >= 1). */
int subscriber_rules_parse(const char *name, const char *bytes, size_t len,
                           struct subscriber_rules **out, char *why, size_t room)
    __attribute__((warn_unused_result));
/* From a file; where there is none (or `path` is ""), the compiled-in copy. Also -errno of the
 * file. */
int subscriber_rules_load(const char *path, struct subscriber_rules **out, char *why, size_t room)
    __attribute__((warn_unused_result));
void subscriber_rules_free(struct subscriber_rules *rules);

/* Whether what is for `of` (folded, "": all) holds for a reply of `carrier` (folded, "": not
 * known). */
bool subscriber_rules_apply(const char *of, const char *carrier);

#endif
