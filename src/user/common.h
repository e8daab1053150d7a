/* SPDX-License-Identifier: MIT
 * common: is this password one of those that everybody tries first (LS-12)? The list is assets/common-passwords.txt, inside the
 * binary. */
#ifndef JETON_USER_COMMON_H
#define JETON_USER_COMMON_H
#include "base/str.h"
bool common_password(str password); /* ASCII letters folded */
#endif
