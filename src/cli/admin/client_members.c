/* SPDX-License-Identifier: MIT
 * client_members: what stands on the command line of `jeton client` about registered metadata. Relies on client/metadata for names
 * and kinds, which also judges the values. Promises that an option that was not given changes nothing, and that a file is read whole or
 * not at all. */
#include "cli/admin/client_members.h"

#include "client/metadata_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

enum { KEYS_FILE_MAX = 65536 };

static void close_file(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

const char *client_members_keys(struct arena *a, str name, str *out)
{
    const char *path = str_z(a, name);
    __attribute__((cleanup(close_file))) FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char *text = arena_take(a, KEYS_FILE_MAX + 1);
    if (file == NULL || text == NULL)
        return str_format(a, "--jwks must name a file that contains a JWK Set; %.*s cannot be read", STR_FMT(name)).p;
    size_t n = fread(text, 1, KEYS_FILE_MAX + 1, file);
    if (ferror(file) != 0 || n > KEYS_FILE_MAX)
        return str_format(a, "--jwks: %.*s cannot be read, or is larger than %d bytes", STR_FMT(name), KEYS_FILE_MAX).p;
    *out = (str){text, n};
    return NULL;
}

static const char *read_flag(struct arena *a, const struct options *o, const char *name, bool opposites, str *out)
{
    str opposite = str_format(a, "no_%s", name);
    if (!str_present(opposite))
        return "out of memory while reading the options";
    bool yes = options_has(o, name), no = opposites && options_has(o, opposite.p);
    if (yes && no)
        return "an option and its opposite cannot be used together";
    if (yes || no)
        *out = yes ? STR("true") : STR("false");
    return NULL;
}

/* The name as it is typed. */
static const char *dash_member_name(struct arena *a, const char *name)
{
    char *dashed = arena_take(a, strlen(name) + 1);
    for (size_t i = 0; dashed != NULL && i <= strlen(name); i++)
        dashed[i] = (char)(name[i] == '_' ? '-' : name[i]);
    return dashed != NULL ? dashed : name;
}

/* Without its full stop. */
static const char *format_member_problem(struct arena *a, size_t member, const char *why)
{
    struct message m = metadata_rules_message(member, why);
    m.arguments[0].text = str_format(a, "--%s", dash_member_name(a, metadata_rows[member].name));
    str text = message_text(a, NULL, &m);
    return str_filled(text) ? str_dup(a, (str){text.p, text.n - 1}).p : why;
}

const char *client_members_read(struct arena *a, const struct options *o, bool opposites, struct client_edit *edit)
{
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        const struct metadata_row *row = &metadata_rows[i];
        const char *wrong = NULL;
        if (row->setter == METADATA_BY_SYSTEM)
            continue;
        if (row->kind == METADATA_KIND_FLAG) {
            wrong = read_flag(a, o, row->name, opposites, &edit->metadata[i]);
        } else {
            str value = options_text(o, row->name);
            if (row->kind == METADATA_KIND_KEYS && str_filled(value))
                wrong = client_members_keys(a, value, &value);
            edit->metadata[i] = value;
            const char *why = wrong == NULL ? metadata_rules_refuses(a, i, value) : NULL;
            if (why != NULL) /* contract 7: a malformed value is wrong usage */
                wrong = format_member_problem(a, i, why);
        }
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}
