-- The audit trail in three classes, each with a budget and an age of its own, so that a lighter one never washes out a weightier one:
-- 1 administration, 2 people's security, 3 machines' traffic. place: the position within the class.
ALTER TABLE events ADD COLUMN class BIGINT NOT NULL DEFAULT 3;
ALTER TABLE events ADD COLUMN place BIGINT NOT NULL DEFAULT 0;
UPDATE events SET class = 1 WHERE name LIKE 'client.%' OR name LIKE 'scope.%' OR name LIKE 'resource.%' OR name LIKE 'user.%'
    OR name LIKE 'initial!_token.%' ESCAPE '!' OR name LIKE 'details.%' OR name LIKE 'issuer.%' OR name LIKE 'key.%';
UPDATE events SET class = 3 WHERE name IN ('client.refused', 'client.deprecated') OR actor = 'registration';
UPDATE events SET class = 2 WHERE name LIKE 'login.%' OR name LIKE 'password!_grant.%' ESCAPE '!' OR name LIKE 'consent.%' OR name LIKE 'code.%'
    OR name LIKE 'pat.%' OR name IN ('logout', 'session.ended', 'grant.revoked', 'refresh.replayed') OR (class = 1 AND actor = subject);
UPDATE events SET place = ranked.place FROM (SELECT number, row_number() OVER (PARTITION BY class ORDER BY number) AS place FROM events) AS ranked
    WHERE ranked.number = events.number;
CREATE INDEX events_class ON events (class, place);
