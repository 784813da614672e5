//! Cutting and encoding, by ffmpeg.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Failure;
use crate::encodings::With;
use crate::plan::{File, Plan, Source};
use crate::progress::Progress;
use crate::rng::Rng;

/// Clips that one process cuts out of a recording: starting it takes as long as
/// encoding some seconds.
const AT_ONCE: usize = 24;

/// Whether the program can be run.
pub fn is_there(program: &str) -> bool {
    let mut run = Command::new(program);
    run.arg("-h").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Seconds in the file at `path`; `None` if ffprobe cannot tell.
pub fn duration_s(path: &Path) -> Option<f64> {
    let mut probe = Command::new("ffprobe");
    probe.args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]).arg(path);
    let found = probe.stdin(Stdio::null()).output().ok()?;
    String::from_utf8(found.stdout).ok()?.trim().parse().ok()
}

/// Makes all files of the plan in `folder`, `threads` of them at a time.
///
/// # Errors
/// If one cannot be made; the message says what the program said.
pub fn all(plan: &Plan, sources: &[Source], folder: &Path, seed: u64, threads: usize) -> Result<(), Failure> {
    let mut of_source: Vec<Vec<usize>> = vec![Vec::new(); sources.len()];
    for (number, file) in plan.files.iter().enumerate() {
        if let Some(parent) = folder.join(&file.place).parent() {
            fs::create_dir_all(parent)?;
        }
        of_source[file.source].push(number);
    }
    let progress = Progress::new("recordings cut".to_owned(), sources.len());
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(source) = of_source.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let made = match source.first() {
                        Some(&first) => {
                            let number = plan.files[first].source;
                            let wave = folder.join(format!("staging/source-{number}.wav"));
                            cut(plan, &sources[number], source, &wave, folder, seed)
                        }
                        None => Ok(()),
                    };
                    progress.step();
                    if let Err(error) = made {
                        next.store(usize::MAX / 2, Ordering::Relaxed);
                        if let Ok(mut failed) = failed.lock() {
                            *failed = Some(error);
                        }
                        return;
                    }
                }
            });
        }
    });
    failed.into_inner().ok().flatten().map_or(Ok(()), Err)
}

/// Makes the files that are cut out of one source.
fn cut(
    plan: &Plan,
    source: &Source,
    numbers: &[usize],
    wave: &Path,
    folder: &Path,
    seed: u64,
) -> Result<(), Failure> {
    // Seeking in it is exact and costs nothing.
    let mut decode = ffmpeg();
    decode
        .arg("-i")
        .arg(&source.path)
        .args(["-map", "0:a:0", "-c:a", "pcm_s16le", "-rf64", "auto"])
        .arg(wave);
    finish(decode)?;
    let encoded = numbers.iter().copied().filter(|&n| !plan.files[n].damage.is_some_and(|d| d.is_made_up()));
    let encoded: Vec<usize> = encoded.collect();
    for numbers in encoded.chunks(AT_ONCE) {
        let files: Vec<&File> = numbers.iter().map(|&number| &plan.files[number]).collect();
        encode(&files, wave, folder)?;
    }
    for &number in numbers {
        let file = &plan.files[number];
        if let Some(damage) = file.damage {
            damage.apply(&folder.join(&file.place), &mut Rng::new(seed, &format!("damage {number}")))?;
        }
    }
    Ok(fs::remove_file(wave)?)
}

fn encode(files: &[&File], wave: &Path, folder: &Path) -> Result<(), Failure> {
    let mut run = ffmpeg();
    let mut pictures = files.len();
    for file in files {
        run.args(["-ss", &file.start_s.to_string()]);
        if let Some(length_s) = file.length_s {
            run.args(["-t", &length_s.to_string()]);
        }
        run.arg("-i").arg(wave);
    }
    for file in files.iter().filter(|file| matches!(file.encoding.with, With::Film(_))) {
        run.args(["-f", "lavfi"]);
        if let Some(length_s) = file.length_s {
            run.args(["-t", &length_s.to_string()]);
        }
        run.args(["-i", "testsrc=s=64x64:r=5"]);
    }
    for (number, file) in files.iter().enumerate() {
        run.args(["-map", &format!("{number}:a:0"), "-map_metadata", "-1", "-threads", "1"]);
        run.args(["-ar", &file.rate_hz.to_string(), "-ac", &file.channels.to_string()]);
        let place = folder.join(&file.place);
        match file.encoding.with {
            With::Ffmpeg(options) => {
                run.args(options.split(' '));
            }
            With::Film(options) => {
                run.args(["-map", &format!("{pictures}:v:0"), "-shortest"]).args(options.split(' '));
                pictures += 1;
            }
            With::Fdkaac(_) => {
                run.args(["-c:a", "pcm_s16le"]);
            }
        }
        run.args(["-fflags", "+bitexact", "-flags", "+bitexact"]);
        match file.encoding.with {
            With::Fdkaac(_) => run.arg(place.with_extension("in.wav")),
            _ => run.arg(place),
        };
    }
    finish(run)?;
    for file in files {
        if let With::Fdkaac(options) = file.encoding.with {
            let place = folder.join(&file.place);
            let from = place.with_extension("in.wav");
            let mut run = Command::new("fdkaac");
            run.arg("-S").args(options.split(' ')).arg(&from).arg("-o").arg(&place);
            finish(run)?;
            fs::remove_file(from)?;
        }
    }
    Ok(())
}

fn ffmpeg() -> Command {
    let mut run = Command::new("ffmpeg");
    run.args(["-nostdin", "-v", "error", "-y", "-filter_threads", "1"]);
    run
}

fn finish(mut run: Command) -> Result<(), Failure> {
    let out = run.stdin(Stdio::null()).output()?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    let said: Vec<&str> = said.lines().take(4).collect();
    Err(format!("{:?} {:?} failed: {}", run.get_program(), run.get_args(), said.join("; ")).into())
}
