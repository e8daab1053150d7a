/* SPDX-License-Identifier: MIT
 * metadata: the table of registered metadata, and its way between text and JSON. Relies on store/table/db_client_metadata for the struct, of
 * which each member has one row here (it does not compile otherwise). Promises that nothing is lost on the way: what is put is read
 * back the same (CVE-2026-107623), and that a member of the wrong type is a problem, never an absence. */
#include "client/metadata.h"

#include "client/metadata_rules.h"
#include "base/banned.h"

#define COUNT(...) +1
_Static_assert(METADATA_COUNT == 0 DB_CLIENT_METADATA(COUNT, COUNT, COUNT, COUNT), "each stored member has its row");
#undef COUNT

/* clang-format off */
const struct metadata_row metadata_rows[METADATA_COUNT] = {
#define ROW(setter_, needed_, name_, kind_, group_, check_, shape_, label_, help_)                                                          \
    [METADATA_##name_] = {#name_, METADATA_KIND_##kind_, METADATA_GROUP_##group_, METADATA_BY_##setter_, needed_, shape_, label_, help_, \
                          offsetof(struct db_client_metadata, name_)},
#define W(...) ROW(SOFTWARE, false, __VA_ARGS__)
#define R(...) ROW(SOFTWARE, true, __VA_ARGS__)
#define A(...) ROW(ADMIN, false, __VA_ARGS__)
#define N(...) ROW(SYSTEM, false, __VA_ARGS__)
    METADATA_ROWS(W, R, A, N)
#undef W
#undef R
#undef A
#undef N
#undef ROW
};
/* clang-format on */

static bool is_flag(size_t row)
{
    INVARIANT(row < METADATA_COUNT);
    return metadata_rows[row].kind == METADATA_KIND_FLAG;
}

str metadata_value(const struct db_client_metadata *m, size_t row)
{
    const char *at = (const char *)m + metadata_rows[row].offset;
    if (is_flag(row))
        return *(const bool *)(const void *)at ? STR("true") : STR_ABSENT;
    str value = *(const str *)(const void *)at;
    return str_filled(value) ? value : STR_ABSENT;
}

void metadata_set(struct db_client_metadata *m, size_t row, str value)
{
    char *at = (char *)m + metadata_rows[row].offset;
    if (is_flag(row))
        *(bool *)(void *)at = str_is(value, "true");
    else
        *(str *)(void *)at = str_filled(value) ? value : STR_ABSENT;
}

static json *list_json(struct arena *a, str value, char separator)
{
    json *list = json_list_new(a);
    str piece;
    for (str rest = value; str_filled(rest) && str_next(&rest, separator, &piece);)
        json_add_text(a, list, piece);
    return list;
}

static void put_value(struct arena *a, json *object, size_t row, str value)
{
    const char *name = metadata_rows[row].name;
    uint64_t number = 0;
    json *parsed = NULL;
    switch (metadata_rows[row].kind) {
    case METADATA_KIND_NUMBER:
        if (!FAILED(str_u64(value, INT64_MAX, &number)))
            json_put_integer(a, object, name, (int64_t)number);
        return;
    case METADATA_KIND_WORDS:
        json_put(a, object, name, list_json(a, value, ' '));
        return;
    case METADATA_KIND_LINES:
        json_put(a, object, name, list_json(a, value, '\n'));
        return;
    case METADATA_KIND_FLAG:
        json_put_boolean(a, object, name, str_is(value, "true"));
        return;
    case METADATA_KIND_KEYS:
        if (!FAILED(json_parse(a, value, &parsed)))
            json_put(a, object, name, parsed);
        return;
    case METADATA_KIND_TEXT:
        break;
    }
    json_put_text(a, object, name, value);
}

void metadata_put(struct arena *a, json *object, const struct db_client_metadata *m, enum metadata_setter most)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        str value = metadata_value(m, i);
        if (str_present(value) && metadata_rows[i].setter <= most && i != METADATA_sealed_secret) /* CA-14 */
            put_value(a, object, i, value);
    }
}

bool metadata_list(struct arena *a, const json *value, char separator, str *out)
{
    struct buf b = buf_new(a, BUF_JSON_MAX);
    str text = STR("");
    if (json_is_text(value)) {
        *out = json_text_of(value);
        return true;
    }
    if (!json_is_list(value))
        return false;
    for (size_t i = 0; i < json_count(value); i++) {
        str piece = json_text_of(json_at(value, i));
        if (!str_filled(piece) || str_find(piece, separator) < piece.n)
            return false;
        if (i > 0)
            buf_char(&b, separator);
        buf_add(&b, piece);
    }
    if (b.n > 0 && FAILED(buf_done(&b, &text)))
        return false;
    *out = text;
    return true;
}

static bool read_number(struct arena *a, const json *value, str *out)
{
    int64_t number = 0;
    if (!json_integer_of(value, &number) || number < 0)
        return false;
    *out = str_format(a, "%lld", (long long)number);
    return str_present(*out);
}

const char *metadata_value_read(struct arena *a, size_t row, const json *value, str *out)
{
    bool on = false;
    switch (metadata_rows[row].kind) {
    case METADATA_KIND_NUMBER:
        return read_number(a, value, out) ? NULL : "{member} must be a whole number, 0 or more.";
    case METADATA_KIND_WORDS:
        return metadata_list(a, value, ' ', out) ? NULL : "{member} must be a list of words.";
    case METADATA_KIND_LINES:
        return metadata_list(a, value, '\n', out) ? NULL : "{member} must be a list of strings.";
    case METADATA_KIND_FLAG:
        if (!json_boolean_of(value, &on))
            return "{member} must be true or false.";
        *out = on ? STR("true") : STR("false");
        return NULL;
    case METADATA_KIND_KEYS:
        if (!json_is_object(value) || FAILED(json_text(a, value, out)))
            return "{member} must be a JSON object with the member keys.";
        return NULL;
    case METADATA_KIND_TEXT:
        break;
    }
    if (!json_is_text(value))
        return "{member} must be a string.";
    *out = json_text_of(value);
    return NULL;
}

void metadata_read(struct arena *a, const json *object, enum metadata_setter setter, str *values, struct problems *p)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        const json *value = metadata_rows[i].setter <= setter ? json_member(object, metadata_rows[i].name) : NULL;
        const char *wrong = NULL;
        if (value != NULL && json_is_nothing(value))
            values[i] = STR("");
        else if (value != NULL)
            wrong = metadata_value_read(a, i, value, &values[i]);
        struct message m = metadata_rules_message(i, wrong != NULL ? wrong : "");
        if (wrong != NULL)
            problem_tell(p, metadata_rows[i].name, a, &m);
    }
}

fallible metadata_copy(struct arena *a, struct db_client_metadata *m)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        str value = metadata_value(m, i);
        if (is_flag(i) || !str_present(value))
            continue;
        value = str_dup(a, value);
        if (!str_present(value))
            FAIL(UNAVAILABLE, "no memory for client metadata");
        metadata_set(m, i, value);
    }
    return OK;
}
