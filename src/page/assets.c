/* SPDX-License-Identifier: MIT
 * assets: every file under assets/ as bytes of the program, by the assembler's .incbin, from one explicit list. The build file
 * names all of assets/ as prerequisites of this object, so a changed file is a changed program. Promises: bytes are constant,
 * live as long as the process, and a template or a static file that is not in the list does not exist. */
#include "page/template.h"
#include "base/banned.h"

/* X(symbol, file) */
#define ASSETS_PAGES(X)      \
    X(layout)                \
    X(problems)              \
    X(pager)                 \
    X(scope_choice)          \
    X(login)                 \
    X(logout)                \
    X(form_post)             \
    X(select_account)        \
    X(logged_out)            \
    X(consent)               \
    X(device)                \
    X(device_confirm)        \
    X(device_done)           \
    X(requests)              \
    X(deferred_scopes)       \
    X(error)                 \
    X(account)               \
    X(password)              \
    X(sign_in_methods)       \
    X(totp_new)              \
    X(recovery_codes)        \
    X(sign_in_method_remove) \
    X(tokens)                \
    X(token_made)            \
    X(token_revoke)          \
    X(applications)          \
    X(application_revoke)    \
    X(sessions)              \
    X(admin)                 \
    X(clients)               \
    X(client_fields)         \
    X(client_member)         \
    X(client_members)        \
    X(client_new)            \
    X(client)                \
    X(client_snippets)       \
    X(client_secret)         \
    X(client_remove)         \
    X(users)                 \
    X(user_fields)           \
    X(claim_fields)          \
    X(user_new)              \
    X(user)                  \
    X(user_remove)           \
    X(scopes)                \
    X(scope_remove)          \
    X(registrations)         \
    X(resources)             \
    X(resource)              \
    X(resource_scopes)       \
    X(resource_remove)       \
    X(events)                \
    X(keys)                  \
    X(keys_rotate)
/* X(symbol, name, file, content type) */
#define ASSETS_STATIC(X)                                                         \
    X(style, "style.css", "assets/style.css", "text/css; charset=utf-8")         \
    X(script, "script.js", "assets/script.js", "text/javascript; charset=utf-8") \
    X(submit, "submit.js", "assets/submit.js", "text/javascript; charset=utf-8") \
    X(icon, "icon.svg", "assets/icon.svg", "image/svg+xml")                      \
    X(openapi, "openapi.json", "assets/openapi.json", "application/json")

#define EMBED(symbol_, file_)                                                             \
    extern const char symbol_##_first[], symbol_##_end[];                                 \
    __asm__(".section .rodata\n"                                                          \
            ".global " #symbol_ "_first\n.global " #symbol_ "_end\n"                      \
            ".hidden " #symbol_ "_first\n.hidden " #symbol_ "_end\n" #symbol_ "_first:\n" \
            ".incbin \"" file_ "\"\n" #symbol_ "_end:\n"                                  \
            ".byte 0\n"                                                                   \
            ".previous\n");
#define EMBED_PAGE(stem_)                        EMBED(assets_page_##stem_, "assets/pages/" #stem_ ".html")
#define EMBED_STATIC(stem_, name_, file_, type_) EMBED(assets_static_##stem_, file_)
ASSETS_PAGES(EMBED_PAGE)
ASSETS_STATIC(EMBED_STATIC)

static const struct assets_file pages[] = {
#define X(stem_) {#stem_ ".html", "text/html; charset=utf-8", assets_page_##stem_##_first, assets_page_##stem_##_end},
    ASSETS_PAGES(X)
#undef X
};
static const struct assets_file statics[] = {
#define X(stem_, name_, file_, type_) {name_, type_, assets_static_##stem_##_first, assets_static_##stem_##_end},
    ASSETS_STATIC(X)
#undef X
};

const struct assets_file *assets_pages(size_t *count)
{
    *count = sizeof pages / sizeof pages[0];
    return pages;
}

const struct assets_file *assets_static(size_t *count)
{
    *count = sizeof statics / sizeof statics[0];
    return statics;
}
