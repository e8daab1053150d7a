/* SPDX-License-Identifier: MIT
 * text: see the header. ICU works on UTF-16, so each function goes there and back; what it gives is bounded by what came, times a
 * constant that its normal forms never exceed. */
#include "codec/text.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "codec/icu.h"

#include <string.h>

#include "base/banned.h"

enum { TEXT_BYTES_MAX = 16384, GROWTH = 18 /* NFKC, the worst character: U+FDFA */ };

bool text_available(void)
{
    return icu_available();
}

static bool is_ascii_text(str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x80)
            return false;
    return true;
}

struct wide {
    UChar *p;
    int32_t n, room;
};

static fallible convert_to_utf16(struct arena *a, str text, struct wide *out)
{
    UErrorCode code = U_ZERO_ERROR;
    if (text.n > TEXT_BYTES_MAX)
        FAIL(INVALID_REQUEST, "text: too long");
    if (!icu_load())
        FAIL(UNAVAILABLE, "text: ICU cannot be loaded; install the package libicu72");
    *out = (struct wide){.room = (int32_t)text.n + 1};
    out->p = arena_array(a, (size_t)out->room, sizeof *out->p);
    if (out->p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    (void)icu.p_u_strFromUTF8(out->p, out->room, &out->n, text.p, (int32_t)text.n, &code);
    if (U_FAILURE(code))
        FAIL(INVALID_REQUEST, "text: not UTF-8");
    return OK;
}

static fallible convert_to_utf8(struct arena *a, const struct wide *text, str *out)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t room = text->n * 3 + 1, n = 0;
    char *p = arena_take(a, (size_t)room);
    if (p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    (void)icu.p_u_strToUTF8(p, room, &n, text->p, text->n, &code);
    if (U_FAILURE(code))
        FAIL(SERVER_ERROR, "text: what ICU gave is no text");
    *out = (str){p, (size_t)n};
    return OK;
}

static fallible normalize_wide(struct arena *a, const UNormalizer2 *form, struct wide *text)
{
    UErrorCode code = U_ZERO_ERROR;
    struct wide next = {.room = text->n * GROWTH + 1};
    next.p = arena_array(a, (size_t)next.room, sizeof *next.p);
    if (next.p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    next.n = icu.p_unorm2_normalize(form, text->p, text->n, next.p, next.room, &code);
    if (U_FAILURE(code))
        FAIL(UNAVAILABLE, "text: ICU could not normalize");
    *text = next;
    return OK;
}

static void plain_spaces(struct wide *text)
{
    for (int32_t i = 0; i < text->n; i++)
        if (text->p[i] >= 0x80 && icu.p_u_charType(text->p[i]) == U_SPACE_SEPARATOR) /* all of them lie in the first plane */
            text->p[i] = ' ';
}

fallible text_nfc(struct arena *a, str text, str *out)
{
    struct wide wide;
    *out = text;
    if (is_ascii_text(text))
        return OK;
    TRY(convert_to_utf16(a, text, &wide));
    TRY(normalize_wide(a, icu.nfc, &wide));
    return convert_to_utf8(a, &wide, out);
}

fallible text_password(struct arena *a, str password, str *out)
{
    struct wide wide;
    *out = password;
    if (is_ascii_text(password))
        return OK;
    TRY(convert_to_utf16(a, password, &wide));
    plain_spaces(&wide);
    TRY(normalize_wide(a, icu.nfc, &wide));
    return convert_to_utf8(a, &wide, out);
}

/* In lower case, each run of blanks one, none at the ends. */
static fallible tidy_text_blanks(struct arena *a, str text, str *out)
{
    struct buf b = buf_new(a, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        bool blank = text.p[i] == ' ' || text.p[i] == '\t';
        if (!blank)
            buf_char(&b, ascii_lower(text.p[i]));
        else if (b.n > 0 && b.p[b.n - 1] != ' ')
            buf_char(&b, ' ');
    }
    TRY(buf_done(&b, out));
    *out = str_trim(*out);
    return OK;
}

fallible text_fold(struct arena *a, str text, str *out)
{
    struct wide wide;
    str folded = text;
    if (!is_ascii_text(text)) {
        TRY(convert_to_utf16(a, text, &wide));
        TRY(normalize_wide(a, icu.casefold, &wide));
        plain_spaces(&wide);
        TRY(convert_to_utf8(a, &wide, &folded));
    }
    return tidy_text_blanks(a, folded, out);
}

/* What nobody sees is not compared by eye either. */
static void drop_invisible_chars(struct wide *text)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < text->n; i++)
        if (!icu.p_u_hasBinaryProperty(text->p[i], UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) /* those above the first plane are tags */
            text->p[kept++] = text->p[i];
    text->n = kept;
}

static fallible make_skeleton(struct arena *a, str text, str *out)
{
    UErrorCode code = U_ZERO_ERROR;
    struct wide wide, next;
    TRY(convert_to_utf16(a, text, &wide));
    drop_invisible_chars(&wide);
    next = (struct wide){.room = wide.n * GROWTH + 1};
    next.p = arena_array(a, (size_t)next.room, sizeof *next.p);
    if (next.p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    next.n = icu.p_uspoof_getSkeleton(icu.spoof, 0, wide.p, wide.n, next.p, next.room, &code);
    if (U_FAILURE(code))
        FAIL(UNAVAILABLE, "text: ICU gave no skeleton");
    return convert_to_utf8(a, &next, out);
}

fallible text_skeleton(struct arena *a, str text, str *out)
{
    str seen, folded, again;
    TRY(make_skeleton(a, text, &seen)); /* as it is written: capitals look like others than small letters do */
    TRY(text_fold(a, seen, &folded));
    TRY(make_skeleton(a, folded, &again)); /* m looks like rn, M does not */
    return tidy_text_blanks(a, again, out);
}

/* The code point at *i of what came from UTF-8; *i is moved behind it. */
static UChar32 read_code_point(const struct wide *text, int32_t *i)
{
    uint32_t c = text->p[(*i)++];
    if ((c & 0xfc00) == 0xd800 && *i < text->n)
        c = 0x10000 + ((c & 0x3ff) << 10 | (text->p[(*i)++] & 0x3ffU));
    return (UChar32)c;
}

/* ---- what can be read ---- */

static bool is_joining_char(UChar32 c) /* U+200C, U+200D; variation selectors */
{
    return c == 0x200c || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f);
}

/* Blank to the eye although UAX 44 does not say so. */
enum { BRAILLE_BLANK = 0x2800 };

static bool ascii_readable(str text)
{
    bool seen = false;
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
            return false;
        seen = seen || text.p[i] != ' ';
    }
    return seen;
}

/* Controls, separators, what has no meaning for everybody, and what turns the text around it. */
static bool never_shown(UChar32 c)
{
    static const int32_t types =
        1 << U_CONTROL_CHAR | 1 << U_LINE_SEPARATOR | 1 << U_PARAGRAPH_SEPARATOR | 1 << U_UNASSIGNED | 1 << U_PRIVATE_USE_CHAR | 1 << U_SURROGATE;
    return (types >> icu.p_u_charType(c) & 1) != 0 || icu.p_u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL);
}

fallible text_readable(struct arena *a, str text, bool *readable)
{
    struct wide wide;
    bool seen = false, before = false, fit = true;
    if (is_ascii_text(text)) {
        *readable = ascii_readable(text);
        return OK;
    }
    TRY(convert_to_utf16(a, text, &wide));
    for (int32_t i = 0; i < wide.n && fit;) {
        UChar32 c = read_code_point(&wide, &i);
        bool ignored = icu.p_u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
        bool visible = !ignored && icu.p_u_charType(c) != U_SPACE_SEPARATOR && c != BRAILLE_BLANK;
        fit = !never_shown(c) && (!ignored || (is_joining_char(c) && before));
        seen = seen || visible;
        before = visible || (ignored && before);
    }
    *readable = fit && seen;
    return OK;
}

/* ---- user names ---- */

#define SAY_SIGNS "A username may contain letters and digits of any script, single spaces between them, and the characters . ! # $ * + = ^ _ ` | ~ @ -"

static bool ascii_fits(UChar32 c)
{
    return ascii_letter((char)c) || ascii_digit((char)c) || c == ' ' || str_find(STR(TEXT_USERNAME_SIGNS), (char)c) < sizeof TEXT_USERNAME_SIGNS - 1;
}

static bool is_listed_code_point(UChar32 c, const UChar32 *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == c)
            return true;
    return false;
}

/* RFC 8264 9.9: old Hangul */
static bool hangul_part(UChar32 c)
{
    int32_t type = icu.p_u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
    return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}

/* RFC 8264 9 in its order: exceptions (RFC 5892 2.6) and joiners, whose neighbours ICU's IDNA judges; old Hangul, ignorable, compatibility;
 * letters and digits; everything else is not for names. */
static fallible judge_identifier_char(struct arena *a, UChar32 c, const struct wide *one, bool *fits)
{
    static const UChar32 valid[] = {0x06fd, 0x06fe, 0x0f0b, 0x3007, 0x00b7, 0x0375, 0x05f3, 0x05f4, 0x30fb, 0x200c, 0x200d};
    static const UChar32 barred[] = {0x0640, 0x07fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b};
    static const int32_t letters = 1 << U_LOWERCASE_LETTER | 1 << U_UPPERCASE_LETTER | 1 << U_OTHER_LETTER | 1 << U_MODIFIER_LETTER |
                                   1 << U_DECIMAL_DIGIT_NUMBER | 1 << U_NON_SPACING_MARK | 1 << U_COMBINING_SPACING_MARK;
    struct wide same = *one;
    *fits = is_listed_code_point(c, valid, sizeof valid / sizeof *valid);
    if (*fits || is_listed_code_point(c, barred, sizeof barred / sizeof *barred) || hangul_part(c) ||
        icu.p_u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
        return OK;
    TRY(normalize_wide(a, icu.nfkc, &same));
    if (same.n == one->n && memcmp(same.p, one->p, (size_t)one->n * sizeof *one->p) == 0)
        *fits = (letters >> icu.p_u_charType(c) & 1) != 0;
    return OK;
}

/* RFC 8265 3.3.1 1: full and half width forms become the usual ones. */
static fallible usual_width(struct arena *a, struct wide *text)
{
    struct wide out = {arena_array(a, (size_t)text->n * GROWTH + 2, sizeof(UChar)), 0, text->n * GROWTH + 2};
    if (out.p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    for (int32_t i = 0; i < text->n;) {
        int32_t from = i;
        UChar32 c = read_code_point(text, &i);
        struct wide one = {text->p + from, i - from, i - from};
        int32_t width = icu.p_u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
        if (width == U_EA_FULLWIDTH || width == U_EA_HALFWIDTH)
            TRY(normalize_wide(a, icu.nfkc, &one));
        memcpy(out.p + out.n, one.p, (size_t)one.n * sizeof *one.p);
        out.n += one.n;
    }
    *text = out;
    return OK;
}

static fallible lowercase_wide(struct arena *a, struct wide *text)
{
    UErrorCode code = U_ZERO_ERROR;
    struct wide out = {arena_array(a, (size_t)text->n * 3 + 1, sizeof(UChar)), 0, text->n * 3 + 1};
    if (out.p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    out.n = icu.p_u_strToLower(out.p, out.room, text->p, text->n, "", &code);
    if (U_FAILURE(code))
        FAIL(UNAVAILABLE, "text: ICU could not change case");
    *text = out;
    return OK;
}

fallible text_lower(struct arena *a, str text, str *out)
{
    struct wide wide;
    if (is_ascii_text(text)) {
        struct buf b = buf_new(a, text.n + 1);
        for (size_t i = 0; i < text.n; i++)
            buf_char(&b, ascii_lower(text.p[i]));
        return buf_done(&b, out);
    }
    TRY(convert_to_utf16(a, text, &wide));
    TRY(normalize_wide(a, icu.nfc, &wide));
    TRY(lowercase_wide(a, &wide));
    TRY(normalize_wide(a, icu.nfc, &wide));
    return convert_to_utf8(a, &wide, out);
}

/* The rules of direction (RFC 5893) and of neighbours (RFC 5892 A) for one part, which ICU knows as those of a domain label. */
static fallible judge_part(struct arena *a, const UChar *p, int32_t n)
{
    UErrorCode code = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    int32_t room = n * GROWTH + 16;
    UChar *unused = arena_array(a, (size_t)room, sizeof *unused), *label = arena_array(a, (size_t)n + 1, sizeof *label);
    if (unused == NULL || label == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    for (int32_t i = 0; i < n; i++) /* no label has other signs: a hyphen has their place and direction */
        label[i] = p[i] >= 0x80 || ascii_letter((char)p[i]) || ascii_digit((char)p[i]) ? p[i] : '-';
    if (n >= 4 && label[0] == 'x' && label[1] == 'n' && label[2] == '-' && label[3] == '-')
        label[2] = 'a'; /* no Punycode: what cannot be decoded would not be judged */
    (void)icu.p_uidna_labelToUnicode(icu.idna, label, n, unused, room, &info, &code);
    if (U_FAILURE(code))
        FAIL(UNAVAILABLE, "text: ICU could not judge a name");
    if (info.errors & UIDNA_ERROR_BIDI)
        REFUSE(INVALID_REQUEST,
               "Each word of a username must be written either from left to right or from right to left, and must start and end with a letter or digit of its "
               "script.",
               "text: bidi rule");
    if (info.errors & (UIDNA_ERROR_CONTEXTJ | UIDNA_ERROR_CONTEXTO_PUNCTUATION | UIDNA_ERROR_CONTEXTO_DIGITS))
        REFUSE(INVALID_REQUEST, "A username contains a joiner, a mark or digits where its script does not use them.", "text: context rule");
    return OK;
}

static fallible judge_username(struct arena *a, const struct wide *key)
{
    int32_t begin = 0;
    for (int32_t i = 0; i < key->n;) {
        bool fits = true;
        int32_t from = i;
        UChar32 c = read_code_point(key, &i);
        if (c >= 0x80)
            TRY(judge_identifier_char(a, c, &(struct wide){key->p + from, i - from, i - from}, &fits));
        else
            fits = ascii_fits(c);
        if (!fits)
            REFUSE(INVALID_REQUEST, SAY_SIGNS ".", "text: character not for usernames");
        bool end = i == key->n || key->p[i] == ' ';
        if (end)
            TRY(judge_part(a, key->p + begin, i - begin));
        if (c == ' ')
            begin = i;
    }
    return OK;
}

static fallible ascii_username(struct arena *a, str name, str *key)
{
    char *p = arena_take(a, name.n + 1);
    if (p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    for (size_t i = 0; i < name.n; i++) {
        if (!ascii_fits((UChar32)name.p[i]))
            REFUSE(INVALID_REQUEST, SAY_SIGNS ".", "text: character not for usernames");
        p[i] = ascii_lower(name.p[i]);
    }
    *key = (str){p, name.n};
    return OK;
}

/* Each run of blanks one, none at the ends. */
static fallible single_blanks(struct arena *a, str text, str *out)
{
    struct buf b = buf_new(a, text.n + 1);
    text = str_trim(text);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ' || text.p[i - 1] != ' ')
            buf_char(&b, text.p[i]);
    return buf_done(&b, out);
}

fallible text_username(struct arena *a, str typed, str *shown, str *key)
{
    struct wide wide, composed;
    str name, prepared;
    if (is_ascii_text(typed)) {
        TRY(single_blanks(a, typed, &name));
        TRY(ascii_username(a, name, key));
        *shown = name;
        return OK;
    }
    TRY(convert_to_utf16(a, typed, &wide));
    TRY(normalize_wide(a, icu.nfc, &wide));
    composed = wide;
    TRY(usual_width(a, &wide));
    TRY(lowercase_wide(a, &wide));
    TRY(normalize_wide(a, icu.nfc, &wide));
    TRY(convert_to_utf8(a, &wide, &prepared));
    TRY(single_blanks(a, prepared, &prepared));
    TRY(convert_to_utf16(a, prepared, &wide));
    TRY(judge_username(a, &wide));
    plain_spaces(&composed); /* an ideographic one, which is a blank of full width */
    TRY(convert_to_utf8(a, &composed, &name));
    TRY(single_blanks(a, name, shown));
    *key = prepared;
    return OK;
}
