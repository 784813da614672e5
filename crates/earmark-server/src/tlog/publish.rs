//! What of the tree is published, and that it only ever grows.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tlog_tiles::{Checkpoint, Hash};

use super::key::{KeyError, LogKey, verified};
use super::tree::{Tree, TreeError, receipt};
use crate::port::{Refusal, View};

/// Rows read from the registry at a time.
const ROWS_AT_A_TIME: usize = 4_096;

/// Why the log cannot be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The registry's log is not an extension of what was published before.
    #[error(
        "the log of this registry ({found} rows) is not an extension of the {published} rows that were published: \
         it was rolled back, rewritten or exchanged"
    )]
    NotAnExtension {
        /// Rows that were published.
        published: u64,
        /// Rows that the registry has now.
        found: u64,
    },
    /// A checkpoint on disk that cannot be believed.
    #[error("{}", path.display())]
    BadCheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] Refusal),
}

/// The published tree: its checkpoint is on disk before anybody sees it.
pub struct Published {
    path: PathBuf,
    tree: Tree,
    checkpoint: String,
}

impl Published {
    /// Builds the tree of a registry's log and holds it against the checkpoint in
    /// `folder`, if one was published.
    ///
    /// # Errors
    /// [`PublishError::NotAnExtension`] when rows that were published are gone or
    /// changed.
    pub fn open(folder: &Path, key: &LogKey, view: &dyn View) -> Result<Self, PublishError> {
        let path = folder.join("checkpoint");
        let before = match fs::read_to_string(&path) {
            Ok(note) => Some(
                parse(&note, key.public())
                    .map_err(|source| PublishError::BadCheckpoint { path: path.clone(), source })?,
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(PublishError::Io { path, source }),
        };
        let mut published = Published { path, tree: Tree::default(), checkpoint: String::new() };
        published.read_rows(view)?;
        if let Some((size, root)) = before {
            published.must_extend(size, root)?;
        }
        published.sign(key, view)?;
        Ok(published)
    }

    /// Takes up the rows that were logged since, and publishes a new checkpoint.
    ///
    /// # Errors
    /// As [`Self::open`]; then what was published stays.
    pub fn follow(&mut self, key: &LogKey, view: &dyn View) -> Result<(), PublishError> {
        let (size, root) = (self.tree.size(), self.tree.root()?);
        let found = view.state().log_size;
        if found < size {
            return Err(PublishError::NotAnExtension { published: size, found });
        }
        if found == size {
            return Ok(());
        }
        // The last row that was published must still be there.
        if let Some(index) = size.checked_sub(1) {
            let last =
                view.log(size, 1)?.pop().ok_or(PublishError::NotAnExtension { published: size, found })?;
            let mut probe = Tree::default();
            probe.push(&last.canonical)?;
            if probe.leaf(0)? != self.tree.leaf(index)? {
                return Err(PublishError::NotAnExtension { published: size, found });
            }
        }
        let mut grown =
            Published { path: self.path.clone(), tree: self.tree.clone(), checkpoint: String::new() };
        grown.read_rows(view)?;
        grown.must_extend(size, root)?;
        grown.sign(key, view)?;
        *self = grown;
        Ok(())
    }

    fn read_rows(&mut self, view: &dyn View) -> Result<(), PublishError> {
        let until = view.state().log_size;
        while self.tree.size() < until {
            let rows = view.log(self.tree.size() + 1, ROWS_AT_A_TIME)?;
            if rows.is_empty() {
                return Err(PublishError::NotAnExtension { published: until, found: self.tree.size() });
            }
            for row in rows {
                self.tree.push(&row.canonical)?;
            }
        }
        Ok(())
    }

    fn must_extend(&self, size: u64, root: [u8; 32]) -> Result<(), PublishError> {
        let extends = size <= self.tree.size() && self.tree.root_of(size)? == root;
        if extends {
            return Ok(());
        }
        Err(PublishError::NotAnExtension { published: size, found: self.tree.size() })
    }

    /// Signs the present root; the registry's own chain stands in the extension.
    fn sign(&mut self, key: &LogKey, view: &dyn View) -> Result<(), PublishError> {
        let extension = format!("earmark chain {}\n", view.state().log_head);
        let checkpoint = Checkpoint::new(key.origin(), self.tree.size(), Hash(self.tree.root()?), &extension)
            .map_err(|error| KeyError::Unsigned(error.to_string()))?;
        let text = String::from_utf8_lossy(&checkpoint.to_bytes()).into_owned();
        self.checkpoint = key.sign(&text)?;
        replace(&self.path, self.checkpoint.as_bytes())
            .map_err(|source| PublishError::Io { path: self.path.clone(), source })
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The signed checkpoint.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// The receipt of row `seq` (1 is the first) under the present checkpoint.
    ///
    /// # Errors
    /// [`TreeError::BeyondEnd`].
    pub fn receipt(&self, seq: u64) -> Result<String, TreeError> {
        let size = self.tree.size();
        let index = seq.checked_sub(1).ok_or(TreeError::BeyondEnd { size, asked: seq })?;
        Ok(receipt(index, &self.tree.inclusion(index, size)?, &self.checkpoint))
    }
}

/// Size and root of a checkpoint that `public` signed.
///
/// # Errors
/// [`KeyError::Unsigned`].
pub fn parse(note: &str, public: &str) -> Result<(u64, [u8; 32]), KeyError> {
    let text = verified(note, public)?;
    let checkpoint =
        Checkpoint::from_bytes(text.as_bytes()).map_err(|error| KeyError::Unsigned(error.to_string()))?;
    Ok((checkpoint.size(), checkpoint.hash().0))
}

/// Writes a file under another name, syncs it and gives it its name.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(folder)?.sync_all()
}
