/* SPDX-License-Identifier: MIT
 * peer: who is at the other end, as one numeric address in one spelling (RFC 5952; IPv4 in IPv6 is IPv4). Who comes by a Unix socket
 * has none: it is the unspecified address, whose text is `unix`. Private to http. */
#ifndef JETON_HTTP_PEER_H
#define JETON_HTTP_PEER_H
#include "http/http.h"
#include <netinet/in.h>
enum { PEER_TEXT = INET6_ADDRSTRLEN };
struct sockaddr;
struct peer_list {
    struct in6_addr *addresses;
    size_t count;
    bool unix_peers;
};
/* Words (addresses, or `unix`) separated by spaces or commas; INVALID_REQUEST for a word that is neither. */
fallible peer_list_parse(struct arena *a, str words, struct peer_list *out);
bool peer_parse(str text, struct in6_addr *out);
bool peer_listed(const struct peer_list *list, const struct in6_addr *address);
void peer_write(const struct in6_addr *address, char text[PEER_TEXT]);
void peer_of_socket(const struct sockaddr *socket, struct in6_addr *out); /* all zero for other families */
/* The last hop of X-Forwarded-For when it is an address; absent otherwise (RL-04). Only for requests from a trusted proxy. */
str peer_forwarded(const struct request *r);
#endif
