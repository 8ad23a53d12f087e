/* store_pair: which SIM is in which modem. */
#include "store_internal.h"

#include <stdio.h>
#include <string.h>

enum { IMEI_COUNTS = 14 };

/* The fifteenth digit is a check digit or, from some modems, missing. */
static void modem_key(const char *imei, char out[IMEI_COUNTS + 1])
{
    snprintf(out, IMEI_COUNTS + 1, "%s", imei);
}

int store_pair_get(struct store *store, const char *imei, const char *iccid, enum store_pair *out)
{
    char key[IMEI_COUNTS + 1], modem[IMEI_COUNTS + 1], sim[23];
    struct query query = query_start(store, SQL_PAIR_GET);
    int rc;
    modem_key(imei, key);
    query_put_text(&query, key);
    query_put_text(&query, iccid);
    *out = STORE_PAIR_NEW;
    while ((rc = query_step(&query)) == 1) {
        query_get_text(&query, modem, sizeof modem);
        query_get_text(&query, sim, sizeof sim);
        bool same_modem = strcmp(modem, key) == 0, same_sim = strcmp(sim, iccid) == 0;
        if (same_modem && same_sim)
            *out = STORE_PAIR_SAME;
        else if (same_modem)
            *out = STORE_PAIR_OTHER_SIM;
        else if (*out == STORE_PAIR_NEW)
            *out = STORE_PAIR_OTHER_MODEM;
    }
    return rc;
}

int store_pair_set(struct store *store, const char *imei, const char *iccid)
{
    char key[IMEI_COUNTS + 1];
    struct store_own own;
    int rc = txn_join(store, &own);
    if (rc != 0)
        return rc;
    modem_key(imei, key);
    struct query query = query_start(store, SQL_PAIR_FORGET);
    query_put_text(&query, key);
    query_put_text(&query, iccid);
    rc = query_run(&query);
    if (rc == 0) {
        query = query_start(store, SQL_PAIR_INSERT);
        query_put_text(&query, key);
        query_put_text(&query, iccid);
        rc = query_run(&query);
    }
    return txn_leave(store, &own, rc);
}
