/* SPDX-License-Identifier: MIT
 * details_types: who may define a type, and that it has words for whatever people are asked to agree to (RFC 9396 2, CO-02). */
#include "scope/details_types.h"
#include "people.h"

#include "base/banned.h"

static const struct details_edit payment = {STR("payment"), STR("Pay from your account"), STR("amount:Amount;; creditor : To whom ;")};

Test(details_types, what_was_defined_is_known_once_and_goes_again)
{
    struct scene s = scene_new();
    bool removed = false;
    assert_done(details_types_add(s.ctx, &actor_owner, &payment, &s.p));
    scene_next(&s);
    const struct db_details_type *type = cache_details_type(s.ctx->snapshot, STR("payment"));
    cr_assert_not_null(type);
    cr_expect(str_is(type->fields, "amount:Amount\ncreditor:To whom") && str_is(type->description, "Pay from your account"));
    expect_kind(details_types_add(s.ctx, &actor_owner, &payment, &s.p), UNPROCESSABLE);
    cr_expect(problem_at(&s.p, "type"));
    assert_done(details_types_remove(s.ctx, &actor_owner, STR("payment"), &removed));
    cr_expect(removed);
    assert_done(details_types_remove(s.ctx, &actor_owner, STR("payment"), &removed));
    cr_expect_not(removed);
    scene_next(&s);
    cr_expect_null(cache_details_type(s.ctx->snapshot, STR("payment")));
    cr_expect(event_count(&s, "details.added") == 1 && event_count(&s, "details.removed") == 1);
}

Test(details_types, only_who_may_edit_scopes)
{
    struct scene s = scene_new();
    struct db_user *editor = scene_person(&s, "editor", "view-scopes edit-scopes", false), *viewer = scene_person(&s, "viewer", "view-scopes", false);
    struct actor others[] = {{0}, actor_software, by_session(viewer), by_token(editor, "view-scopes", false), by_personal(editor, "")};
    struct actor may = by_session(editor);
    bool removed = false;
    assert_done(details_types_add(s.ctx, &may, &payment, &s.p));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        expect_kind(details_types_add(s.ctx, &others[i], &(struct details_edit){STR("other"), STR("x"), STR_ABSENT}, &s.p), INSUFFICIENT_SCOPE);
        expect_kind(details_types_remove(s.ctx, &others[i], STR("payment"), &removed), INSUFFICIENT_SCOPE);
    }
    scene_next(&s);
    cr_expect(cache_details_type(s.ctx->snapshot, STR("payment")) != NULL && cache_details_type(s.ctx->snapshot, STR("other")) == NULL);
}

static void expect_refused(struct scene *s, struct details_edit edit, const char *field)
{
    s->p.count = 0;
    expect_kind(details_types_add(s->ctx, &actor_owner, &edit, &s->p), UNPROCESSABLE);
    cr_expect(problem_at(&s->p, field), "%.*s", STR_FMT(edit.fields));
}

Test(details_types, a_type_without_words_for_people_is_none)
{
    struct scene s = scene_new();
    static const char *const fields[] = {"amount", "amount:",     "amount: ",     ":Amount", "a b:x",      "a\"b:x",
                                         "type:x", "locations:x", "privileges:x", "a~:x",    "\xc3\xa4:x", "a:x\ny"};
    expect_refused(&s, (struct details_edit){STR(""), STR("x"), STR_ABSENT}, "type");
    expect_refused(&s, (struct details_edit){STR("a b"), STR("x"), STR_ABSENT}, "type");
    expect_refused(&s, (struct details_edit){STR("a\"b"), STR("x"), STR_ABSENT}, "type");
    expect_refused(&s, (struct details_edit){STR("a"), STR(""), STR_ABSENT}, "description");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        expect_refused(&s, (struct details_edit){STR("a"), STR("x"), str_of(fields[i])}, "fields");
}

Test(details_types, there_are_32_fields_at_the_most)
{
    struct scene s = scene_new();
    str text = STR("f0:x");
    for (int i = 1; i <= DETAILS_TYPES_FIELDS_MAX; i++) {
        if (i == DETAILS_TYPES_FIELDS_MAX) {
            struct details_edit most = {STR("most"), STR("x"), text};
            assert_done(details_types_add(s.ctx, &actor_owner, &most, &s.p));
        }
        text = str_format(s.a, "%.*s;f%d:x", STR_FMT(text), i);
    }
    expect_refused(&s, (struct details_edit){STR("more"), STR("x"), text}, "fields");
}
