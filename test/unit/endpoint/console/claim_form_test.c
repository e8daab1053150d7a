/* SPDX-License-Identifier: MIT
 * claim_form: the standard claims in the forms for people: a field for each row, and none for a verdict in one's own. */
#include "endpoint/console/claim_form.h"
#include "endpoint/visit.h"

#include "base/banned.h"

TestSuite(claim_form, .init = visit_open);

static bool has_field(const struct answer *r, const char *name)
{
    return visit_shows(r, visit_z(visit_text(" name=\"%s\"", name)));
}

static struct user_claims_edit read_form(enum claim_form_for whose, const char *fields)
{
    struct user_claims_edit e = {{{NULL, 0}}};
    claim_form_read(visit_call(fields), whose, &e);
    return e;
}

Test(claim_form, each_claim_has_its_field_and_ones_own_form_no_verdict) /* AD-04 */
{
    struct answer own = visit_get(visit_browser(ada), "/account");
    struct answer others = visit_get(visit_browser(root), visit_z(visit_text("/admin/users/%.*s", STR_FMT(ada->id))));
    struct answer fresh = visit_get(visit_browser(root), "/admin/new-user");
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++) {
        const struct user_claims_row *row = &user_claims_table[i];
        cr_expect(has_field(&own, row->field) == (row->kind != USER_CLAIMS_VERIFIED), "%s", row->field);
        cr_expect(has_field(&others, row->field) && has_field(&fresh, row->field), "%s", row->field);
    }
}

Test(claim_form, a_verdict_in_ones_own_form_is_not_read) /* AD-04 */
{
    const char *fields = "email_verified=true&phone_number_verified=true&nickname=A&given_name=";
    struct user_claims_edit own = read_form(CLAIM_FORM_OWN, fields), others = read_form(CLAIM_FORM_OTHERS, fields);
    cr_expect(!str_present(own.values[USER_CLAIMS_email_verified]) && !str_present(own.values[USER_CLAIMS_phone_number_verified]));
    cr_expect(str_is(others.values[USER_CLAIMS_email_verified], "true") && str_is(others.values[USER_CLAIMS_phone_number_verified], "true"));
    cr_expect(str_is(own.values[USER_CLAIMS_nickname], "A"));
    cr_expect(str_present(own.values[USER_CLAIMS_given_name]) && own.values[USER_CLAIMS_given_name].n == 0); /* empty: none any more */
    cr_expect_not(str_present(own.values[USER_CLAIMS_family_name]));                                         /* not there: as it is */
}

Test(claim_form, what_is_stored_comes_back_and_an_empty_field_takes_it_away)
{
    struct browser *b = visit_browser(ada);
    expect_goes(visit_post(b, "/account", "nickname=%3Cb%3EAda&address_street_address=Main+St+1%0D%0AApt+2"), "/account?done=saved");
    struct answer r = visit_get(b, "/account");
    cr_expect(visit_shows(&r, "value=\"&lt;b&gt;Ada\"") || visit_shows(&r, "&lt;b&gt;Ada"));
    expect_goes(visit_post(b, "/account", "full_name=Ada"), "/account?done=saved");
    struct user_claims_edit now;
    assert_done(user_claims_values(visit_memory(), visit_again(ada), &now));
    cr_expect(str_is(now.values[USER_CLAIMS_nickname], "<b>Ada"));
    expect_goes(visit_post(b, "/account", "nickname="), "/account?done=saved");
    assert_done(user_claims_values(visit_memory(), visit_again(ada), &now));
    cr_expect_not(str_filled(now.values[USER_CLAIMS_nickname]));
}

Test(claim_form, a_refused_value_is_told_beside_its_field_and_kept_with_the_others)
{
    struct browser *b = visit_browser(ada);
    struct answer r = visit_post(b, "/account", "birthdate=yesterday&nickname=%22%3E%3Cscript%3Ealert(1)&website=javascript%3Aalert(1)");
    expect_page(r, "account_claims", 422);
    cr_expect(visit_shows(&r, "id=\"birthdate-problem\"") && visit_shows(&r, "value=\"yesterday\"") && visit_shows(&r, "id=\"website-problem\""));
    cr_expect(visit_shows(&r, "value=\"&quot;&gt;&lt;script&gt;alert(1)\"") && !visit_shows(&r, "id=\"nickname-problem\""));
    cr_expect_not(str_filled(visit_again(ada)->claims));
}

Test(claim_form, a_damaged_row_is_an_error_and_no_empty_form)
{
    struct browser *b = visit_browser(ada);
    visit_sql("UPDATE users SET claims = '{' WHERE username = 'ada'");
    struct db_user damaged = *ada;
    damaged.claims = STR("{");
    struct call *c = visit_call("");
    struct claim_form form = {CLAIM_FORM_OWN, &damaged, NULL, NULL};
    expect_kind(claim_form_put(c, page_fields_new(visit_memory()), &form), SERVER_ERROR);
    expect_refused(visit_get(b, "/account"), 500, SERVER_ERROR);
}
