//! Where one container of a file ends and the next begins.
//!
//! Files are joined by appending one to the other, and many players play all of
//! them. Tags and padding may stand between.

use std::io::{self, Read, Seek, SeekFrom};

use super::container::Container;
use super::reader::Reader;
use super::riff::{self, Order};
use super::signature::{self, Signature};
use super::source::{Input, Tape, UNKNOWN_LEN};
use super::{CONTENT_HEAD, Content, frames};

/// Most containers in one file.
pub(super) const MOST: u32 = 1_000;

/// Fewer bytes than these hold no passage worth having: 5 s at 6 kbit/s, the lowest
/// rate of Opus.
pub(super) const LEAST: u64 = 4_096;

/// Bytes looked at: three frames of MPEG audio, the longest of which has 2,881 bytes.
pub(super) const HEAD: u64 = 9_000;

/// Most zeros and tags passed over between two containers.
const MOST_PADDING: u64 = 64 << 20;

/// What follows a container.
pub(super) enum Next {
    /// Nothing that could hold audio.
    Nothing,
    /// A container; the input is at its beginning.
    Container,
    /// So many bytes of something else.
    Bytes(u64),
}

/// Where a container ends.
pub(super) struct End {
    at: u64,
    /// The order of the bytes in sizes, where chunks may follow that hold no samples.
    chunks: Option<Order>,
}

/// Where the container at hand ends: by its structure, or where its reader stopped.
pub(super) fn end<R: Tape>(input: &Input<R>, container: &Container, reader: &Reader) -> Option<End> {
    let shown = input.shown();
    let at = match reader {
        Reader::Wave(wave) => Some(wave.position()),
        // They end within what they are shown, or with it.
        Reader::Frames { frames, .. } => match shown.start + frames.position() {
            at if at < shown.end => Some(at),
            at => container.end.or(Some(at)),
        },
        Reader::Flac(frames) => Some(shown.start + frames.position()),
        Reader::Symphonia(_) => container.end,
    };
    at.map(|at| End { at, chunks: container.chunk_order() })
}

/// Bytes in which a container is looked for, as Symphonia looks for the first.
const MOST_BEFORE: u64 = 1 << 20;

/// Goes on to the first container where the file does not begin with one, but for tags
/// and padding; returns how many bytes of something else stand before it. If none is
/// found, nothing is passed over. Places in a container count from its own start.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn first<R: Tape>(input: &mut Input<R>) -> io::Result<u64> {
    if !R::WHOLE {
        return Ok(0);
    }
    let mut view = input.view()?;
    let mut head = Vec::new();
    view.by_ref().take(CONTENT_HEAD as u64).read_to_end(&mut head)?;
    let is_unknown = frames::tag(&head).is_some() || Content::of(&head) == Content::Unknown;
    if !is_unknown {
        return Ok(0);
    }
    search(input)
}

/// Goes on to the next container, over tags, padding and whatever else stands before it;
/// returns how many bytes are something else. If none is found, nothing is passed over.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn search<R: Tape>(input: &mut Input<R>) -> io::Result<u64> {
    if !R::WHOLE {
        return Ok(0);
    }
    let (mut view, mut head) = (input.view()?, Vec::new());
    let (mut at, mut looked, mut junk) = (0, 0, 0);
    while at < input.len() && looked < MOST_BEFORE {
        head.clear();
        view.seek(SeekFrom::Start(at))?;
        view.by_ref().take(2 * HEAD).read_to_end(&mut head)?;
        let most = if (head.len() as u64) < 2 * HEAD { head.len() } else { HEAD as usize };
        let found = (0..most).find(|from| {
            let rest = &head[*from..];
            frames::tag(rest).is_some() || is_container(rest)
        });
        let passed = found.unwrap_or(most);
        junk += head[..passed].iter().filter(|byte| **byte != 0).count() as u64;
        (at, looked) = (at + passed as u64, looked + passed.max(1) as u64);
        let Some(rest) = found.map(|from| &head[from..]) else { continue };
        match frames::tag(rest) {
            Some(bytes) => at = at.saturating_add(bytes),
            // Its tags would not be hidden where they are read.
            None if signature::of(rest) == Some(Signature::Aiff) => break,
            None => return input.advance(at).map(|()| junk),
        }
    }
    Ok(0)
}

/// Bytes of the chunk that begins here, filled up to an even number; one that is longer
/// than what is left is none.
fn chunk(head: &[u8], order: Order, left: u64) -> Option<u64> {
    // One that was filled up begins behind a zero, which is passed over.
    let (id, size) = (head.get(..4)?, *head.get(4..)?.first_chunk()?);
    let size = u64::from(order.word(size));
    let bytes = 8 + size + (size & 1);
    // A second one of AIFF is not read.
    let is_passed = riff::is_id(id) && id != b"SSND";
    (is_passed && bytes <= left.saturating_add(1)).then_some(bytes)
}

/// Goes on to what follows `end`.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn next<R: Tape>(input: &mut Input<R>, end: &End) -> io::Result<Next> {
    input.advance(end.at)?;
    let mut passed = 0;
    while passed < MOST_PADDING {
        let mut head = Vec::new();
        input.view()?.take(HEAD).read_to_end(&mut head)?;
        let skip = match head.first() {
            None => return Ok(Next::Nothing),
            Some(0) if !is_container(&head) => head.iter().take_while(|byte| **byte == 0).count() as u64,
            _ => match frames::tag(&head) {
                Some(bytes) => bytes,
                None if is_container(&head) => return Ok(Next::Container),
                None => match end.chunks.and_then(|order| chunk(&head, order, input.len())) {
                    Some(bytes) => bytes,
                    None => return rest(input),
                },
            },
        };
        passed += skip;
        input.advance(skip)?;
    }
    rest(input)
}

pub(super) fn is_container(head: &[u8]) -> bool {
    signature::of(head).is_some() || frames::begin(head)
}

/// What is left and is no container.
fn rest<R: Tape>(input: &Input<R>) -> io::Result<Next> {
    let bytes = match input.len() {
        UNKNOWN_LEN => io::copy(&mut input.view()?.take(LEAST), &mut io::sink())?,
        len => len,
    };
    Ok(if bytes < LEAST { Next::Nothing } else { Next::Bytes(bytes) })
}
