/* SPDX-License-Identifier: MIT
 * grant_direct: the grants that are one request to the token endpoint. Relies on assertion for a JWT that is made here. Each
 * adds what its standard names, and nothing that the person did not give. */
#include "cli/client/assertion.h"
#include "cli/client/grant_rows.h"
#include "codec/form.h"
#include "base/banned.h"

/* RFC 6749 4.3.2 */
fallible grant_password(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble)
{
    (void)a;
    (void)trouble;
    form_add(form, STR("username"), f->username);
    form_add(form, STR("password"), f->password);
    token_flow_add_filled(form, "scope", f->scope);
    return OK;
}
/* RFC 6749 4.4.2; RFC 9396 6 */
fallible grant_credentials(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble)
{
    (void)a;
    (void)trouble;
    token_flow_add_filled(form, "scope", f->scope);
    token_flow_add_filled(form, "authorization_details", f->authorization_details);
    token_flow_add_words(form, "audience", f->audience);
    return OK;
}
/* RFC 6749 6 */
fallible grant_refresh(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble)
{
    (void)a;
    (void)trouble;
    form_add(form, STR("refresh_token"), f->refresh_token);
    token_flow_add_filled(form, "scope", f->scope);
    token_flow_add_filled(form, "authorization_details", f->authorization_details);
    return OK;
}

/* RFC 8693 3: the short words of the command line; anything else is passed as it is. */
static str token_type(str word)
{
    static const struct {
        const char *word;
        const char *uri;
    } types[] = {
        {"access_token", "urn:ietf:params:oauth:token-type:access_token"},
        {"refresh_token", "urn:ietf:params:oauth:token-type:refresh_token"},
        {"id_token", "urn:ietf:params:oauth:token-type:id_token"},
        {"jwt", "urn:ietf:params:oauth:token-type:jwt"},
        {"saml1", "urn:ietf:params:oauth:token-type:saml1"},
        {"saml2", "urn:ietf:params:oauth:token-type:saml2"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (str_is(word, types[i].word))
            return str_of(types[i].uri);
    }
    return word;
}
/* RFC 8693 2.1 */
fallible grant_exchange(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble)
{
    (void)a;
    (void)trouble;
    str usual = STR("access_token");
    form_add(form, STR("subject_token"), f->subject_token);
    form_add(form, STR("subject_token_type"), token_type(str_present(f->subject_token_type) ? f->subject_token_type : usual));
    if (str_present(f->actor_token)) {
        form_add(form, STR("actor_token"), f->actor_token);
        form_add(form, STR("actor_token_type"), token_type(str_present(f->actor_token_type) ? f->actor_token_type : usual));
    }
    token_flow_add_filled(form, "requested_token_type", token_type(f->requested_token_type));
    token_flow_add_words(form, "audience", f->audience);
    token_flow_add_filled(form, "scope", f->scope);
    return OK;
}
/* RFC 7523 2.1 */
fallible grant_bearer(struct arena *a, struct token_flow *f, struct buf *form, const char **trouble)
{
    str assertion = f->assertion;
    *trouble = "the assertion could not be made";
    if (!str_present(assertion))
        TRY(assertion_grant(a, f, &assertion));
    form_add(form, STR("assertion"), assertion);
    token_flow_add_filled(form, "scope", f->scope);
    return OK;
}
