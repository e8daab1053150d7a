-- The scopes that a service carries: software that registered itself may ask people for them without an administrator.
ALTER TABLE resources ADD COLUMN scopes TEXT;
