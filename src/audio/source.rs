//! A `Read + Seek` source as the demultiplexer wants it.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::piped::Piped;

/// What counts as the length of a source that nobody knows the length of; twice as
/// much still fits where ends are counted from it.
pub(super) const UNKNOWN_LEN: u64 = i64::MAX as u64;

/// Where bytes come from.
pub(super) trait Tape: Read + Seek + Send + Sync + 'static {
    /// Whether all of it can be sought in, as often as one likes.
    const WHOLE: bool;

    /// Ends the look at a beginning: the next stream is the only one, until there is
    /// another look.
    fn flow(&mut self);

    /// Begins a look at what stands from `at` on.
    fn look_from(&mut self, at: u64) -> io::Result<()>;
}

/// A source that can be sought in.
pub(super) struct Whole<R>(R);

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<R: Seek> Seek for Whole<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl<R: Read + Seek + Send + Sync + 'static> Tape for Whole<R> {
    const WHOLE: bool = true;

    fn flow(&mut self) {}

    fn look_from(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// What is being read: a file, bytes in memory, a member of an archive, a pipe. It
/// may be opened again after a reader has given up on it. A file may hold several
/// containers, one after the other; all positions count from the one at hand.
pub(super) struct Input<R> {
    inner: Arc<Mutex<R>>,
    /// Where in the source the container at hand begins.
    base: u64,
    len: u64,
    shown: Range<u64>,
    patches: Arc<[Patch]>,
}

/// Bytes that the demultiplexer is shown in place of those in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    /// Where in the file.
    pub(super) at: u64,
    /// What it is shown.
    pub(super) bytes: [u8; 4],
}

impl<R: Read + Seek + Send + Sync + 'static> Input<Whole<R>> {
    pub(super) fn new(mut inner: R) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        Ok(Input::over(Whole(inner), len))
    }
}

impl<R: Read + Send + Sync + 'static> Input<Piped<R>> {
    /// A source that cannot seek and whose length nobody knows. It can be looked
    /// at, near its start, until it [`flow`](Self::flow)s.
    pub(super) fn piped(rest: R) -> Self {
        Input::over(Piped::new(rest), UNKNOWN_LEN)
    }
}

impl<R: Tape> Input<R> {
    fn over(inner: R, len: u64) -> Self {
        Input { inner: Arc::new(Mutex::new(inner)), base: 0, len, shown: 0..len, patches: Arc::new([]) }
    }

    /// Length in bytes, from the start of the container at hand.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The range that streams show.
    pub(super) fn shown(&self) -> Range<u64> {
        self.shown.clone()
    }

    /// Goes on to the container that begins at `at`.
    pub(super) fn advance(&mut self, at: u64) -> io::Result<()> {
        let at = at.min(self.len);
        self.base += at;
        if self.len != UNKNOWN_LEN {
            self.len -= at;
        }
        self.show(0..self.len, Vec::new());
        self.lock().look_from(self.base)
    }

    /// See [`Tape::flow`].
    pub(super) fn flow(&self) {
        self.lock().flow();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, R> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on streams show only this range, and `patches` in it.
    pub(super) fn show(&mut self, range: Range<u64>, patches: Vec<Patch>) {
        let end = range.end.min(self.len);
        self.shown = range.start.min(end)..end;
        self.patches = patches.into_iter().map(|p| Patch { at: p.at + self.base, ..p }).collect();
    }

    /// From now on streams end at `end`, and show `patches`, too.
    pub(super) fn narrow(&mut self, end: u64, patches: Vec<Patch>) {
        self.shown.end = end.clamp(self.shown.start, self.shown.end);
        let more = patches.into_iter().map(|p| Patch { at: p.at + self.base, ..p });
        self.patches = self.patches.iter().copied().chain(more).collect();
    }

    /// A stream from the start of what is shown. Only one may be in use at a
    /// time, they share the position. One that is not `seekable` makes a reader
    /// take the file as it comes instead of looking for tables at its end.
    pub(super) fn stream(&self, seekable: bool) -> io::Result<MediaSourceStream<'static>> {
        let view = self.open(self.shown.clone(), Arc::clone(&self.patches), seekable)?;
        Ok(MediaSourceStream::new(Box::new(view), Default::default()))
    }

    /// The same of everything as it is, for a reader of ours that goes on as it comes.
    pub(super) fn all(&self) -> io::Result<MediaSourceStream<'static>> {
        let view = self.open(0..self.len, Arc::new([]), false)?;
        Ok(MediaSourceStream::new(Box::new(view), Default::default()))
    }

    /// Everything as it is, from the start.
    pub(super) fn view(&self) -> io::Result<View<R>> {
        self.open(0..self.len, Arc::new([]), true)
    }

    fn open(&self, range: Range<u64>, patches: Arc<[Patch]>, seekable: bool) -> io::Result<View<R>> {
        let range = self.base + range.start..self.base.saturating_add(range.end);
        let mut view = View { inner: Arc::clone(&self.inner), at: range.start, range, patches, seekable };
        view.rewind()?;
        Ok(view)
    }
}

/// One pass over an [`Input`].
pub(super) struct View<R> {
    inner: Arc<Mutex<R>>,
    range: Range<u64>,
    /// Position in the file.
    at: u64,
    patches: Arc<[Patch]>,
    seekable: bool,
}

impl<R: Read> Read for View<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.range.end.saturating_sub(self.at);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let buf = &mut buf[..most];
        let n = self.inner.lock().unwrap_or_else(PoisonError::into_inner).read(buf)?;
        for patch in self.patches.iter().filter(|p| p.at < self.at + n as u64 && self.at < p.at + 4) {
            for (at, byte) in (patch.at..).zip(patch.bytes) {
                if let Some(shown) = at.checked_sub(self.at).and_then(|i| buf[..n].get_mut(i as usize)) {
                    *shown = byte;
                }
            }
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Seek> Seek for View<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(n) => self.range.start.checked_add(n),
            SeekFrom::End(n) => self.range.end.checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        let to = to.filter(|to| *to >= self.range.start).ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.inner.lock().unwrap_or_else(PoisonError::into_inner).seek(SeekFrom::Start(to))?;
        Ok(self.at - self.range.start)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for View<R> {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then_some(self.range.end - self.range.start)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn patches_are_shown_however_they_are_read() {
        let mut input = Input::new(Cursor::new(b"RIFF\x01\x02\x03\x04WAVE".to_vec())).unwrap();
        let patches = vec![Patch { at: 4, bytes: [0xff; 4] }, Patch { at: 10, bytes: *b"vest" }];
        input.show(2..11, patches);
        for size in 1..13 {
            let mut stream = input.open(input.shown.clone(), Arc::clone(&input.patches), true).unwrap();
            let (mut all, mut buf) = (Vec::new(), vec![0; size]);
            while let n @ 1.. = stream.read(&mut buf).unwrap() {
                all.extend_from_slice(&buf[..n]);
            }
            assert_eq!(all, b"FF\xff\xff\xff\xffWAv", "{size} bytes at a time");
            assert_eq!(stream.seek(SeekFrom::End(-1)).unwrap(), 8);
            assert_eq!(stream.read(&mut buf).unwrap(), 1);
            assert_eq!((buf[0], stream.stream_position().unwrap()), (b'v', 9));
            assert_eq!(stream.seek(SeekFrom::Start(0)).unwrap(), 0);
            assert!(stream.seek(SeekFrom::Current(-1)).is_err());
        }
        let mut all = Vec::new();
        input.view().unwrap().read_to_end(&mut all).unwrap();
        assert_eq!(all, b"RIFF\x01\x02\x03\x04WAVE");
    }

    #[test]
    fn a_range_beyond_the_file_is_cut() {
        let mut input = Input::new(Cursor::new(vec![1, 2, 3])).unwrap();
        for range in [2..9, 9..9, 4..u64::MAX] {
            input.show(range, Vec::new());
            let mut all = Vec::new();
            let mut stream = input.open(input.shown.clone(), Arc::new([]), true).unwrap();
            stream.read_to_end(&mut all).unwrap();
            assert!(all.len() <= 1, "{all:?}");
        }
    }
}
