//! Long work: what was asked, and what became of it.
//!
//! Bodies and answers are files beside the database, named by the job. A job that
//! runs when the process ends is queued again by the next one: its answer depends on
//! its body, its question and the registry alone.

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tokens::random_hex;
use super::{Store, StoreError, now};

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// It waits.
    Queued,
    /// It runs.
    Running,
    /// Its answer can be fetched.
    Done,
    /// It has no answer.
    Failed,
}

impl JobState {
    fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed].into_iter().find(|state| state.name() == name)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Whose it is.
    #[serde(skip)]
    pub caller: String,
    /// The question, as it was asked.
    #[serde(skip)]
    pub question: String,
    /// Where it stands.
    pub state: JobState,
    /// When it was asked.
    pub created: String,
    /// When it ended.
    pub finished: Option<String>,
    /// Why it has no answer.
    pub error: Option<String>,
}

impl Store {
    /// A name for a job that is not queued yet.
    ///
    /// # Errors
    /// [`StoreError::Token`] when the system gives no random bytes.
    pub fn new_job_id(&self) -> Result<String, StoreError> {
        random_hex::<16>()
    }

    /// Queues a job whose body is on disk.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn queue_job(&self, id: &str, caller: &str, question: &str) -> Result<Job, StoreError> {
        self.with(|connection| {
            connection.execute(
                "insert into job (id, caller, question, state, created) values (?1, ?2, ?3, 'queued', ?4)",
                params![id, caller, question, now()],
            )?;
            connection.query_row(&format!("{SELECT} where id = ?1"), params![id], job)
        })
    }

    /// Takes the oldest queued job, which then runs.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn take_job(&self) -> Result<Option<Job>, StoreError> {
        self.with(|connection| {
            connection
                .query_row(
                    "update job set state = 'running' where id =
                     (select id from job where state = 'queued' order by created, id limit 1)
                     returning id, caller, question, state, created, finished, error",
                    [],
                    job,
                )
                .optional()
        })
    }

    /// Queues again what ran when the process before this one ended; how many.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn requeue_jobs(&self) -> Result<usize, StoreError> {
        self.with(|connection| {
            connection.execute("update job set state = 'queued' where state = 'running'", [])
        })
    }

    /// Ends a job, with why if it has no answer.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn end_job(&self, id: &str, error: Option<&str>) -> Result<(), StoreError> {
        let state = if error.is_some() { JobState::Failed } else { JobState::Done };
        self.with(|connection| {
            connection.execute(
                "update job set state = ?2, finished = ?3, error = ?4 where id = ?1",
                params![id, state.name(), now(), error],
            )
        })?;
        Ok(())
    }

    /// A caller's job. Nobody else's is found.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn job(&self, id: &str, caller: &str) -> Result<Option<Job>, StoreError> {
        self.with(|connection| {
            connection
                .query_row(&format!("{SELECT} where id = ?1 and caller = ?2"), params![id, caller], job)
                .optional()
        })
    }

    /// How many jobs of a caller wait or run.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn open_jobs(&self, caller: &str) -> Result<u64, StoreError> {
        self.with(|connection| {
            connection.query_row(
                "select count(*) from job where caller = ?1 and state in ('queued', 'running')",
                params![caller],
                |row| row.get::<_, i64>(0).map(|count| count.unsigned_abs()),
            )
        })
    }

    /// Deletes jobs that ended more than `days` ago, and returns their ids.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn forget_jobs(&self, days: u32) -> Result<Vec<String>, StoreError> {
        let age = jiff::SignedDuration::from_hours(24 * i64::from(days));
        let before = (jiff::Timestamp::now() - age).to_string();
        self.with(|connection| {
            let mut statement =
                connection.prepare_cached("delete from job where finished < ?1 returning id")?;
            let ids = statement.query_map(params![before], |row| row.get(0))?;
            ids.collect()
        })
    }

    /// The answer that was given to the same write before, if the body was the same;
    /// `Err` within if it was another.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn answered(
        &self,
        caller: &str,
        key: &str,
        body: [u8; 32],
    ) -> Result<Option<Result<String, ()>>, StoreError> {
        self.with(|connection| {
            connection
                .query_row(
                    "select body, answer from idempotency where caller = ?1 and key = ?2",
                    params![caller, key],
                    |row| {
                        let same = row.get::<_, [u8; 32]>(0)? == body;
                        Ok(if same { Ok(row.get(1)?) } else { Err(()) })
                    },
                )
                .optional()
        })
    }

    /// Remembers the answer to a write.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn remember(&self, caller: &str, key: &str, body: [u8; 32], answer: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.execute(
                "insert or ignore into idempotency (caller, key, body, answer, created) values (?1, ?2, ?3, ?4, ?5)",
                params![caller, key, body, answer, now()],
            )
        })?;
        Ok(())
    }
}

const SELECT: &str = "select id, caller, question, state, created, finished, error from job";

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let state: String = row.get(3)?;
    Ok(Job {
        id: row.get(0)?,
        caller: row.get(1)?,
        question: row.get(2)?,
        state: JobState::parse(&state).ok_or(rusqlite::Error::InvalidColumnType(
            3,
            state,
            rusqlite::types::Type::Text,
        ))?,
        created: row.get(4)?,
        finished: row.get(5)?,
        error: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_was_running_runs_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let id = store.new_job_id().unwrap();
        store.queue_job(&id, "a", "{}").unwrap();
        assert_eq!(store.take_job().unwrap().unwrap().id, id);
        assert_eq!(store.take_job().unwrap(), None);
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.requeue_jobs().unwrap(), 1);
        assert_eq!(store.take_job().unwrap().unwrap().state, JobState::Running);
        store.end_job(&id, None).unwrap();
        assert_eq!(store.job(&id, "a").unwrap().unwrap().state, JobState::Done);
        assert_eq!(store.job(&id, "b").unwrap(), None);
        assert_eq!(store.open_jobs("a").unwrap(), 0);
    }

    #[test]
    fn a_key_stands_for_one_body() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.answered("a", "k", [1; 32]).unwrap(), None);
        store.remember("a", "k", [1; 32], "yes").unwrap();
        assert_eq!(store.answered("a", "k", [1; 32]).unwrap(), Some(Ok("yes".to_owned())));
        assert_eq!(store.answered("a", "k", [2; 32]).unwrap(), Some(Err(())));
        assert_eq!(store.answered("b", "k", [1; 32]).unwrap(), None);
    }
}
