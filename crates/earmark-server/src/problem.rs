//! Errors as problem details (RFC 9457), with types that stay.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::port::Refusal;

/// An error that a client can act on. Its type is `urn:earmark:problem:KIND`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of error, for programs: it never changes.
    #[serde(rename = "type")]
    pub type_: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, for people.
    pub detail: String,
    /// Seconds after which to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The request is not understood.
    Invalid,
    /// No token, or one that is not valid.
    Unauthenticated,
    /// The token does not allow this.
    Forbidden,
    /// What is asked for is not there.
    NotFound,
    /// The method does not fit the path.
    MethodNotAllowed,
    /// The body is larger than the limit.
    TooLarge,
    /// The same idempotency key with another body.
    Conflict,
    /// Too many requests of this caller.
    TooMany,
    /// No room for another search.
    Busy,
    /// What this service does not do.
    NotOffered,
    /// The request took too long.
    TimedOut,
    /// A fault of the service or its registry.
    Failed,
}

impl Kind {
    fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Invalid => ("invalid", "The request is not understood", StatusCode::BAD_REQUEST),
            Self::Unauthenticated => ("unauthenticated", "A valid token is needed", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("forbidden", "The token does not allow this", StatusCode::FORBIDDEN),
            Self::NotFound => ("not-found", "Not found", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => {
                ("method-not-allowed", "The method does not fit the path", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::TooLarge => ("too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::Conflict => ("conflict", "The request contradicts an earlier one", StatusCode::CONFLICT),
            Self::TooMany => ("too-many-requests", "Too many requests", StatusCode::TOO_MANY_REQUESTS),
            Self::Busy => ("busy", "The service is busy", StatusCode::SERVICE_UNAVAILABLE),
            Self::NotOffered => ("not-offered", "Not offered here", StatusCode::NOT_IMPLEMENTED),
            Self::TimedOut => ("timed-out", "The request took too long", StatusCode::REQUEST_TIMEOUT),
            Self::Failed => ("failed", "The service failed", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl Problem {
    /// An error of a kind, with what happened.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (name, title, status) = kind.parts();
        Problem {
            type_: format!("urn:earmark:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            retry_after_s: None,
        }
    }

    /// The same, to be tried again after `seconds`.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Invalid(_) => Problem::new(Kind::Invalid, detail),
            Refusal::NotFound(_) => Problem::new(Kind::NotFound, detail),
            Refusal::Forbidden(_) => Problem::new(Kind::Forbidden, detail),
            Refusal::Busy => Problem::new(Kind::Busy, detail).retry_after(1),
            Refusal::Stopped => Problem::new(Kind::TimedOut, detail),
            Refusal::Failed(_) => {
                // The operator reads the cause, strangers do not.
                tracing::error!(detail, "the registry failed");
                Problem::new(Kind::Failed, "the registry cannot answer; the operator's log says why")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
