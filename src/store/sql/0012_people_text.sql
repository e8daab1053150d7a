-- What people compare by eye and by ear: username_key is now the name as RFC 8265 prepares it (of ASCII its lower case, as before),
-- username_skeleton what it looks like (UTS 39), email_key the address without regard to case. The program fills them for the people that
-- are there, and of those who share a verified address leaves it verified for the first alone.
ALTER TABLE users ADD COLUMN username_skeleton TEXT;
ALTER TABLE users ADD COLUMN email_key TEXT;
ALTER TABLE users ADD COLUMN email_verified BIGINT NOT NULL DEFAULT 0;
UPDATE users SET email_verified = 1 WHERE removed_at = 0 AND email <> '' AND claims LIKE '%"email_verified":true%';
CREATE INDEX users_skeleton ON users (username_skeleton);
CREATE INDEX users_email ON users (email_key);
