/* SPDX-License-Identifier: MIT
 * user_claims: THE table of standard claims (OpenID Connect Core 5.1) that a person has beyond username, e-mail and full name: how
 * each is called, what it may hold, how it lies in the row (users.claims, one JSON object) and how userinfo shows it. Forms, API and
 * command line are made from this table, so the three never disagree. */
#ifndef JETON_USER_USER_CLAIMS_H
#define JETON_USER_USER_CLAIMS_H
#include "codec/json.h"
#include "context/problem.h"
#include "store/table/db_user.h"

enum user_claims_kind {
    USER_CLAIMS_TEXT = 1, /* one line */
    USER_CLAIMS_LINES,    /* may have several lines */
    USER_CLAIMS_URL,      /* absolute, http or https */
    USER_CLAIMS_DATE,     /* YYYY-MM-DD, 0000-MM-DD or YYYY */
    USER_CLAIMS_ZONE,     /* Europe/Paris */
    USER_CLAIMS_LOCALE,   /* BCP 47: de-CH */
    USER_CLAIMS_PHONE,    /* E.164: +41 44 668 18 00 */
    USER_CLAIMS_VERIFIED  /* a boolean that an administrator alone makes true */
};
/* X(claim, parent, field, kind, most, label). `field` is the name in forms, of the option and of a problem; parent NULL: no object. */
/* clang-format off */
#define USER_CLAIMS(X)                                                                                                         \
    X(given_name,            NULL,      given_name,            TEXT,     255,  "Given name")                                   \
    X(family_name,           NULL,      family_name,           TEXT,     255,  "Family name")                                  \
    X(middle_name,           NULL,      middle_name,           TEXT,     255,  "Middle name")                                  \
    X(nickname,              NULL,      nickname,              TEXT,     255,  "Nickname")                                     \
    X(profile,               NULL,      profile,               URL,      2048, "Profile page")                                 \
    X(picture,               NULL,      picture,               URL,      2048, "Picture")                                      \
    X(website,               NULL,      website,               URL,      2048, "Website")                                      \
    X(gender,                NULL,      gender,                TEXT,     64,   "Gender")                                       \
    X(birthdate,             NULL,      birthdate,             DATE,     10,   "Birthdate")                                    \
    X(zoneinfo,              NULL,      zoneinfo,              ZONE,     64,   "Time zone")                                    \
    X(locale,                NULL,      locale,                LOCALE,   35,   "Language")                                     \
    X(email_verified,        NULL,      email_verified,        VERIFIED, 5,    "E-mail address verified")                      \
    X(phone_number,          NULL,      phone_number,          PHONE,    32,   "Phone number")                                 \
    X(phone_number_verified, NULL,      phone_number_verified, VERIFIED, 5,    "Phone number verified")                        \
    X(formatted,             "address", address_formatted,     LINES,    1024, "Full address, as on a letter")                 \
    X(street_address,        "address", street_address,        LINES,    512,  "Street address")                               \
    X(locality,              "address", locality,              TEXT,     255,  "City")                                         \
    X(region,                "address", region,                TEXT,     255,  "Region or state")                              \
    X(postal_code,           "address", postal_code,           TEXT,     64,   "Postal code")                                  \
    X(country,               "address", country,               TEXT,     255,  "Country")
/* clang-format on */
enum user_claims_name {
#define X(claim, parent, field, kind, most, label) USER_CLAIMS_##field,
    USER_CLAIMS(X)
#undef X
        USER_CLAIMS_COUNT
};
struct user_claims_row {
    const char *claim, *parent, *field;
    enum user_claims_kind kind;
    size_t most; /* code points */
    const char *label;
};
extern const struct user_claims_row user_claims_table[USER_CLAIMS_COUNT];

/* What is to change: absent: as it is; empty: none any more; VERIFIED: "true" or "false". */
struct user_claims_edit {
    str values[USER_CLAIMS_COUNT];
};
/* As the row has them, by table; absent: none. SERVER_ERROR: the row is damaged. */
fallible user_claims_values(struct arena *a, const struct db_user *user, struct user_claims_edit *out);
/* Members of a JSON object under the claims' names (address: an object; null: none any more) into *edit. Wrong types are problems. */
void user_claims_from_json(struct arena *a, const json *object, struct user_claims_edit *edit, struct problems *p);
/* Judges what is given and writes the text for the row: stored with the changes; absent when nothing is left. Problems: *text is
 * untouched, and the caller asks problem_result. */
fallible user_claims_change(struct arena *a, str stored, const struct user_claims_edit *edit, struct problems *p, str *text);

/* What the table has of this person, as members of *object under the claims' names: for the API and the command line. */
fallible user_claims_put(struct arena *a, const struct db_user *user, json *object);
#endif
