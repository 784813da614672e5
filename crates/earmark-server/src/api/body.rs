//! Bodies: their size and their compression.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use super::Service;
use crate::problem::{Kind, Problem};

/// A body on disk, so that memory does not grow with uploads and no search waits
/// for a slow sender.
pub(super) struct Spooled {
    pub(super) file: File,
    pub(super) sha256: [u8; 32],
}

/// Receives a body into an unnamed file.
pub(super) async fn spool(service: &Service, body: Body) -> Result<Spooled, Problem> {
    let limit = service.config.max_body_mib << 20;
    let mut file = tempfile::tempfile_in(&service.jobs).map_err(|error| failed(&error))?;
    let mut hash = Sha256::new();
    let mut received: u64 = 0;
    let mut body = body;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Kind::Invalid, "the body ended before its length"))?;
        let Ok(data) = frame.into_data() else { continue };
        received += data.len() as u64;
        if received > limit {
            return Err(too_large(service.config.max_body_mib));
        }
        hash.update(&data);
        file.write_all(&data).map_err(|error| failed(&error))?;
    }
    file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
    Ok(Spooled { file, sha256: hash.finalize().into() })
}

/// A body of text, whole.
pub(super) async fn text(service: &Service, body: Body, limit: usize) -> Result<(String, [u8; 32]), Problem> {
    let limit = limit.min(usize::try_from(service.config.max_body_mib << 20).unwrap_or(usize::MAX));
    let mut bytes = Vec::new();
    let mut body = body;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Kind::Invalid, "the body ended before its length"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Problem::new(Kind::TooLarge, format!("the body has more than {limit} bytes")));
        }
        bytes.extend_from_slice(&data);
    }
    let sha256 = Sha256::digest(&bytes).into();
    let text = String::from_utf8(bytes).map_err(|_| Problem::new(Kind::Invalid, "the body is not UTF-8"))?;
    Ok((text, sha256))
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Self::Identity) };
        match value.to_str().unwrap_or_default() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            other => Err(Problem::new(
                Kind::Invalid,
                format!("the content encoding {other:?} is not read: send gzip, zstd or none"),
            )),
        }
    }

    /// Unpacks, up to `limit` bytes: whatever a body claims, no more is made of it.
    pub(super) fn reader(self, file: File, limit: u64) -> io::Result<Limited<Box<dyn Read + Send>>> {
        let inner: Box<dyn Read + Send> = match self {
            Self::Identity => Box::new(file),
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(file))),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(file)?;
                // 8 MiB, what the format asks every decoder to support (RFC 8878, 3.1.1.1.2).
                decoder.window_log_max(23)?;
                Box::new(decoder)
            }
        };
        Ok(Limited { inner, left: limit })
    }
}

/// A body as it was before it was compressed, in a file.
pub(super) fn unpacked(service: &Service, coding: Coding, body: File) -> Result<File, Problem> {
    if coding == Coding::Identity {
        return Ok(body);
    }
    let limit = service.config.max_unpacked_mib << 20;
    let mut reader = coding.reader(body, limit).map_err(|error| failed(&error))?;
    let mut file = tempfile::tempfile_in(&service.jobs).map_err(|error| failed(&error))?;
    let copied = io::copy(&mut reader, &mut file);
    copied.map_err(|error| Problem::new(Kind::Invalid, format!("the body cannot be unpacked: {error}")))?;
    file.seek(SeekFrom::Start(0)).map_err(|error| failed(&error))?;
    Ok(file)
}

/// A reader that fails behind a number of bytes instead of ending there: what is cut
/// must not look whole.
pub(super) struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| io::Error::other("the unpacked body is larger than the limit"))?;
        Ok(read)
    }
}

pub(super) fn too_large(mib: u64) -> Problem {
    Problem::new(Kind::TooLarge, format!("the body has more than {mib} MiB: send it in parts"))
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the service failed");
    Problem::new(Kind::Failed, "the service failed; the operator's log says why")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = vec![0; 1 << 20];
        let packed = zstd::bulk::compress(&zeros, 3).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&zeros).unwrap();
        for (coding, packed) in [(Coding::Zstd, packed), (Coding::Gzip, gzip.finish().unwrap())] {
            let read = |limit| {
                let mut bytes = Vec::new();
                coding.reader(file(&packed), limit).unwrap().read_to_end(&mut bytes).map(|_| bytes.len())
            };
            assert_eq!(read(1 << 20).unwrap(), 1 << 20);
            assert!(read((1 << 20) - 1).is_err());
        }
    }
}
