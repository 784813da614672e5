//! Pictures of a report's matches, from what is at hand.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::audio::{AudioInfo, Limits, decode};
use crate::fingerprint::{
    FileError, Fingerprint, FingerprintReader, Fingerprinter, HashedSource, StoredEntry,
};
use crate::index::RecordingRef;
use crate::matching::pair::{Overlay, SharedPeaks, Spot};
use crate::params::Params;
use crate::peaks::Peak;
use crate::picture::{Basis, Comparison, Side, Size, Spectrogram, SpectrogramRecorder};
use crate::registry::{Recording, Snapshot};
use crate::report::{MatchRow, PagePicture, PastRow};
use crate::units::{RecordingKey, Seconds};

use super::source::open;

/// Wide enough for a printed page, small enough for forty in a file.
const SIZE: Size = Size { width: 1_000, height: 620 };

/// Pictures of matches, by their places in a row; or why there is none.
pub type Drawn = BTreeMap<usize, Result<PagePicture, String>>;

/// Draws the matches of a report's rows: the file above, the recording below, and the
/// peaks that both have.
///
/// It owns what it needs, and any number of threads may use it.
pub struct MatchPictures {
    registry: Snapshot,
    places: HashMap<RecordingKey, RecordingRef>,
    root: PathBuf,
    /// What the fingerprint files keep of the files that are to be drawn, by path.
    kept: HashMap<String, StoredEntry>,
    limits: Limits,
    may_read: Box<dyn Fn(&Path) -> bool + Send + Sync>,
}

/// A file as far as it is at hand.
struct Query {
    fingerprint: Fingerprint,
    /// The spectrogram of each range that was asked for; none of a fingerprint.
    spectrograms: Option<Vec<Spectrogram>>,
}

impl MatchPictures {
    /// Gets ready to draw matches with `registry`. Files lie where the report says,
    /// relative paths below `root`.
    pub fn new(registry: &Snapshot, root: &Path) -> Self {
        let index = registry.index();
        Self {
            registry: registry.clone(),
            places: index.recordings().map(|place| (index.recording(place).key, place)).collect(),
            root: root.to_owned(),
            kept: HashMap::new(),
            limits: Limits::default(),
            may_read: Box::new(|_| true),
        }
    }

    /// Takes what `fingerprints` keep of the files of these paths, for files that are not
    /// at hand.
    ///
    /// # Errors
    /// If one cannot be read to its end.
    pub fn with_fingerprints(
        mut self,
        fingerprints: &[PathBuf],
        paths: &HashSet<&str>,
    ) -> Result<Self, FileError> {
        for path in fingerprints {
            for entry in FingerprintReader::open(path, self.registry.params())? {
                let entry = entry?;
                if paths.contains(entry.about.path.as_str()) {
                    self.kept.insert(entry.about.path.clone(), entry);
                }
            }
        }
        Ok(self)
    }

    /// Asks `may_read` before the audio of a recording is looked at where it was
    /// registered from.
    #[must_use]
    pub fn asking(self, may_read: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        Self { may_read: Box::new(may_read), ..self }
    }

    /// The pictures of some matches of a row, by their places in it; or why there is
    /// none.
    pub fn draw(&self, row: &PastRow, matches: &[usize]) -> Drawn {
        let asked: Vec<(usize, &MatchRow, View)> = matches
            .iter()
            .filter_map(|number| row.matches.get(*number).map(|found| (*number, found)))
            .map(|(number, found)| (number, found, View::of(found, row.duration_s.unwrap_or(0.0))))
            .collect();
        let query = match self.query(row, asked.iter().map(|(_, _, view)| view.drawn_s.clone()).collect()) {
            Ok(query) => query,
            Err(reason) => {
                return asked.iter().map(|(number, ..)| (*number, Err(reason.clone()))).collect();
            }
        };
        let mut spectrograms = query.spectrograms.into_iter().flatten();
        let mut pictures = BTreeMap::new();
        for (number, found, view) in asked {
            let above = spectrograms.next();
            pictures.insert(number, self.picture(row, found, &view, &query.fingerprint, above));
        }
        pictures
    }

    /// The file, if it is the one of the report.
    fn query(&self, row: &PastRow, ranges: Vec<Range<Seconds>>) -> Result<Query, String> {
        let params = self.registry.params();
        let path = self.root.join(row.named());
        let known = row.file.as_ref().map(|file| file.sha256);
        let heard = listen(&path, ranges, params, &self.limits);
        match (heard, self.kept.get(&row.path)) {
            (Ok(heard), _) if known == heard.sha256 => {
                Ok(Query { fingerprint: heard.fingerprint, spectrograms: Some(heard.spectrograms) })
            }
            (heard, Some(entry)) if entry.about.file.map(|file| file.sha256) == known => {
                let decoded =
                    entry.clone().decode(params, &self.limits).map_err(|error| error.to_string())?;
                let (sound, _) = decoded.sound.map_err(|error| {
                    heard.err().map_or_else(|| error.clone(), |heard| format!("{heard}; {error}"))
                })?;
                Ok(Query { fingerprint: sound.mean, spectrograms: None })
            }
            (Ok(_), _) => Err("the file at hand is not the one that was scanned".to_owned()),
            (Err(error), _) => Err(format!("the file is not at hand ({error})")),
        }
    }

    fn picture(
        &self,
        row: &PastRow,
        found: &MatchRow,
        view: &View,
        query: &Fingerprint,
        above: Option<Spectrogram>,
    ) -> Result<PagePicture, String> {
        let params = self.registry.params();
        if !view.makes_sense() {
            return Err("the row names a place that no search gives".to_owned());
        }
        let recording = self.registry.recording_by_id(&found.recording);
        let recording = recording.ok_or("the recording is no longer registered")?;
        let place = self.places.get(&recording.key).ok_or("the recording's peaks are not in the registry")?;
        let stored = self.registry.index().peaks(*place);
        let reference_s =
            view.overlay.reference_s(view.drawn_s.start)..view.overlay.reference_s(view.drawn_s.end);
        let below = self.spectrogram(&recording, reference_s);
        let shared = SharedPeaks::between(query, 0.0, &stored, &view.overlay, view.held_s.clone(), params);
        let (peaks, peaks_found, peaks_by_chance) =
            (shared.looked_for(), shared.found.len(), shared.expected_by_chance);
        let heard = [above.is_some(), below.is_some()];
        // What is drawn is a few thousand peaks at most, whatever the file's length.
        let spots = |peaks: &[Peak], range: Range<Seconds>| -> Vec<Spot> {
            let spots = peaks.iter().map(|peak| Spot::new(peak, 0.0, params));
            spots.filter(|spot| range.contains(&spot.time_s)).collect()
        };
        let reference_s =
            view.overlay.reference_s(view.drawn_s.start)..view.overlay.reference_s(view.drawn_s.end);
        let comparison = Comparison {
            basis: Basis::Found { grade: found.grade, score: found.score },
            overlay: view.overlay,
            held_s: view.held_s.clone(),
            drawn_s: view.drawn_s.clone(),
            shared,
            query: Side {
                name: row.path.clone(),
                duration_s: row.duration_s.unwrap_or(view.held_s.end),
                spectrogram: above,
                spots: spots(&query.peaks, view.drawn_s.clone()),
            },
            recording: Side {
                name: recording.id,
                duration_s: recording.duration_s,
                spectrogram: below,
                spots: spots(&stored, reference_s),
            },
            band_hz: Comparison::band_hz(params),
        };
        let image = comparison.draw_bare(SIZE);
        let mut png = Vec::new();
        image.write_compact_png(&mut png).map_err(|error| error.to_string())?;
        Ok(PagePicture {
            png,
            size: (image.size().width, image.size().height),
            peaks,
            peaks_found,
            peaks_by_chance,
            heard,
            drawn_s: (view.drawn_s.start, view.drawn_s.end),
        })
    }

    /// The spectrogram of a passage of a recording, if its audio lies where it was
    /// registered from and is still the same.
    fn spectrogram(&self, recording: &Recording, range_s: Range<Seconds>) -> Option<Spectrogram> {
        let path = Path::new(recording.source_path.as_deref()?);
        // Telling that a file is not there should cost no more than that.
        fs::metadata(path).ok()?;
        if !(self.may_read)(path) {
            return None;
        }
        let heard = listen(path, vec![range_s], self.registry.params(), &self.limits).ok()?;
        let same = heard.info.audio_hash == recording.audio_hash;
        heard.spectrograms.into_iter().next().filter(|_| same)
    }
}

/// How a match is looked at.
struct View {
    overlay: Overlay,
    held_s: Range<Seconds>,
    drawn_s: Range<Seconds>,
}

impl View {
    fn of(found: &MatchRow, duration_s: Seconds) -> View {
        let place = &found.place;
        let held_s = place.query_start_s..place.query_end_s;
        let overlay = Overlay {
            reference_at_zero_s: place.reference_end_s - place.time_scale * place.query_end_s,
            time_scale: place.time_scale,
            pitch_semitones: place.pitch_semitones,
        };
        let drawn_s = Comparison::drawn_s(&held_s, &(0.0..duration_s.max(place.query_end_s)));
        View { overlay, held_s, drawn_s }
    }
}

impl View {
    /// Whether it can be drawn: reports come from others.
    fn makes_sense(&self) -> bool {
        let Range { start, end } = self.held_s;
        (0.1..=10.0).contains(&self.overlay.time_scale)
            && self.overlay.pitch_semitones.abs() <= 48.0
            && start >= 0.0
            && start < end
            && self.drawn_s.start < self.drawn_s.end
    }
}

/// What a file sounds like.
struct Heard {
    fingerprint: Fingerprint,
    spectrograms: Vec<Spectrogram>,
    info: AudioInfo,
    sha256: Option<[u8; 32]>,
}

/// Reads a file once: its fingerprint, the spectrograms of some ranges, its hash.
fn listen(
    path: &Path,
    ranges: Vec<Range<Seconds>>,
    params: &Params,
    limits: &Limits,
) -> Result<Heard, String> {
    let file = open(path).map_err(|error| error.to_string())?;
    let source = HashedSource::new(file).map_err(|error| error.to_string())?;
    let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
    let mut fingerprinter = Fingerprinter::new(params);
    let columns = SIZE.width as usize;
    let mut recorders: Vec<SpectrogramRecorder> =
        ranges.into_iter().map(|range| SpectrogramRecorder::new(params, 0.0, range, columns)).collect();
    let info = decode(source.clone(), extension.as_deref(), params.rate_hz, limits, &mut |samples| {
        fingerprinter.push(samples);
        recorders.iter_mut().for_each(|recorder| recorder.push(samples));
    })
    .map_err(|error| error.to_string())?;
    Ok(Heard {
        fingerprint: fingerprinter.finish(),
        spectrograms: recorders.into_iter().map(SpectrogramRecorder::finish).collect(),
        info,
        sha256: source.finish().ok().map(|file| file.sha256),
    })
}
