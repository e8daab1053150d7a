/* SPDX-License-Identifier: MIT
 * client_document: a client id that is the address of its document: when it is asked for, what of it is believed, how long. */
#include "registration/client_document.h"
#include "far.h"
#include "people.h"

struct desk {
    struct scene s;
    struct far *far;
    str id;
};

static struct desk desk_new(void)
{
    struct desk d = {.s = scene_new()};
    struct policy *policy = &d.s.authority->policy;
    d.far = far_start(d.s.a, "127.0.0.1", 60);
    d.id = far_url(d.far, d.s.a, "/client.json");
    policy->client_documents = true;
    policy->fetch = far_manners(d.far, d.s.a);
    policy->registration_grants = STR("authorization_code refresh_token");
    policy->registration_scopes = STR("");
    policy->registration_max = 3;
    policy->registration_rule = (struct db_throttle_rule){50, 1, 10, 60};
    return d;
}

/* A document with further members, and header lines of the answer. */
static void publish(struct desk *d, const char *members, const char *headers)
{
    str body = str_format(d->s.a, "{\"client_id\":\"%.*s\",\"redirect_uris\":[\"https://app.example/cb\"]%s}", STR_FMT(d->id), members);
    far_gives(d->far, headers, str_z(d->s.a, body));
}

static err find_it(struct desk *d, const struct db_client **found)
{
    scene_next(&d->s);
    d->s.ctx->address = STR("192.0.2.7");
    return client_document_find(d->s.ctx, d->id, found);
}

static enum err_kind found_as(struct desk *d)
{
    const struct db_client *found = NULL;
    err e = find_it(d, &found);
    cr_expect(FAILED(e) ? !found : found && client_document_is(found));
    return e.kind;
}

static int asked(const struct desk *d)
{
    return atomic_load(&d->far->asked);
}

Test(client_document, ids_that_are_addresses_have_a_form)
{
    static const char *const good[] = {"https://app.example/client", "https://app.example:8443/a/b.json", "https://app.example/a?b=c"};
    static const char *const bad[] = {"http://app.example/client",
                                      "https://app.example",
                                      "https://app.example/",
                                      "https://app.example/a#b",
                                      "https://u@app.example/a",
                                      "https://app.example/../a",
                                      "https://app.example/a/./b",
                                      "app",
                                      "https:///a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(client_document_form(str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!client_document_form(str_of(bad[i])), "%s", bad[i]);
}

Test(client_document, documents_are_off_and_their_hosts_limited)
{
    struct scene s = scene_new();
    s.authority->policy.registration_rule = (struct db_throttle_rule){50, 1, 10, 60};
    const struct db_client *found = NULL;
    cr_expect(!FAILED(client_document_get(s.ctx, STR("https://app.example/client"), &found)) && found == NULL);
    s.authority->policy.client_documents = true;
    s.authority->policy.client_document_hosts = STR("one.example two.example:8443");
    cr_expect_eq(client_document_get(s.ctx, STR("https://app.example/client"), &found).kind, ERR_INVALID_CLIENT);
    cr_expect_eq(client_document_get(s.ctx, STR("https://two.example/client"), &found).kind, ERR_INVALID_CLIENT);
    cache_inline(true); /* an event thread asks nobody */
    cr_expect_eq(client_document_get(s.ctx, STR("https://one.example/client"), &found).kind, ERR_ELSEWHERE);
    cache_inline(false);
}

Test(client_document, it_becomes_a_client_that_may_what_software_may)
{
    struct desk d = desk_new();
    const struct db_client *found = NULL;
    publish(&d, ",\"client_name\":\"Map\",\"scope\":\"openid view-users\",\"grant_types\":[\"authorization_code\",\"password\"],\"first_party\":true", "");
    assert_done(find_it(&d, &found));
    cr_assert_not_null(found);
    cr_expect(str_equal(found->id, d.id) && str_is(found->name, "Map") && found->is_public && !found->first_party && client_document_is(found));
    cr_expect(str_is(found->grants, "authorization_code") && str_is(found->scopes, "openid") && str_is(found->redirect_uris, "https://app.example/cb"));
    cr_expect(str_equal(client_document_host(d.s.a, found), str_format(d.s.a, "127.0.0.1:%d", d.far->port)));
    far_stop(d.far);
}

Test(client_document, MD_04_what_makes_no_client_metadata_document_is_refused)
{
    static const char *const members[] = {
        ",\"client_secret\":\"x\"",
        ",\"client_secret_expires_at\":0",
        ",\"token_endpoint_auth_method\":\"client_secret_basic\"",
        ",\"token_endpoint_auth_method\":\"tls_client_auth\"",
        ",\"token_endpoint_auth_method\":null",
        ",\"token_endpoint_auth_method\":[\"none\"]",
        ",\"token_endpoint_auth_method\":\"private_key_jwt\"", /* without keys */
        ",\"jwks_uri\":\"http://app.example/keys\"",
    };
    struct desk d = desk_new();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        publish(&d, members[i], "");
        clock_set(NOW + 100 * (int64_t)(i + 1));
        cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT, "%s", members[i]);
    }
    static const char *const bodies[] = {"", "[]", "{", "{}", "{\"client_id\":\"https://127.0.0.1/other\",\"redirect_uris\":[\"https://app.example/cb\"]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        far_gives(d.far, "", bodies[i]);
        clock_set(NOW + 10000 + 100 * (int64_t)i);
        cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT, "%s", bodies[i]);
    }
    far_gives(d.far, "", str_format(d.s.a, "{\"client_id\":\"%.*s\",\"redirect_uris\":[]}", STR_FMT(d.id)).p);
    clock_set(NOW + 20000);
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT);
    publish(&d, "", "");
    clock_set(NOW + 30000);
    cr_expect_eq(found_as(&d), ERR_OK);
    far_stop(d.far);
}

Test(client_document, AZ_18_five_kilobytes_no_redirect_and_no_internal_address)
{
    struct desk d = desk_new();
    char big[CLIENT_DOCUMENT_BYTES + 1];
    memset(big, ' ', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    struct far *elsewhere = far_start(d.s.a, "127.0.0.1", 60);
    str others[] = {d.s.authority->policy.fetch.internal, STR(" "), str_format(d.s.a, "127.0.0.1:%d", elsewhere->port)}, internal = others[0];
    d.s.authority->policy.fetch.internal = str_join(d.s.a, others, 3);
    far_says(d.far, str_format(d.s.a, "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:%d/\r\nConnection: close\r\n\r\n", elsewhere->port).p);
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT);
    cr_expect_eq(atomic_load(&elsewhere->asked), 0);
    clock_set(NOW + 100);
    publish(&d, str_format(d.s.a, "%s", big).p, "");
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT);
    clock_set(NOW + 200);
    publish(&d, "", "");
    int before = asked(&d);
    d.s.authority->policy.fetch.internal = STR_ABSENT;
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT);
    cr_expect_eq(asked(&d), before);
    clock_set(NOW + 300);
    d.s.authority->policy.fetch.internal = internal;
    cr_expect_eq(found_as(&d), ERR_OK);
    far_stop(d.far);
    far_stop(elsewhere);
}

Test(client_document, it_is_fresh_as_long_as_it_says_a_minute_at_least_and_a_day_at_most)
{
    static const struct {
        const char *header;
        int64_t seconds;
    } rows[] = {{"", 300},
                {"Cache-Control: max-age=120\r\n", 120},
                {"Cache-Control: public, MAX-AGE=120, x\r\n", 120},
                {"Cache-Control: max-age=1\r\n", 60},
                {"Cache-Control: max-age=99999999\r\n", 86400},
                {"Cache-Control: max-age=-5\r\n", 300},
                {"Cache-Control: max-age=600, no-store\r\n", 60},
                {"Cache-Control: no-cache\r\n", 60}};
    struct desk d = desk_new();
    d.s.authority->policy.registration_max = 100;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unix_time begun = NOW + 100000 * (int64_t)i;
        int before = asked(&d);
        clock_set(begun);
        d.id = far_url(d.far, d.s.a, str_format(d.s.a, "/%zu", i).p);
        publish(&d, str_format(d.s.a, ",\"client_name\":\"Name %zu\"", i).p, rows[i].header);
        cr_expect_eq(found_as(&d), ERR_OK);
        clock_set(begun + rows[i].seconds - 1);
        cr_expect(found_as(&d) == ERR_OK && asked(&d) == before + 1, "%s", rows[i].header);
        clock_set(begun + rows[i].seconds);
        cr_expect(found_as(&d) == ERR_OK && asked(&d) == before + 2, "%s", rows[i].header);
    }
    far_stop(d.far);
}

Test(client_document, what_it_says_anew_is_what_counts)
{
    struct desk d = desk_new();
    const struct db_client *found = NULL;
    publish(&d, ",\"client_name\":\"One\"", "");
    cr_expect_eq(found_as(&d), ERR_OK);
    publish(&d, ",\"client_name\":\"Two\",\"require_pushed_authorization_requests\":true", "");
    clock_set(NOW + 300);
    assert_done(find_it(&d, &found));
    cr_expect(found && str_is(found->name, "Two") && found->metadata.require_pushed_authorization_requests);
    far_says(d.far, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n");
    clock_set(NOW + 600);
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT, "who takes the document away takes the client away");
    far_stop(d.far);
}

Test(client_document, a_failure_is_remembered_for_a_minute_and_no_longer)
{
    struct desk d = desk_new();
    far_says(d.far, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n");
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT);
    publish(&d, "", "");
    clock_set(NOW + 59);
    cr_expect(found_as(&d) == ERR_INVALID_CLIENT && asked(&d) == 1);
    clock_set(NOW + 60);
    cr_expect(found_as(&d) == ERR_OK && asked(&d) == 2);
    far_stop(d.far);
}

Test(client_document, AV_03_a_clock_that_went_back_keeps_neither_a_failure_nor_a_document)
{
    struct desk d = desk_new();
    far_says(d.far, "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n");
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT);
    publish(&d, "", "");
    clock_set(NOW - 86400);
    cr_expect_eq(found_as(&d), ERR_OK);
    int before = asked(&d);
    clock_set(NOW - 3 * 86400);
    cr_expect(found_as(&d) == ERR_OK && asked(&d) == before + 1);
    far_stop(d.far);
}

Test(client_document, what_an_administrator_removed_or_registered_is_no_document)
{
    struct desk d = desk_new();
    const struct db_client *found = NULL;
    publish(&d, "", "");
    cr_expect_eq(found_as(&d), ERR_OK);
    assert_done(client_remove(d.s.ctx, &actor_owner, d.id));
    clock_set(NOW + 400);
    cr_expect_eq(found_as(&d), ERR_INVALID_CLIENT, "its id is never used again");
    struct client_edit edit = client_edit_nothing();
    struct client_added added;
    edit.id = far_url(d.far, d.s.a, "/own.json");
    edit.name = STR("Own");
    edit.grants = STR("client_credentials");
    assert_done(client_add(d.s.ctx, &actor_owner, &edit, &d.s.p, &added));
    int before = asked(&d);
    scene_next(&d.s);
    assert_done(client_document_find(d.s.ctx, edit.id, &found));
    cr_expect(found && !client_document_is(found) && asked(&d) == before && !str_present(client_document_host(d.s.a, found)));
    far_stop(d.far);
}

Test(client_document, RL_05_attempts_from_one_place_are_paced_and_rows_are_bounded)
{
    struct desk d = desk_new();
    const struct db_client *found;
    for (int i = 0; i < 3; i++) {
        d.id = far_url(d.far, d.s.a, str_format(d.s.a, "/%d", i).p);
        publish(&d, str_format(d.s.a, ",\"client_name\":\"Name %d\"", i).p, "");
        cr_expect_eq(found_as(&d), ERR_OK);
    }
    d.id = far_url(d.far, d.s.a, "/more");
    publish(&d, ",\"client_name\":\"More\"", "");
    cr_expect(FAILED(find_it(&d, &found))); /* RL-06 */
    d.s.authority->policy.registration_rule = (struct db_throttle_rule){1, 60, 60, 600};
    cr_expect_eq(client_document_get(d.s.ctx, far_url(d.far, d.s.a, "/again"), &found).kind, ERR_INVALID_CLIENT);
    d.id = far_url(d.far, d.s.a, "/and-again");
    int before = asked(&d);
    cr_expect_eq(found_as(&d), ERR_THROTTLED);
    cr_expect_eq(asked(&d), before);
    far_stop(d.far);
}

static err find_again(struct context *ctx, void *context)
{
    const struct db_client *found;
    ctx->address = STR("192.0.2.7");
    return client_document_find(ctx, *(const str *)context, &found);
}

/* One request whose memory ends must not take the client away from all others for a minute. */
Test(client_document, memory_that_ends_is_no_verdict_and_is_not_remembered)
{
    struct desk d = desk_new();
    size_t n = 1;
    d.s.authority->policy.registration_rule = (struct db_throttle_rule){5000, 1, 10, 60};
    publish(&d, ",\"contacts\":[\"a@app.example\"],\"scope\":\"openid\"", "");
    while (n < 2000 && !scene_torture(&d.s, n, find_again, &d.id))
        n++;
    cr_expect(n > 1 && n < 2000, "%zu", n);
    far_stop(d.far);
}
