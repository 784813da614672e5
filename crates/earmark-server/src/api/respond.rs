//! Answers: their state, their signature, their rows.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Service;
use super::body::failed;
use crate::answer::Statement;
use crate::port::{Question, View};
use crate::problem::Problem;

/// Asks for a signature: `Earmark-Sign: 1`.
pub(super) const SIGN: HeaderName = HeaderName::from_static("earmark-sign");
/// The signed note about the answer, base64.
pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("earmark-signature");

/// The question of a request: an asker with a licence asks as its licensee.
pub(super) fn asked(question: Question, licensee: Option<&String>) -> Question {
    Question { asker: licensee.cloned().or(question.asker.filter(|_| licensee.is_none())), ..question }
}

/// The tag of all answers to a question from a state. `about` tells apart what is
/// asked about.
pub(super) fn etag(view: &dyn View, question: &Value, about: &str) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in [view.state().content_hash.as_str(), &question.to_string(), about] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut tag = String::from("\"");
    hash.finalize().iter().take(16).for_each(|byte| {
        let _ = write!(tag, "{byte:02x}");
    });
    tag.push('"');
    tag
}

/// Whether the caller has this answer already.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|list| list.split(',').any(|one| one.trim() == tag || one.trim() == "*"))
}

/// An answer that rests on one view.
pub(super) struct Answer<'a> {
    pub(super) service: &'a Service,
    pub(super) view: &'a dyn View,
    pub(super) question: &'a Value,
    pub(super) headers: &'a HeaderMap,
}

impl Answer<'_> {
    /// The response, signed if the caller asked for that.
    pub(super) fn send(
        &self,
        content_type: &'static str,
        tag: Option<String>,
        bytes: Vec<u8>,
    ) -> Result<Response, Problem> {
        let signature = self.signature(&bytes)?;
        let mut response = (StatusCode::OK, Body::from(bytes)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        // Whoever asks again gets the present state, cheaply if nothing changed.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(signature) = signature {
            headers.insert(SIGNATURE, signature);
        }
        Ok(response)
    }

    fn signature(&self, bytes: &[u8]) -> Result<Option<HeaderValue>, Problem> {
        if self.headers.get(SIGN).is_none_or(|value| value != "1") {
            return Ok(None);
        }
        let published = self.service.published();
        let root = published.tree().root_of(self.view.state().log_size).map_err(|error| failed(&error))?;
        let statement = Statement::new(&self.service.key, self.view.state(), root, self.question, bytes);
        let note = statement.sign(&self.service.key).map_err(|error| failed(&error))?;
        HeaderValue::from_str(&STANDARD.encode(note)).map(Some).map_err(|error| failed(&error))
    }
}

/// A value as one line of JSON.
pub(super) fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}
