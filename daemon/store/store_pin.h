/* store_pin: which PINs were typed into which SIM, and what became of it, so that one that a SIM
 * has rejected is never tried again, restarts included. Of a PIN there is only a hash under the
 * index key; under new keys (--new-keys) each of these hashes stands for every PIN. */
#ifndef OTPGATE_STORE_PIN_H
#define OTPGATE_STORE_PIN_H

#include "store.h"

enum store_pin {
    STORE_PIN_NEW,
    STORE_PIN_TRIED,    /* it may have been typed, and nobody knows what the SIM said */
    STORE_PIN_REJECTED, /* the SIM has said no */
};
struct store_pin_view {
    enum store_pin state;
    bool spent; /* a PIN was rejected, and the SIM was not seen unlocked since */
};

/* `sim`: its ICCID; where that is not told the same as `modem`, a name of the modem it is in. What
 * is known of a SIM that has told its ICCID counts, and of those in this modem that have not; of
 * one that does not tell, all that were tried in this modem: it may be any of them. 0/-errno */
int store_pin_look(struct store *store, const char *sim, const char *modem, const char *pin,
                   struct store_pin_view *out) __attribute__((warn_unused_result));
/* Those that write stand between store_begin() and store_end(). 0/-errno. The PIN is about to be
 * typed: TRIED, unless it stands there already. */
int store_pin_try(struct store *store, const char *sim, const char *modem, const char *pin)
    __attribute__((warn_unused_result));
/* What was tried on this SIM was wrong. */
int store_pin_reject(struct store *store, const char *sim) __attribute__((warn_unused_result));
/* The SIM is unlocked, and has its attempts back. `accepted`: by what was tried, which may then be
 * tried again. */
int store_pin_unlocked(struct store *store, const char *sim, bool accepted)
    __attribute__((warn_unused_result));
/* Whether store_pin_unlocked() has anything to change. 1/0/-errno */
int store_pin_known(struct store *store, const char *sim);

#endif
