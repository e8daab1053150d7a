/* SPDX-License-Identifier: MIT
 * Any bytes as a request target. What is accepted has one reading: no structure that routers cut differently, the query is
 * the raw rest, and its canonical spelling is accepted again and means the same. */
#include "codec/percent.h"
#include "codec/utf8.h"
#include "http/target.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void one_reading(str path)
{
    str rest = {path.p + 1, path.n - 1}, segment;
    must(path.n > 0 && path.p[0] == '/' && utf8_valid(path));
    while (str_next(&rest, '/', &segment)) {
        must(segment.n > 0 || segment.p == path.p + path.n);
        must(!str_is(segment, ".") && !str_is(segment, ".."));
        must(str_find(segment, ';') == segment.n && str_find(segment, '\\') == segment.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(1 << 20);
    str raw = {(const char *)data, size}, path, query, again, none;
    if (a != NULL && size <= 8192 && !FAILED(target_parse(a, raw, &path, &query))) {
        one_reading(path);
        must(!str_present(query) || str_ends(raw, query));
        struct buf b = buf_new(a, 1 << 16);
        for (size_t i = 0; i < path.n; i++) {
            if (path.p[i] == '/')
                buf_char(&b, '/');
            else
                percent_add(&b, (str){path.p + i, 1});
        }
        str canonical;
        must(!FAILED(buf_done(&b, &canonical)));
        must(!FAILED(target_parse(a, canonical, &again, &none)));
        must(str_equal(again, path) && !str_present(none));
    }
    arena_release(a);
    return 0;
}
