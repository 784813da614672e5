//! Listeners, reload, shutdown.
//!
//! The service starts by checking everything that it needs and refuses to start with
//! less. While it runs, it looks for commits of other processes and publishes their
//! rows; a registry that cannot be read or is not what was published leaves the last
//! good state in place and is told to the operator. When it stops, it takes no more
//! connections, gives those it has their time, and leaves jobs to the next process.

mod connections;
mod metrics;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::api::{Limiters, Service, router, run_jobs};
use crate::config::{Config, ConfigError};
use crate::gate::Gate;
use crate::port::Registry;
use crate::problem::{Kind, Problem};
use crate::store::{Store, StoreError};
use crate::tlog::{KeyError, LogKey, PublishError, Published};

pub use metrics::Metrics;

/// How often commits of other processes are looked for.
const RELOAD_EVERY: Duration = Duration::from_millis(250);

/// How often what is old is deleted.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database of tokens and jobs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A folder or an address.
    #[error("{place}")]
    Io {
        /// Which.
        place: String,
        /// What happened.
        source: io::Error,
    },
}

/// A service that is checked and ready to listen.
pub struct Server {
    service: Service,
    metrics: Arc<Metrics>,
}

/// Where the service keeps what is its own, beside `registry`.
pub fn state_folder(config: &Config, registry: &Path) -> PathBuf {
    config.state.clone().unwrap_or_else(|| registry.join("service"))
}

/// Opens the database of tokens and jobs beside `registry`, for commands that make
/// and revoke tokens.
///
/// # Errors
/// [`ServeError`].
pub fn open_store(config: &Config, registry: &Path) -> Result<Store, ServeError> {
    let folder = state_folder(config, registry);
    make_folder(&folder)?;
    Ok(Store::open(&folder)?)
}

fn make_folder(folder: &Path) -> Result<(), ServeError> {
    let io = |source| ServeError::Io { place: folder.display().to_string(), source };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io)
}

impl Server {
    /// Checks settings, key, tokens and log of the registry in `folder`.
    ///
    /// # Errors
    /// [`ServeError`] says what is missing.
    pub fn new(config: Config, folder: &Path, registry: Arc<dyn Registry>) -> Result<Self, ServeError> {
        let state = state_folder(&config, folder);
        make_folder(&state)?;
        let jobs = state.join("jobs");
        make_folder(&jobs)?;
        let store = Store::open(&state)?;
        config.check(store.has_tokens()?)?;
        let key = LogKey::open(&state, &config.origin)?;
        let view = registry.view();
        let published = Published::open(&state, &key, view.as_ref())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let service = Service {
            registry,
            current: Arc::new(RwLock::new(view)),
            store: Arc::new(store),
            key: Arc::new(key),
            published: Arc::new(RwLock::new(published)),
            gate: Gate::new(config.searches.unwrap_or(cores), config.waiting),
            limiters: Arc::new(Limiters::new(&config)),
            jobs: jobs.into(),
            bell: Arc::default(),
            config: Arc::new(config),
        };
        service.store.requeue_jobs()?;
        Ok(Server { metrics: Arc::new(Metrics::default()), service })
    }

    /// The routes with all that stands around them.
    pub fn app(&self) -> Router {
        let id = HeaderName::from_static("x-request-id");
        let timeout = Duration::from_secs(self.service.config.request_timeout_s);
        let around = ServiceBuilder::new()
            .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
            .layer(SetRequestIdLayer::new(id.clone(), MakeRequestUuid))
            .layer(TraceLayer::new_for_http())
            .layer(PropagateRequestIdLayer::new(id))
            .layer(SetResponseHeaderLayer::if_not_present(
                HeaderName::from_static("x-content-type-options"),
                HeaderValue::from_static("nosniff"),
            ))
            .layer(SetResponseHeaderLayer::if_not_present(
                HeaderName::from_static("content-security-policy"),
                HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
            ))
            .layer(CatchPanicLayer::custom(|_| {
                use axum::response::IntoResponse;
                Problem::new(Kind::Failed, "the service failed; the operator's log says why").into_response()
            }))
            .layer(HandleErrorLayer::new(|_: tower::BoxError| async {
                Problem::new(Kind::TimedOut, "the request took too long: ask for a job instead")
            }))
            .layer(tower::timeout::TimeoutLayer::new(timeout));
        router(self.service.clone())
            .layer(axum::middleware::from_fn_with_state(self.metrics.clone(), metrics::count))
            .layer(around)
    }

    /// What the routes share.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Serves until `stop` is ready, then drains. Calls `listening` with the address
    /// when requests are taken.
    ///
    /// # Errors
    /// [`ServeError::Io`] when an address cannot be had.
    pub async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
        listening: impl FnOnce(SocketAddr) + Send,
    ) -> Result<(), ServeError> {
        let config = self.service.config.clone();
        let listener = listen(config.listen).await?;
        let address = listener.local_addr();
        let address =
            address.map_err(|source| ServeError::Io { place: config.listen.to_string(), source })?;
        let stopping = Arc::new(AtomicBool::new(false));
        let mut background = vec![
            tokio::spawn(run_jobs(self.service.clone(), stopping.clone())),
            tokio::spawn(follow(self.service.clone(), stopping.clone())),
            tokio::spawn(tidy(self.service.clone(), stopping.clone())),
        ];
        if let Some(place) = config.metrics {
            let metrics = listen(place).await?;
            let app = metrics::router(self.metrics.clone(), self.service.clone());
            background.push(tokio::spawn(async move {
                if let Err(error) = axum::serve(metrics, app).await {
                    tracing::error!(%error, "metrics cannot be served");
                }
            }));
        }
        let app = self.app();
        listening(address);
        connections::serve(listener, app, &config, stop).await;
        stopping.store(true, Ordering::Relaxed);
        self.service.bell.notify_waiters();
        self.service.bell.notify_one();
        let jobs = background.remove(0);
        let _ = tokio::time::timeout(Duration::from_secs(config.drain_s), jobs).await;
        background.iter().for_each(tokio::task::JoinHandle::abort);
        Ok(())
    }
}

async fn listen(address: SocketAddr) -> Result<tokio::net::TcpListener, ServeError> {
    let listener = tokio::net::TcpListener::bind(address).await;
    listener.map_err(|source| ServeError::Io { place: address.to_string(), source })
}

/// Takes up commits of other processes.
async fn follow(service: Service, stopping: Arc<AtomicBool>) {
    let mut told = None;
    while !stopping.load(Ordering::Relaxed) {
        tokio::time::sleep(RELOAD_EVERY).await;
        let worker = service.clone();
        let reloaded = tokio::task::spawn_blocking(move || worker.reload()).await;
        let problem = reloaded.ok().and_then(Result::err).map(|problem| problem.detail);
        if problem != told {
            if let Some(detail) = &problem {
                tracing::error!(detail, "the registry cannot be reloaded; the last good state is served");
            }
            told = problem;
        }
    }
}

/// Deletes what is old.
async fn tidy(service: Service, stopping: Arc<AtomicBool>) {
    while !stopping.load(Ordering::Relaxed) {
        service.limiters.tidy();
        let worker = service.clone();
        let tidied = tokio::task::spawn_blocking(move || {
            worker.store.forget_acts(worker.config.audit_days)?;
            for id in worker.store.forget_jobs(worker.config.job_days)? {
                let _ = std::fs::remove_file(worker.jobs.join(format!("{id}.jsonl")));
            }
            Ok::<_, StoreError>(())
        });
        if let Ok(Err(error)) = tidied.await {
            tracing::error!(%error, "what is old cannot be deleted");
        }
        tokio::time::sleep(TIDY_EVERY).await;
    }
}
