/* ctl_subscriber: 1414 at the counter: a reply beside what was typed, in the language of the
 * terminal. Neither a reply nor what was typed is ever an argument. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl_show.h"
#include "ctl_table.h"

struct words {
    const char *name, *vi, *en;
};

static const struct words fields[] = {
    {"full_name", "Họ tên", "full name"},
    {"birth_date", "Ngày sinh", "date of birth"},
    {"id_number", "Số giấy tờ", "document"},
    {"msisdn", "Số thuê bao", "number"},
    {"id_type", "Loại giấy tờ", "kind of document"},
    {"id_issued_on", "Ngày cấp", "issued on"},
    {"id_issued_by", "Nơi cấp", "issued by"},
    {"address", "Địa chỉ", "address"},
    {"subscriber_type", "Đối tượng", "subscriber"},
    {"status", "Trạng thái", "status"},
    {"registered_on", "Ngày đăng ký", "registered on"},
};
enum { FIELDS = sizeof fields / sizeof *fields, TYPED = 4, LOOKUP_WAIT_MS = 250000 };

static const struct words levels[] = {
    {"exact", "khớp", "the same"},
    {"tone_placement", "khớp", "the same"},
    {"unaccented", "khớp (không dấu)", "the same but for accents"},
    {"compatible", "phần nhìn thấy khớp", "what can be seen fits"},
    {"old_id", "nhà mạng còn CMND cũ", "the carrier has an old one"},
    {"differs", "KHÁC", "DIFFERS"},
};
static const struct words findings[] = {
    {"reordered", "đổi thứ tự", "reordered"},
    {"missing_middle", "thiếu chữ đệm", "a middle name is missing"},
    {"i_y_variant", "i và y", "i and y"},
    {"typing_residue", "còn ký tự TELEX/VNI", "TELEX or VNI letters"},
    {"one_letter_off", "lệch một chữ", "one letter off"},
    {"different", "khác hẳn", "nothing in common"},
    {"accents_differ", "khác dấu", "other accents"},
    {"legacy_encoding", "lỗi bảng mã", "old encoding"},
    {"lookalike_letters", "chữ trông giống", "look-alike letters"},
    {"one_digit_off", "lệch một số", "one digit off"},
    {"leading_zero_lost", "thiếu số 0 đầu", "the leading 0 is lost"},
    {"birth_year_mismatch", "năm sinh trong số khác ngày sinh", "its year is not the date's"},
    {"not_an_id", "không hợp lệ", "not valid"},
    {"day_month_swapped", "đổi chỗ ngày và tháng", "day and month swapped"},
    {"year_only", "chỉ có năm", "the year alone"},
    {"not_a_date", "không hợp lệ", "not valid"},
    {"eleven_digit_number", "số 11 số cũ", "11 digits, from before 2018"},
    {"not_a_number", "không hợp lệ", "not valid"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool vietnamese(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "vi", 2) == 0;
    }
    return false;
}

static const char *word(const struct words *table, size_t count, const char *name)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return vietnamese() ? table[i].vi : table[i].en;
    return name;
}

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* To somebody at a terminal who would wait for something to happen. */
static void prompt(const char *vi, const char *en)
{
    if (isatty(STDIN_FILENO))
        fputs(vietnamese() ? vi : en, stderr);
}

/* --- what was typed -------------------------------------------------------------------------- */

/* "full_name: Nguyễn Văn An". False: it has been said what is wrong. */
static bool typed_line(json_t *typed, char *line)
{
    char *value = strchr(line, ':');
    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return true;
    for (size_t i = 0; value && i < TYPED; i++) {
        size_t len = strlen(fields[i].name);
        if (strncmp(line, fields[i].name, len) != 0 || strspn(line + len, " \t:") == 0)
            continue;
        value += 1 + strspn(value + 1, " \t");
        size_t end = strlen(value);
        while (end > 0 && strchr(" \t\r", value[end - 1]))
            end--;
        return json_object_set_new(typed, fields[i].name, json_stringn(value, end)) == 0;
    }
    ctl_complain("a line is none of full_name:, birth_date:, id_number:, msisdn:");
    return false;
}

/* From a file, or (NULL) from standard input. NULL: it has been said why. */
static json_t *typed_read(const char *path)
{
    size_t len;
    if (!path)
        prompt("full_name:, birth_date:, id_number:, msisdn:, mỗi dòng một mục, rồi Ctrl-D:\n",
               "full_name:, birth_date:, id_number:, msisdn:, one a line, then Ctrl-D:\n");
    char *text = ctl_show_read(path, &len), *save = NULL;
    json_t *typed = json_object();
    bool good = text != NULL;
    for (char *line = good ? strtok_r(text, "\n", &save) : NULL; line && good;
         line = strtok_r(NULL, "\n", &save))
        good = typed_line(typed, line);
    if (text)
        explicit_bzero(text, len);
    free(text);
    if (good)
        return typed;
    json_decref(typed);
    return NULL;
}

/* --- tables ---------------------------------------------------------------------------------- */

static void verdict_text(const json_t *verdict, char *out, size_t room)
{
    const json_t *list = json_object_get(verdict, "findings");
    const char *level = word(levels, COUNT(levels), text_of(verdict, "level"));
    size_t used = (size_t)snprintf(out, room, "%s", level ? level : "");
    for (size_t i = 0; i < json_array_size(list) && used < room; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        used += (size_t)snprintf(out + used, room - used, "%s%s", i == 0 ? ": " : ", ",
                                 word(findings, COUNT(findings), name));
    }
}

/* 1990-02-01, masked or not, as people write it; anything else as it is. */
static const char *value_text(const char *value, char *out, size_t room)
{
    if (!value || strlen(value) != 10 || strspn(value, "0123456789*-") != 10 || value[4] != '-' ||
        value[7] != '-')
        return value;
    snprintf(out, room, "%.2s/%.2s/%.4s", value + 8, value + 5, value);
    return out;
}

/* What no rule knows: as it stands, or, where its letters are masked, how much of it there is. */
static void print_unparsed(const json_t *record)
{
    const json_t *rest = json_object_get(record, "unparsed");
    const char *shown = text_of(record, "shown");
    size_t count = json_array_size(rest);
    if (count > 0 && shown && strcmp(shown, "masked") == 0) {
        char line[160];
        snprintf(line, sizeof line,
                 vietnamese() ? "chỗ chưa hiểu trong tin trả lời: %zu (xem bằng --full)"
                              : "not understood in the reply: %zu (--full shows it)",
                 count);
        fputs("? ", stdout);
        ctl_table_wrap(line, 2, ctl_table_room(), stdout);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        fputs("? ", stdout);
        ctl_table_wrap(json_string_value(json_array_get(rest, i)), 2, ctl_table_room(), stdout);
    }
}

static void print_record(const json_t *record, const json_t *typed)
{
    static const char *const vi[] = {"", "ĐÃ NHẬP", "NHÀ MẠNG", "KẾT QUẢ"};
    static const char *const en[] = {"", "TYPED", "CARRIER", "VERDICT"};
    json_t *table = ctl_table_new(vietnamese() ? vi : en, 4);
    const json_t *values = json_object_get(record, "fields");
    bool any = json_object_size(values) > 0;
    for (size_t i = 0; i < FIELDS; i++) {
        char verdict[200] = "";
        const char *name = fields[i].name;
        const char *value = text_of(json_object_get(values, name), "value");
        const json_t *held = json_object_get(json_object_get(record, "comparison"), name);
        if (!value && !text_of(typed, name))
            continue;
        if (held)
            verdict_text(held, verdict, sizeof verdict);
        else if (any && !value)
            snprintf(verdict, sizeof verdict, "%s",
                     vietnamese() ? "tin trả lời không có" : "not in the reply");
        char date[16];
        const char *cells[] = {word(fields, FIELDS, name), text_of(typed, name),
                               value_text(value, date, sizeof date), verdict};
        ctl_table_add(table, cells);
    }
    ctl_table_print_within(table, ctl_table_room(), stdout);
    json_decref(table);
    print_unparsed(record);
    const char *say = text_of(json_object_get(record, "say"), vietnamese() ? "vi" : "en");
    char advice[1024];
    snprintf(advice, sizeof advice, "%s (%s)", say ? say : "", text_of(record, "conclusion"));
    fputs("=> ", stdout);
    ctl_table_wrap(advice, 3, ctl_table_room(), stdout);
}

static void print_preflight(const json_t *result)
{
    const json_t *list = json_object_get(result, "findings");
    json_t *table = ctl_table_new((const char *const[]){"", "", ""}, 3);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *say = text_of(json_object_get(one, "say"), vietnamese() ? "vi" : "en");
        const char *suggest = text_of(one, "suggest");
        const char *cells[] = {word(fields, FIELDS, text_of(one, "field")), say,
                               suggest ? suggest : ""};
        ctl_table_add(table, cells);
    }
    ctl_table_print_within(table, ctl_table_room(), stdout);
    json_decref(table);
    if (json_array_size(list) == 0)
        puts(vietnamese() ? "Không thấy gì sai." : "Nothing was found.");
}

/* --- the commands ---------------------------------------------------------------------------- */

static int run_parse(struct ctl *ctl)
{
    size_t len;
    const char *path = ctl_args_own(ctl->args, "typed");
    json_t *typed = path ? typed_read(path) : json_object(), *result;
    if (typed)
        prompt("Dán tin trả lời của 1414, rồi Ctrl-D:\n", "The reply of 1414, then Ctrl-D:\n");
    char *text = typed ? ctl_show_read(NULL, &len) : NULL;
    if (!text || len == 0) {
        if (text)
            ctl_complain("standard input is empty: it should be the reply of 1414");
        free(text);
        json_decref(typed);
        return CTL_TROUBLE;
    }
    json_t *params = json_copy(ctl->args->params);
    json_t *reply = json_stringn(text, len);
    explicit_bzero(text, len);
    free(text);
    json_object_set(params, "expect", typed);
    enum ctl_exit rc = CTL_USAGE;
    if (!reply || json_object_set_new(params, "text", reply) != 0)
        ctl_complain("standard input is not UTF-8");
    else
        rc = ctl_call(ctl, "subscriber.parse", json_incref(params), ctl->timeout_ms, &result);
    json_decref(params);
    if (rc == CTL_OK) {
        if (ctl->json)
            ctl_print_json(result);
        else
            print_record(result, typed);
        json_decref(result);
    }
    json_decref(typed);
    return rc;
}

/* A line a step, on standard error: the table stays alone on standard output. */
static void print_step(const json_t *event, const char *modem)
{
    static const struct words steps[] = {
        {"asked", "đã hỏi 1414", "1414 is asked"},
        {"part", "đã nhận phần", "part"},
        {"parsed", "đã có trả lời", "it has answered"},
        {"gave_up", "không hỏi được", "given up"},
    };
    static const struct words ways[] = {{"sms", "tin nhắn", "by message"},
                                        {"ussd", "USSD", "by USSD"}};
    const char *of = text_of(event, "modem"), *step = text_of(event, "step");
    const char *why = text_of(event, "why");
    if (!of || !step || strcmp(of, modem) != 0)
        return;
    fputs("... ", stderr);
    ctl_table_put(word(steps, COUNT(steps), step), stderr);
    if (strcmp(step, "part") == 0)
        fprintf(stderr, " %lld/%lld", (long long)json_integer_value(json_object_get(event, "part")),
                (long long)json_integer_value(json_object_get(event, "parts")));
    else if (text_of(event, "way"))
        fprintf(stderr, " (%s)", word(ways, COUNT(ways), text_of(event, "way")));
    if (why) {
        fputs(": ", stderr);
        ctl_table_put(why, stderr);
    }
    fputc('\n', stderr);
}

/* Follows first, so that no step is missed; who may not follow sees none. Takes `params` over. */
static enum ctl_exit lookup_watched(struct ctl *ctl, json_t *params, const char *modem,
                                    int timeout_ms, json_t **result)
{
    struct otpgate_error error;
    json_t *event;
    int64_t id, deadline = ctl_now_ms() + timeout_ms;
    int rc = otpgate_call(ctl->gate, "events.follow", json_pack("{s:[s]}", "topics", "subscriber"),
                          ctl->timeout_ms, &event, &error);
    if (rc == 0)
        json_decref(event);
    rc = otpgate_start(ctl->gate, "subscriber.lookup", params, timeout_ms, &id);
    while (rc == 0) {
        int64_t left = deadline - ctl_now_ms();
        rc = otpgate_wait(ctl->gate, id, left > 0 ? (int)left : 0);
        if (rc < 0)
            break;
        if (otpgate_next(ctl->gate, 0, NULL, &event) < 0) {
            rc = otpgate_finish(ctl->gate, id, 0, result, &error);
            return rc == 0 ? CTL_OK : ctl_failed(ctl, rc, &error);
        }
        print_step(event, modem);
        json_decref(event);
    }
    return ctl_failed(ctl, rc, NULL);
}

static int run_lookup(struct ctl *ctl)
{
    const char *path = ctl_args_own(ctl->args, "typed");
    const char *modem = ctl->args->operands > 1 ? ctl->args->operand[1] : NULL;
    if (!modem) {
        ctl_complain("subscriber lookup wants MODEM");
        return CTL_USAGE;
    }
    json_t *typed = path ? typed_read(path) : json_object(), *result;
    if (!typed)
        return CTL_TROUBLE;
    json_t *params = json_copy(ctl->args->params);
    json_object_set_new(params, "modem", json_string(modem));
    json_object_set(params, "expect", typed);
    int timeout_ms = ctl->timeout_set ? ctl->timeout_ms : LOOKUP_WAIT_MS;
    enum ctl_exit rc = isatty(STDERR_FILENO)
                           ? lookup_watched(ctl, params, modem, timeout_ms, &result)
                           : ctl_call(ctl, "subscriber.lookup", params, timeout_ms, &result);
    if (rc == CTL_OK) {
        if (ctl->json)
            ctl_print_json(result);
        else
            print_record(result, typed);
        json_decref(result);
    }
    json_decref(typed);
    return rc;
}

static int run_preflight(struct ctl *ctl)
{
    json_t *typed = typed_read(ctl_args_own(ctl->args, "typed")), *result;
    if (!typed)
        return CTL_TROUBLE;
    json_object_update(typed, ctl->args->params);
    enum ctl_exit rc = ctl_call(ctl, "subscriber.preflight", typed, ctl->timeout_ms, &result);
    if (rc != CTL_OK)
        return rc;
    if (ctl->json)
        ctl_print_json(result);
    else
        print_preflight(result);
    json_decref(result);
    return CTL_OK;
}

int ctl_subscriber(struct ctl *ctl)
{
    static const struct {
        const char *name;
        int (*run)(struct ctl *ctl);
    } whats[] = {{"lookup", run_lookup},
                 {"parse", run_parse},
                 {"preflight", run_preflight},
                 {"check-fleet", ctl_check_fleet}};
    const char *what = ctl->args->operand[0];
    for (size_t i = 0; i < COUNT(whats); i++) {
        if (strcmp(whats[i].name, what) != 0)
            continue;
        if (whats[i].run == ctl_check_fleet || text_of(ctl->args->params, "reason"))
            return whats[i].run(ctl);
        ctl_complain("subscriber %s wants --reason: a case number or words, kept for the audit",
                     what);
        return CTL_USAGE;
    }
    ctl_complain("subscriber: %s is none of lookup, parse, preflight and check-fleet", what);
    return CTL_USAGE;
}
