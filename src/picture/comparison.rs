//! Where everything goes.

use crate::matching::pair::Overlay;

use super::axes::Axes;
use super::caption;
use super::colour::{COINCIDENCE, COINCIDENCE_ON_PAPER, INK, PAPER, SHARED, SHARED_ON_PAPER};
use super::font::Font;
use super::image::{Area, Image, Rgb, Size};
use super::legend::{self, Entry};
use super::marks::{self, Marks};
use super::panel::{Labels, Panel};
use super::subject::{Basis, Comparison};

/// Everything that depends on the size of the picture.
pub(super) struct Layout {
    font: Font,
    heading: Font,
    letters: usize,
    margin: i32,
    pub query: Area,
    pub recording: Area,
    legend: Area,
    mark: f32,
}

impl Comparison {
    /// Draws it; a size beyond the smallest or largest is taken for that.
    pub fn draw(&self, size: Size) -> Image {
        self.drawn(size, true)
    }

    /// As [`draw`](Self::draw), without the words above: for a page that has them.
    pub fn draw_bare(&self, size: Size) -> Image {
        self.drawn(size, false)
    }

    fn drawn(&self, size: Size, words: bool) -> Image {
        let size = size.clamped();
        let mut image = Image::new(size, PAPER);
        let layout = self.layout(size, words);
        let (colour, colour_on_paper) = self.colours();
        let above = Axes::new(layout.query, self.drawn_s.clone(), self.band_hz.clone(), Overlay::BEGINNINGS);
        let below = Axes::new(layout.recording, self.drawn_s.clone(), self.band_hz.clone(), self.overlay);
        let panels = [
            Panel { side: &self.query, letter: "A", axes: &above, labels: Labels::Above },
            Panel { side: &self.recording, letter: "B", axes: &below, labels: Labels::Below },
        ];
        for panel in &panels {
            panel.draw(&mut image, layout.mark);
        }
        if matches!(self.basis, Basis::Found { .. } | Basis::Candidate { .. }) {
            let width = (layout.font.height() / 8).max(2);
            marks::hold(&mut image, &above, &self.held_s, width);
            let held = self.overlay.reference_s(self.held_s.start)..self.overlay.reference_s(self.held_s.end);
            marks::hold(&mut image, &below, &held, width);
        }
        Marks {
            query: &above,
            recording: &below,
            shared: &self.shared,
            colour,
            colour_on_paper,
            radius: layout.mark,
        }
        .draw(&mut image);
        for panel in &panels {
            panel.draw_axes(&mut image, layout.font, layout.heading);
        }
        if words {
            self.write(&mut image, &layout);
        }
        legend::draw(Some(&mut image), layout.legend, layout.font, &self.entries(), layout.mark);
        image
    }

    fn write(&self, image: &mut Image, layout: &Layout) {
        let (headline, colour) = caption::headline(&self.basis);
        layout.heading.write(image, (layout.margin, layout.margin), headline, colour, true);
        let mut y = layout.margin + layout.heading.height() * 5 / 4;
        for line in caption::lines(self, layout.letters) {
            layout.font.write(image, (layout.margin, y), &line, INK, false);
            y += layout.font.height() * 5 / 4;
        }
    }

    pub(super) fn layout(&self, size: Size, words: bool) -> Layout {
        let (width, height) = (size.width as i32, size.height as i32);
        // 16 pixels a line at the usual size.
        let unit = (size.width as f32 / 100.0).min(size.height as f32 / 62.0);
        let font = Font::at_most(unit);
        let heading = Font::at_most(1.3 * font.height() as f32);
        let line = font.height();
        let margin = line;
        let letters = ((width - 2 * margin) / font.letter()) as usize;
        let caption = match words {
            true => heading.height() * 5 / 4 + caption::lines(self, letters).len() as i32 * line * 5 / 4,
            false => -line,
        };
        let left = margin + 9 * font.letter() + line / 2;
        let right = width - margin;
        let top = margin + caption + 2 * line + line / 3;
        let mut legend = Area { left: margin, top: 0, right: width - margin, bottom: 0 };
        let rows = legend::draw(None, legend, font, &self.entries(), 0.0);
        legend.top = height - margin - rows * (line + line / 3) + line / 3;
        let bottom = legend.top - 2 * line - line / 2;
        let gap = line + line / 2;
        let panel = (bottom - top - gap) / 2;
        let mark = self.mark(line as f32, right - left, panel);
        Layout {
            font,
            heading,
            letters,
            margin,
            query: Area { left, top, right, bottom: top + panel },
            recording: Area { left, top: bottom - panel, right, bottom },
            legend,
            mark,
        }
    }

    /// Radius of the marks: smaller where they are many.
    fn mark(&self, line: f32, width: i32, height: i32) -> f32 {
        let length_s = (self.drawn_s.end - self.drawn_s.start).max(0.1) as f32;
        // About thirty peaks a second are kept of a recording. They have room
        // where a second takes 100 columns of 325 lines of 16-pixel text.
        let room = (width * height) as f32 / length_s / (100.0 * 325.0) * (16.0 / line).powi(2);
        line * 0.3 * room.sqrt().clamp(0.5, 1.0)
    }

    /// What the legend has to explain.
    fn entries(&self) -> Vec<Entry> {
        let (colour, _) = self.colours();
        let mut entries = Vec::new();
        match self.basis {
            Basis::Found { .. } => {
                entries.push(Entry::Shared("same peak in A and B (lines join some)", colour))
            }
            Basis::Candidate { .. } | Basis::Given => {
                entries.push(Entry::Shared("peak of A where one of B would be (chance gives some)", colour));
            }
            Basis::Nothing => {}
        }
        if self.basis != Basis::Nothing {
            entries.push(Entry::Missing);
        }
        entries.push(Entry::Other);
        let heard = [&self.query, &self.recording].map(|side| side.spectrogram.is_some());
        if heard.contains(&true) {
            entries.push(Entry::Levels);
        }
        if heard.contains(&false) {
            let which = match heard {
                [true, _] => "peaks of B alone: its audio is not at hand",
                [_, true] => "peaks of A alone: its audio is not at hand",
                _ => "peaks alone: no audio is at hand",
            };
            entries.push(Entry::Unheard(which));
        }
        match self.basis {
            Basis::Found { .. } => entries.push(Entry::Outside("beyond the match")),
            Basis::Candidate { .. } => entries.push(Entry::Outside("beyond the candidate")),
            Basis::Given | Basis::Nothing => {}
        }
        let (start, end) =
            (self.overlay.reference_s(self.drawn_s.start), self.overlay.reference_s(self.drawn_s.end));
        if start < 0.0 || end > self.recording.duration_s || self.overlay.pitch_semitones.abs() > 0.9 {
            entries.push(Entry::Nothing);
        }
        entries
    }

    fn colours(&self) -> (Rgb, Rgb) {
        match self.basis {
            Basis::Found { .. } => (SHARED, SHARED_ON_PAPER),
            Basis::Candidate { .. } | Basis::Given | Basis::Nothing => (COINCIDENCE, COINCIDENCE_ON_PAPER),
        }
    }
}
