/* SPDX-License-Identifier: MIT
 * widget: the parts that many pages share: form values and their problems, checkboxes, lists by pages. Private to the console.
 */
#ifndef JETON_ENDPOINT_CONSOLE_WIDGET_H
#define JETON_ENDPOINT_CONSOLE_WIDGET_H
#include "endpoint/call.h"

enum { WIDGET_ROWS = 25 }; /* of a page of a list */

/* The page's fields, with the place in the navigation: section "account" or "admin", word such as "tokens". */
struct page_fields *widget_account(struct call *c, const char *nav);
struct page_fields *widget_admin(struct call *c, const char *nav);

/* Names of form fields end with NULL. Values as they were typed; checkboxes "1" or "". */
void widget_typed(struct call *c, struct page_fields *f, const char *const *names);
void widget_empty(struct page_fields *f, const char *const *names);
/* problem_NAME for each name, the list `problems`, and, when there are any, the summary `error`. */
void widget_problems(struct call *c, struct page_fields *f, const struct problems *p, const char *const *names);
/* What is wrong with one field, in the page's language; empty: nothing. `p` NULL: nothing is. */
str widget_problem(const struct call *c, const struct problems *p, const char *name);
/* No problems: what a form shows first. */
void widget_sound(struct call *c, struct page_fields *f, const char *const *names);
/* An err that is the person's to mend becomes part of the page (*status is set); others are passed up. */
fallible widget_refused(struct call *c, struct page_fields *f, err why, int *status);

/* The values of a list field (`scopes[]`) as words; present even when none was sent. */
str widget_words(struct call *c, const char *name);
/* The groups {group, scopes: {scope, description, chosen}} of scope_choice.html. */
void widget_scopes(struct call *c, struct page_fields *f, str chosen);
str widget_escaped(struct call *c, str text); /* for a path segment or a query value */
str widget_place(struct call *c, const char *before, str id, const char *after);
/* A number in a form: digits; absent or empty gives `none`; malformed adds a problem. */
int64_t widget_number(struct call *c, const char *name, int64_t none, struct problems *p);
/* filter, page of the query into a db_page; the fields of pager.html and `filter`. */
struct db_page widget_page(struct call *c);
void widget_pager(struct call *c, struct page_fields *f, const struct db_page *page, int64_t total);
/* To /login and back here: the step needs a fresh password (LS-13, PT-03). */
fallible widget_login_again(struct call *c, str back);
/* This browser is known from now on: its person has just logged in with everything that they have (RL-02). */
fallible widget_known_device(struct call *c, const struct db_user *user);
#endif
