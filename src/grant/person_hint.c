/* SPDX-License-Identifier: MIT
 * person_hint: an e-mail address is nobody's name by itself, so it must be exactly one person's. Relies on the list of people; reads the disk. */
#include "grant/person_hint.h"
#include "base/banned.h"

enum { ALIKE_MAX = 100 };

fallible person_hint_email(struct ground *g, str email, struct db_user **user)
{
    struct db_page page = {.filter = email, .limit = ALIKE_MAX};
    struct db_user_rows rows;
    struct db_user *found = NULL;
    size_t count = 0;
    if (!str_filled(email) || str_find(email, '@') == email.n) {
        *user = NULL;
        return OK;
    }
    TRY(db_user_list(g->authority->db, g->arena, &page, &rows));
    for (size_t i = 0; i < rows.count; i++)
        if (str_equal_nocase(rows.rows[i].email, email)) {
            found = &rows.rows[i];
            count++;
        }
    *user = count == 1 && rows.total <= ALIKE_MAX ? found : NULL;
    return OK;
}
