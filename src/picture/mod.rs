//! A query and a recording side by side, as a picture for people.
//!
//! A [`Comparison`] holds two spectrograms, how the recording is laid on the
//! query and which peaks both share; [`Comparison::draw`] makes an [`Image`] of
//! it, [`Image::write_png`] a file. The query is above, the recording below on
//! the query's axes of time and pitch, so that what is the same stands at the
//! same place. Nothing here reads audio or searches: the spectrograms come from
//! a [`SpectrogramRecorder`], the rest from [`crate::matching::pair`].
//!
//! | file | does |
//! |---|---|
//! | `image` | pixels, shapes, PNG |
//! | `compact` | PNG in few colours |
//! | `font` | text |
//! | `colour` | the colours, the scale of the spectrograms |
//! | `spectrogram` | the log power of a range, in bounded memory |
//! | `subject` | what is drawn: two files, and how one is laid on the other |
//! | `axes` | seconds and Hz to pixels, and their labels |
//! | `panel` | a spectrogram with its axes and faint peaks |
//! | `marks` | what both share |
//! | `caption` | the words above |
//! | `legend` | the words below |
//! | `comparison` | where everything goes |
//!
//! The same comparison gives the same bytes.

mod axes;
mod caption;
mod colour;
mod compact;
mod comparison;
mod font;
mod image;
mod legend;
mod marks;
mod panel;
mod spectrogram;
mod subject;
#[cfg(test)]
mod tests;

pub use image::{Image, Rgb, Size};
pub use spectrogram::{Spectrogram, SpectrogramRecorder};
pub use subject::{Basis, Comparison, Side};
