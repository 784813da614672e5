//! Who asked and wrote what. Rows hold ids, ISRCs and hashes, never fingerprints.

use rusqlite::params;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Store, StoreError, now};

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Whose token.
    pub caller: String,
    /// Method and route.
    pub act: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What it was about: an id, an ISRC, or the SHA-256 of a body.
    pub subject: String,
}

impl Store {
    /// Notes an act.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn note(&self, caller: &str, act: &str, status: u16, subject: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "insert into audit (at, caller, act, status, subject) values (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![now(), caller, act, status, subject])
        })?;
        Ok(())
    }

    /// Acts behind the number `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn audit(&self, after: i64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select seq, at, caller, act, status, subject from audit where seq > ?1 order by seq limit ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![after, limit], |row| {
                Ok(AuditRow {
                    seq: row.get(0)?,
                    at: row.get(1)?,
                    caller: row.get(2)?,
                    act: row.get(3)?,
                    status: row.get(4)?,
                    subject: row.get(5)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Deletes acts older than `days`; how many.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn forget_acts(&self, days: u32) -> Result<usize, StoreError> {
        let age = jiff::SignedDuration::from_hours(24 * i64::from(days));
        let before = jiff::Timestamp::from_second((jiff::Timestamp::now() - age).as_second())
            .map_or_else(|_| String::new(), |time| time.to_string());
        self.with(|connection| connection.execute("delete from audit where at < ?1", params![before]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_read_in_order_and_forgotten_by_age() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for act in ["one", "two", "three"] {
            store.note("a", act, 200, "").unwrap();
        }
        let rows = store.audit(1, 10).unwrap();
        assert_eq!(rows.iter().map(|row| row.act.as_str()).collect::<Vec<_>>(), ["two", "three"]);
        assert_eq!(store.forget_acts(1).unwrap(), 0);
        let old = "update audit set at = '2020-01-01T00:00:00Z' where seq = 1";
        store.with(|connection| connection.execute(old, [])).unwrap();
        assert_eq!(store.forget_acts(1).unwrap(), 1);
    }
}
