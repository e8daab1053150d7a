# SPDX-License-Identifier: MIT
"""Runs the whole suite: run.py ENGINE… (sqlite, postgres), each module on each engine but for those of ONCE. Most tests wait, for a start, a lifetime, a foreign program; so several
processes go on at once, each with a world of its own, which takes the next module off the list, by name: modules of one process share
their world (harness.world), and some of the later ones change its people. What each module
said comes in one piece; test_zz_logs comes last, when all servers have stopped, and judges what all of them left."""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "test", "e2e")
LAST = "test_zz_logs"
MODULE_LIMIT = 900  # seconds

# Modules that keep nothing in a store, so that one engine says all (test/guard/once.sh): the reason.
ONCE = {
    "test_framing": "the listener alone, without a store (echo.c)",
    "test_json_readers": "a reader of JSON alone (json_echo.c)",
    "test_promises": "settings, documents and ./dev, which know no store",
    "test_token_client": "the client's side against a stand-in; against a server with a store it is test_token_real",
}


def worker():
    """Reads names of modules, runs each, says {name, seconds, text, counts} of it."""
    sys.path.insert(0, HERE)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that its servers are stopped too
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        name, began, text = line.strip(), time.monotonic(), tempfile.TemporaryFile("w+")
        result = unittest.TextTestRunner(stream=text, verbosity=2).run(unittest.defaultTestLoader.loadTestsFromName(name))
        text.seek(0)
        json.dump({"name": name, "seconds": round(time.monotonic() - began, 1), "text": text.read()}, answers)
        answers.write("\n")
        answers.flush()
        text.close()
        del result


class Crew:
    """The processes of one engine."""

    def __init__(self, engine, names, lock):
        self.engine, self.names, self.lock, self.seconds = engine, names, lock, {}
        self.environment = {**os.environ, "JETON_E2E_ENGINE": engine, "JETON_E2E_RUN": os.path.join(RUN, engine), "PYTHONWARNINGS": "ignore",
                            "JETON_E2E_BEGAN": str(time.monotonic()), "JETON_E2E_STOCK": os.path.join(RUN, "stock")}
        self.failed = False

    def member(self):
        process = None
        while True:
            with self.lock:
                name = self.names.pop(0) if self.names else None
            if name is None:
                break
            if process is None:
                process = subprocess.Popen([sys.executable, __file__, "--worker"], cwd=HERE, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            process = self.one(process, name)
        if process:
            self.end(process)

    def one(self, process, name):
        """Has one module run; the process, or None when it did not live through it."""
        clock = threading.Timer(MODULE_LIMIT, process.kill)
        clock.start()
        process.stdin.write(name + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        clock.cancel()
        if not line:
            self.say(name, "its process ended with %s\n\nRan 1 test in 0s\n\nFAILED (errors=1)\n" % process.wait())
            return None
        told = json.loads(line)
        self.seconds[name] = told["seconds"]
        self.say("%s (%s s)" % (name, told["seconds"]), told["text"])
        return process

    def end(self, process):
        process.stdin.close()
        try:
            if process.wait(120) != 0:
                self.say("the end", "a process ended with %s\n\nRan 1 test in 0s\n\nFAILED (errors=1)\n" % process.returncode)
        except subprocess.TimeoutExpired:
            process.kill()
            self.say("the end", "a process did not end\n\nRan 1 test in 0s\n\nFAILED (errors=1)\n")
        process.stdout.close()

    def say(self, name, text):
        with self.lock:
            self.failed = self.failed or "\nFAILED (" in text or "\nNO TESTS" in text
            print("---- %s on %s\n%s" % (name, self.engine, text), flush=True)


def work(crews):
    """One processor's: what is left of an engine's list, then helps with the next engine's."""
    for crew in crews:
        crew.member()


def main(engines):
    for engine in engines + ["stock"]:
        shutil.rmtree(os.path.join(RUN, engine), ignore_errors=True)
    modules = sorted(os.path.basename(f)[:-3] for f in glob.glob(os.path.join(HERE, "test_*.py")))
    modules.remove(LAST)
    lock = threading.Lock()
    crews = [Crew(engine, [m for m in modules if engine == engines[0] or m not in ONCE], lock) for engine in engines]
    at_once = len(os.sched_getaffinity(0))  # more, and tests of floods and lifetimes wait for the processor instead
    members = [threading.Thread(target=work, args=(crews[i % len(crews):] + crews[:i % len(crews)],)) for i in range(at_once)]
    for each in members:
        each.start()
    for each in members:
        each.join()
    for crew in crews:
        crew.names.append(LAST)
        crew.member()
        print("%s: %d s of tests in %d modules" % (crew.engine, sum(crew.seconds.values()), len(crew.seconds)))
    slow = sorted(((seconds, name, crew.engine) for crew in crews for name, seconds in crew.seconds.items()), reverse=True)
    print("the slowest:", *("%s on %s %s s" % (name, engine, seconds) for seconds, name, engine in slow[:20]), sep="\n  ")
    return any(crew.failed for crew in crews)


if __name__ == "__main__":
    sys.exit(worker() if sys.argv[1:] == ["--worker"] else main(sys.argv[1:] or ["sqlite"]))
