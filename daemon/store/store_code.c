/* store_code: making and checking codes. They live here because the key `otp` never leaves the
 * store: what goes out is a code once, for its text, and hashes.
 *
 * A code is not stored, sealed or not: it is made again from its seed where the same one is to be
 * sent again. */
#include "store_internal.h"
#include "store_otp.h"
#include <assert.h>
#include <string.h>
#include <sodium.h>

void store_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

/* 64 bits at a time; those of the last, incomplete run of `range` are thrown away, else the low
 * codes would come more often. */
void store_code_make(const struct store *store, const uint8_t id[OTP_ID],
                     const uint8_t seed[OTP_ID], unsigned digits, char out[OTP_DIGITS + 1])
{
    enum { COUNTER = 2 * OTP_ID };
    uint8_t from[COUNTER + 1], hash[SEAL_HASH];
    uint64_t range = 1, value = 0;
    assert(digits >= 1 && digits <= OTP_DIGITS);
    for (unsigned i = 0; i < digits; i++)
        range *= 10;
    memcpy(from, id, OTP_ID);
    memcpy(from + OTP_ID, seed, OTP_ID);
    from[COUNTER] = 0;
    do { /* thrown away once in 10^9: the counter's byte is room enough */
        seal_hash(store->keys->key[KEY_OTP], "otp.make", from, sizeof from, hash);
        memcpy(&value, hash, sizeof value);
        from[COUNTER]++;
    } while (value >= UINT64_MAX - UINT64_MAX % range);
    value %= range;
    out[digits] = '\0';
    for (unsigned i = digits; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    sodium_memzero(from, sizeof from);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&value, sizeof value);
}

void store_code_hash(const struct store *store, const uint8_t id[OTP_ID], const char *code,
                     size_t len, uint8_t out[OTP_CODE])
{
    uint8_t bytes[OTP_ID + 64] = {0};
    assert(len <= 64);
    memcpy(bytes, id, OTP_ID);
    memcpy(bytes + OTP_ID, code, len);
    seal_hash(store->keys->key[KEY_OTP], "otp.code", bytes, OTP_ID + len, out);
    sodium_memzero(bytes, sizeof bytes);
}

bool store_code_same(const uint8_t a[OTP_CODE], const uint8_t b[OTP_CODE])
{
    return sodium_memcmp(a, b, OTP_CODE) == 0;
}
