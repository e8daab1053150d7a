/* SPDX-License-Identifier: MIT
 * keeper: see the header. Relies on crypto/digest for the derivation and on crypto/seal for boxes. Promises:
 *   1. a key is used for one purpose, and none of them tells anything of another or of the master key (RFC 5869 3.2);
 *   2. nothing here changes after keeper_new, so any number of threads may use it without a lock;
 *   3. what does not open under its label is an error, and what was there stays hidden. */
#include "keys/keeper_build.h"
#include "codec/b64url.h"
#include "crypto/seal.h"
#include "crypto/secret.h"
#include <stdlib.h>
#include "base/banned.h"

struct keeper {
    uint8_t macs[KEEPER_MAC_COUNT][DIGEST_SIZE];
    struct seal_key boxes[KEEPER_BOX_COUNT];
};

fallible keeper_new(const struct master *master, struct keeper **out)
{
    static const char *const macs[] = {
#define X(name_, label_) [KEEPER_##name_] = label_,
        KEEPER_MACS(X)
#undef X
    };
    static const char *const boxes[] = {
#define X(name_, label_, context_) [KEEPER_##name_] = label_,
        KEEPER_BOXES(X)
#undef X
    };
    struct keeper *k = calloc(1, sizeof *k);
    if (k == NULL)
        FAIL(UNAVAILABLE, "no memory for the keeper of the master key");
    for (size_t i = 0; i < KEEPER_MAC_COUNT; i++)
        digest_derive(master->bytes, macs[i], k->macs[i]);
    for (size_t i = 0; i < KEEPER_BOX_COUNT; i++)
        digest_derive(master->bytes, boxes[i], k->boxes[i].bytes);
    *out = k;
    return OK;
}

void keeper_free(struct keeper *k)
{
    if (k == NULL)
        return;
    secret_wipe(k, sizeof *k);
    free(k);
}

void keeper_mac(const struct keeper *k, enum keeper_mac purpose, str text, uint8_t out[DIGEST_SIZE])
{
    digest_hmac(k->macs[purpose], text, out);
}

static str context_of(struct arena *a, const struct keeper_label *label)
{
    static const char *const begins[] = {
#define X(name_, label_, context_) [KEEPER_##name_] = context_,
        KEEPER_BOXES(X)
#undef X
    };
    return str_format(a, "%s %.*s", begins[label->box], STR_FMT(label->name));
}

fallible keeper_seal(const struct keeper *k, struct arena *a, const struct keeper_label *label, str plain, str *sealed)
{
    if (plain.n > SEAL_PLAIN_MAX)
        FAIL(SERVER_ERROR, "too much to be sealed at rest");
    uint8_t *box = arena_take(a, plain.n + SEAL_OVERHEAD);
    str context = context_of(a, label);
    if (box == NULL || !str_present(context))
        FAIL(UNAVAILABLE, "no memory to seal what is kept");
    seal_close(&k->boxes[label->box], context, plain.p, plain.n, box);
    str text = b64url_encode(a, box, plain.n + SEAL_OVERHEAD);
    if (!str_present(text))
        FAIL(UNAVAILABLE, "no memory to seal what is kept");
    *sealed = text;
    return OK;
}

static fallible box_open(const struct seal_key *key, struct arena *a, const struct keeper_label *label, str sealed, str *plain)
{
    size_t capacity = sealed.n / 4 * 3 + 2, n;
    uint8_t *box = arena_take(a, 2 * capacity);
    str context = context_of(a, label);
    if (box == NULL || !str_present(context))
        FAIL(UNAVAILABLE, "no memory to open what is kept");
    if (FAILED(b64url_decode(sealed, box, capacity, &n)))
        FAIL(SERVER_ERROR, "what is kept sealed is malformed");
    if (FAILED(seal_open(key, context, box, n, box + capacity)))
        FAIL(SERVER_ERROR, "what is kept sealed does not open with what master.key gives");
    *plain = (str){(char *)box + capacity, n - SEAL_OVERHEAD};
    return OK;
}

fallible keeper_open(const struct keeper *k, struct arena *a, const struct keeper_label *label, str sealed, str *plain)
{
    return box_open(&k->boxes[label->box], a, label, sealed, plain);
}

fallible keeper_open_early(const struct master *master, struct arena *a, const struct keeper_label *label, str sealed, str *plain)
{
    struct seal_key key;
    for (size_t i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = master->bytes[i];
    err opened = box_open(&key, a, label, sealed, plain);
    secret_wipe(&key, sizeof key);
    return opened;
}
