//! Recordings, rows of the log, and what changed.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Service;
use super::caller::Caller;
use super::respond::line;
use crate::port::{LogRow, Refusal, Search};
use crate::problem::{Kind, Problem};
use crate::store::Role;

/// Recordings in an answer, at most.
const MOST_RECORDINGS: usize = 1_000;

/// Rows in an answer, at most.
const MOST_ROWS: usize = 10_000;

/// Longest wait for a change, in seconds: shorter than proxies wait.
const LONGEST_WAIT_S: u64 = 30;

/// Which recordings to list.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Words of title, artist or ISRC.
    #[serde(default)]
    text: String,
    /// Only of this owner.
    owner: Option<String>,
    /// Only behind this id.
    after: Option<String>,
    /// At most this many; 100 by default, 1,000 at most.
    limit: Option<usize>,
}

/// Recordings in the order of their ids. A rightsholder sees its own.
#[utoipa::path(
    get, path = "/v1/recordings", tag = "registry", params(ListQuery),
    responses((status = 200, body = Vec<Value>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub(super) async fn recordings(
    Shared(service): Shared<Service>,
    caller: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<Value>>, Problem> {
    caller.must(|role| role != Role::Asker, "list the catalogue")?;
    let Query(query) = query.map_err(|error| Problem::new(Kind::Invalid, error.body_text()))?;
    let mine = caller.0.owner.filter(|_| caller.0.role == Role::Rightsholder);
    let search = Search {
        text: query.text,
        owner: mine.or(query.owner),
        after: query.after,
        limit: Some(query.limit.unwrap_or(100).min(MOST_RECORDINGS)),
    };
    let view = service.view();
    let rows = tokio::task::spawn_blocking(move || view.recordings(&search)).await;
    rows.map_err(|error| super::body::failed(&error))?.map(Json).map_err(Problem::from)
}

/// A recording by its id.
#[utoipa::path(
    get, path = "/v1/recordings/{id}", tag = "registry", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(super) async fn recording(
    Shared(service): Shared<Service>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(service.view().recording(&id)?))
}

/// A row of the log by its number: a declaration, a mandate or an owner row.
#[utoipa::path(
    get, path = "/v1/declarations/{seq}", tag = "registry", params(("seq" = u64, Path, minimum = 1)),
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(super) async fn row(
    Shared(service): Shared<Service>,
    _caller: Caller,
    Path(seq): Path<String>,
) -> Result<Json<Value>, Problem> {
    let seq = number(&seq)?;
    let missing = || Refusal::NotFound(format!("row {seq} of the log"));
    if seq == 0 {
        return Err(missing().into());
    }
    let row = service.view().log(seq, 1)?.into_iter().find(|row| row.seq == seq).ok_or_else(missing)?;
    Ok(Json(row.row))
}

/// A number in a path.
pub(super) fn number(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| Problem::new(Kind::Invalid, format!("{text:?} is not the number of a row")))
}

/// From which row on, and how long to wait for one.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangesQuery {
    /// The last row that the caller has; 0 for none.
    #[serde(default)]
    after: u64,
    /// Seconds to wait if there is none yet, at most 30.
    #[serde(default)]
    wait: u64,
    /// At most this many rows; 1,000 by default, 10,000 at most.
    limit: Option<usize>,
}

/// The rows of the log behind a number, one a line, in order and without gaps. Waits
/// for the next one if asked to.
#[utoipa::path(
    get, path = "/v1/changes", tag = "registry", params(ChangesQuery),
    responses(
        (status = 200, content_type = "application/x-ndjson", body = String),
        (status = 401, body = Problem),
    )
)]
pub(super) async fn changes(
    Shared(service): Shared<Service>,
    _caller: Caller,
    query: Result<Query<ChangesQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Kind::Invalid, error.body_text()))?;
    let limit = query.limit.unwrap_or(1_000).min(MOST_ROWS);
    let until = tokio::time::Instant::now() + Duration::from_secs(query.wait.min(LONGEST_WAIT_S));
    let rows = loop {
        // Listens before it looks, so that no commit falls between.
        let rung = service.bell.notified();
        let rows = rows_behind(&service, query.after, limit)?;
        if !rows.is_empty() || tokio::time::timeout_at(until, rung).await.is_err() {
            break rows;
        }
    };
    let body: Vec<u8> = rows.iter().flat_map(|row| line(&row.row)).collect();
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn rows_behind(service: &Service, after: u64, limit: usize) -> Result<Vec<LogRow>, Problem> {
    match after.checked_add(1) {
        Some(from) if from <= service.view().state().log_size => Ok(service.view().log(from, limit)?),
        _ => Ok(Vec::new()),
    }
}
