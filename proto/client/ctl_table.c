/* ctl_table: widths by wcwidth(3), in the user's locale. */
#include "ctl_table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { GAP = 2, COLUMNS_MAX = 32, NARROWEST = 10, TERMINAL = 80, LINE_ROOM = 4096 };

/* The next character of *text (advanced): its bytes from the old place, its width; 0 bytes at the
 * end. One that is not printable, or broken in this locale, is shown as '?': then *good is false.
 */
static size_t char_next(const char **text, mbstate_t *state, int *width, bool *good)
{
    wchar_t wide;
    size_t len = mbrtowc(&wide, *text, strlen(*text), state);
    if (len == 0)
        return 0;
    *good = len != (size_t)-1 && len != (size_t)-2;
    if (!*good) {
        memset(state, 0, sizeof *state);
        len = **text ? 1 : 0;
    } else {
        *width = wcwidth(wide);
        *good = *width >= 0;
    }
    if (!*good)
        *width = 1;
    *text += len;
    return len;
}

size_t ctl_table_width(const char *text)
{
    mbstate_t state = {0};
    size_t sum = 0;
    int width;
    bool good;
    while (char_next(&text, &state, &width, &good) > 0)
        sum += (size_t)width;
    return sum;
}

void ctl_table_cut(const char *text, size_t width, char *out, size_t room)
{
    mbstate_t state = {0};
    const char *at = text, *end = text;
    size_t used = 0;
    int columns;
    bool good;
    if (ctl_table_width(text) <= width) {
        snprintf(out, room, "%s", text);
        return;
    }
    while (char_next(&at, &state, &columns, &good) > 0 && used + (size_t)columns < width) {
        used += (size_t)columns;
        end = at;
    }
    snprintf(out, room, "%.*s\u2026", (int)(end - text), text);
}

void ctl_table_put(const char *text, FILE *out)
{
    mbstate_t state = {0};
    int width;
    bool good;
    for (const char *from = text; char_next(&text, &state, &width, &good) > 0; from = text) {
        if (good)
            fwrite(from, 1, (size_t)(text - from), out);
        else
            fputc('?', out);
    }
}

static json_t *row_new(const char *const *cells, size_t count)
{
    json_t *row = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(row, json_string(cells[i] ? cells[i] : "-"));
    if (json_array_size(row) == count)
        return row;
    json_decref(row);
    return NULL;
}

json_t *ctl_table_new(const char *const *heads, size_t count)
{
    json_t *table = json_array();
    json_array_append_new(table, row_new(heads, count));
    return table;
}

void ctl_table_add(json_t *table, const char *const *cells)
{
    json_array_append_new(table, row_new(cells, json_array_size(json_array_get(table, 0))));
}

/* A head without its mark. */
static const char *cell_text(const json_t *table, size_t row, size_t column)
{
    const char *text = json_string_value(json_array_get(json_array_get(table, row), column));
    return row == 0 && text[0] == '>' ? text + 1 : text;
}

static size_t column_width(const json_t *table, size_t column)
{
    size_t widest = 0;
    for (size_t row = 0; row < json_array_size(table); row++) {
        size_t width = ctl_table_width(cell_text(table, row, column));
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* The bytes of *text that fill one line of `width` columns, broken at a blank where there is one;
 * *text moves on to what is left. At least one character, where there is any. */
static size_t line_take(const char **text, size_t width)
{
    mbstate_t state = {0};
    const char *start = *text, *at = start, *blank = NULL;
    size_t used = 0;
    int columns = 0;
    bool good;
    for (const char *from = at; char_next(&at, &state, &columns, &good) > 0; from = at) {
        if (*from == ' ')
            blank = from;
        used += (size_t)columns;
        if (used <= width || from == start)
            continue;
        const char *end = blank && blank > start ? blank : from;
        *text = end + strspn(end, " ");
        return (size_t)(end - start);
    }
    *text = at;
    return (size_t)(at - start);
}

/* Prints `len` bytes of `text` and blanks before or behind them, up to `width`. */
static void cell_print(const char *text, size_t len, size_t width, bool right, bool last, FILE *out)
{
    char line[LINE_ROOM];
    snprintf(line, sizeof line, "%.*s", (int)len, text);
    size_t used = ctl_table_width(line);
    int pad = used < width ? (int)(width - used) : 0;
    if (right)
        fprintf(out, "%*s", pad, "");
    ctl_table_put(line, out);
    if (!last)
        fprintf(out, "%*s", GAP + (right ? 0 : pad), "");
}

static void row_print(const json_t *table, size_t row, const size_t *width, FILE *out)
{
    size_t columns = json_array_size(json_array_get(table, 0));
    const char *left[COLUMNS_MAX] = {0};
    bool more = true;
    for (size_t column = 0; column < columns; column++)
        left[column] = cell_text(table, row, column);
    for (bool first = true; first || more; first = false) {
        size_t used = columns;
        while (used > 1 && !*left[used - 1])
            used--; /* no blanks at the end of a line */
        more = false;
        for (size_t column = 0; column < used; column++) {
            const char *text = left[column];
            const char *head = json_string_value(json_array_get(json_array_get(table, 0), column));
            size_t len = line_take(&left[column], width[column]);
            cell_print(text, len, width[column], head[0] == '>', column + 1 == used, out);
            more = more || *left[column];
        }
        fputc('\n', out);
    }
}

/* The widest columns but the first give way until all fit. */
static void widths_fit(size_t *width, size_t columns, size_t room)
{
    for (;;) {
        size_t sum = width[0], widest = 0;
        for (size_t column = 1; column < columns; column++) {
            sum += GAP + width[column];
            if (widest == 0 || width[column] > width[widest])
                widest = column;
        }
        if (sum <= room || widest == 0 || width[widest] <= NARROWEST)
            return;
        width[widest]--;
    }
}

void ctl_table_print_within(const json_t *table, size_t room, FILE *out)
{
    size_t width[COLUMNS_MAX] = {0}, columns = json_array_size(json_array_get(table, 0));
    bool headed = false;
    assert(columns <= COLUMNS_MAX);
    for (size_t column = 0; column < columns; column++) {
        headed = headed || cell_text(table, 0, column)[0];
        width[column] = column_width(table, column);
    }
    widths_fit(width, columns, room);
    for (size_t row = headed ? 0 : 1; row < json_array_size(table); row++)
        row_print(table, row, width, out);
}

void ctl_table_print(const json_t *table, FILE *out)
{
    ctl_table_print_within(table, SIZE_MAX, out);
}

void ctl_table_wrap(const char *text, size_t indent, size_t room, FILE *out)
{
    size_t width = room > indent + NARROWEST ? room - indent : NARROWEST;
    while (*text) {
        const char *line = text;
        size_t len = line_take(&text, width);
        cell_print(line, len, 0, false, true, out);
        fprintf(out, "\n%*s", *text ? (int)indent : 0, "");
    }
}

size_t ctl_table_room(void)
{
    struct winsize size;
    const char *told = getenv("COLUMNS");
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    long columns = told ? strtol(told, NULL, 10) : 0;
    return columns > 0 ? (size_t)columns : TERMINAL;
}
