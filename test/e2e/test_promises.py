# SPDX-License-Identifier: MIT
"""What documents, help and ./dev promise is so: settings and options exist and take what they are said to take, and an area of tests installs
what it needs."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from harness import ROOT, clean_environment, run_cli


def documents():
    folder = os.path.join(ROOT, "docs")
    names = [os.path.join(ROOT, n) for n in ("README.md", "SECURITY.md", "HACKING.md", "ARCHITECTURE.md")]
    return names + [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if n.endswith(".md")]


class Promises(unittest.TestCase):
    """No setting, option or document promises what the parser refuses."""

    def commands(self):
        """(document, words) of each command line of jeton's that a document shows, with its continuation lines."""
        for name in documents():
            with open(name) as f:
                text = f.read().replace("\\\n", " ")
            for line in text.splitlines():
                for found in re.finditer(r"(?:^|[`|;(\s])(?:build/)?jeton ((?:serve|[a-z]+ [a-z-]+|token|backup|check) [^`|;<>)]*|serve)", line):
                    yield os.path.basename(name), found.group(1).strip()

    def test_options_in_documents_exist_and_take_what_they_are_given(self):
        seen = checked = 0
        for name, line in self.commands():
            try:
                words = shlex.split(re.sub(r"\s{3,}.*$", "", line), comments=True)
            except ValueError:
                continue
            options = [w.split("=")[0] for w in words if re.match(r"--[a-z]", w)]
            help_text = run_cli("/nowhere", "help", words[0])[1]
            for option in options:
                seen += 1
                with self.subTest(document=name, line=line, option=option):
                    self.assertRegex(help_text, r"%s\b" % re.escape(option))
            if words[0] != "serve" or "…" in line or "$" in line:
                continue
            checked += 1
            code, _, err = run_cli("/nowhere", "config", "explain", *[w for w in words[1:] if w != "&"])
            with self.subTest(document=name, line=line):
                self.assertEqual((code, err), (0, ""))
        self.assertGreater(seen, 40)
        self.assertGreater(checked, 1)

    def test_settings_in_documents_exist_and_take_what_they_are_given(self):
        rows = {row["name"]: row for row in json.loads(run_cli("/nowhere", "config", "explain", "--json")[1])}
        seen = 0
        for name in documents():
            with open(name) as f:
                text = f.read()
            for setting, value in re.findall(r"`([a-z][a-z0-9_]+) ?= ?([^`\s]+)`", text) + re.findall(r"^([a-z][a-z0-9_]+) = (\S[^\n#]*)$", text, re.M):
                if setting not in rows or "…" in value:
                    continue
                seen += 1
                with self.subTest(document=os.path.basename(name), setting=setting, value=value):
                    code, _, err = run_cli("/nowhere", "config", "explain", "--" + setting.replace("_", "-"), value)
                    self.assertFalse(code and "must" in err and setting in err and "form" in err, err)
        self.assertGreater(seen, 2)

    def test_every_default_and_every_word_of_a_shape_is_taken(self):
        samples = {"ADDRESS:PORT": ["127.0.0.1:1", "[::1]:65535", "localhost:0", "0.0.0.0:443"], "URL": ["https://id.example", "https://id.example/a/b"],
                   "HOSTS": ["a.example", "a.example:8443 [::1]:1 10.0.0.1"], "ORIGINS": ["https://a.example https://b.example:1"],
                   "ADDRESSES": ["10.0.0.1 ::1"], "FILE": ["/etc/hosts"], "DIR": ["/nowhere"], "NAME": ["Client-Cert"],
                   "GRANTS": ["authorization_code"], "SCOPES": ["read write"], "SCHEMES": ["cursor vscode"],
                   "PORTS": ["443", "1 8443 65535", "any"], "MODE": ["0600", "0666"], "GROUP": ["root", "0"], "FILES": ["/etc/hosts", "/etc/hosts /etc/passwd"]}
        for row in json.loads(run_cli("/nowhere", "config", "explain", "--json")[1]):
            values = samples.get(row["form"]) or (row["form"].split("|") if "|" in row["form"] else [str(row[k]) for k in ("least", "most") if k in row])
            if row["name"] == "issuer_mtls":
                values = ["https://mtls.example"]
            if row["name"] == "database":
                values = ["postgresql://db.example/jeton", "host=db.example dbname=jeton"]
            self.assertTrue(values, row)
            for value in values + [row["default"]]:
                code, _, err = run_cli("/nowhere", "config", "explain", "--" + row["name"].replace("_", "-"), value)
                with self.subTest(setting=row["name"], value=value):
                    self.assertFalse(code != 0 and re.search(r"as an option it must", err), err)


class Packages(unittest.TestCase):
    """What ./dev installs on a machine that has nothing: an apt-get that only says what it was asked for."""

    def asked(self, *verb):
        folder = tempfile.mkdtemp(prefix="jeton-dev-")
        self.addCleanup(shutil.rmtree, folder, True)
        for name in ("dpkg-query", "apt-get", "sudo"):
            with open(os.path.join(folder, name), "w") as f:
                f.write("#!/bin/sh\nexit 1\n")
            os.chmod(os.path.join(folder, name), 0o755)
        done = subprocess.run([os.path.join(ROOT, "dev"), *verb], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              env=clean_environment(PATH=folder + ":" + os.environ["PATH"]))
        self.assertNotEqual(done.returncode, 0)
        return set(re.search(r"dev: installing (.*)", done.stderr).group(1).split())

    def test_an_area_installs_what_it_needs_and_no_more(self):
        build, guards, e2e, browser = (self.asked(*verb) for verb in (("build",), ("test", "guards"), ("test", "e2e"), ("test", "browser")))
        self.assertEqual(guards - build, {"git", "python3", "postgresql", "util-linux", "groff-base"})
        self.assertEqual(self.asked("test", "fuzz") - build, set())
        self.assertEqual(self.asked("test", "clang") - build, {"clang"})
        self.assertIn("libcriterion-dev", self.asked("test", "unit"))
        self.assertIn("python3-authlib", e2e)
        self.assertIn("chromium", browser)
        self.assertEqual(self.asked("test"), build | guards | e2e | browser | self.asked("test", "unit") | {"clang", "cppcheck", "clang-format"})

    def test_hunting_needs_the_library_that_clang_does_not_bring(self):
        self.assertLessEqual({"clang", "libclang-rt-14-dev"}, self.asked("fuzz"))


if __name__ == "__main__":
    unittest.main()
