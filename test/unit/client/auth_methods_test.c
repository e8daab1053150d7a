/* SPDX-License-Identifier: MIT
 * auth_methods: what each way of a client needs; a word is one of them or none. */
#include "client/auth_methods.h"

#include <criterion/criterion.h>

Test(auth_methods, words_are_compared_whole)
{
    static const char *const strange[] = {"", "client_secret", "client_secret_basic ", "Client_Secret_Basic", "none,any", "tls", "NONE"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        cr_expect_null(auth_methods_find(str_of(strange[i])), "%s", strange[i]);
    cr_expect_null(auth_methods_find(STR_ABSENT));
    for (const struct auth_method *m = auth_methods; m->name != NULL; m++)
        cr_expect_eq(auth_methods_find(str_of(m->name)), m);
}

Test(auth_methods, each_but_none_needs_something_that_proves)
{
    for (const struct auth_method *m = auth_methods; m->name != NULL; m++) {
        cr_expect_eq(m->secret || m->keys || m->tls, !str_is(str_of(m->name), "none"), "%s", m->name);
        cr_expect_not(m->secret && (m->keys || m->tls), "%s", m->name);
    }
}

Test(auth_methods, our_own_word_is_offered_to_nobody)
{
    for (const struct auth_method *m = auth_methods; m->name != NULL; m++)
        cr_expect_eq(m->listed, !str_is(str_of(m->name), "any"), "%s", m->name);
}
