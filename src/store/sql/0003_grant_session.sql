-- The browser session that a consent was given in (its public id): ending that session ends what came from it. NULL: no session.
ALTER TABLE grants ADD COLUMN session_id TEXT;
