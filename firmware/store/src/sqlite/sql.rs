//! Every statement that runs more than once. They are prepared once per connection, and a test asserts
//! that none of them scans a table or sorts.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $sql),)*];
    };
}

statements! {
    HEAD = "SELECT n, m, received FROM head WHERE one = 1";
    SET_HEAD = "UPDATE head SET n = ?1, m = ?2, received = ?3 WHERE one = 1";
    LAST_SEQ = "SELECT max(seq) FROM event";

    NUMBER = "SELECT num FROM dictionary WHERE key = ?1";
    KEY = "SELECT key FROM dictionary WHERE num = ?1";
    ADD_KEY = "INSERT INTO dictionary (key) VALUES (?1)";
    DROP_KEY = "DELETE FROM dictionary WHERE num = ?1 \
        AND NOT EXISTS (SELECT 1 FROM entry WHERE key = ?1) \
        AND NOT EXISTS (SELECT 1 FROM usage WHERE payer = ?1)";

    ADD_EVENT = "INSERT INTO event (seq, id, kind, created_at, received, expires, origin, payer, keys, bytes) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    ADD_ID = "INSERT INTO event_id (prefix, seq) VALUES (?1, ?2)";
    ADD_ENTRY = "INSERT INTO entry (key, kind, created_at, rank, seq) VALUES (?1, ?2, ?3, ?4, ?5)";
    ADD_CHANGE = "INSERT INTO change (seq, members) VALUES (?1, ?2)";
    BY_ID = "SELECT event.seq, event.created_at, event.kind FROM event_id JOIN event ON event.seq = event_id.seq \
        WHERE event_id.prefix = ?1 AND event.id = ?2";

    /// A whole row, for a reader.
    ROW = "SELECT received, created_at, expires, keys, bytes FROM event WHERE seq = ?1";
    /// A row without its bytes, for counting and for NIP-77.
    ROW_ID = "SELECT id, created_at, expires, keys FROM event WHERE seq = ?1";
    /// What is needed to take a row out again.
    ROW_KEYS = "SELECT id, kind, created_at, payer, keys, octet_length(bytes), expires FROM event WHERE seq = ?1";
    AFTER = "SELECT seq, received, id, kind, created_at, keys, bytes FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq";
    MOVES_MEMBERS = "SELECT 1 FROM change WHERE seq = ?1 AND members = 1";
    CHANGES = "SELECT change.seq, event.received, event.bytes FROM change JOIN event ON event.seq = change.seq \
        WHERE change.seq > ?1 ORDER BY change.seq LIMIT ?2";

    /// Key 0 stands for any event.
    OF_KIND = "SELECT event.bytes FROM entry JOIN event ON event.seq = entry.seq \
        WHERE entry.key = 0 AND entry.kind = ?1 ORDER BY entry.created_at, entry.rank, entry.seq";

    /// Newest first below a position; the caller stops stepping when it has enough.
    SEEK = "SELECT created_at, rank, seq FROM entry WHERE key = ?1 AND kind = ?2 \
        AND (created_at, rank, seq) < (?3, ?4, ?5) ORDER BY created_at DESC, rank DESC, seq DESC";
    NEXT_KIND = "SELECT kind FROM entry WHERE key = ?1 AND kind >= ?2 ORDER BY kind LIMIT 1";
    EXPIRED = "SELECT seq FROM event WHERE expires <= ?1";

    DROP_EVENT = "DELETE FROM event WHERE seq = ?1";
    DROP_ID = "DELETE FROM event_id WHERE prefix = ?1 AND seq = ?2";
    DROP_ENTRY = "DELETE FROM entry WHERE key = ?1 AND kind = ?2 AND created_at = ?3 AND rank = ?4 AND seq = ?5";
    DROP_CHANGE = "DELETE FROM change WHERE seq = ?1";

    SLOT = "SELECT event.seq, event.created_at, event.id, event.payer, octet_length(event.bytes) \
        FROM slot JOIN event ON event.seq = slot.seq WHERE slot.author = ?1 AND slot.kind = ?2 AND slot.d = ?3";
    SET_SLOT = "INSERT OR REPLACE INTO slot (author, kind, d, seq) VALUES (?1, ?2, ?3, ?4)";
    DROP_SLOT = "DELETE FROM slot WHERE seq = ?1";

    TOMBSTONES = "SELECT author FROM tombstone WHERE id = ?1";
    ADD_TOMBSTONE = "INSERT OR IGNORE INTO tombstone (id, author, ordered) VALUES (?1, ?2, ?3)";
    ADDRESS_TOMBSTONE = "SELECT created_at FROM address_tombstone WHERE author = ?1 AND kind = ?2 AND d = ?3";
    ADD_ADDRESS_TOMBSTONE = "INSERT INTO address_tombstone (author, kind, d, created_at) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (author, kind, d) DO UPDATE SET created_at = max(created_at, excluded.created_at)";

    USAGE = "SELECT bytes FROM usage WHERE payer = ?1";
    CHARGE = "INSERT INTO usage (payer, bytes) VALUES (?1, ?2) \
        ON CONFLICT (payer) DO UPDATE SET bytes = bytes + excluded.bytes";
    DROP_USAGE = "DELETE FROM usage WHERE payer = ?1 AND bytes <= 0";

    CHAIN = "SELECT n, head FROM chain WHERE key = ?1";
    SET_CHAIN = "INSERT OR REPLACE INTO chain (key, n, head) VALUES (?1, ?2, ?3)";
    ADD_DUE = "INSERT INTO due (seq, chain, id, received, public, staff) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    CLEAR_DUE = "DELETE FROM due WHERE id = ?1 AND chain = ?2";
    DUE = "SELECT due.seq, chain, due.id, due.received, public, staff, origin FROM due \
        JOIN event ON event.seq = due.seq WHERE due.seq > 0 ORDER BY due.seq, chain LIMIT ?1";

    MARK = "INSERT INTO mark (space, key, until) VALUES (?1, ?2, ?3) \
        ON CONFLICT (space, key) DO UPDATE SET until = excluded.until WHERE until < ?4";
    DROP_MARKS = "DELETE FROM mark WHERE (space, key) IN \
        (SELECT space, key FROM mark WHERE until < ?1 ORDER BY until LIMIT 8)";
    COUNTER = "SELECT value FROM counter WHERE space = ?1 AND key = ?2";
    SET_COUNTER = "INSERT OR REPLACE INTO counter (space, key, value) VALUES (?1, ?2, ?3)";
    TAKE_LEASE = "INSERT INTO lease (name, epoch, until) VALUES (?1, 1, ?2) \
        ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1, until = excluded.until RETURNING epoch";
    LEASE = "SELECT until FROM lease WHERE name = ?1 AND epoch = ?2";
    QUARANTINE = "INSERT INTO quarantine (received, origin, reason, bytes) VALUES (?1, ?2, ?3, ?4)";
}
