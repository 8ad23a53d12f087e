/* ctl_args: argv by tables. */
#include "ctl_args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct ctl_option everywhere[] = {
    {"--socket", "PATH", CTL_TEXT, "-socket", NULL,
     "the gateway's socket (else $OTPGATE_SOCKET, else /run/otpgate/otpgate.sock)"},
    {"--timeout", "S", CTL_NUMBER, "-timeout", NULL,
     "wait so many seconds for an answer (10), or for the state with --wait"},
    {"--json", NULL, CTL_YES, "-json", NULL, "for programs: one JSON value a line"},
    {"--help", NULL, CTL_YES, "-help", NULL, "this, or that of a command"},
    {"--version", NULL, CTL_YES, "-version", NULL, "the version"},
};
enum { EVERYWHERE = sizeof everywhere / sizeof *everywhere };

struct parse {
    int argc, at;
    char **argv;
    struct ctl_args *out;
    char *why;
    size_t room;
};

static int refuse(struct parse *parse, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int refuse(struct parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(parse->why, parse->room, format, args);
    va_end(args);
    return -EINVAL;
}

/* The row whose name is the first `len` bytes of `word`. */
static const struct ctl_option *option_find(const struct ctl_command *command, const char *word,
                                            size_t len)
{
    for (size_t i = 0; command && i < command->option_count; i++)
        if (strlen(command->options[i].name) == len &&
            strncmp(command->options[i].name, word, len) == 0)
            return &command->options[i];
    for (size_t i = 0; i < EVERYWHERE; i++)
        if (strlen(everywhere[i].name) == len && strncmp(everywhere[i].name, word, len) == 0)
            return &everywhere[i];
    return NULL;
}

/* NULL: not a whole number, or (text) not UTF-8. */
static json_t *option_value(const struct ctl_option *option, const char *text)
{
    char *end;
    long long number;
    switch (option->kind) {
    case CTL_TEXT:
        return json_string(text);
    case CTL_NUMBER:
        errno = 0;
        number = strtoll(text, &end, 10);
        return errno || end == text || *end ? NULL : json_integer(number);
    case CTL_SET:
        return json_string(option->value);
    case CTL_YES:
        return json_true();
    case CTL_NO:
        return json_false();
    }
    return NULL;
}

static int option_take(struct parse *parse)
{
    const char *word = parse->argv[parse->at++];
    size_t len = strcspn(word, "=");
    const char *text = word[len] ? word + len + 1 : NULL;
    const struct ctl_option *option = option_find(parse->out->command, word, len);
    if (!option)
        return refuse(parse, "there is no option %.*s%s%s", (int)len, word,
                      parse->out->command ? " of " : "",
                      parse->out->command ? parse->out->command->name : "");
    if (option->metavar && !text) {
        if (parse->at == parse->argc)
            return refuse(parse, "%s wants a value: %s", option->name, option->metavar);
        text = parse->argv[parse->at++];
    } else if (!option->metavar && text) {
        return refuse(parse, "%s takes no value", option->name);
    }
    bool own = option->member[0] == '-';
    json_t *object = own ? parse->out->own : parse->out->params;
    const char *member = option->member + own;
    if (json_object_get(object, member))
        return refuse(parse, "%s: this is already given", option->name);
    json_t *value = option_value(option, text);
    if (!value)
        return refuse(parse,
                      option->kind == CTL_NUMBER ? "%s: not a whole number" : "%s: not UTF-8",
                      option->name);
    return json_object_set_new(object, member, value) == 0 ? 0 : refuse(parse, "no memory");
}

static int word_take(struct parse *parse, const struct ctl_command *commands, size_t count)
{
    const char *word = parse->argv[parse->at++];
    struct ctl_args *out = parse->out;
    if (out->command) {
        if (out->operands >= out->command->most)
            return refuse(parse, "%s: that is one word too many", out->command->name);
        out->operand[out->operands++] = word;
        return 0;
    }
    for (size_t i = 0; i < count && !out->command; i++)
        if (strcmp(commands[i].name, word) == 0)
            out->command = &commands[i];
    return out->command ? 0 : refuse(parse, "there is no command %s", word);
}

int ctl_args_parse(int argc, char **argv, const struct ctl_command *commands, size_t count,
                   struct ctl_args *out, char *why, size_t room)
{
    struct parse parse = {.argc = argc, .at = 1, .argv = argv, .out = out, .room = room};
    parse.why = why;
    memset(out, 0, sizeof *out);
    out->params = json_object();
    out->own = json_object();
    int rc = out->params && out->own ? 0 : refuse(&parse, "no memory");
    for (bool options = true; rc == 0 && parse.at < argc;) {
        const char *word = argv[parse.at];
        if (options && strcmp(word, "--") == 0) {
            options = false;
            parse.at++;
        } else if (options && word[0] == '-' && word[1]) {
            rc = option_take(&parse);
        } else {
            rc = word_take(&parse, commands, count);
        }
    }
    if (rc == 0 && out->command && out->operands < out->command->least &&
        !json_object_get(out->own, "help"))
        rc = refuse(&parse, "%s wants %s", out->command->name, out->command->operands);
    return rc;
}

void ctl_args_clear(struct ctl_args *args)
{
    json_decref(args->params);
    json_decref(args->own);
    memset(args, 0, sizeof *args);
}

const char *ctl_args_own(const struct ctl_args *args, const char *name)
{
    return json_string_value(json_object_get(args->own, name));
}

/* --- help ----------------------------------------------------------------------------------------
 */

static void help_options(FILE *out, const struct ctl_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].metavar ? " " : "",
                 options[i].metavar ? options[i].metavar : "");
        fprintf(out, "  %-18s %s\n", left, options[i].help);
    }
}

void ctl_args_help(FILE *out, const struct ctl_command *commands, size_t count)
{
    fputs("usage: otpgatectl [OPTION...] COMMAND [OPTION...]\n\n", out);
    for (size_t i = 0; i < count; i++) {
        char left[40];
        snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].operands);
        fprintf(out, "  %-18s %s\n", left, commands[i].summary);
    }
    fputs("\noptions of every command:\n", out);
    help_options(out, everywhere, EVERYWHERE);
    fputs("\nexit codes:\n"
          "  0  done\n"
          "  1  refused by the gateway: name, sentence and how long to wait on standard error\n"
          "  2  the command line is wrong\n"
          "  3  cannot connect, or the connection was lost\n"
          "  4  no answer in time, or the state waited for did not come\n"
          "  5  --wait: the message failed, expired, was cancelled or was not delivered\n"
          "  6  trouble here: a file, memory, an answer that is not understood\n",
          out);
}

void ctl_args_help_command(FILE *out, const struct ctl_command *command)
{
    fprintf(out, "usage: otpgatectl %s %s%s[OPTION...]\n\n%s\n", command->name, command->operands,
            command->operands[0] ? " " : "", command->summary);
    if (command->story)
        fprintf(out, "%s\n", command->story);
    if (command->option_count > 0)
        fputs("\noptions:\n", out);
    help_options(out, command->options, command->option_count);
    fputs("\noptions of every command:\n", out);
    help_options(out, everywhere, EVERYWHERE);
}
