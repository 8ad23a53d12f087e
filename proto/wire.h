/* wire: JSON-RPC 2.0, one object a line (UTF-8, LF). Pure: bytes in, values out; no socket here.
 * proto/openrpc.json is the truth; the tables here are held against it by a test. */
#ifndef OTPGATE_WIRE_H
#define OTPGATE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

/* Errors: stable name, code (-32099 to -32001; -32700 to -32600 as in JSON-RPC), and the sentence
 * for a page. */
enum wire_error {
    WIRE_PARSE_ERROR,      /* -32700 parse_error */
    WIRE_INVALID_REQUEST,  /* -32600 invalid_request */
    WIRE_METHOD_NOT_FOUND, /* -32601 method_not_found */
    WIRE_INVALID_PARAMS,   /* -32602 invalid_params */
    WIRE_INTERNAL,         /* -32603 internal */
    WIRE_BAD_NUMBER,       /* -32001 bad_number */
    WIRE_NOT_ALLOWED,      /* -32002 not_allowed */
    WIRE_RATE_LIMITED,     /* -32003 rate_limited */
    WIRE_OVERLOADED,       /* -32004 overloaded */
    WIRE_EXPIRED,          /* -32005 expired: cannot arrive before its deadline */
    WIRE_CONFLICT,         /* -32006 conflict: the key stands for other content */
    WIRE_NOT_FOUND,        /* -32007 not_found */
    WIRE_NO_MODEM,         /* -32008 no_modem */
    WIRE_NO_ANSWER,        /* -32009 no_answer */
    WIRE_GONE,             /* -32010 gone: from_seq too old */
    WIRE_BAD_TEXT,         /* -32011 bad_text: empty, too long, not in the wanted encoding */
    WIRE_TOO_LATE,         /* -32012 too_late: cannot be cancelled any more */
    WIRE_SHUTTING_DOWN,    /* -32013 shutting_down */
    WIRE_STORE,            /* -32014 store_failed: disk full, read-only */
    WIRE_COOLDOWN,         /* -32015 cooldown */
    WIRE_NUMBER_CAP,       /* -32016 number_cap */
    WIRE_SUBJECT_CAP,      /* -32017 subject_cap */
    WIRE_SEND_CAP,         /* -32018 send_cap */
    WIRE_BLOCKED,          /* -32019 blocked */
    WIRE_USSD_REFUSED,     /* -32020 ussd_refused */
};
enum { WIRE_ERRORS = WIRE_USSD_REFUSED + 1 };
struct wire_error_row {
    enum wire_error error;
    int code;
    const char *name;
    const char *sentence;        /* default message */
    const char *say_vi, *say_en; /* fit to print on a page; NULL: none */
};
const struct wire_error_row *wire_error_find(enum wire_error error);
const struct wire_error_row *wire_error_by_name(const char *name); /* NULL: none */

enum { WIRE_DEPTH_MAX = 16, WIRE_ID_MAX = 128 };

/* One request line, without its LF. */
struct wire_request {
    json_t *id; /* string (up to WIRE_ID_MAX bytes) or integer; owned */
    char method[64];
    json_t *params; /* object, never NULL; owned */
};
/* 0, or -EBADMSG with *error, *why (static sentence), and the request's id where it could be read
 * (else NULL): not UTF-8, NULs, too deep, doubled members, a batch, not an object, jsonrpc not
 * "2.0", id missing (*fatal: the connection ends after the error line), unknown members. */
int wire_request_parse(const char *line, size_t len, struct wire_request *out,
                       enum wire_error *error, const char **why, bool *fatal)
    __attribute__((warn_unused_result));
void wire_request_clear(struct wire_request *request);

/* Lines with their LF, malloc'd; NULL: no memory. References to result/params/data are stolen. */
char *wire_result_line(const json_t *id, json_t *result, size_t *len);
/* `message` NULL: the row's sentence. `data` NULL or an object that gets "name" (and "say") added.
 */
char *wire_error_line(const json_t *id, enum wire_error error, const char *message, json_t *data,
                      size_t *len);
char *wire_notification_line(const char *method, json_t *params, size_t *len);

/* The methods, read from openrpc.json itself: what is not described there does not exist, and
 * params are checked against the schema that stands there. An unknown member is an error that
 * offers the nearest known name. */
struct wire_method {
    const char *name;
    const char *role;     /* x-role: "any", "send", "monitor", "operate", ... */
    const char *role_too; /* x-role-too: does as well; NULL: none */
    int timeout_ms;       /* x-timeout-ms */
    const json_t *schema; /* of its params: an object */
};
const struct wire_method *wire_method_find(const char *name); /* NULL: unknown */
const struct wire_method *wire_method_at(size_t i);           /* NULL past the end */
/* 0, or -EINVAL with a sentence in `why`. */
int wire_params_check(const struct wire_method *method, const json_t *params, char *why,
                      size_t room) __attribute__((warn_unused_result));
/* The same for what goes out: tests hold a reply's result, and an `event` notification's params,
 * against the document. */
int wire_result_check(const struct wire_method *method, const json_t *result, char *why,
                      size_t room) __attribute__((warn_unused_result));
int wire_event_check(const json_t *params, char *why, size_t room)
    __attribute__((warn_unused_result));

/* The text of openrpc.json, compiled in; ends with a NUL that `len` does not count. */
const char *wire_openrpc(size_t *len);

#endif
