#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes assets/common-passwords.txt: what people choose first and guessers try first (LS-12).

No list from elsewhere is copied: the entries come from the patterns that every study of leaked passwords names: favourite words,
given names, keyboard walks, digit runs and repetitions, each with the usual endings (digits, years, `!`) and the usual letter swaps.
The words are ordered by how often they are chosen: the first ones get every ending, the later ones only the shortest.
Entries are lower case (the check folds case), at least 8 characters (shorter ones are refused anyway), sorted by bytes.

Usage: tools/common_passwords.py > assets/common-passwords.txt
"""
import sys

FAVOURITES = """password passwort passw0rd qwerty qwertz azerty letmein welcome admin administrator iloveyou dragon monkey football
baseball superman batman master sunshine princess shadow michael login secret test changeme default abc""".split()
WORDS = """access account angel apple autumn banana basketball biteme blink182 butterfly charlie cheese chelsea chocolate coffee
computer cookie corvette cowboy daniel diamond dolphin electric eminem enter family ferrari flower forever freedom friends fuckyou
gandalf george ginger google guest guitar hannah happy harley hello hockey hunter iceman internet jackson james jasmine jennifer
jessica jesus jordan joshua justin killer kitten knight liverpool london loveme lovely lover maggie marina martin matrix matthew
maverick mercedes merlin michelle mickey midnight mustang naruto nicole nothing office orange pass patrick peanut pepper phoenix
player please pokemon purple ranger redsox richard robert root samsung school scooter server service sexy silver single slayer smokey
snoopy soccer spider spring starwars steelers student summer support system taylor temp teste thomas thunder tigger tiger trustno1
user victoria whatever william winter winner wizard yankees yellow zxcvbn""".split()
PHRASES = """iloveyou iloveyou1 loveyou iloveu iloveme letmein letmeinnow trustnoone opensesame nopassword mypassword newpassword
thepassword yourpassword passwordpassword adminadmin rootroot testtest useruser guestguest loginlogin welcomehome welcomeback
changeit changethis changemenow donotchange temporary forgotpassword iforgot whatever1 idontknow fuckyou1 startrek starwars
babygirl lovelove mynameis godisgood jesuschrist jesuslovesme manchester barcelona realmadrid arsenal1 password1234567890
qwertyuiop123 correcthorsebatterystaple""".split()
ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn"]
COLUMNS = ["1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol", "0p"]
FIRST_ENDINGS = ([""] + [str(n) for n in range(100)] + [f"0{n}" for n in range(10)] +
                 ["123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "321", "4321", "54321",
                  "007", "111", "222", "333", "555", "666", "777", "888", "999", "000", "1111", "0000", "!", "!!", "1!", "12!",
                  "123!", "1234!", "@1", "@12", "@123", "@1234", "#1", "#123", "_123", "abc", "qwe", "qwerty"] +
                 [str(y) for y in range(1950, 2031)] + [f"@{y}" for y in range(2015, 2031)] + [f"{y}!" for y in range(2015, 2031)])
LATER_ENDINGS = ["", "1", "2", "7", "11", "12", "22", "69", "99", "123", "1234", "12345", "123456", "!", "1!", "123!", "@123"] + [
    str(y) for y in range(2015, 2031)]
SWAPS = [{"a": "@"}, {"a": "4"}, {"o": "0"}, {"e": "3"}, {"i": "1"}, {"s": "$"}, {"s": "5"}, {"a": "@", "o": "0"},
         {"a": "4", "o": "0"}, {"a": "@", "s": "$", "o": "0"}, {"a": "4", "s": "5", "o": "0"}, {"e": "3", "o": "0"},
         {"a": "@", "e": "3", "i": "1", "o": "0"}]


def swapped(word):
    yield word
    for swap in SWAPS:
        yield "".join(swap.get(c, c) for c in word)


def walks():
    for row in ROWS:
        for line in (row, row[::-1], row + row, row[:6] + row[5::-1]):
            for start in range(len(line)):
                for length in range(3, len(line) - start + 1):
                    yield line[start:start + length]
    for a in range(len(COLUMNS)):
        for b in range(a, len(COLUMNS)):
            for line in (COLUMNS[a] + COLUMNS[b], COLUMNS[b] + COLUMNS[a], COLUMNS[a] + COLUMNS[b][::-1],
                         COLUMNS[a] * 2, COLUMNS[a][::-1] + COLUMNS[b][::-1]):
                yield line
        for b in range(len(COLUMNS)):
            yield COLUMNS[a][::-1] + COLUMNS[b]
            yield COLUMNS[a][1:] + COLUMNS[b][1:] + "".join(c[1:] for c in COLUMNS[b + 1:b + 2])
            yield COLUMNS[a][::-1] + COLUMNS[b][::-1] + "".join(c[::-1] for c in COLUMNS[b + 1:b + 2])
        yield "".join(c[1:] for c in COLUMNS[a:a + 4])
        yield "".join(COLUMNS[a:a + 3])
        yield "".join(COLUMNS[a:a + 4])
    woven = "".join(a + b for a, b in zip("1234567890", "qwertyuiop"))
    for start in range(0, 6):
        for length in range(8, len(woven) - start + 1):
            yield woven[start:start + length]
    for letters, digits in (("qwerty", "123456"), ("qwe", "123"), ("abc", "123"), ("asd", "123"), ("abcd", "1234"), ("asdf", "1234"),
                            ("qwer", "1234"), ("zaq", "123"), ("a", "12345678"), ("q", "12345678"), ("a", "123456789")):
        for line in (letters + digits, digits + letters, letters + digits + letters, digits + letters + digits,
                     "".join(a + b for a, b in zip(letters, digits)), "".join(a + b for a, b in zip(digits, letters)),
                     (letters + digits) * 2):
            yield line
            for ending in ("!", "1", "123", "!@#"):
                yield line + ending
    for line in ("abcdefghijklmnopqrstuvwxyz", "01234567890", "9876543210", "!@#$%^&*()", "zyxwvutsrq"):
        for length in range(8, len(line) + 1):
            yield line[:length]


def repetitions():
    for unit in list("0123456789abcdefghijklmnopqrstuvwxyz.*!") + [f"{n:02d}" for n in range(100)]:
        for length in range(8, 17):
            yield (unit * length)[:length]
    for unit in ["123", "321", "112", "121", "abc", "qwe", "asd", "zxc", "1234", "4321", "1122", "2580", "abcd", "qwer", "asdf", "test",
                 "pass", "love"]:
        for times in (2, 3, 4):
            yield unit * times
    for month in range(1, 13):  # birthdays are chosen as eight digits; only the round ones are refused
        for year in (1980, 1985, 1990, 1995, 2000):
            yield f"01{month:02d}{year}"
            yield f"{year}{month:02d}01"


def entries():
    for word in FAVOURITES:
        for spelling in swapped(word):
            endings = FIRST_ENDINGS if spelling == word else LATER_ENDINGS
            for ending in endings:
                yield spelling + ending
        for beginning in ("1", "12", "123", "1234", "123456", "my", "the", "new", "!"):
            yield beginning + word
    for word in WORDS + PHRASES:
        for ending in LATER_ENDINGS:
            yield word + ending
        yield word + word
    yield from walks()
    yield from repetitions()


def main():
    lines = sorted({e for e in entries() if 8 <= len(e) <= 64})
    assert len(lines) >= 3000 and all(e == e.lower() and e.isascii() and " " not in e for e in lines)
    sys.stdout.write("".join(e + "\n" for e in lines))


main()
