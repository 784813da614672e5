//! The log as others verify it: C2SP tlog-tiles.

use axum::extract::{Path, State as Shared};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::Service;
use super::body::failed;
use super::caller::Caller;
use super::records::number;
use crate::port::Refusal;
use crate::problem::Problem;
use crate::tlog::{TILE_WIDTH, TreeError};

/// The signed checkpoint. The tiles below `/log/tile/` are those of C2SP tlog-tiles.
#[utoipa::path(get, path = "/log/checkpoint", tag = "log", responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn checkpoint(Shared(service): Shared<Service>) -> Response {
    let checkpoint = service.published().checkpoint().to_owned();
    respond("text/plain; charset=utf-8", "no-cache", checkpoint.into_bytes())
}

/// Tiles of hashes (`/log/tile/L/N`) and of entries (`/log/tile/entries/N`); a tile
/// that is not full ends in `.p/WIDTH`. Paths of tiles have slashes, which OpenAPI
/// cannot say, so the document refers to tlog-tiles instead.
pub(super) async fn tile(
    Shared(service): Shared<Service>,
    Path((level, path)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let missing = || Problem::from(Refusal::NotFound(format!("the tile {level}/{path}")));
    let (number, width) = tile_number(&path).ok_or_else(missing)?;
    let bytes = if level == "entries" {
        entries(&service, number, width)?.ok_or_else(missing)?
    } else {
        let level = level.parse::<u8>().ok().filter(|n| n.to_string() == level).ok_or_else(missing)?;
        service.published().tree().tile(level, number, width).ok_or_else(missing)?
    };
    Ok(respond("application/octet-stream", "public, max-age=31536000, immutable", bytes))
}

/// The entries of a tile, each behind its length as a big-endian u16.
fn entries(service: &Service, number: u64, width: u16) -> Result<Option<Vec<u8>>, Problem> {
    let Some(first) = number.checked_mul(TILE_WIDTH) else { return Ok(None) };
    if first.saturating_add(u64::from(width)) > service.published().tree().size() {
        return Ok(None);
    }
    let rows = service.view().log(first + 1, usize::from(width))?;
    let mut bytes = Vec::new();
    for row in &rows {
        let length = u16::try_from(row.canonical.len()).map_err(|error| failed(&error))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&row.canonical);
    }
    Ok((rows.len() == usize::from(width)).then_some(bytes))
}

/// `x001/x234/067.p/8` is tile 1,234,067, of which 8 are there.
fn tile_number(path: &str) -> Option<(u64, u16)> {
    let (path, width) = match path.split_once(".p/") {
        Some((path, width)) => {
            let count: u16 = width.parse().ok()?;
            ((1..256).contains(&count) && count.to_string() == width).then_some((path, count))?
        }
        None => (path, 256),
    };
    let parts: Vec<&str> = path.split('/').collect();
    let (last, front) = parts.split_last()?;
    let mut number: u64 = 0;
    for part in front.iter().map(|part| part.strip_prefix('x')).chain([Some(*last)]) {
        let digits = part.filter(|digits| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()))?;
        number = number.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
    }
    // One name for each tile: no leading group of zeros.
    (front.is_empty() || front[0] != "x000").then_some((number, width))
}

/// The receipt of a row of the log: it can be checked without this service.
#[utoipa::path(
    get, path = "/v1/declarations/{seq}/proof", tag = "log", params(("seq" = u64, Path, minimum = 1)),
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub(super) async fn receipt(
    Shared(service): Shared<Service>,
    _caller: Caller,
    Path(seq): Path<String>,
) -> Result<Response, Problem> {
    let seq = number(&seq)?;
    let receipt = service.published().receipt(seq).map_err(|error| match error {
        TreeError::BeyondEnd { .. } => Problem::from(Refusal::NotFound(format!("row {seq} of the log"))),
        error => failed(&error),
    })?;
    Ok(respond("text/plain; charset=utf-8", "no-cache", receipt.into_bytes()))
}

fn respond(content_type: &'static str, cache: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_have_one_name_each() {
        assert_eq!(tile_number("000"), Some((0, 256)));
        assert_eq!(tile_number("067.p/8"), Some((67, 8)));
        assert_eq!(tile_number("x001/x234/067"), Some((1_234_067, 256)));
        for wrong in [
            "",
            "0",
            "0000",
            "x067",
            "001/234",
            "x000/067",
            "067.p/0",
            "067.p/256",
            "067.p/08",
            "-01",
            "x001/x234",
        ] {
            assert_eq!(tile_number(wrong), None, "{wrong}");
        }
    }
}
