-- OpenID Connect and the modern profile. JSON columns hold what their owner's table of members names, and nothing else.

-- Registered metadata beyond the columns, as one JSON object of RFC 7591's names; and the hash of the registration access token.
ALTER TABLE clients ADD COLUMN metadata TEXT;
ALTER TABLE clients ADD COLUMN registration_hash TEXT;
-- Standard claims of OpenID Connect Core 5.1 beyond username, email and full_name: one JSON object.
ALTER TABLE users ADD COLUMN claims TEXT;
-- What was agreed to beyond the scope: the claims parameter, authorization details (RFC 9396); and the key or certificate that
-- the tokens are bound to (RFC 9449, RFC 8705; thumbprints in base64url).
ALTER TABLE grants ADD COLUMN claims TEXT;
ALTER TABLE grants ADD COLUMN details TEXT;
ALTER TABLE grants ADD COLUMN jkt TEXT;
ALTER TABLE grants ADD COLUMN x5t TEXT;
ALTER TABLE codes ADD COLUMN nonce TEXT;
ALTER TABLE codes ADD COLUMN jkt TEXT;
ALTER TABLE pats ADD COLUMN jkt TEXT;

-- Pushed authorization requests (RFC 9126): parameters as a form. Gone soon after expires_at.
CREATE TABLE pushed_requests (
    number INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    client_number BIGINT NOT NULL,
    client_epoch BIGINT NOT NULL,
    parameters TEXT,
    jkt TEXT,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL DEFAULT 0
);

-- A decision that a person makes elsewhere: device authorization (RFC 8628) and CIBA, told apart by kind. The code that the
-- client polls with names its row; the word that a person types is unique among those alive.
CREATE TABLE deferred_requests (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    user_code TEXT UNIQUE,
    client_number BIGINT NOT NULL,
    client_epoch BIGINT NOT NULL,
    scope TEXT,
    resource TEXT,
    details TEXT,
    claims TEXT,
    acr_values TEXT,
    binding_message TEXT,
    notification TEXT,
    jkt TEXT,
    x5t TEXT,
    address TEXT,
    user_number BIGINT NOT NULL,
    grant_number BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT NOT NULL
);
CREATE INDEX deferred_requests_user ON deferred_requests (user_number);

-- Messages to clients that must arrive: back-channel logout, CIBA pings. Tried again until they do or expires_at passes.
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    client_number BIGINT NOT NULL,
    url TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body TEXT,
    bearer TEXT,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at);

-- Initial access tokens for dynamic client registration (RFC 7591 3).
CREATE TABLE initial_tokens (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE,
    label TEXT,
    grants TEXT,
    scopes TEXT,
    uses_left BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Issuers whose assertions are taken as grants (RFC 7523 2.1).
CREATE TABLE trusted_issuers (
    number INTEGER PRIMARY KEY,
    issuer TEXT NOT NULL UNIQUE,
    jwks TEXT,
    jwks_uri TEXT,
    subject_is TEXT NOT NULL,
    client_ids TEXT,
    scopes TEXT,
    life_max BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

INSERT INTO counters (name, next) VALUES ('pushed', 1), ('deferred', 1), ('delivery', 1), ('initial', 1), ('issuer', 1);

-- identity: what a person lets be known of themself; no permission over this server.
ALTER TABLE scopes ADD COLUMN identity BIGINT NOT NULL DEFAULT 0;
INSERT INTO scopes (name, description, builtin, created_at, identity) VALUES
    ('openid', 'Log you in: confirm who you are', 1, 0, 1),
    ('profile', 'See your name and the rest of your profile', 1, 0, 1),
    ('email', 'See your e-mail address', 1, 0, 1),
    ('address', 'See your postal address', 1, 0, 1),
    ('phone', 'See your phone number', 1, 0, 1),
    ('offline_access', 'Keep access while you are logged out, until you end it', 1, 0, 1)
    ON CONFLICT DO NOTHING;
UPDATE scopes SET builtin = 1, identity = 1 WHERE name IN ('openid', 'profile', 'email', 'address', 'phone', 'offline_access');
