//! Paths as text, and the bytes that text cannot hold.
//!
//! Names of files are bytes on most systems, and JSON is text. A row shows what is not
//! UTF-8 as U+FFFD, so that two names may be shown alike; [`PathBytes`] beside the text
//! say which is meant.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The bytes of a path that is not UTF-8. In JSON hexadecimal digits, two for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathBytes(Vec<u8>);

impl PathBytes {
    /// The bytes of `path`; `None` where its text says all.
    pub fn of(path: &Path) -> Option<Self> {
        match path.to_str() {
            Some(_) => None,
            None => Some(Self(path.as_os_str().as_encoded_bytes().to_vec())),
        }
    }
}

/// The text of a path: U+FFFD where its bytes are not UTF-8.
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The path that is shown as `text`. `bytes` that are not shown so are of another path,
/// and say nothing.
pub fn path(text: &str, bytes: Option<&PathBytes>) -> PathBuf {
    match bytes {
        Some(bytes) if String::from_utf8_lossy(&bytes.0) == text => of_bytes(&bytes.0),
        _ => PathBuf::from(text),
    }
}

/// The bytes of the path that is shown as `text`, as [`path`] has it.
pub(crate) fn raw<'a>(text: &'a str, bytes: Option<&PathBytes>) -> Cow<'a, [u8]> {
    match bytes {
        Some(_) => Cow::Owned(path(text, bytes).into_os_string().into_encoded_bytes()),
        None => Cow::Borrowed(text.as_bytes()),
    }
}

/// The path of these bytes.
#[cfg(unix)]
pub(crate) fn of_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

/// The path of these bytes. Names are text in all but a few cases elsewhere than on
/// Unix; what is not is shown as U+FFFD.
#[cfg(not(unix))]
pub(crate) fn of_bytes(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

impl fmt::Display for PathBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for PathBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PathBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let wrong = || de::Error::custom("is not two hexadecimal digits for each byte");
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'));
            u8::from_str_radix(pair.ok_or_else(wrong)?, 16).map_err(|_| wrong())
        };
        if digits.len() % 2 != 0 {
            return Err(wrong());
        }
        digits.as_bytes().chunks(2).map(byte).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_path_comes_back_whatever_its_bytes() {
        for name in [&b"la\xe9.mp3"[..], b"a/\xff\xfe", "\u{fffd}".as_bytes(), "é".as_bytes(), b""] {
            let before = Path::new(OsStr::from_bytes(name));
            let (text, bytes) = (text(before), PathBytes::of(before));
            assert_eq!(bytes.is_some(), std::str::from_utf8(name).is_err(), "{name:?}");
            let json = serde_json::to_string(&bytes).expect("JSON");
            let bytes: Option<PathBytes> = serde_json::from_str(&json).expect("as it was written");
            assert_eq!(path(&text, bytes.as_ref()), before);
            assert_eq!(&*raw(&text, bytes.as_ref()), name);
        }
        assert_eq!(serde_json::to_string(&PathBytes(vec![0x6c, 0xe9])).expect("JSON"), "\"6ce9\"");
    }

    #[test]
    fn bytes_of_another_path_say_nothing() {
        let bytes = PathBytes::of(Path::new(OsStr::from_bytes(b"secret\xff")));
        assert_eq!(path("song.mp3", bytes.as_ref()), Path::new("song.mp3"));
        for wrong in ["\"6\"", "\"6g\"", "\"+1\"", "\"é\"", "6"] {
            assert!(serde_json::from_str::<PathBytes>(wrong).is_err(), "{wrong}");
        }
    }
}
