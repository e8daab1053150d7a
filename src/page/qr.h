/* SPDX-License-Identifier: MIT
 * qr: a text as a QR code (ISO/IEC 18004), drawn as SVG: the only door to libqrencode. */
#ifndef JETON_PAGE_QR_H
#define JETON_PAGE_QR_H
#include "base/buf.h"
enum { QR_TEXT_MAX = 1000 };
/* Dark on white with its quiet zone, whatever the page's colours are. INVALID_REQUEST: too long. */
fallible qr_svg(struct arena *a, str text, str *svg);
#endif
