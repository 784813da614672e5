//! A `Read + Seek` source as the demultiplexer wants it.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use symphonia::core::io::{MediaSource, MediaSourceStream};

/// Where a RIFF file keeps its own length.
const RIFF_LENGTH: std::ops::Range<u64> = 4..8;

/// Any `Read + Seek`: a file, bytes in memory, a member of an archive. It may
/// be opened again after a reader has given up on it.
pub(super) struct Input<R> {
    inner: Arc<Mutex<R>>,
    len: u64,
    is_riff: bool,
}

impl<R: Read + Seek + Send + Sync + 'static> Input<R> {
    pub(super) fn new(mut inner: R) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        inner.seek(SeekFrom::Start(0))?;
        let mut magic = Vec::new();
        inner.by_ref().take(4).read_to_end(&mut magic)?;
        Ok(Input { inner: Arc::new(Mutex::new(inner)), len, is_riff: magic == b"RIFF" })
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// A stream from the start. Only one may be in use at a time, they share
    /// the position. One that is not `seekable` makes a reader take the file as
    /// it comes instead of looking for tables at its end.
    pub(super) fn stream(&self, seekable: bool) -> io::Result<MediaSourceStream<'static>> {
        let view = self.view(seekable)?;
        Ok(MediaSourceStream::new(Box::new(view), Default::default()))
    }

    /// As [`Input::stream`], to be read directly.
    pub(super) fn view(&self, seekable: bool) -> io::Result<View<R>> {
        let mut view = View {
            inner: Arc::clone(&self.inner),
            len: self.len,
            at: 0,
            seekable,
            hide_riff_length: self.is_riff,
        };
        view.seek(SeekFrom::Start(0))?;
        Ok(view)
    }
}

/// One pass over an [`Input`].
pub(super) struct View<R> {
    inner: Arc<Mutex<R>>,
    len: u64,
    at: u64,
    seekable: bool,
    hide_riff_length: bool,
}

impl<R: Read> Read for View<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.lock().unwrap_or_else(PoisonError::into_inner).read(buf)?;
        if self.hide_riff_length && self.at < RIFF_LENGTH.end {
            // Writers that were cut off, or wrote to a pipe, leave a length that
            // does not fit the chunks in it, and the reader refuses the file
            // for it. All ones means "not known" to it.
            for at in RIFF_LENGTH {
                if let Some(byte) = at.checked_sub(self.at).and_then(|i| buf[..n].get_mut(i as usize)) {
                    *byte = 0xff;
                }
            }
        }
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Seek> Seek for View<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.inner.lock().unwrap_or_else(PoisonError::into_inner).seek(to)?;
        Ok(self.at)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for View<R> {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then_some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn the_riff_length_is_hidden_however_it_is_read() {
        let input = Input::new(Cursor::new(b"RIFF\x01\x02\x03\x04WAVE".to_vec())).unwrap();
        for size in 1..13 {
            let mut view = input.view(true).unwrap();
            let (mut all, mut buf) = (Vec::new(), vec![0; size]);
            while let n @ 1.. = view.read(&mut buf).unwrap() {
                all.extend_from_slice(&buf[..n]);
            }
            assert_eq!(all, b"RIFF\xff\xff\xff\xffWAVE", "{size} bytes at a time");
        }
        let other = Input::new(Cursor::new(b"OggS\x01\x02\x03\x04".to_vec())).unwrap();
        let mut all = Vec::new();
        other.view(true).unwrap().read_to_end(&mut all).unwrap();
        assert_eq!(all, b"OggS\x01\x02\x03\x04");
    }
}
