-- Schema version 1 of an audit file: hash chains, one for each writer, and the anchors that were signed over them.
-- What an entry says and how its hash is made is the audit role's affair (audit::chain).

-- Where each chain ends. The epoch rises with each opening; an append of an older one fails.
CREATE TABLE writer (
    name   TEXT    PRIMARY KEY,
    epoch  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash   BLOB    NOT NULL
) WITHOUT ROWID;

CREATE TABLE entry (
    writer TEXT    NOT NULL,
    number INTEGER NOT NULL,              -- 1, 2, 3 … without gaps
    hash   BLOB    NOT NULL,              -- 32 bytes
    bytes  BLOB    NOT NULL,              -- exact JSON
    PRIMARY KEY (writer, number)
) WITHOUT ROWID;

-- Anchors (kind 2128) in the order in which they were signed. One that is not published yet is sent again as it is.
CREATE TABLE anchor (
    num       INTEGER PRIMARY KEY,
    bytes     TEXT    NOT NULL,           -- exact JSON of the event
    published INTEGER NOT NULL
);
