//! Figures for Prometheus, on a listener of their own.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::api::Service;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// The figures.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<Route, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("earmark");
        let requests = Family::<Labels, Counter>::default();
        registry.register("requests", "Requests by route and status", requests.clone());
        // 0.1 ms to 105 s, each twice the one before.
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(1e-4, 2.0, 21))
        });
        registry.register("request_seconds", "Seconds until a request was answered", seconds.clone());
        Metrics { registry, requests, seconds }
    }
}

/// Counts a request.
pub(super) async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    // The route and not the path: paths are endless, and hold what callers ask about.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let route = format!("{} {route}", request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    let labels = Labels { route: route.clone(), status: response.status().as_u16() };
    metrics.requests.get_or_create(&labels).inc();
    metrics.seconds.get_or_create(&Route { route }).observe(began.elapsed().as_secs_f64());
    response
}

/// The route of the figures.
pub(super) fn router(metrics: Arc<Metrics>, service: Service) -> Router {
    Router::new().route(
        "/metrics",
        get(move || {
            let text = text(&metrics, &service);
            async move {
                ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
                    .into_response()
            }
        }),
    )
}

fn text(metrics: &Metrics, service: &Service) -> String {
    let mut text = String::new();
    if encode(&mut text, &metrics.registry).is_err() {
        return String::new();
    }
    let end = text.rfind("# EOF").unwrap_or(text.len());
    text.truncate(end);
    let (held, places) = service.gate.load();
    let view = service.view();
    let state = view.state();
    for (name, help, value) in [
        ("searches_held", "Places for searches that are taken", held as u64),
        ("searches_places", "Places for searches", places as u64),
        ("registry_generation", "The generation that is served", state.generation),
        ("registry_recordings", "Recordings that are registered", state.recordings),
        ("log_rows", "Rows of the log", state.log_size),
    ] {
        text.push_str(&format!(
            "# HELP earmark_{name} {help}\n# TYPE earmark_{name} gauge\nearmark_{name} {value}\n"
        ));
    }
    text.push_str("# EOF\n");
    text
}
