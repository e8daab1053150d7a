# SPDX-License-Identifier: MIT
"""What a server keeps its facts in. JETON_E2E_ENGINE says which engine the tests run on: sqlite, where they stand in the data directory,
or postgres, where each data directory has a database of its own, made at its first use; the cluster around the run takes them with it.

Most servers begin with a store from a small stock instead of an empty folder: what the first command in an empty folder makes (tables,
master key, signing keys) costs seconds of prime numbers. Neighbours never get the same one, so no two servers of a test share a key."""
import atexit
import contextlib
import fcntl
import functools
import itertools
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("JETON_BIN", os.path.join(ROOT, "build", "jeton"))
ENGINE = os.environ.get("JETON_E2E_ENGINE", "sqlite")
STOCK = 4
DATABASES = {}  # data directory → database


def sqlite_only(reason):
    """For a test of SQLite's own files."""
    return unittest.skipIf(ENGINE != "sqlite", "SQLite's alone: " + reason)


def postgres_only(reason):
    return unittest.skipIf(ENGINE != "postgres", "PostgreSQL's alone: " + reason)


def clean_environment(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("JETON_") and not k.lower().endswith("_proxy")}
    env.update(more)
    return env


class Cluster:
    """A PostgreSQL of one's own, as long as this process lives."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(ROOT, "tools", "postgres"), "sh", "-c", 'echo "$JETON_TEST_POSTGRES"; exec cat'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.uri = self.process.stdout.readline().strip()
        if not self.uri:
            raise RuntimeError("no PostgreSQL: see above")
        atexit.register(self.close)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@functools.lru_cache(maxsize=None)
def admin():
    """The address of the database `postgres`: that of tools/postgres around this run, or of one around this process."""
    return os.environ.get("JETON_TEST_POSTGRES") or Cluster().uri


def address_of(name):
    return admin().replace("/postgres?", "/%s?" % name, 1)


def psql(database, statement):
    """What a statement gives, a line a row, | between columns."""
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement, address_of(database)], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (statement, done.stderr))
    return done.stdout


@contextlib.contextmanager
def held(data, statement):
    """Another hand has rows of a data directory's PostgreSQL locked by this statement; gives a function that waits until so many wait for them."""
    hand = subprocess.Popen(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", address_of(database_of(data))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def waiting(least):
        end = time.monotonic() + 4  # a statement may take five seconds
        while int(psql(database_of(data), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")) < least:
            assert time.monotonic() < end, "nobody waits"
    try:
        hand.stdin.write("BEGIN;\n%s;\n\\echo held\n" % statement)
        hand.stdin.flush()
        while hand.stdout.readline() not in ("held\n", ""):
            pass
        yield waiting
    finally:
        hand.stdin.close()  # rolled back
        hand.wait(20)
        hand.stdout.close()


def change(data, statement):
    """By another hand, in the store of a data directory that nobody serves."""
    if ENGINE == "postgres":
        psql(database_of(data), statement)
    else:
        subprocess.run(["sqlite3", os.path.join(data, "jeton.db"), statement], check=True)


def stored_bytes(data):
    """All that lies in the store of a data directory, as it lies there."""
    if ENGINE == "postgres":
        return subprocess.run(["pg_dump", "-a", "-d", address_of(database_of(data))], check=True, capture_output=True, timeout=60).stdout
    found = b""
    for name in sorted(os.listdir(data)):
        if name.startswith("jeton.db"):
            with open(os.path.join(data, name), "rb") as f:
                found += f.read()
    return found


def create_database(template="template0"):
    name = "jeton_" + secrets.token_hex(6)
    psql("postgres", "CREATE DATABASE %s TEMPLATE %s" % (name, template))
    return name


def database_of(data):
    """The database of a data directory, made at its first use."""
    data = os.path.abspath(data)
    if data not in DATABASES:
        DATABASES[data] = create_database()
    return DATABASES[data]


def forget(data):
    """The data directory's database is dropped, whoever is connected; its next use begins with an empty one."""
    if os.path.abspath(data) in DATABASES:
        psql("postgres", "DROP DATABASE %s WITH (FORCE)" % DATABASES.pop(os.path.abspath(data)))


def store_words(data):
    """The options that name the store of a data directory."""
    return ["--data", data] if ENGINE == "sqlite" else ["--data", data, "--database", address_of(database_of(data))]


def store_environment(data):
    """The same as environment variables."""
    return {"JETON_DATA": data} if ENGINE == "sqlite" else {"JETON_DATA": data, "JETON_DATABASE": address_of(database_of(data))}


@functools.lru_cache(maxsize=None)
def stock_folder():
    shared = os.environ.get("JETON_E2E_STOCK")
    if shared:
        folder = os.path.join(shared, ENGINE)
        os.makedirs(folder, exist_ok=True)
        return folder
    folder = tempfile.mkdtemp(prefix="jeton-stock-")
    atexit.register(shutil.rmtree, folder, True)
    return folder


order = itertools.count(secrets.randbelow(STOCK))


def stocked(data):
    """Puts the next of the stock at `data`; who needs one first makes it."""
    kept = os.path.join(stock_folder(), str(next(order) % STOCK))
    with open(kept + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(kept):
            make_stock(kept)
    copy_store(kept, data)


def copy_store(there, data):
    """What a data directory has when no process uses it."""
    shutil.copytree(there, data)
    if ENGINE == "postgres":
        DATABASES[os.path.abspath(data)] = create_database(template_of(there))


def template_of(there):
    if os.path.exists(there + ".database"):  # of the stock
        with open(there + ".database", encoding="ascii") as f:
            return f.read()
    return DATABASES[os.path.abspath(there)]


def make_stock(kept):
    new = kept + ".new"
    done = subprocess.run([BIN, "user", "add", "nobody", "--password-stdin", *store_words(new)], input="short", capture_output=True, text=True, env=clean_environment(),
                          timeout=120)  # refused, so nothing is in the store but what is in every one, and no server has served it
    if "at least 8 characters" not in done.stderr:
        raise RuntimeError("no stock of stores: " + done.stderr)
    if ENGINE == "postgres":
        with open(kept + ".database", "w", encoding="ascii") as f:
            f.write(DATABASES.pop(os.path.abspath(new)))
    os.rename(new, kept)
