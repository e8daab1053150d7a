-- The algorithms and costs that hashes from elsewhere have, as their beginnings ($2y$10$, $argon2id$v=19$m=65536,t=3,p=4$): every login does
-- the work of each, so that its time tells nothing about the name. The usual lengths of salt and hash are taken for granted here; what
-- does not fit is found at the first login.
CREATE TABLE password_settings (
    setting TEXT PRIMARY KEY
);
INSERT INTO password_settings (setting)
    SELECT DISTINCT substr(password_hash, 1, 7) FROM users WHERE removed_at = 0 AND length(password_hash) = 60 AND password_hash LIKE '$2%';
INSERT INTO password_settings (setting)
    SELECT DISTINCT substr(password_hash, 1, length(password_hash) - 66) FROM users
    WHERE removed_at = 0 AND password_hash LIKE '$argon2%,p=_$%' AND password_hash NOT LIKE '$argon2id$v=19$m=19456,t=2,p=1$%';
