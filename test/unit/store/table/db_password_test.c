/* SPDX-License-Identifier: MIT
 * db_password: a setting is remembered as long as somebody's hash begins with it. */
#include "store/fresh.h"
#include "store/table/db_password.h"

#include "base/banned.h"

struct reading {
    struct arena *a;
    struct db_rows rows;
};

static err read_settings(struct db_conn *c, void *context)
{
    struct reading *r = context;
    return db_password_rows(c, r->a, &r->rows);
}

static size_t settings_of(struct fresh *s, const str **out)
{
    struct reading r = {s->a, {NULL, 0}};
    MUST(db_read(s->tx, read_settings, &r));
    *out = r.rows.rows;
    return r.rows.count;
}

static bool forget(struct fresh *s, const char *setting)
{
    bool gone = false;
    MUST(db_password_setting_forget(s->tx, str_of(setting), &gone));
    return gone;
}

Test(password_setting, is_forgotten_when_nobodys_hash_begins_with_it)
{
    struct fresh s = fresh_new(true);
    const str *rows;
    struct db_user u = fresh_user(&s, "ada"); /* $argon2id$x */
    MUST(db_password_setting_add(s.tx, STR("$argon2id$")));
    MUST(db_password_setting_add(s.tx, STR("$argon2id$"))); /* there already: OK */
    MUST(db_password_setting_add(s.tx, STR("$2b$10$")));
    MUST(db_password_setting_add(s.tx, STR("argon2id")));
    cr_assert_eq(settings_of(&s, &rows), 3u);
    cr_assert(str_is(rows[0], "$2b$10$") && str_is(rows[1], "$argon2id$"));
    cr_assert_not(forget(&s, "$argon2id$"));
    cr_assert(forget(&s, "$2b$10$"));
    cr_assert(forget(&s, "argon2id"), "within a hash it is no beginning");
    cr_assert_not(forget(&s, "$2b$10$"), "there is nothing more to forget");
    MUST(db_user_remove(s.tx, s.a, u.number));
    cr_assert(forget(&s, "$argon2id$"));
    cr_assert_eq(settings_of(&s, &rows), 0u);
    fresh_end(&s);
}

Test(password_setting, memory_is_given_as_many_as_it_keeps)
{
    struct fresh s = fresh_new(true);
    const str *rows;
    for (char setting[] = "$a$"; setting[1] < 'a' + DB_PASSWORD_SETTINGS_MAX + 2; setting[1]++)
        MUST(db_password_setting_add(s.tx, str_of(setting)));
    cr_assert_eq(settings_of(&s, &rows), (size_t)DB_PASSWORD_SETTINGS_MAX);
    fresh_end(&s);
}
