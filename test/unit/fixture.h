/* SPDX-License-Identifier: MIT
 * fixture: a ready authority for unit tests: an empty store in a fresh directory that is removed when the test's process ends.
 * All functions end the test when something fails. */
#ifndef JETON_TEST_FIXTURE_H
#define JETON_TEST_FIXTURE_H
#include "context/authority.h"
#include "store/table/db_user.h"

#define FIXTURE_ISSUER   "https://auth.example.com"
#define FIXTURE_PASSWORD "correct horse battery"

/* An arena that is released when the test's process ends. */
struct arena *fixture_arena(void);
/* A fresh directory, removed with all that is in it when the test's process ends. */
const char *fixture_directory(void);
/* Store, facts, keys (each algorithm active and next; RSA ones are ready-made), policy as the settings' defaults. */
struct authority *fixture_authority(struct arena *a);
/* The directory that fixture_authority used last. */
const char *fixture_authority_directory(void);
/* Another authority over the same store: what a second process, or the next start, sees. */
struct authority *fixture_authority_again(struct arena *a);
/* Enters; address 192.0.2.7, request id "test". Left by authority_leave, or when the test ends. */
struct context *fixture_context(struct authority *authority, struct arena *a);
/* A person with FIXTURE_PASSWORD. */
struct db_user *fixture_user(struct authority *authority, struct arena *a, const char *username);
/* What DIR/master.key is for; the file is made when it is missing. Freed by keeper_free (keys/keeper_build). */
struct keeper *fixture_keeper(const char *directory);
/* A keyring without any store: ES256, RS256, EdDSA active, sealing key 1. */
struct keyring *fixture_keyring(struct arena *a);
/* The end of a child that a test forked: what ran there counts as covered, and nothing of the parent's is undone. */
_Noreturn void fixture_end_child(int status);
#endif
