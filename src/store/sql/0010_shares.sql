-- Where a request that waits for a person came from, as shares are counted: an IPv4 address, an IPv6 /64.
ALTER TABLE deferred_requests ADD COLUMN source TEXT;
CREATE INDEX deferred_requests_pending ON deferred_requests (kind, client_number, source, expires_at, created_at) WHERE state = 'pending';
CREATE INDEX deliveries_client ON deliveries (client_number);

-- Where a client that registered by itself came from.
CREATE TABLE registration_sources (
    client_number BIGINT PRIMARY KEY,
    source TEXT NOT NULL
);
CREATE INDEX registration_sources_source ON registration_sources (source);
