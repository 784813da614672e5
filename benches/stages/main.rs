//! What each stage from bytes to a constellation costs.
//!
//! ```text
//! cargo bench --bench stages
//! EARMARK_BENCH_AUDIO=FOLDER cargo bench --bench stages
//! ```
//!
//! Every file of FOLDER (by default `testdata/catalogue`) is read once; each stage
//! is then given what the stages before it made of all files. An element of the
//! throughput is a second of audio: `1.8 Kelem/s` is 1,800 times real time. Times
//! are those of one thread. `fingerprint` is the whole, `decode` includes the
//! downmix, `resample` is from each file's own rate.

use std::fs;
use std::hint::black_box;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use earmark::audio::{Limits, decode};
use earmark::fingerprint::fingerprint;
use earmark::params::Params;
use earmark::peaks::{Peak, PeakPicker, sparse};
use earmark::spectrum::{LogPower, Stft};

// Nothing but a benchmark needs a resampler without a decoder.
#[path = "../../src/audio/resample/mod.rs"]
#[allow(dead_code, unused_imports)]
mod resample;

/// Samples handed over at a time, as many as a long Vorbis block gives.
const PIECE: usize = 1_024;

/// A file and what each stage makes of it.
struct File {
    bytes: Vec<u8>,
    extension: Option<String>,
    rate_hz: u32,
    seconds: f64,
    decoded: Vec<f32>,
    resampled: Vec<f32>,
    frames: Vec<Vec<LogPower>>,
    peaks: Vec<Peak>,
}

/// Mono samples of a file at `rate_hz`, and the file's own rate and length.
fn samples(bytes: &[u8], extension: Option<&str>, rate_hz: u32) -> Result<(Vec<f32>, u32, f64), String> {
    let mut samples = Vec::new();
    let source = Cursor::new(bytes.to_vec());
    let mut sink = |block: &[f32]| samples.extend_from_slice(block);
    let info =
        decode(source, extension, rate_hz, &Limits::default(), &mut sink).map_err(|e| e.to_string())?;
    Ok((samples, info.sample_rate_hz, info.duration_s))
}

fn spectrogram(samples: &[f32], params: &Params, sink: &mut dyn FnMut(&[LogPower])) {
    let mut stft = Stft::new(params);
    samples.chunks(PIECE).for_each(|piece| stft.push(piece, sink));
    stft.finish(sink);
}

fn pick(frames: &[Vec<LogPower>], params: &Params) -> Vec<Peak> {
    let mut picker = PeakPicker::new(params);
    frames.iter().for_each(|frame| picker.push(frame));
    picker.finish().0
}

impl File {
    fn read(path: &Path, params: &Params) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|e| e.to_string())?;
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
        let hint = extension.as_deref();
        let (resampled, rate_hz, seconds) = samples(&bytes, hint, params.rate_hz)?;
        let (decoded, ..) = samples(&bytes, hint, rate_hz)?;
        let mut frames = Vec::new();
        spectrogram(&resampled, params, &mut |frame| frames.push(frame.to_vec()));
        let peaks = pick(&frames, params);
        Ok(File { bytes, extension, rate_hz, seconds, decoded, resampled, frames, peaks })
    }
}

fn files(params: &Params) -> Vec<File> {
    let folder = std::env::var_os("EARMARK_BENCH_AUDIO")
        .map_or(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/catalogue"), PathBuf::from);
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| {
            File::read(path, params).map_err(|error| eprintln!("{}: {error}", path.display())).ok()
        })
        .collect()
}

fn stages(criterion: &mut Criterion) {
    let params = Params::default();
    let files = files(&params);
    let seconds: f64 = files.iter().map(|file| file.seconds).sum();
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Elements(seconds.round() as u64)).sample_size(10);
    let mut stage = |name: &str, run: &dyn Fn(&File)| {
        group.bench_function(name, |bencher| bencher.iter(|| files.iter().for_each(run)));
    };
    stage("decode", &|file| drop(black_box(samples(&file.bytes, file.extension.as_deref(), file.rate_hz))));
    stage("resample", &|file| {
        let mut resampler = resample::Resampler::new(file.rate_hz, params.rate_hz);
        let mut sink = |block: &[f32]| _ = black_box(block);
        file.decoded.chunks(PIECE).for_each(|piece| resampler.push(piece, &mut sink));
        resampler.finish(&mut sink);
    });
    stage("stft", &|file| spectrogram(&file.resampled, &params, &mut |frame| _ = black_box(frame)));
    stage("peaks", &|file| drop(black_box(pick(&file.frames, &params))));
    stage("sparse", &|file| drop(black_box(sparse(&file.peaks, &params))));
    stage("fingerprint", &|file| {
        let source = Cursor::new(file.bytes.clone());
        drop(black_box(fingerprint(source, file.extension.as_deref(), &params, &Limits::default())));
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
