/* SPDX-License-Identifier: MIT
 * cmd_help: `jeton help`: made from the tables of commands and options, and the manual page too (--man), so that neither can be
 * behind the program: a test compares docs/jeton.1 with what this prints. */
#include "cli/nouns.h"
#include "cli/output.h"
#include "base/buf.h"
#include "config/settings.h"
#include "base/banned.h"

enum { MANUAL_MAX = 1 << 18 };

/* clang-format off */
static const struct option options_help[] = {
    {"man", OPTION_FLAG, NULL, 0, 0, "Print the manual page (roff)."},
    OPTION_LAST,
};
/* clang-format on */

/* Text for roff: backslashes and dashes escaped, a leading dot or quote guarded. */
static void add_roff_text(struct buf *b, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_add_z(b, "\\&");
    for (; *text; text++) {
        if (*text == '-')
            buf_add_z(b, "\\-");
        else if (*text == '\\')
            buf_add_z(b, "\\e");
        else
            buf_char(b, *text);
        if (*text == '|' || *text == '/') /* a line may break here: lists of words are longer than a terminal */
            buf_add_z(b, "\\:");
    }
}
static void man_options(struct buf *b, const struct option *table)
{
    for (; table && table->kind != OPTION_END; table++) {
        buf_add_z(b, ".TP\n\\fB\\-\\-");
        for (const char *c = table->name; *c; c++)
            buf_add_z(b, *c == '_' || *c == '-' ? "\\-" : (char[]){*c, '\0'});
        buf_add_z(b, "\\fR");
        if (table->shape) {
            buf_add_z(b, " \\fI");
            add_roff_text(b, table->shape);
            buf_add_z(b, "\\fR");
        }
        buf_char(b, '\n');
        add_roff_text(b, table->help);
        buf_char(b, '\n');
    }
}
static void man_noun(struct buf *b, const struct command_noun *noun)
{
    for (const struct command *c = noun->commands; c->run; c++) {
        buf_format(b, ".SS jeton %s", noun->name);
        if (c->verb)
            buf_format(b, " %s", c->verb);
        if (c->arguments) {
            buf_char(b, ' ');
            add_roff_text(b, c->arguments);
        }
        buf_char(b, '\n');
        add_roff_text(b, c->help);
        buf_add_z(b, ".\n");
        if (c->options != cmd_serve_options)
            man_options(b, c->options);
        else
            buf_add_z(b, ".PP\nEvery setting is an option: see SETTINGS.\n");
    }
}
static void man_settings(struct buf *b)
{
    buf_add_z(b, ".SH SETTINGS\n"
                 "Each setting is an option of \\fBjeton serve\\fR and \\fBjeton config explain\\fR (\\-\\-name, with dashes), an environment\n"
                 "variable (JETON_NAME) and a line \\fIname = value\\fR of the settings file. Options take precedence over the environment, the\n"
                 "environment over the file, and the file over the defaults. Unknown settings are refused; the message names the line.\n"
                 "On SIGHUP the file is read again, together with tls_cert, tls_key and client_ca. Connections stay open. If something is wrong,\n"
                 "the log says what, and the server keeps the settings that it had.\n");
    for (size_t row = 0; row < SETTINGS_COUNT; row++) {
        const struct settings_row *r = &settings_rows[row];
        buf_format(b, ".TP\n\\fB%s\\fR = \\fI", r->name);
        add_roff_text(b, r->shape);
        buf_add_z(b, "\\fR\n");
        add_roff_text(b, r->sentence);
        if (r->kind == SETTINGS_NUMBER)
            buf_format(b, " From %lld to %lld.", (long long)r->least, (long long)r->most);
        if (r->when == SETTINGS_AT_START)
            buf_add_z(b, " Read only at startup.");
        if (r->fallback[0]) {
            buf_add_z(b, " Default: ");
            add_roff_text(b, r->fallback);
            buf_char(b, '.');
        }
        buf_char(b, '\n');
    }
}
static void write_manual_page(struct buf *b)
{
    buf_format(b,
               ".\\\" Made by: jeton help --man\n.TH JETON 1 \"\" \"jeton %s\"\n.ad l\n.nh\n.SH NAME\njeton \\- an OAuth 2.0 and OpenID Connect "
               "server\n",
               JETON_VERSION);
    buf_add_z(b, ".SH SYNOPSIS\n.B jeton\n.I noun\n.RI [ verb ]\n.RI [ options ]\n.SH COMMON OPTIONS\n");
    man_options(b, command_common);
    buf_add_z(b, ".SH COMMANDS\nYou can run commands while the server runs. It sees each change at once. Secrets are never given on "
                 "the command\n"
                 "line: each \\-\\-\\&...\\-stdin option reads one line of standard input, in the order of the options.\n");
    for (size_t i = 0; i < command_noun_count; i++)
        man_noun(b, &command_nouns[i]);
    man_settings(b);
    buf_add_z(b, ".SH EXIT STATUS\n.TP\n0\nThe command succeeded.\n.TP\n1\nThe command was refused or failed. One line on standard error says what is wrong "
                 "and how to fix it.\n"
                 ".TP\n2\nWrong usage.\n");
    buf_add_z(b, ".SH FILES\n.TP\n.I DIR/jeton.conf\nSettings, if the file exists.\n.TP\n.I DIR/jeton.db\nThe database.\n"
                 ".TP\n.I DIR/master.key\nThe key that seals the private keys in the database. Back it up, and keep it in another place.\n"
                 ".TP\n.I DIR/tls/ca.pem\nThe certificate authority that clients must trust when TLS is self\\-signed.\n");
}
static int run_help(struct command_call *call)
{
    struct buf b = buf_new(call->arena, MANUAL_MAX);
    str text, name = command_argument(call, 0);
    const struct command_noun *noun = command_find_noun(name);
    if (options_has(&call->options, "man"))
        write_manual_page(&b);
    else if (!str_present(name))
        command_usage_all(&b);
    else if (noun)
        command_usage_noun(&b, noun);
    else
        return command_misused(call, "unknown command \"%.*s\"", STR_FMT(name));
    if (FAILED(buf_done(&b, &text)))
        return command_refuse(call, "out of memory while writing the help");
    return output_text(call, "usage", text);
}

/* clang-format off */
const struct command cmd_help[] = {
    {NULL, "[NOUN]", options_help, run_help, "Show help for all commands, or for one noun"},
    COMMAND_END,
};
/* clang-format on */
