/* SPDX-License-Identifier: MIT
 * json_echo: the reader and the writer of codec/json as a program, for test_json_readers. On standard input: texts, each behind its length
 * in four bytes, the highest first. On standard output, for each: the same form, the text written again; four bytes 0xff when refused. */
#include "codec/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 1 << 20, MEMORY = 64 << 20 };

static void put_length(size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        putchar((int)(n >> shift & 0xff));
}

int main(void)
{
    static char text[LONGEST];
    unsigned char length[4];
    while (fread(length, 1, sizeof length, stdin) == sizeof length) {
        size_t n = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 | length[3];
        struct arena *a = arena_new(MEMORY);
        json *value;
        str again;
        if (a == NULL || n > sizeof text || fread(text, 1, n, stdin) != n)
            return 1;
        if (FAILED(json_parse(a, (str){text, n}, &value))) {
            put_length(UINT32_MAX);
        } else if (FAILED(json_text(a, value, &again))) {
            return 1;
        } else {
            put_length(again.n);
            fwrite(again.p, 1, again.n, stdout);
        }
        arena_release(a);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
