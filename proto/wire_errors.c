/* wire_errors: the table name <-> code, with the sentence for developers and, where a citizen may
 * meet the refusal, one that a page can print. openrpc.json says the same; a test holds the two
 * together. */
#include "wire.h"

#include <assert.h>
#include <string.h>

#define SAY_BUSY                                                                                   \
    "Hệ thống đang bận. Vui lòng thử lại sau ít phút.",                                            \
        "The service is busy. Please try again in a few minutes."
#define SAY_NOT_NOW                                                                                \
    "Hiện chưa gửi được tin nhắn. Vui lòng thử lại sau.",                                          \
        "Messages cannot be sent at the moment. Please try again later."
#define SAY_NOTHING NULL, NULL

static const struct wire_error_row rows[WIRE_ERRORS] = {
    {WIRE_PARSE_ERROR, -32700, "parse_error", "the line is not valid JSON", SAY_NOTHING},
    {WIRE_INVALID_REQUEST, -32600, "invalid_request", "this is not a request of this protocol",
     SAY_NOTHING},
    {WIRE_METHOD_NOT_FOUND, -32601, "method_not_found", "there is no such method", SAY_NOTHING},
    {WIRE_INVALID_PARAMS, -32602, "invalid_params", "a parameter is missing or wrong", SAY_NOTHING},
    {WIRE_INTERNAL, -32603, "internal", "a fault of the gateway itself", SAY_NOT_NOW},
    {WIRE_BAD_NUMBER, -32001, "bad_number", "no message can go to this number",
     "Số điện thoại không hợp lệ. Vui lòng kiểm tra lại.",
     "This phone number is not valid. Please check it."},
    {WIRE_NOT_ALLOWED, -32002, "not_allowed", "your role does not allow this", SAY_NOTHING},
    {WIRE_RATE_LIMITED, -32003, "rate_limited", "too many requests in a short time",
     "Bạn đã thao tác quá nhiều lần. Vui lòng thử lại sau.",
     "Too many attempts. Please try again later."},
    {WIRE_OVERLOADED, -32004, "overloaded", "the queue ahead is too long to take this now",
     SAY_BUSY},
    {WIRE_EXPIRED, -32005, "expired", "it could not arrive before its deadline", SAY_BUSY},
    {WIRE_CONFLICT, -32006, "conflict", "this key already stands for other content", SAY_NOTHING},
    {WIRE_NOT_FOUND, -32007, "not_found", "nothing of yours has this name", SAY_NOTHING},
    {WIRE_NO_MODEM, -32008, "no_modem", "no modem can send before the deadline", SAY_NOT_NOW},
    {WIRE_NO_ANSWER, -32009, "no_answer", "no answer came in time",
     "Nhà mạng chưa trả lời. Vui lòng thử lại sau.",
     "The network did not answer. Please try again later."},
    {WIRE_GONE, -32010, "gone", "the events asked for are not kept any more", SAY_NOTHING},
    {WIRE_BAD_TEXT, -32011, "bad_text", "the text is empty, too long, or not in this encoding",
     SAY_NOTHING},
    {WIRE_TOO_LATE, -32012, "too_late", "it has left or ended and cannot be cancelled any more",
     SAY_NOTHING},
    {WIRE_SHUTTING_DOWN, -32013, "shutting_down", "the gateway is stopping", SAY_BUSY},
    {WIRE_STORE, -32014, "store_failed", "the gateway cannot write to its disk", SAY_NOT_NOW},
    {WIRE_COOLDOWN, -32015, "cooldown", "the next code may not be sent yet",
     "Vui lòng chờ một lát rồi yêu cầu gửi lại mã.",
     "Please wait a moment before you ask for another code."},
    {WIRE_NUMBER_CAP, -32016, "number_cap", "this number has got as many codes as it may",
     "Số điện thoại này đã nhận đủ số mã cho phép. Vui lòng thử lại sau.",
     "This number has got as many codes as it may. Please try again later."},
    {WIRE_SUBJECT_CAP, -32017, "subject_cap",
     "as many codes as may be were started for this subject",
     "Bạn đã yêu cầu quá nhiều mã. Vui lòng thử lại sau.",
     "You have asked for too many codes. Please try again later."},
    {WIRE_SEND_CAP, -32018, "send_cap", "all messages of this verification were sent",
     "Đã gửi hết số lần cho phép. Vui lòng chờ rồi bắt đầu lại.",
     "All messages were sent. Please wait, then begin again."},
    {WIRE_BLOCKED, -32019, "blocked", "the configuration sends no codes to this number",
     "Không thể gửi mã đến số điện thoại này.", "No code can be sent to this phone number."},
    {WIRE_USSD_REFUSED, -32020, "ussd_refused", "the modem or its network does not take this code",
     SAY_NOTHING},
};

const struct wire_error_row *wire_error_find(enum wire_error error)
{
    assert((unsigned)error < WIRE_ERRORS && rows[error].error == error);
    return &rows[error];
}

const struct wire_error_row *wire_error_by_name(const char *name)
{
    for (size_t i = 0; i < WIRE_ERRORS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}
