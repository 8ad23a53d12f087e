/* config_sheet: the reader with a table of the test's own: kinds of keys and sections that
 * otpgate.conf has or may get. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config.h"
#include "keys.h"
#include "reader.h"

static struct config_mistakes mistakes;

static int forget(void **state)
{
    (void)state;
    config_mistakes_free(&mistakes);
    return 0;
}

struct sheet_page {
    char name[64];
    struct config_pairs template;
    struct config_list words;
    int length;
};
struct sheet {
    char title[32];
    struct sheet_page *pages;
    size_t page_count;
};

static void check_page(struct reading *reading, const void *root, const void *section)
{
    const struct sheet_page *page = section;
    assert_non_null(root);
    if (page->length == 7)
        config_mistake(reading, "length", "is no good with %zu templates", page->template.count);
    for (size_t i = 0; i < page->template.count; i++)
        if (strchr(page->template.pair[i].value, '{')) {
            char name[80];
            snprintf(name, sizeof name, "template.%s", page->template.pair[i].name);
            config_mistake(reading, name, "has a brace");
        }
}

static const struct config_kind_row sheet_kinds[] = {
    {.word = "sheet", .title = "[sheet]"},
    {"page", "[page NAME]", sizeof(struct sheet_page), offsetof(struct sheet, pages),
     offsetof(struct sheet, page_count), check_page},
};
static const struct config_key sheet_keys[] = {
    {.name = "title", .kind = KIND_TEXT, .room = 32, .fallback = "x"},
    {.section = 1,
     .name = "template.*",
     .kind = KIND_PAIRS,
     .offset = offsetof(struct sheet_page, template)},
    {.section = 1,
     .name = "words",
     .kind = KIND_LIST,
     .high = 3,
     .fallback = "a, b",
     .offset = offsetof(struct sheet_page, words)},
    {.section = 1,
     .name = "length",
     .kind = KIND_INT,
     .high = 9,
     .fallback = "6",
     .offset = offsetof(struct sheet_page, length)},
};
static const struct config_table sheet_table = {sheet_kinds, 2, sheet_keys, 4};

static int read_sheet(struct sheet *sheet, const char *text)
{
    config_mistakes_free(&mistakes);
    *sheet = (struct sheet){0};
    struct reading *reading = reading_new(&sheet_table, sheet, &mistakes);
    assert_non_null(reading);
    reading_take(reading, "sheet.ini", text, strlen(text));
    return reading_end(reading);
}

static void keys_with_a_suffix(void **state)
{
    (void)state;
    struct sheet sheet;
    assert_int_equal(read_sheet(&sheet, "[page one]\ntemplate.vi = Ma {}\n"), -EINVAL);
    assert_int_equal(mistakes.count, 1);
    assert_string_equal(mistakes.line[0], "sheet.ini:2: [page one] template.vi: has a brace");
    config_root_clear(&sheet_table, &sheet);

    assert_int_equal(read_sheet(&sheet, "[sheet]\ntitle = t\n[page one]\n\ntemplate.vi = Ma, so\n"
                                        "words = one , two words,three\ntemplate.en = Code\n"
                                        "[page two]\ntemplate.en-GB = b\n"),
                     0);
    assert_string_equal(sheet.title, "t");
    assert_int_equal(sheet.page_count, 2);
    const struct sheet_page *page = sheet.pages;
    assert_int_equal(page->template.count, 2);
    assert_string_equal(page->template.pair[0].name, "vi");
    assert_string_equal(page->template.pair[0].value, "Ma, so");
    assert_int_equal(page->template.pair[0].line, 5);
    assert_string_equal(config_pair_find(&page->template, "en")->value, "Code");
    assert_null(config_pair_find(&page->template, "e"));
    assert_int_equal(page->words.count, 3);
    assert_string_equal(page->words.item[1], "two words");
    assert_int_equal(page[1].words.count, 2);
    assert_string_equal(page[1].words.item[1], "b");
    assert_string_equal(page[1].template.pair[0].name, "en-GB");
    assert_true(config_key_same(&sheet_keys[1], page, page));
    assert_false(config_key_same(&sheet_keys[1], page, page + 1));
    assert_true(config_key_same(&sheet_keys[2], page, page));
    assert_false(config_key_same(&sheet_keys[2], page, page + 1));
    config_root_clear(&sheet_table, &sheet);
}

static void suffixes_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[page a]\n", "sheet.ini:1: [page a] template.*: is missing"},
        {"[page a]\ntemplate.vi = a\ntemplate.en = b\ntemplate.vi = c\n",
         "sheet.ini:4: [page a] template.vi: stands already at line 2"},
        {"[page a]\ntemplate.vi = a\ntemplate. = b\n",
         "sheet.ini:3: [page a] template.: no such key, did you mean template.*?"},
        {"[page a]\ntemplate.vi = a\ntemplate = b\n",
         "sheet.ini:3: [page a] template: no such key, did you mean template.*?"},
        {"[page a]\ntemplate.v i = a\ntemplate.vi = b\n",
         "sheet.ini:2: [page a] template.v i: no such key, did you mean template.*?"},
        {"[page a]\ntemplate.vi = a\ntemplate.en =\n",
         "sheet.ini:3: [page a] template.en: wants a text for each word in place of the *"},
        {"[page a]\ntemplate.vi = a\nwords = a, b, c, d\n",
         "sheet.ini:3: [page a] words: has over 3 of them"},
        {"[page a]\ntemplate.vi = a\n\nlength = 7\n",
         "sheet.ini:4: [page a] length: is no good with 1 templates"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sheet sheet;
        assert_int_equal(read_sheet(&sheet, rows[i].text), -EINVAL);
        assert_int_equal(mistakes.count, 1);
        assert_string_equal(mistakes.line[0], rows[i].message);
        config_root_clear(&sheet_table, &sheet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keys_with_a_suffix, forget),
        cmocka_unit_test_teardown(suffixes_that_are_wrong, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
