/* SPDX-License-Identifier: MIT
 * icu: the only door to ICU, which is loaded when it is first needed: most servers never do, and it takes some megabytes of each. What codec/text
 * and codec/zone call of it. */
#ifndef JETON_CODEC_ICU_H
#define JETON_CODEC_ICU_H
#include <stdbool.h>
#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
/* clang-format off */
#define ICU(X)                                                                                                                 \
    X(u_strFromUTF8) X(u_strToUTF8) X(unorm2_getNFCInstance) X(unorm2_getNFKCCasefoldInstance) X(unorm2_normalize)             \
    X(uspoof_open) X(uspoof_getSkeleton) X(u_charType) X(u_hasBinaryProperty) X(u_getIntPropertyValue) X(u_strToLower)         \
    X(unorm2_getNFKCInstance) X(uidna_openUTS46) X(uidna_labelToUnicode)                                                       \
    X(ucal_open) X(ucal_close) X(ucal_setMillis) X(ucal_get) X(ucal_getCanonicalTimeZoneID)
/* clang-format on */
struct icu_functions {
#define X(name_) __typeof__(name_) *p_##name_;
    ICU(X)
#undef X
    const UNormalizer2 *nfc, *nfkc, *casefold;
    const UIDNA *idna;
    const USpoofChecker *spoof;
    bool loaded;
};
extern struct icu_functions icu; /* once icu_load said yes */
bool icu_load(void);             /* false: it cannot be loaded, now and later. Any thread */
bool icu_available(void);        /* Is it there? Looks, and does not keep it. */
#endif
