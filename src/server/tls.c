/* SPDX-License-Identifier: MIT
 * tls: where the server's certificate comes from. Relies on crypto/cert for making one; promises that a private key never lies in a
 * file that others can read, and that a certificate that has ended, or does not name the server, is made anew at start. */
#include "server/tls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/banned.h"

enum { FILE_MAX = 256 * 1024, DAY = 86400, AUTHORITY_DAYS = 3650, SERVER_DAYS = 397, RENEW_DAYS = 30 };

/* follow: files that an administrator names are often links (certbot, Kubernetes); our own are not. */
enum tls_read { TLS_READ_OWN = 0, TLS_READ_FOLLOW = 1, TLS_READ_PRIVATE = 2 };

static fallible read_all(struct arena *a, const char *file, unsigned how, str *out)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | ((how & TLS_READ_FOLLOW) ? 0 : O_NOFOLLOW));
    struct stat st;
    if (fd < 0 && errno == ENOENT) {
        *out = STR_ABSENT;
        return OK;
    }
    if (fd < 0 && errno == EACCES)
        REFUSE(SERVER_ERROR, "the server's user may not read it: change the owner or mode of the file or its folders", "tls: permission denied");
    if (fd < 0)
        REFUSE(SERVER_ERROR, "it cannot be opened", "tls: cannot open a file");
    err result = OK;
    char *text = NULL;
    ssize_t n = 0;
    if (fstat(fd, &st) != 0 || st.st_size > FILE_MAX)
        result = REFUSAL(SERVER_ERROR, "it is too large", "tls: file too large");
    else if ((how & TLS_READ_PRIVATE) && (st.st_mode & 077) != 0)
        result = REFUSAL(SERVER_ERROR, "other users can read this private key: run chmod 600 on it", "tls: key file is not private");
    else if (!(text = arena_take(a, (size_t)st.st_size + 1)) || (n = read(fd, text, (size_t)st.st_size)) != st.st_size)
        result = REFUSAL(SERVER_ERROR, "it cannot be read completely", "tls: short read");
    (void)close(fd);
    if (!FAILED(result))
        *out = (str){text, (size_t)n};
    return result;
}

/* Whole or not at all: a new file beside it, synchronised, then renamed. */
static fallible write_all(struct arena *a, const char *file, str text, mode_t mode)
{
    const char *fresh = str_z(a, str_format(a, "%s.new", file));
    int fd = fresh ? open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode) : -1;
    if (fd < 0)
        REFUSE(SERVER_ERROR, "it cannot be written: check the free disk space and the owner of the folder", "tls: cannot create a file");
    bool good = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    if (!good || rename(fresh, file) != 0)
        REFUSE(SERVER_ERROR, "it cannot be written: check the free disk space and the owner of the folder", "tls: cannot write a file");
    return OK;
}

static fallible pair_path(struct arena *a, const char *directory, const char *name, const char *paths[2])
{
    paths[0] = str_z(a, str_format(a, "%s/tls/%s.pem", directory, name));
    paths[1] = str_z(a, str_format(a, "%s/tls/%s.key", directory, name));
    if (!paths[0] || !paths[1])
        FAIL(UNAVAILABLE, "tls: no memory");
    return OK;
}

static fallible load_pair(struct arena *a, const char *const paths[2], unsigned how, struct cert_pem *out)
{
    struct cert_pem pair;
    TRY(read_all(a, paths[0], how, &pair.certificate));
    TRY(read_all(a, paths[1], how | TLS_READ_PRIVATE, &pair.key));
    if (!str_present(pair.certificate) || !str_present(pair.key))
        pair = (struct cert_pem){STR_ABSENT, STR_ABSENT};
    *out = pair;
    return OK;
}

static fallible store_pair(struct arena *a, const char *const paths[2], const struct cert_pem *pair)
{
    TRY(write_all(a, paths[1], pair->key, 0600));
    return write_all(a, paths[0], pair->certificate, 0644);
}

static fallible good_for(str certificate, str hosts, int64_t days, bool *good)
{
    unix_time end;
    bool covers;
    *good = false;
    if (!str_present(certificate) || FAILED(cert_covers(certificate, hosts, &end, &covers)))
        return OK;
    *good = (covers || hosts.n == 0) && end > clock_add(clock_now(), days * DAY);
    return OK;
}

/* On a full disk: what is there serves until its own end. */
static err or_as_it_is(err renewed, const struct cert_pem *there, str hosts, bool *kept)
{
    bool good;
    *kept = false;
    if (!FAILED(renewed) || FAILED(good_for(there->certificate, hosts, 0, &good)) || !good || !str_filled(there->key))
        return renewed;
    *kept = true;
    return OK;
}

struct files {
    const char *const *authority, *const *server;
};

static fallible renew_certificates(struct arena *a, str hosts, const struct files *f, struct cert_pem *authority, struct cert_pem *server)
{
    bool good;
    TRY(good_for(authority->certificate, STR(""), SERVER_DAYS, &good));
    if (!good) {
        TRY(cert_authority_make(a, clock_now(), (int64_t)AUTHORITY_DAYS * DAY, authority));
        TRY(store_pair(a, f->authority, authority));
        server->certificate = STR_ABSENT; /* what the old one signed is not trusted any more */
    }
    TRY(good_for(server->certificate, hosts, RENEW_DAYS, &good));
    if (good)
        return OK;
    TRY(cert_server_make(a, authority, hosts, clock_now(), (int64_t)SERVER_DAYS * DAY, server));
    return store_pair(a, f->server, server);
}

fallible tls_self_signed(struct arena *a, const char *directory, str hosts, struct cert_pem *out)
{
    struct cert_pem authority, server;
    const char *authority_paths[2], *server_paths[2];
    bool good;
    const char *folder = str_z(a, str_format(a, "%s/tls", directory));
    if (!folder || (mkdir(folder, 0755) != 0 && errno != EEXIST))
        REFUSE(SERVER_ERROR, "the folder tls cannot be created in the data directory", "tls: cannot make the folder");
    TRY(pair_path(a, directory, "ca", authority_paths));
    TRY(pair_path(a, directory, "server", server_paths));
    TRY(load_pair(a, authority_paths, TLS_READ_OWN, &authority));
    TRY(load_pair(a, server_paths, TLS_READ_OWN, &server));
    const struct cert_pem there = server;
    *out = server;
    err renewed = renew_certificates(a, hosts, &(struct files){authority_paths, server_paths}, &authority, out);
    TRY(or_as_it_is(renewed, &there, hosts, &good));
    if (good)
        *out = there;
    return OK;
}

fallible tls_file(struct arena *a, str file, bool private, str *pem)
{
    const char *path = str_z(a, file);
    str text = STR_ABSENT;
    if (path)
        TRY(read_all(a, path, TLS_READ_FOLLOW | (private ? TLS_READ_PRIVATE : 0), &text));
    if (!str_present(text))
        REFUSE(SERVER_ERROR, "the file does not exist", "tls: a file is missing");
    if (text.n == 0)
        REFUSE(SERVER_ERROR, "it is empty", "tls: a file is empty");
    *pem = text;
    return OK;
}
