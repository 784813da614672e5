//! Signed answers: who answered what, for which question, from which state.
//!
//! The signature is a signed note over five lines (see [`Statement::text`]). It names the
//! SHA-256 of the answer's bytes, so that the answer itself stays what it is, and the
//! root of the log, so that the state can be held against a checkpoint.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::port::State;
use crate::tlog::{KeyError, LogKey, verified};

/// What a signature speaks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The log's origin, which names who answered.
    pub origin: String,
    /// The registry's content hash, in hexadecimal.
    pub content_hash: String,
    /// Rows in the log.
    pub log_size: u64,
    /// The root over them, base64.
    pub log_root: String,
    /// SHA-256 of the question in canonical form, base64.
    pub question: String,
    /// SHA-256 of the answer's bytes, base64.
    pub answer: String,
}

impl Statement {
    /// The statement about an answer.
    pub fn new(key: &LogKey, state: &State, log_root: [u8; 32], question: &Value, answer: &[u8]) -> Self {
        Statement {
            origin: key.origin().to_owned(),
            content_hash: state.content_hash.clone(),
            log_size: state.log_size,
            log_root: STANDARD.encode(log_root),
            question: STANDARD.encode(Sha256::digest(question.to_string())),
            answer: STANDARD.encode(Sha256::digest(answer)),
        }
    }

    /// The lines that are signed.
    pub fn text(&self) -> String {
        let mut text = format!("{}/answer\n", self.origin);
        let _ = writeln!(text, "registry {}", self.content_hash);
        let _ = writeln!(text, "log {} {}", self.log_size, self.log_root);
        let _ = writeln!(text, "question {}", self.question);
        let _ = writeln!(text, "answer {}", self.answer);
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let origin = lines.next()?.strip_suffix("/answer")?.to_owned();
        let content_hash = lines.next()?.strip_prefix("registry ")?.to_owned();
        let (size, root) = lines.next()?.strip_prefix("log ")?.split_once(' ')?;
        let question = lines.next()?.strip_prefix("question ")?.to_owned();
        let answer = lines.next()?.strip_prefix("answer ")?.to_owned();
        if lines.next().is_some() {
            return None;
        }
        let (log_size, log_root) = (size.parse().ok()?, root.to_owned());
        Some(Statement { origin, content_hash, log_size, log_root, question, answer })
    }

    /// The signed note.
    ///
    /// # Errors
    /// [`KeyError::Unsigned`].
    pub fn sign(&self, key: &LogKey) -> Result<String, KeyError> {
        key.sign(&self.text())
    }
}

/// Why an answer does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The note is not signed by the key.
    #[error(transparent)]
    Unsigned(#[from] KeyError),
    /// The note is not about an answer.
    #[error("the note is signed, but it is not about an answer")]
    NotAnAnswer,
    /// The bytes are not those that were signed.
    #[error("the answer was changed after it was signed")]
    Changed,
}

/// Checks that `public` signed an answer of exactly these bytes, and returns what the
/// signature says of it.
///
/// # Errors
/// [`AnswerError`].
pub fn check(note: &str, public: &str, answer: &[u8]) -> Result<Statement, AnswerError> {
    let text = verified(note, public)?;
    let statement = Statement::parse(&text).ok_or(AnswerError::NotAnAnswer)?;
    if statement.answer != STANDARD.encode(Sha256::digest(answer)) {
        return Err(AnswerError::Changed);
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_answer_holds_for_its_bytes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = LogKey::open(folder.path(), "registry.example").unwrap();
        let state = State {
            content_hash: "ab".repeat(32),
            generation: 3,
            params_id: "x".to_owned(),
            recordings: 2,
            log_size: 5,
            log_head: "cd".repeat(32),
        };
        let statement =
            Statement::new(&key, &state, [1; 32], &serde_json::json!({"use": "search"}), b"yes\n");
        let note = statement.sign(&key).unwrap();
        assert_eq!(check(&note, key.public(), b"yes\n").unwrap(), statement);
        assert!(matches!(check(&note, key.public(), b"no\n"), Err(AnswerError::Changed)));
        let forged = note.replace("log 5", "log 6");
        assert!(matches!(check(&forged, key.public(), b"yes\n"), Err(AnswerError::Unsigned(_))));
        let other = key.sign("registry.example\n5\nroot\n").unwrap();
        assert!(matches!(check(&other, key.public(), b"yes\n"), Err(AnswerError::NotAnAnswer)));
    }
}
