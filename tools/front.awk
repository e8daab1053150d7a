# SPDX-License-Identifier: MIT
# Sorted lines to lines that tell only what is new: a letter for the count of bytes shared with the line before (space: 0, `!`: 1 …), then the rest.
{
    shared = 0
    while (shared < length($0) && shared < length(before) && substr($0, shared + 1, 1) == substr(before, shared + 1, 1))
        shared++
    printf "%c%s\n", 32 + shared, substr($0, shared + 1)
    before = $0
}
