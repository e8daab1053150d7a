/* SPDX-License-Identifier: MIT
 * redirect: the only builder of authorization responses. Relies on registration having parsed every URI once; promises that a response
 * goes to a registered string and nowhere else, and says the same in every mode. */
#include "authorize/redirect.h"
#include "codec/url.h"
#include "authorize/jarm.h"
#include "base/banned.h"

enum { LOCATION_MAX = BUF_URL_MAX * 3 }; /* a state of 2 KiB may be escaped byte by byte */

/* RFC 8252 7.3, and `localhost` as the two literals, since much installed software registers it so: the port alone may differ, for every
 * client, for it names this machine whoever registered it. All else byte for byte, the host's spelling too (RU-02). */
static bool same_but_port(str registered, str asked)
{
    struct url r, q;
    if (FAILED(url_parse(registered, &r)) || !(url_loopback_ip(&r) || str_is(r.host, "localhost")) || !str_is(r.scheme, "http"))
        return false;
    if (FAILED(url_parse(asked, &q)) || str_present(q.fragment))
        return false;
    return str_equal(r.scheme, q.scheme) && str_equal(r.host, q.host) && str_equal(r.path, q.path) && str_equal(r.query, q.query);
}

fallible redirect_match(struct arena *a, const struct db_client *client, str asked, str *uri)
{
    str registered, only = STR_ABSENT;
    size_t count = 0;
    for (str rest = client->redirect_uris; str_filled(rest) && str_next(&rest, '\n', &registered);) {
        if (registered.n == 0)
            continue;
        count++;
        only = registered;
        if (str_present(asked) && (str_equal(registered, asked) || same_but_port(registered, asked))) { /* RU-01 */
            str copy = str_dup(a, asked);
            if (!str_present(copy))
                FAIL(UNAVAILABLE, "redirect: no memory");
            *uri = copy;
            return OK;
        }
    }
    if (count == 0)
        REFUSE(INVALID_REQUEST, "This client has no redirect URI registered, so it cannot use the authorization code grant.", "redirect: client has none");
    if (str_present(asked))
        REFUSE(INVALID_REQUEST,
               "The redirect_uri is not registered for this client. It must equal a registered one character for character; "
               "an administrator can register it.",
               "redirect: not registered");
    if (count > 1) /* RU-05 */
        REFUSE(INVALID_REQUEST, "This client has several redirect URIs, so the request must name one: redirect_uri is missing.",
               "redirect: several registered, none asked");
    *uri = only;
    return OK;
}

static const struct {
    const char *word;
    enum redirect_mode mode;
} modes[] = {
    {"query", REDIRECT_QUERY},
    {"form_post", REDIRECT_FORM_POST},
    {"jwt", REDIRECT_QUERY_JWT},
    {"query.jwt", REDIRECT_QUERY_JWT},
    {"form_post.jwt", REDIRECT_FORM_POST_JWT},
    {"fragment", REDIRECT_FRAGMENT},
    {"fragment.jwt", REDIRECT_FRAGMENT_JWT},
};
const str redirect_modes = {"query fragment form_post jwt query.jwt fragment.jwt form_post.jwt", 65};

bool redirect_mode_of(str word, enum redirect_mode *out)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (str_is(word, modes[i].word)) {
            *out = modes[i].mode;
            return true;
        }
    return false;
}

bool redirect_mode_signed(enum redirect_mode mode)
{
    return mode == REDIRECT_QUERY_JWT || mode == REDIRECT_FORM_POST_JWT || mode == REDIRECT_FRAGMENT_JWT;
}

bool redirect_mode_fragment(enum redirect_mode mode)
{
    return mode == REDIRECT_FRAGMENT || mode == REDIRECT_FRAGMENT_JWT;
}

static void add_redirect_field(struct redirect_sent *out, str name, str value)
{
    out->fields[out->count++] = (struct form_field){name, value};
}

static void put_plain(const struct context *ctx, const struct redirect_answer *answer, struct redirect_sent *out)
{
    if (FAILED(answer->error)) {
        add_redirect_field(out, STR("error"), str_of(err_code(answer->error)));
        add_redirect_field(out, STR("error_description"), str_of(err_say(answer->error)));
    } else { /* a code is all that ever stands in an address: no token (TE-14) */
        add_redirect_field(out, STR("code"), answer->code);
    }
    if (str_present(answer->state)) /* AZ-06 */
        add_redirect_field(out, STR("state"), answer->state);
    add_redirect_field(out, STR("iss"), ctx->authority->issuer); /* RFC 9207; AZ-07 */
}

fallible redirect_send(struct context *ctx, const struct redirect_answer *answer, struct redirect_sent *out)
{
    struct redirect_sent sent = {.uri = answer->uri};
    str response;
    put_plain(ctx, answer, &sent);
    if (redirect_mode_signed(answer->mode)) { /* JARM 2.3: one parameter instead of all */
        TRY(jarm_response(ctx, answer->client, &sent, &response));
        sent.count = 0;
        add_redirect_field(&sent, STR("response"), response);
    }
    if (answer->mode != REDIRECT_FORM_POST && answer->mode != REDIRECT_FORM_POST_JWT) {
        struct buf b = buf_new(ctx->arena, LOCATION_MAX), fragment = buf_new(ctx->arena, LOCATION_MAX);
        bool apart = redirect_mode_fragment(answer->mode); /* OAuth 2.0 Multiple Response Types 2.1; no registered URI has one (RU-04) */
        buf_add(&b, answer->uri);
        for (size_t i = 0; i < sent.count; i++)
            if (apart)
                form_add(&fragment, sent.fields[i].name, sent.fields[i].value);
            else
                url_add_parameter(&b, sent.fields[i].name, sent.fields[i].value);
        if (apart) {
            str text;
            TRY(buf_done(&fragment, &text));
            buf_char(&b, '#');
            buf_add(&b, text);
        }
        TRY(buf_done(&b, &sent.location));
    }
    *out = sent;
    return OK;
}
