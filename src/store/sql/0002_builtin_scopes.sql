-- jeton's own permissions. The words are what a person reads on the consent page.
INSERT INTO scopes (name, description, builtin, created_at) VALUES
    ('view-users', 'See all people of this server', 1, 0),
    ('create-users', 'Add people to this server', 1, 0),
    ('edit-users', 'Change people: their names, passwords and permissions', 1, 0),
    ('delete-users', 'Remove people from this server', 1, 0),
    ('view-auth_clients', 'See all applications that are registered here', 1, 0),
    ('create-auth_clients', 'Register new applications', 1, 0),
    ('edit-auth_clients', 'Change registered applications and renew their secrets', 1, 0),
    ('delete-auth_clients', 'Remove registered applications', 1, 0),
    ('view-scopes', 'See all scopes that applications can ask for', 1, 0),
    ('edit-scopes', 'Add and remove scopes', 1, 0),
    ('view-events', 'See the record of security events', 1, 0);
