-- The first schema. One text for SQLite 3.40 and PostgreSQL 15: columns are TEXT and BIGINT, row numbers INTEGER PRIMARY KEY.
-- Times are seconds since 1970, 0 is "not yet" or "never"; flags are 0 and 1; hashes are base64url.

-- Which steps were done. Each step is one transaction, its row here included.
CREATE TABLE migrations (
    version BIGINT PRIMARY KEY,
    applied_at BIGINT NOT NULL
);

-- Row numbers never come back: each kind counts here for ever, whatever is deleted.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO counters (name, next) VALUES
    ('user', 1), ('client', 1), ('secret', 1), ('resource', 1), ('key', 1), ('pat', 1), ('revocation', 1),
    ('grant', 1), ('code', 1), ('session', 1), ('event', 1), ('ready', 1);

-- username_key: ASCII lower case. A removed person keeps number and id, and nothing else.
CREATE TABLE users (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    username TEXT,
    username_key TEXT NOT NULL UNIQUE,
    email TEXT,
    full_name TEXT,
    password_hash TEXT,
    admin BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    permissions TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    removed_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX users_admins ON users (number) WHERE admin = 1;
CREATE INDEX users_present ON users (number) WHERE removed_at = 0;

CREATE TABLE clients (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT,
    description TEXT,
    auth_method TEXT,
    grants TEXT,
    redirect_uris TEXT,
    post_logout_redirect_uris TEXT,
    scopes TEXT,
    owner_id TEXT,
    is_public BIGINT NOT NULL,
    first_party BIGINT NOT NULL,
    require_pkce BIGINT NOT NULL,
    compat_processmaker BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    access_lifetime BIGINT NOT NULL,
    refresh_lifetime BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE client_secrets (
    number INTEGER PRIMARY KEY,
    client_number BIGINT NOT NULL REFERENCES clients (number),
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX client_secrets_client ON client_secrets (client_number);

CREATE TABLE scopes (
    name TEXT PRIMARY KEY,
    description TEXT,
    builtin BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE resources (
    number INTEGER PRIMARY KEY,
    uri TEXT NOT NULL UNIQUE,
    name TEXT,
    token_format TEXT,
    alg TEXT,
    client_id TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    hash TEXT NOT NULL,
    user_number BIGINT NOT NULL REFERENCES users (number),
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT,
    user_agent TEXT
);
CREATE INDEX sessions_user ON sessions (user_number);

-- The hot table: a rotation rewrites one row by its number and touches no index. begun_at 0: its code was not exchanged yet.
CREATE TABLE grants (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    user_number BIGINT NOT NULL REFERENCES users (number),
    client_number BIGINT NOT NULL REFERENCES clients (number),
    client_epoch BIGINT NOT NULL,
    scope TEXT,
    resource TEXT,
    flow TEXT,
    created_at BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    current_hash TEXT,
    previous_hash TEXT,
    rotated_at BIGINT NOT NULL,
    successor TEXT,
    begun_at BIGINT NOT NULL
);
CREATE INDEX grants_user ON grants (user_number);

-- No key to grants on purpose: a purged grant would have to look for its codes in all of them.
CREATE TABLE codes (
    number INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    grant_number BIGINT NOT NULL,
    redirect_uri TEXT,
    code_challenge TEXT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE pats (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user_number BIGINT NOT NULL REFERENCES users (number),
    hash TEXT NOT NULL UNIQUE,
    name TEXT,
    scope TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    last_used_address TEXT
);
CREATE INDEX pats_user ON pats (user_number);

CREATE TABLE consents (
    user_number BIGINT NOT NULL REFERENCES users (number),
    client_number BIGINT NOT NULL REFERENCES clients (number),
    scope TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_number, client_number)
);

CREATE TABLE keys (
    number INTEGER PRIMARY KEY,
    kid TEXT NOT NULL,
    key_use TEXT NOT NULL,
    alg TEXT NOT NULL,
    sealed TEXT,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL,
    retired_at BIGINT NOT NULL,
    destroy_after BIGINT NOT NULL,
    UNIQUE (key_use, kid)
);

CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    name TEXT,
    actor TEXT,
    client_id TEXT,
    subject TEXT,
    address TEXT,
    request_id TEXT,
    detail TEXT
);

-- Things that may happen only once: `taken` is kind:id.
CREATE TABLE onces (
    taken TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX onces_end ON onces (expires_at);
CREATE TABLE throttles (
    name TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    forget_at BIGINT NOT NULL
);
CREATE INDEX throttles_end ON throttles (forget_at);
CREATE TABLE revocations (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
