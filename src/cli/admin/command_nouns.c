/* SPDX-License-Identifier: MIT
 * nouns: THE table of commands. One row per noun; its verbs stand in its own file. Usage, help and the manual are made from it.
 */
#include "cli/nouns.h"
#include "base/banned.h"

/* clang-format off */
const struct command_noun command_nouns[] = {
    {"serve",    cmd_serve,    "run the server"},
    {"user",     cmd_user,     "user accounts"},
    {"client",   cmd_client,   "client applications"},
    {"registration", cmd_registration, "initial access tokens, with which software registers itself"},
    {"pat",      cmd_pat,      "personal access tokens"},
    {"scope",    cmd_scope,    "permissions that clients can ask for"},
    {"resource", cmd_resource, "services that tokens can be issued for (RFC 8707)"},
    {"issuer",   cmd_issuer,   "issuers whose assertions are accepted as grants (RFC 7523)"},
    {"details",  cmd_details,  "types of authorization details (RFC 9396)"},
    {"key",      cmd_key,      "keys that sign and encrypt tokens"},
    {"event",    cmd_event,    "the audit trail"},
    {"token",    cmd_token,    "get a token from any OAuth server"},
    {"backup",   cmd_backup,   "copy the database while it is in use"},
    {"check",    cmd_check,    "check the database"},
    {"config",   cmd_config,   "the settings"},
    {"version",  cmd_version,  "print the version"},
    {"help",     cmd_help,     "print help"},
};
/* clang-format on */
const size_t command_noun_count = sizeof command_nouns / sizeof command_nouns[0];
