/* SPDX-License-Identifier: MIT
 * nouns: each noun's verbs, ended by a row whose `run` is NULL. */
#ifndef JETON_CLI_NOUNS_H
#define JETON_CLI_NOUNS_H
#include "cli/command.h"
extern const struct command cmd_serve[], cmd_user[], cmd_client[], cmd_pat[], cmd_scope[], cmd_resource[], cmd_issuer[], cmd_details[], cmd_key[], cmd_event[],
    cmd_token[], cmd_backup[], cmd_check[], cmd_config[], cmd_version[], cmd_help[], cmd_registration[];
extern const struct option cmd_serve_options[]; /* every setting is an option of `serve` and of `config explain` */
#define COMMAND_END                  \
    {                                \
        NULL, NULL, NULL, NULL, NULL \
    }
#define OPTION_LAST                        \
    {                                      \
        NULL, OPTION_END, NULL, 0, 0, NULL \
    }
#endif
