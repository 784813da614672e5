//! A registry of three lines, to test the service and not recognition.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use earmark_server::config::Config;
use earmark_server::port::{
    LogRow, Question, Recognised, Refusal, Registered, Registry, Search, State, View,
};
use earmark_server::server::Server;
use earmark_server::store::{NewToken, Role};
use serde_json::{Value, json};

/// Rows of a log in memory. `committed` is what a writer has, `seen` what a reload took up.
#[derive(Default)]
pub struct Fake {
    pub committed: Mutex<Vec<Value>>,
    pub seen: Mutex<Vec<Value>>,
    /// How long a search takes.
    pub search: Duration,
}

struct FakeView {
    rows: Vec<Value>,
    state: State,
    search: Duration,
}

impl Fake {
    pub fn new(rows: usize) -> Self {
        let rows: Vec<Value> =
            (0..rows).map(|n| json!({ "row": "declaration", "declarant": "Label", "n": n })).collect();
        Fake::of(rows)
    }

    pub fn of(rows: Vec<Value>) -> Self {
        Fake { committed: Mutex::new(rows.clone()), seen: Mutex::new(rows), search: Duration::ZERO }
    }

    /// Commits of another process.
    pub fn commit(&self, rows: Vec<Value>) {
        *self.committed.lock().unwrap() = rows;
    }

    pub fn rows(&self) -> Vec<Value> {
        self.committed.lock().unwrap().clone()
    }
}

impl Registry for Fake {
    fn view(&self) -> Arc<dyn View> {
        let rows = self.seen.lock().unwrap().clone();
        let state = State {
            content_hash: format!("{:064x}", rows.len()),
            generation: rows.len() as u64,
            params_id: "p1".to_owned(),
            recordings: 1,
            log_size: rows.len() as u64,
            log_head: "00".repeat(32),
        };
        Arc::new(FakeView { rows, state, search: self.search })
    }

    fn reload(&self) -> Result<bool, Refusal> {
        let committed = self.committed.lock().unwrap().clone();
        let mut seen = self.seen.lock().unwrap();
        let changed = *seen != committed;
        *seen = committed;
        Ok(changed)
    }

    fn register(&self, mut fingerprints: File, owner: Option<&str>) -> Result<Registered, Refusal> {
        let mut text = String::new();
        fingerprints.read_to_string(&mut text).map_err(|error| Refusal::Invalid(error.to_string()))?;
        if owner.is_some_and(|owner| owner != text) {
            return Err(Refusal::Forbidden("the label copy names another owner".to_owned()));
        }
        Ok(Registered { added: 1, ..Registered::default() })
    }

    fn append(&self, rows: &[Value]) -> Result<Vec<LogRow>, Refusal> {
        let mut committed = self.committed.lock().unwrap();
        let mut logged = Vec::new();
        for row in rows {
            if row.get("bad").is_some() {
                return Err(Refusal::Invalid("a bad row".to_owned()));
            }
            let place = committed.iter().position(|stored| stored == row);
            let place = place.unwrap_or_else(|| {
                committed.push(row.clone());
                committed.len() - 1
            });
            logged.push(log_row(place, row));
        }
        Ok(logged)
    }
}

fn log_row(place: usize, row: &Value) -> LogRow {
    LogRow { seq: place as u64 + 1, canonical: row.to_string().into_bytes(), row: row.clone() }
}

impl View for FakeView {
    fn state(&self) -> &State {
        &self.state
    }

    fn question(&self, question: &Question) -> Result<Value, Refusal> {
        if question.use_.as_deref().is_some_and(|use_| !use_.starts_with("ai-")) {
            return Err(Refusal::Invalid("not a use".to_owned()));
        }
        serde_json::to_value(question).map_err(|error| Refusal::Failed(error.to_string()))
    }

    fn isrc(&self, isrc: &str, question: &Question) -> Result<Value, Refusal> {
        if isrc.len() != 12 {
            return Err(Refusal::Invalid(format!("{isrc} is not an ISRC")));
        }
        Ok(json!({ "isrc": isrc, "asker": question.asker }))
    }

    fn scan(
        &self,
        mut fingerprints: File,
        _: &Question,
        stop: &AtomicBool,
        out: &mut (dyn Write + Send),
    ) -> Result<(), Refusal> {
        let mut bytes = Vec::new();
        fingerprints.read_to_end(&mut bytes).map_err(|error| Refusal::Invalid(error.to_string()))?;
        let until = std::time::Instant::now() + self.search;
        while std::time::Instant::now() < until {
            if stop.load(Ordering::Relaxed) {
                return Err(Refusal::Stopped);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        out.write_all(b"answer to ")
            .and_then(|()| out.write_all(&bytes))
            .map_err(|error| Refusal::Failed(error.to_string()))
    }

    fn identify(&self, _: File) -> Result<Vec<Recognised>, Refusal> {
        Ok(vec![Recognised { recording: "r1".to_owned(), e_value: 1e-6 }])
    }

    fn recording(&self, id: &str) -> Result<Value, Refusal> {
        if id == "r1" { Ok(json!({ "id": id })) } else { Err(Refusal::NotFound(id.to_owned())) }
    }

    fn recordings(&self, search: &Search) -> Result<Vec<Value>, Refusal> {
        Ok(vec![json!({ "owner": search.owner, "limit": search.limit })])
    }

    fn log(&self, from: u64, limit: usize) -> Result<Vec<LogRow>, Refusal> {
        let first = usize::try_from(from - 1).unwrap();
        Ok(self.rows.iter().enumerate().skip(first).take(limit).map(|(n, row)| log_row(n, row)).collect())
    }

    fn effect(&self, rows: &[Value], _: &Question) -> Result<Value, Refusal> {
        Ok(json!({ "rows": rows.len() }))
    }
}

/// A service over a fake registry, and a token of each role.
pub struct World {
    pub folder: tempfile::TempDir,
    pub fake: Arc<Fake>,
    pub server: Server,
}

impl World {
    pub fn new(fake: Fake, config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fake = Arc::new(fake);
        let server = Server::new(config, folder.path(), fake.clone()).unwrap();
        World { folder, fake, server }
    }

    pub fn token(&self, role: Role) -> String {
        let owner = (role == Role::Rightsholder).then(|| "Label".to_owned());
        let new = NewToken { name: role.name().to_owned(), role, owner, licensee: None, expires: None };
        self.server.service().store.create_token(&new).unwrap().text
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
