/* SPDX-License-Identifier: MIT
 * cache_names: is there a client of that name, or of one that looks like it? How often each name stands there is counted from the first
 * question on, and not before: comparing texts takes ICU, which most servers never need. Relies on codec/text; promises that a question
 * costs the same whatever the number of clients, but for the first one. When ICU fails meanwhile nothing is kept any more, and the next
 * question begins anew. */
#include "store/cache/snapshot.h"

#include "codec/text.h"

#include "base/banned.h"

enum { NAME_MEMORY = 1 << 18 };

static err count_text(struct cache_map *names, str text, int64_t by)
{
    static const struct db_field fields[] = {{DB_TEXT, offsetof(struct cache_name, text)}};
    static const struct db_columns columns = DB_COLUMNS(struct cache_name, fields);
    const struct cache_entry *before = cache_map_get(names, text);
    struct cache_name row = {text, by + (before != NULL ? ((const struct cache_name *)(const void *)before->row)->count : 0)};
    if (row.count <= 0)
        return cache_map_remove(names, text);
    struct cache_entry *e = cache_entry_new(&columns, &row);
    if (e == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    err put = cache_map_put(names, e);
    cache_entry_let_go(e);
    return put;
}

struct forms {
    str fold, look;
};

static err forms_of(struct arena *a, str name, bool looks, struct forms *out)
{
    struct forms forms = {STR_ABSENT, STR_ABSENT};
    TRY(text_fold(a, name, &forms.fold));
    if (looks)
        TRY(text_skeleton(a, name, &forms.look));
    *out = forms;
    return OK;
}

static void drop_name_counts(struct snapshot *f)
{
    cache_map_drop(&f->folds);
    cache_map_drop(&f->looks);
    f->folds_kept = f->looks_kept = false;
}

static err count_forms(struct snapshot *f, struct arena *a, const struct db_client *client, int64_t by)
{
    struct forms forms;
    if (FAILED(forms_of(a, client->name, f->looks_kept, &forms))) {
        drop_name_counts(f);
        return OK;
    }
    TRY(count_text(&f->folds, forms.fold, by));
    return f->looks_kept ? count_text(&f->looks, forms.look, by) : OK;
}

err cache_names_count(struct snapshot *f, const struct db_client *client, int64_t by)
{
    if (!f->folds_kept)
        return OK;
    struct arena *a = arena_new(NAME_MEMORY);
    if (a == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    err e = count_forms(f, a, client, by);
    arena_release(a);
    return e;
}

struct keeping {
    struct snapshot *f;
    struct arena *a;
    err e;
};

static void keep_one(void *context, struct cache_entry *entry)
{
    struct keeping *w = context;
    const struct db_client *client = (const void *)entry->row;
    if (FAILED(w->e) || !w->f->folds_kept || str_filled(client->metadata.origin))
        return;
    w->e = count_forms(w->f, w->a, client, 1);
    arena_reset(w->a);
}

err cache_names_keep(struct snapshot *f, bool looks)
{
    struct keeping w = {f, arena_new(NAME_MEMORY), OK};
    if (w.a == NULL)
        FAIL(UNAVAILABLE, "hot: out of memory");
    bool before = f->looks_kept;
    drop_name_counts(f);
    f->folds_kept = true;
    f->looks_kept = looks || before;
    cache_map_each(&f->clients, keep_one, &w);
    arena_release(w.a);
    TRY(w.e);
    if (!f->folds_kept)
        FAIL(UNAVAILABLE, "hot: names cannot be compared");
    return OK;
}

bool cache_names_kept(const struct snapshot *f, bool looks)
{
    return f->folds_kept && (f->looks_kept || !looks);
}

static int64_t count_of(const struct cache_map *names, str text)
{
    const struct cache_entry *e = cache_map_get(names, text);
    return e != NULL ? ((const struct cache_name *)(const void *)e->row)->count : 0;
}

/* Is the client's own name, as it stands in memory, among those that are counted under `fold`? */
static err counted_itself(struct arena *a, const struct snapshot *f, const struct db_client *client, str fold, bool *itself)
{
    const struct db_client *before = cache_client_by_number(f, client->number);
    str own = STR_ABSENT;
    if (before != NULL && !str_filled(before->metadata.origin))
        TRY(text_fold(a, before->name, &own));
    *itself = str_present(own) && str_equal(own, fold);
    return OK;
}

static err judge_client_name(struct arena *a, const struct snapshot *f, const struct db_client *client, bool *taken)
{
    bool software = str_filled(client->metadata.origin), itself = false;
    struct forms forms;
    if (!cache_names_kept(f, software))
        FAIL(UNAVAILABLE, "hot: names cannot be compared");
    TRY(forms_of(a, client->name, software, &forms));
    TRY(counted_itself(a, f, client, forms.fold, &itself));
    *taken = count_of(&f->folds, forms.fold) > (itself ? 1 : 0) || (software && count_of(&f->looks, forms.look) > 0);
    return OK;
}

err cache_name_taken(struct cache *cache, struct arena *a, const struct db_client *client, bool *taken)
{
    TRY(cache_refresh(cache));
    TRY(cache_keep_names(cache, str_filled(client->metadata.origin)));
    const struct snapshot *f = cache_hold(cache);
    err e = judge_client_name(a, f, client, taken);
    cache_let_go(cache, f);
    return e;
}
