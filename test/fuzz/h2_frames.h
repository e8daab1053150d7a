/* SPDX-License-Identifier: MIT
 * h2_frames: an input as what a peer does on an HTTP/2 connection: a byte says what comes next, the bytes behind it how. Frames have the length
 * that they say and header blocks are literals, so that the fuzzer is soon behind both readers; kinds of their own send bytes as they are. */
#ifndef JETON_FUZZ_H2_FRAMES_H
#define JETON_FUZZ_H2_FRAMES_H
#include "base/str.h"
#include <string.h>

enum h2_deed { /* frames are those of RFC 9113 6, by their own numbers */
               H2_DATA,
               H2_HEADERS,
               H2_PRIORITY,
               H2_RST_STREAM,
               H2_SETTINGS,
               H2_PUSH_PROMISE,
               H2_PING,
               H2_GOAWAY,
               H2_WINDOW_UPDATE,
               H2_CONTINUATION,
               H2_UNKNOWN,
               H2_AS_IT_IS,   /* bytes without a frame */
               H2_AGAIN,      /* the last frame many times; HEADERS on a new stream each time */
               H2_ANSWER,     /* the upper floor answers one that waits */
               H2_LISTEN,     /* the peer reads what there is */
               H2_LATER,      /* seconds go by */
               H2_QUIESCE,    /* the server is about to end */
               H2_HALF_CLOSE, /* the peer says no more */
               H2_DEEDS
};
enum { H2_FRAME_MAX = 16384, H2_HEAD = 9, H2_BATCH = 1 << 17 };

struct frames {
    str rest; /* of the input */
    unsigned char bytes[H2_BATCH];
    size_t n, last; /* what is to be sent; the frame that H2_AGAIN repeats begins at last … */
    size_t last_n;  /* … and has so many bytes; 0: there is none */
    uint32_t next_id;
};

static inline unsigned frames_byte(struct frames *f)
{
    if (f->rest.n == 0)
        return 0;
    f->rest.n--;
    return (unsigned char)*f->rest.p++;
}

static inline str frames_bytes(struct frames *f, size_t n)
{
    str taken = {f->rest.p, n < f->rest.n ? n : f->rest.n};
    f->rest = (str){f->rest.p + taken.n, f->rest.n - taken.n};
    return taken;
}

static inline void frames_put(struct frames *f, str bytes)
{
    size_t room = sizeof f->bytes - f->n, n = bytes.n < room ? bytes.n : room;
    if (n > 0)
        memcpy(f->bytes + f->n, bytes.p, n);
    f->n += n;
}

static inline void frames_put_byte(struct frames *f, unsigned value)
{
    char byte = (char)value;
    frames_put(f, (str){&byte, 1});
}

static inline void frames_put_filler(struct frames *f, char filler, size_t n)
{
    while (n-- > 0)
        frames_put_byte(f, (unsigned char)filler);
}

/* 0: a stream that was not there yet; 1: the newest; else by number. */
static inline uint32_t frames_stream(struct frames *f)
{
    unsigned which = frames_byte(f);
    if (which == 0)
        f->next_id += 2;
    return which <= 1 ? f->next_id - 2 : which == 2 ? 0 : which;
}

static inline void frames_begin(struct frames *f, unsigned type, unsigned flags, uint32_t id)
{
    f->last = f->n;
    f->last_n = 0;
    frames_put_filler(f, '\0', 3);
    frames_put_byte(f, type);
    frames_put_byte(f, flags);
    for (int shift = 24; shift >= 0; shift -= 8)
        frames_put_byte(f, id >> shift & 0xff);
}

static inline void frames_end(struct frames *f)
{
    size_t n = f->n - f->last;
    if (n < H2_HEAD)
        return;
    f->last_n = n;
    for (size_t i = 0; i < 3; i++)
        f->bytes[f->last + i] = (unsigned char)((n - H2_HEAD) >> (16 - 8 * i));
}

/* RFC 7541 5.2: a string, not Huffman's. */
static inline void frames_put_string(struct frames *f, str s)
{
    enum { HERE = 127 };
    size_t left = s.n < HERE ? 0 : s.n - HERE;
    frames_put_byte(f, s.n < HERE ? (unsigned)s.n : HERE);
    for (; left >= 128; left >>= 7)
        frames_put_byte(f, (unsigned)(left & 127) | 128);
    if (s.n >= HERE)
        frames_put_byte(f, (unsigned)left);
    frames_put(f, s);
}

static inline void frames_put_field(struct frames *f, unsigned form, str name, str value)
{
    frames_put_byte(f, form); /* RFC 7541 6.2: 0x00 once, 0x10 never kept, 0x40 kept in the table */
    frames_put_string(f, name);
    frames_put_string(f, value);
}

static inline void frames_put_long(struct frames *f, str name, size_t n)
{
    static char filler[255 * 64];
    memset(filler, 'f', sizeof filler);
    frames_put_field(f, 0, name, (str){filler, n});
}

static inline void frames_put_fields(struct frames *f)
{
    static const struct {
        str name, value;
    } known[] = {
        {{":method", 7}, {"GET", 3}},
        {{":method", 7}, {"HEAD", 4}},
        {{":method", 7}, {"CONNECT", 7}},
        {{":scheme", 7}, {"https", 5}},
        {{":path", 5}, {"/wait", 5}},
        {{":path", 5}, {"/big", 4}},
        {{":path", 5}, {"/none", 5}},
        {{":path", 5}, {"/a/../b", 7}},
        {{":authority", 10}, {"localhost", 9}},
        {{":authority", 10}, {"evil", 4}},
        {{"host", 4}, {"localhost", 9}},
        {{"host", 4}, {"evil", 4}},
        {{"cookie", 6}, {"a=b", 3}},
        {{"content-length", 14}, {"5", 1}},
        {{"content-length", 14}, {"70000", 5}},
        {{"content-length", 14}, {"+5", 2}},
        {{"transfer-encoding", 17}, {"chunked", 7}},
        {{"te", 2}, {"trailers", 8}},
        {{"connection", 10}, {"close", 5}},
        {{"expect", 6}, {"100-continue", 12}},
        {{"authorization", 13}, {"Bearer x", 8}},
        {{":status", 7}, {"200", 3}},
        {{"Upper", 5}, {"case", 4}},
        {{":protocol", 9}, {"websocket", 9}},
    };
    enum { KNOWN = sizeof known / sizeof known[0], REPEATED = 120 };
    static const char get[] = "\x82\x87\x04\x04/now\x01\x09localhost", post[] = "\x83\x87\x04\x05/wait\x01\x09localhost";
    unsigned what = frames_byte(f);
    unsigned form = what & 0x80 ? 0x40 : 0;
    size_t k = frames_byte(f);
    str name;
    switch (what & 7) {
    case 0:
        frames_put(f, (str){get, sizeof get - 1});
        return;
    case 1:
        frames_put(f, (str){post, sizeof post - 1});
        return;
    case 2:
        frames_put_field(f, form, known[k % KNOWN].name, known[k % KNOWN].value);
        return;
    case 3:
        frames_put_field(f, form, known[k % KNOWN].name, frames_bytes(f, frames_byte(f)));
        return;
    case 4:
        name = frames_bytes(f, k);
        frames_put_field(f, form, name, frames_bytes(f, frames_byte(f)));
        return;
    case 5:
        frames_put_long(f, form ? STR("x") : STR("cookie"), k * 64);
        return;
    case 6: /* indexed fields, sizes of the table, Huffman's strings */
        frames_put(f, frames_bytes(f, k));
        return;
    default:
        for (size_t i = 0; i < k % REPEATED; i++)
            frames_put_field(f, form, form ? STR("x") : STR("cookie"), STR("y=z"));
    }
}

static inline void frames_put_payload(struct frames *f, unsigned type, unsigned flags)
{
    size_t n;
    switch (type) {
    case H2_HEADERS:
    case H2_PUSH_PROMISE:
    case H2_CONTINUATION:
        if (flags & 0x08) /* PADDED */
            frames_put_byte(f, 0);
        if (flags & 0x20 && type == H2_HEADERS) /* PRIORITY */
            frames_put(f, STR("\0\0\0\0\x10"));
        if (type == H2_PUSH_PROMISE)
            frames_put(f, STR("\0\0\0\2"));
        for (size_t fields = frames_byte(f) & 15; fields > 0; fields--)
            frames_put_fields(f);
        return;
    case H2_DATA:
        n = (size_t)frames_byte(f) * 64;
        frames_put_filler(f, 'd', n > H2_FRAME_MAX ? H2_FRAME_MAX : n);
        return;
    case H2_SETTINGS:
        frames_put(f, frames_bytes(f, flags & 1 ? 0 : (size_t)(frames_byte(f) & 7) * 6));
        return;
    case H2_PING:
        frames_put(f, STR("pingping"));
        return;
    case H2_PRIORITY:
        frames_put(f, frames_bytes(f, 5));
        return;
    case H2_RST_STREAM:
    case H2_WINDOW_UPDATE:
        frames_put(f, frames_bytes(f, 4));
        return;
    default:
        frames_put(f, frames_bytes(f, frames_byte(f)));
    }
}

static inline void frames_put_frame(struct frames *f, unsigned type)
{
    unsigned flags = frames_byte(f);
    uint32_t id = type == H2_SETTINGS || type == H2_PING || type == H2_GOAWAY ? 0 : frames_stream(f);
    frames_begin(f, type == H2_UNKNOWN ? 0x20 | flags : type, flags, id);
    frames_put_payload(f, type, flags);
    frames_end(f);
}

static inline void frames_repeat(struct frames *f)
{
    static unsigned char frame[H2_BATCH];
    size_t n = f->last_n, times = frames_byte(f);
    if (n == 0)
        return;
    memcpy(frame, f->bytes + f->last, n);
    for (; times > 0 && f->n + n <= sizeof f->bytes; times--) {
        size_t at = f->n;
        frames_put(f, (str){(const char *)frame, n});
        if (frame[3] != H2_HEADERS)
            continue;
        for (size_t i = 0; i < 4; i++)
            f->bytes[at + 5 + i] = (unsigned char)(f->next_id >> (24 - 8 * i));
        f->next_id += 2;
    }
}

/* What the peer does next; frames are in f->bytes then. H2_DEEDS: the input is at its end. */
static inline enum h2_deed frames_next(struct frames *f)
{
    if (f->rest.n == 0)
        return H2_DEEDS;
    enum h2_deed deed = (enum h2_deed)(frames_byte(f) % H2_DEEDS);
    if (deed == H2_AGAIN)
        frames_repeat(f);
    else if (deed == H2_AS_IT_IS)
        frames_put(f, frames_bytes(f, frames_byte(f)));
    else if (deed < H2_AS_IT_IS)
        frames_put_frame(f, deed);
    return deed;
}
#endif
