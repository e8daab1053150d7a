# SPDX-License-Identifier: MIT
"""instructions: how many instructions of user mode one answer takes, counted by valgrind's callgrind in all threads, with the access log on: two servers are started, one
answers few requests and one many, and what the second executed more is divided by what it answered more. Repeatable to a few percent: how many requests one wake-up finds depends
on what else the machine does."""
import json
import os
import re
import shutil
import subprocess

MOST = {"client credentials": 25000, "introspection": 25000}
SHORT_MS, LONG_MS, CONNECTIONS = 2000, 10000, 64


def counted(bench, store, job, span):
    """Instructions of a server's whole life, and how many requests it answered."""
    out = os.path.join(bench.out, "callgrind")
    if os.path.exists(out):
        os.unlink(out)
    under = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet")
    store.serve("--sandbox", "off", under=under)
    store.requests(flows=False)
    path, expected, tokens = store.asked[job]
    store.asked[job] = path, expected, tokens and ["cycle", store.tokens("told")]  # of few people, who are in memory at once
    told = json.loads(bench.call(*store.load_command(job, connections=CONNECTIONS, span=span)))
    bench.stop(store.process)
    with open(out) as f:
        return int(re.search(r"^(?:totals|summary): (\d+)", f.read(), re.M).group(1)), told["answered"]


def instructions(bench, store):
    """Instructions of one answer by job, or why they cannot be counted."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed"
    told = {}
    for job in MOST:
        (few, asked_few), (many, asked_many) = (counted(bench, store, job, span) for span in (SHORT_MS, LONG_MS))
        told[job] = (many - few) / (asked_many - asked_few)
        print(f"bench: {job}: {told[job]:,.0f} instructions", flush=True)
    return told
