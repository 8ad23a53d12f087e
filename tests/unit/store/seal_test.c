/* Sealing: what was sealed opens, only with its key, in its column, in its row, unchanged. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include "seal.h"

static const uint8_t key[SEAL_KEY] = {1, 2, 3}, other_key[SEAL_KEY] = {1, 2, 4};
static const uint8_t id[SEAL_ROW_ID] = {9}, other_id[SEAL_ROW_ID] = {8};
static const char text[] = "Ma OTP: 123456";

static void test_opens_only_in_its_place(void **state)
{
    uint8_t sealed[sizeof text + SEAL_OVERHEAD], again[sizeof sealed];
    char plain[sizeof text];
    (void)state;
    seal_close(key, "message.body", id, text, sizeof text, sealed);
    assert_int_equal(seal_open(key, "message.body", id, sealed, sizeof sealed, plain), 0);
    assert_string_equal(plain, text);
    assert_int_equal(seal_open(other_key, "message.body", id, sealed, sizeof sealed, plain),
                     -EBADMSG);
    assert_int_equal(seal_open(key, "message.key", id, sealed, sizeof sealed, plain), -EBADMSG);
    assert_int_equal(seal_open(key, "message.body", other_id, sealed, sizeof sealed, plain),
                     -EBADMSG);
    seal_close(key, "message.body", id, text, sizeof text, again);
    assert_memory_not_equal(sealed, again, sizeof sealed); /* a nonce of its own */
}

static void test_every_bit_counts(void **state)
{
    uint8_t sealed[sizeof text + SEAL_OVERHEAD];
    char plain[sizeof text];
    (void)state;
    seal_close(key, "c", id, text, sizeof text, sealed);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(seal_open(key, "c", id, sealed, sizeof sealed, plain), -EBADMSG);
        sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t len = 0; len < sizeof sealed; len++)
        assert_int_equal(seal_open(key, "c", id, sealed, len, plain), -EBADMSG);
}

static void test_empty(void **state)
{
    uint8_t sealed[SEAL_OVERHEAD];
    char plain[1];
    (void)state;
    seal_close(key, "c", id, "", 0, sealed);
    assert_int_equal(seal_open(key, "c", id, sealed, sizeof sealed, plain), 0);
}

static void test_hash_domains(void **state)
{
    uint8_t a[SEAL_HASH], b[SEAL_HASH];
    (void)state;
    seal_hash(key, "message.key", "x", 1, a);
    seal_hash(key, "message.key", "x", 1, b);
    assert_memory_equal(a, b, SEAL_HASH);
    seal_hash(key, "message.content", "x", 1, b);
    assert_memory_not_equal(a, b, SEAL_HASH);
    seal_hash(other_key, "message.key", "x", 1, b);
    assert_memory_not_equal(a, b, SEAL_HASH);
    /* the border between domain and bytes is part of it */
    seal_hash(key, "ab", "c", 1, a);
    seal_hash(key, "a", "bc", 2, b);
    assert_memory_not_equal(a, b, SEAL_HASH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_only_in_its_place),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_hash_domains),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
