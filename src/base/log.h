/* SPDX-License-Identifier: MIT
 * log: one line per fact on standard error, `time level event key=value …`. Everything but printable ASCII is escaped, values
 * with spaces are quoted, long values cut. No function takes a secret type. Only server/ and cli/ call it; floors below return.
 * Lines are buffered and written by log_flush, which the server calls from its own thread (a full buffer drops lines and says
 * how many afterwards: a full disk or a slow terminal never stops the service). Unbuffered until log_buffered(true). */
#ifndef JETON_BASE_LOG_H
#define JETON_BASE_LOG_H
#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
struct log_field {
    str name;       /* as it stands in the line: " name=" */
    str value;      /* absent: the field is left out */
    int64_t number; /* used when is_number */
    bool is_number;
};
#define LOG_STR(name_, value_) ((struct log_field){STR(" " name_ "="), (value_), 0, false})
#define LOG_INT(name_, value_) ((struct log_field){STR(" " name_ "="), {NULL, 0}, (int64_t)(value_), true})

void log_level_set(enum log_level least);
void log_buffered(bool on);
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);
void log_flush(void);
/* Called, from whatever thread, when the buffer fills faster than it is flushed: wake the one who flushes. Set it before the first
 * thread. */
void log_when_pressed(void (*call)(void));
#define LOG(level_, event_, ...) \
    log_write(LOG_LEVEL_##level_, event_, (const struct log_field[]){__VA_ARGS__}, sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#endif
