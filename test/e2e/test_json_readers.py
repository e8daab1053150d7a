# SPDX-License-Identifier: MIT
"""What codec/json reads, beside two readers of others: Python's, told to refuse duplicates and what is no JSON, and JSON.parse of Node.
All three must agree on every text and on its value, but for what ours refuses on purpose (IN-07), which is listed here with its reason."""
import base64
import json
import os
import random
import re
import struct
import subprocess
import unittest

from harness import E2E, ROOT, clean_environment

REFUSED = 0xffffffff
DEPTH_MAX = 16


class Refused(Exception):
    pass


def distinct(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Refused("duplicate")
    return dict(pairs)


def no_word(word):
    raise Refused(word)  # NaN, Infinity: Python's own


def python_reads(text, strict=True):
    """(True, value) or (False, None)."""
    try:
        decoded = text.decode("utf-8", "strict")
        return True, json.loads(decoded, object_pairs_hook=distinct if strict else None, parse_constant=no_word)
    except (ValueError, Refused, RecursionError):
        return False, None


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def parts(value):
    """Every text, name and number within."""
    yield value
    for item in value.items() if isinstance(value, dict) else ():
        yield item[0]
        yield from parts(item[1])
    for item in value if isinstance(value, list) else ():
        yield from parts(item)


def refused_on_purpose(value):
    """Why ours refuses a value that Python has read, duplicates aside; None: it must read it too."""
    texts = [part for part in parts(value) if isinstance(part, str)]
    numbers = [part for part in parts(value) if isinstance(part, (int, float)) and not isinstance(part, bool)]
    if depth(value) > DEPTH_MAX:
        return "depth"  # IN-01
    if any("\0" in text for text in texts):
        return "NUL"  # a C string ends there
    if any(re.search("[\ud800-\udfff]", text) for text in texts):
        return "surrogate"  # a text that no UTF-8 can hold
    if any(isinstance(number, int) and not -2 ** 63 <= number < 2 ** 63 for number in numbers):
        return "integer"  # not exact: another reader would round it
    if any(isinstance(number, float) and number in (float("inf"), float("-inf")) for number in numbers):
        return "range"  # infinity is no JSON
    return None


HAND = [text.encode("utf-8") for text in (
    "", " ", "null", "true", "false", "0", "-0", "1.5", "1e3", "1E-3", "-1.25e+2", '""', '"a"', "[]", "{}", "[1,2]", '{"a":1}', " [ 1 , 2 ] ",
    "01", "-", "+1", "1.", ".5", "1e", "0x1", "NaN", "Infinity", "-Infinity", "nul", "True", "[1,]", '{"a":1,}', "[,]", "{,}", "[1 2]", "{a:1}",
    "{'a':1}", '{"a"}', '{"a":}', "[", "]", "{", "}", '"', '"\\"', '"\\x"', '"\\u12"', '"\t"', '"\n"', "[] []", "[]x", "// x\n1", "/**/1", "1 //x",
    '"\\u0000"', '{"\\u0000":1}', '"\\ud800"', '"\\udc00"', '"\\ud800\\udc00"', '"\\ud83d\\ude00"', '"\\ud800\\u0041"', '"\\u00e9é😀"', '"\\/\\b\\f"',
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e308", "1e309", "-1e999", "1e-999",
    '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '[{"x":{"y":1,"y":1}}]', "\ufeff[]", "\u00a0[]", "[\u2028]", "\u000b1", '"\u2028\u007f\u0080"', "٣", "[[1]]",
    '{"__proto__":1}', '{"constructor":{"prototype":1}}', '{"2":1,"1":2}', "[" * 16 + "]" * 16, "[" * 17 + "]" * 17, "[" * 5000, "1" * 400, "0." + "1" * 400,
    "{" + ",".join('"k%d":%d' % (i, i) for i in range(500)) + "}", "{" + ",".join('"k%d":%d' % (i % 499, i) for i in range(500)) + "}",
)] + [b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xc3"', b"[]\0", b'"\0"', b"\xff\xfe[\0]\0", b'"\xf0\x9f\x98\x80"', b'"\xf0\x9f\x98"']


def made(chance, levels):
    kind = chance.randrange(9 if levels else 6)
    if kind < 2:
        return chance.choice([0, 1, -1, 10 ** 9, 2 ** 53, 2 ** 63 - 1, -2 ** 63, 1.5, -0.25, 1e100, 1e-7, 123456.789, 5e-324])
    if kind < 4:
        return "".join(chance.choice('abc xyz0"\\/\b\f\n\r\t\u0001\u001f\u007f\u0080é€😀\uffff<>&') for _ in range(chance.randrange(12)))
    if kind < 6:
        return chance.choice([None, True, False])
    if kind < 7:
        return [made(chance, levels - 1) for _ in range(chance.randrange(4))]
    return {made(chance, 0).__str__(): made(chance, levels - 1) for _ in range(chance.randrange(24 if chance.random() < 0.1 else 5))}


def damaged(chance, text):
    """One or two bytes changed, dropped, doubled or put in."""
    text = bytearray(text)
    for _ in range(chance.randrange(1, 3)):
        at = chance.randrange(len(text) + 1)
        piece = chance.choice([b'"', b"\\", b",", b":", b"[", b"]", b"{", b"}", b"0", b"-", b".", b"e", b" ", b"\\u", b"\\ud800", b"\0", b"\xc3", b"\xff",
                               b"null", b"1e9", b"\\udc00", b"\t"])
        text[at:at + chance.randrange(3)] = piece if chance.random() < 0.7 else b""
    return bytes(text)


def corpus():
    chance = random.Random(8259)
    texts = list(HAND)
    for _ in range(1500):
        whole = json.dumps(made(chance, 4), ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, None, 1])).encode("utf-8")
        texts += [whole, damaged(chance, whole), damaged(chance, whole)]
    folder = os.path.join(ROOT, "test", "fuzz", "corpus", "json")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            texts.append(file.read())
    return texts


class JsonReaders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "BUILD=release", "build/release/json_echo"], cwd=ROOT, check=True, capture_output=True, timeout=600)
        cls.texts = corpus()
        cls.ours = cls.echo(cls.texts)
        pairs = [[base64.b64encode(text).decode(), None if again is None else base64.b64encode(again).decode()]
                 for text, again in zip(cls.texts, cls.ours)]
        done = subprocess.run(["node", os.path.join(E2E, "samples", "json_reader.mjs")], input=json.dumps(pairs), text=True, capture_output=True,
                              check=True, timeout=120, env=clean_environment())
        cls.node = json.loads(done.stdout)

    @staticmethod
    def echo(texts):
        """What our program writes for each; None: refused."""
        sent = b"".join(struct.pack(">I", len(text)) + text for text in texts)
        got = subprocess.run([os.path.join(ROOT, "build", "release", "json_echo")], input=sent, capture_output=True, check=True, timeout=120).stdout
        answers, at = [], 0
        while at < len(got):
            length = struct.unpack_from(">I", got, at)[0]
            at += 4
            answers.append(None if length == REFUSED else got[at:at + length])
            at += 0 if length == REFUSED else length
        assert len(answers) == len(texts)
        return answers

    def test_IN_07_ours_reads_what_python_reads_but_for_what_is_refused_on_purpose(self):
        reasons = set()
        for text, again in zip(self.texts, self.ours):
            read, value = python_reads(text)
            reason = refused_on_purpose(value) if read else None
            reasons.add(reason)
            self.assertEqual(again is not None, read and reason is None, (text[:200], reason))
        self.assertEqual(reasons, {None, "depth", "NUL", "surrogate", "integer", "range"})  # each was seen

    def test_IN_07_ours_reads_what_node_reads_but_for_what_is_refused_on_purpose(self):
        seen = set()
        for text, again, node in zip(self.texts, self.ours, self.node):
            if again is not None:
                self.assertTrue(node["read"], text[:200])
                continue
            if not node["read"]:
                continue
            read, value = python_reads(text, strict=False)
            self.assertTrue(read, text[:200])  # they agree on the grammar
            reason = refused_on_purpose(value)
            seen.add(reason or ("duplicate" if not python_reads(text)[0] else None))
            self.assertTrue(reason or not python_reads(text)[0], text[:200])
        self.assertEqual(seen, {"duplicate", "depth", "NUL", "surrogate", "integer", "range"})

    def test_the_values_are_theirs(self):
        for text, again, node in zip(self.texts, self.ours, self.node):
            if again is None:
                continue
            value, ours = python_reads(text)[1], python_reads(again)[1]
            self.assertEqual(json.dumps(ours), json.dumps(value), text[:200])  # the order of members too
            self.assertTrue(node["same"], text[:200])

    def test_what_ours_writes_is_compact_utf_8_and_is_written_the_same_again(self):
        texts = [again for again in self.ours if again is not None]
        self.assertGreater(len(texts), 1500)
        self.assertEqual(self.echo(texts), texts)
        for text in texts:
            outside = re.sub(rb'"(?:[^"\\]|\\.)*"', b'""', text)
            self.assertNotRegex(outside, rb"\s")
            text.decode("utf-8", "strict")


if __name__ == "__main__":
    unittest.main()
