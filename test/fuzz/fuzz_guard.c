/* SPDX-License-Identifier: MIT
 * Any list of headers: the first line is the method, each further line `name:value`, cut at LF. What guard lets through
 * names this server once, has one framing, and holds nothing that a line could end with. */
#include "http/guard.h"

#include <stdlib.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = HTTP_HEADER_COUNT_MAX + 1 };

static void must(bool held)
{
    if (!held)
        abort();
}

static size_t count(const struct request *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->header_count; i++)
        n += str_equal_nocase(r->headers[i].name, str_of(name)) ? 1 : 0;
    return n;
}

static void safe(const struct request *r)
{
    static const char *const once[] = {"authorization", "content-type", "cookie", "content-length", "transfer-encoding"};
    must(count(r, "host") == 1);
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
        must(count(r, once[i]) <= 1);
    must(count(r, "content-length") + count(r, "transfer-encoding") <= 1);
    must(r->method_name.n > 0 && r->header_count <= HTTP_HEADER_COUNT_MAX);
    for (size_t i = 0; i < r->header_count; i++) {
        str name = r->headers[i].name, value = r->headers[i].value;
        must(name.n > 0 && str_find(name, ' ') == name.n && str_find(name, '\0') == name.n && str_find(name, '\t') == name.n);
        must(str_find(value, '\r') == value.n && str_find(value, '\0') == value.n);
        if (str_equal_nocase(name, STR("host")))
            must(str_equal_nocase(value, STR("localhost")));
        if (str_equal_nocase(name, STR("transfer-encoding")))
            must(str_equal_nocase(value, STR("chunked")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str hosts[] = {{"localhost", 9}};
    static const struct guard_rules rules = {hosts, 1};
    struct http_header headers[MOST];
    struct request r = {.target = {"/", 1}, .headers = headers};
    str rest = {(const char *)data, size}, line;
    if (size == 0 || !str_next(&rest, '\n', &r.method_name))
        return 0;
    while (r.header_count < MOST && str_next(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':');
        str value = colon < line.n ? (str){line.p + colon + 1, line.n - colon - 1} : STR_ABSENT;
        headers[r.header_count++] = (struct http_header){{line.p, colon}, value};
    }
    if (!FAILED(guard_check(&r)) && !FAILED(guard_host(&r, &rules, size % 2 == 0 ? GUARD_OWN_NAMES : GUARD_OWN_NAMES_OR_ADDRESS)))
        safe(&r);
    return 0;
}
