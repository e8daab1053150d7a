/* SPDX-License-Identifier: MIT
 * html: escaping for element content and quoted attribute values alike: & < > " ' (LS-19). */
#ifndef JETON_CODEC_HTML_H
#define JETON_CODEC_HTML_H
#include "base/buf.h"
void html_add(struct buf *b, str text);
#endif
