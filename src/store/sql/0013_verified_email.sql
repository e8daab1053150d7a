-- Nobody has the verified address of another person.
CREATE UNIQUE INDEX users_verified_email ON users (email_key) WHERE email_verified = 1;
