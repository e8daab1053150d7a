/* SPDX-License-Identifier: MIT
 * second_factor: see the header. Relies on keys/keeper for secrets at rest and on token/opaque for the offer, which has no row.
 *
 *   offered ──a code of it──▶ [stored] ──second_factor_remove, reset by who may edit people──▶ gone
 *      └──SECOND_FACTOR_SECONDS, another browser──▶ nothing
 *
 * Promises: nothing is added or taken away without a fresh login (LS-13); the code that was shown to add an app opens no login afterwards. */
#include "session/second_factor.h"
#include "base/ascii.h"
#include "codec/b64url.h"
#include "codec/percent.h"
#include "context/check.h"
#include "crypto/random.h"
#include "crypto/totp.h"
#include "token/opaque.h"
#include "base/banned.h"

enum { RECOVERY_BYTES = 15, RECOVERY_CHARACTERS = 24, GROUP = 4 };
static const char offer_kind[] = "totp-offer";

static fallible need_fresh_login(const struct context *ctx, const struct session *s)
{
    if (s->row == NULL || s->user == NULL || !session_recent(ctx, s))
        REFUSE(INSUFFICIENT_AUTHENTICATION, "Please log in again first.", "second factor: the login is not fresh");
    return OK;
}

bool second_factor_due(const struct context *ctx, const struct db_user *user)
{
    return ctx->authority->policy.second_factor_required && !str_filled(user->second_factors);
}

/* ---- the offer ---- */

static str group_characters(struct arena *a, str text, char between)
{
    struct buf b = buf_new(a, BUF_TOKEN_MAX);
    str out = STR_ABSENT;
    for (size_t i = 0; i < text.n; i++) {
        if (i > 0 && i % GROUP == 0)
            buf_char(&b, between);
        buf_char(&b, text.p[i]);
    }
    return FAILED(buf_done(&b, &out)) ? STR_ABSENT : out;
}

/* The host of the issuer, which is what people know the server by. */
static str issuer_name(const struct context *ctx)
{
    str origin = ctx->authority->issuer_origin;
    size_t at = str_find(origin, '/') + 2; /* https:// */
    return at < origin.n ? (str){origin.p + at, origin.n - at} : origin;
}

static fallible describe_offer(struct context *ctx, const struct session *s, str secret, struct second_factor_offer *out)
{
    struct arena *a = ctx->arena;
    struct buf b = buf_new(a, BUF_TOKEN_MAX);
    str text, issuer = issuer_name(ctx);
    TRY(totp_secret_text(a, secret, &text));
    buf_add_z(&b, "otpauth://totp/");
    percent_add(&b, issuer);
    buf_char(&b, ':');
    percent_add(&b, s->user->username);
    buf_add_z(&b, "?secret=");
    buf_add(&b, text);
    buf_add_z(&b, "&issuer=");
    percent_add(&b, issuer);
    buf_format(&b, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_SECONDS);
    TRY(buf_done(&b, &out->uri));
    out->secret = group_characters(a, text, ' ');
    return str_present(out->secret) ? OK : ERR(UNAVAILABLE, "second factor: no memory for an offer");
}

fallible second_factor_offer(struct context *ctx, const struct session *s, struct second_factor_offer *out)
{
    uint8_t bytes[TOTP_SECRET_SIZE];
    struct token_raw sealed;
    TRY(need_fresh_login(ctx, s));
    random_bytes(bytes, sizeof bytes);
    str secret = str_dup(ctx->arena, (str){(const char *)bytes, sizeof bytes});
    secret_wipe(bytes, sizeof bytes);
    str browser = session_print(ctx->arena, s), encoded = b64url_encode(ctx->arena, (const uint8_t *)secret.p, secret.n);
    str payload = str_format(ctx->arena, "%s %lld %.*s %.*s", offer_kind, (long long)ctx->now, STR_FMT(browser), STR_FMT(encoded));
    if (!str_present(secret) || !str_present(browser) || !str_present(encoded) || !str_present(payload))
        FAIL(UNAVAILABLE, "second factor: no memory for an offer");
    TRY(opaque_sealed_make(ctx->arena, ctx->keys, OPAQUE_VISIT, payload, &sealed));
    TRY(describe_offer(ctx, s, secret, out));
    out->state = sealed.text;
    return OK;
}

/* The words of the payload; false: it is no offer. */
static bool read_offer_words(str payload, str *made, str *browser, str *secret)
{
    str kind;
    if (!str_next(&payload, ' ', &kind) || !str_is(kind, offer_kind) || !str_next(&payload, ' ', made) || !str_next(&payload, ' ', browser))
        return false;
    *secret = payload;
    return true;
}

static fallible open_offer(struct context *ctx, const struct session *s, str state, str *secret)
{
    str payload, made, browser, encoded;
    uint64_t at;
    uint8_t bytes[TOTP_SECRET_SIZE];
    err opened = opaque_sealed_open(ctx->arena, ctx->keys, OPAQUE_VISIT, state, &payload);
    if (FAILED(opened) && opened.kind != ERR_INVALID_TOKEN)
        return opened;
    if (FAILED(opened) || !read_offer_words(payload, &made, &browser, &encoded) || !str_equal(browser, session_print(ctx->arena, s)))
        FAIL(STALE_FORM, "second factor: the offer is not of this browser");
    if (FAILED(str_u64(made, INT64_MAX, &at)) || !clock_within(ctx->now, (unix_time)at, SECOND_FACTOR_SECONDS - 1))
        FAIL(STALE_FORM, "second factor: the offer is too old");
    if (FAILED(b64url_decode_exact(encoded, bytes, sizeof bytes)))
        FAIL(STALE_FORM, "second factor: no offer");
    *secret = str_dup(ctx->arena, (str){(const char *)bytes, sizeof bytes});
    secret_wipe(bytes, sizeof bytes);
    return str_present(*secret) ? OK : ERR(UNAVAILABLE, "second factor: no memory for an offer");
}

fallible second_factor_offer_again(struct context *ctx, const struct session *s, str state, struct second_factor_offer *out)
{
    str secret;
    TRY(open_offer(ctx, s, state, &secret));
    TRY(describe_offer(ctx, s, secret, out));
    out->state = state;
    return OK;
}

/* ---- recovery codes: more than 112 bits, so that a plain hash is enough for them (OWASP ASVS 5, 6.5.2) ---- */

/* Lower case without what people put between groups. */
static size_t fold_recovery_code(str typed, char out[RECOVERY_CHARACTERS])
{
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if (c == '-' || c == ' ')
            continue;
        if (n == RECOVERY_CHARACTERS)
            return 0;
        out[n++] = ascii_lower(c);
    }
    return n;
}

bool second_factor_recovery_hash(const struct db_user *user, str typed, struct token_hash *hash)
{
    enum { KIND = 9, ROOM = 128 };
    char text[ROOM] = "recovery ";
    size_t n = KIND;
    if (user->id.n > ROOM - KIND - RECOVERY_CHARACTERS)
        return false;
    for (size_t i = 0; i < user->id.n; i++)
        text[n++] = user->id.p[i];
    bool whole = fold_recovery_code(typed, text + n) == RECOVERY_CHARACTERS;
    *hash = token_hash_of((str){text, n + RECOVERY_CHARACTERS});
    secret_wipe(text, sizeof text);
    return whole;
}

static fallible make_recovery_code(struct arena *a, str *code)
{
    uint8_t bytes[RECOVERY_BYTES];
    str text;
    random_bytes(bytes, sizeof bytes);
    err made = totp_secret_text(a, (str){(const char *)bytes, sizeof bytes}, &text);
    secret_wipe(bytes, sizeof bytes);
    TRY(made);
    char lower[RECOVERY_CHARACTERS];
    for (size_t i = 0; i < sizeof lower && i < text.n; i++)
        lower[i] = ascii_lower(text.p[i]);
    *code = group_characters(a, (str){lower, text.n < sizeof lower ? text.n : sizeof lower}, '-');
    secret_wipe(lower, sizeof lower);
    return str_present(*code) ? OK : ERR(UNAVAILABLE, "second factor: no memory for a code");
}

/* Codes for the person and what is stored of them. */
static fallible make_recovery_codes(struct arena *a, const struct db_user *user, str codes[DB_RECOVERY_CODES], struct token_hash hashes[DB_RECOVERY_CODES])
{
    for (size_t i = 0; i < DB_RECOVERY_CODES; i++) {
        TRY(make_recovery_code(a, &codes[i]));
        if (!second_factor_recovery_hash(user, codes[i], &hashes[i]))
            FAIL(SERVER_ERROR, "second factor: a recovery code of another length");
    }
    return OK;
}

/* ---- adding and taking away ---- */

struct adding {
    struct context *ctx;
    const struct session *before;
    struct session now;
    struct db_authenticator row;
    const struct token_hash *hashes; /* NULL: there are recovery codes already */
    str amr;
};

/* What this session may was judged before the transaction: whoever ended it since (logout, block, a new password, the same form sent twice) has the last word. */
static fallible require_live_session(struct context *ctx, const struct session *s)
{
    struct db_session *row;
    TRY(db_session_get(ctx->tx, ctx->arena, s->row->number, &row));
    return row != NULL ? OK : ERR(LOGIN_REQUIRED, "second factor: the session ended meanwhile");
}

/* This browser has shown a code: its session has the second factor from now on, with a new cookie (LS-01). */
static err add_whole(void *context)
{
    struct adding *w = context;
    w->now = *w->before;
    TRY(db_authenticator_add(w->ctx->tx, w->ctx->arena, &w->row, w->before->row->number)); /* it holds the person */
    TRY(require_live_session(w->ctx, w->before));
    if (w->hashes != NULL)
        TRY(db_recovery_replace(w->ctx->tx, w->ctx->arena, w->before->user->number, w->hashes));
    TRY(db_user_by_number(w->ctx->tx, w->ctx->arena, w->before->user->number, &w->now.user));
    if (w->now.user == NULL)
        FAIL(LOGIN_REQUIRED, "second factor: the person was removed meanwhile");
    return session_stepped_up(w->ctx, w->amr, &w->now);
}

static fallible judge_addition(struct context *ctx, const struct second_factor_added *added, str secret, int64_t *step, struct problems *p)
{
    check_text(ctx->arena, str_trim(added->name), &(struct check_text){"name", SAY("The name"), 1, SECOND_FACTOR_NAME_MAX}, p);
    TRY(totp_match(secret, added->code, ctx->now, step));
    if (*step == 0)
        problem_add(p, "code", STR(SAY("That is not the code that the app shows now. Check that the clock of its device is right.")));
    return problem_result(p);
}

fallible second_factor_add(struct context *ctx, struct session *s, struct second_factor_added *added, struct problems *p)
{
    char id[37];
    struct token_hash hashes[DB_RECOVERY_CODES];
    str secret;
    int64_t step;
    TRY(need_fresh_login(ctx, s));
    TRY(open_offer(ctx, s, added->state, &secret));
    TRY(judge_addition(ctx, added, secret, &step, p));
    random_uuid(id);
    struct adding w = {.ctx = ctx, .before = s};
    w.row = (struct db_authenticator){.id = str_dup(ctx->arena, str_of(id)),
                                      .user_number = s->user->number,
                                      .kind = STR(DB_FACTOR_TOTP),
                                      .name = str_trim(added->name),
                                      .counter = step, /* the code that was shown now opens no login */
                                      .created_at = ctx->now};
    w.amr = s->row->amr;
    if (!str_present(w.row.id))
        FAIL(UNAVAILABLE, "second factor: no memory");
    TRY(assurance_and(ctx->arena, &assurance_usual, assurance_row(&assurance_usual, w.row.kind), &w.amr));
    TRY(keeper_seal(ctx->authority->keeper, ctx->arena, &(struct keeper_label){KEEPER_AUTHENTICATOR, w.row.id}, secret, &w.row.secret));
    bool codes = !str_filled(s->user->second_factors) || !str_has_word(s->user->second_factors, STR(DB_FACTOR_RECOVERY));
    if (codes)
        TRY(make_recovery_codes(ctx->arena, s->user, added->codes, hashes));
    w.hashes = codes ? hashes : NULL;
    err stored = authority_together(ctx, add_whole, &w);
    if (FAILED(stored))
        added->codes[0] = STR_ABSENT;
    TRY(stored);
    authority_event(ctx, "factor.added", &(struct authority_event_facts){.actor = s->user->id, .subject = s->user->id, .detail = w.row.name});
    *s = w.now;
    return OK;
}

/* As its owner calls it; absent: there is no such authenticator of this person. */
static fallible find_method_name(struct context *ctx, const struct db_user *user, str id, str *name)
{
    struct db_authenticator *rows;
    size_t count;
    *name = STR_ABSENT;
    TRY(db_authenticator_list(ctx->tx, ctx->arena, user->number, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (str_equal(rows[i].id, id))
            *name = rows[i].name;
    return OK;
}

struct replacing_codes {
    struct context *ctx;
    const struct session *s;
    const struct token_hash *hashes;
};

static err replace_codes_whole(void *context)
{
    const struct replacing_codes *w = context;
    TRY(db_recovery_replace(w->ctx->tx, w->ctx->arena, w->s->user->number, w->hashes)); /* it holds the person */
    return require_live_session(w->ctx, w->s);
}

struct removing {
    struct context *ctx;
    const struct session *s;
    str id;
    bool removed;
};

static err remove_whole(void *context)
{
    struct removing *w = context;
    TRY(db_authenticator_remove(w->ctx->tx, w->ctx->arena, w->s->user->number, w->id, w->s->row->number, &w->removed));
    return require_live_session(w->ctx, w->s);
}

fallible second_factor_remove(struct context *ctx, struct session *s, str id)
{
    struct removing w = {ctx, s, id, false};
    str name;
    TRY(need_fresh_login(ctx, s));
    TRY(find_method_name(ctx, s->user, id, &name));
    TRY(authority_together(ctx, remove_whole, &w));
    if (!w.removed)
        FAIL(NOT_FOUND, "second factor: no such authenticator of this person");
    authority_event(ctx, "factor.removed", &(struct authority_event_facts){.actor = s->user->id, .subject = s->user->id, .detail = name});
    return OK;
}

fallible second_factor_recovery_make(struct context *ctx, const struct session *s, str codes[DB_RECOVERY_CODES])
{
    struct token_hash hashes[DB_RECOVERY_CODES];
    TRY(need_fresh_login(ctx, s));
    TRY(make_recovery_codes(ctx->arena, s->user, codes, hashes));
    TRY(authority_together(ctx, replace_codes_whole, &(struct replacing_codes){ctx, s, hashes}));
    authority_event(ctx, "factor.codes", &(struct authority_event_facts){.actor = s->user->id, .subject = s->user->id});
    return OK;
}
