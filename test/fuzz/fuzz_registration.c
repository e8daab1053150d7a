/* SPDX-License-Identifier: MIT
 * Fuzz: the body of a registration (RFC 7591). Software gets no grant beyond its right and, where none is registered, no
 * scope but those about a person, sets nothing that is an
 * administrator's, and every refusal names a member. The first byte says how much is allowed. */
#include "registration/registration_form.h"
#include "house.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(str words, str allowed)
{
    str word;
    for (str rest = words; str_filled(rest) && str_next(&rest, ' ', &word);)
        if (str_filled(word) && !str_has_word(allowed, word))
            return false;
    return true;
}

static void judged(const struct client_edit *edit, const struct registration_right *right)
{
    INVARIANT(within(edit->grants, right->grants) && within(edit->scopes, STR("openid profile email address phone offline_access")));
    INVARIANT(edit->first_party != 1 && edit->compat_processmaker != 1 && !str_filled(edit->owner) && !str_present(edit->secret));
    for (size_t i = 0; i < METADATA_COUNT; i++)
        INVARIANT(metadata_rows[i].setter == METADATA_BY_SOFTWARE || !str_filled(edit->metadata[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_new(16 << 20);
    struct context ctx;
    json *body;
    struct problems p = {0};
    struct client_edit edit = client_edit_nothing();
    struct registration_right right = {.grants = STR("authorization_code refresh_token"), .scopes = STR("")};
    if (data[0] % 2)
        right = (struct registration_right){.grants = STR("authorization_code client_credentials"), .scopes = STR(""), .method = STR("none")};
    INVARIANT(!FAILED(authority_enter(house(), a, &ctx)));
    if (!FAILED(json_parse(a, (str){(const char *)data + 1, size - 1}, &body))) {
        err e = registration_form_read(&ctx, body, &right, &edit, &p);
        INVARIANT(!FAILED(e) || p.count > 0 || e.kind == ERR_UNPROCESSABLE || e.kind == ERR_INVALID_REQUEST || e.kind == ERR_UNAVAILABLE);
        registration_form_rename(&p);
        for (size_t i = 0; i < p.count; i++)
            INVARIANT(p.rows[i].field != NULL && str_filled(p.rows[i].message));
        if (!FAILED(e) && p.count == 0)
            judged(&edit, &right);
    }
    authority_leave(&ctx);
    arena_release(a);
    return 0;
}
