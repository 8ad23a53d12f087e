/* ctl_table: columns that stand under each other on a terminal, wide characters (East Asian) and
 * marks without width included. Strings come from the far end: control characters are not let
 * through. */
#ifndef OTPGATE_CTL_TABLE_H
#define OTPGATE_CTL_TABLE_H

#include <stddef.h>
#include <stdio.h>
#include <jansson.h>

/* A table is a JSON array of rows, a row an array of strings; json_decref() frees it. NULL: no
 * memory, which the other functions take. `heads`: its first row; one that begins with '>' is
 * aligned to the right, "" all over: no head is printed. */
json_t *ctl_table_new(const char *const *heads, size_t count);
/* `cells`: as many as there are heads; NULL stands for "-". */
void ctl_table_add(json_t *table, const char *const *cells);
void ctl_table_print(const json_t *table, FILE *out);
/* The same on a terminal of `room` columns: what is too long goes on in the next line, under its
 * own head. The first column is never broken, and no other one below ten columns. */
void ctl_table_print_within(const json_t *table, size_t room, FILE *out);
/* `text` and a line end, behind `indent` columns that are used already; broken at blanks. */
void ctl_table_wrap(const char *text, size_t indent, size_t room, FILE *out);
/* Columns of the terminal; $COLUMNS, or 80, where standard output is none. */
size_t ctl_table_room(void);
/* Columns that `text` takes on a terminal, as printed. */
size_t ctl_table_width(const char *text);
/* `text` where it takes at most `width` columns, else its beginning and an ellipsis. */
void ctl_table_cut(const char *text, size_t width, char *out, size_t room);
/* Prints `text` with everything that is not printable as '?'. */
void ctl_table_put(const char *text, FILE *out);

#endif
