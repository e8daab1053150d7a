# SPDX-License-Identifier: MIT
"""Last of all: no secret that passed through any test stands in any server's log (LG-02), and every line has the log's one form (LG-03)."""
import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

from harness import CANARIES, LOGS, RUN, Browser, kernel_refusals, world


def left_by_others(kind):
    """What the other processes of this run left, when there are any: run.py."""
    return glob.glob(os.path.join(RUN, kind, "*")) if "JETON_E2E_RUN" in os.environ else []


class Logs(unittest.TestCase):
    def texts(self):
        for log in LOGS + left_by_others("logs"):
            if os.path.exists(log):
                with open(log, encoding="utf-8", errors="surrogateescape") as f:
                    yield log, f.read()

    def test_LG_03_hostile_input_stays_one_line(self):
        s = world().server
        s.get("/nosuch%0d%0ainjected=1?x=%1b[31m", headers={"User-Agent": "a\tb\xff\x80"})
        s.token(type("C", (), {"id": "x\r\ny", "secret": "z"})(), "client_credentials", auth="post")
        for log, text in self.texts():
            for line in text.splitlines():
                self.assertRegex(line, r"^[\x20-\x7e]*$", log)
                if line.startswith(("jeton: ", "jeton serve: ")):  # a start that was refused says why on a line of its own
                    continue
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warn|error) [a-z_.-]+( |$)", log)

    def test_LG_02_no_secret_in_any_log(self):
        w = world()
        browser = Browser(w.server)
        browser.authorize(w.web, w.alice)
        w.password_tokens()
        canaries = set(CANARIES)
        for file in left_by_others("canaries"):
            with open(file, encoding="utf-8") as f:
                canaries.update(json.load(f))
        self.assertGreater(len(canaries), 8)
        whole = "".join(text for _, text in self.texts())
        self.assertGreater(len(whole), 500)
        self.assertFalse(self.found(canaries, whole))
        self.assertEqual(self.found(canaries, whole + "x" + w.alice.password), [w.alice.password])  # it would have been seen
        self.assertFalse(re.findall(r"jtn_(?:at|rt|ac|pat|cs|se)_[A-Za-z0-9_-]{12,}", whole))

    def found(self, words, text):
        """Which of thousands of words stand in a text of megabytes."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as list_of_words:
            list_of_words.write("\n".join(word for whole in words for word in whole.splitlines() if len(word) >= 12) + "\n")
            list_of_words.flush()
            done = subprocess.run(["grep", "-aoF", "-f", list_of_words.name], input=text.encode(errors="surrogateescape"), capture_output=True, timeout=120)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return sorted(set(done.stdout.decode().splitlines()))

    def test_AV_09_no_server_was_refused_a_system_call(self):
        """What a library needs and the sandbox does not list would be missing in silence."""
        self.assertEqual(kernel_refusals(), [])

    def test_no_server_error_went_unseen(self):
        """A 500 anywhere is a bug, however well it was hidden."""
        for log, text in self.texts():
            self.assertNotRegex(text, r"status=500\b", log)
            self.assertNotRegex(text, r"AddressSanitizer|runtime error:|invariant", log)


if __name__ == "__main__":
    unittest.main()
