// SPDX-License-Identifier: MIT
// JSON.parse as a program, for test_json_readers: reads a list of pairs of texts in base64, and answers for each whether it reads the
// first, and whether both are the same value.
import { isDeepStrictEqual } from 'node:util';
import { readFileSync } from 'node:fs';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function read(base64) {
    try {
        return { value: JSON.parse(utf8.decode(Buffer.from(base64, 'base64'))) };
    } catch {
        return null;
    }
}

// Zero has a sign here, which no integer of ours has; Object.is would tell them apart.
function plain(value) {
    return JSON.parse(JSON.stringify(value));
}

const answers = JSON.parse(readFileSync(0, 'utf8')).map(([text, again]) => {
    const first = read(text), second = again === null ? null : read(again);
    return { read: first !== null, same: first !== null && second !== null && isDeepStrictEqual(plain(first.value), plain(second.value)) };
});
process.stdout.write(JSON.stringify(answers));
