//! The key with which the service signs, in a file of its own.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rand_core::OsRng;
use signed_note::{Note, NoteError, StandardSigner, StandardVerifier, VerifierList};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file of the key.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The file does not hold a key.
    #[error("{} does not hold a signing key of the form that c2sp.org/signed-note names", path.display())]
    NotAKey {
        /// The file of the key.
        path: PathBuf,
    },
    /// A key's name that signed notes do not allow.
    #[error("{name:?} cannot be the name of a log: leave out blanks and plus signs")]
    BadName {
        /// The name.
        name: String,
    },
    /// A note that is not signed as it should be.
    #[error("the signature does not hold: {0}")]
    Unsigned(String),
}

/// A key that signs checkpoints and answers. Its name is the log's origin.
pub struct LogKey {
    origin: String,
    secret: String,
    public: String,
}

impl LogKey {
    /// Reads the key in `folder`, or makes one named `origin` there, readable by its
    /// owner alone. A key that is there keeps its name.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(folder: &Path, origin: &str) -> Result<Self, KeyError> {
        let path = folder.join("log.key");
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).ok_or(KeyError::NotAKey { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(&path, origin),
            Err(source) => Err(KeyError::Io { path, source }),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (secret, public) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        StandardSigner::new(&secret).ok()?;
        StandardVerifier::new(&public).ok()?;
        let origin = public.split('+').next()?.to_owned();
        Some(LogKey { origin, secret, public })
    }

    fn create(path: &Path, origin: &str) -> Result<Self, KeyError> {
        if !signed_note::is_key_name_valid(origin) {
            return Err(KeyError::BadName { name: origin.to_owned() });
        }
        let (secret, public) = signed_note::generate_key(&mut OsRng, origin);
        let text = format!("{secret}\n{public}\n");
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let mut file = private(path).map_err(io)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
        Ok(LogKey { origin: origin.to_owned(), secret, public })
    }

    /// The log's origin, which is the key's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The public key, as verifiers of signed notes take it.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// `text`, which ends with a line feed, as a signed note.
    ///
    /// # Errors
    /// [`KeyError::Unsigned`] when `text` is not one that can be signed.
    pub fn sign(&self, text: &str) -> Result<String, KeyError> {
        let unsigned = |error: NoteError| KeyError::Unsigned(format!("{error:?}"));
        let signer =
            StandardSigner::new(&self.secret).map_err(|error| KeyError::Unsigned(format!("{error:?}")))?;
        let mut note = Note::new(text.as_bytes(), &[]).map_err(unsigned)?;
        note.add_sigs(&[&signer]).map_err(unsigned)?;
        String::from_utf8(note.to_bytes()).map_err(|error| KeyError::Unsigned(error.to_string()))
    }
}

/// The text of a signed note, if it is signed by `public`.
///
/// # Errors
/// [`KeyError::Unsigned`].
pub fn verified(note: &str, public: &str) -> Result<String, KeyError> {
    let unsigned = |error: String| KeyError::Unsigned(error);
    let verifier = StandardVerifier::new(public).map_err(|error| unsigned(format!("{error:?}")))?;
    let note = Note::from_bytes(note.as_bytes()).map_err(|error| unsigned(format!("{error:?}")))?;
    let (verified, _) = note
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(|error| unsigned(format!("{error:?}")))?;
    if verified.is_empty() {
        return Err(unsigned("no signature is by this key".to_owned()));
    }
    Ok(String::from_utf8_lossy(note.text()).into_owned())
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        let key = LogKey::open(folder.path(), "registry.example/log").unwrap();
        let again = LogKey::open(folder.path(), "other.example").unwrap();
        assert_eq!((again.public(), again.origin()), (key.public(), "registry.example/log"));
        let note = again.sign("a text\n").unwrap();
        assert_eq!(verified(&note, key.public()).unwrap(), "a text\n");
        assert!(verified(&note.replace("a text", "b text"), key.public()).is_err());
        let stranger = tempfile::tempdir().unwrap();
        let stranger = LogKey::open(stranger.path(), "registry.example/log").unwrap();
        assert!(verified(&note, stranger.public()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        LogKey::open(folder.path(), "registry.example/log").unwrap();
        let mode = fs::metadata(folder.path().join("log.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_a_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("log.key"), "hello\n").unwrap();
        assert!(matches!(LogKey::open(folder.path(), "a"), Err(KeyError::NotAKey { .. })));
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(LogKey::open(folder.path(), "a b"), Err(KeyError::BadName { .. })));
    }
}
