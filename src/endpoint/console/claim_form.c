/* SPDX-License-Identifier: MIT
 * claim_form: one row of the table of claims is one field of the form. Relies on user/user_claims for what there is and on the
 * template for escaping; promises that typed values come back as they were typed, and that a person's own form has no field for a
 * verdict (AD-04; the rule itself is in user/user). */
#include "endpoint/console/claim_form.h"
#include "endpoint/console/widget.h"

#include "base/banned.h"

static bool is_claim_offered(const struct user_claims_row *row, enum claim_form_for whose)
{
    return row->kind != USER_CLAIMS_VERIFIED || whose == CLAIM_FORM_OTHERS;
}

void claim_form_read(struct call *c, enum claim_form_for whose, struct user_claims_edit *edit)
{
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
        if (is_claim_offered(&user_claims_table[i], whose))
            edit->values[i] = form_get_raw(&c->form, user_claims_table[i].field);
}

/* How browsers fill it in (WHATWG HTML 4.10.18.7.1). */
static const char *autocomplete_of(size_t claim)
{
    switch (claim) {
    case USER_CLAIMS_given_name:
        return "given-name";
    case USER_CLAIMS_family_name:
        return "family-name";
    case USER_CLAIMS_middle_name:
        return "additional-name";
    case USER_CLAIMS_nickname:
        return "nickname";
    case USER_CLAIMS_website:
        return "url";
    case USER_CLAIMS_phone_number:
        return "tel";
    case USER_CLAIMS_street_address:
        return "street-address";
    case USER_CLAIMS_locality:
        return "address-level2";
    case USER_CLAIMS_region:
        return "address-level1";
    case USER_CLAIMS_postal_code:
        return "postal-code";
    case USER_CLAIMS_country:
        return "country-name";
    default:
        return "off";
    }
}

static const char *hint_of(enum user_claims_kind kind)
{
    switch (kind) {
    case USER_CLAIMS_URL:
        return "https://…";
    case USER_CLAIMS_DATE:
        return SAY("YYYY-MM-DD");
    case USER_CLAIMS_ZONE:
        return "Europe/Paris";
    case USER_CLAIMS_LOCALE:
        return SAY("en or fr-CA");
    case USER_CLAIMS_PHONE:
        return "+1 (425) 555-1212";
    case USER_CLAIMS_TEXT:
    case USER_CLAIMS_LINES:
    case USER_CLAIMS_VERIFIED:
        break;
    }
    return "";
}

static void put_one(struct page_fields *row, size_t i, str value, str problem)
{
    const struct user_claims_row *claim = &user_claims_table[i];
    page_put(row, "claim", str_of(claim->field));
    page_put_word(row, "claim_label", str_of(claim->label));
    page_put_word(row, "claim_hint", str_of(hint_of(claim->kind)));
    page_put(row, "claim_complete", str_of(autocomplete_of(i)));
    page_put_number(row, "claim_most", (int64_t)claim->most);
    page_put(row, "claim_value", str_present(value) ? value : STR(""));
    page_put(row, "claim_problem", problem);
    page_put_flag(row, "claim_lines", claim->kind == USER_CLAIMS_LINES);
    page_put_flag(row, "claim_verdict", claim->kind == USER_CLAIMS_VERIFIED);
    page_put_flag(row, "claim_yes", claim->kind == USER_CLAIMS_VERIFIED && str_is(value, "true"));
}

fallible claim_form_put(struct call *c, struct page_fields *f, const struct claim_form *form)
{
    struct user_claims_edit values = {{{NULL, 0}}};
    if (form->user != NULL)
        TRY(user_claims_values(c->context->arena, form->user, &values));
    page_list(f, "claims");
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++) {
        if (!is_claim_offered(&user_claims_table[i], form->whose))
            continue;
        str value = form->typed != NULL && str_present(form->typed->values[i]) ? form->typed->values[i] : values.values[i];
        put_one(page_row(f, "claims"), i, value, widget_problem(c, form->problems, user_claims_table[i].field));
    }
    return OK;
}
