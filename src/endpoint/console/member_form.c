/* SPDX-License-Identifier: MIT
 * member_form: registered metadata in a client's form. Relies on client/metadata for what there is and on client/client for what
 * is allowed. Promises that every row of the table stands on the page once (METADATA_GROUP_SCOPES beside the scopes), that a field which was not sent changes nothing, and that
 * an unchecked box counts only when the form says that the boxes were there (CVE-2026-107623). */
#include "endpoint/console/member_form.h"

#include "base/ascii.h"
#include "endpoint/console/widget.h"
#include "base/banned.h"

static const char *const lists[] = {
    [METADATA_GROUP_ABOUT] = "members_about",     [METADATA_GROUP_LOGIN] = "members_login",     [METADATA_GROUP_KEYS] = "members_keys",
    [METADATA_GROUP_REQUEST] = "members_request", [METADATA_GROUP_PROFILE] = "members_profile", /* what the form has words of its own for stands in no list */
};
static const char *const opened[] = {
    [METADATA_GROUP_ABOUT] = "open_about",     [METADATA_GROUP_LOGIN] = "open_login",     [METADATA_GROUP_KEYS] = "open_keys",
    [METADATA_GROUP_REQUEST] = "open_request", [METADATA_GROUP_PROFILE] = "open_profile",
};

static void put_member_rows(const struct call *c, struct page_fields *f, const str *values, const struct problems *p)
{
    bool open[sizeof lists / sizeof *lists] = {false};
    for (size_t g = METADATA_GROUP_ABOUT; g < sizeof lists / sizeof *lists; g++)
        page_list(f, lists[g]);
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        const struct metadata_row *m = &metadata_rows[i];
        if (m->setter == METADATA_BY_SYSTEM || m->group >= sizeof lists / sizeof *lists)
            continue;
        struct page_fields *row = page_row(f, lists[m->group]);
        str problem = widget_problem(c, p, m->name);
        open[m->group] = open[m->group] || str_filled(problem);
        page_put(row, "member", str_of(m->name));
        page_put_word(row, "label", str_of(m->label));
        page_put_word(row, "help", str_of(m->help));
        page_put(row, "value", str_present(values[i]) ? values[i] : STR(""));
        page_put(row, "problem", problem);
        page_put_flag(row, "flag", m->kind == METADATA_KIND_FLAG);
        page_put_flag(row, "on", str_is(values[i], "true"));
        page_put_flag(row, "several", m->kind == METADATA_KIND_LINES || m->kind == METADATA_KIND_KEYS);
    }
    for (size_t g = METADATA_GROUP_ABOUT; g < sizeof lists / sizeof *lists; g++)
        page_put_flag(f, opened[g], open[g]);
}

void member_form_kept(const struct call *c, struct page_fields *f, const struct db_client *client)
{
    struct problems none = {.count = 0};
    str values[METADATA_COUNT] = {{0}};
    for (size_t i = 0; client != NULL && i < METADATA_COUNT; i++)
        values[i] = metadata_value(&client->metadata, i);
    put_member_rows(c, f, values, &none);
}

void member_form_typed(struct call *c, struct page_fields *f, const struct problems *p)
{
    struct client_edit typed = client_edit_nothing();
    member_form_read(c, &typed);
    put_member_rows(c, f, typed.metadata, p);
}

/* An empty text area comes as a line break, which is no JSON and no address. */
static str trim_text_area(str sent)
{
    for (;;) {
        sent = str_trim(sent);
        if (sent.n > 0 && (sent.p[0] == '\r' || sent.p[0] == '\n'))
            sent = (str){sent.p + 1, sent.n - 1};
        else if (sent.n > 0 && (sent.p[sent.n - 1] == '\r' || sent.p[sent.n - 1] == '\n'))
            sent.n--;
        else
            return sent;
    }
}

void member_form_read(struct call *c, struct client_edit *edit)
{
    bool boxes = form_has(&c->form, "members");
    for (size_t i = 0; i < METADATA_COUNT; i++) {
        const struct metadata_row *m = &metadata_rows[i];
        str sent = form_get_raw(&c->form, m->name);
        if (m->setter == METADATA_BY_SYSTEM)
            continue;
        if (m->kind == METADATA_KIND_FLAG && (boxes || str_present(sent)))
            edit->metadata[i] = str_is(sent, "true") ? STR("true") : STR("false");
        else if (m->kind != METADATA_KIND_FLAG && str_present(sent))
            edit->metadata[i] = trim_text_area(sent);
    }
}
