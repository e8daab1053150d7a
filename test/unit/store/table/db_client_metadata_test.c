/* SPDX-License-Identifier: MIT
 * db_client_metadata: what was registered is read back whole, and a text that is none is an error, never an empty registration. */
#include "store/fresh.h"

#include "base/banned.h"

/* Each member has its own name as its text, behind what JSON must escape. */
static struct db_client_metadata everything(struct arena *a)
{
    struct db_client_metadata m = {0};
#define TEXT(name_) m.name_ = str_format(a, "\"\\\n\xc3\xa9 %s", #name_);
#define FLAG(name_) m.name_ = true;
    DB_CLIENT_METADATA(TEXT, TEXT, TEXT, FLAG)
#undef TEXT
#undef FLAG
    return m;
}

Test(client_metadata, every_member_is_read_back)
{
    struct arena *a = arena_new(1 << 20);
    struct db_client_metadata m = everything(a), back;
    str text;
    MUST(db_client_metadata_write(a, &m, &text));
    MUST(db_client_metadata_read(a, text, &back));
#define TEXT(name_) cr_assert(str_equal(back.name_, m.name_), "%s", #name_);
#define FLAG(name_) cr_assert(back.name_, "%s", #name_);
    DB_CLIENT_METADATA(TEXT, TEXT, TEXT, FLAG)
#undef TEXT
#undef FLAG
    arena_release(a);
}

Test(client_metadata, of_nothing_nothing_is_kept_and_an_empty_text_is_something)
{
    struct arena *a = arena_new(1 << 16);
    struct db_client_metadata m = {0}, back = {.client_uri = STR("x"), .require_auth_time = true};
    str text = STR("x");
    MUST(db_client_metadata_write(a, &m, &text));
    cr_assert_not(str_present(text));
    MUST(db_client_metadata_read(a, text, &back));
    cr_assert(!str_present(back.client_uri) && !back.require_auth_time);
    m.client_uri = STR("");
    MUST(db_client_metadata_write(a, &m, &text));
    MUST(db_client_metadata_read(a, text, &back));
    cr_assert(str_present(back.client_uri) && !str_filled(back.client_uri));
    arena_release(a);
}

Test(client_metadata, members_that_the_table_lost_are_ignored)
{
    struct arena *a = arena_new(1 << 16);
    struct db_client_metadata m;
    MUST(db_client_metadata_read(a, STR("{\"lost\":[1],\"client_uri\":\"https://a\",\"require_auth_time\":true}"), &m));
    cr_assert(str_is(m.client_uri, "https://a") && m.require_auth_time && !str_present(m.logo_uri));
    arena_release(a);
}

Test(client_metadata, what_is_no_object_is_damage)
{
    static const char *const texts[] = {"", "x", "[]", "\"a\"", "null", "{\"a\":1", "{\"client_uri\":\"a\",\"client_uri\":\"b\"}", "{} x"};
    struct arena *a = arena_new(1 << 16);
    struct db_client_metadata m;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        MUST_FAIL(SERVER_ERROR, db_client_metadata_read(a, str_of(texts[i]), &m));
    arena_release(a);
}

Test(client_metadata, a_client_whose_metadata_is_damaged_is_not_loaded)
{
    struct fresh s = fresh_new(true);
    struct db_client c = {.id = STR("app"), .metadata.client_uri = STR("https://a")}, *rows;
    size_t count;
    MUST(db_client_add(s.tx, &c));
    MUST(db_client_all(s.store, s.a, &rows, &count));
    cr_assert(str_is(rows[0].metadata.client_uri, "https://a"));
    (void)by_hand(&s, "UPDATE clients SET metadata = '{\"client_uri\":'");
    MUST_FAIL(SERVER_ERROR, db_client_all(s.store, s.a, &rows, &count));
    fresh_end(&s);
}

Test(client_metadata, without_room_nothing_is_cut)
{
    struct arena *a = arena_new(1 << 20), *small = arena_new(4096);
    struct db_client_metadata m = everything(a);
    str text = STR("untouched");
    char *big = arena_take(a, 1 << 16);
    memset(big, 'x', 1 << 16);
    m.jwks = (str){big, 1 << 16};
    MUST_FAIL(UNAVAILABLE, db_client_metadata_write(small, &m, &text));
    cr_assert(str_is(text, "untouched"));
    arena_release(small);
    arena_release(a);
}
