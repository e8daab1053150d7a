/* SPDX-License-Identifier: MIT
 * hot_algs: the algorithms, as words, that a client or resource is registered to be signed for with; ES256 also where a client is held to
 * FAPI. A key that nobody uses is not published. */
#ifndef JETON_STORE_HOT_ALGS_H
#define JETON_STORE_HOT_ALGS_H
#include "store/db_room.h"
/* clients: rows of struct db_client; resources: of struct db_resource. *algs stays as it was when there are none. UNAVAILABLE: no memory. */
fallible hot_algs(struct arena *a, const struct db_rows *clients, const struct db_rows *resources, str *algs);
#endif
