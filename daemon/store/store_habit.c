#include "store_habit.h"

#include <stdio.h>
#include <string.h>
#include "store_internal.h"

enum { IMEI_COUNTS = 14 };

struct habit_key {
    uint8_t modem[32], firmware[32];
};

static void habit_key(const struct store *store, const char *imei, const char *revision,
                      struct habit_key *out)
{
    char modem[IMEI_COUNTS + 1];
    snprintf(modem, sizeof modem, "%s", imei); /* without its check digit, as in store_pair.c */
    store_hash(store, "habit-modem", modem, strlen(modem), out->modem);
    store_hash(store, "habit-firmware", revision, strlen(revision), out->firmware);
}

int store_habit_get(struct store *store, const char *imei, const char *revision,
                    enum ussd_form *form)
{
    struct habit_key key;
    habit_key(store, imei, revision, &key);
    struct query query = query_start(store, SQL_HABIT_GET);
    query_put_blob(&query, key.modem, STORE_HASH);
    query_put_blob(&query, key.firmware, STORE_HASH);
    int rc = query_step(&query);
    if (rc != 1)
        return rc;
    int64_t value = query_get(&query);
    query_end(&query);
    if (value < 0 || value >= USSD_FORMS) /* of another release */
        return 0;
    *form = (enum ussd_form)value;
    return 1;
}

int store_habit_set(struct store *store, const char *imei, const char *revision,
                    enum ussd_form form)
{
    struct habit_key key;
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    habit_key(store, imei, revision, &key);
    struct query query = query_start(store, SQL_HABIT_SET);
    query_put_blob(&query, key.modem, STORE_HASH);
    query_put_blob(&query, key.firmware, STORE_HASH);
    query_put(&query, form);
    return txn_leave(store, &own, query_run(&query));
}
