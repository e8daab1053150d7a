/* SPDX-License-Identifier: MIT
 * banned: included last by every .c; these names are traps (unbounded copies, locale, hidden state, unchecked numbers). */
#ifndef JETON_BASE_BANNED_H
#define JETON_BASE_BANNED_H
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll strtol strtoul strtoll strtoull sscanf
#pragma GCC poison gmtime localtime ctime asctime setlocale rand srand random srandom drand48
#undef alloca /* a macro of stdlib.h; poisoning a macro is an error */
#pragma GCC poison tmpnam mktemp alloca system popen
#pragma GCC poison regcomp regexec fnmatch /* IN-12: patterns that backtrack */
#endif
