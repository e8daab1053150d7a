/* SPDX-License-Identifier: MIT
 * text: when are two texts the same to a person, and can a person read them? The only door to ICU, which is loaded when the first text comes that
 * is not ASCII, or the first name whose look is compared: most servers never see one, and it would take some megabytes of each. Every
 * function takes valid UTF-8, gives ASCII back as it is where that is right, and is UNAVAILABLE when ICU cannot be loaded or memory ends. Any
 * thread. */
#ifndef JETON_CODEC_TEXT_H
#define JETON_CODEC_TEXT_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
/* A name as it is kept: Unicode Normalization Form C (UAX 15). */
fallible text_nfc(struct arena *a, str text, str *out);
/* A password as it is hashed: OpaqueString of RFC 8265 4.2 (spaces of any kind become U+0020, NFC), so that it is the same from every
 * keyboard. */
fallible text_password(struct arena *a, str password, str *out);
/* For comparison without regard to case, width and what nobody sees: NFKC_Casefold (UAX 44), blanks as one, none at the ends. */
fallible text_fold(struct arena *a, str text, str *out);
/* For comparison without regard to case alone: lower case, NFC. Letters that differ stay different (no ss for a sharp s). */
fallible text_lower(struct arena *a, str text, str *out);
/* For comparison by eye: two texts that look alike have one skeleton (UTS 39 4), in whatever case they stand; two that are the same but for
 * case may have two (I looks like l): ask text_fold too. Not for display. */
fallible text_skeleton(struct arena *a, str text, str *out);
/* Is there something to see, and nothing that hides or turns the text around it? Without controls, separators of lines, controls of direction
 * (UAX 9), private and unassigned code points; of what is ignored when shown (UAX 44) joiners and variation selectors alone, behind
 * something visible: scripts and emoji need them. */
fallible text_readable(struct arena *a, str text, bool *readable);
/* A user name (RFC 8265 3.3, UsernameCaseMapped; single blanks between its parts): *shown as it was typed, in NFC, without blanks at its ends;
 * *key: in lower case and without differences of width: what is the same to a person is the same here. Of ASCII the letters, digits and
 * TEXT_USERNAME_SIGNS alone. INVALID_REQUEST with a `say` that tells what is wrong. */
#define TEXT_USERNAME_SIGNS ".!#$*+=^_`|~@-"
fallible text_username(struct arena *a, str typed, str *shown, str *key);
/* Is ICU there? Looks, and does not keep it. */
bool text_available(void);
#endif
