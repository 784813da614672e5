//! From a source to what is known of it, for one source and for many.
//!
//! | file | does |
//! |---|---|
//! | `reading` | opens a source and reads its tags and its sound |
//! | `passage` | decodes a passage of a source in bounded time |
//! | `pipeline` | does something with every item on several threads, in order |
//! | `rescan` | tells what new recordings and declarations change in a report |

pub mod passage;
pub mod pipeline;
pub mod reading;
pub mod rescan;
