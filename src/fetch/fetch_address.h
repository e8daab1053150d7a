/* SPDX-License-Identifier: MIT
 * fetch_address: which addresses the server calls by itself. */
#ifndef JETON_FETCH_FETCH_ADDRESS_H
#define JETON_FETCH_FETCH_ADDRESS_H
#include "codec/url.h"
struct sockaddr;
/* Is it an ordinary address of the internet? False for loopback, private, shared, link-local, multicast, documentation, reserved and
 * unspecified ones, for IPv4 in IPv6 that is one of these, and for every family but IPv4 and IPv6. */
bool fetch_address_public(const struct sockaddr *address);
/* Does the list (words HOST or HOST:PORT; IPv6 in brackets) name where this URL leads? */
bool fetch_address_named(str list, const struct url *u);
/* Does the list (words 1 to 65535, or `any`) hold the port where this https URL leads? */
bool fetch_address_port_listed(str list, const struct url *u);
#endif
