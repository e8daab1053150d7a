/* SPDX-License-Identifier: MIT
 * load: one thread, one epoll, keep-alive connections to 127.0.0.1, each with one request on its way. Every answer is checked:
 * its status is 200 and its body holds the expected text, or the run fails (EXPECT *: any answer will do). The request is a file: head lines, an empty line,
 * the body; Host is in it, Content-Length is added, @TOKEN@ is replaced by a line of the token file:
 *     cycle   all lines in turn, again and again
 *     once    each line once; the unused ones are written back
 *     chain   each connection owns lines; the answer's refresh_token takes the place of the one that was sent; all are
 *             written back
 *     flow    the file holds several requests, asked one after the other by each connection; before each but the last stands
 *             a line `%% STATUS PREFIX`: that answer's status, and what stands before the text that is @TOKEN@ in the next
 *             request (up to a quote, `&` or line end). One flow counts as one answer
 * PACE 0: as fast as it goes, and never asleep, so that no server pays for waking the load. Otherwise so many requests a
 * second, begun on time whatever the answers do, and latency counts from the moment when a request was due. Prints the rate,
 * how many were answered in all, and p50 and p99 in microseconds.
 *     load PORT CONNECTIONS MILLISECONDS PACE REQUEST EXPECT [flow | cycle|once|chain TOKENS] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 16384, EVENTS = 256, CONNECTIONS_MAX = 1024, SAMPLES_MAX = 4000000, WARM_PERCENT = 15, TOKEN_ROOM = 2048, STEPS_MAX = 4 };
enum mode { PLAIN, CYCLE, ONCE, CHAIN, FLOW };

struct step {
    char *head, *body, *prefix; /* prefix: before the text that the next step needs; NULL: the last step */
    char status[4];
};

struct connection {
    int fd;
    bool busy;
    double since;
    size_t token, step;
    size_t got;
    char captured[TOKEN_ROOM];
    char in[ROOM];
};

static const char *mark = "@TOKEN@", *expected, *token_file;
static struct step steps[STEPS_MAX];
static size_t step_count;
static enum mode mode;
static char **tokens;
static size_t token_count, token_next, connection_count;
static struct connection *connections;
static uint32_t *samples;
static size_t sample_count;
static double warm_end, end;
static size_t answered, finished, on_the_way; /* all; those after the warming up; those asked and not answered */
static bool exhausted, any;                   /* any: every answer is as good as another, and none is too: a flood */

static void die(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *file_read(const char *name, size_t *n)
{
    FILE *f = fopen(name, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        die("a file cannot be read");
    long size = ftell(f);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, f) != (size_t)size)
        die("a file cannot be read");
    fclose(f);
    text[size] = '\0';
    *n = (size_t)size;
    return text;
}

static void step_read(char *text)
{
    struct step *s = &steps[step_count++];
    *s = (struct step){.head = text, .status = "200"};
    if (strncmp(text, "%% ", 3) == 0) {
        char *line_end = strchr(text, '\n');
        if (line_end == NULL || line_end - text < 8)
            die("a step has no status");
        *line_end = '\0';
        memcpy(s->status, text + 3, 3);
        s->prefix = text + 7;
        s->head = line_end + 1;
    }
    s->body = strstr(s->head, "\r\n\r\n");
    if (s->body == NULL)
        die("the request has no empty line");
    *s->body = '\0';
    s->body += 4;
}

static void request_read(const char *name)
{
    size_t n;
    char *text = file_read(name, &n);
    while (text != NULL && step_count < STEPS_MAX) {
        char *next = strstr(text, "\n%%\n"); /* between two steps */
        if (next != NULL) {
            *next = '\0';
            next += 4;
        }
        step_read(text);
        text = next;
    }
}

static void tokens_read(const char *name)
{
    size_t n, room = 0;
    char *text = file_read(name, &n);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (token_count == room) {
            room = room == 0 ? 1024 : room * 2;
            tokens = realloc(tokens, room * sizeof(*tokens));
            if (tokens == NULL)
                die("no memory");
        }
        tokens[token_count++] = line;
    }
    if (token_count < connection_count)
        die("fewer tokens than connections");
}

static void tokens_write(void)
{
    FILE *f = fopen(token_file, "wb");
    if (f == NULL)
        die("the tokens cannot be written back");
    for (size_t i = mode == ONCE ? token_next : 0; i < token_count; i++)
        fprintf(f, "%s\n", tokens[i]);
    if (fclose(f) != 0)
        die("the tokens cannot be written back");
}

/* The next token for this connection; false when there is none left. */
static bool token_choose(struct connection *c)
{
    if (mode == PLAIN || mode == FLOW)
        return true;
    if (mode == CHAIN) {
        c->token = c->token + connection_count < token_count ? c->token + connection_count : c->token % connection_count;
        return true;
    }
    if (token_next == token_count && mode == ONCE)
        return false;
    c->token = token_next++;
    if (token_next == token_count && mode == CYCLE)
        token_next = 0;
    return true;
}

/* Copies `text`, with its mark replaced; returns the length. */
static size_t fill(char *out, size_t room, const char *text, const char *token)
{
    const char *at = mode == PLAIN ? NULL : strstr(text, mark);
    int n = at == NULL ? snprintf(out, room, "%s", text) : snprintf(out, room, "%.*s%s%s", (int)(at - text), text, token, at + strlen(mark));
    if (n < 0 || (size_t)n >= room)
        die("the request is too long");
    return (size_t)n;
}

static void ask(struct connection *c, double since)
{
    static char whole[ROOM], filled[ROOM];
    if (!token_choose(c)) {
        exhausted = true;
        return;
    }
    const struct step *s = &steps[c->step];
    const char *token = mode == PLAIN ? "" : mode == FLOW ? c->captured : tokens[c->token];
    size_t n = fill(whole, sizeof(whole), s->head, token), m = *s->body == '\0' ? 0 : fill(filled, sizeof(filled), s->body, token);
    int more =
        m == 0 ? snprintf(whole + n, sizeof(whole) - n, "\r\n\r\n") : snprintf(whole + n, sizeof(whole) - n, "\r\nContent-Length: %zu\r\n\r\n%s", m, filled);
    n += (size_t)more;
    if (n >= sizeof(whole) || send(c->fd, whole, n, MSG_NOSIGNAL) != (ssize_t)n)
        die("a request could not be sent whole");
    c->since = since;
    c->busy = true;
    c->got = 0;
    on_the_way++;
}

static void successor_keep(struct connection *c, const char *answer)
{
    static const char name[] = "\"refresh_token\":\"";
    const char *at = strstr(answer, name);
    const char *stop = at == NULL ? NULL : strchr(at + sizeof(name) - 1, '"');
    if (stop == NULL)
        die("an answer without a refresh token");
    at += sizeof(name) - 1;
    size_t n = (size_t)(stop - at);
    if (strlen(tokens[c->token]) != n) {
        tokens[c->token] = malloc(n + 1); /* the text of the file had another length; lost until the end */
        if (tokens[c->token] == NULL)
            die("no memory");
    }
    memcpy(tokens[c->token], at, n);
    tokens[c->token][n] = '\0';
}

static void wrong(const char *why, const char *answer)
{
    fprintf(stderr, "load: %s:\n%.2000s\n", why, answer);
    exit(1);
}

/* What the next step needs, out of this answer. */
static void capture(struct connection *c, const char *prefix)
{
    const char *at = strstr(c->in, prefix);
    if (at == NULL)
        wrong("an answer without what the next step needs", c->in);
    at += strlen(prefix);
    size_t n = strcspn(at, "\"&\r\n");
    if (n == 0 || n >= sizeof(c->captured))
        wrong("an answer with too long a text for the next step", c->in);
    memcpy(c->captured, at, n);
    c->captured[n] = '\0';
}

/* Is the answer whole? Then it is checked and counted. */
static bool answer_whole(struct connection *c)
{
    static const char length[] = "\r\nContent-Length: ";
    c->in[c->got] = '\0';
    char *content = strstr(c->in, "\r\n\r\n");
    if (content == NULL)
        return false;
    char *field = strcasestr(c->in, length);
    if (field == NULL || field > content)
        wrong("an answer without Content-Length", c->in);
    size_t n = strtoul(field + sizeof(length) - 1, NULL, 10), head_n = (size_t)(content + 4 - c->in);
    if (c->got < head_n + n)
        return false;
    const struct step *s = &steps[c->step];
    bool last = s->prefix == NULL;
    bool meant = any || (strncmp(c->in + 9, s->status, 3) == 0 && (!last || strstr(content + 4, expected) != NULL));
    if (strncmp(c->in, "HTTP/1.1 ", 9) != 0 || !meant || c->got != head_n + n)
        wrong("a wrong answer", c->in);
    if (!last) {
        capture(c, s->prefix);
        c->step++;
        on_the_way--;
        ask(c, c->since);
        return false;
    }
    c->step = 0;
    if (mode == CHAIN)
        successor_keep(c, content + 4);
    double at = now();
    answered++;
    if (at >= warm_end && at <= end) {
        finished++;
        if (sample_count < SAMPLES_MAX)
            samples[sample_count++] = (uint32_t)((at - c->since) * 1e6);
    }
    c->busy = false;
    on_the_way--;
    return true;
}

static void receive(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->got, sizeof(c->in) - 1 - c->got, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("the server closed a connection");
    c->got += (size_t)n;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void connections_open(int poll, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    for (size_t i = 0; i < connection_count; i++) {
        struct connection *c = &connections[i];
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
        c->token = i;
        struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
            setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 || epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &e) != 0)
            die("a connection could not be made");
    }
}

/* As many of the due requests as there are free connections. */
static double send_due(double due, double step)
{
    static size_t turn; /* all connections in turn: one that is never used would be closed as idle */
    double at = now();
    for (size_t i = 0; i < connection_count && due <= at && due < end; i++) {
        struct connection *c = &connections[turn++ % connection_count];
        if (c->busy)
            continue;
        ask(c, due);
        due += step;
    }
    return due;
}

static void run(int poll, double step)
{
    struct epoll_event events[EVENTS];
    double due = now();
    for (size_t i = 0; step <= 0 && i < connection_count; i++)
        ask(&connections[i], now());
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
    if (timer < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, timer, &e) != 0)
        die("no timer");
    while (now() < end || on_the_way > 0) {
        if (step > 0) {
            due = send_due(due, step);
            double wait = due - now();
            struct itimerspec t = {.it_value.tv_nsec = wait > 1e-6 ? (long)(wait * 1e9) % 1000000000 : 1000};
            timerfd_settime(timer, 0, &t, NULL);
        }
        int n = epoll_wait(poll, events, EVENTS, step > 0 ? 1000 : 0); /* see above: never asleep */
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 == UINT64_MAX)
                continue;
            struct connection *c = &connections[events[i].data.u64];
            receive(c);
            if (c->busy && answer_whole(c) && step <= 0 && now() < end && !exhausted)
                ask(c, now());
        }
        if (exhausted && on_the_way == 0 && end > now())
            end = now();
    }
}

static void arguments(int argc, char **argv)
{
    static const char *const names[] = {[CYCLE] = "cycle", [ONCE] = "once", [CHAIN] = "chain"};
    if (argc < 7 || argc > 9)
        die("usage: load PORT CONNECTIONS MILLISECONDS PACE REQUEST EXPECT [flow | cycle|once|chain TOKENS]");
    connection_count = strtoul(argv[2], NULL, 10);
    if (connection_count == 0 || connection_count > CONNECTIONS_MAX)
        die("too many connections");
    request_read(argv[5]);
    expected = argv[6];
    any = strcmp(expected, "*") == 0;
    if (argc == 8 && strcmp(argv[7], "flow") == 0)
        mode = FLOW;
    if (argc < 9) {
        if (step_count > 1 && mode != FLOW)
            die("several requests are a flow");
        return;
    }
    for (mode = CYCLE; mode <= CHAIN && strcmp(argv[7], names[mode]) != 0; mode++)
        continue;
    if (mode > CHAIN)
        die("no such use of tokens");
    token_file = argv[8];
    tokens_read(token_file);
}

int main(int argc, char **argv)
{
    arguments(argc, argv);
    double span = strtod(argv[3], NULL) / 1000, pace = strtod(argv[4], NULL);
    connections = calloc(connection_count, sizeof(*connections));
    samples = malloc(SAMPLES_MAX * sizeof(*samples));
    int poll = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || samples == NULL || poll < 0)
        die("no memory");
    connections_open(poll, (uint16_t)strtoul(argv[1], NULL, 10));
    double begun = now();
    warm_end = begun + span * WARM_PERCENT / 100;
    end = begun + span;
    run(poll, pace > 0 ? 1 / pace : 0);
    if (mode == ONCE || mode == CHAIN)
        tokens_write();
    if (sample_count == 0 && !any)
        die("no answer");
    qsort(samples, sample_count, sizeof(*samples), by_size);
    printf("{\"rate\": %.1f, \"answered\": %zu, \"p50\": %u, \"p99\": %u}\n", (double)finished / (end - warm_end), answered,
           sample_count == 0 ? 0 : samples[sample_count / 2], sample_count == 0 ? 0 : samples[sample_count * 99 / 100]);
    return 0;
}
