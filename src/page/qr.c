/* SPDX-License-Identifier: MIT
 * qr: the library decides which squares are dark; here they become one path. Promises: the text itself is never part of the picture's
 * markup, so nothing in it needs escaping. */
#include "page/qr.h"
#include <qrencode.h>
#include "base/banned.h"

enum { QUIET = 4 /* modules of white around it */, DARK = 1 /* the lowest bit of a module */ };

/* Each run of dark squares in a row is one bar of the path. */
static void add_row_bars(struct buf *b, const QRcode *code, int y)
{
    const unsigned char *row = code->data + (size_t)y * (size_t)code->width;
    for (int x = 0; x < code->width;) {
        int begin = x;
        while (x < code->width && (row[x] & DARK))
            x++;
        if (x > begin)
            buf_format(b, "M%d %dh%dv1h-%dz", begin + QUIET, y + QUIET, x - begin, x - begin);
        else
            x++;
    }
}

static fallible draw_qr_svg(struct arena *a, const QRcode *code, str *svg)
{
    int side = code->width + 2 * QUIET;
    struct buf b = buf_new(a, BUF_PAGE_MAX);
    buf_format(&b,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\" role=\"img\">"
               "<title>QR code</title><rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
               side, side, side, side);
    for (int y = 0; y < code->width; y++)
        add_row_bars(&b, code, y);
    buf_add_z(&b, "\"/></svg>\n");
    return buf_done(&b, svg);
}

fallible qr_svg(struct arena *a, str text, str *svg)
{
    if (!str_filled(text) || text.n > QR_TEXT_MAX)
        REFUSE(INVALID_REQUEST, "The text is empty or too long for a QR code.", "qr: length");
    QRcode *code = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
    if (code == NULL)
        FAIL(UNAVAILABLE, "qr: the library made none");
    err drawn = draw_qr_svg(a, code, svg);
    QRcode_free(code);
    return drawn;
}
