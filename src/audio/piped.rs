//! Sound from a source that cannot seek: a pipe, a socket.
//!
//! What the first look at a container needs of its beginning is kept until the
//! demultiplexer has had it; nothing else is, so that a stream may go on for ever.

use std::io::{self, Read, Seek, SeekFrom};

use super::parts::All;
use super::pcm::PcmForm;
use super::source::{Input, Tape};
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

/// Bytes behind the reader that are kept while the source flows: a demultiplexer
/// reads at most 64 KiB ahead (Symphonia's buffer), and where one container ends and
/// another begins, what it read of the second is read again.
const KEPT: usize = 96 * 1_024;

/// A source that can be read again from a beginning while that is looked at, and
/// flows afterwards.
pub(super) struct Piped<R> {
    rest: R,
    /// What was read last: all since the beginning while looking, some of it after.
    head: Vec<u8>,
    /// Where that stands in the source.
    head_at: u64,
    at: u64,
    looking: bool,
    ended: bool,
}

impl<R: Read> Piped<R> {
    pub(super) fn new(rest: R) -> Self {
        Piped { rest, head: Vec::new(), head_at: 0, at: 0, looking: true, ended: false }
    }

    fn head_end(&self) -> u64 {
        self.head_at + self.head.len() as u64
    }

    /// Up to where the look may reach.
    fn most(&self) -> u64 {
        let most = if self.head.get(4..8) == Some(b"ftyp") { MOST_TABLES } else { MOST_HEAD };
        self.head_at + most
    }

    /// Reads on until byte `end` of the source is there, or its end is.
    fn pull(&mut self, end: u64) -> io::Result<()> {
        while self.head_end() < end && !self.ended {
            let mut step = [0; STEP];
            let n = self.rest.read(&mut step)?;
            self.head.extend_from_slice(&step[..n]);
            self.ended = n == 0;
        }
        Ok(())
    }

    /// Forgets what stands far behind.
    fn forget(&mut self, kept: usize) {
        let behind = usize::try_from(self.at.saturating_sub(self.head_at)).unwrap_or(usize::MAX);
        let drop = behind.saturating_sub(kept).min(self.head.len());
        self.head.drain(..drop);
        self.head_at += drop as u64;
    }
}

impl<R: Read + Send + Sync + 'static> Tape for Piped<R> {
    const WHOLE: bool = false;

    fn flow(&mut self) {
        self.looking = false;
        self.at = self.head_at;
    }

    fn look_from(&mut self, at: u64) -> io::Result<()> {
        self.looking = false;
        if at < self.head_at {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let mut passed = [0; STEP];
        self.at = self.at.min(at);
        while self.at < at {
            let left = usize::try_from(at - self.at).unwrap_or(STEP).min(STEP);
            if self.read(&mut passed[..left])? == 0 {
                break;
            }
        }
        self.forget(0);
        self.looking = true;
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
        } else if self.at >= self.head_end() && !self.ended {
            // No more than was asked for is taken, so that nothing waits for more.
            let n = self.rest.read(buf)?;
            self.ended = n == 0 && !buf.is_empty();
            self.head.extend_from_slice(&buf[..n]);
            self.at += n as u64;
            if self.head.len() > 2 * KEPT {
                self.forget(KEPT);
            }
            return Ok(n);
        }
        // Casts saturate far beyond any head.
        let from = usize::try_from(self.at - self.head_at).unwrap_or(usize::MAX);
        let kept = self.head.get(from..).unwrap_or_default();
        let n = kept.len().min(buf.len());
        buf[..n].copy_from_slice(&kept[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read> Seek for Piped<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(to) = to else { return Err(io::ErrorKind::Unsupported.into()) };
        let end = if self.looking { self.most() } else { self.head_end() };
        if to != self.at && !(self.head_at..=end).contains(&to) {
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
    stream::play(Input::piped(source), None, to_hz, limits, &mut All(sink))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives `size` bytes at a time.
    struct Drops(&'static [u8], usize);

    impl Read for Drops {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = buf.len().min(self.1);
            self.0.read(&mut buf[..n])
        }
    }

    #[test]
    fn the_beginning_is_read_twice_and_the_rest_once() {
        let bytes: &'static [u8] = (0..200_000_u32).map(|i| (i * 7 % 251) as u8).collect::<Vec<_>>().leak();
        for size in [1, 1_000, 70_000] {
            let mut piped = Piped::new(Drops(bytes, size));
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
            assert!(piped.head.len() <= 2 * KEPT);
            assert!(piped.seek(SeekFrom::Start(0)).is_err());

            // Where another container begins, what was read of it is read again.
            piped.look_from(150_000).unwrap();
            piped.seek(SeekFrom::Start(150_010)).unwrap();
            piped.read_exact(&mut some).unwrap();
            assert_eq!(some, bytes[150_010..150_020]);
            assert!(piped.seek(SeekFrom::Start(149_999)).is_err(), "what stands before is over");
            piped.flow();
            all.clear();
            piped.read_to_end(&mut all).unwrap();
            assert_eq!(all, bytes[150_000..]);
            piped.look_from(300_000).unwrap();
            assert_eq!(piped.read(&mut some).unwrap(), 0, "beyond the end");
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
