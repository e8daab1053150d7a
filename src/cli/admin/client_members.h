/* SPDX-License-Identifier: MIT
 * client_members: the options of `jeton client add|edit` for registered metadata, one for each row of client/metadata. */
#ifndef JETON_CLI_ADMIN_CLIENT_MEMBERS_H
#define JETON_CLI_ADMIN_CLIENT_MEMBERS_H
#include "cli/options.h"
#include "client/client.h"
/* clang-format off */
#define CLIENT_MEMBERS_TEXT   OPTION_TEXT
#define CLIENT_MEMBERS_NUMBER OPTION_TEXT
#define CLIENT_MEMBERS_KEYS   OPTION_TEXT
#define CLIENT_MEMBERS_WORDS  OPTION_WORDS
#define CLIENT_MEMBERS_LINES  OPTION_LINES
#define CLIENT_MEMBERS_FLAG   OPTION_FLAG
#define CLIENT_MEMBERS_ROW(name_, kind_, group_, check_, shape_, label_, help_) {#name_, CLIENT_MEMBERS_##kind_, shape_, -1, 0, help_},
#define CLIENT_MEMBERS_NO_TEXT(name_)
#define CLIENT_MEMBERS_NO_NUMBER(name_)
#define CLIENT_MEMBERS_NO_KEYS(name_)
#define CLIENT_MEMBERS_NO_WORDS(name_)
#define CLIENT_MEMBERS_NO_LINES(name_)
#define CLIENT_MEMBERS_NO_FLAG(name_) {"no_" #name_, OPTION_FLAG, NULL, 0, 0, "Turn off " #name_ "."},
#define CLIENT_MEMBERS_NO_ROW(name_, kind_, group_, check_, shape_, label_, help_) CLIENT_MEMBERS_NO_##kind_(name_)
#define CLIENT_MEMBERS_NOTHING(...)
/* Rows of an option table: for each member, and for each flag its opposite (edit). */
#define CLIENT_MEMBERS_OPTIONS METADATA_ROWS(CLIENT_MEMBERS_ROW, CLIENT_MEMBERS_ROW, CLIENT_MEMBERS_ROW, CLIENT_MEMBERS_NOTHING)
#define CLIENT_MEMBERS_OPPOSITES METADATA_ROWS(CLIENT_MEMBERS_NO_ROW, CLIENT_MEMBERS_NO_ROW, CLIENT_MEMBERS_NO_ROW, CLIENT_MEMBERS_NOTHING)
/* clang-format on */
/* The text of a file with a JWK Set, whole. NULL, or the sentence for wrong usage (arena memory). */
const char *client_members_keys(struct arena *a, str name, str *out);
/* The options that were given into edit->metadata; jwks names a file. NULL, or the sentence for wrong usage (arena memory). */
const char *client_members_read(struct arena *a, const struct options *o, bool opposites, struct client_edit *edit);
#endif
