/* SPDX-License-Identifier: MIT
 * assurance: how sure a login is of the person, and what is still missing for a request. The one table of ways to prove who one is
 * (authenticators) and the one ladder of what they amount to (levels; OpenID Connect Core 2: acr, amr). Pure: no store, no clock. */
#ifndef JETON_SESSION_ASSURANCE_H
#define JETON_SESSION_ASSURANCE_H
#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
enum assurance_factor { FACTOR_KNOWS = 1, FACTOR_HAS = 2, FACTOR_IS = 4 }; /* NIST SP 800-63B 4 */
struct login_trial;
/* A way to prove who one is: one row, one file with its judge. */
struct authenticator {
    const char *name;      /* in the login page's form and in the sealed state */
    const char *amr;       /* its word (RFC 8176 2) */
    unsigned proves;       /* set of factors */
    bool resists_phishing; /* cannot be told to another site */
    bool first, next;      /* may begin a login; may follow another step */
    bool enrolled;         /* only who has enrolled it has it (db_user.second_factors names it) */
    const char *field;     /* how it is offered: the field of the login page that carries the proof */
    /* *reason absent: it is the person. Else a literal for the audit trail. Takes the same time whoever it is about, t->user NULL included. */
    err (*judge)(const struct login_trial *t, str *reason);
    void (*proved)(const struct login_trial *t); /* after it was; NULL: nothing to do */
    const char *wrong;                           /* what the person is told when it was wrong; NULL: what a wrong password is told */
};
struct assurance_level {
    const char *acr;
    int factors;           /* different ones, at the least */
    bool resists_phishing; /* one of them must */
};
struct assurance_rules {
    const struct authenticator *rows;
    size_t count;
    const struct assurance_level *levels; /* weakest first: who has reached one has reached those before it */
    size_t level_count;
    size_t enough;  /* the level that every login must reach */
    size_t doubled; /* the level that a person must reach who has enrolled something */
};
extern const struct assurance_rules assurance_usual;
#define ACR_PASSWORD "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" /* one factor, over TLS */
#define ACR_MFA      "https://refeds.org/profile/mfa"                                    /* two different factors (REFEDS MFA) */
#define ACR_WORDS    ACR_PASSWORD " " ACR_MFA                                            /* all levels of assurance_usual, for metadata; a test compares */
#define AMR_MFA      "mfa"                                                               /* RFC 8176 2: more than one factor */

const struct authenticator *assurance_row(const struct assurance_rules *rules, str name); /* NULL: no such row */
/* The strongest level that ways with these words (amr) reach; absent: none. */
str assurance_acr(const struct assurance_rules *rules, str amr);
/* Do these ways reach that level, or a stronger one? Unknown levels are never reached. */
bool assurance_reaches(const struct assurance_rules *rules, str amr, str acr);
/* How many different factors do these ways make? */
int assurance_factors(const struct assurance_rules *rules, str amr);
/* *amr: the words with that of one more way, each once, and with AMR_MFA where they make more than one factor; absent amr: none so far. UNAVAILABLE: no memory. */
fallible assurance_and(struct arena *a, const struct assurance_rules *rules, const struct authenticator *row, str *amr);
/* Does a person with these second factors (db_user.second_factors) have that way? */
bool assurance_has(const struct authenticator *row, str second_factors);
/* Could anybody, with all ways that there are? */
bool assurance_reachable(const struct assurance_rules *rules, str acr);

struct assurance_need {
    int64_t max_age; /* seconds since the login, at the most; negative: any age (OpenID Connect Core 3.1.2.1) */
    bool again;      /* prompt=login */
    str essential;   /* words: one of these levels must be reached (5.5.1.1); absent: any */
    str wished;      /* words: the same, as far as it goes (acr_values) */
};
struct assurance_have {
    str amr;                   /* absent: nobody is logged in */
    const str *second_factors; /* of the person (db_user.second_factors); NULL: nobody in particular */
    unix_time auth_time, now;
};
enum assurance_missing {
    ASSURANCE_NOTHING = 0,
    ASSURANCE_LOGIN, /* nobody is logged in */
    ASSURANCE_AGAIN, /* too long ago, or it was asked for */
    ASSURANCE_STEP,  /* a stronger level */
    ASSURANCE_NEVER, /* a level that no login here reaches */
};
/* What is still missing for this request? The one place that says so, for pages, protocols and side doors alike. */
enum assurance_missing assurance_missing(const struct assurance_rules *rules, const struct assurance_need *need, const struct assurance_have *have);
#endif
