/* SPDX-License-Identifier: MIT
 * migrations: embeds the numbered SQL files. To add a step: write sql/NNNN_name.sql and give it a row in the list below;
 * steps that were shipped are never changed. Relies on the assembler's .incbin; promises NUL-terminated text in ascending
 * order. */
#include "store/migrations.h"

#include "base/banned.h"

/* The one place: X(number, file). */
#define MIGRATIONS(X)                     \
    X(1, "0001_init.sql")                 \
    X(2, "0002_builtin_scopes.sql")       \
    X(3, "0003_grant_session.sql")        \
    X(4, "0004_openid.sql")               \
    X(5, "0005_details.sql")              \
    X(6, "0006_own_scopes.sql")           \
    X(7, "0007_event_classes.sql")        \
    X(8, "0008_must_change_password.sql") \
    X(9, "0009_password_settings.sql")    \
    X(10, "0010_shares.sql")              \
    X(11, "0011_resource_scopes.sql")     \
    X(12, "0012_people_text.sql")         \
    X(13, "0013_verified_email.sql")      \
    X(14, "0014_changes.sql")             \
    X(15, "0015_assurance.sql")           \
    X(16, "0016_authenticators.sql")

#define X(number_, file_)                           \
    __asm__(".pushsection .rodata\n"                \
            ".global migrations_sql_" #number_ "\n" \
            "migrations_sql_" #number_ ":\n"        \
            ".incbin \"src/store/sql/" file_ "\"\n" \
            ".byte 0\n"                             \
            ".popsection\n");                       \
    extern const char migrations_sql_##number_[];
MIGRATIONS(X)
#undef X

static const struct {
    int64_t version;
    const char *text;
} steps[] = {
#define X(number_, file_) {number_, migrations_sql_##number_},
    MIGRATIONS(X)
#undef X
};

size_t migrations_count(void)
{
    return sizeof(steps) / sizeof(steps[0]);
}

int64_t migrations_version(size_t i)
{
    return i < migrations_count() ? steps[i].version : 0;
}

const char *migrations_text(size_t i)
{
    return i < migrations_count() ? steps[i].text : NULL;
}
