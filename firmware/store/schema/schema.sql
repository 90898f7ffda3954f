-- Schema version 1 of one practice's database. A new version is a new file in ../migrations, applied
-- on top of this one; this file then changes with it, and a test compares the two ways.
--
-- Numbers of the dictionary, ranks and row ids never leave the store.

-- Positions, written in each commit: n is the last arrival number, m that of the last event that can
-- change membership, received the newest stamp (unix seconds, never falling).
CREATE TABLE head (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    n        INTEGER NOT NULL,
    m        INTEGER NOT NULL,
    received INTEGER NOT NULL
);
INSERT INTO head VALUES (1, 0, 0, 0);

-- Events by arrival number. The exact bytes come last, so that the columns before them are read
-- without touching overflow pages.
CREATE TABLE event (
    seq        INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL,          -- 32 bytes
    kind       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,          -- unix seconds, as the author claims
    received   INTEGER NOT NULL,          -- unix seconds, as the box saw it
    expires    INTEGER,                   -- unix seconds (NIP-40)
    origin     INTEGER NOT NULL,          -- 0 live, 1 import, 2 restore, 3 sync
    payer      INTEGER,                   -- dictionary number of the key whose quota pays
    keys       BLOB    NOT NULL,          -- dictionary numbers, 4 bytes little-endian each, author first
    bytes      TEXT    NOT NULL           -- exact JSON
);
CREATE INDEX event_expires ON event (expires) WHERE expires IS NOT NULL;

-- First 64 bits of an id to arrival number. Ids are compared in full in the event table.
CREATE TABLE event_id (
    prefix INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (prefix, seq)
) WITHOUT ROWID;

-- Author or tag value to a small number. Number 0 is not given: as a key it means any event.
CREATE TABLE dictionary (
    num INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE
);

-- The one index that answers every filter. rank is the complement of the id's first 64 bits, so that
-- reading backwards gives newest first and, within a second, lowest id first (NIP-01).
CREATE TABLE entry (
    key        INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rank       INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (key, kind, created_at, rank, seq)
) WITHOUT ROWID;

-- Newest version of each replaceable or addressable event.
CREATE TABLE slot (
    author BLOB    NOT NULL,
    kind   INTEGER NOT NULL,
    d      TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (author, kind, d)
) WITHOUT ROWID;
CREATE UNIQUE INDEX slot_seq ON slot (seq);

-- Ids that do not come back. author is the deleting author (NIP-09), or empty for a destruction order,
-- which holds whoever the author is.
CREATE TABLE tombstone (
    id       BLOB NOT NULL,
    author   BLOB NOT NULL,
    ordered  BLOB NOT NULL,               -- id of the deletion request or destruction order
    PRIMARY KEY (id, author)
) WITHOUT ROWID;

-- Addresses deleted by their author, with every version up to this time (NIP-09).
CREATE TABLE address_tombstone (
    author     BLOB    NOT NULL,
    kind       INTEGER NOT NULL,
    d          TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (author, kind, d)
) WITHOUT ROWID;

-- Bytes stored on the account of a key.
CREATE TABLE usage (
    payer INTEGER PRIMARY KEY,            -- dictionary number
    bytes INTEGER NOT NULL
);

-- Arrival numbers of membership events and policy receipts: the fold at start reads only these.
CREATE TABLE change (
    seq     INTEGER PRIMARY KEY,
    members INTEGER NOT NULL              -- 1 when it moved m; 0 for the box's own receipts
);

-- Heads of the receipt chains: rows named so far, and the last receipt.
CREATE TABLE chain (
    key  BLOB    PRIMARY KEY,
    n    INTEGER NOT NULL,
    head BLOB    NOT NULL
) WITHOUT ROWID;

-- Events not yet named by a receipt of a chain, with the heads of both policy chains at arrival.
CREATE TABLE due (
    seq      INTEGER NOT NULL,
    chain    BLOB    NOT NULL,
    id       BLOB    NOT NULL,
    received INTEGER NOT NULL,
    public   BLOB,
    staff    BLOB,
    PRIMARY KEY (seq, chain)
) WITHOUT ROWID;
CREATE INDEX due_id ON due (id);

-- One-time marks (tokens seen), kept until they would have expired anyway.
CREATE TABLE mark (
    space INTEGER NOT NULL,
    key   BLOB    NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (space, key)
) WITHOUT ROWID;
CREATE INDEX mark_until ON mark (until);

-- Counters with a ceiling.
CREATE TABLE counter (
    space INTEGER NOT NULL,
    key   BLOB    NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (space, key)
) WITHOUT ROWID;

-- Leases on sweeps; the epoch rises with each, and an older one no longer holds.
CREATE TABLE lease (
    name  TEXT    PRIMARY KEY,
    epoch INTEGER NOT NULL,
    until INTEGER NOT NULL
) WITHOUT ROWID;

-- Bytes that were refused and wait for a person. No read plan reaches this table.
CREATE TABLE quarantine (
    num      INTEGER PRIMARY KEY,
    received INTEGER NOT NULL,
    origin   INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    bytes    BLOB    NOT NULL
);
