/* subscriber_parse: every SYNTHETIC reply gives the fields that are in it and no other; damaged, it
 * gives each field right or not at all. */
#include "subscriber_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cm.h"
#include "replies.h"
#include "text.h"

enum { CASES_LEAST = 150, MUTANTS = 150, PIECES = 16 };

/* --- the corpus ------------------------------------------------------------------------------ */

static int case_check(const struct reply_case *c)
{
    struct subscriber_reply reply;
    int bad = 0;
    assert_int_equal(subscriber_parse(rules, c->carrier, c->text, strlen(c->text), &reply), 0);
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++) {
        const struct subscriber_value *value = &reply.field[f];
        if (strcmp(value->value, c->want[f]) != 0) {
            bad++;
            print_error("%s: %s is \"%s\", wanted \"%s\"\n", c->name,
                        subscriber_field_name((enum subscriber_field)f), value->value, c->want[f]);
        }
        assert_int_equal(value->found, value->value[0] != '\0');
        assert_true(value->span.from <= value->span.to && value->span.to <= strlen(c->text));
    }
    if (strcmp(subscriber_refusal_name(reply.refusal), c->refusal) != 0) {
        bad++;
        print_error("%s: refusal %s, wanted %s\n", c->name, subscriber_refusal_name(reply.refusal),
                    c->refusal);
    }
    subscriber_reply_clear(&reply);
    return bad;
}

static void every_reply(void **state)
{
    struct reply_case c;
    int count = 0, bad = 0;
    FILE *file = replies_open();
    (void)state;
    assert_non_null(file);
    for (; replies_next(file, &c); count++)
        bad += case_check(&c);
    fclose(file);
    print_message("%d replies, %d wrong\n", count, bad);
    assert_true(count >= CASES_LEAST);
    assert_int_equal(bad, 0);
}

/* --- damage ---------------------------------------------------------------------------------- */

static uint32_t seed;

static unsigned dice(unsigned sides)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % sides;
}

/* A reply in pieces: before, then label, separator, value and what stands behind it. */
struct piece {
    char label[80], sep[16], value[160], gap[160];
};
struct broken {
    char before[200];
    struct piece piece[PIECES];
    size_t count;
};

static const char *part(const char *from, char until, char *out, size_t room)
{
    size_t len = strcspn(from, (const char[]){until, '\0'});
    assert_true(len < room);
    memcpy(out, from, len);
    out[len] = '\0';
    return from[len] ? from + len + 1 : from + len;
}

/* False where the reply is not marked throughout. */
static bool break_up(const char *marked, struct broken *out)
{
    memset(out, 0, sizeof *out);
    const char *at = part(marked, '{', out->before, sizeof out->before);
    while (*at) {
        struct piece *piece = &out->piece[out->count];
        if (out->count == PIECES || !strchr(at, '[') || !strchr(at, ']'))
            return false;
        at = part(at, '}', piece->label, sizeof piece->label);
        if (strcspn(at, "[") >= sizeof piece->sep)
            return false;
        at = part(at, '[', piece->sep, sizeof piece->sep);
        at = part(at, ']', piece->value, sizeof piece->value);
        at = part(at, '{', piece->gap, sizeof piece->gap);
        out->count++;
    }
    return out->count > 0;
}

static void put(char *out, size_t room, const char *text)
{
    assert_true(strlen(out) + strlen(text) < room);
    strcat(out, text);
}

static void join(const struct broken *broken, char out[REPLY_TEXT])
{
    strcpy(out, broken->before);
    for (size_t i = 0; i < broken->count; i++) {
        put(out, REPLY_TEXT, broken->piece[i].label);
        put(out, REPLY_TEXT, broken->piece[i].sep);
        put(out, REPLY_TEXT, broken->piece[i].value);
        put(out, REPLY_TEXT, broken->piece[i].gap);
    }
}

/* One letter lost, doubled, changed, or changed with its neighbour. Whole characters only. */
static void damage_letters(char *text, size_t room)
{
    char copy[200];
    size_t len = strlen(text), at = len ? dice((unsigned)len) : 0;
    while (at > 0 && (text[at] & 0xC0) == 0x80)
        at--;
    if (len == 0 || len + 4 > room || (text[at] & 0x80) || (text[at + 1] & 0x80))
        return;
    strcpy(copy, text + at + 1);
    switch (dice(4)) {
    case 0:
        strcpy(text + at, copy);
        break;
    case 1:
        strcpy(text + at + 1, text[at] == ' ' ? " " : (const char[]){text[at], '\0'});
        strcpy(text + at + 2, copy);
        break;
    case 2:
        text[at] = (char)("abcdefghiklmnopqrstuvxy"[dice(23)]);
        break;
    default:
        if (text[at + 1]) {
            char first = text[at];
            text[at] = text[at + 1];
            text[at + 1] = first;
        }
    }
}

static void damage_spaces(char *text, size_t room)
{
    static const char *const spaces[] = {"", "  ", "\u00a0", "\t", "\u200b "};
    char copy[200];
    char *space = strchr(text, ' ');
    const char *other = spaces[dice(5)];
    if (!space || strlen(text) + strlen(other) + 1 > room)
        return;
    strcpy(copy, space + 1);
    strcpy(space, other);
    strcat(text, copy);
}

static void damage_case(char *text)
{
    unsigned how = dice(3);
    for (; *text; text++)
        if ((how == 0 || (how == 2 && dice(2))) && *text >= 'A' && *text <= 'Z')
            *text = (char)(*text + 32);
        else if (how == 1 && *text >= 'a' && *text <= 'z')
            *text = (char)(*text - 32);
}

/* Off with all of them, or one more that does not belong there. */
static void damage_accents(char *text, size_t room)
{
    struct subscriber_fold fold;
    if (dice(2)) {
        assert_int_equal(subscriber_fold_make(text, strlen(text), &fold), 0);
        assert_true(fold.len < room);
        strcpy(text, fold.text);
        subscriber_fold_clear(&fold);
    } else if (strlen(text) + 2 < room) {
        strcat(text, "\u0301");
    }
}

static void damage_one(struct broken *broken)
{
    static const char *const seps[] = {":",   "=",  " ",   "",       " - ",
                                       " : ", "：", ": :", "\u00a0", "  "};
    static const char *const gaps[] = {"\n", "; ", ", ", " ", ". ", " - ", "|", "", "\n\n", " | "};
    struct piece *piece = &broken->piece[dice((unsigned)broken->count)];
    struct piece *other = &broken->piece[dice((unsigned)broken->count)], kept;
    switch (dice(9)) {
    case 0:
        damage_letters(piece->label, sizeof piece->label);
        break;
    case 1: /* order: labels go with their values */
        kept = *piece;
        *piece = *other;
        *other = kept;
        break;
    case 2:
        damage_spaces(piece->label, sizeof piece->label);
        break;
    case 3:
        damage_case(piece->label);
        damage_case(piece->value);
        break;
    case 4:
        damage_accents(piece->label, sizeof piece->label);
        break;
    case 5:
        damage_accents(piece->value, sizeof piece->value);
        break;
    case 6:
        strcpy(piece->sep, seps[dice(10)]);
        break;
    case 7:
        strcpy(piece->gap, gaps[dice(10)]);
        break;
    default: /* all of them */
        for (size_t i = 0; i < broken->count; i++) {
            strcpy(broken->piece[i].sep, seps[seed % 10]);
            strcpy(broken->piece[i].gap, gaps[seed / 16 % 10]);
        }
    }
}

static void folded(const char *text, char *out, size_t room)
{
    struct subscriber_fold fold;
    assert_int_equal(subscriber_fold_make(text, strlen(text), &fold), 0);
    assert_true(text_copy(out, room, fold.text));
    subscriber_fold_clear(&fold);
}

/* Words may have lost or won accents; what stands behind a comma may be cut off. */
static bool same(int field, const char *got, const char *want)
{
    char a[SUBSCRIBER_VALUE_MAX], b[SUBSCRIBER_VALUE_MAX];
    folded(got, a, sizeof a);
    folded(want, b, sizeof b);
    if (field == SUBSCRIBER_ADDRESS || field == SUBSCRIBER_ID_ISSUED_BY)
        return strncmp(a, b, strlen(a)) == 0;
    return strcmp(a, b) == 0;
}

struct tally {
    int mutants, right, unparsed, wrong;
};

static void mutant_check(const struct reply_case *c, const char *text, struct tally *tally)
{
    struct subscriber_reply reply;
    assert_int_equal(subscriber_parse(rules, c->carrier, text, strlen(text), &reply), 0);
    tally->mutants++;
    for (int f = 0; f < SUBSCRIBER_FIELDS; f++) {
        const struct subscriber_value *value = &reply.field[f];
        if (value->found && same(f, value->value, c->want[f])) {
            tally->right++;
        } else if (value->found) {
            tally->wrong++;
            if (tally->wrong <= 20)
                print_error("%s: %s is \"%s\", not \"%s\", in:\n%s\n\n", c->name,
                            subscriber_field_name((enum subscriber_field)f), value->value,
                            c->want[f], text);
        } else if (c->want[f][0]) {
            tally->unparsed++;
            assert_true(reply.unparsed_count > 0 || subscriber_reply_is_record(&reply));
        }
    }
    subscriber_reply_clear(&reply);
}

static void damaged_replies(void **state)
{
    struct reply_case c;
    struct broken whole, broken;
    struct tally tally = {0};
    char text[REPLY_TEXT];
    FILE *file = replies_open();
    (void)state;
    assert_non_null(file);
    seed = 20261125;
    while (replies_next(file, &c)) {
        if (!break_up(c.marked, &whole))
            continue;
        for (int i = 0; i < MUTANTS; i++) {
            broken = whole;
            for (unsigned n = 1 + dice(4); n > 0; n--)
                damage_one(&broken);
            join(&broken, text);
            mutant_check(&c, text, &tally);
        }
    }
    fclose(file);
    print_message("%d damaged replies: %d fields right, %d unparsed, %d wrong\n", tally.mutants,
                  tally.right, tally.unparsed, tally.wrong);
    assert_true(tally.mutants > 5000 && tally.right > 3 * tally.unparsed);
    assert_int_equal(tally.wrong, 0);
}

/* --- the rest -------------------------------------------------------------------------------- */

/* Every letter of a reply is in a field, in a label that was believed, or in "unparsed". */
static void unknown_is_told(void **state)
{
    static const char text[] = "Kinh gui Quy khach\nHo ten: NGUYEN VAN A\nXyz: 12\nNS: 1/2/1990";
    struct subscriber_reply reply;
    (void)state;
    assert_int_equal(subscriber_parse(rules, "", text, strlen(text), &reply), 0);
    assert_int_equal(reply.unparsed_count, 2);
    assert_memory_equal(text + reply.unparsed[0].from, "Kinh gui Quy khach", 18);
    assert_int_equal(reply.unparsed[1].to - reply.unparsed[1].from, 7);
    assert_memory_equal(text + reply.unparsed[1].from, "Xyz: 12", 7);
    assert_memory_equal(text + reply.field[SUBSCRIBER_FULL_NAME].span.from, "NGUYEN VAN A\n", 13);
    assert_string_equal(reply.field[SUBSCRIBER_FULL_NAME].rule, "HO TEN");
    subscriber_reply_clear(&reply);
}

static void bounds(void **state)
{
    static char text[SUBSCRIBER_TEXT_MAX + 2];
    struct subscriber_reply reply;
    (void)state;
    memset(text, '\n', sizeof text - 1);
    assert_int_equal(subscriber_parse(rules, "", text, SUBSCRIBER_TEXT_MAX + 1, &reply), -EMSGSIZE);
    for (size_t i = 0; i + 1 < SUBSCRIBER_TEXT_MAX; i += 2)
        text[i] = 'a'; /* between line ends */
    assert_int_equal(subscriber_parse(rules, "", text, SUBSCRIBER_TEXT_MAX, &reply), 0);
    assert_int_equal(reply.unparsed_count, SUBSCRIBER_UNPARSED_MAX);
    assert_true(reply.unparsed[SUBSCRIBER_UNPARSED_MAX - 1].to >= SUBSCRIBER_TEXT_MAX - 1);
    assert_int_equal(subscriber_parse(rules, "", "\xc3(", 2, &reply), -EILSEQ);
    assert_int_equal(subscriber_parse(rules, "", "", 0, &reply), 0);
    assert_false(subscriber_reply_is_record(&reply));
}

/* --- the rules file -------------------------------------------------------------------------- */

static void rules_refused(const char *text, const char *wanted)
{
    char why[200];
    struct subscriber_rules *made;
    assert_int_equal(subscriber_rules_parse("x.ini", text, strlen(text), &made, why, sizeof why),
                     -EINVAL);
    if (!strstr(why, wanted))
        fail_msg("\"%s\" is not in \"%s\"", wanted, why);
    assert_null(made);
}

static void mistakes(void **state)
{
    (void)state;
    rules_refused("[labels]\nfull_nam = HO TEN\n", "x.ini:2: [labels] full_nam: no such key");
    rules_refused("[label]\nfull_name = HO TEN\n", "x.ini:2: [label]: no such section");
    rules_refused("[labels]\nfull_name = HO TEN | | TEN\n", "x.ini:2: an empty text");
    rules_refused("[labels]\nfull_name\n", "x.ini:2: ");
    rules_refused("[id_type Viettel]\ncccd = CC\n", "is the same for all carriers");
    rules_refused("[refused]\nquota = X\n", "no label at all");
    rules_refused("", "no label at all");
}

/* A rule of one carrier holds for its replies alone. */
static void rules_of_a_carrier(void **state)
{
    static const char ini[] = "[labels]\nfull_name = HO TEN\n[labels Viettel]\nbirth_date = D.O.B\n"
                              "[refused VinaPhone]\nquota = Hết lượt\n";
    static const char text[] = "d.o.b: 01/02/1990";
    char why[200];
    struct subscriber_rules *made;
    struct subscriber_reply reply;
    (void)state;
    assert_int_equal(subscriber_rules_parse("x", ini, strlen(ini), &made, why, sizeof why), 0);
    assert_int_equal(subscriber_parse(made, "viettel", text, strlen(text), &reply), 0);
    assert_string_equal(reply.field[SUBSCRIBER_BIRTH_DATE].value, "1990-02-01");
    assert_int_equal(subscriber_parse(made, "VinaPhone", text, strlen(text), &reply), 0);
    assert_false(reply.field[SUBSCRIBER_BIRTH_DATE].found);
    assert_int_equal(subscriber_parse(made, "", text, strlen(text), &reply), 0);
    assert_false(reply.field[SUBSCRIBER_BIRTH_DATE].found);
    assert_int_equal(subscriber_parse(made, "VinaPhone", "het  luot!", 10, &reply), 0);
    assert_int_equal(reply.refusal, REFUSAL_QUOTA);
    assert_int_equal(subscriber_parse(made, "Viettel", "het  luot!", 10, &reply), 0);
    assert_int_equal(reply.refusal, REFUSAL_NONE);
    subscriber_rules_free(made);
}

/* The compiled-in copy stands in for an absent file, not for a bad one. */
static void file_or_copy(void **state)
{
    char why[200];
    struct subscriber_rules *made;
    (void)state;
    assert_int_equal(subscriber_rules_load("/nonexistent/x.ini", &made, why, sizeof why), 0);
    assert_int_equal(made->label_count, rules->label_count);
    subscriber_rules_free(made);
    assert_int_equal(
        subscriber_rules_load("daemon/subscriber/subscriber.ini", &made, why, sizeof why), 0);
    assert_int_equal(made->phrase_count, rules->phrase_count);
    subscriber_rules_free(made);
    assert_int_equal(subscriber_rules_load("daemon", &made, why, sizeof why), -EISDIR);
    assert_int_equal(subscriber_rules_load("README.md", &made, why, sizeof why), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reply),     cmocka_unit_test(damaged_replies),
        cmocka_unit_test(unknown_is_told), cmocka_unit_test(bounds),
        cmocka_unit_test(mistakes),        cmocka_unit_test(rules_of_a_carrier),
        cmocka_unit_test(file_or_copy),
    };
    return cmocka_run_group_tests(tests, rules_setup, rules_teardown);
}
