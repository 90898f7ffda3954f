-- Schema version 1 of the admin role's file: wrapped keys, enrolment, and logins that were used.

-- Wrapped secrets by WebAuthn credential id. The box cannot open one.
CREATE TABLE kept (
    credential BLOB    PRIMARY KEY,       -- 16 to 1,023 bytes
    owner      BLOB    NOT NULL,          -- 32 bytes: the key that is wrapped
    label      TEXT    NOT NULL,
    added      INTEGER NOT NULL,          -- unix seconds
    bytes      BLOB    NOT NULL
) WITHOUT ROWID;
CREATE INDEX kept_owner ON kept (owner);

-- Enrolment tokens by SHA-256, and the key that used one and waits to be signed in.
CREATE TABLE token (
    hash  BLOB    PRIMARY KEY,
    by    BLOB    NOT NULL,               -- who made it
    until INTEGER NOT NULL,               -- unix seconds: of the token, then of the waiting key
    key   BLOB,
    role  TEXT,
    pop   TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX token_key ON token (key) WHERE key IS NOT NULL;

-- Login events that were used, until they would be too old anyway.
CREATE TABLE used (
    id    BLOB    PRIMARY KEY,
    until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_until ON used (until);
