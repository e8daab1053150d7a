-- The change feed: what was changed of that which processes keep in memory, in the order of commits and without a gap; the newest alone are kept.
CREATE TABLE changes (
    seq BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL
);
INSERT INTO counters (name, next) VALUES ('change', 1);
