//! What is declared about ISRCs.

use axum::body::Body;
use axum::extract::{Path, Query, State as Shared};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::body::{failed, text};
use super::caller::Caller;
use super::respond::{Answer, asked, etag, is_known, line};
use super::write::{hex, note};
use super::{NOT_MODIFIED, Service};
use crate::port::{Question, Refusal};
use crate::problem::{Kind, Problem};

/// Bytes that one ISRC may take in a body, with quotes, hyphens and line ends.
const BYTES_OF_AN_ISRC: usize = 64;

/// What is declared about one ISRC.
#[utoipa::path(
    get, path = "/v1/isrc/{isrc}", tag = "ask",
    params(
        ("isrc" = String, Path, description = "An ISRC, with or without hyphens"),
        ("use" = Option<String>, Query, description = "data-mining, ai-training, ai-generative-training, ai-inference or search"),
        ("territory" = Option<String>, Query, description = "A country, ISO 3166-1 alpha-2"),
        ("as_of" = Option<String>, Query, description = "A day, YYYY-MM-DD"),
        ("policy" = Option<String>, Query, description = "review, opt-out or opt-in"),
        ("asker" = Option<String>, Query, description = "The licensee that asks"),
    ),
    responses(
        (status = 200, description = "A row with verdict and reasons", body = serde_json::Value),
        (status = 304, description = "The answer with this ETag is still right"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 429, body = Problem),
    )
)]
pub(super) async fn one(
    Shared(service): Shared<Service>,
    caller: Caller,
    Path(isrc): Path<String>,
    question: Result<Query<Question>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let question = asked(understood(question)?, caller.0.licensee.as_ref());
    let view = service.view();
    let canonical = view.question(&question)?;
    let tag = etag(view.as_ref(), &canonical, &isrc);
    if is_known(&headers, &tag) {
        return Ok(NOT_MODIFIED.into_response());
    }
    let row = view.isrc(&isrc, &question)?;
    let answer = Answer { service: &service, view: view.as_ref(), question: &canonical, headers: &headers };
    answer.send("application/json", Some(tag), line(&row))
}

/// What is declared about many ISRCs: a row for each, in order. A code that is not an
/// ISRC has a row with an `error`.
#[utoipa::path(
    post, path = "/v1/isrc/check", tag = "ask",
    params(
        ("use" = Option<String>, Query), ("territory" = Option<String>, Query),
        ("as_of" = Option<String>, Query), ("policy" = Option<String>, Query), ("asker" = Option<String>, Query),
    ),
    request_body(content(
        (String = "text/plain"), (String = "text/csv"), (Vec<String> = "application/json"),
    )),
    responses(
        (status = 200, description = "A row a line", content_type = "application/x-ndjson", body = String),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 413, body = Problem),
    )
)]
pub(super) async fn many(
    Shared(service): Shared<Service>,
    caller: Caller,
    question: Result<Query<Question>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let question = asked(understood(question)?, caller.0.licensee.as_ref());
    let limit = service.config.max_isrcs;
    let (body, sha256) = text(&service, body, limit.saturating_mul(BYTES_OF_AN_ISRC)).await?;
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let codes = codes(kind, &body)?;
    if codes.len() > limit {
        return Err(Problem::new(
            Kind::TooLarge,
            format!("{} ISRCs are more than the {limit} of a call: send them in parts", codes.len()),
        ));
    }
    let view = service.view();
    let canonical = view.question(&question)?;
    let place = service
        .gate
        .enter(&caller.0.name)
        .map_err(|error| Problem::new(Kind::Busy, error.to_string()).retry_after(1))?;
    let turn = place.turn().await;
    let (bytes, view) = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let mut bytes = Vec::new();
        for code in &codes {
            let row = match view.isrc(code, &question) {
                Ok(row) => row,
                Err(Refusal::Invalid(error)) => json!({ "isrc": code, "error": error }),
                Err(refusal) => return Err(Problem::from(refusal)),
            };
            bytes.extend(line(&row));
        }
        Ok((bytes, view))
    })
    .await
    .map_err(|error| failed(&error))??;
    note(&service, &caller, "POST /v1/isrc/check", 200, &hex(&sha256));
    let answer = Answer { service: &service, view: view.as_ref(), question: &canonical, headers: &headers };
    answer.send("application/x-ndjson", None, bytes)
}

/// The question in a query string.
pub(super) fn understood(
    question: Result<Query<Question>, axum::extract::rejection::QueryRejection>,
) -> Result<Question, Problem> {
    question.map(|Query(question)| question).map_err(|error| Problem::new(Kind::Invalid, error.body_text()))
}

/// The codes of a body: one a line, the column `isrc` (or the first) of a CSV, or an
/// array of JSON.
fn codes(content_type: &str, body: &str) -> Result<Vec<String>, Problem> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind {
        "application/json" => serde_json::from_str(body).map_err(|error| {
            Problem::new(Kind::Invalid, format!("the body is not an array of ISRCs: {error}"))
        }),
        "text/csv" => csv_codes(body),
        "text/plain" | "application/x-www-form-urlencoded" | "" => {
            Ok(body.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
        }
        other => Err(Problem::new(
            Kind::Invalid,
            format!("{other:?} is not read here: send text/plain, text/csv or application/json"),
        )),
    }
}

fn csv_codes(body: &str) -> Result<Vec<String>, Problem> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body.as_bytes());
    let invalid = |error: csv::Error| Problem::new(Kind::Invalid, format!("the CSV is damaged: {error}"));
    let headings = reader.headers().map_err(invalid)?;
    let column = headings.iter().position(|heading| heading.trim().eq_ignore_ascii_case("isrc"));
    let column = column.ok_or_else(|| Problem::new(Kind::Invalid, "the CSV has no column `isrc`"))?;
    let mut codes = Vec::new();
    for record in reader.records() {
        codes.push(record.map_err(invalid)?.get(column).unwrap_or_default().trim().to_owned());
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_every_form() {
        let expected = vec!["QZHB12400001".to_owned(), "GB-XYZ-24-00009".to_owned()];
        assert_eq!(
            codes("text/plain; charset=utf-8", "QZHB12400001\n\n GB-XYZ-24-00009\r\n").unwrap(),
            expected
        );
        let table = "title,ISRC\na,QZHB12400001\nb,GB-XYZ-24-00009\n";
        assert_eq!(codes("text/csv", table).unwrap(), expected);
        let list = r#"["QZHB12400001", "GB-XYZ-24-00009"]"#;
        assert_eq!(codes("application/json", list).unwrap(), expected);
        for (kind, body) in [("text/csv", "title\na\n"), ("application/json", "{}"), ("image/png", "")] {
            assert!(codes(kind, body).is_err(), "{kind}");
        }
    }
}
