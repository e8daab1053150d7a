/* SPDX-License-Identifier: MIT */
#include "client/grant_types.h"
#include "base/banned.h"

const struct grant_type grant_types[GRANT_TYPE_COUNT] = {
#define X(word_, wire_, redirects_, refreshes_, public_may_, as_itself_, audited_, pool_, redeem_, label_, about_) \
    [GRANT_TYPE_##word_] = {#word_, wire_, redirects_, refreshes_, public_may_, as_itself_, audited_, pool_, label_, about_},
    GRANT_TYPES(X)
#undef X
};

const struct grant_type *grant_types_find(str word)
{
    for (size_t i = 0; i < GRANT_TYPE_COUNT; i++)
        if (str_is(word, grant_types[i].word))
            return &grant_types[i];
    return NULL;
}

const struct grant_type *grant_types_offered(str grant_type)
{
    for (size_t i = 0; i < GRANT_TYPE_COUNT; i++)
        if (grant_types[i].pool != GRANT_NOWHERE && str_is(grant_type, grant_types[i].wire))
            return &grant_types[i];
    return NULL;
}
