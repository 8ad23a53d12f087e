#include "subscriber_advice.h"

#include <stdio.h>
#include <string.h>

struct advice {
    const char *vi, *en;
    bool shop, care; /* where to go */
};

static const struct advice conclusions[SUBSCRIBER_CONCLUSIONS] = {
    [CONCLUSION_REFUSED] = {"Nhà mạng chưa trả lời thông tin thuê bao.",
                            "The carrier did not give the record.", false, true},
    [CONCLUSION_NO_RECORD] = {"Nhà mạng không có thông tin đăng ký của thuê bao này.",
                              "The carrier holds no registration of this SIM.", true, true},
    [CONCLUSION_UNREADABLE] =
        {"Không đọc được tin trả lời. Hãy so sánh trực tiếp tin nhắn với thông "
         "tin đã nhập.",
         "The reply could not be read. Compare the message itself with what "
         "was typed.",
         false, true},
    [CONCLUSION_OTHER_PERSON] =
        {"Thuê bao đứng tên người khác: số giấy tờ và họ tên đều khác thông "
         "tin đã nhập. Hãy dùng số điện thoại chính chủ, hoặc đăng ký lại "
         "chính chủ.",
         "The SIM is registered to another person: document and name both "
         "differ from what was typed. Use a number of one's own, or have "
         "this one registered to its user.",
         true, false},
    [CONCLUSION_CARRIER_HAS_OLD_ID] =
        {"Nhà mạng còn lưu số CMND cũ. Hãy mang CCCD đến cửa hàng để cập "
         "nhật.",
         "The carrier still holds the old nine-digit document. Have it "
         "updated with the CCCD.",
         true, false},
    [CONCLUSION_ID_DIFFERS] =
        {"Số giấy tờ đã nhập khác số nhà mạng đang lưu. Kiểm tra lại số đã nhập; "
         "nếu nhà mạng lưu sai, yêu cầu chỉnh sửa.",
         "The document number typed is not the carrier's. Check what was typed; "
         "where the carrier's is wrong, have it corrected.",
         true, false},
    [CONCLUSION_NAME_DIFFERS] =
        {"Họ tên đã nhập khác họ tên nhà mạng đang lưu. Kiểm tra lại họ tên đã "
         "nhập; nếu nhà mạng lưu sai, yêu cầu chỉnh sửa.",
         "The name typed is not the carrier's. Check what was typed; where the "
         "carrier's is wrong, have it corrected.",
         true, false},
    [CONCLUSION_BIRTH_DATE_DIFFERS] =
        {"Ngày sinh đã nhập khác ngày sinh nhà mạng đang lưu. Kiểm tra "
         "lại ngày đã nhập; nếu nhà mạng lưu sai, yêu cầu chỉnh sửa.",
         "The date of birth typed is not the carrier's. Check what was "
         "typed; where the carrier's is wrong, have it corrected.",
         true, false},
    [CONCLUSION_NUMBER_DIFFERS] =
        {"Tin trả lời là của số thuê bao khác. Hãy gửi TTTB đến 1414 từ đúng "
         "số đã nhập.",
         "The reply is about another number. Ask 1414 from the SIM whose "
         "number was typed.",
         false, false},
    [CONCLUSION_NOT_COMPARED] = {"Đã đọc được thông tin thuê bao, chưa có gì để so sánh.",
                                 "The record was read; there was nothing to compare it with.",
                                 false, false},
    [CONCLUSION_COMPATIBLE] =
        {"Phần nhìn thấy được của thông tin thuê bao khớp với thông tin đã nhập; "
         "phần bị che không kiểm tra được.",
         "What can be seen of the record fits what was typed; what is masked "
         "cannot be checked.",
         false, false},
    [CONCLUSION_MATCH_UNACCENTED] =
        {"Thông tin thuê bao khớp với thông tin đã nhập (không xét dấu).",
         "The record is what was typed, accents aside.", false, false},
    [CONCLUSION_MATCH] = {"Thông tin thuê bao khớp với thông tin đã nhập.",
                          "The record is what was typed.", false, false},
};

static const struct advice refusals[] = {
    [REFUSAL_NONE] = {"", "", false, false},
    [REFUSAL_QUOTA] = {"Đã quá số lần tra cứu trong ngày. Hãy thử lại ngày mai.",
                       "Too many queries for today. Try again tomorrow.", false, true},
    [REFUSAL_NOT_NOW] = {"Nhà mạng chưa tra cứu được lúc này. Hãy thử lại sau.",
                         "The carrier cannot answer now. Try again later.", false, true},
    [REFUSAL_NOT_STANDARDISED] = {"Thông tin thuê bao chưa được chuẩn hoá.",
                                  "The SIM's registration is not yet standardised.", true, false},
    [REFUSAL_PREPAID_ONLY] = {"Nhà mạng chỉ trả lời cho thuê bao trả trước.",
                              "The carrier answers for prepaid SIMs only.", true, true},
    [REFUSAL_NOT_SUPPORTED] = {"Nhà mạng không nhận cách tra cứu này.",
                               "The carrier does not take questions asked in this way.", false,
                               true},
    [REFUSAL_NO_RECORD] = {"", "", false, false},
};

static const struct {
    const char *vi, *en;
} findings[SUBSCRIBER_FINDINGS] = {
    [FINDING_REORDERED] = {"Các chữ trong họ tên bị đổi thứ tự.", "The words of the name stand in "
                                                                  "another order."},
    [FINDING_MISSING_MIDDLE] = {"Một bên thiếu chữ đệm (Thị, Văn…).",
                                "One side lacks a middle name (Thị, Văn…)."},
    [FINDING_I_Y_VARIANT] = {"Khác nhau i và y (Lý, Lí).", "i here is y there (Lý, Lí)."},
    [FINDING_TYPING_RESIDUE] = {"Họ tên còn ký tự gõ TELEX hoặc VNI.",
                                "The name holds letters of a TELEX or VNI keyboard."},
    [FINDING_ONE_LETTER_OFF] = {"Họ tên lệch một chữ cái.", "The name is one letter off."},
    [FINDING_DIFFERENT] = {"Họ tên khác hẳn.", "The names have nothing in common."},
    [FINDING_ACCENTS_DIFFER] = {"Dấu của hai họ tên khác nhau.",
                                "The accents of the names differ."},
    [FINDING_LEGACY_ENCODING] = {"Họ tên bị lỗi bảng mã cũ (TCVN3, CP1258).",
                                 "The name comes from an old encoding (TCVN3, CP1258)."},
    [FINDING_LOOKALIKE_LETTERS] = {"Họ tên có chữ của bảng chữ cái khác trông giống chữ Latinh.",
                                   "The name holds letters of another script that look Latin."},
    [FINDING_HIDDEN_CHARACTERS] = {"Có ký tự ẩn.", "There are characters that nobody sees."},
    [FINDING_NOT_A_NAME] = {"Đây không phải là họ tên.", "This is no name."},
    [FINDING_ONE_DIGIT_OFF] = {"Lệch một chữ số.", "One digit is off."},
    [FINDING_LEADING_ZERO_LOST] = {"Thiếu số 0 ở đầu số CCCD.",
                                   "The leading 0 of the CCCD is lost."},
    [FINDING_BIRTH_YEAR_MISMATCH] = {"Năm sinh trong số CCCD khác ngày sinh đã nhập.",
                                     "The CCCD number says another year of birth than the date."},
    [FINDING_NINE_DIGIT_ID] = {"Số CMND 9 số đã được thay bằng số CCCD 12 số.",
                               "A nine-digit CMND; the CCCD with twelve digits has replaced it."},
    [FINDING_NOT_AN_ID] = {"Số giấy tờ không hợp lệ.", "This is no number of a document."},
    [FINDING_DAY_MONTH_SWAPPED] = {"Ngày và tháng bị đổi chỗ.", "Day and month are swapped."},
    [FINDING_YEAR_ONLY] = {"Nhà mạng chỉ lưu năm sinh.",
                           "The record holds the year of birth alone."},
    [FINDING_NOT_A_DATE] = {"Ngày sinh không hợp lệ.", "This is no date."},
    [FINDING_IN_THE_FUTURE] = {"Ngày sinh ở tương lai.", "The date lies in the future."},
    [FINDING_ELEVEN_DIGIT_NUMBER] = {"Số thuê bao 11 số đã được chuyển thành 10 số từ năm 2018.",
                                     "An 11-digit number from before 2018; it has 10 digits now."},
    [FINDING_NOT_A_NUMBER] = {"Số điện thoại không hợp lệ.", "This is no mobile number."},
};

static void add(char *out, const char *sentence)
{
    size_t used = strlen(out);
    if (*sentence)
        snprintf(out + used, SUBSCRIBER_SAY_MAX - used, "%s%s", used ? " " : "", sentence);
}

static void add_where(const struct advice *advice, const char *carrier, const char *care,
                      struct subscriber_say *out)
{
    char vi[200], en[200];
    const char *of_vi = *carrier ? carrier : "nhà mạng";
    const char *of_en = *carrier ? carrier : "the carrier";
    if (advice->shop) {
        snprintf(vi, sizeof vi, "Mời đến cửa hàng của %s, mang theo giấy tờ.", of_vi);
        snprintf(en, sizeof en, "Go to a shop of %s with the document.", of_en);
        add(out->vi, vi);
        add(out->en, en);
    }
    if (advice->care) {
        snprintf(vi, sizeof vi, "Có thể gọi tổng đài %s%s%s.", of_vi, *care ? ": " : "", care);
        snprintf(en, sizeof en, "The care line of %s can help%s%s.", of_en, *care ? ": " : "",
                 care);
        add(out->vi, vi);
        add(out->en, en);
    }
}

void subscriber_advise(enum subscriber_conclusion conclusion, enum subscriber_refusal refusal,
                       const char *carrier, const char *care, struct subscriber_say *out)
{
    const struct advice *advice = &conclusions[conclusion];
    *out->vi = *out->en = '\0';
    if (conclusion == CONCLUSION_REFUSED)
        advice = &refusals[refusal];
    add(out->vi, advice->vi);
    add(out->en, advice->en);
    add_where(advice, carrier, care, out);
}

bool subscriber_advise_finding(enum subscriber_finding finding, const char **vi, const char **en)
{
    *vi = findings[finding].vi;
    *en = findings[finding].en;
    return *vi != NULL;
}
