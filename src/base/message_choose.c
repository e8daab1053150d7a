/* SPDX-License-Identifier: MIT
 * message_choose: which language a person is answered in. Relies on the compiled catalogues. Promises: at most MESSAGE_RANGES_MAX ranges
 * of at most MESSAGE_LANGUAGE_MAX bytes are looked at, whatever is sent, and the answer is always a language that is here. */
#include "base/ascii.h"
#include "base/message_catalogue.h"
#include "base/banned.h"

enum { TAG_MAX = 35, WEIGHT_WHOLE = 1000 };

/* RFC 4647 2.1: subtags of 1 to 8 letters and digits. `de_DE` is no tag: it is no language either. */
static bool is_tag(str s)
{
    size_t length = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '-' && length == 0)
            return false;
        length = s.p[i] == '-' ? 0 : length + 1;
        if (length > 8 || (length > 0 && !ascii_letter(s.p[i]) && !ascii_digit(s.p[i])))
            return false;
    }
    return length > 0 && s.n <= TAG_MAX;
}

/* RFC 4647 3.4: the last subtag goes, and with it a single letter or digit before it. */
static str truncate_language_tag(str tag)
{
    size_t n = tag.n;
    while (n > 0 && tag.p[n - 1] != '-')
        n--;
    if (n < 2)
        return STR("");
    n--;
    if (n >= 2 && tag.p[n - 2] == '-')
        n -= 2;
    return (str){tag.p, n};
}

/* NULL: not here. */
static const struct message_language *look_up(str tag)
{
    if (!is_tag(tag))
        return NULL;
    for (; tag.n > 0; tag = truncate_language_tag(tag))
        for (size_t i = 0; i < message_language_count; i++)
            if (str_equal_nocase(tag, str_of(message_languages[i].tag)))
                return &message_languages[i];
    return NULL;
}

/* RFC 9110 12.4.2: "0", "0.5", "1.000" in thousandths; what is malformed counts as 0. */
static unsigned weight_of(str s)
{
    unsigned weight = 0, place = WEIGHT_WHOLE;
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return 0;
    for (size_t i = 0; i < s.n; i++) {
        if (i == 1)
            continue;
        if (!ascii_digit(s.p[i]))
            return 0;
        weight += place * (unsigned)(s.p[i] - '0');
        place /= 10;
    }
    return weight <= WEIGHT_WHOLE ? weight : 0;
}

struct range {
    str tag;
    unsigned weight;
};

static struct range range_of(str piece)
{
    struct range r = {str_trim(piece), WEIGHT_WHOLE};
    size_t semicolon = str_find(r.tag, ';');
    if (semicolon == r.tag.n)
        return r;
    str parameter = str_trim((str){r.tag.p + semicolon + 1, r.tag.n - semicolon - 1});
    bool weighted = str_starts(parameter, STR("q=")) || str_starts(parameter, STR("Q="));
    r.weight = weighted ? weight_of((str){parameter.p + 2, parameter.n - 2}) : 0;
    r.tag = str_trim((str){r.tag.p, semicolon});
    return r;
}

static str cut_language_list(str s)
{
    return s.n > MESSAGE_LANGUAGE_MAX ? (str){s.p, MESSAGE_LANGUAGE_MAX} : s;
}

/* The heaviest that is here; of equals the first. */
static const struct message_language *choose_weighted(str accept)
{
    const struct message_language *best = NULL;
    unsigned weight = 0, seen = 0;
    str piece;
    for (str rest = cut_language_list(accept); seen < MESSAGE_RANGES_MAX && str_next(&rest, ',', &piece); seen++) {
        struct range r = range_of(piece);
        const struct message_language *l = r.weight > weight ? look_up(r.tag) : NULL;
        if (!l)
            continue;
        best = l;
        weight = r.weight;
    }
    return best;
}

const struct message_language *message_choose(str ui_locales, str accept)
{
    unsigned seen = 0;
    str piece;
    for (str rest = cut_language_list(ui_locales); seen < MESSAGE_RANGES_MAX && str_filled(rest) && str_next(&rest, ' ', &piece); seen++) {
        const struct message_language *l = look_up(piece);
        if (l)
            return l;
    }
    const struct message_language *l = str_filled(accept) ? choose_weighted(accept) : NULL;
    return l ? l : message_languages;
}

str message_tag(const struct message_language *l)
{
    return str_of((l ? l : message_languages)->tag);
}

const char *message_direction(const struct message_language *l)
{
    return l && l->right_to_left ? "rtl" : "ltr";
}

const struct message_language *message_language_at(size_t i)
{
    return i < message_language_count ? &message_languages[i] : NULL;
}
