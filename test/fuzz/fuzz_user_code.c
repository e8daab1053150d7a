/* SPDX-License-Identifier: MIT
 * Fuzz: the word that a person types for a device (RFC 8628 6.1). Whatever is taken is eight clear letters, and is taken again with
 * dashes, spaces and small letters, and not with a letter more. */
#include "grant/device_code.h"
#include <stdlib.h>
#include <string.h>
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char letters[DEVICE_CODE_LETTERS] = {0}, again[DEVICE_CODE_LETTERS], spelled[4 * DEVICE_CODE_LETTERS];
    size_t n = 0;
    if (!device_code_letters((str){(const char *)data, size}, letters))
        return 0;
    for (size_t i = 0; i < DEVICE_CODE_LETTERS; i++) {
        INVARIANT(letters[i] >= 'B' && letters[i] <= 'Z' && memchr("AEIOU", letters[i], 5) == NULL);
        spelled[n++] = i % 2 ? letters[i] : (char)(letters[i] - 'A' + 'a');
        spelled[n++] = i % 3 ? ' ' : '-';
    }
    INVARIANT(device_code_letters((str){spelled, n}, again) && memcmp(letters, again, sizeof letters) == 0);
    spelled[n] = letters[0];
    INVARIANT(!device_code_letters((str){spelled, n + 1}, again));
    INVARIANT(!device_code_letters((str){spelled, n - 2}, again));
    return 0;
}
