//! The HTTP service of earmark: a registry that answers, takes declarations and
//! proves what it holds.
//!
//! This crate knows HTTP, identity, jobs and proofs. It does not know how a
//! recording is recognised or how a declaration is judged: that stands behind the
//! traits of [`port`], which the program implements with the library. So the
//! service can be tested with a registry of three lines, and the library never
//! depends on a web framework.
//!
//! | module | does |
//! |---|---|
//! | [`port`] | what the service asks of a registry |
//! | [`config`] | what an operator sets |
//! | [`store`] | tokens, jobs and the audit log, in a database beside the registry |
//! | [`tlog`] | the Merkle tree over the log, its tiles, checkpoints and proofs |
//! | [`answer`] | signed answers, and their check without the service |
//! | [`gate`] | how many searches run and wait at a time, and for whom |
//! | [`problem`] | errors as RFC 9457 problem details |
//! | [`api`] | the routes |
//! | [`server`] | listeners, reload, shutdown |

pub mod answer;
pub mod api;
pub mod config;
pub mod gate;
pub mod port;
pub mod problem;
pub mod server;
pub mod store;
pub mod tlog;
