-- Types of authorization details (RFC 9396 2) that this server knows. fields: members of its objects beyond the common ones, one a
-- line: the name, a colon, and the words that people read beside its value.
CREATE TABLE details_types (
    type TEXT PRIMARY KEY,
    description TEXT,
    fields TEXT,
    created_at BIGINT NOT NULL
);
