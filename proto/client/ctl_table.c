/* ctl_table: widths by wcwidth(3), in the user's locale. */
#include "ctl_table.h"

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

enum { GAP = 2 };

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

static void row_print(const json_t *table, size_t row, FILE *out)
{
    size_t columns = json_array_size(json_array_get(table, 0));
    while (columns > 1 && !cell_text(table, row, columns - 1)[0])
        columns--; /* no blanks at the end of a line */
    for (size_t column = 0; column < columns; column++) {
        const char *head = json_string_value(json_array_get(json_array_get(table, 0), column));
        const char *text = cell_text(table, row, column);
        int pad = (int)(column_width(table, column) - ctl_table_width(text));
        if (head[0] == '>')
            fprintf(out, "%*s", pad, "");
        ctl_table_put(text, out);
        if (column + 1 < columns)
            fprintf(out, "%*s", GAP + (head[0] == '>' ? 0 : pad), "");
    }
    fputc('\n', out);
}

void ctl_table_print(const json_t *table, FILE *out)
{
    bool headed = false;
    for (size_t i = 0; i < json_array_size(json_array_get(table, 0)); i++)
        headed = headed || cell_text(table, 0, i)[0];
    for (size_t row = headed ? 0 : 1; row < json_array_size(table); row++)
        row_print(table, row, out);
}
