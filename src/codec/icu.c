/* SPDX-License-Identifier: MIT
 * icu: loads ICU's two libraries and finds in them what icu.h lists, each name with the version that ICU appends to it. Promises: all of it, or
 * nothing; once for the process, whoever comes first. */
#include "codec/icu.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/banned.h"

#define NAME_OF(symbol_)  NAME_OF_(symbol_)
#define NAME_OF_(symbol_) #symbol_

struct icu_functions icu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load_icu(void)
{
    void *library = dlopen("libicui18n.so." NAME_OF(U_ICU_VERSION_MAJOR_NUM), RTLD_NOW | RTLD_GLOBAL);
    void *common = dlopen("libicuuc.so." NAME_OF(U_ICU_VERSION_MAJOR_NUM), RTLD_NOW | RTLD_GLOBAL);
    UErrorCode code = U_ZERO_ERROR;
    bool whole = library != NULL && common != NULL;
#define X(name_)                                                                     \
    if (whole && (*(void **)&icu.p_##name_ = dlsym(common, NAME_OF(name_))) == NULL) \
        whole = (*(void **)&icu.p_##name_ = dlsym(library, NAME_OF(name_))) != NULL;
    ICU(X)
#undef X
    if (!whole)
        return;
    icu.nfc = icu.p_unorm2_getNFCInstance(&code);
    icu.casefold = icu.p_unorm2_getNFKCCasefoldInstance(&code);
    icu.nfkc = icu.p_unorm2_getNFKCInstance(&code);
    icu.spoof = icu.p_uspoof_open(&code);
    icu.idna = icu.p_uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO | UIDNA_NONTRANSITIONAL_TO_UNICODE, &code);
    icu.loaded = !U_FAILURE(code);
}

bool icu_load(void)
{
    (void)pthread_once(&once, load_icu);
    return icu.loaded;
}

bool icu_available(void)
{
    void *library = dlopen("libicui18n.so." NAME_OF(U_ICU_VERSION_MAJOR_NUM), RTLD_LAZY);
    if (library != NULL)
        (void)dlclose(library);
    return library != NULL;
}
