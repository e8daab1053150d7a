/* SPDX-License-Identifier: MIT
 * user_names: see the header. Relies on codec/text for what a name is, and on the store, which looks for clashes in the transaction that writes. */
#include "user/user_names.h"

#include "codec/text.h"
#include "codec/utf8.h"

#include "base/banned.h"

enum { USERNAME_MIN = 2 };

fallible user_names_username(struct context *ctx, str typed, struct problems *p, str *name)
{
    str key;
    *name = typed;
    if (!utf8_valid(typed) || typed.n > DB_USER_TYPED_MAX) {
        problem_add(p, "username", STR("A username must be UTF-8 text of at most 255 bytes."));
        return OK;
    }
    err e = text_username(ctx->arena, typed, name, &key);
    if (FAILED(e) && e.kind != ERR_INVALID_REQUEST)
        return e;
    if (FAILED(e))
        problem_add(p, "username", str_of(err_say(e)));
    else if (utf8_length(*name) < USERNAME_MIN || name->n > DB_USER_NAME_MAX || key.n > DB_USER_NAME_MAX)
        problem_tell(p, "username", ctx->arena,
                     &MESSAGE("A username must have at least {least} characters and at most {most} bytes.", MESSAGE_NUMBER("least", USERNAME_MIN),
                              MESSAGE_NUMBER("most", DB_USER_NAME_MAX)));
    return OK;
}

fallible user_names_email(struct context *ctx, str typed, struct problems *p, str *email)
{
    bool readable = false;
    *email = str_trim(typed);
    if (email->n == 0) {
        *email = STR("");
        return OK;
    }
    size_t at = str_find(*email, '@');
    bool fit = email->n <= DB_USER_EMAIL_MAX && utf8_no_controls(*email) && str_find(*email, ' ') == email->n && at > 0 && at + 1 < email->n;
    if (fit)
        fit = str_find((str){email->p + at + 1, email->n - at - 1}, '@') == email->n - at - 1;
    if (fit) {
        TRY(text_readable(ctx->arena, *email, &readable));
        TRY(text_nfc(ctx->arena, *email, email));
    }
    if (!fit || !readable)
        problem_add(p, "email", STR("This is not an e-mail address. It must be name@domain, at most 254 bytes, without spaces or invisible characters."));
    return OK;
}

fallible user_names_verdict(struct context *ctx, struct db_user *next)
{
    struct user_claims_edit claims;
    TRY(user_claims_values(ctx->arena, next, &claims));
    next->email_verified = str_filled(next->email) && str_is(claims.values[USER_CLAIMS_email_verified], "true");
    return OK;
}

fallible user_names_saved(struct context *ctx, err e, const struct db_user_clash *clash, struct problems *p)
{
    if (e.kind != ERR_CONFLICT)
        return e;
    switch (clash->with) {
    case DB_USER_CLASH_NONE:
        return e;
    case DB_USER_CLASH_NAME:
        problem_add(p, "username", STR("This username is taken; choose another one."));
        break;
    case DB_USER_CLASH_LOOK:
        problem_tell(p, "allow_look_alike", ctx->arena,
                     &MESSAGE("This username looks like `{other}`, which belongs to another user: choose another one, or confirm that you want it.",
                              MESSAGE_TEXT("other", clash->other)));
        break;
    case DB_USER_CLASH_NAME_IS_EMAIL:
        problem_tell(p, "username", ctx->arena,
                     &MESSAGE("This is the verified e-mail address of `{other}`; choose another username.", MESSAGE_TEXT("other", clash->other)));
        break;
    case DB_USER_CLASH_EMAIL:
        problem_tell(p, "email", ctx->arena,
                     &MESSAGE("This is the verified e-mail address of `{other}`; two users cannot share one.", MESSAGE_TEXT("other", clash->other)));
        break;
    case DB_USER_CLASH_EMAIL_IS_NAME:
        problem_tell(p, "email", ctx->arena,
                     &MESSAGE("This is the username of `{other}`; it cannot be another user's verified e-mail address.", MESSAGE_TEXT("other", clash->other)));
        break;
    }
    return problem_result(p);
}
