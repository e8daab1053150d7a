/* SPDX-License-Identifier: MIT
 * print_sql: a psql script with every migration and every statement of the store, for test/guard/sql_portable.sh. */
#include "store/db.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* A PostgreSQL driver widens row numbers: the one word that the two engines spell differently. */
static void print_widened(const char *text)
{
    static const char narrow[] = "INTEGER PRIMARY KEY";
    const char *at;
    while ((at = strstr(text, narrow)) != NULL) {
        (void)printf("%.*sBIGINT PRIMARY KEY", (int)(at - text), text);
        text = at + sizeof(narrow) - 1;
    }
    (void)printf("%s\n", text);
}

int main(void)
{
    (void)printf("\\set ON_ERROR_STOP on\n");
    for (size_t i = 0; db_migrations_text(i) != NULL; i++) {
        (void)printf("BEGIN;\n");
        print_widened(db_migrations_text(i));
        (void)printf("COMMIT;\n");
    }
    (void)printf("CREATE TABLE migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL);\n");
    for (size_t i = 0; i < db_statement_count(); i++)
        (void)printf("PREPARE s%zu AS %s;\n", i, db_statement_text(i));
    (void)printf("SELECT 'prepared ' || count(*) FROM pg_prepared_statements;\n");
    return ferror(stdout) != 0;
}
