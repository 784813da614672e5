//! Facts about pixels.

use std::f64::consts::TAU;
use std::ops::Range;

use crate::matching::Grade;
use crate::matching::pair::{Overlay, SharedPeaks, Spot};
use crate::params::Params;
use crate::units::Seconds;

use super::axes::Axes;
use super::colour::{self, scale};
use super::{Basis, Comparison, Image, Rgb, Side, Size, Spectrogram, SpectrogramRecorder};

const SIZE: Size = Size { width: 1_000, height: 700 };
const FOUND: Basis = Basis::Found { grade: Grade::Match, score: 12.0 };

/// A tone that starts at `start_s` of ten seconds.
fn tone(hz: f64, start_s: Seconds, range_s: Range<Seconds>, columns: usize) -> Spectrogram {
    let params = Params::default();
    let rate = f64::from(params.rate_hz);
    let samples: Vec<f32> = (0..10 * params.rate_hz)
        .map(|i| f64::from(i) / rate)
        .map(|t| if t < start_s { 0.0 } else { (0.5 * (TAU * hz * t).sin()) as f32 })
        .collect();
    let mut recorder = SpectrogramRecorder::new(&params, 0.0, range_s, columns);
    samples.chunks(1_000).for_each(|block| recorder.push(block));
    recorder.finish()
}

fn side(name: &str, spectrogram: Spectrogram, spots: Vec<Spot>) -> Side {
    Side { name: name.to_owned(), duration_s: 10.0, spectrogram: Some(spectrogram), spots }
}

/// A has a tone of 1000 Hz from 5 s on, B an octave below at 6 s.
fn comparison(basis: Basis) -> Comparison {
    let (above, below) = (Spot { time_s: 6.0, hz: 1_000.0 }, Spot { time_s: 7.0, hz: 500.0 });
    let stray = Spot { time_s: 3.0, hz: 3_000.0 };
    Comparison {
        basis,
        overlay: Overlay { reference_at_zero_s: 1.0, time_scale: 1.0, pitch_semitones: 12.0 },
        held_s: 2.0..8.0,
        drawn_s: 1.0..9.5,
        shared: SharedPeaks {
            found: vec![(above, below)],
            missing: vec![Spot { time_s: 4.0, hz: 400.0 }],
            expected_by_chance: 0.2,
        },
        query: side("query.wav", tone(1_000.0, 5.0, 0.0..10.0, 4_000), vec![above, stray]),
        recording: side("recording.wav", tone(500.0, 6.0, 0.0..10.0, 4_000), vec![below]),
        band_hz: Comparison::band_hz(&Params::default()),
    }
}

fn axes(comparison: &Comparison) -> (Axes, Axes) {
    let layout = comparison.layout(SIZE, true);
    let (range, band) = (&comparison.drawn_s, &comparison.band_hz);
    (
        Axes::new(layout.query, range.clone(), band.clone(), Overlay::BEGINNINGS),
        Axes::new(layout.recording, range.clone(), band.clone(), comparison.overlay),
    )
}

fn at(image: &Image, axes: &Axes, time_s: f64, hz: f64) -> Rgb {
    let (x, y) = (axes.x(time_s).round() as u32, axes.y(hz).round() as u32);
    image.pixel(x, y).expect("inside")
}

/// Whether a colour is somewhere within so many pixels of a place.
fn near(image: &Image, axes: &Axes, spot: (f64, f64), reach: i32, colour: Rgb) -> bool {
    let (x, y) = (axes.x(spot.0).round() as i32, axes.y(spot.1).round() as i32);
    let column = |dx: i32| (-reach..=reach).map(move |dy| ((x + dx) as u32, (y + dy) as u32));
    (-reach..=reach).flat_map(column).any(|(x, y)| image.pixel(x, y) == Some(colour))
}

#[test]
fn a_tone_is_bright_where_it_sounds_and_dark_elsewhere() {
    let comparison = comparison(FOUND);
    let image = comparison.draw(SIZE);
    let (above, below) = axes(&comparison);
    let (loud, silent) = (scale(1.0), scale(0.0));
    let cases = [(7.5, 1_000.0, loud), (4.0, 1_000.0, silent), (7.5, 2_500.0, silent)];
    for (time_s, hz, colour) in cases {
        assert_eq!(at(&image, &above, time_s, hz), colour, "A at {time_s} s, {hz} Hz");
    }
    for (time_s, hz, colour) in [(8.5, 500.0, loud), (5.0, 500.0, silent), (8.5, 1_000.0, silent)] {
        assert_eq!(at(&image, &below, time_s, hz), colour, "B at {time_s} s, {hz} Hz");
    }
    // B is laid on A: its 8.5 s and 500 Hz stand under A's 7.5 s and 1000 Hz.
    assert!((below.x(8.5) - above.x(7.5)).abs() < 0.01);
    let (height, top) =
        (f64::from(above.area.height()), |axes: &Axes, hz| f64::from(axes.y(hz)) - f64::from(axes.area.top));
    assert!((top(&below, 500.0) - top(&above, 1_000.0)).abs() < 0.01 && height > 100.0);
}

#[test]
fn what_is_beyond_the_match_is_lighter_and_what_is_beyond_the_file_grey() {
    let comparison = comparison(FOUND);
    let image = comparison.draw(SIZE);
    let (above, below) = axes(&comparison);
    assert_eq!(at(&image, &above, 3.0, 700.0), scale(0.0));
    assert_eq!(at(&image, &above, 1.5, 700.0), Rgb([102, 102, 104]));
    // B ends at A's 9 s; beyond the match the grey is lightened, too.
    let Rgb([r, g, b]) = at(&image, &below, 10.2, 700.0);
    assert!(r > 225 && g > 225 && b > 225, "{r} {g} {b}");
    let given = super::Comparison { basis: Basis::Given, ..comparison };
    assert_eq!(at(&given.draw(SIZE), &below, 10.2, 700.0), colour::NOTHING);
}

#[test]
fn a_shared_peak_is_marked_in_both_and_joined_and_others_are_not() {
    let mut comparison = comparison(FOUND);
    let (above, below) = axes(&comparison);
    let image = comparison.draw(SIZE);
    assert!(near(&image, &above, (6.0, 1_000.0), 8, colour::SHARED));
    assert!(near(&image, &below, (7.0, 500.0), 8, colour::SHARED));
    for spot in [(3.0, 3_000.0), (7.0, 1_000.0), (6.0, 2_000.0)] {
        assert!(!near(&image, &above, spot, 12, colour::SHARED), "{spot:?}");
    }
    assert!(!near(&image, &below, (4.0, 400.0), 12, colour::SHARED));
    // The stroke between the panels is where the pair is.
    let between = (above.area.bottom + below.area.top) as u32 / 2;
    let stroked = |image: &Image| image.pixel(above.x(6.0).round() as u32, between) != Some(colour::PAPER);
    assert!(stroked(&image));
    comparison.shared = SharedPeaks::default();
    let image = comparison.draw(SIZE);
    assert!(!stroked(&image) && !near(&image, &above, (6.0, 1_000.0), 8, colour::SHARED));
}

#[test]
fn what_is_no_match_never_has_its_colour() {
    let has = |basis, colour| {
        let image = comparison(basis).draw(SIZE);
        (0..SIZE.height).any(|y| (0..SIZE.width).any(|x| image.pixel(x, y) == Some(colour)))
    };
    assert!(has(FOUND, colour::SHARED) && has(FOUND, colour::CERTAIN) && !has(FOUND, colour::NEGATIVE));
    let possible = Basis::Found { grade: Grade::Possible, score: 1.5 };
    assert!(has(possible, colour::SHARED) && has(possible, colour::DOUBTFUL));
    for basis in [Basis::Candidate { score: -0.3, needed: 3.0 }, Basis::Nothing] {
        assert!(has(basis, colour::NEGATIVE) && !has(basis, colour::SHARED), "{basis:?}");
        assert!(!has(basis, colour::CERTAIN), "{basis:?}");
    }
    assert!(!has(Basis::Given, colour::SHARED) && !has(Basis::Given, colour::CERTAIN));
}

#[test]
fn without_audio_peaks_stand_alone_and_a_bare_picture_has_no_words() {
    let mut comparison = comparison(FOUND);
    comparison.recording.spectrogram = None;
    let image = comparison.draw(SIZE);
    let (_, below) = axes(&comparison);
    assert_eq!(at(&image, &below, 6.0, 700.0), colour::UNHEARD);
    assert_eq!(at(&image, &below, 10.2, 700.0), Rgb([230, 230, 234]), "beyond its end, lightened");
    assert!(near(&image, &below, (7.0, 500.0), 8, colour::SHARED));
    let headline = |image: &Image| {
        (0..SIZE.height).any(|y| (0..SIZE.width).any(|x| image.pixel(x, y) == Some(colour::CERTAIN)))
    };
    assert!(headline(&image) && !headline(&comparison.draw_bare(SIZE)));
    let (with, bare) = (comparison.layout(SIZE, true), comparison.layout(SIZE, false));
    assert!(bare.query.height() > with.query.height() + 30, "the room is used");
}

#[test]
fn the_png_holds_the_picture_and_is_the_same_every_time() {
    let comparison = comparison(FOUND);
    let image = comparison.draw(SIZE);
    let mut bytes = Vec::new();
    image.write_png(&mut bytes).unwrap();
    let mut again = Vec::new();
    comparison.draw(SIZE).write_png(&mut again).unwrap();
    assert_eq!(bytes, again);
    let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (1_000, 700, png::ColorType::Rgb));
    let at = (300 * 1_000 + 400) * 3;
    assert_eq!(image.pixel(400, 300).map(|Rgb(rgb)| rgb.to_vec()), Some(pixels[at..at + 3].to_vec()));
    assert_eq!(image.pixel(1_000, 0), None);
}

#[test]
fn any_size_and_any_range_can_be_drawn() {
    let tiny = Size { width: 1, height: 1 };
    assert_eq!(comparison(FOUND).draw(tiny).size(), Size::SMALLEST);
    for (start, end) in [(0.0, 0.01), (5.0, 5.000_1), (-3.0, 1e9)] {
        let range = Comparison { drawn_s: start..end, held_s: start..end, ..comparison(FOUND) };
        range.draw(SIZE);
    }
    let silent = tone(1_000.0, 99.0, 0.0..10.0, 100);
    let mut quiet = comparison(Basis::Nothing);
    quiet.query.name = "ä".repeat(500);
    quiet.query.spectrogram = Some(silent);
    quiet.recording.spectrogram = Some(tone(1_000.0, 0.0, 50.0..60.0, 100));
    quiet.recording.spots.clear();
    quiet.shared = SharedPeaks::default();
    let image = quiet.draw(SIZE);
    let (above, below) = axes(&quiet);
    assert_eq!(at(&image, &above, 4.0, 500.0), scale(0.0), "silence is black");
    assert_eq!(at(&image, &below, 4.0, 500.0), colour::NOTHING);
}

#[test]
fn a_long_range_takes_no_more_columns_and_keeps_its_peaks() {
    let short = tone(1_000.0, 5.0, 0.0..10.0, 10_000);
    // Frames of 1536 samples, 256 apart, in 120 000.
    assert_eq!(short.columns(), 463);
    let pooled = tone(1_000.0, 5.0, 0.0..10.0, 50);
    assert!((40..=50).contains(&pooled.columns()), "{}", pooled.columns());
    for (time_s, loud) in [(4.0, false), (6.0, true)] {
        for spectrogram in [&short, &pooled] {
            let level = spectrogram.at_db(time_s, 990.0..1_010.0).expect("there");
            assert!(
                if loud { (-7.0..-5.0).contains(&level) } else { level < -90.0 },
                "{time_s} s: {level} dB"
            );
        }
    }
    assert_eq!(short.at_db(10.5, 990.0..1_010.0), None);
    assert_eq!(short.at_db(6.0, 5_500.0..5_600.0), None);
    assert_eq!(tone(1_000.0, 0.0, 20.0..30.0, 50).level_db(0.5), None);
}

#[test]
fn the_match_is_drawn_with_margins_up_to_a_minute() {
    let whole = 0.0..600.0;
    assert_eq!(Comparison::drawn_s(&(100.0..105.0), &whole), 99.0..106.0);
    assert_eq!(Comparison::drawn_s(&(100.0..120.0), &whole), 98.0..122.0);
    assert_eq!(Comparison::drawn_s(&(0.5..9.0), &(0.0..9.2)), 0.0..9.2);
    assert_eq!(Comparison::drawn_s(&(100.0..500.0), &whole), 95.0..155.0);
}
