//! Whole files through `decode` and `read_tags`.

mod codecs;
mod damage;
mod make;
mod support;
mod tags;
mod wav;
