//! Fingerprints in, verdicts out; at once or as a job.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio_util::io::ReaderStream;

use super::Service;
use super::body::{Coding, Spooled, failed, spool, unpacked};
use super::caller::Caller;
use super::isrc::understood;
use super::respond::{Answer, SIGN, asked};
use super::write::{hex, note};
use crate::port::{Question, Refusal, View};
use crate::problem::{Kind, Problem};
use crate::store::{Job, JobState};

/// Largest answer that is signed: its hash is needed before its first byte is sent,
/// so it is held in memory.
const MAX_SIGNED_BYTES: u64 = 64 << 20;

/// Fingerprints in, verdicts out: the very bytes that `earmark scan` writes for this
/// fingerprint file. With `Prefer: respond-async` it becomes a job.
#[utoipa::path(
    post, path = "/v1/scan", tag = "ask",
    params(
        ("use" = Option<String>, Query), ("territory" = Option<String>, Query),
        ("as_of" = Option<String>, Query), ("policy" = Option<String>, Query), ("asker" = Option<String>, Query),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "A fingerprint file (.efp), also with Content-Encoding gzip or zstd"),
    responses(
        (status = 200, description = "A header and a row a line", content_type = "application/x-ndjson", body = String),
        (status = 202, description = "A job", body = Job),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 413, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem),
    )
)]
pub(super) async fn scan(
    Shared(service): Shared<Service>,
    caller: Caller,
    question: Result<Query<Question>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let question = asked(understood(question)?, caller.0.licensee.as_ref());
    let coding = Coding::of(&headers)?;
    // A question that is not understood is refused before a long upload.
    let view = service.view();
    let canonical = view.question(&question)?;
    let waits = prefers_a_job(&headers);
    // The body is on disk before a place is taken: a slow sender holds nobody up.
    let spooled = spool(&service, body).await?;
    note(&service, &caller, "POST /v1/scan", if waits { 202 } else { 200 }, &hex(&spooled.sha256));
    if waits {
        return queue(&service, &caller, &question, coding, spooled).await;
    }
    let place = service
        .gate
        .enter(&caller.0.name)
        .map_err(|error| Problem::new(Kind::Busy, error.to_string()).retry_after(1))?;
    let turn = place.turn().await;
    let stop = Arc::new(AtomicBool::new(false));
    // Whoever goes away drops this future, and the search ends at its next entry.
    let _stop_when_dropped = StopWhenDropped(stop.clone());
    let work = {
        let (view, service) = (view.clone(), service.clone());
        move || {
            let _turn = turn;
            let out = tempfile::tempfile_in(&service.jobs).map_err(|error| failed(&error))?;
            search(&service, view.as_ref(), &question, coding, spooled.file, out, &stop)
        }
    };
    let out = tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))??;
    send_file(&service, view.as_ref(), &canonical, &headers, out)
}

struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Searches a body and returns the answer, from its start.
fn search(
    service: &Service,
    view: &dyn View,
    question: &Question,
    coding: Coding,
    body: File,
    out: File,
    stop: &AtomicBool,
) -> Result<File, Problem> {
    let body = unpacked(service, coding, body)?;
    let mut out = BufWriter::new(out);
    view.scan(body, question, stop, &mut out)?;
    let mut out = out.into_inner().map_err(|error| failed(&error))?;
    out.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
    Ok(out)
}

fn send_file(
    service: &Service,
    view: &dyn View,
    question: &Value,
    headers: &HeaderMap,
    mut file: File,
) -> Result<Response, Problem> {
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    if headers.get(SIGN).is_some_and(|value| value == "1") {
        if length > MAX_SIGNED_BYTES {
            return Err(Problem::new(
                Kind::TooLarge,
                format!("an answer of {length} bytes is not signed: ask about fewer files at a time"),
            ));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        return Answer { service, view, question, headers }.send("application/x-ndjson", None, bytes);
    }
    let mut response = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// RFC 7240, section 4.1.
fn prefers_a_job(headers: &HeaderMap) -> bool {
    headers.get_all("prefer").iter().any(|value| {
        value
            .to_str()
            .is_ok_and(|list| list.split(',').any(|one| one.trim().eq_ignore_ascii_case("respond-async")))
    })
}

async fn queue(
    service: &Service,
    caller: &Caller,
    question: &Question,
    coding: Coding,
    mut body: Spooled,
) -> Result<Response, Problem> {
    let name = caller.0.name.clone();
    let open = service.store.open_jobs(&name).map_err(|error| failed(&error))?;
    if open >= service.config.max_jobs {
        return Err(Problem::new(
            Kind::TooMany,
            format!(
                "{open} jobs of this caller are open, and no more than {} may be",
                service.config.max_jobs
            ),
        )
        .retry_after(60));
    }
    let question = serde_json::to_string(question).map_err(|error| failed(&error))?;
    let service = service.clone();
    let job = tokio::task::spawn_blocking(move || {
        let id = service.store.new_job_id().map_err(|error| failed(&error))?;
        // Unpacked as it is kept, so that a job needs no more than its file.
        let limit = service.config.max_unpacked_mib << 20;
        body.file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
        let mut reader = coding.reader(body.file, limit).map_err(|error| failed(&error))?;
        let path = body_path(&service, &id);
        let mut keep = || -> io::Result<()> {
            let mut file = File::create_new(&path)?;
            io::copy(&mut reader, &mut file)?;
            file.sync_all()
        };
        if let Err(error) = keep() {
            let _ = std::fs::remove_file(&path);
            return Err(Problem::new(Kind::Invalid, format!("the body cannot be unpacked: {error}")));
        }
        service.store.queue_job(&id, &name, &question).map_err(|error| failed(&error)).inspect(|_| {
            service.bell.notify_one();
        })
    })
    .await
    .map_err(|error| failed(&error))??;
    let location = HeaderValue::from_str(&format!("/v1/jobs/{}", job.id)).map_err(|error| failed(&error))?;
    let mut response = (StatusCode::ACCEPTED, Json(job)).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

fn body_path(service: &Service, id: &str) -> PathBuf {
    service.jobs.join(format!("{id}.efp"))
}

fn answer_path(service: &Service, id: &str) -> PathBuf {
    service.jobs.join(format!("{id}.jsonl"))
}

/// Where a job of the caller stands.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "ask", params(("id" = String, Path)),
    responses((status = 200, body = Job), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(super) async fn job(
    Shared(service): Shared<Service>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Job>, Problem> {
    find(&service, &caller, &id).map(Json)
}

/// The answer of a job that is done: the bytes that `earmark scan` writes.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/answer", tag = "ask", params(("id" = String, Path)),
    responses(
        (status = 200, content_type = "application/x-ndjson", body = String),
        (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
    )
)]
pub(super) async fn job_answer(
    Shared(service): Shared<Service>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let job = find(&service, &caller, &id)?;
    match job.state {
        JobState::Done => {}
        JobState::Failed => {
            return Err(Problem::new(Kind::Failed, job.error.unwrap_or_default()));
        }
        JobState::Queued | JobState::Running => {
            return Err(Problem::new(Kind::Conflict, "the job is not done yet").retry_after(2));
        }
    }
    let view = service.view();
    let question: Question = serde_json::from_str(&job.question).map_err(|error| failed(&error))?;
    let canonical = view.question(&question)?;
    let file = File::open(answer_path(&service, &job.id)).map_err(|error| failed(&error))?;
    send_file(&service, view.as_ref(), &canonical, &headers, file)
}

fn find(service: &Service, caller: &Caller, id: &str) -> Result<Job, Problem> {
    let job = service.store.job(id, &caller.0.name).map_err(|error| failed(&error))?;
    job.ok_or_else(|| Problem::new(Kind::NotFound, "there is no such job of this caller"))
}

/// Works on jobs, one at a time and only where a place is free, until `stopping`.
pub async fn run_jobs(service: Service, stopping: Arc<AtomicBool>) {
    while !stopping.load(Ordering::Relaxed) {
        let place = match service.gate.enter("jobs") {
            Ok(place) => place,
            Err(_) => {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            }
        };
        let turn = place.turn().await;
        let worker = service.clone();
        let stop = stopping.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            next_job(&worker, &stop)
        })
        .await
        .unwrap_or(false);
        if !worked {
            // Woken by a new job; looks by itself as well, as a bell may be missed.
            let wait = std::time::Duration::from_millis(500);
            let _ = tokio::time::timeout(wait, service.bell.notified()).await;
        }
    }
}

/// Works on the oldest job; whether there was one.
fn next_job(service: &Service, stop: &AtomicBool) -> bool {
    let job = match service.store.take_job() {
        Ok(Some(job)) => job,
        Ok(None) => return false,
        Err(error) => {
            tracing::error!(%error, "jobs cannot be read");
            return false;
        }
    };
    let outcome = work(service, &job, stop);
    if stop.load(Ordering::Relaxed) && outcome.is_err() {
        // It stays `running` in the database, and the next process queues it again.
        return false;
    }
    let error = outcome.err();
    if let Err(error) = service.store.end_job(&job.id, error.as_deref()) {
        tracing::error!(%error, job = job.id, "a job's end cannot be noted");
    }
    let _ = std::fs::remove_file(body_path(service, &job.id));
    true
}

fn work(service: &Service, job: &Job, stop: &AtomicBool) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let question: Question = serde_json::from_str(&job.question).map_err(|error| text(&error))?;
    let body = File::open(body_path(service, &job.id)).map_err(|error| text(&error))?;
    let out = tempfile::NamedTempFile::new_in(&service.jobs).map_err(|error| text(&error))?;
    let mut writer = BufWriter::new(out);
    let scanned = service.view().scan(body, &question, stop, &mut writer);
    scanned.map_err(|refusal: Refusal| refusal.to_string())?;
    writer.flush().map_err(|error| text(&error))?;
    let out = writer.into_inner().map_err(|error| text(&error))?;
    out.as_file().sync_all().map_err(|error| text(&error))?;
    out.persist(answer_path(service, &job.id)).map_err(|error| text(&error))?;
    Ok(())
}
