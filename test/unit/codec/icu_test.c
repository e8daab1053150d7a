/* SPDX-License-Identifier: MIT
 * icu: the door to a library that is loaded late. What it does not find when it is not there is test_people_names' (e2e), in a process without it. */
#include "codec/icu.h"

#include "base/str.h"

#include <criterion/criterion.h>
#include <link.h>
#include <string.h>

static int find_icu(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    *(bool *)found = *(bool *)found || strstr(info->dlpi_name, "libicu") != NULL;
    return 0;
}

static bool is_icu_in_memory(void)
{
    bool found = false;
    (void)dl_iterate_phdr(find_icu, &found);
    return found;
}

Test(icu, a_process_does_without_it_until_it_is_asked_for)
{
    cr_assert_not(is_icu_in_memory());
    cr_assert(icu_available());
    cr_assert_not(is_icu_in_memory(), "a look does not keep it");
    cr_assert_not(icu.loaded);
    cr_assert(icu_load());
    cr_assert(is_icu_in_memory());
    cr_assert(icu.loaded && icu_load());
}

Test(icu, all_of_it_is_found)
{
    cr_assert(icu_load());
#define X(name_) cr_expect_not_null((const void *)(uintptr_t)icu.p_##name_, #name_);
    ICU(X)
#undef X
    cr_assert(icu.nfc && icu.nfkc && icu.casefold && icu.idna && icu.spoof);
}
