/* SPDX-License-Identifier: MIT
 * hot_algs: which signature algorithms something uses, read off the rows when they are loaded. */
#include "store/hot_algs.h"

#include "base/buf.h"
#include "store/db_client.h"
#include "store/db_scope.h"

#include "base/banned.h"

enum { WORDS_BYTES = 256 }; /* registration lets only the few algorithms in that this server signs with */

static void note_alg(struct buf *words, str alg)
{
    if (!str_filled(alg) || str_has_word((str){words->p, words->n}, alg))
        return;
    buf_word(words, alg);
}

static void note_client(struct buf *words, const struct db_client *client)
{
    const struct db_client_metadata *m = &client->metadata;
    const str algs[] = {m->id_token_signed_response_alg, m->userinfo_signed_response_alg, m->authorization_signed_response_alg,
                        m->introspection_signed_response_alg};
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        note_alg(words, algs[i]);
    if (str_starts(m->profile, STR("fapi2")))
        note_alg(words, STR("ES256"));
}

err hot_algs(struct arena *a, const struct db_rows *clients, const struct db_rows *resources, str *algs)
{
    struct buf words = buf_new(a, WORDS_BYTES);
    const struct db_client *client = clients->rows;
    const struct db_resource *resource = resources->rows;
    for (size_t i = 0; i < clients->count; i++)
        note_client(&words, &client[i]);
    for (size_t i = 0; i < resources->count; i++)
        if (str_is(resource[i].token_format, "jwt"))
            note_alg(&words, resource[i].alg);
    return words.n > 0 ? buf_done(&words, algs) : OK;
}
