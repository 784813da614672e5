//! Standard input as a stream that ends when it is asked to.

use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use earmark::check::StopFlag;

/// Bytes taken at a time, which is what a pipe holds on Linux.
const PIECE: usize = 64 * 1_024;

/// Pieces that may wait. When they are not taken, the pipe fills up and whoever
/// writes to it waits: nothing is lost.
const WAITING: usize = 16;

/// How often it is looked whether to stop while nothing comes.
const LOOK: Duration = Duration::from_millis(100);

/// A stream that a thread of its own reads, as reading may block for ever.
pub struct Stoppable {
    pieces: Mutex<Receiver<io::Result<Vec<u8>>>>,
    piece: Cursor<Vec<u8>>,
    stop: StopFlag,
}

impl Stoppable {
    /// Reads `source` until it ends or `stop` is raised, which is an end, too.
    pub fn new(source: impl Read + Send + 'static, stop: StopFlag) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING);
        thread::Builder::new().name("stdin".to_owned()).spawn(move || send(source, &sender))?;
        Ok(Self { pieces: Mutex::new(pieces), piece: Cursor::default(), stop })
    }
}

fn send(mut source: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match source.read(&mut piece) {
            Ok(0) => return,
            Ok(n) => {
                piece.truncate(n);
                sender.send(Ok(piece))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                // After an error there is nothing more to come.
                let _ = sender.send(Err(error));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

impl Read for Stoppable {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.stop.is_stopped() {
                return Ok(0);
            }
            let n = self.piece.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let next = self.pieces.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(LOOK);
            match next {
                Ok(piece) => self.piece = Cursor::new(piece?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_comes_in_order() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 253) as u8).collect();
        let mut all = Vec::new();
        let mut source = Stoppable::new(Cursor::new(bytes.clone()), StopFlag::new()).expect("a thread");
        source.read_to_end(&mut all).expect("memory does not fail");
        assert!(all == bytes);
    }

    #[test]
    fn a_stream_that_says_nothing_can_be_stopped() {
        struct Silent;
        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                thread::sleep(Duration::from_secs(3_600));
                Ok(0)
            }
        }
        let stop = StopFlag::new();
        let mut source = Stoppable::new(Silent, stop.clone()).expect("a thread");
        let reader = thread::spawn(move || source.read(&mut [0; 8]));
        stop.stop();
        assert_eq!(reader.join().expect("no panic").expect("no error"), 0);
    }

    #[test]
    fn an_error_is_passed_on() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
        }
        let mut source = Stoppable::new(Broken, StopFlag::new()).expect("a thread");
        assert_eq!(source.read(&mut [0; 8]).expect_err("broken").kind(), ErrorKind::BrokenPipe);
    }
}
