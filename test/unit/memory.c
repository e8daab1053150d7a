/* SPDX-License-Identifier: MIT
 * memory: see the header. */
#include "memory.h"
#include "base/ascii.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/banned.h"

enum { HALF = MEMORY_SECRET / 2, CHUNK = 1 << 16, MASK = 0xa5 };
#define REGION_MAX (1ULL << 30) /* larger ones are the sanitizer's own, and empty */

static uint8_t wanted[MEMORY_SECRET]; /* masked */
static uint8_t chunk[CHUNK + HALF - 1];

void memory_want(const uint8_t secret[MEMORY_SECRET])
{
    for (size_t i = 0; i < MEMORY_SECRET; i++)
        wanted[i] = secret[i] ^ MASK;
}

void memory_want_file(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert(file >= 0 && read(file, wanted, sizeof wanted) == MEMORY_SECRET);
    close(file);
    for (size_t i = 0; i < MEMORY_SECRET; i++)
        wanted[i] ^= MASK;
}

void memory_plant(uint8_t out[MEMORY_SECRET])
{
    for (size_t i = 0; i < MEMORY_SECRET; i++)
        out[i] = wanted[i] ^ MASK;
}

static size_t halves_in(const uint8_t *p, size_t n)
{
    size_t found = 0;
    for (size_t at = 0; at + HALF <= n; at++)
        for (size_t half = 0; half < MEMORY_SECRET; half += HALF) {
            size_t i = 0;
            while (i < HALF && (p[at + i] ^ MASK) == wanted[half + i])
                i++;
            found += i == HALF;
        }
    return found;
}

static size_t halves_in_region(int memory, unsigned long long from, unsigned long long to)
{
    size_t found = 0;
    for (unsigned long long at = from; at < to; at += CHUNK) {
        size_t most = to - at < sizeof chunk ? (size_t)(to - at) : sizeof chunk;
        ssize_t n = pread(memory, chunk, most, (off_t)at);
        if (n > 0)
            found += halves_in(chunk, (size_t)n);
    }
    memset(chunk, 0, sizeof chunk);
    return found;
}

static unsigned long long hex(const char **p)
{
    unsigned long long n = 0;
    for (; ascii_hex(**p) >= 0; ++*p)
        n = n << 4 | (unsigned)ascii_hex(**p);
    return n;
}

/* A line of /proc/self/maps, "from-to mode …", tells of writable memory. */
static bool is_writable(const char *line, unsigned long long *from, unsigned long long *to)
{
    *from = hex(&line);
    line++;
    *to = hex(&line);
    return strncmp(line, " rw", 3) == 0 && *to - *from <= REGION_MAX;
}

size_t memory_copies(size_t *looked)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    unsigned long long from, to;
    size_t found = 0;
    *looked = 0;
    cr_assert(maps != NULL && memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (!is_writable(line, &from, &to))
            continue;
        found += halves_in_region(memory, from, to);
        *looked += (size_t)(to - from);
    }
    fclose(maps);
    close(memory);
    return found;
}
