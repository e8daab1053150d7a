/* SPDX-License-Identifier: MIT
 * audit_pace: see the header. A table of fixed size a class: a source finds its place by its hash among a few neighbours, and takes that of the
 * one that was silent longest; what was left out of that one goes on being counted, without its name. Promises: memory is bounded
 * whatever comes; a flood of one source costs others nothing; of many sources each has its burst, however many there are, only as long as
 * all of the class together stay within sixteen such allowances: more are counted and left out. */
#include "context/audit_pace.h"

#include <pthread.h>
#include <string.h>

#include "base/banned.h"

/* clang-format off */
const struct audit_row audit_rows[] = {
    {"client.refused",          DB_EVENT_MACHINES,       true},
    {"client.deprecated",       DB_EVENT_MACHINES,       true},
    {"client.",                 DB_EVENT_ADMINISTRATION, false},
    {"scope.",                  DB_EVENT_ADMINISTRATION, false},
    {"resource.",               DB_EVENT_ADMINISTRATION, false},
    {"details.",                DB_EVENT_ADMINISTRATION, false},
    {"issuer.",                 DB_EVENT_ADMINISTRATION, false},
    {"initial_token.",          DB_EVENT_ADMINISTRATION, false},
    {"key.",                    DB_EVENT_ADMINISTRATION, false},
    {"user.",                   DB_EVENT_ADMINISTRATION, false},
    {"settings.",               DB_EVENT_ADMINISTRATION, false},
    {"events.nearly_full",      DB_EVENT_ADMINISTRATION, false},
    {"login.failed",            DB_EVENT_PEOPLE,         true},
    {"login.ok",                DB_EVENT_PEOPLE,         false},
    {"password_change.failed",  DB_EVENT_PEOPLE,         true},
    {"password_change.ok",      DB_EVENT_PEOPLE,         false},
    {"password_grant.failed",   DB_EVENT_PEOPLE,         true},
    {"password_grant.ok",       DB_EVENT_PEOPLE,         true},
    {"factor.",                 DB_EVENT_PEOPLE,         false},
    {"logout",                  DB_EVENT_PEOPLE,         false},
    {"session.",                DB_EVENT_PEOPLE,         false},
    {"consent.",                DB_EVENT_PEOPLE,         false},
    {"code.",                   DB_EVENT_PEOPLE,         true},
    {"refresh.replayed",        DB_EVENT_PEOPLE,         true},
    {"grant.",                  DB_EVENT_PEOPLE,         false},
    {"pat.",                    DB_EVENT_PEOPLE,         false},
    {"token.",                  DB_EVENT_MACHINES,       true},
    {"ciba.",                   DB_EVENT_MACHINES,       true},
    {"logout.",                 DB_EVENT_MACHINES,       true},
    {"request.refused",         DB_EVENT_MACHINES,       true},
    {"events.suppressed",       DB_EVENT_MACHINES,       false},
    {NULL,                      DB_EVENT_MACHINES,       true},
};
/* clang-format on */

const struct audit_row *audit_row_of(str name)
{
    const struct audit_row *row = audit_rows;
    for (; row->name != NULL; row++) {
        str known = str_of(row->name);
        if (str_equal(known, name) || (str_ends(known, STR(".")) && str_starts(name, known)))
            break;
    }
    return row;
}

const char *audit_class_name(int64_t class)
{
    return class == DB_EVENT_ADMINISTRATION ? "administration" : class == DB_EVENT_PEOPLE ? "people" : "machines";
}

enum { WAYS = 8, SETS = AUDIT_PACE_SOURCES / WAYS, EVERYBODY = 16, MINUTE = 60 };

struct allowance {
    int64_t left; /* in sixtieths of an event */
    unix_time seen;
};

struct source {
    char name[AUDIT_SOURCE_MAX + 1];
    struct allowance allowance;
    int64_t left_out;
};

static struct {
    pthread_mutex_t lock;
    struct source sources[DB_EVENT_CLASSES + 1][SETS][WAYS];
    struct allowance everybody[DB_EVENT_CLASSES + 1];
    int64_t forgotten[DB_EVENT_CLASSES + 1]; /* left out of sources whose place was taken */
    uint64_t total[DB_EVENT_CLASSES + 1];
} pace = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A bucket that fills with time; a clock that went back fills nothing and empties nothing. */
static bool take_allowance(struct allowance *a, int64_t times, unix_time now)
{
    int64_t full = (int64_t)AUDIT_PACE_BURST * MINUTE * times, passed = now > a->seen ? now - a->seen : 0;
    if (a->seen == 0 || passed > full)
        a->left = full;
    else
        a->left += passed * AUDIT_PACE_A_MINUTE * times;
    a->left = a->left < full ? a->left : full;
    a->seen = now;
    if (a->left < MINUTE)
        return false;
    a->left -= MINUTE;
    return true;
}

static uint32_t hash_of(str name) /* FNV-1a */
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (uint8_t)name.p[i]) * 16777619U;
    return h ^ h >> 16;
}

static struct source *place_of(enum db_event_class class, str name)
{
    struct source *set = pace.sources[class][hash_of(name) % SETS], *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (str_is(name, set[i].name))
            return &set[i];
        if (set[i].allowance.seen < oldest->allowance.seen)
            oldest = &set[i];
    }
    pace.forgotten[class] += oldest->left_out;
    *oldest = (struct source){.left_out = 0};
    memcpy(oldest->name, name.p, name.n);
    return oldest;
}

bool audit_pace_allows(enum db_event_class class, str source, unix_time now)
{
    str name = str_filled(source) ? (str){source.p, source.n < AUDIT_SOURCE_MAX ? source.n : AUDIT_SOURCE_MAX} : STR("?");
    (void)pthread_mutex_lock(&pace.lock);
    struct source *s = place_of(class, name);
    bool allowed = take_allowance(&s->allowance, 1, now) && take_allowance(&pace.everybody[class], EVERYBODY, now);
    s->left_out += !allowed;
    pace.total[class] += !allowed;
    (void)pthread_mutex_unlock(&pace.lock);
    return allowed;
}

static bool take_left_out_count(struct audit_left_out *out, enum db_event_class class, const char *name, int64_t *count)
{
    if (*count == 0)
        return false;
    *out = (struct audit_left_out){.class = class, .count = *count};
    memcpy(out->source, name, strlen(name));
    *count = 0;
    return true;
}

bool audit_pace_left_out(struct audit_left_out *out)
{
    bool found = false;
    (void)pthread_mutex_lock(&pace.lock);
    for (unsigned class = 1; class <= DB_EVENT_CLASSES && !found; class ++) {
        struct source *all = pace.sources[class][0];
        for (size_t i = 0; i < (size_t)SETS * WAYS && !found; i++)
            found = take_left_out_count(out, (enum db_event_class) class, all[i].name, &all[i].left_out);
        found = found || take_left_out_count(out, (enum db_event_class) class, "", &pace.forgotten[class]);
    }
    (void)pthread_mutex_unlock(&pace.lock);
    return found;
}

uint64_t audit_pace_total(enum db_event_class class)
{
    (void)pthread_mutex_lock(&pace.lock);
    uint64_t n = pace.total[class];
    (void)pthread_mutex_unlock(&pace.lock);
    return n;
}
