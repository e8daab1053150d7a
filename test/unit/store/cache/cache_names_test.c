/* SPDX-License-Identifier: MIT
 * Names of clients that a person could take for each other. */
#include "store/scene.h"

#include "base/banned.h"

static struct db_client named(struct scene *x, const char *id, const char *name, const char *origin)
{
    struct db_client c = {.id = str_of(id), .name = str_of(name)};
    c.metadata.origin = str_of(origin);
    MUST(db_client_add(x->s.tx, &c));
    return c;
}

static bool taken(struct scene *x, int64_t number, const char *name, const char *origin)
{
    bool is = false;
    struct db_client c = {.number = number, .name = str_of(name)};
    c.metadata.origin = str_of(origin);
    MUST(cache_name_taken(x->cache, x->s.a, &c, &is));
    return is;
}

Test(names, are_compared_as_people_read_them_and_software_must_not_even_look_alike)
{
    struct scene x = scene_new();
    struct db_client bank = named(&x, "bank", "Bank  Login", NULL);
    cr_assert(taken(&x, 0, "bank login", NULL));
    cr_assert(taken(&x, 0, " BANK LOGIN ", "open"));
    cr_assert_not(taken(&x, bank.number, "Bank Login", NULL)); /* its own */
    cr_assert_not(taken(&x, 0, "Bank L0gin", NULL));
    cr_assert(taken(&x, 0, "Bank L0gin", "open"));
    cr_assert(taken(&x, 0, "B\xd0\xb0nk Login", "dynamic")); /* a Cyrillic letter */
    cr_assert_not(taken(&x, 0, "Another", "open"));
    scene_end(&x);
}

Test(names, of_software_are_nobodys_but_its_own)
{
    struct scene x = scene_new();
    (void)named(&x, "one", "Notes", "open");
    cr_assert_not(taken(&x, 0, "Notes", "open"));
    cr_assert_not(taken(&x, 0, "Notes", NULL));
    scene_end(&x);
}

Test(names, follow_what_happens_to_clients_after_the_first_question)
{
    struct scene x = scene_new();
    cr_assert_not(taken(&x, 0, "Later", "open"));                                                  /* from now on they are counted */
    struct db_client one = named(&x, "one", "Later", NULL), two = named(&x, "two", "later", NULL); /* as older programs let them be */
    cr_assert(taken(&x, one.number, "LATER", NULL));
    MUST(db_client_remove(x.s.tx, two.number));
    cr_assert_not(taken(&x, one.number, "LATER", NULL));
    cr_assert(taken(&x, 0, "LATER", NULL));
    one.name = STR("Renamed");
    MUST(db_client_save(x.s.tx, &one));
    cr_assert_not(taken(&x, 0, "LATER", "open"));
    cr_assert(taken(&x, 0, "Renamed", "open"));
    MUST(db_client_remove(x.s.tx, one.number));
    cr_assert_not(taken(&x, 0, "Renamed", "open"));
    scene_end(&x);
}
