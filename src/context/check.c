/* SPDX-License-Identifier: MIT
 * check: small judgements that several rooms of directory share. Relies on codec for UTF-8. Promises sentences that say what is
 * wrong and how to mend it, and never a shortened value in place of a refused one. */
#include "context/check.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "codec/text.h"
#include "codec/utf8.h"

#include "base/banned.h"

void check_text(struct arena *a, str value, const struct check_text *rule, struct problems *p)
{
    if (rule->least > 0 && str_trim(value).n == 0) {
        problem_tell(p, rule->field, a, &MESSAGE("{what} is required.", MESSAGE_WORD("what", rule->label)));
        return;
    }
    if (!utf8_no_controls(value)) {
        problem_tell(p, rule->field, a, &MESSAGE("{what} must be UTF-8 text without control characters.", MESSAGE_WORD("what", rule->label)));
        return;
    }
    bool readable = false;
    if (str_trim(value).n > 0 && FAILED(text_readable(a, value, &readable))) {
        problem_tell(
            p, rule->field, a,
            &MESSAGE("{what} cannot be checked now: this server needs the package libicu72 for non-ASCII letters.", MESSAGE_WORD("what", rule->label)));
        return;
    }
    if (str_trim(value).n > 0 && !readable) {
        problem_tell(p, rule->field, a,
                     &MESSAGE("{what} may not contain invisible or unknown characters, or characters that change the direction of the text.",
                              MESSAGE_WORD("what", rule->label)));
        return;
    }
    size_t length = utf8_length(value);
    if (length < rule->least || length > rule->most)
        problem_tell(p, rule->field, a,
                     &MESSAGE("{what} must have {least} to {most} characters; it has {length}.", MESSAGE_WORD("what", rule->label),
                              MESSAGE_NUMBER("least", rule->least), MESSAGE_NUMBER("most", rule->most), MESSAGE_NUMBER("length", length)));
}

static str trim_list_piece(str piece)
{
    piece = str_trim(piece);
    while (piece.n > 0 && piece.p[piece.n - 1] == '\r')
        piece = str_trim((str){piece.p, piece.n - 1});
    return piece;
}

static bool is_piece_listed(str list, char separator, str wanted)
{
    str piece;
    while (str_next(&list, separator, &piece))
        if (str_equal(piece, wanted))
            return true;
    return false;
}

fallible check_fold(struct arena *a, str list, char separator, str *out)
{
    if (list.n > CHECK_LIST_BYTES)
        FAIL(UNPROCESSABLE, "a list is too long");
    struct buf b = buf_new(a, CHECK_LIST_BYTES + 1);
    str rest = list, piece;
    while (list.n > 0 && str_next(&rest, separator, &piece)) {
        piece = trim_list_piece(piece);
        if (piece.n == 0 || (b.n > 0 && is_piece_listed((str){b.p, b.n}, separator, piece)))
            continue;
        if (b.n > 0)
            buf_char(&b, separator);
        buf_add(&b, piece);
    }
    str folded;
    TRY(buf_done(&b, &folded));
    *out = str_present(folded) ? folded : STR("");
    return OK;
}

size_t check_count(str folded, char separator)
{
    size_t count = folded.n > 0;
    for (size_t i = 0; i < folded.n; i++)
        count += folded.p[i] == separator;
    return count;
}

fallible check_page(const struct db_page *page)
{
    if (page->limit < 1 || page->limit > 100) /* AD-09 */
        REFUSE(UNPROCESSABLE, "per_page must be a number from 1 to 100.", "page limit out of range");
    if (page->offset < 0)
        REFUSE(UNPROCESSABLE, "page must be a number, 1 or more.", "page offset out of range");
    return OK;
}

bool check_scope_token(str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (!ascii_visible(word.p[i]) || word.p[i] == '"' || word.p[i] == '\\') /* RFC 6749 3.3 */
            return false;
    return word.n >= 1 && word.n <= 128;
}

fallible check_arena(const struct arena *a)
{
    if (arena_failed(a))
        FAIL(UNAVAILABLE, "the memory of this request ended");
    return OK;
}

void check_event(const struct context *ctx, const struct actor *by, const char *name, const struct authority_event_facts *facts)
{
    struct authority_event_facts whole = *facts;
    whole.actor = actor_name(by);
    authority_event(ctx, name, &whole);
}
