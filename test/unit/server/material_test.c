/* SPDX-License-Identifier: MIT
 * material: what the settings name can be used, or is refused with setting and file (TL-05). */
#include "server/material.h"
#include "opened.h"

#include "crypto/cert.h"

#include "base/banned.h"

static struct cert_pem authority, first, second;
static struct listen_pairs pairs;

static void begin(void)
{
    opened.a = fixture_arena();
    opened.directory = fixture_directory();
    cr_assert_eq(cert_authority_make(opened.a, clock_now(), 864000, &authority).kind, ERR_OK);
    cr_assert_eq(cert_server_make(opened.a, &authority, STR("one.example"), clock_now(), 86400, &first).kind, ERR_OK);
    cr_assert_eq(cert_server_make(opened.a, &authority, STR("two.example"), clock_now(), 86400, &second).kind, ERR_OK);
}

TestSuite(material, .init = begin);

static err take(int tls, const char *certificates, const char *keys)
{
    struct settings s = {.tls = tls, .data = str_of(opened.directory), .hosts = STR("")};
    s.tls_cert = certificates == NULL ? STR("") : str_of(certificates);
    s.tls_key = keys == NULL ? STR("") : str_of(keys);
    opened.problems.count = 0;
    pairs = (struct listen_pairs){NULL, 77};
    return material_certificates(opened.a, &s, STR("https://id.example"), &pairs, &opened.problems);
}

static bool says(str file)
{
    str message = opened.problems.rows[0].message;
    return memmem(message.p, message.n, file.p, file.n) != NULL;
}

Test(material, without_TLS_nothing_is_read)
{
    cr_expect_eq(take(SETTINGS_TLS_OFF, "/nonexistent", "/nonexistent").kind, ERR_OK);
    cr_expect_eq(pairs.count, 0u);
}

Test(material, files_are_pairs_in_their_order_whatever_the_spaces_between)
{
    str c1 = opened_put("1.pem", first.certificate, 0644), c2 = opened_put("2.pem", second.certificate, 0644);
    str k1 = opened_put("1.key", first.key, 0600), k2 = opened_put("2.key", second.key, 0600);
    const char *certificates = str_format(opened.a, " %.*s   %.*s ", STR_FMT(c1), STR_FMT(c2)).p;
    cr_assert_eq(take(SETTINGS_TLS_FILES, certificates, str_format(opened.a, "%.*s %.*s", STR_FMT(k1), STR_FMT(k2)).p).kind, ERR_OK);
    cr_assert_eq(pairs.count, 2u);
    cr_expect(str_equal(pairs.list[0].certificate, first.certificate) && str_equal(pairs.list[0].key, first.key));
    cr_expect(str_equal(pairs.list[1].certificate, second.certificate) && str_equal(pairs.list[1].key, second.key));
    cr_expect(FAILED(take(SETTINGS_TLS_FILES, certificates, str_format(opened.a, "%.*s %.*s", STR_FMT(k2), STR_FMT(k1)).p)));
    cr_expect(says(c1)); /* crossed: the key of another */
}

Test(material, TL_05_what_is_unfit_is_named_by_setting_and_file)
{
    str c = opened_put("c.pem", first.certificate, 0644), k = opened_put("k.key", first.key, 0600);
    str open_key = opened_put("open.key", first.key, 0644), junk = opened_put("junk.pem", STR("junk"), 0600), nothing = opened_put("empty.pem", STR(""), 0600);
    const struct {
        str certificate, key;
        const char *setting;
        str file;
    } cases[] = {
        {STR("/nonexistent/c.pem"), k, "tls_cert", STR("/nonexistent/c.pem")},
        {c, STR("/nonexistent/k.key"), "tls_key", STR("/nonexistent/k.key")},
        {nothing, k, "tls_cert", nothing},
        {c, open_key, "tls_key", open_key},
        {junk, k, "tls_cert, tls_key", junk},
        {c, junk, "tls_cert, tls_key", junk},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(FAILED(take(SETTINGS_TLS_FILES, cases[i].certificate.p, cases[i].key.p)), "%zu", i);
        cr_expect(opened_blames(&opened.problems, cases[i].setting) && says(cases[i].file), "%zu", i);
        cr_expect_eq(pairs.count, 77u, "outputs are untouched");
    }
}

Test(material, one_s_own_certificate_stays_until_a_name_is_missing)
{
    cr_assert_eq(take(SETTINGS_TLS_SELF_SIGNED, NULL, NULL).kind, ERR_OK);
    cr_assert_eq(pairs.count, 1u);
    str certificate = pairs.list[0].certificate;
    unix_time end;
    bool covers = false;
    cr_expect(!FAILED(cert_covers(certificate, STR("localhost 127.0.0.1 ::1 id.example"), &end, &covers)) && covers);
    cr_assert_eq(take(SETTINGS_TLS_SELF_SIGNED, NULL, NULL).kind, ERR_OK);
    cr_expect(str_equal(pairs.list[0].certificate, certificate));
    struct settings s = {.tls = SETTINGS_TLS_SELF_SIGNED, .data = str_of(opened.directory), .hosts = STR("other.example [2001:db8::1]:9000")};
    cr_assert_eq(material_certificates(opened.a, &s, STR("https://id.example"), &pairs, &opened.problems).kind, ERR_OK);
    cr_expect_not(str_equal(pairs.list[0].certificate, certificate));
    cr_expect(!FAILED(cert_covers(pairs.list[0].certificate, STR("id.example other.example 2001:db8::1"), &end, &covers)) && covers);
}

Test(material, a_data_folder_in_which_nothing_can_be_made_is_named)
{
    str folder = str_format(opened.a, "%s/nowhere", opened.directory);
    struct settings s = {.tls = SETTINGS_TLS_SELF_SIGNED, .data = folder, .hosts = STR("")};
    cr_expect(FAILED(material_certificates(opened.a, &s, STR("https://id.example"), &pairs, &opened.problems)));
    cr_expect(opened_blames(&opened.problems, "data") && says(folder));
}

Test(material, authorities_are_certificates_or_refused)
{
    str pem = STR_ABSENT, file = opened_put("ca.pem", authority.certificate, 0644), junk = opened_put("junk.pem", STR("junk"), 0644);
    cr_assert_eq(material_authorities(opened.a, &(struct settings){.client_ca = file}, &pem, &opened.problems).kind, ERR_OK);
    cr_expect(str_equal(pem, authority.certificate));
    const str wrong[] = {junk, STR("/nonexistent/ca.pem"), opened_put("key.pem", first.key, 0644)};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        opened.problems.count = 0;
        pem = STR("untouched");
        cr_expect(FAILED(material_authorities(opened.a, &(struct settings){.client_ca = wrong[i]}, &pem, &opened.problems)), "%zu", i);
        cr_expect(opened_blames(&opened.problems, "client_ca") && says(wrong[i]) && str_is(pem, "untouched"), "%zu", i);
    }
}
