/* store_txn: group commit. All that arrives in one turn of the loop shares one transaction, a
 * savepoint each; who waits for the disk is told after its COMMIT, in the order of asking.
 *
 * When SQLite undoes a whole transaction (a full disk, an I/O error), everything of that turn is
 * gone, also what was already kept by store_end(). So the store takes nothing more until those
 * who wait for it were told: `lost` holds the reason until then. */
#include "store_internal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "log.h"

static int txn_end(struct store *store);

/* Something was written into a transaction that is held: the hook looks again. */
static void txn_go_on(struct store *store)
{
    if (store->txn.open && !store->txn.committing)
        loop_defer(&store->commit_task, LOOP_IDLE);
}

/* --- lists of waiters --------------------------------------------------------------------------
 */

static void list_append(struct store_list *list, struct store_waiter *waiter)
{
    waiter->next = NULL;
    if (list->tail)
        list->tail->next = waiter;
    else
        list->head = waiter;
    list->tail = waiter;
}

static struct store_waiter *list_pop(struct store_list *list)
{
    struct store_waiter *waiter = list->head;
    if (waiter) {
        list->head = waiter->next;
        if (!list->head)
            list->tail = NULL;
        waiter->next = NULL;
    }
    return waiter;
}

static bool list_remove(struct store_list *list, struct store_waiter *waiter)
{
    struct store_waiter *before = NULL;
    for (struct store_waiter *at = list->head; at; before = at, at = at->next) {
        if (at != waiter)
            continue;
        if (before)
            before->next = at->next;
        else
            list->head = at->next;
        if (list->tail == at)
            list->tail = before;
        at->next = NULL;
        return true;
    }
    return false;
}

/* The waiters of the transaction that has just ended are to be told `rc`. */
static void waiters_ready(struct store *store, int rc)
{
    bool wrote = rc == 0 && store->txn.wrote;
    for (struct store_waiter *waiter; (waiter = list_pop(&store->waiting));) {
        waiter->rc = rc;
        waiter->wrote = wrote;
        list_append(&store->ready, waiter);
    }
    loop_defer(&store->tell_task, LOOP_SOON);
}

void store_hurry(struct store *store)
{
    store->txn.urgent = true;
    txn_go_on(store);
}

void store_when_durable(struct store *store, struct store_waiter *waiter)
{
    assert(!waiter->queued && waiter->fn);
    waiter->queued = true;
    if (store->txn.open) {
        waiter->txn = store->txn.number;
        list_append(&store->waiting, waiter);
        if (!waiter->patient)
            store_hurry(store);
        return;
    }
    waiter->txn = 0;
    waiter->rc = store->txn.lost;
    waiter->wrote = false;
    list_append(&store->ready, waiter);
    loop_defer(&store->tell_task, LOOP_SOON);
}

bool store_waits(const struct store *store, const struct store_waiter *waiter)
{
    return waiter->queued && waiter->txn == (store->txn.open ? store->txn.number : 0);
}

void store_forget(struct store *store, struct store_waiter *waiter)
{
    if (!waiter->queued)
        return;
    bool found = list_remove(&store->waiting, waiter) || list_remove(&store->ready, waiter) ||
                 list_remove(&store->telling, waiter);
    assert(found);
    (void)found;
    waiter->queued = false;
}

/* Tells those who are ready now; who asks again from its callback is told next time. */
static void txn_tell(void *arg)
{
    struct store *store = arg;
    store->txn.lost = 0;
    for (struct store_waiter *waiter; (waiter = list_pop(&store->ready));)
        list_append(&store->telling, waiter);
    for (struct store_waiter *waiter; (waiter = list_pop(&store->telling));) {
        waiter->queued = false;
        waiter->fn(waiter->arg, waiter->rc);
    }
    if (store->events_new) {
        store->events_new = false;
        if (store->on_events)
            store->on_events(store->on_events_arg);
    }
}

/* --- the transaction ---------------------------------------------------------------------------
 */

/* Readers and later commits are not held up by it. */
void txn_checkpoint(struct store *store)
{
    if (store->txn.open || store->dir_fd < 0)
        return;
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK) /* the log keeps everything; asked again */
        log_event(LOG_LEVEL_WARNING, "store", "-", "checkpoint", "error=\"%s\"",
                  sqlite3_errstr(rc));
    else
        store->wal_pages = 0;
}

bool store_tidy(struct store *store)
{
    if (store->txn.open || store->wal_pages < STORE_WAL_STEP_PAGES)
        return false;
    txn_checkpoint(store);
    return store->wal_pages == 0;
}

static int txn_do(struct store *store, enum sql sql)
{
    struct query query = query_start(store, sql);
    return query_run(&query);
}

static void txn_ended(struct store *store)
{
    loop_task_cancel(&store->commit_task);
    loop_timer_cancel(&store->hold_timer);
}

static void txn_lose(struct store *store, int rc)
{
    log_event(LOG_LEVEL_ERROR, "store", "-", "undone", "rows=%u error=\"%s\"", store->txn.rows,
              strerror(-rc));
    store->txn.open = false;
    store->txn.lost = rc;
    store->tally = store->txn.at_begin;
    txn_ended(store);
    waiters_ready(store, rc);
    if (rc == -ENOSPC) /* a log that is written back begins anew in the space it has */
        txn_checkpoint(store);
}

void txn_notice(struct store *store, int rc)
{
    if (store->txn.open && sqlite3_get_autocommit(store->db))
        txn_lose(store, rc);
}

/* Ends the transaction after an error that left it open. */
static void txn_undo_all(struct store *store, int rc)
{
    if (!store->txn.open)
        return; /* noticed already */
    if (!sqlite3_get_autocommit(store->db)) {
        struct query query = query_start(store, SQL_ROLLBACK);
        int undo = sqlite3_step(query.stmt);
        query_end(&query);
        assert(undo == SQLITE_DONE || sqlite3_get_autocommit(store->db));
        (void)undo;
    }
    txn_lose(store, rc);
}

static void txn_hook(struct store *store)
{
    if (!store->before_commit)
        return;
    store->txn.committing = true;
    store->before_commit(store->before_commit_arg);
    store->txn.committing = false;
    assert(!store->txn.savepoint);
}

static void txn_on_idle(void *arg)
{
    struct store *store = arg;
    txn_hook(store);
    if (!store->txn.open)
        return; /* lost in the hook: the waiters hear it */
    if (!store->txn.urgent && loop_now_ms(store->loop) < store->txn.hold_until_ms)
        loop_timer_arm(&store->hold_timer, store->txn.hold_until_ms);
    else
        (void)txn_end(store); /* the waiters hear it */
}

void store_hold(struct store *store)
{
    assert(store->txn.committing);
    if (!store->txn.hold_until_ms)
        store->txn.hold_until_ms = loop_now_ms(store->loop) + STORE_HOLD_MS;
}

static void txn_on_held(void *arg)
{
    txn_go_on(arg);
}

static int txn_open(struct store *store)
{
    if (store->txn.lost)
        return store->txn.lost;
    if (store->txn.open)
        return 0;
    int rc = txn_do(store, SQL_BEGIN);
    if (rc != 0)
        return rc;
    store->txn.open = true;
    store->txn.urgent = false;
    store->txn.hold_until_ms = 0;
    store->txn.number++;
    store->txn.rows = 0;
    store->txn.opened_ms = loop_now_ms(store->loop);
    store->txn.at_begin = store->tally;
    loop_defer(&store->commit_task, LOOP_IDLE);
    return 0;
}

int store_touch(struct store *store)
{
    return txn_open(store);
}

void store_on_savepoint(struct store *store, void (*fn)(void *arg, bool undone), void *arg)
{
    store->on_savepoint = fn;
    store->on_savepoint_arg = arg;
}

static void savepoint_tell(struct store *store, bool undone)
{
    if (store->on_savepoint)
        store->on_savepoint(store->on_savepoint_arg, undone);
}

int store_begin(struct store *store)
{
    assert(!store->txn.savepoint);
    int rc = txn_open(store);
    if (rc == 0)
        rc = txn_do(store, SQL_SAVEPOINT);
    if (rc != 0)
        return rc;
    store->txn.savepoint = true;
    store->txn.at_savepoint = store->tally;
    savepoint_tell(store, false);
    return 0;
}

static bool txn_is_full(const struct store *store)
{
    return store->txn.rows >= STORE_TXN_ROWS ||
           loop_now_ms(store->loop) - store->txn.opened_ms >= STORE_TXN_AGE_MS;
}

/* 0, or why neither could be done: then everything is undone. */
static int savepoint_end(struct store *store, bool ok)
{
    int rc = store->txn.lost;
    if (rc != 0)
        return rc;
    if (!ok) {
        rc = txn_do(store, SQL_UNDO);
        store->tally = store->txn.at_savepoint;
    }
    if (rc == 0)
        rc = txn_do(store, SQL_RELEASE);
    if (rc != 0)
        txn_undo_all(store, rc);
    return rc;
}

int store_end(struct store *store, bool ok)
{
    assert(store->txn.savepoint);
    store->txn.savepoint = false;
    int rc = savepoint_end(store, ok);
    if (!ok || rc != 0)
        savepoint_tell(store, true);
    if (rc == 0 && !store->txn.committing && !store->txn.uncapped && txn_is_full(store) &&
        txn_commit(store) != 0)
        assert(store->txn.lost);
    else if (rc == 0)
        txn_go_on(store);
    return ok ? store->txn.lost : 0;
}

int txn_join(struct store *store, struct store_own *own)
{
    own->own = !store->txn.savepoint;
    return own->own ? store_begin(store) : store->txn.lost;
}

int txn_leave(struct store *store, struct store_own *own, int rc)
{
    if (!own->own)
        return rc;
    int end = store_end(store, rc >= 0);
    return end != 0 ? end : rc;
}

/* Keeps the log short: where the disk is tight (no reserve) at once, else in a quiet moment. */
static void txn_after_commit(struct store *store)
{
    if (store->dir_fd < 0)
        return;
    if (!store->reserve_held)
        files_reserve_take(store);
    if (!store->reserve_held && store->wal_pages >= STORE_WAL_TIGHT_PAGES)
        txn_checkpoint(store);
    else if (store->wal_pages >= STORE_WAL_IDLE_PAGES)
        loop_timer_arm_in(&store->checkpoint_timer, STORE_QUIET_MS);
}

int txn_commit(struct store *store)
{
    assert(store->txn.open && !store->txn.savepoint && !store->txn.committing);
    txn_hook(store);
    return store->txn.lost ? store->txn.lost : txn_end(store);
}

/* COMMIT, and whoever waits for it. */
static int txn_end(struct store *store)
{
    struct store_txn *txn = &store->txn;
    txn->wrote = store->dir_fd < 0; /* in memory there is no log, and no disk that could fail */
    int rc = txn_do(store, SQL_COMMIT);
    if (rc != 0) {
        txn_undo_all(store, rc);
        return rc;
    }
    txn->open = false;
    txn_ended(store);
    if (store->seq_durable != store->tally.seq) {
        store->seq_durable = store->tally.seq;
        store->events_new = true;
        files_incarnation_note(store);
    }
    waiters_ready(store, 0);
    txn_after_commit(store);
    return 0;
}

int store_flush(struct store *store)
{
    int rc = store->txn.open ? txn_commit(store) : store->txn.lost;
    loop_task_cancel(&store->tell_task);
    txn_tell(store);
    return rc;
}

void store_before_commit(struct store *store, void (*fn)(void *arg), void *arg)
{
    store->before_commit = fn;
    store->before_commit_arg = arg;
}

/* Armed anew by each commit: nothing was committed for a moment. */
static void txn_on_quiet(void *arg)
{
    txn_checkpoint(arg);
}

void txn_init(struct store *store)
{
    loop_task_init(&store->commit_task, store->loop, txn_on_idle, store);
    loop_task_init(&store->tell_task, store->loop, txn_tell, store);
    loop_timer_init(&store->hold_timer, store->loop, txn_on_held, store);
    loop_timer_init(&store->checkpoint_timer, store->loop, txn_on_quiet, store);
}

void txn_stop(struct store *store)
{
    loop_task_cancel(&store->commit_task);
    loop_task_cancel(&store->tell_task);
    loop_timer_cancel(&store->checkpoint_timer);
    loop_timer_cancel(&store->hold_timer);
}
