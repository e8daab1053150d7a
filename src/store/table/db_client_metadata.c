/* SPDX-License-Identifier: MIT
 * db_client_metadata: the table of registered metadata as JSON and back. Relies on codec/json for strict reading; promises that
 * what was written is read back whole, and that an unreadable text is an error, never an empty registration. */
#include "store/table/db_client_metadata.h"

#include "codec/json_writer.h"

#include "base/banned.h"

fallible db_client_metadata_write(struct arena *a, const struct db_client_metadata *m, str *text)
{
    str whole;
    struct json_writer w = json_writer_new(a);
    json_write_object(&w, NULL);
#define TEXT(name_) json_write_filled(&w, #name_, m->name_);
#define FLAG(name_) \
    if (m->name_)   \
        json_write_boolean(&w, #name_, true);
    DB_CLIENT_METADATA(TEXT, TEXT, TEXT, FLAG)
#undef TEXT
#undef FLAG
    json_write_end(&w);
    TRY(json_writer_done(&w, &whole));
    *text = str_is(whole, "{}") ? STR_ABSENT : whole;
    return OK;
}

fallible db_client_metadata_read(struct arena *a, str text, struct db_client_metadata *out)
{
    struct db_client_metadata m = {0};
    json *o = NULL;
    *out = m;
    if (!str_present(text))
        return OK;
    if (FAILED(json_parse(a, text, &o)) || !json_is_object(o))
        FAIL(SERVER_ERROR, "store: stored client metadata is damaged");
#define TEXT(name_) m.name_ = json_member_text(o, #name_);
#define FLAG(name_)                                         \
    if (!json_boolean_of(json_member(o, #name_), &m.name_)) \
        m.name_ = false;
    DB_CLIENT_METADATA(TEXT, TEXT, TEXT, FLAG)
#undef TEXT
#undef FLAG
    *out = m;
    return OK;
}
