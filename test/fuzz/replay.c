/* SPDX-License-Identifier: MIT
 * replay: feeds every file of a directory to a fuzz target, so that what the fuzzer once found stays found in the ordinary test
 * run and under gcc. Fails when it saw no file: an empty corpus proves nothing. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 20 };

static int feed(const char *directory, const char *name)
{
    char path[4096];
    struct stat about;
    int n = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = n > 0 && (size_t)n < sizeof path ? fopen(path, "rbe") : NULL;
    if (file == NULL || fstat(fileno(file), &about) != 0) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(1);
    }
    if (!S_ISREG(about.st_mode)) {
        fclose(file);
        return 0;
    }
    /* Exactly as large as the input, so that the sanitizer sees a read beyond it. */
    size_t size = about.st_size < FILE_MAX ? (size_t)about.st_size : FILE_MAX;
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL || fread(data, 1, size, file) != size) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    if (directory == NULL) {
        fprintf(stderr, "usage: replay DIRECTORY (one that can be read)\n");
        return 2;
    }
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count += feed(argv[1], entry->d_name);
    closedir(directory);
    printf("%s: %d inputs\n", argv[1], count);
    return count > 0 ? 0 : 1;
}
