/* store_due: what is due, what wakes, what ends. Everything here is answered by a partial index
 * whose first entry is the answer: a queue of a million costs what one of ten costs. */
#include "store_internal.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "text.h"

struct due_best {
    int64_t row, class_, expires;
};

static bool due_is_better(const struct due_best *a, const struct due_best *b)
{
    if (a->class_ != b->class_)
        return a->class_ < b->class_;
    if (a->expires != b->expires)
        return a->expires < b->expires;
    return a->row < b->row;
}

/* Parts that a message has left: more than `over`, `most` at the most. */
struct due_range {
    int over, most;
};

/* The first of one run of the index (pin, avoid, ...) that is in this range. 0/-errno. */
static int due_head(struct store *store, const char *pin, const char *avoid, struct due_range range,
                    struct due_best *best)
{
    if (range.over >= range.most || range.over >= SMS_PARTS_MAX)
        return 0;
    struct query query = query_start(store, SQL_DUE_HEAD);
    query_put_text(&query, pin);
    query_put_text(&query, avoid);
    query_put(&query, STORE_DUE_LOOK);
    int rc;
    while ((rc = query_step(&query)) == 1) {
        struct due_best head = {.row = query_get(&query)};
        head.class_ = query_get(&query);
        head.expires = query_get(&query);
        int64_t parts = query_get(&query);
        if (parts <= range.over || parts > range.most)
            continue;
        query_end(&query);
        if (best->row == 0 || due_is_better(&head, best))
            *best = head;
        return 0;
    }
    return rc;
}

/* The next SIM after `avoid` (in the order of the index) that something of this pin avoids. */
static int due_next_avoid(struct store *store, const char *pin, char avoid[23])
{
    char after[23];
    memcpy(after, avoid, sizeof after);
    struct query query = query_start(store, SQL_DUE_AVOID);
    query_put_text(&query, pin);
    query_put_text(&query, after);
    int rc = query_step(&query);
    if (rc == 1) {
        query_get_text(&query, avoid, 23);
        query_end(&query);
    }
    return rc;
}

/* One pin: a look for what avoids nothing, and one for each SIM that is avoided: as many as there
 * are SIMs, never as many as there are messages. */
static int due_of_pin(struct store *store, const char *pin, const struct store_taker *taker,
                      int parts, struct due_best *best)
{
    char avoid[23] = "";
    const struct due_range range = {0, parts}, no_others = {pin[0] ? 0 : taker->others, parts};
    if (parts <= 0)
        return 0;
    int rc = due_head(store, pin, avoid, range, best);
    while (rc == 0 && (rc = due_next_avoid(store, pin, avoid)) == 1) {
        bool avoided = strcmp(avoid, taker->iccid) == 0;
        rc = due_head(store, pin, avoid, avoided ? no_others : range, best);
    }
    return rc;
}

int store_message_due(struct store *store, const struct store_taker *taker, struct message *out)
{
    char pin[sizeof out->pin];
    struct due_best best = {0};
    int rc = due_of_pin(store, "", taker, taker->parts, &best);
    if (rc == 0) {
        snprintf(pin, sizeof pin, "modem:%s", taker->modem);
        rc = due_of_pin(store, pin, taker, taker->parts, &best);
    }
    if (rc == 0) {
        snprintf(pin, sizeof pin, "sim:%s", taker->iccid);
        rc = due_of_pin(store, pin, taker, SMS_PARTS_MAX, &best);
    }
    memset(out, 0, sizeof *out);
    if (rc != 0 || best.row == 0)
        return rc;
    return store_message_by_row(store, best.row, true, out);
}

int store_message_wake(struct store *store, int64_t now_ms, size_t limit)
{
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    struct query query = query_start(store, SQL_WAKE);
    query_put(&query, now_ms);
    query_put(&query, (int64_t)limit);
    rc = query_run(&query);
    if (rc == 0)
        rc = sqlite3_changes(store->db);
    return txn_leave(store, &own, rc);
}

/* The first value of an index; INT64_MAX where it is empty. */
static int due_first(struct store *store, enum sql sql, int64_t *out)
{
    *out = INT64_MAX;
    struct query query = query_start(store, sql);
    int rc = query_step(&query);
    if (rc == 1) {
        *out = query_get(&query);
        query_end(&query);
        rc = 0;
    }
    return rc;
}

int store_next_times(struct store *store, struct store_next *out)
{
    int rc = due_first(store, SQL_NEXT_WAKE, &out->wake_ms);
    if (rc == 0)
        rc = due_first(store, SQL_NEXT_EXPIRE, &out->expire_ms);
    return rc == 0 ? due_first(store, SQL_NEXT_REPORT, &out->report_end_ms) : rc;
}

static int rows_take(struct query *query, int64_t *rows, size_t limit)
{
    size_t count = 0;
    int rc;
    while ((rc = query_step(query)) == 1) {
        assert(count < limit);
        rows[count++] = query_get(query);
    }
    return rc < 0 ? rc : (int)count;
}

static int due_rows(struct store *store, enum sql sql, int64_t now_ms, int64_t *rows, size_t limit)
{
    struct query query = query_start(store, sql);
    query_put(&query, now_ms);
    query_put(&query, (int64_t)limit);
    return rows_take(&query, rows, limit);
}

int store_rows_pinned(struct store *store, const char *pin, int64_t after, int64_t *rows,
                      size_t limit)
{
    struct query query = query_start(store, SQL_PINNED);
    query_put_text(&query, pin);
    query_put(&query, after);
    query_put(&query, (int64_t)limit);
    return rows_take(&query, rows, limit);
}

int store_next_sim_pin(struct store *store, char pin[MODEM_NAME_MAX + 8])
{
    char after[MODEM_NAME_MAX + 8];
    (void)text_copy(after, sizeof after, pin[0] ? pin : "sim"); /* as long as it is itself */
    struct query query = query_start(store, SQL_NEXT_SIM_PIN);
    query_put_text(&query, after);
    int rc = query_step(&query);
    if (rc == 1) {
        query_get_text(&query, pin, sizeof after);
        query_end(&query);
    }
    return rc;
}

int store_message_begun(struct store *store, const char *pin, struct message *out)
{
    int64_t row;
    memset(out, 0, sizeof *out);
    struct query query = query_start(store, SQL_BEGUN);
    query_put_text(&query, pin);
    query_put(&query, 1);
    int rc = rows_take(&query, &row, 1);
    return rc == 1 ? store_message_by_row(store, row, true, out) : rc;
}

int store_rows_expired(struct store *store, int64_t now_ms, int64_t *rows, size_t limit)
{
    return due_rows(store, SQL_EXPIRED, now_ms, rows, limit);
}

int store_rows_report_ended(struct store *store, int64_t now_ms, int64_t *rows, size_t limit)
{
    return due_rows(store, SQL_REPORT_ENDED, now_ms, rows, limit);
}

int store_queue_scan(struct store *store,
                     void (*fn)(void *arg, int class_, int parts, int64_t expires_ms), void *arg)
{
    struct query query = query_start(store, SQL_QUEUE_SCAN);
    int rc;
    while ((rc = query_step(&query)) == 1) {
        int class_ = (int)query_get(&query), parts = (int)query_get(&query);
        fn(arg, class_, parts, query_get(&query));
    }
    return rc;
}
