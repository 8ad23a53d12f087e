/* config: /etc/otpgate/otpgate.conf and conf.d/<name>.conf beside it, read once into this struct.
 *
 * One key table {section, key, type, range, default, help, reloadable} in keys.c feeds the parser,
 * --help-config, the man page and the question what takes a restart. All mistakes of all files are
 * listed, each with its file, line and the nearest known name; a configuration with a mistake is no
 * configuration. */
#ifndef OTPGATE_CONFIG_H
#define OTPGATE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Users or groups by their numbers, as the names were known when the configuration was read. */
enum { CONFIG_IDS_MAX = 64 };
struct config_ids {
    unsigned id[CONFIG_IDS_MAX];
    size_t count;
};

struct config_list {
    char **item;
    size_t count;
};

/* What a key.* collects, in the order of the file. */
struct config_pair {
    char *name;  /* what stood for the * */
    char *value; /* not empty */
    unsigned line;
};
struct config_pairs {
    struct config_pair *pair;
    size_t count;
};
/* NULL: there is none of that name. */
const struct config_pair *config_pair_find(const struct config_pairs *pairs, const char *name);

enum body_key { BODY_KEY_PERSISTENT, BODY_KEY_EPHEMERAL };
enum sim_swap { SIM_SWAP_HOLD, SIM_SWAP_ACCEPT };
struct carriers;

struct config_modem {
    char name[64];  /* [modem NAME]: letters, digits, - and _ */
    char port[256]; /* device path or tcp://host:port; "": wherever its identity is found */
    /* Who it is: of these and `port` at least one is given, and all that are given must fit. */
    char imei[17];             /* 14 to 16 digits; the first 14 count */
    char iccid[23];            /* 18 to 22 digits */
    char imsi[16];             /* 6 to 15 digits */
    char usb_path[128];        /* "1-1.2", or ID_PATH of udev */
    char driver[16];           /* "at", "gammu" */
    char gammu_connection[40]; /* of libgammu, with that driver; so are the next two */
    char gammu_device[256], gammu_model[50];
    char number[17];         /* own number, for people; may be empty */
    char smsc[17];           /* service centre, where the SIM has none */
    char pin_file[256];      /* "": none */
    char pin_credential[64]; /* a name in $CREDENTIALS_DIRECTORY; not with pin_file */
    bool roaming;
    int daily_budget;      /* parts a day in the gateway's time zone; 0: no limit */
    int min_interval_ms;   /* between two submits */
    char power_cycle[256]; /* program and arguments, run where nothing else helps; "": none */
    int power_cycle_every_s;
};

/* Whether this system knows the zone. Where it does not, its time is UTC without a word (tzset). */
bool config_zone_is_here(const char *zone);

/* What a role may; see x-role in proto/openrpc.json. */
enum {
    MAY_SEND = 1,
    MAY_VERIFY = 2,
    MAY_SUBSCRIBER = 4,
    MAY_MONITOR = 8,
    MAY_OPERATE = 16,
    MAY_ALL = 31,
};

struct config_role {
    char name[64];
    struct config_ids users, groups; /* not both empty */
    unsigned may;                    /* some of MAY_ */
    bool show_numbers;               /* whole numbers of other people's messages too */
    /* Of each of its users; 0: what [gateway] says, and no limit of sends. */
    int max_connections, max_in_flight, sends_per_minute;
};

enum purpose_encoding { PURPOSE_UNACCENTED, PURPOSE_UCS2 };
enum purpose_resend { PURPOSE_SAME_CODE, PURPOSE_NEW_CODE };

/* What codes are for: their texts and the rules they follow (purpose.h, template.h). */
struct config_purpose {
    char name[64];
    struct config_pairs template_; /* by locale; the first is for who names none */
    char origin[128];              /* host of the last line "@host #code"; "" none */
    int ttl_s, length, checks, sends;
    struct config_list resend_after_s; /* before the 2nd, 3rd ... send */
    int check_interval_ms;
    int number_per_day, subject_per_hour, ip_per_hour, prefix_per_hour, per_hour; /* 0: no limit */
    int resend_code;  /* enum purpose_resend */
    int encoding;     /* enum purpose_encoding */
    int replace_type; /* 0 to 7 */
    bool flash, allow_parts, foreign_numbers;
    struct config_list allow, deny; /* prefixes, "+8491" */
};

struct config {
    char name[64]; /* of the gateway, for people */
    char socket[108];
    int socket_mode; /* 0660 */
    char state_dir[256];
    int body_key;      /* enum body_key */
    char timezone[64]; /* "Asia/Ho_Chi_Minh" */
    char country[4];   /* calling code, "84" */
    bool foreign_numbers, short_codes;
    int keepalive_s;               /* 60 */
    int evidence_wait_s;           /* 5: how long an UNKNOWN waits for evidence before a resend */
    int max_connections;           /* of one uid, 64 */
    int max_connections_total;     /* 256 */
    int max_in_flight;             /* requests of one connection, 32 */
    int max_line_bytes;            /* 65536 */
    int max_unsent_kb;             /* what a client may leave unread, 1024 */
    int max_queued;                /* messages, 1000000 */
    int otp_per_hour;              /* codes of all purposes; 0: no limit */
    int retention_days;            /* of messages and inbox, 30 (1 to 3650); events are kept 7 */
    bool adopt;                    /* a modem that no section names is taken */
    int sim_swap;                  /* enum sim_swap */
    struct config_list ussd_allow; /* patterns of codes: lease_code_allowed() */
    int ussd_timeout_s;            /* 30 */
    int audit_days;                /* of what is on record, 365 */
    int log_level;                 /* 3 to 7 */
    char carriers_path[256];       /* [gateway] carriers */
    struct carriers *carriers;     /* what stands there (carriers.h); never NULL */
    /* Of 1414: questions from one SIM in a day (0: no limit), how long each way may take, and how
     * replies are read. */
    int registry_per_day, registry_timeout_s;
    char subscriber_rules[256];
    /* Of the gateway's own SIMs: hours between two checks (0: none by itself), and what is too
     * little; 0: nothing is. */
    int own_check_hours, low_balance_vnd, expiry_warn_days;
    struct config_modem *modems;
    size_t modem_count;
    struct config_role *roles;
    size_t role_count;
    struct config_purpose *purposes;
    size_t purpose_count;
};

struct config_mistakes {
    size_t count;
    char **line; /* "otpgate.conf:7: [modem a] prot: no such key, did you mean port?" */
};

/* Reads `path` and its conf.d. 0, or -EINVAL with the mistakes, or -errno of the file (one mistake
 * says it). */
int config_load(const char *path, struct config **out, struct config_mistakes *mistakes)
    __attribute__((warn_unused_result));
/* The same from memory, for tests and the fuzzer: any bytes. */
int config_parse(const char *name, const char *bytes, size_t len, struct config **out,
                 struct config_mistakes *mistakes) __attribute__((warn_unused_result));
void config_free(struct config *config);
void config_mistakes_free(struct config_mistakes *mistakes);

/* Every key with its help, default and range, as text (--help-config) or man page source (roff). */
void config_help(FILE *out, bool roff);
/* Names ("[gateway] socket") of the keys that differ and cannot change without a restart; 0: all
 * may be taken over. */
size_t config_fixed_differences(const struct config *before, const struct config *after,
                                const char *names[], size_t room);

#endif
