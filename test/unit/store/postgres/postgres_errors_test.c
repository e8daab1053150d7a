/* SPDX-License-Identifier: MIT
 * postgres_errors: what each state means is decided by the state, and the log is told of trouble, once a minute. */
#include "store/fresh.h"
#include "store/postgres/postgres_errors.h"

#include "base/banned.h"

struct judged {
    struct fresh s;
    struct postgres_link *l;
};

static struct judged judged_new(void)
{
    struct judged x = {.s = fresh_postgres(false)};
    MUST(postgres_connect(x.s.database, &x.l));
    return x;
}

static void judged_end(struct judged *x)
{
    postgres_disconnect(x->l);
    fresh_end(&x->s);
}

/* The server itself refuses with that state. */
static err judge(struct judged *x, const char *state, enum postgres_trouble *trouble)
{
    struct postgres_answer *answer = NULL;
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "DO $$ BEGIN RAISE EXCEPTION 'told-by-the-server' USING ERRCODE = '%s'; END $$", state);
    cr_assert_eq(postgres_script(x->l, sql, &answer), POSTGRES_REFUSED);
    cr_assert_str_eq(postgres_state(answer), state);
    err e = postgres_errors_judge(answer, trouble);
    postgres_answer_free(answer);
    return e;
}

Test(postgres_errors, each_state_says_whether_to_run_it_again_and_where)
{
    static const struct {
        const char *state;
        enum postgres_trouble trouble;
        enum err_kind kind;
    } rows[] = {
        {"23503", POSTGRES_FINE, ERR_NOT_FOUND},       {"23505", POSTGRES_FINE, ERR_CONFLICT},     {"23502", POSTGRES_FINE, ERR_CONFLICT},
        {"22021", POSTGRES_FINE, ERR_INVALID_REQUEST}, {"40001", POSTGRES_AGAIN, ERR_UNAVAILABLE}, {"40P01", POSTGRES_AGAIN, ERR_UNAVAILABLE},
        {"55P03", POSTGRES_AGAIN, ERR_UNAVAILABLE},    {"08006", POSTGRES_GONE, ERR_UNAVAILABLE},  {"57P01", POSTGRES_GONE, ERR_UNAVAILABLE},
        {"57P03", POSTGRES_GONE, ERR_UNAVAILABLE},     {"25P03", POSTGRES_GONE, ERR_UNAVAILABLE},  {"25006", POSTGRES_GONE, ERR_UNAVAILABLE},
        {"26000", POSTGRES_GONE, ERR_UNAVAILABLE},     {"0A000", POSTGRES_GONE, ERR_UNAVAILABLE},  {"57014", POSTGRES_WRONG, ERR_UNAVAILABLE},
        {"53100", POSTGRES_WRONG, ERR_UNAVAILABLE},    {"53300", POSTGRES_WRONG, ERR_UNAVAILABLE}, {"58030", POSTGRES_WRONG, ERR_UNAVAILABLE},
        {"XX001", POSTGRES_WRONG, ERR_UNAVAILABLE},    {"42501", POSTGRES_WRONG, ERR_UNAVAILABLE}, {"42P01", POSTGRES_WRONG, ERR_UNAVAILABLE},
        {"22012", POSTGRES_AGAIN, ERR_UNAVAILABLE},    {"P0001", POSTGRES_WRONG, ERR_UNAVAILABLE},
    };
    struct judged x = judged_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum postgres_trouble trouble;
        err e = judge(&x, rows[i].state, &trouble);
        cr_expect(trouble == rows[i].trouble && e.kind == rows[i].kind, "%s: %d, %s", rows[i].state, (int)trouble, err_why(e));
        cr_expect_null(strstr(err_why(e), "told-by-the-server"));
    }
    judged_end(&x);
}

/* States that are told apart by nobody else: a full disk heals when somebody makes room. */
Test(postgres_errors, what_is_to_be_done_is_said_apart)
{
    static const char *const states[] = {"53100", "53300", "57014", "42501", "58030", "XX001"};
    struct judged x = judged_new();
    enum postgres_trouble trouble;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        for (size_t k = 0; k < i; k++) {
            err a = judge(&x, states[i], &trouble), b = judge(&x, states[k], &trouble);
            cr_expect_str_neq(err_why(a), err_why(b));
        }
    judged_end(&x);
}

Test(postgres_errors, trouble_is_told_once_a_minute_and_what_is_usual_never)
{
    struct judged x = judged_new();
    enum postgres_trouble trouble;
    static const struct {
        const char *state;
        size_t told;
    } rows[] = {{"58030", 1}, {"57P01", 1}, {"40001", 0}, {"23505", 0}, {"22021", 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fresh_log log = fresh_log_begin();
        for (int times = 0; times < 3; times++) {
            err e = judge(&x, rows[i].state, &trouble);
            (void)e;
        }
        cr_expect_eq(fresh_log_end(&log, "told-by-the-server"), rows[i].told, "%s", rows[i].state);
    }
    judged_end(&x);
}
