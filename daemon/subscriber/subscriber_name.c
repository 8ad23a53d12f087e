#include "subscriber_name.h"

#include <stdlib.h>
#include <string.h>
#include "subscriber_fold.h"
#include "text.h"

enum { ROOM = SUBSCRIBER_NAME_MAX * 4, WORDS = 16, TONE_ROOM = SUBSCRIBER_NAME_MAX * 2 };

const char *subscriber_level_name(enum subscriber_level level)
{
    static const char *const names[] = {
        [LEVEL_EXACT] = "exact",           [LEVEL_TONE_PLACEMENT] = "tone_placement",
        [LEVEL_UNACCENTED] = "unaccented", [LEVEL_COMPATIBLE] = "compatible",
        [LEVEL_OLD_ID] = "old_id",         [LEVEL_DIFFERS] = "differs"};
    return names[level];
}

const char *subscriber_finding_name(enum subscriber_finding finding)
{
    static const char *const names[SUBSCRIBER_FINDINGS] = {
        [FINDING_REORDERED] = "reordered",
        [FINDING_MISSING_MIDDLE] = "missing_middle",
        [FINDING_I_Y_VARIANT] = "i_y_variant",
        [FINDING_TYPING_RESIDUE] = "typing_residue",
        [FINDING_ONE_LETTER_OFF] = "one_letter_off",
        [FINDING_DIFFERENT] = "different",
        [FINDING_ACCENTS_DIFFER] = "accents_differ",
        [FINDING_LEGACY_ENCODING] = "legacy_encoding",
        [FINDING_LOOKALIKE_LETTERS] = "lookalike_letters",
        [FINDING_HIDDEN_CHARACTERS] = "hidden_characters",
        [FINDING_NOT_A_NAME] = "not_a_name",
        [FINDING_ONE_DIGIT_OFF] = "one_digit_off",
        [FINDING_LEADING_ZERO_LOST] = "leading_zero_lost",
        [FINDING_BIRTH_YEAR_MISMATCH] = "birth_year_mismatch",
        [FINDING_NINE_DIGIT_ID] = "nine_digit_id",
        [FINDING_NOT_AN_ID] = "not_an_id",
        [FINDING_DAY_MONTH_SWAPPED] = "day_month_swapped",
        [FINDING_YEAR_ONLY] = "year_only",
        [FINDING_NOT_A_DATE] = "not_a_date",
        [FINDING_IN_THE_FUTURE] = "in_the_future",
        [FINDING_ELEVEN_DIGIT_NUMBER] = "eleven_digit_number",
        [FINDING_NOT_A_NUMBER] = "not_a_number",
    };
    return names[finding];
}

/* --- letters that are not what they seem ----------------------------------------------------- */

/* TCVN3 (TCVN 5712:1993, "ABC" fonts) read as Latin-1: what each octet from A1 was meant to be.
 * Only the letter under the accents matters here; '.': none. */
static const char tcvn3[] = /* A1 */ "AAEOOUDaaeooud......aaaaa.aaaa.."
                                     /* C1 */ ".....aaaaaae.eeeeeeeeeii...iiio."
                                     /* E1 */ "oooooooooooooou.uuuuuuuuuyyyyy";
/* Windows-1258 read as Latin-1: marks that stand behind their letter, and five letters. */
static const struct {
    uint16_t octet;
    char letter; /* '\0': a mark */
} windows_1258[] = {{0xC3, 'A'},  {0xCC, '\0'}, {0xD0, 'D'}, {0xD2, '\0'}, {0xD5, 'O'},
                    {0xDD, 'U'},  {0xDE, '\0'}, {0xE3, 'a'}, {0xEC, '\0'}, {0xF0, 'd'},
                    {0xF2, '\0'}, {0xF5, 'o'},  {0xFD, 'u'}};
/* Cyrillic and Greek letters that look like Latin ones. */
static const struct {
    uint16_t code;
    char letter;
} lookalikes[] = {
    {0x391, 'A'}, {0x392, 'B'}, {0x395, 'E'}, {0x397, 'H'}, {0x399, 'I'}, {0x39A, 'K'},
    {0x39C, 'M'}, {0x39D, 'N'}, {0x39F, 'O'}, {0x3A1, 'P'}, {0x3A4, 'T'}, {0x3A5, 'Y'},
    {0x3A7, 'X'}, {0x3BF, 'o'}, {0x3BD, 'v'}, {0x405, 'S'}, {0x406, 'I'}, {0x408, 'J'},
    {0x410, 'A'}, {0x412, 'B'}, {0x415, 'E'}, {0x41A, 'K'}, {0x41C, 'M'}, {0x41D, 'H'},
    {0x41E, 'O'}, {0x420, 'P'}, {0x421, 'C'}, {0x422, 'T'}, {0x423, 'Y'}, {0x425, 'X'},
    {0x430, 'a'}, {0x435, 'e'}, {0x43E, 'o'}, {0x440, 'p'}, {0x441, 'c'}, {0x443, 'y'},
    {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'}, {0x458, 'j'}, {0x501, 'd'}, {0x4BB, 'h'},
};

/* Writes what `c` was meant to be: 1 a letter, 0 nothing of it, -1 as it is. */
typedef int meant_fn(int32_t c, char *letter);

static int meant_tcvn3(int32_t c, char *letter)
{
    if (c < 0xA1 || c >= 0xA1 + (int32_t)sizeof tcvn3 - 1 || tcvn3[c - 0xA1] == '.')
        return -1;
    *letter = tcvn3[c - 0xA1];
    return 1;
}

static int meant_1258(int32_t c, char *letter)
{
    for (size_t i = 0; i < sizeof windows_1258 / sizeof *windows_1258; i++)
        if (windows_1258[i].octet == c) {
            *letter = windows_1258[i].letter;
            return *letter != '\0';
        }
    return -1;
}

static int meant_lookalike(int32_t c, char *letter)
{
    for (size_t i = 0; i < sizeof lookalikes / sizeof *lookalikes; i++)
        if (lookalikes[i].code == c) {
            *letter = lookalikes[i].letter;
            return 1;
        }
    return -1;
}

/* A sign of Latin-1 that no Vietnamese name has, but TCVN3 and Windows-1258 have for its letters.
 */
static bool is_odd_latin(int32_t c)
{
    static const char fine[] = /* C0 */ "11110000111011001011110001100100"
                                        /* E0 */ "11110000111011001011110001100100";
    if (c >= 0xA1 && c < 0xC0)
        return c != 0xB4 && c != 0xAD;
    return c >= 0xC0 && c < 0xC0 + (int32_t)sizeof fine - 1 && fine[c - 0xC0] == '0';
}

/* --- forms ----------------------------------------------------------------------------------- */

struct form {
    char nfc[ROOM];    /* accented capitals, one space between words */
    char folded[ROOM]; /* the same without accents */
    bool accents, masked;
};

static bool is_apostrophe(int32_t c)
{
    return c == '\'' || c == '`' || c == 0xB4 || c == 0x2BC || (c >= 0x2018 && c <= 0x201B) ||
           c == 0x2032;
}

/* Punctuation becomes a space, apostrophes go; `fix` (may be NULL) mends letters on the way. */
static void clean(const char *text, meant_fn *fix, char out[ROOM])
{
    size_t pos = 0, used = 0, len = strlen(text);
    int32_t c;
    while ((c = text_utf8_next(text, len, &pos)) >= 0 && used + 5 < ROOM) {
        char letter = '\0';
        int meant = fix ? fix(c, &letter) : -1;
        if (meant == 0 || is_apostrophe(c))
            continue;
        if (meant > 0)
            c = (unsigned char)letter;
        else if (c < 0x80 && strchr(".,;:-_/\\()\"!?", c))
            c = ' ';
        used += text_utf8_put(out + used, (uint32_t)c);
    }
    out[used] = '\0';
}

static bool form_make(const char *text, meant_fn *fix, struct form *out)
{
    char cleaned[ROOM];
    struct subscriber_fold fold;
    memset(out, 0, sizeof *out);
    if (strlen(text) > SUBSCRIBER_NAME_MAX)
        return false;
    clean(text, fix, cleaned);
    if (subscriber_fold_nfc(cleaned, strlen(cleaned), out->nfc, ROOM) < 0 ||
        subscriber_fold_make(out->nfc, strlen(out->nfc), &fold) < 0)
        return false;
    bool fits = text_copy(out->folded, ROOM, fold.text);
    subscriber_fold_clear(&fold);
    for (const char *c = out->nfc; *c; c++)
        out->accents = out->accents || (*c & 0x80);
    out->masked = strchr(out->folded, '*') != NULL;
    return fits;
}

/* --- tones ----------------------------------------------------------------------------------- */

static bool is_tone(int32_t c)
{
    return c == 0x300 || c == 0x301 || c == 0x303 || c == 0x309 || c == 0x323;
}

/* In open oa, oe and uy (not quy) both places are in use: there the tone is put at the word's end.
 */
static size_t tone_word(const int32_t *word, size_t len, int32_t *out)
{
    int32_t tone = 0;
    size_t used = 0;
    for (size_t i = 0; i < len; i++)
        if (is_tone(word[i]))
            tone = word[i];
        else
            out[used++] = word[i];
    int32_t last = used > 0 ? out[used - 1] : 0, before = used > 1 ? out[used - 2] : 0;
    bool open = (before == 'O' && (last == 'A' || last == 'E')) ||
                (before == 'U' && last == 'Y' && !(used > 2 && out[used - 3] == 'Q'));
    if (!open || !tone) {
        memcpy(out, word, len * sizeof *out);
        return len;
    }
    out[used++] = tone;
    return used;
}

static size_t tone_canonical(const char *nfc, int32_t *out)
{
    int32_t apart[TONE_ROOM];
    size_t count = subscriber_fold_nfd(nfc, strlen(nfc), apart, TONE_ROOM), used = 0;
    for (size_t at = 0; at < count;) {
        size_t end = at;
        while (end < count && apart[end] != ' ')
            end++;
        used += tone_word(apart + at, end - at, out + used);
        if (end < count)
            out[used++] = ' ';
        at = end + 1;
    }
    return used;
}

static bool same_tones(const struct form *a, const struct form *b)
{
    int32_t one[TONE_ROOM], two[TONE_ROOM];
    size_t count = tone_canonical(a->nfc, one);
    return count == tone_canonical(b->nfc, two) && memcmp(one, two, count * sizeof *one) == 0;
}

/* --- words ----------------------------------------------------------------------------------- */

struct words {
    char text[ROOM];
    const char *word[WORDS];
    size_t count;
};

static void words_split(const char *folded, struct words *out)
{
    char *save = NULL;
    out->count = 0;
    text_copy(out->text, sizeof out->text, folded);
    for (char *word = strtok_r(out->text, " ", &save); word && out->count < WORDS;
         word = strtok_r(NULL, " ", &save))
        out->word[out->count++] = word;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted in copies; the pointers lead into the originals. */
static bool same_words(struct words a, struct words b)
{
    if (a.count != b.count)
        return false;
    qsort(a.word, a.count, sizeof *a.word, by_bytes);
    qsort(b.word, b.count, sizeof *b.word, by_bytes);
    for (size_t i = 0; i < a.count; i++)
        if (strcmp(a.word[i], b.word[i]) != 0)
            return false;
    return true;
}

/* `few` is `many` without words in the middle. */
static bool lacks_middle(const struct words *few, const struct words *many)
{
    size_t found = 0;
    if (few->count < 2 || few->count >= many->count || strcmp(few->word[0], many->word[0]) != 0 ||
        strcmp(few->word[few->count - 1], many->word[many->count - 1]) != 0)
        return false;
    for (size_t i = 0; i < many->count && found < few->count; i++)
        found += strcmp(many->word[i], few->word[found]) == 0;
    return found == few->count;
}

/* One letter more, less, other, or swapped with its neighbour. */
static bool one_off(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b), head = 0, tail = 0;
    size_t least = a_len < b_len ? a_len : b_len;
    while (head < least && a[head] == b[head])
        head++;
    while (tail < least - head && a[a_len - 1 - tail] == b[b_len - 1 - tail])
        tail++;
    size_t a_rest = a_len - head - tail, b_rest = b_len - head - tail;
    if (least < 4)
        return false;
    if (a_rest == 2 && b_rest == 2)
        return a[head] == b[head + 1] && a[head + 1] == b[head];
    return a_rest <= 1 && b_rest <= 1;
}

/* How two folded names that are not the same are near; 0: in no way. */
static unsigned nearness(const char *a, const char *b)
{
    struct words one, two;
    words_split(a, &one);
    words_split(b, &two);
    if (same_words(one, two))
        return 1u << FINDING_REORDERED;
    if (lacks_middle(&one, &two) || lacks_middle(&two, &one))
        return 1u << FINDING_MISSING_MIDDLE;
    return one_off(a, b) ? 1u << FINDING_ONE_LETTER_OFF : 0;
}

static void i_for_y(char *text)
{
    for (; *text; text++)
        if (*text == 'Y')
            *text = 'I';
}

/* --- typing residue -------------------------------------------------------------------------- */

static bool is_vowel(char c)
{
    return c != '\0' && strchr("AEIOUY", c);
}

/* What a TELEX or VNI keyboard was to make of `folded`, without its accents: doubled letters, w,
 * tone letters behind a vowel, digits in a word. */
static void typing_undo(const char *folded, char *out)
{
    bool vowel = false, letter = false;
    char last = '\0';
    for (const char *c = folded; *c; c++) {
        bool doubled = *c == last && strchr("AEOD", *c);
        bool residue = (letter && *c >= '0' && *c <= '9') || (letter && doubled) ||
                       (vowel && strchr("SFRXJZW", *c)) || (letter && *c == 'W');
        if (*c == ' ')
            vowel = letter = false;
        else if (!residue) {
            letter = letter || (*c >= 'A' && *c <= 'Z');
            vowel = vowel || is_vowel(*c);
        }
        if (!residue)
            *out++ = *c;
        last = *c;
    }
    *out = '\0';
}

/* For a name alone the tone letters S and R are no proof: Ksor is a name. */
static bool typing_seen(const char *folded)
{
    bool vowel = false, letter = false;
    char last = '\0';
    for (const char *c = folded; *c; c++) {
        if (*c == ' ') {
            vowel = letter = false;
        } else if ((letter && *c >= '0' && *c <= '9') || (vowel && strchr("FXJZW", *c)) ||
                   (letter && *c == last && strchr("AED", *c))) {
            return true;
        }
        letter = letter || (*c >= 'A' && *c <= 'Z');
        vowel = vowel || is_vowel(*c);
        last = *c;
    }
    return false;
}

/* --- the verdict ----------------------------------------------------------------------------- */

/* A run of * stands for one letter or more of a word. */
static bool fits_mask(const char *masked, const char *text)
{
    const char *star = NULL, *taken = NULL; /* behind the last run, and where its letters end */
    while (*text || *masked) {
        if (*masked == '*' && *text && *text != ' ') {
            while (*masked == '*')
                masked++;
            star = masked;
            taken = ++text;
        } else if (*masked == *text) {
            masked++;
            text++;
        } else if (star && *taken && *taken != ' ') {
            masked = star;
            text = ++taken;
        } else {
            return false;
        }
    }
    return true;
}

static struct subscriber_verdict verdict(enum subscriber_level level, unsigned findings)
{
    return (struct subscriber_verdict){true, level, findings};
}

/* The same once letters are what they were meant to be, on either side. */
static unsigned mended(const char *typed, const char *record, const struct form *a,
                       const struct form *b)
{
    static const struct {
        meant_fn *fix;
        unsigned finding;
    } fixes[] = {{meant_lookalike, 1u << FINDING_LOOKALIKE_LETTERS},
                 {meant_tcvn3, 1u << FINDING_LEGACY_ENCODING},
                 {meant_1258, 1u << FINDING_LEGACY_ENCODING}};
    char one[ROOM], two[ROOM];
    for (size_t i = 0; i < sizeof fixes / sizeof *fixes; i++) {
        struct form mend;
        if ((form_make(typed, fixes[i].fix, &mend) && strcmp(mend.folded, b->folded) == 0) ||
            (form_make(record, fixes[i].fix, &mend) && strcmp(mend.folded, a->folded) == 0))
            return fixes[i].finding;
    }
    typing_undo(a->folded, one);
    typing_undo(b->folded, two);
    if (strcmp(one, b->folded) == 0 || strcmp(two, a->folded) == 0)
        return 1u << FINDING_TYPING_RESIDUE;
    return 0;
}

static unsigned explain(const char *typed, const char *record, struct form *a, struct form *b)
{
    unsigned found = mended(typed, record, a, b);
    if (!found)
        found = nearness(a->folded, b->folded);
    if (found && found != 1u << FINDING_ONE_LETTER_OFF)
        return found;
    i_for_y(a->folded);
    i_for_y(b->folded);
    if (strcmp(a->folded, b->folded) == 0)
        return 1u << FINDING_I_Y_VARIANT;
    if (found)
        return found;
    found = nearness(a->folded, b->folded);
    return found ? found | 1u << FINDING_I_Y_VARIANT : 1u << FINDING_DIFFERENT;
}

struct subscriber_verdict subscriber_name_compare(const char *typed, const char *record)
{
    struct form a, b;
    if (!form_make(typed, NULL, &a) || !form_make(record, NULL, &b) || !*a.folded || !*b.folded)
        return verdict(LEVEL_DIFFERS, 1u << FINDING_DIFFERENT);
    if (a.masked || b.masked) {
        bool fits = b.masked ? fits_mask(b.folded, a.folded) : fits_mask(a.folded, b.folded);
        return fits ? verdict(LEVEL_COMPATIBLE, 0)
                    : verdict(LEVEL_DIFFERS, 1u << FINDING_DIFFERENT);
    }
    if (strcmp(a.nfc, b.nfc) == 0)
        return verdict(LEVEL_EXACT, 0);
    if (same_tones(&a, &b))
        return verdict(LEVEL_TONE_PLACEMENT, 0);
    if (strcmp(a.folded, b.folded) == 0 && !strchr(a.folded, SUBSCRIBER_FOLD_OTHER))
        return verdict(LEVEL_UNACCENTED, a.accents && b.accents ? 1u << FINDING_ACCENTS_DIFFER : 0);
    bool readable =
        !strchr(a.folded, SUBSCRIBER_FOLD_OTHER) || !strchr(b.folded, SUBSCRIBER_FOLD_OTHER);
    return verdict(LEVEL_DIFFERS,
                   readable ? explain(typed, record, &a, &b) : 1u << FINDING_DIFFERENT);
}

static bool is_hidden(int32_t c)
{
    return c < ' ' || c == 0x7F || (c >= 0x80 && c < 0xA0) || c == 0xAD ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

unsigned subscriber_name_faults(const char *typed)
{
    struct form form;
    unsigned found = 0;
    size_t pos = 0, len = strlen(typed);
    int32_t c;
    char ignored;
    while ((c = text_utf8_next(typed, len, &pos)) >= 0) {
        if (is_hidden(c))
            found |= 1u << FINDING_HIDDEN_CHARACTERS;
        if (is_odd_latin(c))
            found |= 1u << FINDING_LEGACY_ENCODING;
        if (meant_lookalike(c, &ignored) > 0)
            found |= 1u << FINDING_LOOKALIKE_LETTERS;
    }
    if (!form_make(typed, NULL, &form) || !strpbrk(form.folded, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        return found ? found : 1u << FINDING_NOT_A_NAME;
    if (typing_seen(form.folded))
        found |= 1u << FINDING_TYPING_RESIDUE;
    else if (strpbrk(form.folded, "0123456789*@#$%&+=<>|{}[]"))
        found |= 1u << FINDING_NOT_A_NAME;
    return found;
}
