//! The routes.
//!
//! | file | routes |
//! |---|---|
//! | `caller` | who calls: tokens, open access, limits of rate |
//! | `body` | bodies: size, compression |
//! | `state` | `/v1`, `/livez`, `/readyz` |
//! | `isrc` | `/v1/isrc/…` |
//! | `scan` | `/v1/scan` and `/v1/jobs/…` |
//! | `records` | recordings, rows of the log, changes |
//! | `write` | registrations, declarations, mandates, owners |
//! | `log` | `/log/…` and receipts |
//! | `c2pa` | soft binding resolution |
//! | `admin` | tokens and the audit log |
//! | `respond` | ETags, signatures, rows |

mod admin;
mod body;
mod c2pa;
mod caller;
mod isrc;
mod log;
mod records;
mod respond;
mod scan;
mod state;
mod write;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;
use crate::gate::Gate;
use crate::port::{Registry, View};
use crate::problem::{Kind, Problem};
use crate::store::Store;
use crate::tlog::{LogKey, Published};

pub use caller::Limiters;
pub use scan::run_jobs;

/// What every route shares.
#[derive(Clone)]
pub struct Service {
    /// The registry.
    pub registry: Arc<dyn Registry>,
    /// The state that is answered from: the last whose log was published.
    pub current: Arc<RwLock<Arc<dyn View>>>,
    /// Tokens, jobs, acts.
    pub store: Arc<Store>,
    /// The key that signs.
    pub key: Arc<LogKey>,
    /// The published log.
    pub published: Arc<RwLock<Published>>,
    /// Places for searches.
    pub gate: Gate,
    /// Limits of rate.
    pub limiters: Arc<Limiters>,
    /// What the operator set.
    pub config: Arc<Config>,
    /// The folder of jobs.
    pub jobs: Arc<std::path::Path>,
    /// Wakes the worker of jobs, and whoever waits for changes.
    pub bell: Arc<tokio::sync::Notify>,
}

impl Service {
    fn published(&self) -> RwLockReadGuard<'_, Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One view for a whole answer.
    pub fn view(&self) -> Arc<dyn View> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up commits, and publishes new rows of the log.
    ///
    /// # Errors
    /// Why the registry cannot be read or is not what was published. The service
    /// then goes on with what it has.
    pub fn reload(&self) -> Result<bool, Problem> {
        self.registry.reload()?;
        let view = self.registry.view();
        if view.state() == self.view().state() {
            return Ok(false);
        }
        // Only a state whose log extends what was published is answered from.
        self.publish(view.as_ref())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = view;
        self.bell.notify_waiters();
        Ok(true)
    }

    fn publish(&self, view: &dyn View) -> Result<(), Problem> {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        published.follow(&self.key, view).map_err(|error| {
            tracing::error!(%error, "the log cannot be published");
            Problem::new(Kind::Failed, "the log of this registry is not what was published before")
        })
    }
}

/// The OpenAPI document's frame.
#[derive(OpenApi)]
#[openapi(info(
    title = "earmark",
    description = "What their owners declared about recordings: by ISRC, or by fingerprints of sound."
))]
struct Document;

/// All routes of the service.
pub fn router(service: Service) -> Router {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(state::registry))
        .routes(routes!(isrc::one))
        .routes(routes!(isrc::many))
        .routes(routes!(scan::scan))
        .routes(routes!(scan::job))
        .routes(routes!(scan::job_answer))
        .routes(routes!(records::recordings))
        .routes(routes!(records::recording))
        .routes(routes!(records::row))
        .routes(routes!(records::changes))
        .routes(routes!(log::receipt))
        .routes(routes!(write::register))
        .routes(routes!(write::declarations))
        .routes(routes!(write::mandates))
        .routes(routes!(write::owners))
        .routes(routes!(write::effect))
        .routes(routes!(log::checkpoint))
        .routes(routes!(c2pa::algorithms))
        .routes(routes!(c2pa::by_binding_get, c2pa::by_binding))
        .routes(routes!(c2pa::by_content))
        .routes(routes!(c2pa::manifest))
        .routes(routes!(admin::tokens, admin::create_token))
        .routes(routes!(admin::revoke_token))
        .routes(routes!(admin::audit))
        .split_for_parts();
    let document = Arc::new(document.to_json().unwrap_or_default());
    router
        .route("/log/tile/{level}/{*path}", get(log::tile))
        .route("/livez", get(state::alive))
        .route("/readyz", get(state::ready))
        .route(
            "/openapi.json",
            get(move || {
                let document = document.as_ref().clone();
                async move { ([(axum::http::header::CONTENT_TYPE, "application/json")], document) }
            }),
        )
        .fallback(|| async { Problem::new(Kind::NotFound, "there is no such route; /openapi.json has all") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "this route has other methods; /openapi.json has all")
        })
        .with_state(service)
}

/// A status that carries no body.
const NOT_MODIFIED: StatusCode = StatusCode::NOT_MODIFIED;
