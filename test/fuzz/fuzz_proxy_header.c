/* SPDX-License-Identifier: MIT
 * Any bytes where a PROXY header is due. Read as a socket would have it read, it never wants a byte beyond its own length, says the same
 * whatever pieces it comes in, and names no address that stands for something else here. */
#include "http/proxy_header.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

/* In pieces of at most `piece` bytes; the bytes lie in a block of their own, so that the sanitizer sees a read beyond them. */
static bool read_in_pieces(str all, size_t piece, size_t *n, struct proxy_header *out)
{
    size_t wants = 0;
    for (*n = 0;;) {
        char *block = malloc(*n > 0 ? *n : 1);
        must(block != NULL);
        memcpy(block, all.p, *n);
        err e = proxy_header_read((str){block, *n}, &wants, out);
        free(block);
        if (FAILED(e) || wants == 0)
            return !FAILED(e);
        must(*n + wants <= PROXY_HEADER_MAX);
        size_t more = wants < piece ? wants : piece;
        if (all.n - *n < more)
            return false; /* the peer says no more */
        *n += more;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str all = {(const char *)data, size};
    struct proxy_header once = {.named = false}, again = {.named = false};
    size_t n, m;
    bool good = read_in_pieces(all, PROXY_HEADER_MAX, &n, &once);
    must(read_in_pieces(all, 7, &m, &again) == good);
    if (!good)
        return 0;
    must(n == m && once.named == again.named && memcmp(&once.address, &again.address, sizeof once.address) == 0);
    must(n == 16 + ((size_t)data[14] << 8 | data[15]));
    must(!once.named || (data[12] == 0x21 && !IN6_IS_ADDR_UNSPECIFIED(&once.address)));
    return 0;
}
