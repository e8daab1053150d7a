/* SPDX-License-Identifier: MIT
 * message_plural: reads and computes a plural rule in one go: recursive descent over C's precedences, bounded in length and depth. A rule
 * comes from a catalogue of ours, so that a wrong one is our mistake: it is told to the tests and costs no more than the wrong form. */
#include "base/message.h"

#include <string.h>

#include "base/ascii.h"
#include "base/banned.h"

struct reader {
    const char *p;
    uint64_t n;
    unsigned depth, idle; /* idle: inside what is read and not needed */
    bool wrong;
};

static uint64_t read_choice(struct reader *r);

static void skip_spaces(struct reader *r)
{
    while (*r->p == ' ')
        r->p++;
}

static bool take_sign(struct reader *r, const char *sign)
{
    size_t n = strlen(sign);
    skip_spaces(r);
    if (strncmp(r->p, sign, n) != 0)
        return false;
    r->p += n;
    return true;
}

static uint64_t read_number(struct reader *r)
{
    uint64_t value = 0;
    for (; ascii_digit(*r->p); r->p++) {
        if (value > 1000000)
            r->wrong = true;
        value = value * 10 + (uint64_t)(*r->p - '0');
    }
    return value;
}

static uint64_t read_operand(struct reader *r)
{
    uint64_t value = 0;
    if (++r->depth > MESSAGE_PLURAL_DEPTH)
        r->wrong = true;
    else if (take_sign(r, "!"))
        value = !read_operand(r);
    else if (take_sign(r, "("))
        value = read_choice(r), r->wrong = !take_sign(r, ")") || r->wrong;
    else if (take_sign(r, "n"))
        value = r->n;
    else if (ascii_digit(*r->p))
        value = read_number(r);
    else
        r->wrong = true;
    r->depth--;
    return value;
}

static uint64_t divide_or_mark_wrong(struct reader *r, uint64_t left, uint64_t right, bool rest)
{
    if (right == 0) {
        r->wrong = r->wrong || r->idle == 0;
        return 0;
    }
    return rest ? left % right : left / right;
}

static uint64_t read_product(struct reader *r)
{
    uint64_t left = read_operand(r);
    while (!r->wrong) {
        if (take_sign(r, "*"))
            left *= read_operand(r);
        else if (take_sign(r, "/"))
            left = divide_or_mark_wrong(r, left, read_operand(r), false);
        else if (take_sign(r, "%"))
            left = divide_or_mark_wrong(r, left, read_operand(r), true);
        else
            break;
    }
    return left;
}

static uint64_t read_sum(struct reader *r)
{
    uint64_t left = read_product(r);
    while (!r->wrong) {
        if (take_sign(r, "+"))
            left += read_product(r);
        else if (take_sign(r, "-"))
            left -= read_product(r);
        else
            break;
    }
    return left;
}

static uint64_t read_order(struct reader *r)
{
    uint64_t left = read_sum(r);
    while (!r->wrong) {
        if (take_sign(r, "<="))
            left = left <= read_sum(r);
        else if (take_sign(r, ">="))
            left = left >= read_sum(r);
        else if (take_sign(r, "<"))
            left = left < read_sum(r);
        else if (take_sign(r, ">"))
            left = left > read_sum(r);
        else
            break;
    }
    return left;
}

static uint64_t read_equality(struct reader *r)
{
    uint64_t left = read_order(r);
    while (!r->wrong) {
        if (take_sign(r, "=="))
            left = left == read_order(r);
        else if (take_sign(r, "!="))
            left = left != read_order(r);
        else
            break;
    }
    return left;
}

/* Both sides are always read: what is not needed must be well-formed too, but may divide by zero, as in C. */
static uint64_t read_unneeded(struct reader *r, bool needed, uint64_t (*read)(struct reader *))
{
    r->idle += !needed;
    uint64_t value = read(r);
    r->idle -= !needed;
    return value;
}

static uint64_t read_both(struct reader *r)
{
    uint64_t left = read_equality(r);
    while (!r->wrong && take_sign(r, "&&")) {
        uint64_t right = read_unneeded(r, left != 0, read_equality);
        left = left && right;
    }
    return left;
}

static uint64_t read_either(struct reader *r)
{
    uint64_t left = read_both(r);
    while (!r->wrong && take_sign(r, "||")) {
        uint64_t right = read_unneeded(r, left == 0, read_both);
        left = left || right;
    }
    return left;
}

static uint64_t read_choice(struct reader *r)
{
    uint64_t yes, no, value = read_either(r);
    if (r->wrong || !take_sign(r, "?"))
        return value;
    if (++r->depth > MESSAGE_PLURAL_DEPTH)
        r->wrong = true;
    yes = r->wrong ? 0 : read_unneeded(r, value != 0, read_choice);
    r->wrong = r->wrong || !take_sign(r, ":");
    no = r->wrong ? 0 : read_unneeded(r, value == 0, read_choice);
    r->depth--;
    return value ? yes : no;
}

unsigned message_plural(const char *expression, unsigned forms, uint64_t n, bool *sound)
{
    struct reader r = {expression, n, 0, 0, strnlen(expression, MESSAGE_PLURAL_MAX + 1) > MESSAGE_PLURAL_MAX};
    uint64_t form = r.wrong ? 0 : read_choice(&r);
    skip_spaces(&r);
    bool fits = !r.wrong && *r.p == '\0' && form < forms;
    if (sound)
        *sound = fits;
    return fits ? (unsigned)form : 0;
}
