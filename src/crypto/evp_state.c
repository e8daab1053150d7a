/* SPDX-License-Identifier: MIT
 * context: see the header. Relies on a pthread key for the end of a thread and on pthread_once for the fetched cipher, which
 * lives as long as the process. Promises: no two threads ever share a context, and no lock is taken after the first call. */
#include "crypto/evp_state.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t at_exit;
static EVP_CIPHER *gcm, *ecb;

static _Thread_local struct evp_state *mine;

static void evp_state_free(void *object)
{
    struct evp_state *c = object;
    mine = NULL; /* a later destructor of this thread that needs one makes a new one, and this function runs again */
    EVP_CIPHER_CTX_free(c->close);
    EVP_CIPHER_CTX_free(c->open);
    for (size_t i = 0; i < EVP_STATE_BLOCKS; i++)
        EVP_CIPHER_CTX_free(c->blocks[i].ecb);
    explicit_bzero(c, sizeof *c);
    free(c);
}

static void fetch_aes(void)
{
    gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    ecb = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
    INVARIANT(gcm != NULL && ecb != NULL);
    INVARIANT(pthread_key_create(&at_exit, evp_state_free) == 0);
}

static struct evp_state *evp_state_new(void)
{
    INVARIANT(pthread_once(&once, fetch_aes) == 0);
    struct evp_state *c = calloc(1, sizeof *c);
    INVARIANT(c != NULL);
    c->close = EVP_CIPHER_CTX_new();
    c->open = EVP_CIPHER_CTX_new();
    INVARIANT(c->close != NULL && c->open != NULL);
    INVARIANT(EVP_EncryptInit_ex2(c->close, gcm, NULL, NULL, NULL) == 1);
    INVARIANT(EVP_DecryptInit_ex2(c->open, gcm, NULL, NULL, NULL) == 1);
    for (size_t i = 0; i < EVP_STATE_BLOCKS; i++) {
        c->blocks[i].ecb = EVP_CIPHER_CTX_new();
        INVARIANT(c->blocks[i].ecb != NULL && EVP_EncryptInit_ex2(c->blocks[i].ecb, ecb, NULL, NULL, NULL) == 1);
        INVARIANT(EVP_CIPHER_CTX_set_padding(c->blocks[i].ecb, 0) == 1);
    }
    INVARIANT(pthread_setspecific(at_exit, c) == 0);
    mine = c;
    return c;
}

struct evp_state *evp_state_of_thread(void)
{
    return mine != NULL ? mine : evp_state_new();
}
