/* SPDX-License-Identifier: MIT
 * text: see the header. ICU works on UTF-16, so each function goes there and back; what it gives is bounded by what came, times a
 * constant that its normal forms never exceed. */
#include "codec/text.h"

#include "base/ascii.h"
#include "base/buf.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include "base/banned.h"

enum { TEXT_BYTES_MAX = 16384, GROWTH = 18 /* NFKC, the worst character: U+FDFA */ };

#define NAME_OF(symbol_) NAME_OF_(symbol_)
#define NAME_OF_(symbol_) #symbol_ /* with the version that ICU appends to each */
#define ICU(X)                                                                                                                 \
    X(u_strFromUTF8) X(u_strToUTF8) X(unorm2_getNFCInstance) X(unorm2_getNFKCCasefoldInstance) X(unorm2_normalize)             \
    X(uspoof_open) X(uspoof_getSkeleton) X(u_charType)         \
    X(u_hasBinaryProperty)
static struct {
#define X(name_) __typeof__(name_) *p_##name_;
    ICU(X)
#undef X
    const UNormalizer2 *nfc, *casefold;
    const USpoofChecker *spoof;
    bool loaded;
} icu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libicui18n.so." NAME_OF(U_ICU_VERSION_MAJOR_NUM), RTLD_NOW | RTLD_GLOBAL);
    void *common = dlopen("libicuuc.so." NAME_OF(U_ICU_VERSION_MAJOR_NUM), RTLD_NOW | RTLD_GLOBAL);
    UErrorCode code = U_ZERO_ERROR;
    bool whole = library != NULL && common != NULL;
#define X(name_)                                                                                                               \
    if (whole && (*(void **)&icu.p_##name_ = dlsym(common, NAME_OF(name_))) == NULL)                                            \
        whole = (*(void **)&icu.p_##name_ = dlsym(library, NAME_OF(name_))) != NULL;
    ICU(X)
#undef X
    if (!whole)
        return;
    icu.nfc = icu.p_unorm2_getNFCInstance(&code);
    icu.casefold = icu.p_unorm2_getNFKCCasefoldInstance(&code);
    icu.spoof = icu.p_uspoof_open(&code);
    icu.loaded = !U_FAILURE(code);
}

static bool ascii(str text)
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

static fallible widen(struct arena *a, str text, struct wide *out)
{
    UErrorCode code = U_ZERO_ERROR;
    if (text.n > TEXT_BYTES_MAX)
        FAIL(INVALID_REQUEST, "text: too long");
    (void)pthread_once(&once, load);
    if (!icu.loaded)
        FAIL(UNAVAILABLE, "text: ICU cannot be loaded");
    *out = (struct wide){.room = (int32_t)text.n + 1};
    out->p = arena_array(a, (size_t)out->room, sizeof *out->p);
    if (out->p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    (void)icu.p_u_strFromUTF8(out->p, out->room, &out->n, text.p, (int32_t)text.n, &code);
    if (U_FAILURE(code))
        FAIL(INVALID_REQUEST, "text: not UTF-8");
    return OK;
}

static fallible narrow(struct arena *a, const struct wide *text, str *out)
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

static fallible normalize(struct arena *a, const UNormalizer2 *form, struct wide *text)
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
    if (ascii(text))
        return OK;
    TRY(widen(a, text, &wide));
    TRY(normalize(a, icu.nfc, &wide));
    return narrow(a, &wide, out);
}

fallible text_password(struct arena *a, str password, str *out)
{
    struct wide wide;
    *out = password;
    if (ascii(password))
        return OK;
    TRY(widen(a, password, &wide));
    plain_spaces(&wide);
    TRY(normalize(a, icu.nfc, &wide));
    return narrow(a, &wide, out);
}

/* In lower case, each run of blanks one, none at the ends. */
static fallible tidy(struct arena *a, str text, str *out)
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
    if (!ascii(text)) {
        TRY(widen(a, text, &wide));
        TRY(normalize(a, icu.casefold, &wide));
        plain_spaces(&wide);
        TRY(narrow(a, &wide, &folded));
    }
    return tidy(a, folded, out);
}

/* What nobody sees is not compared by eye either. */
static void visible(struct wide *text)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < text->n; i++)
        if (!icu.p_u_hasBinaryProperty(text->p[i], UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) /* those above the first plane are tags */
            text->p[kept++] = text->p[i];
    text->n = kept;
}

static fallible skeleton(struct arena *a, str text, str *out)
{
    UErrorCode code = U_ZERO_ERROR;
    struct wide wide, next;
    TRY(widen(a, text, &wide));
    visible(&wide);
    next = (struct wide){.room = wide.n * GROWTH + 1};
    next.p = arena_array(a, (size_t)next.room, sizeof *next.p);
    if (next.p == NULL)
        FAIL(UNAVAILABLE, "text: no memory");
    next.n = icu.p_uspoof_getSkeleton(icu.spoof, 0, wide.p, wide.n, next.p, next.room, &code);
    if (U_FAILURE(code))
        FAIL(UNAVAILABLE, "text: ICU gave no skeleton");
    return narrow(a, &next, out);
}

fallible text_skeleton(struct arena *a, str text, str *out)
{
    str seen, folded, again;
    TRY(skeleton(a, text, &seen)); /* as it is written: capitals look like others than small letters do */
    TRY(text_fold(a, seen, &folded));
    TRY(skeleton(a, folded, &again)); /* m looks like rn, M does not */
    return tidy(a, again, out);
}
