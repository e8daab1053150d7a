/* SPDX-License-Identifier: MIT
 * permits: what the tests of both makes of access token mint, and how it is compared. */
#ifndef JETON_TEST_PERMITS_H
#define JETON_TEST_PERMITS_H
#include "fixture.h"
#include "token/access.h"
#include <criterion/criterion.h>
#include <string.h>

enum { NOW = 1700000000 };

static inline struct permit person(void)
{
    struct permit p;
    memset(&p, 0, sizeof p);
    p.user_number = 42;
    p.subject = STR("0b2e7a52-9d3c-4f6e-8a10-5f2b6c7d8e9f");
    p.client_number = 7;
    p.client_epoch = 3;
    p.client_id = STR("my client");
    p.authorization_id = STR("ffffffff-0000-4000-8000-0123456789ab");
    p.scope = STR("view-users edit-users");
    p.auth_time = NOW - 30;
    p.issued_at = NOW;
    p.expires_at = NOW + 3600;
    return p;
}

static inline struct permit machine(void)
{
    struct permit p = person();
    p.user_number = 0;
    p.subject = STR("client:my client");
    p.authorization_id = STR_ABSENT;
    p.auth_time = 0;
    return p;
}

static inline void same(const struct permit *one, const struct permit *other)
{
    cr_assert_eq(one->user_number, other->user_number);
    cr_assert(str_equal(one->subject, other->subject), "%.*s", STR_FMT(one->subject));
    cr_assert_eq(one->client_number, other->client_number);
    cr_assert_eq(one->client_epoch, other->client_epoch);
    cr_assert(str_equal(one->client_id, other->client_id));
    cr_assert(str_equal(one->authorization_id, other->authorization_id), "%.*s", STR_FMT(one->authorization_id));
    cr_assert(str_equal(one->scope, other->scope));
    cr_assert_eq(one->unscoped_full, other->unscoped_full);
    cr_assert_eq(one->resource_number, other->resource_number);
    cr_assert(str_equal(one->audience, other->audience));
    cr_assert_eq(one->auth_time, other->auth_time);
    cr_assert_eq(one->issued_at, other->issued_at);
    cr_assert_eq(one->expires_at, other->expires_at);
    cr_assert(str_equal(one->jkt, other->jkt) && str_equal(one->x5t, other->x5t));
    cr_assert(str_equal(one->details, other->details), "%.*s", STR_FMT(one->details));
    cr_assert(str_equal(one->act, other->act) && str_equal(one->userinfo_claims, other->userinfo_claims));
    cr_assert(str_equal(one->amr, other->amr));
}

#define PRINT_A "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define PRINT_B "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"

static inline struct permit rich(void)
{
    struct permit p = person();
    p.jkt = STR(PRINT_A);
    p.x5t = STR("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
    p.details = STR("[{\"type\":\"payment\",\"amount\":7}]");
    p.act = STR("{\"sub\":\"client:desk\"}");
    p.userinfo_claims = STR("email phone_number");
    p.amr = STR("pwd otp");
    return p;
}
#endif
