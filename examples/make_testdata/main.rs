//! Makes the files under `testdata/` again: songs, clips, manifests, answers.
//!
//! ```text
//! cargo run --release --example make_testdata -- testdata --encode
//! ```
//!
//! Without `--encode` only the WAV files and the tables are written, which
//! needs nothing else. With it, the other containers are made by the `ffmpeg`
//! on the path; that step is for developers, the results are committed and no
//! test needs it.

mod catalogue;
mod encode;
mod expected;
mod scraped;
mod synth;
mod tables;
mod wav;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut folder: Option<PathBuf> = None;
    let mut with_ffmpeg = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--encode" => with_ffmpeg = true,
            other if other.starts_with('-') => return Err(usage(other)),
            other if folder.is_none() => folder = Some(PathBuf::from(other)),
            other => return Err(usage(other)),
        }
    }
    let folder = folder.ok_or_else(|| usage("no folder"))?;
    let (catalogue_folder, scraped_folder) = (folder.join("catalogue"), folder.join("scraped"));
    fs::create_dir_all(&catalogue_folder)?;
    fs::create_dir_all(&scraped_folder)?;

    let songs = catalogue::songs();
    let sounds: Vec<_> = songs.iter().map(catalogue::Song::render).collect();
    for (song, sound) in songs.iter().zip(&sounds) {
        encode::write(&catalogue_folder.join(song.file), sound, song.codec, &song.tags(), with_ffmpeg)?;
    }
    let clips = scraped::clips(&songs, &sounds);
    for clip in &clips {
        let path = scraped_folder.join(clip.file);
        match &clip.content {
            scraped::Content::Sound { audio, codec, tags, keep } => {
                encode::write(&path, audio, *codec, tags, with_ffmpeg)?;
                if path.exists() {
                    encode::truncate(&path, *keep)?;
                }
            }
            scraped::Content::Text(text) => fs::write(&path, text)?,
        }
    }
    tables::write_catalogue(&folder.join("catalogue.csv"), &songs)?;
    tables::write_declarations(&folder.join("declarations.csv"))?;
    tables::write_expected(&folder.join("expected.csv"), &clips)?;
    Ok(())
}

fn usage(found: &str) -> Box<dyn Error> {
    format!("found {found}; usage: make_testdata FOLDER [--encode]").into()
}
