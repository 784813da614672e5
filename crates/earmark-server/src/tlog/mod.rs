//! A Merkle tree over the rows of the log, so that it proves itself.
//!
//! The leaves are the canonical bytes over which the registry chains its rows. The
//! tree is that of RFC 6962, section 2.1 (SHA-256), published as C2SP
//! [tlog-tiles](https://c2sp.org/tlog-tiles) with signed
//! [checkpoints](https://c2sp.org/tlog-checkpoint) and receipts in the form of
//! [tlog-proof](https://c2sp.org/tlog-proof). `tlog_tiles` and `signed_note`, of
//! Cloudflare's log, do the arithmetic and the signatures.

mod key;
mod publish;
mod tree;

pub use key::{KeyError, LogKey, verified};
pub use publish::{PublishError, Published, parse as parse_checkpoint};
pub use tree::{MAX_ENTRY_BYTES, TILE_WIDTH, Tree, TreeError, extends, includes, receipt};
