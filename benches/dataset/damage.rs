//! What is wrong with some of the files.

use std::fs;
use std::io;
use std::path::Path;

use crate::rng::Rng;

/// How a file is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// It ends before its time.
    Truncated,
    /// Some bits in it are others.
    Flipped,
    /// It has no bytes.
    Empty,
    /// It is text with the name of audio.
    Text,
    /// Its header claims what is not so.
    Header,
    /// Nobody here decodes it.
    Unsupported,
}

impl Damage {
    /// All of them.
    pub const ALL: [Damage; 6] =
        [Self::Truncated, Self::Flipped, Self::Empty, Self::Text, Self::Header, Self::Unsupported];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Flipped => "flipped",
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Header => "header",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether nothing in the file can be decoded.
    pub fn is_total(self) -> bool {
        matches!(self, Self::Empty | Self::Text | Self::Unsupported)
    }

    /// Whether it needs no encoder.
    pub fn is_made_up(self) -> bool {
        matches!(self, Self::Empty | Self::Text)
    }

    /// Breaks the file at `path`, or makes it.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn apply(self, path: &Path, rng: &mut Rng) -> io::Result<()> {
        match self {
            Self::Empty => fs::write(path, b""),
            Self::Text => fs::write(path, "404 Not Found\n".repeat(20 + rng.below(400))),
            Self::Unsupported => Ok(()),
            Self::Truncated => {
                let length = fs::metadata(path)?.len() as f64 * rng.between(0.1, 0.8);
                fs::OpenOptions::new().write(true).open(path)?.set_len(length as u64)
            }
            Self::Flipped => {
                let mut bytes = fs::read(path)?;
                for _ in 0..20 {
                    if let Some(byte) = bytes.len().checked_sub(1).map(|last| rng.below(last + 1)) {
                        bytes[byte] ^= 1 << rng.below(8);
                    }
                }
                fs::write(path, bytes)
            }
            Self::Header => {
                // Channels, rates and sizes stand there in most formats.
                let mut bytes = fs::read(path)?;
                if let Some(claims) = bytes.get_mut(20..32) {
                    claims.fill(0xff);
                }
                fs::write(path, bytes)
            }
        }
    }
}
