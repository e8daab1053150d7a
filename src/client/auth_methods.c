/* SPDX-License-Identifier: MIT
 * auth_methods: the table, and nothing else. Registration asks it what a way needs, metadata what to offer; clientauth/client_auth has one
 * judge for each row. `any` is this server's own word for clients that may choose between Basic and the body at each request. */
#include "client/auth_methods.h"

#include "base/banned.h"

/* clang-format off */
const struct auth_method auth_methods[] = {
/*    name                           secret keys   tls    listed */
    { "client_secret_basic",         true,  false, false, true  },
    { "client_secret_post",          true,  false, false, true  },
    { "client_secret_jwt",           true,  false, false, true  },
    { "private_key_jwt",             false, true,  false, true  },
    { "tls_client_auth",             false, false, true,  true  },
    { "self_signed_tls_client_auth", false, true,  true,  true  },
    { "none",                        false, false, false, true  },
    { "any",                         true,  false, false, false },
    { NULL,                          false, false, false, false },
};
/* clang-format on */

const struct auth_method *auth_methods_find(str name)
{
    for (const struct auth_method *row = auth_methods; row->name != NULL; row++)
        if (str_is(name, row->name))
            return row;
    return NULL;
}
