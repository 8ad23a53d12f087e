#include "view_otp.h"

#include <stdio.h>
#include <stdlib.h>
#include "otp_conversion.h"
#include "store.h"
#include "text.h"
#include "view_put.h"

static json_t *view_head(const struct otp_standing *standing)
{
    const struct otp_row *row = &standing->row;
    char id[37], masked[16] = "";
    message_id_text(row->id, id);
    if (row->to[0])
        text_mask_number(row->to, masked);
    json_t *view =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "id", id, "state", otp_state_name(row->state),
                  "purpose", row->purpose, "to_masked", masked, "resend_after_s",
                  standing->resend_after_s, "sends_left", standing->sends_left);
    view_put_time(&view, "expires_at", row->expires_wall_ms);
    return view;
}

json_t *view_otp_standing(const struct otp_standing *standing)
{
    json_t *view = view_head(standing);
    if (standing->eta_ms > 0)
        view_put(&view, "eta_ms", json_integer(standing->eta_ms));
    view_put(&view, "duplicate", json_boolean(standing->duplicate));
    return view;
}

json_t *view_otp(const struct otp_standing *standing, json_t *messages)
{
    const struct otp_row *row = &standing->row;
    json_t *view = view_head(standing);
    view_put_time(&view, "created_at", row->created_wall_ms);
    view_put(&view, "sends", json_integer(row->sends));
    view_put(&view, "checks", json_integer(row->checks));
    if (row->ended_wall_ms != 0)
        view_put_time(&view, "ended_at", row->ended_wall_ms);
    if (row->reason[0])
        view_put(&view, "reason", json_string(row->reason));
    view_put(&view, "messages", messages);
    return view;
}

void view_otp_news(json_t **view, const struct event *event)
{
    static const char *const names[] = {
        [OTP_NEWS_STARTED] = "started",     [OTP_NEWS_APPROVED] = "approved",
        [OTP_NEWS_EXHAUSTED] = "exhausted", [OTP_NEWS_EXPIRED] = "expired",
        [OTP_NEWS_CANCELLED] = "cancelled", [OTP_NEWS_RESENT] = "resent",
        [OTP_NEWS_WRONG] = "wrong",         [OTP_NEWS_SUPERSEDED] = "superseded",
    };
    view_put(view, "state", json_string(names[event->news]));
    view_put(view, "purpose", json_string(event->purpose));
    view_put(view, "to_masked", json_string(event->to_masked));
    if (event->news == OTP_NEWS_WRONG || event->news == OTP_NEWS_SUPERSEDED)
        view_put(view, "attempts_left", json_integer(event->checks_left));
}

/* --- what a page prints ----------------------------------------------------------------------- */

struct say {
    const char *vi, *en; /* a %d is the number of checks that are left */
};

#define AGAIN_VI "Vui lòng yêu cầu mã mới."
#define AGAIN_EN "Please ask for a new code."

static const struct say says[OTP_RESULTS] = {
    [OTP_SAYS_APPROVED] = {"Xác thực thành công.", "The code is right."},
    [OTP_SAYS_WRONG] = {"Mã không đúng. Bạn còn %d lần thử.",
                        "This code is not right. You have %d attempts left."},
    [OTP_SAYS_EXPIRED] = {"Mã đã hết hạn. " AGAIN_VI, "This code has expired. " AGAIN_EN},
    [OTP_SAYS_EXHAUSTED] = {"Bạn đã nhập sai quá nhiều lần. " AGAIN_VI,
                            "There were too many wrong attempts. " AGAIN_EN},
    [OTP_SAYS_ALREADY_USED] = {"Mã này đã được sử dụng.", "This code was used already."},
    [OTP_SAYS_SUPERSEDED] =
        {"Đã có mã mới hơn. Vui lòng nhập mã trong tin nhắn mới nhất (còn %d lần thử).",
         "A newer code was sent. Please enter the one of the newest message (%d attempts left)."},
    [OTP_SAYS_CANCELLED] = {"Yêu cầu đã bị hủy. Vui lòng bắt đầu lại.",
                            "The request was cancelled. Please begin again."},
};

static json_t *say_one(const char *sentence, int left)
{
    char number[12], text[256];
    const char *at = sentence;
    size_t len = 0;
    snprintf(number, sizeof number, "%d", left);
    for (; *at && len + sizeof number < sizeof text; at++) {
        bool place = at[0] == '%' && at[1] == 'd';
        if (!place) {
            text[len++] = *at;
            continue;
        }
        for (const char *digit = number; *digit; digit++)
            text[len++] = *digit;
        at++;
    }
    return json_stringn(text, len);
}

json_t *view_otp_checked(const struct otp_checked *checked)
{
    const struct say *say = &says[checked->result];
    json_t *view = json_pack("{s:s, s:{s:o, s:o}}", "result", otp_result_name(checked->result),
                             "say", "vi", say_one(say->vi, checked->attempts_left), "en",
                             say_one(say->en, checked->attempts_left));
    if (checked->result == OTP_SAYS_WRONG || checked->result == OTP_SAYS_SUPERSEDED)
        view_put(&view, "attempts_left", json_integer(checked->attempts_left));
    return view;
}

/* --- conversion ------------------------------------------------------------------------------- */

enum { HOURS_SHOWN = 24, HOUR_MS = 3600 * 1000 };

static json_t *view_conversion_row(enum conversion_kind kind, const struct conversion_row *row)
{
    char hour[32];
    json_t *view = json_pack("{s:I, s:I}", "accepted", (json_int_t)row->accepted, "used",
                             (json_int_t)row->used);
    if (kind == CONVERSION_HOUR)
        text_iso8601(strtoll(row->name, NULL, 10) * HOUR_MS, hour);
    view_put(&view, "name", json_string(kind == CONVERSION_HOUR ? hour : row->name));
    if (row->median_s >= 0)
        view_put(&view, "median_s", json_integer(row->median_s));
    return view;
}

/* NULL: it cannot be read. */
static json_t *view_conversion_list(const struct otp *otp, enum conversion_kind kind)
{
    static struct conversion_row rows[CONVERSION_ROWS]; /* one thread; large for a stack */
    int count = conversion_read(otp, kind, HOURS_SHOWN, rows);
    json_t *list = count >= 0 ? json_array() : NULL;
    for (int i = 0; i < count && list; i++)
        view_append(&list, view_conversion_row(kind, &rows[i]));
    return list;
}

json_t *view_conversion(json_t *stats, const struct otp *otp)
{
    static const char *const names[CONVERSION_KINDS] = {[CONVERSION_MODEM] = "modems",
                                                        [CONVERSION_CARRIER] = "carriers",
                                                        [CONVERSION_PREFIX] = "prefixes",
                                                        [CONVERSION_HOUR] = "hours"};
    json_t *view = json_object();
    for (int kind = 0; kind < CONVERSION_KINDS && view; kind++)
        view_put(&view, names[kind], view_conversion_list(otp, (enum conversion_kind)kind));
    if (stats && view)
        view_put(&stats, "conversion", view);
    else
        json_decref(view);
    return stats;
}
