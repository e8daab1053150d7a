/* SPDX-License-Identifier: MIT
 * settings_load: where the values come from. Relies on libinih for the file (its only door); promises that every value stood in
 * the bounds of its row, that an unknown or repeated setting is refused with file and line (AV-04), and that a stronger source beats a
 * weaker one:
 *
 *     option > environment (JETON_NAME) > file (--config, JETON_CONFIG, DIR/jeton.conf) > default
 *
 * A line longer than the library's buffer would silently become two: the reader counts lines and refuses such a one. An
 * indented line goes on with the value above it (for lists of addresses). */
#include "config/settings.h"
#include "base/buf.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/banned.h"

enum { FILE_MAX = 1 << 20, DIRECTORY_MAX = 4096 };

struct load {
    struct arena *arena;
    struct problems *problems;
    struct settings *out;
    str file;
    FILE *stream;
    size_t line, bytes;
    bool indented; /* the line that is being read began with space */
    bool by_place; /* the file was found in the data directory */
    bool torn;
};

static void add_load_problem(struct load *l, const char *field, str sentence)
{
    problem_add(l->problems, field, sentence);
}
static void complain_line(struct load *l, const char *what, str quoted)
{
    add_load_problem(l, "config",
                     str_format(l->arena, "%.*s line %zu: %s%s%.*s%s", STR_FMT(l->file), l->line, what, quoted.n > 0 ? " \"" : "", STR_FMT(quoted),
                                quoted.n > 0 ? "\"" : ""));
}

/* What a complaint may repeat: the address of a database may hold a password, also where it is malformed. */
static str quotable_value(size_t row, str value)
{
    return row == SETTINGS_database ? STR("what was given") : value;
}
/* The library's reader, fgets with a count of lines. Reading stops at the first line that does not fit. */
static char *read_line(char *line, int size, void *stream)
{
    struct load *l = stream;
    if (l->torn || !fgets(line, size, l->stream))
        return NULL;
    size_t n = strlen(line);
    l->line++;
    l->bytes += n;
    l->indented = line[0] == ' ' || line[0] == '\t';
    if (n == 0 || (line[n - 1] != '\n' && !feof(l->stream)) || l->bytes > FILE_MAX) {
        l->torn = true;
        complain_line(l, "too long, or contains a NUL; to continue a list, indent the next line", STR_ABSENT);
        return NULL;
    }
    return line;
}
static void take_value(struct load *l, size_t row, str value)
{
    struct settings *s = l->out;
    const char *refused = NULL;
    if (s->source[row] == SETTINGS_FROM_FILE) {
        if (!l->indented || settings_rows[row].kind != SETTINGS_TEXT) {
            complain_line(l, "set before:", str_of(settings_rows[row].name));
            return;
        }
        value = str_format(l->arena, "%.*s %.*s", STR_FMT(s->text[row]), STR_FMT(value));
    }
    refused = settings_refuses(l->arena, row, value);
    if (refused) {
        complain_line(l, str_format(l->arena, "%s %s, not", settings_rows[row].name, refused).p, quotable_value(row, value));
        return;
    }
    s->text[row] = str_dup(l->arena, value);
    s->source[row] = SETTINGS_FROM_FILE;
}
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct load *l = user;
    size_t row = settings_find(str_of(name));
    if (section[0] != '\0') {
        complain_line(l, "sections are not supported:", str_of(section));
    } else if (row == SETTINGS_COUNT) {
        complain_line(l, "unknown setting", str_of(name));
    } else if (row == SETTINGS_data && l->by_place) {
        complain_line(l, "this file was found in the data directory, so it cannot set", str_of(name));
    } else {
        take_value(l, row, str_of(value));
    }
    return 1;
}
static void load_file(struct load *l, const char *path, bool needed)
{
    struct stat facts;
    l->stream = fopen(path, "re");
    if (!l->stream) {
        if (needed || errno != ENOENT)
            add_load_problem(l, "config", str_format(l->arena, "%s: cannot be read; give another --config", path));
        return;
    }
    l->file = str_dup(l->arena, str_of(path));
    if (fstat(fileno(l->stream), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        add_load_problem(l, "config", str_format(l->arena, "%s: is not a file", path));
    } else {
        int bad = ini_parse_stream(read_line, l, on_pair, l);
        if (bad > 0 && !l->torn) {
            l->line = (size_t)bad;
            complain_line(l, "expected NAME = VALUE", STR_ABSENT);
        }
        if (ferror(l->stream))
            add_load_problem(l, "config", str_format(l->arena, "%s: reading failed", path));
    }
    l->out->file = l->file;
    (void)fclose(l->stream);
}

static char to_upper_ascii(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}
/* The value of JETON_<NAME>; absent when it is not set. */
static str environment_get(const char *const *environment, const char *name)
{
    static const char prefix[] = "JETON_";
    for (; environment && *environment; environment++) {
        const char *have = *environment;
        if (strncmp(have, prefix, sizeof prefix - 1) != 0)
            continue;
        have += sizeof prefix - 1;
        size_t i = 0;
        while (name[i] != '\0' && have[i] == to_upper_ascii(name[i]))
            i++;
        if (name[i] == '\0' && have[i] == '=')
            return str_of(have + i + 1);
    }
    return STR_ABSENT;
}
static void load_environment(struct load *l, const struct settings_input *input)
{
    for (size_t row = 0; row < SETTINGS_COUNT; row++) {
        str value = environment_get(input->environment, settings_rows[row].name);
        if (!str_filled(value))
            continue; /* set to nothing is not set: so it can be switched off in a unit file */
        const char *refused = settings_refuses(l->arena, row, value);
        if (refused) {
            add_load_problem(l, settings_rows[row].name,
                             str_format(l->arena, "the environment variable %s, not \"%.*s\"", refused, STR_FMT(quotable_value(row, value))));
            continue;
        }
        l->out->text[row] = str_dup(l->arena, value);
        l->out->source[row] = SETTINGS_FROM_ENVIRONMENT;
    }
}
static void load_options(struct load *l, const struct settings_input *input)
{
    for (size_t row = 0; input->options && row < SETTINGS_COUNT; row++) {
        str value = input->options[row];
        if (!str_present(value))
            continue;
        const char *refused = settings_refuses(l->arena, row, value);
        if (refused) {
            add_load_problem(l, settings_rows[row].name, str_format(l->arena, "the option %s, not \"%.*s\"", refused, STR_FMT(quotable_value(row, value))));
            continue;
        }
        l->out->text[row] = str_dup(l->arena, value);
        l->out->source[row] = SETTINGS_FROM_OPTION;
    }
}
static int choice_of(const char *shape, str value)
{
    str rest = str_of(shape), word;
    int position = 0;
    while (str_next(&rest, '|', &word) && !str_equal(word, value))
        position++;
    return position;
}
static int64_t number_of(str value)
{
    uint64_t number = 0;
    INVARIANT(!FAILED(str_u64(value, INT64_MAX, &number))); /* settings_refuses let it pass */
    return (int64_t)number;
}
/* Octal digits, whose form settings_refuses let pass. */
static unsigned mode_of(str text)
{
    unsigned mode = 0;
    for (size_t i = 0; i < text.n; i++)
        mode = mode * 8 + (unsigned)(text.p[i] - '0');
    return mode;
}
/* HOST:PORT, or all of what has no port, whose form settings_refuses let pass. */
static void cut_listen(str text, str *host, uint16_t *port)
{
    size_t colon = text.n;
    *port = 0;
    *host = text;
    if (settings_portless(text))
        return;
    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    *port = (uint16_t)number_of((str){text.p + colon, text.n - colon});
    *host = (str){text.p, colon - 1};
    if (host->p[0] == '[')
        *host = (str){host->p + 1, host->n - 2};
}
/* Texts into typed members. */
static void convert_setting_texts(struct settings *s)
{
#define VALUE_TEXT(row, text)   (text)
#define VALUE_NUMBER(row, text) number_of(text)
#define VALUE_FLAG(row, text)   str_is(text, "on")
#define VALUE_CHOICE(row, text) choice_of(settings_rows[row].shape, text)
#define X(name, kind, ...)      s->name = VALUE_##kind(SETTINGS_##name, s->text[SETTINGS_##name]);
    SETTINGS(X)
#undef X
    if (s->source[SETTINGS_tls] == SETTINGS_FROM_DEFAULT && str_filled(s->tls_cert)) {
        s->tls = SETTINGS_TLS_FILES; /* naming a certificate says where TLS comes from */
        s->text[SETTINGS_tls] = STR("files");
    }
    if (!str_filled(s->outgoing_ports)) /* what lies inside lies at ports of the operator's own choice */
        s->outgoing_ports = s->text[SETTINGS_outgoing_ports] = str_filled(s->fetch_internal) ? STR("any") : STR("443");
    cut_listen(s->listen, &s->listen_host, &s->listen_port);
    if (str_filled(s->listen_mtls))
        cut_listen(s->listen_mtls, &s->mtls_host, &s->mtls_port);
    s->mode = mode_of(s->socket_mode);
}
/* Which file: the one that is named, else the one in the data directory, which only options and environment can have moved. */
static void choose_file(struct load *l, const struct settings_input *input)
{
    const char *path = input->file;
    str named = environment_get(input->environment, "config");
    if (!path && str_filled(named))
        path = str_z(l->arena, named);
    if (path) {
        load_file(l, path, true);
        return;
    }
    str data = input->options ? input->options[SETTINGS_data] : STR_ABSENT;
    if (!str_present(data))
        data = environment_get(input->environment, "data");
    if (!str_filled(data))
        data = l->out->text[SETTINGS_data];
    str place = str_format(l->arena, "%.*s/jeton.conf", STR_FMT(data));
    l->by_place = true;
    if (str_present(place))
        load_file(l, place.p, false);
}
fallible settings_load(struct arena *a, const struct settings_input *input, struct settings *out, struct problems *p)
{
    struct settings *s = ARENA_NEW(a, struct settings);
    if (!s)
        FAIL(UNAVAILABLE, "out of memory while reading the settings");
    struct load l = {.arena = a, .problems = p, .out = s};
    for (size_t row = 0; row < SETTINGS_COUNT; row++)
        s->text[row] = str_of(settings_rows[row].fallback);
    choose_file(&l, input);
    load_environment(&l, input);
    load_options(&l, input);
    TRY(problem_result(p));
    if (arena_failed(a))
        FAIL(UNAVAILABLE, "out of memory while reading the settings");
    s->input = *input;
    convert_setting_texts(s);
    *out = *s;
    return OK;
}
/* What is read at start alone stays what it was. */
static void keep_at_start(const struct settings *old, struct settings *s, struct settings_late *late)
{
    for (size_t row = 0; row < SETTINGS_COUNT; row++) {
        if (settings_rows[row].when != SETTINGS_AT_START)
            continue;
        if (!str_equal(old->text[row], s->text[row]))
            late->rows[late->count++] = row;
        s->text[row] = old->text[row];
        s->source[row] = old->source[row];
    }
#define X(name, ...)                                              \
    if (settings_rows[SETTINGS_##name].when == SETTINGS_AT_START) \
        s->name = old->name;
    SETTINGS(X)
#undef X
    s->listen_host = old->listen_host;
    s->listen_port = old->listen_port;
    s->mtls_host = old->mtls_host;
    s->mtls_port = old->mtls_port;
    s->mode = old->mode;
}
fallible settings_again(struct arena *a, const struct settings *old, struct settings *out, struct settings_late *late, struct problems *p)
{
    struct settings *s = ARENA_NEW(a, struct settings);
    if (!s)
        FAIL(UNAVAILABLE, "out of memory while reading the settings");
    late->count = 0;
    TRY(settings_load(a, &old->input, s, p));
    TRY(settings_judge(a, s, p));
    keep_at_start(old, s, late);
    *out = *s;
    return OK;
}
