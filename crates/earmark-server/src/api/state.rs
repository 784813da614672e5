//! What this registry is.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Service;
use crate::port::State;

/// This registry.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Info {
    /// The version of this API.
    api: &'static str,
    /// Who runs the registry.
    operator: Option<String>,
    /// Its state.
    state: State,
    /// The log's signed checkpoint.
    checkpoint: String,
    /// The key that signs checkpoints and answers.
    public_key: String,
    /// Whether anybody may ask without a token.
    open: bool,
    /// The limits of a request.
    limits: Limits,
}

/// The limits of a request.
#[derive(Debug, Serialize, ToSchema)]
struct Limits {
    /// Most ISRCs in a call.
    max_isrcs: usize,
    /// Largest body, in MiB.
    max_body_mib: u64,
    /// Largest body unpacked, in MiB.
    max_unpacked_mib: u64,
    /// Most open jobs of a caller.
    max_jobs: u64,
    /// Seconds for a request that is not a job.
    request_timeout_s: u64,
}

/// What this registry is: its state, its key, its limits.
#[utoipa::path(get, path = "/v1", tag = "registry", responses((status = 200, body = Info)))]
pub(super) async fn registry(Shared(service): Shared<Service>) -> Json<Info> {
    let config = &service.config;
    Json(Info {
        api: "1",
        operator: config.operator.clone(),
        state: service.view().state().clone(),
        checkpoint: service.published().checkpoint().to_owned(),
        public_key: service.key.public().to_owned(),
        open: config.open,
        limits: Limits {
            max_isrcs: config.max_isrcs,
            max_body_mib: config.max_body_mib,
            max_unpacked_mib: config.max_unpacked_mib,
            max_jobs: config.max_jobs,
            request_timeout_s: config.request_timeout_s,
        },
    })
}

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The service takes work: also while it reloads, not when all places are taken.
pub(super) async fn ready(Shared(service): Shared<Service>) -> Response {
    let (held, places) = service.gate.load();
    if held < places {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "busy\n").into_response()
}
