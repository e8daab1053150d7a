-- How a person logged in: amr (words of RFC 8176) and acr of the session, and of the grant that came from it. Until now there was the password.
ALTER TABLE sessions ADD COLUMN amr TEXT;
ALTER TABLE sessions ADD COLUMN acr TEXT;
ALTER TABLE grants ADD COLUMN amr TEXT;
ALTER TABLE grants ADD COLUMN acr TEXT;
UPDATE sessions SET amr = 'pwd', acr = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
UPDATE grants SET amr = 'pwd', acr = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
