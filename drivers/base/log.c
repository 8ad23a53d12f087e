/* log: a line is made in one buffer and leaves in one write(2). See log.h. */
#include "log.h"
#include "log_limit.h"
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, ESCAPE_BYTES = 4 };
static const char cut_mark[] = "...";

static enum log_level most_verbose_level = LOG_LEVEL_INFO;
static void (*sink_fn)(void *arg, enum log_level level, const char *line);
static void *sink_arg;

struct line {
    size_t len, limit; /* limit: keeps room for the cut mark, the newline and the NUL */
    bool cut;
    char text[LINE_MAX_BYTES + 1];
};

static void line_put(struct line *line, const char *bytes, size_t len)
{
    if (line->cut || line->len + len > line->limit) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

/* What would end a line, move a cursor or turn the reading direction around. */
static bool code_point_harmful(int32_t code_point)
{
    static const struct {
        int32_t first, last;
    } ranges[] = {
        {0x00, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (code_point >= ranges[i].first && code_point <= ranges[i].last)
            return true;
    return false;
}

static void line_put_escaped(struct line *line, const char *text, size_t len)
{
    for (size_t pos = 0; pos < len;) {
        size_t from = pos;
        int32_t code_point = text_utf8_next(text, len, &pos);
        if (code_point >= 0 && !code_point_harmful(code_point)) {
            line_put(line, text + from, pos - from);
            continue;
        }
        for (size_t i = from; i < pos; i++) {
            char escape[ESCAPE_BYTES + 1];
            snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)text[i]);
            line_put(line, escape, ESCAPE_BYTES);
        }
    }
}

static void line_end(struct line *line)
{
    if (line->cut) {
        memcpy(line->text + line->len, cut_mark, sizeof(cut_mark) - 1);
        line->len += sizeof(cut_mark) - 1;
    }
    line->text[line->len] = '\0';
}

/* systemd names the journal's socket as device:inode; a shell that redirects us leaves the
 * variable behind, so it is compared with what standard error really is. */
static bool stderr_is_journal(void)
{
    static int known = -1;
    if (known < 0) {
        const char *named = getenv("JOURNAL_STREAM");
        struct stat st;
        char ours[64];
        known = 0;
        if (named && fstat(STDERR_FILENO, &st) == 0) {
            snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
            known = strcmp(named, ours) == 0;
        }
    }
    return known == 1;
}

static void line_put_prefix(struct line *line, enum log_level level)
{
    char prefix[40];
    if (stderr_is_journal()) {
        snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
    } else {
        struct timespec ts;
        char when[32];
        clock_gettime(CLOCK_REALTIME, &ts);
        text_iso8601((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, when);
        snprintf(prefix, sizeof(prefix), "%s ", when);
    }
    line_put(line, prefix, strlen(prefix));
}

static void line_write(struct line *line)
{
    line->text[line->len++] = '\n';
    /* Where standard error takes nothing there is nobody left to tell. */
    ssize_t written = write(STDERR_FILENO, line->text, line->len);
    (void)written;
}

void log_event(enum log_level level, const char *room, const char *id, const char *event,
               const char *format, ...)
{
    if (level > most_verbose_level || !log_limit_take(level, room, id, event))
        return;
    struct line line = {.limit = LINE_MAX_BYTES - sizeof(cut_mark)};
    if (!sink_fn)
        line_put_prefix(&line, level);
    const char *words[] = {room, " ", id, " ", event};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        line_put_escaped(&line, words[i], strlen(words[i]));
    char pairs[LINE_MAX_BYTES + 1];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(pairs, sizeof(pairs), format, args);
    va_end(args);
    if (len > 0) {
        line_put(&line, " ", 1);
        line_put_escaped(&line, pairs, strlen(pairs));
    }
    line_end(&line);
    if (sink_fn)
        sink_fn(sink_arg, level, line.text);
    else
        line_write(&line);
}

void log_level_set(enum log_level most_verbose)
{
    most_verbose_level = most_verbose;
}

void log_sink_set(void (*sink)(void *arg, enum log_level level, const char *line), void *arg)
{
    sink_fn = sink;
    sink_arg = arg;
}
