//! Where a statement comes from.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::EntryError;

/// The SHA-256 of the document in which something was said: a letter, a
/// contract, a saved page. SHA-256 and not the BLAKE3 of everything else here,
/// as this is the one hash that others compute with their own tools.
///
/// ```
/// use earmark::registry::DocumentHash;
///
/// let letter = DocumentHash::of(b"We reserve all rights.".as_slice())?;
/// assert_eq!(letter.to_string().len(), 64);
/// assert_eq!(letter.to_string().parse::<DocumentHash>().ok(), Some(letter));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentHash(pub [u8; 32]);

impl DocumentHash {
    /// Hashes what `document` holds.
    ///
    /// # Errors
    /// Those of `document`.
    pub fn of(mut document: impl std::io::Read) -> std::io::Result<Self> {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match document.read(&mut buffer) {
                Ok(0) => return Ok(Self(hasher.finalize().into())),
                Ok(length) => hasher.update(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentHash({self})")
    }
}

impl FromStr for DocumentHash {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let text = text.trim();
        let hash = blake3::Hash::from_hex(text);
        let wrong = |_| EntryError::DocumentHash { found: text.chars().take(80).collect() };
        // BLAKE3's type is 32 bytes in hexadecimal, like any other's.
        hash.map(|hash| Self(*hash.as_bytes())).map_err(wrong)
    }
}

impl Serialize for DocumentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
