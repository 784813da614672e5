//! C2PA soft binding resolution: a file that lost its manifest finds it again by its
//! sound (C2PA 2.3, "Soft Binding Resolution API").
//!
//! The binding is a fingerprint file of one entry, base64. Its algorithm is named
//! after the log's origin and the id of the parameters, so that a value is never
//! compared with one of another kind.

use std::io::{Seek, SeekFrom, Write};

use axum::Json;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::Service;
use super::body::failed;
use super::caller::Caller;
use crate::port::Refusal;
use crate::problem::{Kind, Problem};

/// Matches in an answer, by default and at most.
const MOST_MATCHES: usize = 10;

/// Worst E-value that is answered: the one at which a scan calls it a match.
const WORST_E_VALUE: f64 = 1e-3;

/// A binding by its value.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    /// The algorithm, as `/services/supportedAlgorithms` names it.
    alg: String,
    /// The binding's value, base64.
    value: String,
    /// At most this many matches.
    #[serde(rename = "maxResults")]
    #[param(rename = "maxResults")]
    max_results: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Matches {
    matches: Vec<ManifestMatch>,
}

/// A manifest that fits.
#[derive(Debug, Serialize, ToSchema)]
struct ManifestMatch {
    /// Its id.
    #[serde(rename = "manifestId")]
    manifest_id: String,
    /// The repository that has it, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// 30 at an E-value of 1 in 1,000, 10 more for each further tenth, 100 at most.
    #[serde(rename = "similarityScore")]
    similarity_score: u8,
}

fn algorithm(service: &Service) -> String {
    let domain = service.key.origin().split('/').next().unwrap_or_default();
    let reversed: Vec<&str> = domain.rsplit('.').collect();
    format!("{}.earmark.{}", reversed.join("."), service.view().state().params_id)
}

/// The algorithms that are resolved here.
#[utoipa::path(get, path = "/c2pa/v1/services/supportedAlgorithms", tag = "c2pa", responses((status = 200, body = Value)))]
pub(super) async fn algorithms(Shared(service): Shared<Service>) -> Json<Value> {
    Json(json!({ "fingerprints": [{ "alg": algorithm(&service) }], "watermarks": [] }))
}

/// The manifests of what sounds like this binding.
#[utoipa::path(
    get, path = "/c2pa/v1/matches/byBinding", tag = "c2pa", params(Binding),
    responses((status = 200, body = Matches), (status = 400, body = Problem), (status = 401, body = Problem))
)]
pub(super) async fn by_binding_get(
    Shared(service): Shared<Service>,
    caller: Caller,
    binding: Result<Query<Binding>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Matches>, Problem> {
    let Query(binding) = binding.map_err(|error| Problem::new(Kind::Invalid, error.body_text()))?;
    resolve(service, caller, binding).await
}

/// The manifests of what sounds like this binding, whose value may be long.
#[utoipa::path(
    post, path = "/c2pa/v1/matches/byBinding", tag = "c2pa", request_body = Binding,
    responses((status = 200, body = Matches), (status = 400, body = Problem), (status = 401, body = Problem))
)]
pub(super) async fn by_binding(
    Shared(service): Shared<Service>,
    caller: Caller,
    binding: Result<Json<Binding>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<Matches>, Problem> {
    let Json(binding) = binding.map_err(|error| Problem::new(Kind::Invalid, error.body_text()))?;
    resolve(service, caller, binding).await
}

async fn resolve(service: Service, caller: Caller, binding: Binding) -> Result<Json<Matches>, Problem> {
    let expected = algorithm(&service);
    if binding.alg != expected {
        return Err(Problem::new(
            Kind::Invalid,
            format!("the algorithm {:?} is not resolved here, {expected:?} is", binding.alg),
        ));
    }
    let value = STANDARD.decode(binding.value.trim());
    let value =
        value.map_err(|error| Problem::new(Kind::Invalid, format!("the value is not base64: {error}")))?;
    let place = service
        .gate
        .enter(&caller.0.name)
        .map_err(|error| Problem::new(Kind::Busy, error.to_string()).retry_after(1))?;
    let turn = place.turn().await;
    let most = binding.max_results.unwrap_or(MOST_MATCHES).min(MOST_MATCHES);
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let mut matches = Vec::new();
        let mut file = tempfile::tempfile_in(&service.jobs).map_err(|error| failed(&error))?;
        let written = file.write_all(&value).and_then(|()| file.seek(SeekFrom::Start(0)));
        written.map_err(|error| failed(&error))?;
        for found in service.view().identify(file)? {
            if found.e_value > WORST_E_VALUE {
                continue;
            }
            let manifests = service.store.manifests(&found.recording).map_err(|error| failed(&error))?;
            matches.extend(manifests.into_iter().map(|(manifest_id, endpoint)| ManifestMatch {
                manifest_id,
                endpoint,
                similarity_score: score(found.e_value),
            }));
        }
        matches.truncate(most);
        Ok(Json(Matches { matches }))
    })
    .await
    .map_err(|error| failed(&error))?
}

fn score(e_value: f64) -> u8 {
    (-10.0 * e_value.max(1e-300).log10()).floor().clamp(0.0, 100.0) as u8
}

/// Audio stays where it is: this registry takes fingerprints alone.
#[utoipa::path(post, path = "/c2pa/v1/matches/byContent", tag = "c2pa", responses((status = 501, body = Problem)))]
pub(super) async fn by_content() -> Problem {
    Problem::new(Kind::NotOffered, "send a binding: this registry does not take audio")
}

/// A manifest of this repository. It stores none: `endpoint` in a match names who does.
#[utoipa::path(
    get, path = "/c2pa/v1/manifests/{id}", tag = "c2pa", params(("id" = String, Path)),
    responses((status = 307, description = "Where the manifest is"), (status = 404, body = Problem))
)]
pub(super) async fn manifest(
    Shared(service): Shared<Service>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let endpoint = service.store.manifest_endpoint(&id).map_err(|error| failed(&error))?;
    let missing = || Problem::from(Refusal::NotFound("this manifest".to_owned()));
    let endpoint = endpoint.ok_or_else(missing)?;
    let target = format!("{}/manifests/{}", endpoint.trim_end_matches('/'), id);
    let target = HeaderValue::from_str(&target).map_err(|error| failed(&error))?;
    Ok((axum::http::StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response())
}

#[cfg(test)]
mod tests {
    #[test]
    fn scores_follow_the_e_value() {
        let scores = [1e-3, 1e-5, 1e-10, 1e-40, 0.0].map(super::score);
        assert_eq!(scores, [30, 50, 100, 100, 100]);
    }
}
