//! What the tests of archives share.

use std::ops::ControlFlow;
use std::path::Path;

use super::walk::Skipped;
use super::{Input, InputError, Item};

/// What `read` finds in an archive of `bytes` that is called `name`: each member with
/// its size or what is wrong with it, what was left out, and why reading ended.
pub(super) fn listed(
    name: &str,
    bytes: &[u8],
    read: impl FnOnce(
        &Path,
        &mut Skipped,
        &mut dyn FnMut(Item) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, InputError>,
) -> (Vec<String>, Skipped, Option<String>) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    let (mut found, mut skipped) = (Vec::new(), Skipped::default());
    let read = read(&path, &mut skipped, &mut |item| {
        let called = item.name().display().to_string();
        let member = called.split_once(&format!("{name}/")).expect("inside the archive").1;
        found.push(match item.input {
            Input::Bytes { bytes, .. } => format!("{member}: {}", bytes.as_ref().len()),
            Input::Unreadable { error, .. } => format!("{member}: {error}"),
            other => panic!("{other:?}"),
        });
        ControlFlow::Continue(())
    });
    (found, skipped, read.err().map(|error| error.to_string()))
}
