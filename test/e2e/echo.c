/* SPDX-License-Identifier: MIT
 * echo: a listener of src/http that answers each request with what it understood, as one line of JSON: method, target and body in hexadecimal.
 * For tests that compare its reading with other programs'. Prints `ready PORT`; ends with its standard input. */
#include "http/listen.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

static void put_hex(struct buf *b, str s)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.n; i++) {
        buf_char(b, digits[(unsigned char)s.p[i] >> 4]);
        buf_char(b, digits[(unsigned char)s.p[i] & 15]);
    }
}

static void arrive(struct exchange *x, void *context)
{
    const struct request *r = &x->request;
    struct buf b = buf_new(r->arena, 1 << 19);
    str text = STR("[]");
    (void)context;
    buf_add_z(&b, "[\"");
    put_hex(&b, r->method_name);
    buf_add_z(&b, "\",\"");
    put_hex(&b, r->target);
    buf_add_z(&b, "\",\"");
    put_hex(&b, r->body);
    buf_add_z(&b, "\"]\n");
    bool good = !FAILED(buf_done(&b, &text));
    response_body(&x->response, good ? 200 : 500, "application/json", text);
    listen_answer(x);
}

static void refused(struct exchange *x, err why, void *context)
{
    (void)context;
    response_body(&x->response, err_status(why), "application/json", STR("{}\n"));
}

static void gone(struct exchange *x, void *context)
{
    (void)x;
    (void)context;
}

int main(void)
{
    static const str hosts[] = {{"localhost", 9}};
    struct listener *listener;
    struct listen_options o = {
        .host = STR("127.0.0.1"), .threads = 1, .rules = {hosts, 1}, .trusted_proxies = STR(""), .arrive = arrive, .refused = refused, .gone = gone};
    char ignored;
    if (FAILED(listen_open(&o, &listener)))
        return 1;
    printf("ready %u\n", (unsigned)listen_port(listener));
    fflush(stdout);
    while (read(STDIN_FILENO, &ignored, 1) > 0)
        continue;
    listen_close(listener);
    return 0;
}
