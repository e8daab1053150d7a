-- own: what a person may do with their own account; an application needs these words as it needs the permissions for others' things. The
-- words are what a person reads on the consent page.
ALTER TABLE scopes ADD COLUMN own BIGINT NOT NULL DEFAULT 0;
INSERT INTO scopes (name, description, builtin, created_at, own) VALUES
    ('view-own-profile', 'See your whole profile here, with your permissions and your last login', 1, 0, 1),
    ('edit-own-profile', 'Change your profile here', 1, 0, 1),
    ('view-own-tokens', 'See the list of your personal access tokens (never the tokens themselves)', 1, 0, 1),
    ('delete-own-tokens', 'Revoke your personal access tokens', 1, 0, 1),
    ('view-own-events', 'See the record of your logins and other security events', 1, 0, 1),
    ('view-own-sessions', 'See where you are logged in', 1, 0, 1),
    ('delete-own-sessions', 'Log you out elsewhere', 1, 0, 1),
    ('view-own-authorizations', 'See which applications have access to your account', 1, 0, 1),
    ('delete-own-authorizations', 'End the access that applications have to your account', 1, 0, 1)
    ON CONFLICT (name) DO UPDATE SET builtin = 1, own = 1, description = excluded.description;
