/* SPDX-License-Identifier: MIT
 * redirect: the only builder of Location values for authorization responses. Relies on registration having parsed every URI once;
 * promises that a response goes to a registered string and nowhere else. */
#include "grant/redirect.h"
#include "codec/url.h"
#include "base/banned.h"

/* RFC 8252 7.3: for a loopback IP literal alone the port may differ; all else byte for byte (RU-02). */
static bool same_but_port(str registered, str asked)
{
    struct url r, q;
    if (FAILED(url_parse(registered, &r)) || !url_loopback_ip(&r) || !str_is(r.scheme, "http"))
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
        REFUSE(INVALID_REQUEST, "This client has no redirect URI registered, so it cannot use the authorization code grant.",
               "redirect: client has none");
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

fallible redirect_location(struct arena *a, str uri, const struct redirect_answer *answer, str *location)
{
    struct buf b = buf_new(a, BUF_URL_MAX * 2);
    buf_add(&b, uri);
    if (FAILED(answer->error)) {
        url_add_parameter(&b, STR("error"), str_of(err_code(answer->error)));
        url_add_parameter(&b, STR("error_description"), str_of(err_say(answer->error)));
    } else {
        url_add_parameter(&b, STR("code"), answer->code);
    }
    if (str_present(answer->state)) /* AZ-06 */
        url_add_parameter(&b, STR("state"), answer->state);
    url_add_parameter(&b, STR("iss"), answer->issuer); /* RFC 9207; AZ-07 */
    return buf_done(&b, location);
}
