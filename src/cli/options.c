/* SPDX-License-Identifier: MIT
 * options: words of the command line into typed values. Relies on the codecs for forms and on the settings' rows for `serve`.
 * Promises that a value it stored has the form of its row, so that no command reads text again, and that no secret can come
 * from the command line: an OPTION_SECRET takes no value there (ST-05). */
#include "cli/options.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "codec/url.h"
#include "codec/utf8.h"
#include "config/settings.h"
#include <string.h>
#include "base/banned.h"

enum { LIST_MAX = 65536, USAGE_COLUMN = 34, NAME_MAX_BYTES = 128 };

struct parse {
    struct arena *arena;
    struct options *out;
    const char **trouble;
    size_t position;
};

/* One sentence for wrong usage. */
#define WRONG(parse_, ...)                                               \
    do {                                                                 \
        *(parse_)->trouble = str_format((parse_)->arena, __VA_ARGS__).p; \
        FAIL(INVALID_REQUEST, "wrong usage");                            \
    } while (0)

/* The name as it is typed. */
static const char *dash_option_name(struct parse *p, const struct option *row)
{
    struct buf b = buf_new(p->arena, NAME_MAX_BYTES);
    str name;
    for (const char *c = row->name; *c; c++)
        buf_char(&b, *c == '_' ? '-' : *c);
    return FAILED(buf_done(&b, &name)) ? row->name : name.p;
}
static bool same_name(const char *row, str given)
{
    size_t i = 0;
    for (; row[i] != '\0' && i < given.n; i++) {
        char have = row[i] == '_' ? '-' : row[i], want = given.p[i] == '_' ? '-' : given.p[i];
        if (have != want)
            return false;
    }
    return row[i] == '\0' && i == given.n;
}
static size_t find_row(const struct options *o, str name)
{
    size_t i = 0;
    while (i < o->count && !same_name(o->rows[i]->name, name))
        i++;
    return i;
}
static bool takes_value(const struct option *row)
{
    return row->kind != OPTION_FLAG && row->kind != OPTION_SECRET;
}
static bool may_option_repeat(const struct option *row)
{
    return row->kind == OPTION_WORDS || row->kind == OPTION_URLS || row->kind == OPTION_LINES;
}
static bool is_words(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == ' ' ? (i == 0 || i + 1 == value.n || value.p[i - 1] == ' ') : (!ascii_visible(c) || c == '"' || c == '\\'))
            return false; /* RFC 6749 3.3: scope = scope-token *( SP scope-token ) */
    }
    return true;
}
static bool is_id(str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_visible(value.p[i]))
            return false;
    }
    return value.n >= 1 && value.n <= 255;
}
static fallible check_url(struct parse *p, const struct option *row, str value)
{
    struct url u;
    err wrong = url_parse(value, &u);
    if (FAILED(wrong))
        WRONG(p, "--%s must be an absolute URL: %s", dash_option_name(p, row), err_say(wrong));
    return OK;
}
static fallible check_setting(struct parse *p, const struct option *row, str value)
{
    size_t setting = settings_find(str_of(row->name));
    INVARIANT(setting < SETTINGS_COUNT);
    const char *refused = settings_refuses(p->arena, setting, value);
    if (refused)
        WRONG(p, "--%s %s", dash_option_name(p, row), refused);
    return OK;
}
static fallible check_plain(struct parse *p, const struct option *row, str value)
{
    if (!utf8_no_controls(value) || (value.n == 0 && row->least >= 0))
        WRONG(p, "--%s must be text without control characters, and not empty", dash_option_name(p, row));
    return OK;
}
static fallible check_value(struct parse *p, const struct option *row, str value)
{
    uint64_t number = 0;
    switch (row->kind) {
    case OPTION_TEXT:
    case OPTION_LINES:
        return check_plain(p, row, value);
    case OPTION_WORDS:
        if (!is_words(value))
            WRONG(p, "--%s must be a list of words separated by single spaces", dash_option_name(p, row));
        return OK;
    case OPTION_NUMBER:
        if (FAILED(str_u64(value, (uint64_t)row->most, &number)) || (int64_t)number < row->least)
            WRONG(p, "--%s must be a whole number from %lld to %lld", dash_option_name(p, row), (long long)row->least, (long long)row->most);
        return OK;
    case OPTION_CHOICE:
        if (!str_has_choice(str_of(row->shape), value))
            WRONG(p, "--%s must be one of %s", dash_option_name(p, row), row->shape);
        return OK;
    case OPTION_ID:
        if (!is_id(value))
            WRONG(p, "--%s must have 1 to 255 visible ASCII characters", dash_option_name(p, row));
        return OK;
    case OPTION_URL:
        return check_url(p, row, value);
    case OPTION_URLS:
        return value.n == 0 ? OK : check_url(p, row, value);
    case OPTION_SETTING:
        return check_setting(p, row, value);
    case OPTION_FLAG:
    case OPTION_SECRET:
    case OPTION_END:
        break;
    }
    return OK;
}
static fallible store_value(struct parse *p, size_t i, str value)
{
    struct options *o = p->out;
    const struct option *row = o->rows[i];
    bool list = may_option_repeat(row);
    TRY(check_value(p, row, value));
    if (o->order[i] == 0) {
        o->values[i] = value;
        o->order[i] = p->position;
        return OK;
    }
    if (!list)
        WRONG(p, "--%s was given twice", dash_option_name(p, row));
    if (o->values[i].n == 0 || value.n == 0)
        WRONG(p, "--%s can be empty only if it is given once", dash_option_name(p, row));
    if (o->values[i].n + value.n > LIST_MAX)
        WRONG(p, "--%s is too long", dash_option_name(p, row));
    str parts[] = {o->values[i], row->kind == OPTION_WORDS ? STR(" ") : STR("\n"), value};
    o->values[i] = str_join(p->arena, parts, 3);
    if (!str_present(o->values[i]))
        FAIL(UNAVAILABLE, "no memory for a list"); /* a lost part must not read as an option that was not given */
    return OK;
}
/* One option at *words; moves past its value. */
static fallible parse_option(struct parse *p, const char *const **words)
{
    str word = str_of(**words), name = {word.p + 2, word.n - 2};
    size_t equals = str_find(name, '=');
    bool joined = equals < name.n;
    str value = joined ? (str){name.p + equals + 1, name.n - equals - 1} : STR_ABSENT;
    name.n = equals;
    size_t i = find_row(p->out, name);
    if (i == p->out->count)
        WRONG(p, "unknown option --%.*s", STR_FMT(name));
    const struct option *row = p->out->rows[i];
    if (!takes_value(row)) {
        if (joined)
            WRONG(p, row->kind == OPTION_SECRET ? "--%s reads standard input and takes no value" : "--%s takes no value", dash_option_name(p, row));
        return store_value(p, i, STR(""));
    }
    if (!joined) {
        value = str_of((*words)[1]);
        if (!str_present(value) || str_starts(value, STR("--")))
            WRONG(p, "--%s needs a value: %s", dash_option_name(p, row), row->shape);
        (*words)++;
    }
    return store_value(p, i, value);
}
static void add_table(struct options *o, const struct option *table)
{
    for (; table && table->kind != OPTION_END; table++) {
        if (find_row(o, str_of(table->name)) < o->count)
            continue; /* the command's own row hides the common one */
        INVARIANT(o->count < OPTIONS_ROWS_MAX);
        o->rows[o->count++] = table;
    }
}
fallible options_parse(struct arena *a, const struct option *const tables[2], const char *const *words, struct options *out, const char **trouble)
{
    struct parse p = {.arena = a, .out = out, .trouble = trouble};
    bool only_arguments = false;
    *out = (struct options){0};
    add_table(out, tables[0]);
    add_table(out, tables[1]);
    for (; *words; words++) {
        p.position++;
        if (!only_arguments && strcmp(*words, "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && strcmp(*words, "-h") == 0) {
            size_t help = find_row(out, STR("help"));
            if (help < out->count)
                TRY(store_value(&p, help, STR("")));
        } else if (!only_arguments && (*words)[0] == '-' && (*words)[1] != '\0') {
            if ((*words)[1] != '-')
                WRONG(&p, "\"%s\" is not an option: options start with two dashes", *words);
            TRY(parse_option(&p, &words));
        } else if (out->argument_count == OPTIONS_ARGUMENTS_MAX) {
            WRONG(&p, "too many arguments");
        } else {
            out->arguments[out->argument_count++] = str_of(*words);
        }
    }
    return OK;
}

static size_t must_find(const struct options *o, const char *name)
{
    size_t i = find_row(o, str_of(name));
    INVARIANT(i < o->count);
    return i;
}
str options_text(const struct options *o, const char *name)
{
    return o->values[must_find(o, name)];
}
bool options_has(const struct options *o, const char *name)
{
    return o->order[must_find(o, name)] != 0;
}
int64_t options_number(const struct options *o, const char *name, int64_t fallback)
{
    size_t i = must_find(o, name);
    uint64_t number = 0;
    if (o->order[i] == 0)
        return fallback;
    INVARIANT(!FAILED(str_u64(o->values[i], INT64_MAX, &number))); /* check_value let it pass */
    return (int64_t)number;
}
fallible options_read_secrets(struct arena *a, struct options *o, err (*read)(struct arena *a, str *line), const char **trouble)
{
    size_t done = 0;
    for (;;) {
        size_t next = o->count;
        for (size_t i = 0; i < o->count; i++) {
            bool later = o->rows[i]->kind == OPTION_SECRET && o->order[i] > done;
            if (later && (next == o->count || o->order[i] < o->order[next]))
                next = i;
        }
        if (next == o->count)
            return OK;
        err e = read(a, &o->values[next]);
        if (FAILED(e)) {
            *trouble = str_format(a, "--%s: %s", o->rows[next]->name, err_say(e)).p;
            return e;
        }
        done = o->order[next];
    }
}

void options_usage(struct buf *b, const struct option *table)
{
    for (; table && table->kind != OPTION_END; table++) {
        size_t start = b->n;
        buf_add_z(b, "  --");
        for (const char *c = table->name; *c; c++)
            buf_char(b, *c == '_' ? '-' : *c);
        if (takes_value(table))
            buf_format(b, " %s", table->shape);
        if (may_option_repeat(table))
            buf_add_z(b, " ...");
        if (b->n - start >= USAGE_COLUMN) {
            buf_char(b, '\n');
            start = b->n;
        }
        while (b->n - start < USAGE_COLUMN && !b->over)
            buf_char(b, ' ');
        buf_format(b, " %s\n", table->help);
    }
}
