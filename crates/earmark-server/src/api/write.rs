//! What rightsholders and registrars write.
//!
//! Every write is all or nothing, idempotent, and answered with its numbers in the
//! log, the hashes of its leaves, and a checkpoint that covers them.

use std::fmt::Write as _;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Service;
use super::body::{Coding, failed, spool, text, unpacked};
use super::caller::Caller;
use super::isrc::understood;
use crate::port::{LogRow, Question, Registered};
use crate::problem::{Kind, Problem};
use crate::store::Role;

/// Rows of one write, at most.
const MOST_ROWS: usize = 10_000;

/// Bytes of one write, at most: a row has a few hundred.
const MOST_BYTES: usize = 16 << 20;

/// Rows that were logged.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Logged {
    /// The rows of the request that are new or stand there already, by number.
    rows: Vec<LoggedRow>,
    /// The signed checkpoint that covers them.
    checkpoint: String,
}

/// A row that was logged.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct LoggedRow {
    /// Its number in the log.
    seq: u64,
    /// The hash of its leaf in the Merkle tree, in hexadecimal.
    leaf: String,
    /// Where its receipt is.
    proof: String,
}

/// Registers the recordings of a fingerprint file with their label copy.
#[utoipa::path(
    post, path = "/v1/registrations", tag = "write",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = Registered), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 503, body = Problem),
    )
)]
pub(super) async fn register(
    Shared(service): Shared<Service>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    caller.must(Role::may_declare, "register recordings")?;
    let coding = Coding::of(&headers)?;
    let spooled = spool(&service, body).await?;
    let place = service
        .gate
        .enter(&caller.0.name)
        .map_err(|error| Problem::new(Kind::Busy, error.to_string()).retry_after(1))?;
    let turn = place.turn().await;
    let owner = caller.0.owner.clone().filter(|_| caller.0.role == Role::Rightsholder);
    let subject = hex(&spooled.sha256);
    let worker = service.clone();
    let registered = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let fingerprints = unpacked(&worker, coding, spooled.file)?;
        let registered = worker.registry.register(fingerprints, owner.as_deref())?;
        worker.reload()?;
        Ok::<_, Problem>(registered)
    })
    .await
    .map_err(|error| failed(&error))??;
    note(&service, &caller, "POST /v1/registrations", 201, &subject);
    Ok((StatusCode::CREATED, Json(registered)).into_response())
}

/// Logs declarations. A rightsholder declares in the name of its owner alone; what
/// an owner without a mandate says about others' recordings is logged as a claim.
#[utoipa::path(
    post, path = "/v1/declarations", tag = "write", request_body = Vec<Value>,
    responses(
        (status = 201, body = Logged), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem),
    )
)]
pub(super) async fn declarations(
    Shared(service): Shared<Service>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    caller.must(Role::may_declare, "declare")?;
    append(service, caller, headers, body, "declaration").await
}

/// Logs for whom a declarant may speak.
#[utoipa::path(
    post, path = "/v1/mandates", tag = "write", request_body = Vec<Value>,
    responses(
        (status = 201, body = Logged), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem),
    )
)]
pub(super) async fn mandates(
    Shared(service): Shared<Service>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    caller.must(Role::may_authorise, "say who may speak for whom")?;
    append(service, caller, headers, body, "mandate").await
}

/// Logs names and parents of owners.
#[utoipa::path(
    post, path = "/v1/owners", tag = "write", request_body = Vec<Value>,
    responses(
        (status = 201, body = Logged), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem),
    )
)]
pub(super) async fn owners(
    Shared(service): Shared<Service>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    caller.must(Role::may_authorise, "say who an owner is")?;
    append(service, caller, headers, body, "owner").await
}

/// What would change if these declarations were logged, before they are.
#[utoipa::path(
    post, path = "/v1/effect", tag = "write",
    params(
        ("use" = Option<String>, Query), ("territory" = Option<String>, Query),
        ("as_of" = Option<String>, Query), ("policy" = Option<String>, Query), ("asker" = Option<String>, Query),
    ),
    request_body = Vec<Value>,
    responses((status = 200, body = Value), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub(super) async fn effect(
    Shared(service): Shared<Service>,
    caller: Caller,
    question: Result<Query<Question>, axum::extract::rejection::QueryRejection>,
    body: Body,
) -> Result<Json<Value>, Problem> {
    caller.must(Role::may_declare, "declare")?;
    let question = understood(question)?;
    let (body, _) = text(&service, body, MOST_BYTES).await?;
    let rows = rows_of(&body, "declaration")?;
    speaks_for_itself(&caller, &rows)?;
    let view = service.view();
    let effect = tokio::task::spawn_blocking(move || view.effect(&rows, &question)).await;
    effect.map_err(|error| failed(&error))?.map(Json).map_err(Problem::from)
}

async fn append(
    service: Service,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
    kind: &'static str,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let (body, sha256) = text(&service, body, MOST_BYTES).await?;
    let rows = rows_of(&body, kind)?;
    if kind == "declaration" {
        speaks_for_itself(&caller, &rows)?;
    }
    let name = caller.0.name.clone();
    let worker = service.clone();
    let answer = tokio::task::spawn_blocking(move || {
        if let Some(key) = &key
            && let Some(before) = worker.store.answered(&name, key, sha256).map_err(|error| failed(&error))?
        {
            return before.map_err(|()| {
                Problem::new(Kind::Conflict, "this idempotency key was used for another body")
            });
        }
        let logged = worker.registry.append(&rows)?;
        worker.reload()?;
        let answer = answer(&worker, &logged)?;
        if let Some(key) = &key {
            worker.store.remember(&name, key, sha256, &answer).map_err(|error| failed(&error))?;
        }
        Ok(answer)
    })
    .await
    .map_err(|error| failed(&error))??;
    note(&service, &caller, &format!("POST {kind}"), 201, &hex(&sha256));
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], answer).into_response())
}

/// The answer to a write: only rows that a checkpoint covers are acknowledged.
fn answer(service: &Service, logged: &[LogRow]) -> Result<String, Problem> {
    let published = service.published();
    let rows = logged.iter().map(|row| {
        let leaf = published.tree().leaf(row.seq.saturating_sub(1)).map_err(|error| failed(&error))?;
        let proof = format!("/v1/declarations/{}/proof", row.seq);
        Ok(LoggedRow { seq: row.seq, leaf: hex(&leaf), proof })
    });
    let rows = rows.collect::<Result<Vec<LoggedRow>, Problem>>()?;
    let logged = Logged { rows, checkpoint: published.checkpoint().to_owned() };
    serde_json::to_string(&logged).map_err(|error| failed(&error))
}

/// The rows of a body: an array, an object, or an object a line. Each gets the `row`
/// of its route, and may not say another.
fn rows_of(body: &str, kind: &str) -> Result<Vec<Value>, Problem> {
    let invalid =
        |error: serde_json::Error| Problem::new(Kind::Invalid, format!("the body is not JSON: {error}"));
    let mut rows = Vec::new();
    for value in serde_json::Deserializer::from_str(body).into_iter::<Value>() {
        match value.map_err(invalid)? {
            Value::Array(values) => rows.extend(values),
            value => rows.push(value),
        }
    }
    if rows.is_empty() || rows.len() > MOST_ROWS {
        return Err(Problem::new(
            Kind::Invalid,
            format!("a write has 1 to {MOST_ROWS} rows, not {}", rows.len()),
        ));
    }
    for (n, row) in rows.iter_mut().enumerate() {
        let Value::Object(fields) = row else {
            return Err(Problem::new(Kind::Invalid, format!("row {} is not an object", n + 1)));
        };
        let said = fields.insert("row".to_owned(), json!(kind));
        if said.is_some_and(|said| said != kind) {
            return Err(Problem::new(Kind::Invalid, format!("row {} is not a {kind}", n + 1)));
        }
    }
    Ok(rows)
}

/// A rightsholder declares in no other name than its owner's.
fn speaks_for_itself(caller: &Caller, rows: &[Value]) -> Result<(), Problem> {
    if caller.0.role != Role::Rightsholder {
        return Ok(());
    }
    let owner = caller.0.owner.as_deref().unwrap_or_default();
    for (n, row) in rows.iter().enumerate() {
        let declarant = row.get("declarant").and_then(Value::as_str).unwrap_or_default();
        if declarant != owner {
            return Err(Problem::new(
                Kind::Forbidden,
                format!(
                    "row {} is in the name of {declarant:?}; this token speaks for {owner:?} alone",
                    n + 1
                ),
            ));
        }
    }
    Ok(())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=128).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(Kind::Invalid, "an idempotency key has 1 to 128 ASCII characters")),
    }
}

/// Notes a write. That it cannot be noted is told to the operator and undoes nothing.
pub(super) fn note(service: &Service, caller: &Caller, act: &str, status: u16, subject: &str) {
    if let Err(error) = service.store.note(&caller.0.name, act, status, subject) {
        tracing::error!(%error, act, "an act cannot be noted");
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_rows_of_its_kind_in_every_form() {
        let one = r#"{"declarant": "a"}"#;
        for body in [one.to_owned(), format!("[{one}]"), format!("{one}\n{one}\n")] {
            let rows = rows_of(&body, "declaration").unwrap();
            assert!(rows.iter().all(|row| row["row"] == "declaration"), "{body}");
        }
        for body in ["", "[]", "[1]", "{", r#"{"row": "mandate"}"#] {
            assert!(rows_of(body, "declaration").is_err(), "{body}");
        }
    }
}
