# SPDX-License-Identifier: MIT
"""postgres: refreshes and code exchanges on PostgreSQL, of the server and of the bare libpq program (limit_postgres), over as many connections to the same cluster, in turns. The cluster
is this run's own and durable; it shares core 0 with whichever of the two is measured. CPU is that of the program and of the processes that serve its database together."""
import csv
import io
import os
import shutil
import sqlite3
import subprocess
import time

POOL, ROUNDS, SPAN_MS = 8, 3, 4000
COUNTS = {"people": 200, "grants": 2000, "codes": 60000}
KINDS = {"refresh": "refresh", "code exchange": "code"}


class Cluster:
    """A PostgreSQL around a shell that lives until its input ends (tools/postgres)."""

    def __init__(self, bench):
        kept = os.path.join(bench.out, "cluster")
        self.holder = subprocess.Popen(bench.pinned(0, os.path.join(bench.root, "tools", "postgres"), "--keep", kept, "sh", "-c",
                                                    'echo "$JETON_TEST_POSTGRES"; echo "$JETON_TEST_CLUSTER"; exec cat'),
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.address, self.folder = (self.holder.stdout.readline().decode().strip() for _ in range(2))
        if not self.folder:
            raise SystemExit("bench: PostgreSQL did not start")

    def database(self, name):
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.address.replace("/postgres?", f"/{name}?")

    def sql(self, text, address=None, given=None):
        done = subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", address or self.address, "-c", text], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "PGOPTIONS": "-c session_replication_role=replica"})  # copies rows in any order
        if done.returncode != 0:
            raise SystemExit(f"bench: psql: {done.stderr.decode()[-500:]}")
        return done.stdout.decode()

    def cpu(self, seconds):
        """CPU seconds of the processes that serve the server's database."""
        return sum(seconds(int(pid)) for pid in self.sql("SELECT pid FROM pg_stat_activity WHERE datname = 'jeton'").split())

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(30)
        for _ in range(300):  # its watcher stops it
            if not os.path.exists(os.path.join(self.folder, "db", "postmaster.pid")):
                break
            time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)


def copied(cluster, address, store):
    """All rows of the store's SQLite database, in place of those of a fresh one of the same layout."""
    told = cluster.sql("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position", address)
    columns = {}
    for line in told.split():
        table, column = line.split("|")
        columns.setdefault(table, []).append(column)
    with sqlite3.connect(os.path.join(store.directory, "jeton.db")) as db:
        there = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        tables = sorted(there & columns.keys() - {"migrations"})
        cluster.sql(f"TRUNCATE {', '.join(tables)}", address)
        for table in tables:
            names = ", ".join(columns[table])
            rows = io.StringIO()
            csv.writer(rows).writerows([["\\N" if value is None else value for value in row] for row in db.execute(f"SELECT {names} FROM {table}")])
            cluster.sql(f"COPY {table} ({names}) FROM STDIN (FORMAT csv, NULL '\\N')", address, rows.getvalue().encode())
    db.close()
    cluster.sql("VACUUM ANALYZE", address)


class Postgres:
    """bench: root, out, call, pinned, running, cpu, Speed; made: a store's maker."""

    def __init__(self, bench, made):
        self.bench, self.made = bench, made

    def bare(self, kind):
        """The limit program on a database of its own, fresh each time."""
        self.cluster.sql("DROP DATABASE IF EXISTS bare")
        address = self.cluster.database("bare")
        told = self.bench.call(*self.bench.pinned(0, os.path.join(self.bench.binary, "limit_postgres"), address, str(SPAN_MS), str(POOL), "bare", kind)).split()
        rate, own, server = map(float, told)
        return self.bench.Speed(rate, 1e6 / (own + server))

    def ours(self, job):
        before = self.cluster.cpu(self.bench.cpu)
        told = self.store.loaded(job, span=SPAN_MS)
        cluster = (self.cluster.cpu(self.bench.cpu) - before) / told["answered"]
        return self.bench.Speed(told["rate"], 1 / (1 / told["speed"].by_cpu + cluster))

    def run(self):
        """By job: the server's speed and the limit's; a text when it cannot be measured."""
        if shutil.which("psql") is None or not os.path.isdir("/usr/lib/postgresql"):
            return "PostgreSQL is not installed"
        self.cluster = Cluster(self.bench)
        try:
            return self.measured()
        finally:
            self.cluster.close()

    def measured(self):
        self.store = self.made("postgres", COUNTS)
        address = self.cluster.database("jeton")
        more = ("--database", address, "--database-connections", str(POOL))
        self.store.serve(*more)
        self.bench.stop(self.store.process)  # the first makes the tables
        copied(self.cluster, address, self.store)
        self.store.serve(*more)
        self.store.requests(flows=False)
        told = {}
        for job, kind in KINDS.items():
            rounds = [(self.ours(job), self.bare(kind)) for _ in range(ROUNDS)]
            ours, bare = rounds[0]
            for one, other in rounds[1:]:
                ours, bare = ours.best(one), bare.best(other)
            told[job] = (ours, bare)
            print(f"bench: {job} on PostgreSQL {ours}, bare libpq {bare}", flush=True)
        self.bench.stop(self.store.process)
        return told
