# SPDX-License-Identifier: MIT
"""Last of all: no secret that passed through any test stands in any server's log (LG-02), and every line has the log's one form (LG-03)."""
import os
import re
import unittest

from harness import CANARIES, LOGS, Browser, kernel_refusals, world


class Logs(unittest.TestCase):
    def texts(self):
        for log in LOGS:
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
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warn|error) [a-z_.-]+( |$)", log)

    def test_LG_02_no_secret_in_any_log(self):
        w = world()
        browser = Browser(w.server)
        browser.authorize(w.web, w.alice)
        w.password_tokens()
        self.assertGreater(len(CANARIES), 8)
        whole = "".join(text for _, text in self.texts())
        self.assertGreater(len(whole), 500)
        found = [c for c in CANARIES if c in whole]
        self.assertFalse(found)
        self.assertFalse(re.findall(r"jtn_(?:at|rt|ac|pat|cs|se)_[A-Za-z0-9_-]{12,}", whole))

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
