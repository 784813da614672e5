//! Sound from a source that cannot seek: a pipe, a socket.
//!
//! What the first look at a container needs of its beginning is kept until the
//! demultiplexer has had it; nothing else is, so that a stream may go on for ever.

use std::io::{self, Read, Seek, SeekFrom};

use super::container::Container;
use super::parts::All;
use super::pcm::PcmForm;
use super::source::Input;
use super::{AudioError, AudioInfo, Limits, stream};

/// Bytes that may be looked at before decoding begins: headers of WAV and the first
/// pages of Ogg take less, and at 64 kbit/s they have come in eight seconds.
const MOST_HEAD: u64 = 64 * 1_024;

/// The same for MP4, whose tables stand in front and have to be read in any case:
/// those of ten hours of AAC.
const MOST_TABLES: u64 = 8 << 20;

/// Bytes asked for at a time while the beginning is looked at; fewer are taken
/// when fewer have come.
const STEP: usize = 4 * 1_024;

/// A source that can be read again from its start while its beginning is looked
/// at, and flows afterwards.
pub(super) struct Piped<R> {
    rest: R,
    /// What was read while looking; given up once it was read again.
    head: Vec<u8>,
    at: u64,
    looking: bool,
    ended: bool,
}

impl<R: Read> Piped<R> {
    pub(super) fn new(rest: R) -> Self {
        Piped { rest, head: Vec::new(), at: 0, looking: true, ended: false }
    }

    /// The look is over: from the start, and on for good.
    pub(super) fn flow(&mut self) {
        self.looking = false;
        self.at = 0;
    }

    fn most(&self) -> u64 {
        if self.head.get(4..8) == Some(b"ftyp") { MOST_TABLES } else { MOST_HEAD }
    }

    /// Reads on until byte `end` of the source is there, or its end is.
    fn pull(&mut self, end: u64) -> io::Result<()> {
        while (self.head.len() as u64) < end && !self.ended {
            let (kept, mut step) = (self.head.len(), [0; STEP]);
            let n = self.rest.read(&mut step)?;
            self.head.extend_from_slice(&step[..n]);
            self.ended = self.head.len() == kept;
        }
        Ok(())
    }
}

impl<R: Read> Read for Piped<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.looking {
            let end = self.at.saturating_add(buf.len() as u64).min(self.most());
            if end <= self.at && !buf.is_empty() {
                return Err(io::ErrorKind::Unsupported.into());
            }
            self.pull(end)?;
        }
        // Casts saturate far beyond any head.
        let kept = self.head.get(usize::try_from(self.at).unwrap_or(usize::MAX)..).unwrap_or_default();
        let n = if self.looking || !kept.is_empty() {
            let n = kept.len().min(buf.len());
            buf[..n].copy_from_slice(&kept[..n]);
            n
        } else {
            self.head = Vec::new();
            self.rest.read(buf)?
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read> Seek for Piped<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(to) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let reachable = if self.looking { to <= self.most() } else { to < self.head.len() as u64 };
        if to != self.at && !reachable {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.at = to;
        Ok(to)
    }
}

/// See [`super::decode_stream`].
pub(super) fn decode<R>(
    source: R,
    pcm: Option<PcmForm>,
    to_hz: u32,
    limits: &Limits,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError>
where
    R: Read + Send + Sync + 'static,
{
    let Some(form) = pcm else { return decode_encoded(source, to_hz, limits, sink) };
    form.check(limits)?;
    // Raw samples are those of a WAV file of unknown length.
    let wave = io::Cursor::new(form.wave_header()).chain(source);
    let info = decode_encoded(wave, to_hz, limits, sink)?;
    Ok(AudioInfo { container: "pcm".to_owned(), ..info })
}

fn decode_encoded<R>(
    source: R,
    to_hz: u32,
    limits: &Limits,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError>
where
    R: Read + Send + Sync + 'static,
{
    let mut input = Input::piped(source);
    let container = Container::look(&mut input)?;
    input.flow();
    let explain = |error| container.explain_piped(container.explain(error));
    let reader = stream::probe(input.stream(false)?, None, limits).map_err(explain)?;
    stream::play(&container, reader, to_hz, limits, &mut All(sink)).map_err(|e| container.explain_piped(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives `size` bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = buf.len().min(self.1);
            self.0.read(&mut buf[..n])
        }
    }

    #[test]
    fn the_beginning_is_read_twice_and_the_rest_once() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i * 7 % 251) as u8).collect();
        for size in [1, 1_000, 70_000] {
            let mut piped = Piped::new(Drops(&bytes, size));
            let mut some = [0; 10];
            piped.seek(SeekFrom::Start(5_000)).unwrap();
            piped.read_exact(&mut some).unwrap();
            assert_eq!(some, bytes[5_000..5_010]);
            piped.seek(SeekFrom::Start(0)).unwrap();
            piped.read_exact(&mut some).unwrap();
            assert_eq!(some, bytes[..10]);
            // No more than was asked for, and a little, has been taken.
            assert!(piped.head.len() <= 5_010 + STEP);
            piped.seek(SeekFrom::Start(MOST_HEAD)).unwrap();
            assert!(piped.read_exact(&mut some).is_err(), "beyond what is kept");
            assert!(piped.seek(SeekFrom::Start(MOST_HEAD + 1)).is_err());
            assert!(piped.seek(SeekFrom::End(0)).is_err());

            piped.flow();
            piped.seek(SeekFrom::Start(3)).unwrap();
            let mut all = Vec::new();
            piped.read_to_end(&mut all).unwrap();
            assert_eq!(all, bytes[3..]);
            assert!(piped.head.is_empty());
            assert!(piped.seek(SeekFrom::Start(0)).is_err());
        }
    }

    #[test]
    fn a_source_shorter_than_the_look_ends() {
        let mut piped = Piped::new(&b"abc"[..]);
        let mut all = Vec::new();
        piped.by_ref().take(1_000).read_to_end(&mut all).unwrap();
        assert_eq!(all, b"abc");
        piped.flow();
        all.clear();
        piped.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"abc");
    }
}
