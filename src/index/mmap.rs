//! The one place that needs `unsafe`: mapping a segment into memory.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut};

/// Maps a whole file read-only.
///
/// Contract: segments are write-once. They are written under another name,
/// synced and renamed; nothing changes or truncates them afterwards, and
/// removal unlinks the name, which leaves mappings intact. Somebody who
/// truncates a segment behind the registry's back makes this process end with
/// SIGBUS; nobody can make it read outside the mapping.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: by the contract above the bytes do not change while mapped.
    unsafe { Mmap::map(file) }
}

/// The same for bytes that are in no file.
pub(super) fn hold(bytes: &[u8]) -> io::Result<Mmap> {
    let mut map = MmapMut::map_anon(bytes.len())?;
    map.copy_from_slice(bytes);
    map.make_read_only()
}
