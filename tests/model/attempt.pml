/* attempt: the protocol between store, daemon, links and the network for one message of one part.
 *
 * Checked by spin for every order of what may happen: two modems, crashes at any moment, a transaction that
 * fails, silence of the network, evidence that comes late or never, a client that cancels, a deadline
 * that passes. States are named as in daemon/store/store.h and daemon/modems/modem.h (a test holds the names against
 * the enums). A row is in memory until its transaction is on disk; a crash leaves what is on disk.
 *
 * What must hold:
 *   LOST       an accepted message is never gone, and when nothing can happen any more it has ended
 *   COPIES     at most one copy leaves, or two where on_unknown is resend
 *   ASKED      nothing leaves after a cancel was confirmed or after the deadline, and nothing leaves that is not
 *              committed on disk
 *   NEEDLESS   no second copy leaves once evidence has said that the first one did
 *   ONCE       each submit has exactly one outcome, except where a crash took both
 *   HONEST     CANCELLED, EXPIRED and FAILED mean that nothing left; SENT and DELIVERED that something did
 *   and no deadlock; every run ends (checked without progress labels: no cycle at all).
 *
 * Not in the model: parts, budgets, which modem is best. One assumption: causes 38 and 41 hide no delivery
 * (they may; then the network itself has doubled the message, and `report` messages treat them as UNKNOWN).
 *
 * BREAK_...: one rule of the protocol left out; spin must then find the fault it is there for.
 */
#define MODEMS 2
#ifndef CRASHES
#define CRASHES 3          /* of the daemon in one run */
#endif
#ifndef TROUBLE
#define TROUBLE 2          /* modems that say no, prompts that never come */
#endif
#ifndef CRASHES_MAX
#define CRASHES_MAX 3      /* with the same claim open: set aside */
#endif
#ifndef NOTHING_SENT_MAX
#define NOTHING_SENT_MAX 4 /* attempts that sent nothing */
#endif

mtype:message = { MESSAGE_NONE, MESSAGE_QUEUED, MESSAGE_CLAIMED, MESSAGE_SENDING, MESSAGE_SENT, MESSAGE_UNKNOWN,
    MESSAGE_DELIVERED, MESSAGE_UNDELIVERED, MESSAGE_FAILED, MESSAGE_EXPIRED, MESSAGE_CANCELLED };
mtype:attempt = { ATTEMPT_NONE, ATTEMPT_CLAIMED, ATTEMPT_COMMITTED, ATTEMPT_SENT, ATTEMPT_NOT_SENT,
    ATTEMPT_UNKNOWN };
mtype:slot = { SLOT_FREE, SLOT_SUBMITTED, SLOT_ASKED, SLOT_ANSWERED, SLOT_OVER };
mtype:verdict = { SMS_NONE, SMS_SENT, SMS_NOT_SENT, SMS_UNKNOWN };
/* The link's side of a submit: waits for the prompt; has asked; the Ctrl-Z has left; ESC instead. */
mtype:phase = { IDLE, PROMPT, ASKING, TEXT, ESCAPED };

/* Rows. An attempt that sent nothing gives its place to the next: what counts are the copies, and the second
 * is the resend's. */
typedef rows {
    mtype:message message;
    mtype:attempt attempt[2];
    byte resends, sent_nothing, crashes;
}
rows disk, mem;
bool dirty;    /* the open transaction has something to write */
bool firing;   /* a transaction has ended, its waiters are about to hear */
bool failed;   /* ... and it failed */
byte failures = 1; /* transactions that may fail */

/* The daemon's memory of each modem. */
mtype:slot slot[MODEMS];
mtype:phase phase[MODEMS];
bit copy[MODEMS];       /* which copy the slot is about */
bool refuse[MODEMS];
bool fresh[MODEMS];     /* its claim is not on disk: nobody knows yet whether it will be undone */
bool undone[MODEMS];    /* it was */
mtype:verdict over[MODEMS];   /* SLOT_OVER: an outcome that waits for the one before it */
bool over_ours[MODEMS], over_permanent[MODEMS];
mtype:verdict ending[MODEMS]; /* an outcome that is not on disk yet */
bool ours[MODEMS];      /* ... and that we caused ourselves */
bool permanent[MODEMS]; /* ... or that no repetition mends */
bool ending_written[MODEMS];
bit ending_copy[MODEMS];
bool owed[MODEMS];      /* a submit whose outcome has not come */

/* The client. */
bool resend;            /* on_unknown */
bool asked, accepted;
bool cancel_asked, cancelled;

/* The world. */
byte copies;
bool delivered[2];
bool known[2];          /* evidence of this copy has been given */
bool expired;
byte crashes, trouble;

hidden byte i;
#define for_each_modem(i) for (i : 0 .. MODEMS - 1)

inline end_state(wanted)
{
    if
#ifndef BREAK_END
    :: mem.resends > 0 -> mem.message = MESSAGE_UNKNOWN
    :: else -> mem.message = wanted
#else
    :: mem.message = wanted
#endif
    fi
}

inline slot_clear(m)
{
    slot[m] = SLOT_FREE;
    copy[m] = 0;
    refuse[m] = false;
    undone[m] = false;
    over[m] = SMS_NONE;
    over_ours[m] = false;
    over_permanent[m] = false
}

/* One outcome after the other, and none before it is known what became of its claim. That of an undone claim
 * finds no row: nothing learns of it. */
inline go_on(m)
{
    if
    :: slot[m] == SLOT_OVER && ending[m] == SMS_NONE && !fresh[m] ->
        if
        :: !undone[m] ->
            ending[m] = over[m];
            ours[m] = over_ours[m];
            permanent[m] = over_permanent[m];
            ending_copy[m] = copy[m]
        :: else
        fi;
        slot_clear(m)
    :: else
    fi
}

inline outcome(m, verdict, is_ours, is_permanent)
{
    assert(owed[m] && over[m] == SMS_NONE); /* ONCE */
    owed[m] = false;
    phase[m] = IDLE;
    slot[m] = SLOT_OVER;
    over[m] = verdict;
    over_ours[m] = is_ours;
    over_permanent[m] = is_permanent;
    go_on(m)
}

/* What is not in use stands at one value: two states that differ in nothing else are one. */
inline ending_clear(m)
{
    ending[m] = SMS_NONE;
    ours[m] = false;
    permanent[m] = false;
    ending_written[m] = false;
    ending_copy[m] = 0
}

inline await_evidence()
{
    if
    :: resend && mem.resends == 0 && !expired -> mem.resends = 1; mem.message = MESSAGE_QUEUED
#ifdef BREAK_TWICE
    :: resend && mem.resends == 1 && !expired -> mem.message = MESSAGE_QUEUED
#endif
    :: else -> mem.message = MESSAGE_UNKNOWN
    fi
}

inline apply(m)
{
    if
    :: ending[m] == SMS_SENT -> mem.attempt[ending_copy[m]] = ATTEMPT_SENT
    :: ending[m] == SMS_NOT_SENT -> mem.attempt[ending_copy[m]] = ATTEMPT_NOT_SENT
    :: ending[m] == SMS_UNKNOWN && mem.attempt[ending_copy[m]] != ATTEMPT_SENT ->
        mem.attempt[ending_copy[m]] = ATTEMPT_UNKNOWN
    :: else
    fi;
    if
    :: mem.message == MESSAGE_CLAIMED || mem.message == MESSAGE_SENDING ->
        if
        :: ending[m] == SMS_SENT -> mem.message = MESSAGE_SENT
        :: ending[m] == SMS_UNKNOWN -> await_evidence()
        :: ending[m] == SMS_NOT_SENT && expired -> end_state(MESSAGE_EXPIRED)
        :: ending[m] == SMS_NOT_SENT && !expired && ours[m] -> mem.message = MESSAGE_QUEUED
        :: ending[m] == SMS_NOT_SENT && !expired && !ours[m] ->
            mem.sent_nothing++;
            if
            :: permanent[m] || mem.sent_nothing >= NOTHING_SENT_MAX -> end_state(MESSAGE_FAILED)
            :: else -> mem.message = MESSAGE_QUEUED
            fi
        fi
    :: else /* cancelled, or settled by evidence: only the attempt learns of it */
    fi;
    dirty = true;
    ending_written[m] = true
}

inline proceed(m, yes)
{
    slot[m] = SLOT_ANSWERED;
    if
    :: yes ->
        /* ASKED: the text and its Ctrl-Z are handed over here */
        assert(!cancelled && !expired);
        assert(copy[m] == 0 || mem.attempt[0] != ATTEMPT_SENT); /* NEEDLESS */
        assert(disk.attempt[copy[m]] == ATTEMPT_COMMITTED);
        phase[m] = TEXT;
        if /* whether the network takes it is decided now, what we hear of it later or never */
        :: copies++; delivered[copy[m]] = true;
            assert(copies <= 1 + resend) /* COPIES */
        :: skip
        fi
    :: else -> phase[m] = ESCAPED
    fi
}

inline fire_claim(m)
{
    fresh[m] = false;
    if
#ifndef BREAK_UNDONE
    :: failed -> undone[m] = true; refuse[m] = true /* the message is still queued */
#else
    :: failed
#endif
    :: else
    fi;
    go_on(m)
}

inline fire_commit(m)
{
    if
#ifndef BREAK_DEADLINE
    :: !failed && !refuse[m] && !expired -> proceed(m, true)
#else
    :: !failed && !refuse[m] -> proceed(m, true)
#endif
    :: else -> proceed(m, false)
    fi
}

inline fire_ending(m)
{
    if
    :: failed -> ending_written[m] = false /* held in memory, tried again */
    :: else -> ending_clear(m); go_on(m)
    fi
}

/* Those who wait for the transaction hear of it, in one turn of the loop. */
inline fire()
{
    for_each_modem(i) {
        if
        :: ending[i] != SMS_NONE && ending_written[i] -> fire_ending(i)
        :: else
        fi;
        if
        :: fresh[i] -> fire_claim(i)
        :: else
        fi;
        if
        :: slot[i] == SLOT_ASKED -> fire_commit(i)
        :: else
        fi
    }
    if
    :: asked && !accepted && failed -> asked = false /* the client hears an error */
    :: asked && !accepted && !failed -> accepted = true
    :: else
    fi;
    if
    :: cancel_asked && failed -> cancel_asked = false
    :: cancel_asked && !failed -> cancel_asked = false; cancelled = (disk.message == MESSAGE_CANCELLED)
    :: else
    fi;
    firing = false;
    failed = false
}

inline copy_rows(to, from)
{
    to.message = from.message;
    to.attempt[0] = from.attempt[0];
    to.attempt[1] = from.attempt[1];
    to.resends = from.resends;
    to.sent_nothing = from.sent_nothing;
    to.crashes = from.crashes
}

inline refuse_all()
{
    for_each_modem(i) {
        refuse[i] = (slot[i] != SLOT_FREE)
    }
}

inline claim(m)
{
    copy[m] = mem.resends;
    mem.attempt[copy[m]] = ATTEMPT_CLAIMED;
    mem.message = MESSAGE_CLAIMED;
    slot[m] = SLOT_SUBMITTED;
    phase[m] = PROMPT;
    owed[m] = true;
    fresh[m] = true;
    dirty = true
}

/* The link asks at the prompt: still wanted, still in time? */
inline ask(m)
{
    if
#ifndef BREAK_WANTED
    :: !refuse[m] && mem.message == MESSAGE_CLAIMED && !expired ->
#else
    :: !expired ->
#endif
        mem.attempt[copy[m]] = ATTEMPT_COMMITTED;
        mem.message = MESSAGE_SENDING;
        dirty = true;
        slot[m] = SLOT_ASKED;
        phase[m] = ASKING
#ifdef BREAK_COMMIT
        ; proceed(m, true)
#endif
    :: else -> proceed(m, false)
    fi
}

inline evidence(k)
{
    known[k] = true;
    mem.attempt[k] = ATTEMPT_SENT;
    dirty = true;
    if
    :: mem.message != MESSAGE_SENT && mem.message != MESSAGE_DELIVERED && mem.message != MESSAGE_UNDELIVERED &&
       mem.message != MESSAGE_CANCELLED ->
        mem.message = MESSAGE_SENT;
#ifndef BREAK_EVIDENCE
        refuse_all()
#endif
    :: else
    fi;
    if /* a report says more than a late reference */
    :: mem.message == MESSAGE_SENT -> mem.message = MESSAGE_DELIVERED
    :: mem.message == MESSAGE_SENT -> mem.message = MESSAGE_UNDELIVERED
    :: skip
    fi
}

/* What a start finds and sets right, in one transaction, before anybody looks. */
inline recover()
{
    if
    :: disk.message == MESSAGE_CLAIMED ->
        disk.crashes++;
        if
#ifndef BREAK_ASIDE
        :: disk.crashes >= CRASHES_MAX && disk.resends > 0 -> disk.message = MESSAGE_UNKNOWN
#else
        :: disk.crashes >= CRASHES_MAX && disk.resends > 0 -> disk.message = MESSAGE_FAILED
#endif
        :: disk.crashes >= CRASHES_MAX && disk.resends == 0 -> disk.message = MESSAGE_FAILED
        :: else -> disk.message = MESSAGE_QUEUED
        fi
    :: disk.message == MESSAGE_SENDING ->
#ifndef BREAK_RECOVER
        for (i : 0 .. 1) {
            if
            :: disk.attempt[i] == ATTEMPT_COMMITTED -> disk.attempt[i] = ATTEMPT_UNKNOWN
            :: else
            fi
        }
        if
        :: resend && disk.resends == 0 && !expired -> disk.resends = 1; disk.message = MESSAGE_QUEUED
        :: else -> disk.message = MESSAGE_UNKNOWN
        fi
#else
        disk.message = MESSAGE_QUEUED
#endif
    :: else
    fi;
    copy_rows(mem, disk)
}

inline crash()
{
    crashes++;
    for_each_modem(i) {
        slot_clear(i); phase[i] = IDLE; owed[i] = false; fresh[i] = false;
        ending_clear(i)
    }
    dirty = false; firing = false; failed = false;
    asked = accepted; /* no answer came: the client may ask again, with the same key */
    cancel_asked = false;
    recover()
}

/* --- who acts ---------------------------------------------------------------------------------- */

/* One transaction for whatever has been written; its waiters hear before anything else of the daemon runs. */
proctype store_()
{
end:
    do
    :: atomic { dirty && !firing -> copy_rows(disk, mem); dirty = false; firing = true }
    :: atomic { dirty && !firing && failures > 0 ->
        failures--; copy_rows(mem, disk); dirty = false; firing = true; failed = true }
    :: atomic { firing -> fire() }
    od
}

proctype schedule()
{
end:
    do
    :: atomic { !firing && mem.message == MESSAGE_QUEUED && !expired && slot[0] == SLOT_FREE &&
        (ending[0] == SMS_NONE || ending_written[0]) -> claim(0) }
    :: atomic { !firing && mem.message == MESSAGE_QUEUED && !expired && slot[1] == SLOT_FREE &&
        (ending[1] == SMS_NONE || ending_written[1]) -> claim(1) }
    :: atomic { !firing && mem.message == MESSAGE_QUEUED && expired -> end_state(MESSAGE_EXPIRED); dirty = true }
    :: atomic { !firing && ending[0] != SMS_NONE && !ending_written[0] -> apply(0) }
    :: atomic { !firing && ending[1] != SMS_NONE && !ending_written[1] -> apply(1) }
    od
}

proctype link(byte m)
{
end:
    do
    :: atomic { !firing && phase[m] == PROMPT -> ask(m) }
    /* no prompt, or the port vanished before the Ctrl-Z: NOT_SENT */
    :: atomic { !firing && (phase[m] == PROMPT || phase[m] == ASKING) && trouble < TROUBLE ->
        trouble++; outcome(m, SMS_NOT_SENT, false, false) }
    :: atomic { !firing && phase[m] == PROMPT && trouble < TROUBLE ->
        trouble++; outcome(m, SMS_NOT_SENT, true, false) } /* not ready after all */
    :: atomic { !firing && phase[m] == ESCAPED -> outcome(m, SMS_NOT_SENT, true, false) }
    :: atomic { !firing && phase[m] == TEXT && delivered[copy[m]] -> outcome(m, SMS_SENT, false, false) }
    :: atomic { !firing && phase[m] == TEXT && !delivered[copy[m]] -> outcome(m, SMS_NOT_SENT, false, false) }
    :: atomic { !firing && phase[m] == TEXT && !delivered[copy[m]] -> outcome(m, SMS_NOT_SENT, false, true) }
#ifndef BREAK_LINE
    :: atomic { !firing && phase[m] == TEXT -> outcome(m, SMS_UNKNOWN, false, false) } /* silence, ERROR, gone */
#else
    :: atomic { !firing && phase[m] == TEXT -> outcome(m, SMS_NOT_SENT, false, false) }
#endif
#ifdef BREAK_OUTCOME
    :: atomic { !firing && phase[m] == TEXT -> slot[m] = SLOT_FREE; phase[m] = IDLE }
#endif
    od
}

proctype network()
{
end:
    do
    :: atomic { !firing && delivered[0] && !known[0] &&
        (mem.attempt[0] == ATTEMPT_COMMITTED || mem.attempt[0] == ATTEMPT_UNKNOWN) -> evidence(0) }
    :: atomic { !firing && delivered[1] && !known[1] &&
        (mem.attempt[1] == ATTEMPT_COMMITTED || mem.attempt[1] == ATTEMPT_UNKNOWN) -> evidence(1) }
    od
}

proctype client()
{
    bool may_cancel = true;
end:
    do
    :: atomic { !firing && !asked && !expired && mem.message == MESSAGE_NONE ->
        asked = true; mem.message = MESSAGE_QUEUED; dirty = true }
    :: atomic { !firing && accepted && may_cancel && mem.message == MESSAGE_QUEUED ||
        !firing && accepted && may_cancel && mem.message == MESSAGE_CLAIMED ->
        may_cancel = false;
        end_state(MESSAGE_CANCELLED);
        dirty = true;
        cancel_asked = true;
        refuse_all() }
    od
}

proctype fate()
{
end:
    do
    :: atomic { !expired && asked -> expired = true }
    :: atomic { crashes < CRASHES && asked -> crash() }
    od
}

/* Runs when nobody else can act any more. */
proctype judge()
{
    timeout;
    assert(!asked || accepted); /* every client has had its answer */
    if
    :: accepted ->
        /* LOST */
        assert(disk.message == mem.message);
        assert(disk.message == MESSAGE_SENT || disk.message == MESSAGE_UNKNOWN ||
               disk.message == MESSAGE_DELIVERED || disk.message == MESSAGE_UNDELIVERED ||
               disk.message == MESSAGE_FAILED || disk.message == MESSAGE_EXPIRED ||
               disk.message == MESSAGE_CANCELLED);
        /* ONCE */
        assert(!owed[0] && !owed[1]);
        /* HONEST */
        assert(!(disk.message == MESSAGE_FAILED || disk.message == MESSAGE_EXPIRED ||
                 disk.message == MESSAGE_CANCELLED) || copies == 0);
        assert(!(disk.message == MESSAGE_SENT || disk.message == MESSAGE_DELIVERED ||
                 disk.message == MESSAGE_UNDELIVERED) || copies > 0)
    :: else
    fi
}

init {
    atomic {
        disk.message = MESSAGE_NONE; disk.attempt[0] = ATTEMPT_NONE; disk.attempt[1] = ATTEMPT_NONE;
        copy_rows(mem, disk);
        for_each_modem(i) {
            slot[i] = SLOT_FREE; phase[i] = IDLE; ending[i] = SMS_NONE; over[i] = SMS_NONE
        }
        if :: resend = true :: resend = false fi;
        run store_(); run schedule(); run link(0); run link(1); run network(); run client(); run fate();
        run judge()
    }
}
