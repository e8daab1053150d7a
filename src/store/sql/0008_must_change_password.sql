-- A person whose password somebody else chose, or who was told to choose another one: nothing but that can be done before.
ALTER TABLE users ADD COLUMN must_change_password BIGINT NOT NULL DEFAULT 0;
