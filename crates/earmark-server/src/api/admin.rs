//! Tokens and the audit log.

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Service;
use super::body::failed;
use super::caller::Caller;
use super::write::note;
use crate::port::Refusal;
use crate::problem::{Kind, Problem};
use crate::store::{AuditRow, NewToken, Role, StoreError, TokenRow};

/// Acts in an answer, at most.
const MOST_ACTS: usize = 10_000;

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenRequest {
    /// The name of its holder.
    name: String,
    /// What it may do.
    role: Role,
    /// For which owner it speaks.
    owner: Option<String>,
    /// As which licensee it asks.
    licensee: Option<String>,
    /// Until when it is valid, RFC 3339.
    expires: Option<String>,
}

/// A new token. It is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    /// Its id.
    id: String,
    /// What a client sends.
    token: String,
}

fn is_admin(role: Role) -> bool {
    role == Role::Admin
}

/// All tokens, without their secrets.
#[utoipa::path(get, path = "/v1/tokens", tag = "admin", responses((status = 200, body = Vec<TokenRow>), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn tokens(
    Shared(service): Shared<Service>,
    caller: Caller,
) -> Result<Json<Vec<TokenRow>>, Problem> {
    caller.must(is_admin, "see tokens")?;
    service.store.tokens().map(Json).map_err(|error| failed(&error))
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/tokens", tag = "admin", request_body = TokenRequest,
    responses((status = 201, body = TokenAnswer), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub(super) async fn create_token(
    Shared(service): Shared<Service>,
    caller: Caller,
    request: Result<Json<TokenRequest>, axum::extract::rejection::JsonRejection>,
) -> Result<Response, Problem> {
    caller.must(is_admin, "make tokens")?;
    let Json(request) = request.map_err(|error| Problem::new(Kind::Invalid, error.body_text()))?;
    let TokenRequest { name, role, owner, licensee, expires } = request;
    let expires = expires.map(|text| text.parse::<Timestamp>()).transpose();
    let expires = expires.map_err(|error| Problem::new(Kind::Invalid, format!("expires: {error}")))?;
    let new = NewToken { name, role, owner, licensee, expires };
    let token = service.store.create_token(&new).map_err(|error| match error {
        StoreError::Token(text) => Problem::new(Kind::Invalid, text),
        error => failed(&error),
    })?;
    note(&service, &caller, "POST /v1/tokens", 201, &token.id);
    let answer = TokenAnswer { id: token.id, token: token.text };
    let headers = [(axum::http::header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}

/// Ends a token at once.
#[utoipa::path(
    delete, path = "/v1/tokens/{id}", tag = "admin", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub(super) async fn revoke_token(
    Shared(service): Shared<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.must(is_admin, "revoke tokens")?;
    if !service.store.revoke_token(&id).map_err(|error| failed(&error))? {
        return Err(Refusal::NotFound("a valid token of this id".to_owned()).into());
    }
    note(&service, &caller, "DELETE /v1/tokens", 204, &id);
    Ok(StatusCode::NO_CONTENT)
}

/// From which act on.
#[derive(Debug, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// The last act that the caller has.
    #[serde(default)]
    after: i64,
    /// At most this many; 1,000 by default, 10,000 at most.
    limit: Option<usize>,
}

/// Who asked and wrote what.
#[utoipa::path(
    get, path = "/v1/audit", tag = "admin", params(AuditQuery),
    responses((status = 200, body = Vec<AuditRow>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub(super) async fn audit(
    Shared(service): Shared<Service>,
    caller: Caller,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<AuditRow>>, Problem> {
    caller.must(Role::may_audit, "read the audit log")?;
    let Query(query) = query.map_err(|error| Problem::new(Kind::Invalid, error.body_text()))?;
    let limit = query.limit.unwrap_or(1_000).min(MOST_ACTS);
    service.store.audit(query.after, limit).map(Json).map_err(|error| failed(&error))
}
