/* SPDX-License-Identifier: MIT
 * common: the list of common passwords, and the search in it. */
#include "user/common.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

Test(common, what_everybody_tries_first_is_found)
{
    static const char *const known[] = {"password",   "Password1", "PASSWORD123", "12345678",  "123456789",  "qwertyuiop", "iloveyou",
                                        "letmein123", "p@ssw0rd",  "Welcome1!",   "admin123",  "1qaz2wsx",   "trustno1",   "11111111",
                                        "abcd1234",   "changeme",  "sunshine",    "qazwsxedc", "1q2w3e4r5t", "Passw0rd!",  "summer2024"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        cr_expect(common_password(str_of(known[i])), "%s", known[i]);
}

Test(common, others_are_not)
{
    static const char *const fine[] = {"",
                                       "p",
                                       "passwor",
                                       "correct horse battery",
                                       "password12345678901234567890x",
                                       "zzzzzzzzzzzzzzzzzzzzzzzzz",
                                       "Tr0ub4dor&3",
                                       "password\n",
                                       "\n",
                                       "!!",
                                       "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f",
                                       "pässwörter"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        cr_expect_not(common_password(str_of(fine[i])), "%s", fine[i]);
}

/* Every line of the file is found, the first and the last too: the search reaches all, and the file is in the order that it
 * needs. */
Test(common, every_line_is_found)
{
    FILE *f = fopen("assets/common-passwords.txt", "r");
    if (f == NULL)
        cr_skip_test("not run from the top of the tree");
    char line[128];
    size_t lines = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        str word = {line, strlen(line) - 1};
        lines++;
        cr_assert(common_password(word), "%s", line);
    }
    fclose(f);
    cr_expect_geq(lines, 3000, "the list is long enough");
}
