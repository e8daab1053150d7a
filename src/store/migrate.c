/* SPDX-License-Identifier: MIT
 * migrate: brings the schema forward, one numbered step a transaction, so that a kill leaves the state before or after a
 * step. Several processes may try at once: each looks again under the lock. Going back is refused: a newer database
 * may mean things that this program does not know (AV-05). */
#include "store/store_internal.h"
#include "store/table/db_user_text.h"
#include "store/migrations.h"

#include "base/banned.h"

enum { VERSION, APPLIED };
static const char *const texts[] = {
    [VERSION] = "SELECT max(version) FROM migrations",
    [APPLIED] = "INSERT INTO migrations (version, applied_at) VALUES ($1, $2)",
};
DB_STATEMENTS(migrate, texts);

err store_is_made(struct db_conn *c, bool *made)
{
    return c->driver->has_table(c, "migrations", made);
}

static err version_of(struct db_conn *c, int64_t *version)
{
    bool has = false, found = false;
    *version = 0;
    TRY(c->driver->has_table(c, "migrations", &has));
    if (has)
        TRY(db_scalar(c, CALL_ALONE(VERSION), version, &found));
    return OK;
}

static err apply_migration(struct db_conn *c, size_t step)
{
    int64_t version = 0;
    TRY(c->driver->lock_schema(c));
    TRY(version_of(c, &version));
    if (version >= migrations_version(step))
        return OK; /* another process was first */
    TRY(c->driver->script(c, migrations_text(step)));
    if (migrations_version(step) == DB_USER_TEXT_VERSION) /* what SQL cannot compute */
        TRY(db_user_text_fill(c));
    return db_run(c, CALL(APPLIED, P_INT(migrations_version(step)), P_INT(clock_now())), NULL);
}

err store_migrate(struct db_conn *c)
{
    int64_t version = 0;
    TRY(version_of(c, &version));
    for (size_t i = 0; i < migrations_count(); i++) {
        if (migrations_version(i) <= version)
            continue;
        TRY(c->driver->begin(c));
        err e = apply_migration(c, i);
        if (FAILED(e)) {
            c->driver->rollback(c);
            return e;
        }
        TRY(c->driver->commit(c));
    }
    TRY(version_of(c, &version)); /* a newer program may have been at it at the same time */
    if (version > migrations_version(migrations_count() - 1))
        REFUSE(SERVER_ERROR, "This database was created by a newer version of jeton: use that version, or restore a backup.",
               "store: database from the future");
    return OK;
}

const char *store_migrations_text(size_t i)
{
    return migrations_text(i);
}
