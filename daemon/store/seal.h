/* seal: what keeps a phone number, a client's key and a code out of the database as plain text.
 * Pure: keys and bytes in, bytes out; owns nothing, logs nothing.
 *
 * Sealing is XChaCha20-Poly1305 with a random 24-byte nonce (so long that random ones never meet).
 * The additional data names the column and the row: a sealed value copied to another row or column
 * does not open there. */
#ifndef OTPGATE_SEAL_H
#define OTPGATE_SEAL_H

#include <stddef.h>
#include <stdint.h>

enum { SEAL_KEY = 32, SEAL_OVERHEAD = 24 + 16, SEAL_HASH = 32, SEAL_ROW_ID = 16 };

/* `column` is a short constant ("message.body"); `id` the row's own id. `out` holds
 * len + SEAL_OVERHEAD bytes. */
void seal_close(const uint8_t key[SEAL_KEY], const char *column, const uint8_t id[SEAL_ROW_ID],
                const void *plain, size_t len, uint8_t *out);
/* `plain` holds sealed_len - SEAL_OVERHEAD bytes. 0, or -EBADMSG: not sealed with this key for
 * this place, or damaged. */
int seal_open(const uint8_t key[SEAL_KEY], const char *column, const uint8_t id[SEAL_ROW_ID],
              const uint8_t *sealed, size_t sealed_len, void *plain)
    __attribute__((warn_unused_result));

/* BLAKE2b keyed hash; `domain` keeps the uses of one key apart: the same bytes in two domains
 * have nothing in common. */
void seal_hash(const uint8_t key[SEAL_KEY], const char *domain, const void *bytes, size_t len,
               uint8_t out[SEAL_HASH]);

#endif
