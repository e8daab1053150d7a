-- What people prove themselves with beside their password. kind: totp (RFC 6238). secret: a box of the keeper. counter: what was shown last, so that nothing is
-- taken twice: the time step of a one-time password.
CREATE TABLE authenticators (
    number BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user_number BIGINT NOT NULL REFERENCES users (number),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    secret TEXT NOT NULL,
    counter BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX authenticators_user ON authenticators (user_number);
-- Codes on paper for who lost the rest: SHA-256 of each that is not used yet.
CREATE TABLE recovery_codes (
    user_number BIGINT NOT NULL REFERENCES users (number),
    hash TEXT NOT NULL,
    PRIMARY KEY (user_number, hash)
);
-- Words: which of them a person has (totp, recovery), kept beside the tables by whoever changes these.
ALTER TABLE users ADD COLUMN second_factors TEXT;
INSERT INTO counters (name, next) VALUES ('authenticator', 1);
