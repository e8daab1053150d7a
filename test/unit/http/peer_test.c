/* SPDX-License-Identifier: MIT */
#include "http/peer.h"

#include <criterion/criterion.h>
#include <sys/un.h>

#include "base/banned.h"

static struct in6_addr at(const char *text)
{
    struct in6_addr out;
    cr_assert(peer_parse(str_of(text), &out), "%s", text);
    return out;
}

Test(peer, RL_04_who_comes_by_a_unix_socket_is_a_proxy_only_when_that_word_says_so)
{
    struct arena *a = arena_new(4096);
    struct sockaddr_un by_path = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    struct in6_addr nobody, four = at("192.0.2.1"), any = at("0.0.0.0");
    struct peer_list list;
    char text[PEER_TEXT];
    peer_of_socket((const struct sockaddr *)&by_path, &nobody);
    peer_write(&nobody, text);
    cr_expect_str_eq(text, "unix");
    cr_assert_eq(peer_list_parse(a, STR("192.0.2.1 0.0.0.0 :: 127.0.0.1"), &list).kind, ERR_OK);
    cr_expect(!peer_listed(&list, &nobody) && peer_listed(&list, &four) && peer_listed(&list, &any));
    cr_assert_eq(peer_list_parse(a, STR("unix"), &list).kind, ERR_OK);
    cr_expect(peer_listed(&list, &nobody) && !peer_listed(&list, &four));
    cr_assert_eq(peer_list_parse(a, STR("192.0.2.1,unix"), &list).kind, ERR_OK);
    cr_expect(peer_listed(&list, &nobody) && peer_listed(&list, &four) && !peer_listed(&list, &any));
    cr_expect_eq(peer_list_parse(a, STR("UNIX"), &list).kind, ERR_INVALID_REQUEST);
    arena_release(a);
}

Test(peer, RL_04_nobody_is_called_unix_by_a_header)
{
    static const char *const said[] = {"::", "unix", "", "192.0.2.1, ::", "0::0"};
    struct arena *a = arena_new(4096);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        struct http_header h = {STR("X-Forwarded-For"), str_of(said[i])};
        struct request r = {.arena = a, .headers = &h, .header_count = 1};
        cr_expect_not(str_present(peer_forwarded(&r)), "%s", said[i]);
    }
    arena_release(a);
}
