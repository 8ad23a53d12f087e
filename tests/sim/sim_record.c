/* sim_record: see sim_record.h. SYNTHETIC all through. */
#include "sim_record.h"

#include <stdio.h>
#include <string.h>

const char *const sim_says_names[] = {"record",       "quota",     "not_now", "not_standardised",
                                      "prepaid_only", "no_record", "nothing", NULL};

const char *sim_record_field_name(enum sim_record_field field)
{
    static const char *const names[SIM_RECORD_FIELDS] = {
        "full_name", "birth_date", "id_number",       "id_type", "id_issued_on", "id_issued_by",
        "msisdn",    "address",    "subscriber_type", "status",  "registered_on"};
    return names[field];
}

void sim_record_default(struct sim_record *record, const char *number)
{
    *record = (struct sim_record){{
        [SIM_FULL_NAME] = "Nguyễn Văn An",
        [SIM_BIRTH_DATE] = "01/02/1990",
        [SIM_ID_NUMBER] = "052090001234",
        [SIM_ID_TYPE] = "CCCD",
        [SIM_ID_ISSUED_ON] = "10/05/2021",
        [SIM_ID_ISSUED_BY] = "Cục CS QLHC về TTXH",
        [SIM_ADDRESS] = "12 Lê Lợi, Quy Nhơn",
        [SIM_SUBSCRIBER_TYPE] = "Cá nhân trả trước",
        [SIM_STATUS] = "Hoạt động hai chiều",
        [SIM_REGISTERED_ON] = "15/04/2026",
    }};
    bool national = !strncmp(number, "+84", 3);
    snprintf(record->value[SIM_MSISDN], SIM_VALUE, "%s%s", national ? "0" : "",
             national ? number + 3 : number);
}

/* --- accents --- */

/* Each letter with all its accented forms. */
static const struct {
    char plain;
    const char *forms;
} letters[] = {
    {'a', "àáảãạăằắẳẵặâầấẩẫậ"},
    {'A', "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ"},
    {'e', "èéẻẽẹêềếểễệ"},
    {'E', "ÈÉẺẼẸÊỀẾỂỄỆ"},
    {'i', "ìíỉĩị"},
    {'I', "ÌÍỈĨỊ"},
    {'o', "òóỏõọôồốổỗộơờớởỡợ"},
    {'O', "ÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ"},
    {'u', "ùúủũụưừứửữự"},
    {'U', "ÙÚỦŨỤƯỪỨỬỮỰ"},
    {'y', "ỳýỷỹỵ"},
    {'Y', "ỲÝỶỸỴ"},
    {'d', "đ"},
    {'D', "Đ"},
};

static size_t letter_len(const char *text)
{
    size_t len = 1;
    while (((unsigned char)text[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static char plain_of(const char *letter, size_t len)
{
    char wanted[5] = "";
    if (len < 2 || len >= sizeof wanted)
        return 0;
    memcpy(wanted, letter, len);
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (strstr(letters[i].forms, wanted))
            return letters[i].plain;
    return 0;
}

void sim_text_plain(const char *text, char *out)
{
    while (*text) {
        size_t len = letter_len(text);
        char plain = plain_of(text, len);
        if (plain)
            *out++ = plain;
        else
            out = (char *)memmove(out, text, len) + len;
        text += len;
    }
    *out = 0;
}

/* --- records --- */

enum { FIELDS_MAX = SIM_RECORD_FIELDS };
struct labelled {
    const char *label; /* NULL ends */
    enum sim_record_field field;
};
struct layout {
    const char *before, *colon, *gap, *after;
    struct labelled line[FIELDS_MAX + 1];
};

const char *const sim_layout_names[] = {"lines", "guide",  "number", "three",
                                        "dots",  "dashes", NULL};
static const struct layout layouts[] = {
    {"",
     ": ",
     "\n",
     "", /* VinaPhone, 2017 */
     {{"Tên", SIM_FULL_NAME},
      {"CMT", SIM_ID_NUMBER},
      {"Ngày sinh", SIM_BIRTH_DATE},
      {"Nơi cấp", SIM_ID_ISSUED_BY},
      {"Ngày cấp", SIM_ID_ISSUED_ON},
      {"Ngày CN", SIM_REGISTERED_ON}}},
    {"Thông tin thuê bao của Quý khách: ",
     ": ",
     "; ",
     "",
     {{"Họ tên", SIM_FULL_NAME},
      {"Ngày sinh", SIM_BIRTH_DATE},
      {"Số giấy tờ", SIM_ID_NUMBER},
      {"Ngày cấp", SIM_ID_ISSUED_ON},
      {"Nơi cấp", SIM_ID_ISSUED_BY},
      {"Loại giấy tờ", SIM_ID_TYPE}}},
    {"",
     ": ",
     ", ",
     "",
     {{"Số TB", SIM_MSISDN}, {"Họ tên", SIM_FULL_NAME}, {"Số giấy tờ", SIM_ID_NUMBER}}},
    {"",
     ": ",
     "\n",
     "", /* all that a record has to hold since 15 April 2026 */
     {{"Số định danh cá nhân", SIM_ID_NUMBER},
      {"Họ và tên", SIM_FULL_NAME},
      {"Ngày sinh", SIM_BIRTH_DATE}}},
    {"Kính gửi Quý khách. ",
     ": ",
     ". ",
     ". Trân trọng.",
     {{"Số TB", SIM_MSISDN},
      {"Họ tên", SIM_FULL_NAME},
      {"Ngày sinh", SIM_BIRTH_DATE},
      {"Loại giấy tờ", SIM_ID_TYPE},
      {"Số giấy tờ", SIM_ID_NUMBER}}},
    {"TTTB: ",
     ":",
     " - ",
     "",
     {{"Đối tượng", SIM_SUBSCRIBER_TYPE},
      {"Trạng thái", SIM_STATUS},
      {"Họ và tên", SIM_FULL_NAME},
      {"Ngày tháng năm sinh", SIM_BIRTH_DATE},
      {"Số GTTT", SIM_ID_NUMBER},
      {"Ngày cấp", SIM_ID_ISSUED_ON},
      {"Nơi cấp", SIM_ID_ISSUED_BY},
      {"Số điện thoại", SIM_MSISDN},
      {"Địa chỉ", SIM_ADDRESS},
      {"Ngày đăng ký", SIM_REGISTERED_ON}}},
};

int sim_layout_find(const char *name)
{
    for (int i = 0; sim_layout_names[i]; i++)
        if (!strcmp(sim_layout_names[i], name))
            return i;
    return -1;
}

static void append(char *out, size_t room, const char *text)
{
    size_t at = strlen(out);
    snprintf(out + at, room - at, "%s", text);
}

static void mask_digits(char *text, char mask)
{
    for (size_t i = 3; mask && strlen(text) > 3 && text[i]; i++)
        text[i] = mask;
}

void sim_record_write(const struct sim_record *record, const struct sim_wording *wording, char *out,
                      size_t room)
{
    const struct layout *layout = &layouts[wording->layout];
    const char *gap = "";
    snprintf(out, room, "%s", layout->before);
    for (const struct labelled *line = layout->line; line->label; line++) {
        char value[SIM_VALUE];
        strcpy(value, record->value[line->field]);
        if (!*value)
            continue;
        if (line->field == SIM_ID_NUMBER)
            mask_digits(value, wording->mask);
        append(out, room, gap);
        append(out, room, line->label);
        append(out, room, layout->colon);
        append(out, room, value);
        gap = layout->gap;
    }
    append(out, room, layout->after);
    if (!wording->accents)
        sim_text_plain(out, out);
}

void sim_refusal_write(enum sim_says says, const struct sim_wording *wording, char *out,
                       size_t room)
{
    static const char *const texts[] = {
        [SIM_SAYS_QUOTA] = "Đã quá số lần cho phép thực hiện tra cứu trong ngày",
        [SIM_SAYS_NOT_NOW] = "Yêu cầu của Quý khách không được đáp ứng tại thời điểm này",
        [SIM_SAYS_NOT_STANDARDISED] = "Thông tin thuê bao của Quý khách chưa được chuẩn hóa",
        [SIM_SAYS_PREPAID_ONLY] = "Dịch vụ chỉ áp dụng cho thuê bao trả trước",
        [SIM_SAYS_NO_RECORD] = "Không tìm thấy thông tin thuê bao",
        [SIM_SAYS_NOTHING] = "",
    };
    snprintf(out, room, "%s%s", texts[says] ? texts[says] : "", wording->tail);
    if (!wording->accents)
        sim_text_plain(out, out);
}
