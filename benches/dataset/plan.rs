//! What the data set holds, before any of it is made.

use std::path::PathBuf;

use crate::damage::Damage;
use crate::encodings::{ENCODINGS, Encoding, UNSUPPORTED, With, is_for_whole};
use crate::options::MakeOptions;
use crate::rng::Rng;

/// A recording that is cut.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its file.
    pub path: PathBuf,
    /// Its name in the manifest.
    pub id: String,
    /// Album or game; other recordings of it may share audio with it.
    pub group: String,
    /// Whether it is registered.
    pub registered: bool,
    /// Its length in seconds.
    pub duration_s: f64,
}

/// A file that is encoded.
#[derive(Debug)]
pub struct File {
    /// Where, below the folder of the data set; what is packed goes away again.
    pub place: PathBuf,
    /// Number of the source.
    pub source: usize,
    /// Where in the source it begins, in seconds.
    pub start_s: f64,
    /// How long it is, in seconds; `None` to the end.
    pub length_s: Option<f64>,
    /// Its form.
    pub encoding: &'static Encoding,
    /// Its sample rate.
    pub rate_hz: u32,
    /// Its channels.
    pub channels: u16,
    /// How it is broken.
    pub damage: Option<Damage>,
}

/// Something that a scan has a row for.
#[derive(Debug)]
pub struct Item {
    /// How the scan calls it, from the folder of the data set; where it stands in
    /// the container. Of a passage the name of its file.
    pub name: String,
    /// Number of its file.
    pub file: usize,
    /// Start and length of the passage that is asked about, in seconds.
    pub passage: Option<(f64, f64)>,
}

/// The kinds of what holds clips, in the order of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSONL as NeMo writes it: passages of whole recordings.
    Passages,
    /// `metadata.jsonl` of Hugging Face.
    HuggingFace,
    /// CSV with paths.
    Csv,
    /// Parquet with paths.
    ParquetPaths,
    /// Parquet with a struct of bytes and path.
    ParquetAudio,
    /// WebDataset.
    Tar,
    /// The same, packed.
    TarGz,
    /// Zip.
    Zip,
    /// Nothing.
    Folder,
    /// Nothing; whole recordings.
    Whole,
}

impl Kind {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passages => "passages of JSONL",
            Self::HuggingFace => "metadata.jsonl",
            Self::Csv => "CSV",
            Self::ParquetPaths => "Parquet with paths",
            Self::ParquetAudio => "Parquet with audio",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
            Self::Folder => "folders",
            Self::Whole => "whole recordings",
        }
    }

    /// The folder or the manifests that are named to the scan.
    pub fn is_manifest(self) -> bool {
        matches!(self, Self::Passages | Self::HuggingFace | Self::Csv | Self::ParquetPaths)
    }
}

/// A container and its items.
#[derive(Debug)]
pub struct Group {
    /// What it is.
    pub kind: Kind,
    /// Its path below the folder of the data set.
    pub path: String,
    /// Its items, in order.
    pub items: Vec<Item>,
}

/// All of it.
#[derive(Debug)]
pub struct Plan {
    /// What is encoded.
    pub files: Vec<File>,
    /// What holds it, in the order of a scan.
    pub groups: Vec<Group>,
}

/// Kinds with their share of the clips in percent and the most that one container
/// holds, in the order in which a scan takes them. Folders get what is left.
const LAYOUT: [(Kind, usize, usize); 9] = [
    (Kind::Passages, 10, 1000),
    (Kind::HuggingFace, 10, 1000),
    (Kind::Csv, 8, 800),
    (Kind::ParquetPaths, 6, 600),
    (Kind::ParquetAudio, 15, 400),
    (Kind::Tar, 30, 500),
    (Kind::TarGz, 5, 500),
    (Kind::Zip, 6, 600),
    (Kind::Folder, 10, 200),
];

/// Clips are 5 to 20 s long, more of them short than long, as in data sets of speech
/// and captions.
const LENGTH_S: (f64, f64) = (5.0, 20.0);

/// Plans the data set out of `sources`; without what fdkaac makes unless `he_aac`.
pub fn plan(sources: &[Source], options: &MakeOptions, he_aac: bool) -> Plan {
    let mut maker = Maker { sources, rng: Rng::new(options.seed, "dataset"), he_aac, files: Vec::new() };
    let whole: Vec<usize> = (0..options.whole).map(|number| maker.whole(number)).collect();
    let mut groups = Vec::new();
    let (mut number, mut broken) = (0, 0.0);
    for (kind, percent, most) in LAYOUT {
        let rest = options.clips - number;
        let count = if kind == Kind::Folder { rest } else { (options.clips * percent / 100).min(rest) };
        // Two at least, so that every kind has shards.
        let shards = count.div_ceil(most).max(2).min(count);
        for shard in 0..shards {
            let path = container(kind, shard, groups.iter().filter(|g: &&Group| g.kind == Kind::Tar).count());
            let mut items = Vec::new();
            for row in 0..(count * (shard + 1) / shards - count * shard / shards) {
                if kind == Kind::Passages && !whole.is_empty() {
                    items.push(maker.passage(&whole));
                } else {
                    broken += options.broken;
                    let damage = (broken >= 1.0).then(|| maker.damage());
                    broken -= if damage.is_some() { 1.0 } else { 0.0 };
                    items.push(maker.clip((kind, &path, row), number, damage));
                }
                number += 1;
            }
            groups.push(Group { kind, path, items });
        }
    }
    let items = whole.iter().map(|&file| {
        let name = maker.files[file].place.to_string_lossy().into_owned();
        Item { name, file, passage: None }
    });
    groups.push(Group { kind: Kind::Whole, path: "whole".to_owned(), items: items.collect() });
    Plan { files: maker.files, groups }
}

fn container(kind: Kind, shard: usize, tars: usize) -> String {
    match kind {
        Kind::Passages => format!("whole/passages-{shard}.jsonl"),
        Kind::HuggingFace => format!("huggingface/train-{shard}/metadata.jsonl"),
        Kind::Csv => format!("csv/train-{shard}.csv"),
        Kind::ParquetPaths => format!("paths/train-{shard}.parquet"),
        Kind::ParquetAudio => format!("parquet/train-{shard:05}.parquet"),
        Kind::Tar => format!("tar/shard-{shard:05}.tar"),
        Kind::TarGz => format!("tar/shard-{:05}.tar.gz", tars + shard),
        Kind::Zip => format!("zip/part-{shard:02}.zip"),
        Kind::Folder => format!("folders/{shard:04}"),
        Kind::Whole => "whole".to_owned(),
    }
}

struct Maker<'a> {
    sources: &'a [Source],
    rng: Rng,
    he_aac: bool,
    files: Vec<File>,
}

impl Maker<'_> {
    /// A source that is registered or is not.
    fn source(&mut self, registered: bool) -> usize {
        let of: Vec<usize> =
            (0..self.sources.len()).filter(|&s| self.sources[s].registered == registered).collect();
        self.rng.pick(&of)
    }

    fn encoding(&mut self, of: &'static [Encoding], wanted: impl Fn(&Encoding) -> bool) -> &'static Encoding {
        let he_aac = self.he_aac;
        let fits =
            |encoding: &&Encoding| wanted(encoding) && (he_aac || !matches!(encoding.with, With::Fdkaac(_)));
        let total: usize = of.iter().filter(fits).map(|encoding| encoding.weight).sum();
        let mut at = self.rng.below(total);
        let chosen = of.iter().filter(fits).find(|encoding| {
            let here = at < encoding.weight;
            at = at.saturating_sub(encoding.weight);
            here
        });
        chosen.unwrap_or(&of[0])
    }

    fn damage(&mut self) -> Damage {
        self.rng.pick(&Damage::ALL)
    }

    fn file(&mut self, file: File) -> usize {
        self.files.push(file);
        self.files.len() - 1
    }

    /// The whole of a source, of every second a registered one; each once, as long as
    /// there are enough.
    fn whole(&mut self, number: usize) -> usize {
        let registered = number.is_multiple_of(2);
        let of: Vec<usize> =
            (0..self.sources.len()).filter(|&s| self.sources[s].registered == registered).collect();
        let source = of[number / 2 % of.len()];
        let encoding = self.encoding(ENCODINGS, is_for_whole);
        let (rate_hz, channels) = (self.rng.pick(encoding.rates_hz), self.rng.pick(encoding.channels));
        self.file(File {
            place: format!("whole/{number:06}.{}", encoding.extension).into(),
            source,
            start_s: 0.0,
            length_s: None,
            encoding,
            rate_hz,
            channels,
            damage: None,
        })
    }

    /// A passage of one of the files in `whole`.
    fn passage(&mut self, whole: &[usize]) -> Item {
        let file = self.rng.pick(whole);
        let duration_s = self.sources[self.files[file].source].duration_s;
        let (start_s, length_s) = self.cut(duration_s);
        let name = self.files[file].place.to_string_lossy().into_owned();
        Item { name, file, passage: Some((start_s, length_s)) }
    }

    /// Start and length within so many seconds, in whole milliseconds.
    fn cut(&mut self, duration_s: f64) -> (f64, f64) {
        let length_s = LENGTH_S.0 + (LENGTH_S.1 - LENGTH_S.0) * self.rng.unit().powi(2);
        let length_s = length_s.min(duration_s);
        let start_s = self.rng.unit() * (duration_s - length_s);
        ((start_s * 1e3).floor() / 1e3, (length_s * 1e3).floor() / 1e3)
    }

    fn clip(
        &mut self,
        (kind, container, row): (Kind, &str, usize),
        number: usize,
        damage: Option<Damage>,
    ) -> Item {
        let registered = number.is_multiple_of(2);
        let source = self.source(registered);
        let (start_s, length_s) = self.cut(self.sources[source].duration_s);
        let encoding = match damage {
            Some(Damage::Unsupported) => self.encoding(UNSUPPORTED, |_| true),
            Some(Damage::Text) => self.encoding(ENCODINGS, |encoding| encoding.extension == "mp3"),
            _ => self.encoding(ENCODINGS, |_| true),
        };
        let (rate_hz, channels) = (self.rng.pick(encoding.rates_hz), self.rng.pick(encoding.channels));
        let named = format!("{number:06}.{}", encoding.extension);
        let folder = container.rsplit_once('/').map_or("", |(folder, _)| folder);
        let (place, name) = match kind {
            Kind::HuggingFace => twice(format!("{folder}/data/{named}")),
            Kind::Csv | Kind::ParquetPaths => twice(format!("{folder}/clips/{named}")),
            Kind::Folder => twice(format!("{container}/{named}")),
            Kind::ParquetAudio => (staged(&named), format!("{container}/{row}/{named}")),
            Kind::Zip => (staged(&named), format!("{container}/clips/{named}")),
            _ => (staged(&named), format!("{container}/{named}")),
        };
        let length_s = Some(length_s);
        let place = place.into();
        let file = self.file(File { place, source, start_s, length_s, encoding, rate_hz, channels, damage });
        Item { name, file, passage: None }
    }
}

fn twice(place: String) -> (String, String) {
    (place.clone(), place)
}

/// Where a file stands until it is packed.
fn staged(named: &str) -> String {
    format!("staging/{named}")
}
