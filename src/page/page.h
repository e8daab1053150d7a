/* SPDX-License-Identifier: MIT
 * page: HTML from embedded templates (assets/pages), always escaped. A template knows only named fields; one that a page does not
 * fill, or a field that the template does not know, is SERVER_ERROR (and found by a test that fills every page).
 *   {{name}}          text, escaped for content and quoted attributes
 *   {{#list}}…{{/list}}   once for each row; inside, the row's fields, then the page's
 *   {{?name}}…{{/name}}   when the field is filled;  {{!name}}…{{/name}} when it is not
 *   {{:title}}…{{/title}}  first in a file: the page's title      {{+part.html}}   another template's text, in place
 *   {{@style.css}}    the address of a static file, with its hash
 *   [[Log in]]        a sentence, shown in the page's language: plain text (no entities) on one line, with fields and elements in it,
 *                     [[Keep <code>{{kid}}</code>]], which a translator sees as "Keep <code>{kid}</code>"; [[verb|End]] has a context
 * Every page is put into layout.html ({{>title}}, {{>main}}; {{>lang}} and {{>dir}} say the language, {{>zone}} the zone of its times), whose own fields may be left out.
 * No raw field exists. */
#ifndef JETON_PAGE_PAGE_H
#define JETON_PAGE_PAGE_H
#include "base/message.h"
struct page_fields;                                   /* an arena list of name → text or rows */
struct page_fields *page_fields_new(struct arena *a); /* NULL marks the arena failed; all functions tolerate NULL */
void page_base(struct page_fields *f, str base);      /* the issuer's path: what addresses lie below that begin with a slash in href, action or src */
void page_language(struct page_fields *f, const struct message_language *language); /* of the whole page; without it English */
void page_zone(struct page_fields *f, str zone);                                    /* in which its times are shown (codec/zone); without it UTC */
void page_put(struct page_fields *f, const char *name, str value);
/* Shown in the page's language: a message (copied; its texts are borrowed), and one without arguments (absent: empty). Outside of
 * attributes, a time in a message is a <time>, as below, and a text stands in a <bdi>. */
void page_put_message(struct page_fields *f, const char *name, const struct message *m);
void page_put_word(struct page_fields *f, const char *name, str english);
void page_put_number(struct page_fields *f, const char *name, int64_t value);
void page_put_flag(struct page_fields *f, const char *name, bool on); /* "1" or "" */
/* <time datetime="2026-11-22T03:00:00Z">2026-11-22 03:00 UTC</time>, in the page's zone, else in UTC; script.js writes it as the reader's region does,
 * in the page's zone or else in the browser's. In attributes the text in UTC alone; empty for 0. */
void page_put_time(struct page_fields *f, const char *name, int64_t unix_seconds);
struct page_fields *page_row(struct page_fields *f, const char *list); /* appends a row to a list */
void page_list(struct page_fields *f, const char *list);               /* an empty list is a list too; rows put before go */
fallible page_fill(struct arena *a, const char *template_name, const struct page_fields *f, str *html);
/* Static files: style.css, script.js, icon.svg, openapi.json … NULL when there is none. */
struct page_asset {
    const char *name, *content_type;
    str bytes;
    str etag; /* quoted hash of the bytes */
};
const struct page_asset *page_asset(str name);
const char *page_template_name(size_t i); /* for tests: NULL past the last */
#endif
