/* seal: see seal.h. */
#include "seal.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sodium.h>

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, PLACE_MAX = 64 };
_Static_assert(SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key size");
_Static_assert(SEAL_OVERHEAD == NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES, "overhead");

/* The additional data: the column's name with its NUL, then the row's id. */
static size_t seal_place(const char *column, const uint8_t id[SEAL_ROW_ID], uint8_t out[PLACE_MAX])
{
    size_t len = strlen(column) + 1;
    assert(len + SEAL_ROW_ID <= PLACE_MAX);
    memcpy(out, column, len);
    memcpy(out + len, id, SEAL_ROW_ID);
    return len + SEAL_ROW_ID;
}

void seal_close(const uint8_t key[SEAL_KEY], const char *column, const uint8_t id[SEAL_ROW_ID],
                const void *plain, size_t len, uint8_t *out)
{
    uint8_t place[PLACE_MAX];
    size_t place_len = seal_place(column, id, place);
    randombytes_buf(out, NONCE);
    int rc = crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, plain, len, place,
                                                        place_len, NULL, out, key);
    assert(rc == 0);
    (void)rc;
}

int seal_open(const uint8_t key[SEAL_KEY], const char *column, const uint8_t id[SEAL_ROW_ID],
              const uint8_t *sealed, size_t sealed_len, void *plain)
{
    if (sealed_len < SEAL_OVERHEAD)
        return -EBADMSG;
    uint8_t place[PLACE_MAX];
    size_t place_len = seal_place(column, id, place);
    int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, sealed + NONCE, sealed_len - NONCE, place, place_len, sealed, key);
    return rc == 0 ? 0 : -EBADMSG;
}

void seal_hash(const uint8_t key[SEAL_KEY], const char *domain, const void *bytes, size_t len,
               uint8_t out[SEAL_HASH])
{
    crypto_generichash_state state;
    int rc = crypto_generichash_init(&state, key, SEAL_KEY, SEAL_HASH);
    rc |= crypto_generichash_update(&state, (const unsigned char *)domain, strlen(domain) + 1);
    if (len > 0)
        rc |= crypto_generichash_update(&state, bytes, len);
    rc |= crypto_generichash_final(&state, out, SEAL_HASH);
    assert(rc == 0);
    (void)rc;
    sodium_memzero(&state, sizeof state);
}
