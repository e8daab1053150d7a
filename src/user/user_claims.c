/* SPDX-License-Identifier: MIT
 * user_claims: standard claims in and out of a person's row. Relies on codec/json for strict reading. Promises: only what the table
 * names is stored, each in the form that Core 5.1 asks for; what was stored is shown with the right type; a damaged row is an error,
 * never a person without claims. Who may change what is judged in user/user. */
#include "user/user_claims.h"

#include "base/ascii.h"
#include "codec/url.h"
#include "codec/zone.h"
#include "context/check.h"

#include "base/banned.h"

const struct user_claims_row user_claims_table[USER_CLAIMS_COUNT] = {
#define X(claim, parent, field, kind, most, label) {#claim, parent, #field, USER_CLAIMS_##kind, most, label},
    USER_CLAIMS(X)
#undef X
};

/* ---- judging ---- */

static bool has_digits_at(str s, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        if (i >= s.n || !ascii_digit(s.p[i]))
            return false;
    return true;
}

static unsigned read_two_digits(str s, size_t at)
{
    return (unsigned)(s.p[at] - '0') * 10 + (unsigned)(s.p[at + 1] - '0');
}

static bool is_day(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year == 0 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
        return false;
    return month != 2 || day < 29 || leap;
}

/* YYYY-MM-DD (0000: the year is not told) or YYYY (Core 5.1). */
static bool is_date(str s)
{
    if (s.n == 4)
        return has_digits_at(s, 0, 4) && !str_is(s, "0000");
    if (s.n != 10 || !has_digits_at(s, 0, 4) || s.p[4] != '-' || !has_digits_at(s, 5, 2) || s.p[7] != '-' || !has_digits_at(s, 8, 2))
        return false;
    return is_day(read_two_digits(s, 0) * 100 + read_two_digits(s, 2), read_two_digits(s, 5), read_two_digits(s, 8));
}

/* Area/Place, or one word (UTC): letters, digits, _ + - */
static bool is_zone(str s)
{
    str rest = s, part;
    if (!str_filled(s) || !ascii_letter(s.p[0]))
        return false;
    while (str_next(&rest, '/', &part)) {
        if (part.n == 0)
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!ascii_letter(part.p[i]) && !ascii_digit(part.p[i]) && str_find(STR("_+-"), part.p[i]) == 3)
                return false;
    }
    return true;
}

/* RFC 5646 2.1, its shape: a language of 2..8 letters, then subtags of 1..8 letters and digits. `de_CH` is what many have: taken too. */
static bool is_locale(str s)
{
    size_t start = 0, part = 0;
    for (size_t i = 0; i <= s.n; i++) {
        if (i < s.n && s.p[i] != '-' && s.p[i] != '_') {
            if (!ascii_letter(s.p[i]) && (part == 0 || !ascii_digit(s.p[i])))
                return false;
            continue;
        }
        size_t n = i - start;
        if (n < (part == 0 ? 2U : 1U) || n > 8)
            return false;
        start = i + 1;
        part++;
    }
    return true;
}

/* E.164 with the usual signs between (RFC 3966 5.1.1), an extension allowed: +1 (604) 555-1234;ext=5678 */
static bool is_phone(str s)
{
    enum { DIGITS_MIN = 3, DIGITS_MAX = 15, EXTENSION_MAX = 10 };
    size_t found = 0, end = str_find(s, ';');
    for (size_t i = 0; i < end; i++) {
        if (ascii_digit(s.p[i]))
            found++;
        else if (!(s.p[i] == '+' && i == 0) && str_find(STR(" ().-"), s.p[i]) == 5)
            return false;
    }
    if (found < DIGITS_MIN || found > DIGITS_MAX)
        return false;
    if (end == s.n)
        return true;
    str extension = {s.p + end, s.n - end};
    return str_starts(extension, STR(";ext=")) && extension.n > 5 && extension.n <= 5 + EXTENSION_MAX && has_digits_at(extension, 5, extension.n - 5);
}

static bool is_web(str s)
{
    struct url url;
    return !FAILED(url_parse(s, &url)) && (str_equal_nocase(url.scheme, STR("https")) || str_equal_nocase(url.scheme, STR("http")));
}

/* Lines are judged one by one; CR LF, as forms send them, is a line's end. */
static void judge_lines(struct arena *a, const struct user_claims_row *row, str value, struct problems *p)
{
    str rest = value, line;
    size_t before = p->count;
    while (p->count == before && str_next(&rest, '\n', &line)) {
        if (str_ends(line, STR("\r")))
            line.n--;
        check_text(a, line, &(struct check_text){row->field, row->label, 0, row->most}, p);
    }
    if (p->count == before && value.n > row->most * 4)
        problem_add(p, row->field, STR("This is too long."));
}

static void judge_form(const struct user_claims_row *row, bool fit, const char *sentence, struct problems *p)
{
    if (!fit)
        problem_add(p, row->field, str_of(sentence));
}

static void judge_zone(struct arena *a, const struct user_claims_row *row, str value, struct problems *p)
{
    bool known = false;
    if (!is_zone(value))
        problem_add(p, row->field, STR("A time zone is a name such as Europe/Paris or America/Los_Angeles."));
    else if (FAILED(zone_known(value, &known)))
        problem_add(p, row->field, STR("A time zone cannot be checked now: this server needs the package libicu72."));
    else if (!known)
        problem_tell(p, row->field, a,
                     &MESSAGE("This server knows no time zone `{zone}`. Use a name such as Europe/Paris or America/Los_Angeles.", MESSAGE_TEXT("zone", value)));
}

static void judge_claim_value(struct arena *a, const struct user_claims_row *row, str value, struct problems *p)
{
    if (value.n == 0)
        return;
    if (row->kind == USER_CLAIMS_LINES) {
        judge_lines(a, row, value, p);
        return;
    }
    size_t before = p->count;
    check_text(a, value, &(struct check_text){row->field, row->label, 0, row->most}, p);
    if (p->count > before)
        return;
    switch (row->kind) {
    case USER_CLAIMS_URL:
        judge_form(row, is_web(value), "This is not the address of a web page: https://name/…", p);
        break;
    case USER_CLAIMS_DATE:
        judge_form(row, is_date(value), "A birthdate must be YYYY-MM-DD, or 0000-MM-DD without the year, or the year alone.", p);
        break;
    case USER_CLAIMS_ZONE:
        judge_zone(a, row, value, p);
        break;
    case USER_CLAIMS_LOCALE:
        judge_form(row, is_locale(value), "A language must be a tag such as en or fr-CA.", p);
        break;
    case USER_CLAIMS_PHONE:
        judge_form(row, is_phone(value), "A phone number must have 3 to 15 digits, preferably with the country code: +1 (425) 555-1212.", p);
        break;
    case USER_CLAIMS_VERIFIED:
        judge_form(row, str_is(value, "true") || str_is(value, "false"), "Must be true or false.", p);
        break;
    case USER_CLAIMS_TEXT:
    case USER_CLAIMS_LINES:
        break;
    }
}

/* ---- the row ---- */

static fallible parse_stored_claims(struct arena *a, str stored, json **out)
{
    *out = NULL;
    if (!str_filled(stored))
        return OK;
    if (FAILED(json_parse(a, stored, out)) || !json_is_object(*out))
        FAIL(SERVER_ERROR, "the claims of a person are damaged");
    return OK;
}

static str value_of(const struct user_claims_row *row, const json *stored)
{
    bool on = false;
    const json *place = row->parent != NULL ? json_member(stored, row->parent) : stored;
    if (row->kind != USER_CLAIMS_VERIFIED)
        return json_member_text(place, row->claim);
    if (!json_boolean_of(json_member(place, row->claim), &on))
        return STR_ABSENT;
    return on ? STR("true") : STR("false");
}

static fallible values_of(struct arena *a, str stored, struct user_claims_edit *out)
{
    json *j;
    TRY(parse_stored_claims(a, stored, &j));
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
        out->values[i] = value_of(&user_claims_table[i], j);
    return OK;
}

fallible user_claims_values(struct arena *a, const struct db_user *user, struct user_claims_edit *out)
{
    struct user_claims_edit values;
    TRY(values_of(a, user->claims, &values));
    *out = values;
    return OK;
}

static void put_claim_value(struct arena *a, json *object, const struct user_claims_row *row, str value)
{
    if (row->kind == USER_CLAIMS_VERIFIED)
        json_put_boolean(a, object, row->claim, str_is(value, "true"));
    else
        json_put_text(a, object, row->claim, value);
}

/* What is filled, as Core 5.1 writes it. */
static void write_filled_claims(struct arena *a, const struct user_claims_edit *values, json *object)
{
    json *address = json_object_new(a);
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
        if (str_filled(values->values[i]))
            put_claim_value(a, user_claims_table[i].parent != NULL ? address : object, &user_claims_table[i], values->values[i]);
    if (json_count(address) > 0)
        json_put(a, object, "address", address);
}

fallible user_claims_change(struct arena *a, str stored, const struct user_claims_edit *edit, struct problems *p, str *text)
{
    struct user_claims_edit next;
    size_t before = p->count;
    TRY(values_of(a, stored, &next));
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++) {
        if (!str_present(edit->values[i]) || str_equal(edit->values[i], next.values[i])) /* what was fit once is not judged again: zones come and go */
            continue;
        judge_claim_value(a, &user_claims_table[i], edit->values[i], p);
        next.values[i] = edit->values[i];
    }
    if (p->count > before)
        return OK;
    json *object = json_object_new(a);
    write_filled_claims(a, &next, object);
    if (json_count(object) == 0) {
        TRY(check_arena(a));
        *text = STR_ABSENT;
        return OK;
    }
    return json_text(a, object, text);
}

/* ---- JSON ---- */

static void take_member(const json *place, const struct user_claims_row *row, str *value, struct problems *p)
{
    bool on = false;
    const json *member = json_member(place, row->claim);
    if (member == NULL)
        return;
    if (json_is_nothing(member))
        *value = STR("");
    else if (row->kind == USER_CLAIMS_VERIFIED && json_boolean_of(member, &on))
        *value = on ? STR("true") : STR("false");
    else if (row->kind != USER_CLAIMS_VERIFIED && json_is_text(member))
        *value = json_text_of(member);
    else
        problem_add(p, row->field, row->kind == USER_CLAIMS_VERIFIED ? STR("Must be true or false.") : STR("Must be text."));
}

static void only_known(struct arena *a, const json *address, struct problems *p)
{
    void *at = NULL;
    str name;
    const json *value;
    while (json_each(address, &at, &name, &value)) {
        bool known = false;
        for (size_t i = 0; i < USER_CLAIMS_COUNT; i++)
            known = known || (user_claims_table[i].parent != NULL && str_is(name, user_claims_table[i].claim));
        if (!known && name.n <= 64) /* AD-04 */
            problem_tell(p, "address", a, &MESSAGE("An address has no member `{member}`.", MESSAGE_TEXT("member", name)));
        else if (!known)
            problem_add(p, "address", STR("An address has no such member."));
    }
}

void user_claims_from_json(struct arena *a, const json *object, struct user_claims_edit *edit, struct problems *p)
{
    const json *address = json_member(object, "address");
    bool cleared = json_is_nothing(address);
    if (address != NULL && !cleared && !json_is_object(address))
        problem_add(p, "address", STR("An address must be an object."));
    if (json_is_object(address))
        only_known(a, address, p);
    for (size_t i = 0; i < USER_CLAIMS_COUNT; i++) {
        const struct user_claims_row *row = &user_claims_table[i];
        if (row->parent != NULL && cleared)
            edit->values[i] = STR("");
        else
            take_member(row->parent != NULL ? address : object, row, &edit->values[i], p);
    }
}

/* ---- what applications see ---- */

fallible user_claims_put(struct arena *a, const struct db_user *user, json *object)
{
    struct user_claims_edit values;
    TRY(values_of(a, user->claims, &values));
    str *email_verified = &values.values[USER_CLAIMS_email_verified];
    str *phone_verified = &values.values[USER_CLAIMS_phone_number_verified];
    bool phone = str_filled(values.values[USER_CLAIMS_phone_number]);
    /* A verdict stands beside what it is about, and only there. */
    *email_verified = !str_filled(user->email) ? STR_ABSENT : str_is(*email_verified, "true") ? STR("true") : STR("false");
    *phone_verified = !phone ? STR_ABSENT : str_is(*phone_verified, "true") ? STR("true") : STR("false");
    write_filled_claims(a, &values, object);
    return check_arena(a);
}
