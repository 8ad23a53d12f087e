#include "store_pin.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "store_internal.h"

enum { SIM_ROOM = 32 };

static void pin_hash(const struct store *store, const char *sim, const char *pin,
                     uint8_t hash[STORE_HASH])
{
    char what[64];
    uint8_t whole[32];
    int len = snprintf(what, sizeof what, "%s|%s", sim, pin);
    assert(len > 0 && (size_t)len < sizeof what);
    store_hash(store, "pin", what, (size_t)len, whole);
    memcpy(hash, whole, STORE_HASH);
    explicit_bzero(what, sizeof what);
}

/* Whether the row that the query stands on is about this PIN: its hash is under the row's own name
 * of the SIM; an empty one is any PIN's. */
static bool pin_is_of_row(struct query *query, const char *pin)
{
    uint8_t wanted[STORE_HASH];
    char sim[SIM_ROOM];
    size_t len;
    query_get_text(query, sim, sizeof sim);
    const uint8_t *hash = query_get_blob(query, &len);
    pin_hash(query->store, sim, pin, wanted);
    return len == 0 || (len == sizeof wanted && memcmp(hash, wanted, len) == 0);
}

int store_pin_look(struct store *store, const char *sim, const char *modem, const char *pin,
                   struct store_pin_view *out)
{
    struct store_pin_view view = {STORE_PIN_NEW, false};
    struct query query = query_start(store, SQL_PIN_LOOK);
    int rc;
    query_put_text(&query, sim);
    query_put_text(&query, modem);
    while ((rc = query_step(&query)) == 1) {
        bool counts = pin_is_of_row(&query, pin);
        enum store_pin state = (enum store_pin)query_get(&query);
        if (counts && state > view.state)
            view.state = state;
        view.spent |= query_get(&query) != 0;
    }
    *out = rc < 0 ? (struct store_pin_view){STORE_PIN_REJECTED, true} : view;
    return rc;
}

int store_pin_try(struct store *store, const char *sim, const char *modem, const char *pin)
{
    uint8_t hash[STORE_HASH];
    assert(store->txn.savepoint);
    pin_hash(store, sim, pin, hash);
    struct query query = query_start(store, SQL_PIN_TRY);
    query_put_text(&query, sim);
    query_put_blob(&query, hash, sizeof hash);
    query_put(&query, loop_wall_ms(store->loop));
    query_put_text(&query, modem);
    return query_run(&query);
}

static int pin_change(struct store *store, enum sql sql, const char *sim)
{
    assert(store->txn.savepoint);
    struct query query = query_start(store, sql);
    query_put_text(&query, sim);
    return query_run(&query);
}

int store_pin_reject(struct store *store, const char *sim)
{
    return pin_change(store, SQL_PIN_REJECT, sim);
}

int store_pin_unlocked(struct store *store, const char *sim, bool accepted)
{
    int rc = accepted ? pin_change(store, SQL_PIN_ACCEPT, sim) : 0;
    return rc == 0 ? pin_change(store, SQL_PIN_UNSPEND, sim) : rc;
}

int store_pin_known(struct store *store, const char *sim)
{
    struct query query = query_start(store, SQL_PIN_KNOWN);
    query_put_text(&query, sim);
    int rc = query_step(&query);
    if (rc == 1)
        query_end(&query);
    return rc;
}
