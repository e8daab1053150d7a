/* SPDX-License-Identifier: MIT
 * details_types: what authorization details may be about, defined by the administrator like scopes are. Relies on the store for
 * uniqueness; promises that each type has words for people, and each further member too, so that nobody is asked to agree to a
 * member that the page cannot name (RFC 9396 2, CO-02). */
#include "scope/details_types.h"

#include "base/ascii.h"
#include "context/check.h"

#include "base/banned.h"

static fallible may_edit(const struct actor *by)
{
    if (!actor_may(by, "edit-scopes"))
        FAIL(INSUFFICIENT_SCOPE, "edit-scopes is needed");
    return OK;
}

static bool name_fits(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_unreserved(name.p[i]) || name.p[i] == '~')
            return false;
    return name.n > 0 && name.n <= 64;
}

static bool is_common(str name)
{
    return str_has_word(STR("type locations actions datatypes identifier privileges"), name);
}

/* `name:words;name:words` becomes lines `name:words`. */
static fallible fold_fields(struct arena *a, str given, struct problems *p, str *lines)
{
    str piece;
    size_t count = 0;
    struct buf b = buf_new(a, CHECK_LIST_BYTES);
    for (str rest = given; str_filled(rest) && str_next(&rest, ';', &piece);) {
        piece = str_trim(piece);
        if (piece.n == 0)
            continue;
        size_t colon = str_find(piece, ':');
        str name = str_trim((str){piece.p, colon});
        str words = colon < piece.n ? str_trim((str){piece.p + colon + 1, piece.n - colon - 1}) : STR("");
        if (!name_fits(name) || is_common(name))
            problem_add(p, "fields",
                        STR("A field must be name:label. Its name must have 1 to 64 letters, digits or - . _ and must not be one of the common ones."));
        check_text(a, words, &(struct check_text){"fields", SAY("The label of a field"), 1, CHECK_NAME_MAX}, p);
        if (++count > DETAILS_TYPES_FIELDS_MAX)
            problem_add(p, "fields", STR("At most 32 fields may be named."));
        if (p->count > 0)
            break;
        if (b.n > 0)
            buf_char(&b, '\n');
        buf_add(&b, name);
        buf_char(&b, ':');
        buf_add(&b, words);
    }
    return buf_done(&b, lines);
}

fallible details_types_add(struct context *ctx, const struct actor *by, const struct details_edit *edit, struct problems *p)
{
    struct db_details_type type = {.type = edit->type, .description = edit->description, .created_at = ctx->now};
    TRY(may_edit(by));
    if (!check_scope_token(edit->type))
        problem_add(p, "type", STR("A type must have 1 to 128 visible ASCII characters without quotes and backslashes."));
    check_text(ctx->arena, edit->description, &(struct check_text){"description", SAY("The description"), 1, CHECK_NAME_MAX}, p);
    TRY(fold_fields(ctx->arena, edit->fields, p, &type.fields));
    TRY(problem_result(p));
    err e = db_details_add(ctx->tx, &type);
    if (e.kind == ERR_CONFLICT) {
        problem_add(p, "type", STR("This type already exists."));
        return problem_result(p);
    }
    TRY(e);
    check_event(ctx, by, "details.added", &(struct authority_event_facts){.subject = edit->type});
    return OK;
}

fallible details_types_remove(struct context *ctx, const struct actor *by, str type, bool *removed)
{
    bool gone = false;
    TRY(may_edit(by));
    TRY(db_details_remove(ctx->tx, type, &gone));
    if (gone)
        check_event(ctx, by, "details.removed", &(struct authority_event_facts){.subject = type});
    *removed = gone;
    return OK;
}
