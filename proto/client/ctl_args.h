/* ctl_args: the command line as a table. A command's options are rows; the rows parse it, print
 * --help, and are held against the man page by a test. What is given becomes a JSON object, ready
 * to be sent. */
#ifndef OTPGATE_CTL_ARGS_H
#define OTPGATE_CTL_ARGS_H

#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

struct ctl;

enum ctl_kind {
    CTL_TEXT,   /* --name VALUE */
    CTL_NUMBER, /* --name VALUE, an integer */
    CTL_SET,    /* --name: the row's own value */
    CTL_YES,    /* --name: true */
    CTL_NO,     /* --name: false */
};
struct ctl_option {
    const char *name;    /* "--ttl" */
    const char *metavar; /* "S"; NULL: takes no value */
    enum ctl_kind kind;
    const char *member; /* of the params; "-name": for the tool itself, not sent */
    const char *value;  /* of CTL_SET */
    const char *help;
};
struct ctl_command {
    const char *name;
    const char *operands; /* "TO", for --help */
    size_t least, most;   /* of them */
    const char *summary;
    const char *story; /* more for --help; may be NULL */
    const struct ctl_option *options;
    size_t option_count;
    int (*run)(struct ctl *ctl); /* returns an enum ctl_exit */
};

enum { CTL_OPERANDS_MAX = 2 };
struct ctl_args {
    const struct ctl_command *command; /* NULL: none given */
    const char *operand[CTL_OPERANDS_MAX];
    size_t operands;
    json_t *params; /* to be sent */
    json_t *own;    /* the tool's, without the dash: "socket", "json", "file", ... */
};

/* 0, or -EINVAL with a sentence in `why`. In either case ended with ctl_args_clear(). */
int ctl_args_parse(int argc, char **argv, const struct ctl_command *commands, size_t count,
                   struct ctl_args *out, char *why, size_t room)
    __attribute__((warn_unused_result));
void ctl_args_clear(struct ctl_args *args);
/* The tool's own option as text, or NULL. */
const char *ctl_args_own(const struct ctl_args *args, const char *name);

void ctl_args_help(FILE *out, const struct ctl_command *commands, size_t count);
void ctl_args_help_command(FILE *out, const struct ctl_command *command);

#endif
