//! Whole files through `decode` and `read_tags`.

mod chunks;
mod codecs;
mod damage;
mod formats;
mod grid;
mod id3;
mod joins;
mod lies;
mod make;
mod parts;
mod piped;
mod rights;
mod support;
mod tags;
mod wav;
