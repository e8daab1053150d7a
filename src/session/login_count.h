/* SPDX-License-Identifier: MIT
 * login_count: the counters of a login. Private to session/. */
#ifndef JETON_SESSION_LOGIN_COUNT_H
#define JETON_SESSION_LOGIN_COUNT_H
#include "session/authenticators.h"
/* Whose counters they are: fills account, address and known_device, and forgets steps that were counted elsewhere. */
fallible login_count_keys(struct login_trial *t);
/* A name for the address that this step is counted at, `-` for none; absent when the arena fails. */
str login_count_place(const struct login_trial *t);
/* RL-01: a step is counted before it is judged; everybody sees it, and it is on the disk before anything is answered: by login_count_settle, or else by
 * login_count_keep. */
fallible login_count(struct login_trial *t, bool *allowed, struct db_throttle *state);
fallible login_count_keep(const struct login_trial *t);
/* In place of login_count_keep after a step that was right while another is missing: it stays counted, but the next one does not wait for it. A wait may be longer than a
 * login, so nobody whose name was guessed at would ever come to the next step (RL-02). */
fallible login_count_pass(struct login_trial *t);
/* The login has succeeded: its steps are given back, the person was seen. A part of the open transaction; once: CONFLICT when this login was settled
 * before. However else it ends (wrong, abandoned), what was counted stays counted. */
fallible login_count_settle(const struct login_trial *t);
#endif
