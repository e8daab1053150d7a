/* SPDX-License-Identifier: MIT
 * oauth_register: software registers itself over HTTP (RFC 7591, RFC 7592): what it is told, and that nobody else is told or changes it. */
#include "endpoint/visit.h"

#include "base/banned.h"

static void begin(void)
{
    visit_open();
    struct policy *policy = &stage.s.authority->policy;
    policy->registration = REGISTRATION_OPEN;
    policy->registration_grants = STR("authorization_code refresh_token");
    policy->registration_scopes = STR("");
    policy->registration_max = 10;
    policy->registration_unused = 3600;
    policy->registration_rule = (struct db_throttle_rule){50, 1, 10, 60};
}

TestSuite(oauth_register, .init = begin);

#define APP "{\"redirect_uris\":[\"https://app.example/cb\"],\"client_name\":\"App\"}"

struct registered {
    const char *place;
    str id, secret, token;
};

static struct registered made_by(const char *body)
{
    struct answer r = visit_api("POST", STR_ABSENT, "/oauth/register", body);
    cr_assert_eq(r.status, 201, "%.*s", STR_FMT(r.body));
    const json *j = visit_json(&r);
    str id = json_member_text(j, "client_id");
    return (struct registered){visit_z(visit_text("/oauth/register/%.*s", STR_FMT(id))), id, json_member_text(j, "client_secret"),
                               json_member_text(j, "registration_access_token")};
}

static bool tells(const struct answer *r, int status, const char *error)
{
    return r->status == status && visit_member_is(visit_json(r), "error", error) && !visit_shows(r, "client_secret\":\"jtn_") &&
           !visit_shows(r, "registration_access_token");
}

Test(oauth_register, what_is_made_is_told_whole_once) /* RFC 7591 3.2.1 */
{
    struct registered app = made_by(APP);
    cr_expect(str_filled(app.secret) && str_filled(app.token));
    struct answer r = visit_api("GET", app.token, app.place, NULL);
    const json *j = visit_json(&r);
    cr_expect(r.status == 200 && str_equal(json_member_text(j, "client_id"), app.id) && visit_member_is(j, "client_name", "App"));
    cr_expect(str_equal(json_member_text(j, "registration_client_uri"), visit_text("%s%s", FIXTURE_ISSUER, app.place)));
    cr_expect(!visit_shows(&r, visit_z(app.secret)) && str_is(visit_answer_header(&r, "Cache-Control"), "no-store"));
}

Test(oauth_register, it_is_off_unless_it_is_set) /* MD-04 */
{
    stage.s.authority->policy.registration = REGISTRATION_OFF;
    struct answer r = visit_api("POST", STR_ABSENT, "/oauth/register", APP);
    cr_expect(r.status == 404 && !visit_shows(&r, "client_id"));
    stage.s.authority->policy.registration = REGISTRATION_TOKEN;
    expect_refused(visit_api("POST", STR_ABSENT, "/oauth/register", APP), 401, INVALID_TOKEN);
    expect_refused(visit_api("POST", STR("nonsense"), "/oauth/register", APP), 401, INVALID_TOKEN);
}

Test(oauth_register, what_is_refused_is_named_by_its_member) /* RFC 7591 3.2.2 */
{
    struct answer r = visit_api("POST", STR_ABSENT, "/oauth/register", "{\"redirect_uris\":[\"javascript:alert(1)\"]}");
    cr_expect(tells(&r, 400, "invalid_redirect_uri"), "%d %.*s", r.status, STR_FMT(r.body));
    static const char *const bad[] = {"", "[]", "{", "\"x\"", "{\"redirect_uris\":5}", "{\"redirect_uris\":[\"https://app.example/cb\"],\"jwks\":\"x\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r = visit_api("POST", STR_ABSENT, "/oauth/register", bad[i]);
        cr_expect(tells(&r, 400, "invalid_client_metadata") || tells(&r, 400, "invalid_redirect_uri"), "%s: %d %.*s", bad[i], r.status, STR_FMT(r.body));
    }
    r = visit_api("POST", STR_ABSENT, "/oauth/register", "{\"redirect_uris\":[\"https://app.example/\\u00e9\\\"\\\\\"]}");
    str told = json_member_text(visit_json(&r), "error_description");
    cr_assert(r.status == 400 && str_filled(told));
    for (size_t i = 0; i < told.n; i++)
        cr_expect(told.p[i] >= 0x20 && told.p[i] <= 0x7e && told.p[i] != '"' && told.p[i] != '\\');
}

Test(oauth_register, a_registration_has_a_size) /* RL-06 */
{
    enum { MOST = 16384 };
    char *body = arena_take(visit_memory(), MOST + 64);
    memset(body, ' ', MOST + 1);
    memcpy(body, APP, sizeof APP - 1);
    struct answer r = visit_api("POST", STR_ABSENT, "/oauth/register", body);
    cr_expect(tells(&r, 400, "invalid_client_metadata"));
    body[MOST] = '\0';
    expect_status(visit_api("POST", STR_ABSENT, "/oauth/register", body), 201);
}

Test(oauth_register, what_belongs_to_administrators_is_not_set) /* AD-04 */
{
    struct registered app =
        made_by("{\"redirect_uris\":[\"https://app.example/cb\"],\"first_party\":true,\"scope_policy\":\"any\",\"origin\":\"x\",\"client_id\":\"web\","
                "\"client_secret\":\"0123456789012345678901234567890123456789\",\"owner\":\"root\",\"exchange_subjects\":[\"*\"],\"sector\":\"evil.example\"}");
    const struct db_client *client = stage_find(&stage, visit_z(app.id));
    cr_expect(!client->first_party && !scopes_any(client) && !str_is(client->id, "web") && !str_filled(client->owner_id) &&
              !str_filled(client->metadata.exchange_subjects));
    cr_expect(!str_is(client->metadata.sector, "evil.example") && !str_is(client->metadata.origin, "x"));
}

Test(oauth_register, a_client_is_read_changed_and_removed_by_its_own_token_alone) /* RFC 7592 2 */
{
    struct registered app = made_by(APP), other = made_by(APP);
    const str wrong[] = {other.token, STR("nonsense"), app.secret, visit_token(root, ALL_PERMISSIONS)};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct answer r = visit_api("GET", wrong[i], app.place, NULL);
        cr_expect(tells(&r, 401, "invalid_token") && str_starts(visit_answer_header(&r, "WWW-Authenticate"), STR("Bearer ")), "%zu: %d", i, r.status);
        expect_refused(visit_api("PUT", wrong[i], app.place, APP), 401, INVALID_TOKEN);
        expect_refused(visit_api("DELETE", wrong[i], app.place, NULL), 401, INVALID_TOKEN);
    }
    expect_refused(visit_api("GET", STR_ABSENT, app.place, NULL), 401, INVALID_TOKEN);
    expect_refused(visit_api("GET", app.token, "/oauth/register/web", NULL), 401, INVALID_TOKEN);
    struct answer r = visit_api("PUT", app.token, app.place,
                                visit_z(visit_text("{\"client_id\":\"%.*s\",\"redirect_uris\":[\"https://app.example/new\"]}", STR_FMT(app.id))));
    cr_expect(r.status == 200 && !visit_shows(&r, "https://app.example/cb") && visit_shows(&r, "https://app.example/new"), "%.*s", STR_FMT(r.body));
    expect_status(visit_api("DELETE", app.token, app.place, NULL), 204);
    expect_refused(visit_api("GET", app.token, app.place, NULL), 401, INVALID_TOKEN);
    expect_status(visit_api("GET", other.token, other.place, NULL), 200);
}

Test(oauth_register, who_registers_too_much_is_told_when_to_try_again) /* RL-06 */
{
    stage.s.authority->policy.registration_rule = (struct db_throttle_rule){2, 30, 60, 600};
    struct answer r = {0};
    for (int i = 0; i < 10 && r.status != 429; i++)
        r = visit_api("POST", STR_ABSENT, "/oauth/register", APP);
    cr_expect(tells(&r, 429, "temporarily_unavailable") && str_filled(visit_answer_header(&r, "Retry-After")), "%d", r.status);
}

Test(oauth_register, a_store_that_fails_registers_and_removes_nobody)
{
    struct registered app = made_by(APP);
    visit_break("clients");
    struct answer r = visit_api("POST", STR_ABSENT, "/oauth/register", APP);
    cr_expect(tells(&r, 503, "temporarily_unavailable"), "%d %.*s", r.status, STR_FMT(r.body));
    r = visit_api("DELETE", app.token, app.place, NULL);
    cr_expect_eq(r.status, 503);
    r = visit_api("PUT", app.token, app.place,
                  visit_z(visit_text("{\"client_id\":\"%.*s\",\"redirect_uris\":[\"https://app.example/new\"]}", STR_FMT(app.id))));
    cr_expect(tells(&r, 503, "temporarily_unavailable"), "%d", r.status);
    visit_mend("clients");
    r = visit_api("GET", app.token, app.place, NULL);
    cr_expect(r.status == 200 && visit_shows(&r, "https://app.example/cb"));
}
