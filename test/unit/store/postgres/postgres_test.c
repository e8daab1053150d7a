/* SPDX-License-Identifier: MIT
 * postgres: what is sent is answered in order, a link that may have missed an answer is lost, and no server is used that would keep things otherwise. */
#include "store/fresh.h"

#include "base/banned.h"

Test(postgres, the_ports_of_a_database_are_told_before_it_is_opened)
{
    static const struct {
        const char *database, *ports;
    } rows[] = {
        {"", ""},
        {"postgresql://jeton@db.example/jeton", "5432"},
        {"postgresql://jeton@db.example:6432/jeton", "6432"},
        {"postgresql://one:5433,two,three:5434/jeton?target_session_attrs=read-write", "5433 5432 5434"},
        {"host=one,two port=5433 dbname=jeton", "5433"},
        {"host=/run/postgresql dbname=jeton", "5432"},
        {"host=one service=main port=5433", "5433"},
        {"what is this = none", ""},
    };
    struct arena *a = arena_new(1 << 16);
    (void)unsetenv("PGPORT");
    (void)unsetenv("PGSERVICE");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        str ports = store_ports(a, str_of(rows[i].database));
        cr_expect(str_is(ports, rows[i].ports), "%s: %.*s", rows[i].database, STR_FMT(ports));
    }
    cr_expect_not(str_present(store_ports(a, STR("service=main"))));
    (void)setenv("PGPORT", "5555", 1);
    cr_expect(str_is(store_ports(a, STR("postgresql://db.example/jeton")), "5555"));
    (void)setenv("PGSERVICE", "main", 1);
    cr_expect_not(str_present(store_ports(a, STR("postgresql://db.example/jeton"))));
    (void)unsetenv("PGPORT");
    (void)unsetenv("PGSERVICE");
    arena_release(a);
}

Test(postgres, what_cannot_be_used_is_refused_in_words)
{
    struct fresh s = fresh_postgres(false), bad = s;
    struct store *none = NULL;
    err e;
    (void)snprintf(bad.database, sizeof(bad.database), "host=/nonexistent dbname=x");
    e = store_open(FRESH_OPTIONS(&bad, true, false), &none);
    cr_assert(e.kind == ERR_UNAVAILABLE && strstr(err_say(e), "cannot be reached") != NULL);
    (void)by_hand(&s, "DROP SCHEMA public CASCADE");
    e = store_open(FRESH_OPTIONS(&s, true, false), &none);
    cr_assert(e.kind == ERR_SERVER_ERROR && strstr(err_say(e), "no schema") != NULL);
    char sql[256];
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'", strstr(s.database, "jeton_test_"));
    (void)by_hand(&s, sql);
    (void)snprintf(bad.database, sizeof(bad.database), "%.480s_latin", s.database);
    e = store_open(FRESH_OPTIONS(&bad, true, false), &none);
    cr_assert(e.kind == ERR_SERVER_ERROR && strstr(err_say(e), "UTF8") != NULL);
    hand_drop(bad.database);
    fresh_end(&s);
}

/* The library's words would quote it. */
Test(postgres, LG_02_no_part_of_a_password_that_was_written_amiss_is_logged)
{
    static const char *const amiss[] = {
        "postgresql://u:geheim%zz@h/d",        "postgresql://u:geheim@[::1/d",      "postgresql://u:geheim/x@h/d", "postgresql://u:x@geheim@h/d",
        "postgresql://u@h/d?password=geheim%", "host=h password=geheim mehrgeheim", "host=h password='geheim",     "host=h geheim=x",
    };
    struct fresh s = fresh_postgres(false), bad = s;
    struct store *none = NULL;
    struct fresh_log log = fresh_log_begin();
    for (size_t i = 0; i < sizeof(amiss) / sizeof(amiss[0]); i++) {
        (void)snprintf(bad.database, sizeof(bad.database), "%s", amiss[i]);
        err e = store_open(FRESH_OPTIONS(&bad, true, false), &none);
        cr_expect(e.kind == ERR_SERVER_ERROR && strstr(err_say(e), "connection string") != NULL, "%s: %s", amiss[i], err_why(e));
    }
    cr_expect_eq(fresh_log_end(&log, "geheim"), 0u);
    fresh_end(&s);
}

/* ---- a link ---- */

struct linked {
    struct fresh s;
    struct postgres_link *l;
};

static struct linked linked_new(void)
{
    struct linked x = {.s = fresh_postgres(false)};
    MUST(postgres_connect(x.s.database, &x.l));
    return x;
}

static void linked_end(struct linked *x)
{
    postgres_disconnect(x->l);
    fresh_end(&x->s);
}

static enum postgres_status receive(struct linked *x, str *value)
{
    struct postgres_answer *answer = NULL;
    enum postgres_status status = postgres_receive(x->l, &answer);
    if (value != NULL)
        *value = answer != NULL && postgres_rows(answer) > 0 ? str_dup(x->s.a, postgres_value(answer, 0, 0)) : STR_ABSENT;
    postgres_answer_free(answer);
    return status;
}

/* The first column of the first row. */
static str asked(struct linked *x, const char *sql)
{
    struct postgres_answer *answer = NULL;
    cr_assert_eq(postgres_script(x->l, sql, &answer), POSTGRES_DONE, "%s", sql);
    str value = postgres_rows(answer) > 0 ? str_dup(x->s.a, postgres_value(answer, 0, 0)) : STR_ABSENT;
    postgres_answer_free(answer);
    return value;
}

static const struct db_param six = {.kind = DB_INT, .number = 6};
static const struct db_call one_number = {NULL, 0, &six, 1};

Test(postgres, what_is_sent_is_answered_in_order)
{
    struct linked x = linked_new();
    const struct db_call seven = {NULL, 0, (const struct db_param[]){P_INT(-7)}, 1};
    str value;
    postgres_send_prepare(x.l, "twice", "SELECT $1 * 2", &one_number);
    postgres_send_call(x.l, "twice", &one_number);
    postgres_send_call(x.l, "twice", &seven);
    postgres_send_end(x.l);
    cr_assert_eq(receive(&x, NULL), POSTGRES_DONE);
    cr_assert(receive(&x, &value) == POSTGRES_DONE && str_is(value, "12"));
    cr_assert(receive(&x, &value) == POSTGRES_DONE && str_is(value, "-14"));
    cr_assert_eq(receive(&x, NULL), POSTGRES_DONE); /* the end */
    cr_assert(postgres_quiet(x.l) && !postgres_lost(x.l));
    linked_end(&x);
}

Test(postgres, what_follows_a_refusal_is_skipped_up_to_the_end)
{
    struct linked x = linked_new();
    struct postgres_answer *answer = NULL;
    const struct db_call zero = {NULL, 0, (const struct db_param[]){P_INT(0)}, 1};
    str value;
    postgres_send_prepare(x.l, "by", "SELECT 12 / $1", &one_number);
    postgres_send_call(x.l, "by", &zero);
    postgres_send_call(x.l, "by", &one_number);
    postgres_send_end(x.l);
    postgres_send_call(x.l, "by", &one_number);
    postgres_send_end(x.l);
    cr_assert_eq(receive(&x, NULL), POSTGRES_DONE);
    cr_assert_eq(postgres_receive(x.l, &answer), POSTGRES_REFUSED);
    cr_assert_str_eq(postgres_state(answer), "22012");
    cr_assert(postgres_message(answer)[0] != '\0');
    postgres_answer_free(answer);
    cr_assert_eq(receive(&x, NULL), POSTGRES_SKIPPED);
    cr_assert_eq(receive(&x, NULL), POSTGRES_DONE);
    cr_assert(receive(&x, &value) == POSTGRES_DONE && str_is(value, "2"));
    cr_assert_eq(receive(&x, NULL), POSTGRES_DONE);
    linked_end(&x);
}

Test(postgres, a_link_whose_server_ended_it_is_lost_for_good)
{
    struct linked x = linked_new();
    struct postgres_answer *answer = NULL;
    char sql[80];
    (void)snprintf(sql, sizeof(sql), "SELECT CASE WHEN pg_terminate_backend(%d, 5000) THEN 1 ELSE 0 END", postgres_process(x.l));
    cr_assert_eq(by_hand(&x.s, sql), 1);
    cr_assert_not(postgres_quiet(x.l), "its farewell has come");
    postgres_send_end(x.l);
    enum postgres_status status = POSTGRES_DONE;
    for (int i = 0; i < 3 && status != POSTGRES_LOST; i++) {
        status = postgres_receive(x.l, &answer);
        postgres_answer_free(answer);
    }
    cr_assert(status == POSTGRES_LOST && postgres_lost(x.l));
    postgres_send_call(x.l, "none", &one_number);
    cr_assert_eq(receive(&x, NULL), POSTGRES_LOST);
    cr_assert_eq(postgres_script(x.l, "SELECT 1", &answer), POSTGRES_LOST);
    cr_assert_not(postgres_notified(x.l, &(struct postgres_heard){NULL, NULL}));
    linked_end(&x);
}

/* What an administrator has set for the role or the database must not change how we wait, what we see, or when a commit is answered. */
Test(postgres, settings_of_others_do_not_change_ours)
{
    static const char *const theirs[] = {"statement_timeout = 0",
                                         "lock_timeout = 0",
                                         "idle_in_transaction_session_timeout = 0",
                                         "synchronous_commit = off",
                                         "default_transaction_isolation = serializable",
                                         "client_encoding = latin1"};
    struct linked x = linked_new();
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        char sql[256];
        (void)snprintf(sql, sizeof(sql), "ALTER DATABASE %s SET %s", strstr(x.s.database, "jeton_test_"), theirs[i]);
        (void)by_hand(&x.s, sql);
    }
    postgres_disconnect(x.l);
    MUST(postgres_connect(x.s.database, &x.l));
    cr_expect(str_is(asked(&x, "SHOW statement_timeout"), "5s") && str_is(asked(&x, "SHOW lock_timeout"), "2s"));
    cr_expect(str_is(asked(&x, "SHOW idle_in_transaction_session_timeout"), "10s") && str_is(asked(&x, "SHOW synchronous_commit"), "on"));
    cr_expect(str_is(asked(&x, "SHOW default_transaction_isolation"), "read committed") && str_is(asked(&x, "SHOW client_encoding"), "UTF8"));
    cr_expect(str_is(asked(&x, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"), "jeton"));
    linked_end(&x);
}

static void remember_process(void *context, int process)
{
    *(int *)context = process;
}

Test(postgres, a_notification_names_who_sent_it)
{
    struct linked x = linked_new();
    struct postgres_link *other = NULL;
    struct postgres_answer *answer = NULL;
    int process = 0;
    (void)asked(&x, "LISTEN somewhere");
    MUST(postgres_connect(x.s.database, &other));
    cr_assert_eq(postgres_script(other, "NOTIFY somewhere", &answer), POSTGRES_DONE);
    postgres_answer_free(answer);
    for (int64_t end_us = clock_monotonic_us() + 5000000; process == 0 && clock_monotonic_us() < end_us;)
        cr_assert(postgres_notified(x.l, &(struct postgres_heard){remember_process, &process}));
    cr_assert_eq(process, postgres_process(other));
    cr_assert_str_eq(postgres_history(x.l), postgres_history(other));
    postgres_disconnect(other);
    linked_end(&x);
}
