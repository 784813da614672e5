//! A small deterministic synthesiser that composes and renders "songs".
//!
//! It exists so that the test files need no licence from anybody and can be
//! made again to the byte: the only randomness is a seeded [`rng::Rng`], and
//! every transcendental function is a polynomial of our own ([`math`]), so
//! that no platform's libm has a say. Nothing here knows about files.
//!
//! seed -> [`compose`] (score) -> [`voices`] and [`drums`] (sound)
//! -> [`song::render`] (mix, room, level) -> [`degrade`] and [`stretch`].

pub mod audio;
pub mod compose;
pub mod degrade;
pub mod drums;
pub mod math;
pub mod rng;
pub mod song;
pub mod speech;
pub mod stretch;
pub mod voices;
