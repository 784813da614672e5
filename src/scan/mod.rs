//! Many files at once: which ones, in which order, on how many threads.
//!
//! [`inputs`] turns what somebody names (files, folders) into a list of files,
//! [`manifest`] reads what a label knows about its recordings, and
//! [`pipeline`] does something with every one of them in parallel, in bounded
//! memory, and hands the results back in the order of the inputs. Nothing here
//! knows what is done with a file.

pub mod inputs;
pub mod manifest;
pub mod pipeline;
