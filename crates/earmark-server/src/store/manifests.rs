//! Where the C2PA manifests of recordings are.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};

impl Store {
    /// Notes that a recording has a manifest in the repository at `endpoint`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn add_manifest(&self, recording: &str, id: &str, endpoint: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.execute(
                "insert or replace into manifest (recording, manifest_id, endpoint) values (?1, ?2, ?3)",
                params![recording, id, endpoint],
            )
        })?;
        Ok(())
    }

    /// The manifests of a recording: id and repository.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn manifests(&self, recording: &str) -> Result<Vec<(String, Option<String>)>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select manifest_id, endpoint from manifest where recording = ?1 order by manifest_id",
            )?;
            let rows = statement.query_map(params![recording], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// The repository that has a manifest.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn manifest_endpoint(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.with(|connection| {
            let sql = "select endpoint from manifest where manifest_id = ?1 and endpoint is not null limit 1";
            connection.query_row(sql, params![id], |row| row.get(0)).optional()
        })
    }
}
