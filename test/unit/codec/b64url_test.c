/* SPDX-License-Identifier: MIT
 * Tests of b64url and b64. */
#include "codec/b64url.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena *a;

static void open_arena(void)
{
    a = arena_new(1 << 20);
}
static void close_arena(void)
{
    arena_release(a);
}

TestSuite(b64url, .init = open_arena, .fini = close_arena);

Test(b64url, rfc4648_section_10_without_padding)
{
    const char *rows[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        str s = b64url_encode(a, rows[i][0], strlen(rows[i][0]));
        cr_assert_str_eq(s.p, rows[i][1]);
        char back[8] = {0};
        size_t n;
        cr_assert_not(FAILED(b64url_decode(s, back, sizeof back, &n)));
        cr_assert(str_equal((str){back, n}, str_of(rows[i][0])));
    }
}

Test(b64url, uses_the_url_alphabet)
{
    cr_assert_str_eq(b64url_encode(a, "\xfb\xff\xfe", 3).p, "-__-");
    uint8_t out[3];
    cr_assert_not(FAILED(b64url_decode_exact(STR("-__-"), out, 3)));
    cr_assert(FAILED(b64url_decode_exact(STR("+//+"), out, 3)));
}

Test(b64url, one_value_has_one_spelling)
{
    const char *bad[] = {"Zg==", "Zg=", "Zh", "Zm9", "Z", "Zm9vZ", "Zm 9v", "Zm9v\n", " Zm9v", "Zm9*", "Zm9v====", "====", "\xc3\xa9Zz"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char out[16];
        size_t n = 77;
        cr_assert_eq(b64url_decode(str_of(bad[i]), out, sizeof out, &n).kind, ERR_INVALID_REQUEST, "%s", bad[i]);
        cr_assert_eq(n, 77);
    }
    char out[16];
    size_t n;
    cr_assert(FAILED(b64url_decode(STR("Zm\0v"), out, sizeof out, &n)));
    cr_assert(FAILED(b64url_decode(STR_ABSENT, out, sizeof out, &n)));
}

Test(b64url, every_pair_of_last_characters_decodes_iff_it_re_encodes_to_itself)
{
    size_t good = 0;
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            char text[2] = {(char)first, (char)second}, again[2];
            uint8_t out[1];
            if (FAILED(b64url_decode_exact((str){text, 2}, out, 1)))
                continue;
            b64url_write(again, out, 1);
            cr_assert_eq(memcmp(text, again, 2), 0);
            good++;
        }
    cr_assert_eq(good, 256);
}

Test(b64url, every_byte_at_every_place_decodes_iff_it_re_encodes_to_itself)
{
    size_t good = 0;
    for (size_t at = 0; at < 8; at++)
        for (int byte = 0; byte < 256; byte++) {
            char text[8] = {'A', 'b', '-', '9', '_', 'Z', 'z', '0'}, again[8];
            uint8_t out[6];
            text[at] = (char)byte;
            if (FAILED(b64url_decode_exact((str){text, 8}, out, 6)))
                continue;
            b64url_write(again, out, 6);
            cr_assert_eq(memcmp(text, again, 8), 0, "byte %d at %zu", byte, at);
            good++;
        }
    cr_assert_eq(good, 8 * 64);
}

Test(b64url, respects_capacity_and_exact_size)
{
    uint8_t out[4] = {9, 9, 9, 9};
    size_t n;
    cr_assert(FAILED(b64url_decode(STR("Zm9vYg"), out, 3, &n)));
    cr_assert(FAILED(b64url_decode_exact(STR("Zm9vYg"), out, 3)));
    cr_assert(FAILED(b64url_decode_exact(STR("Zm9v"), out, 4)));
    cr_assert_not(FAILED(b64url_decode_exact(STR("Zm9v"), out, 3)));
    cr_assert_eq(out[3], 9);
}

Test(b64url, long_input_joins_without_a_seam)
{
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t size = 570; size < 580; size++) {
        struct buf b = buf_new(a, BUF_TOKEN_MAX);
        b64url_add(&b, bytes, size);
        str s;
        cr_assert_not(FAILED(buf_done(&b, &s)));
        cr_assert(str_equal(s, b64url_encode(a, bytes, size)));
        cr_assert_eq(s.n, B64URL_LENGTH(size));
    }
}

Test(b64url, plain_b64_for_basic_takes_missing_but_not_wrong_padding)
{
    str out;
    const char *good[] = {"Zm9vYg==", "Zm9vYg"};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_not(FAILED(b64_decode(a, str_of(good[i]), &out)));
        cr_assert_str_eq(out.p, "foob");
    }
    cr_assert_not(FAILED(b64_decode(a, STR("+//+"), &out)));
    cr_assert(str_equal(out, STR("\xfb\xff\xfe")));
    cr_assert(!FAILED(b64_decode(a, STR(""), &out)) && out.n == 0 && str_present(out));
    const char *bad[] = {"Zm9vYg=", "Zm9vYh==", "Zm9vY===", "====", "=", "-__-", "Zm9v====", "Zm=v", "Z", "Zm9vYmE==", "Zm9v YmE"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(b64_decode(a, str_of(bad[i]), &out).kind, ERR_INVALID_REQUEST, "%s", bad[i]);
    arena_fail_after(1);
    cr_assert_eq(b64_decode(a, STR("Zm9v"), &out).kind, ERR_UNAVAILABLE);
}
