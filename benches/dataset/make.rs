//! `make`: the data set.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Failure;
use crate::encode;
use crate::options::MakeOptions;
use crate::pack::pack;
use crate::plan::{Kind, Plan, Source, plan};
use crate::truth::{self, INPUTS, Inputs, TRUTH};

#[derive(Deserialize)]
struct Entry {
    path: PathBuf,
    id: String,
    /// Album or game.
    #[serde(default)]
    group: String,
}

/// Makes the data set.
///
/// # Errors
/// If ffmpeg is not there or fails, or something cannot be read or written.
pub fn make(options: &MakeOptions) -> Result<(), Failure> {
    if !encode::is_there("ffmpeg") || !encode::is_there("ffprobe") {
        return Err(
            "ffmpeg and ffprobe are needed to cut and encode, and are not there: install ffmpeg".into()
        );
    }
    let he_aac = encode::is_there("fdkaac");
    if !he_aac {
        eprintln!("no fdkaac: nothing will be HE-AAC");
    }
    if fs::read_dir(&options.out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty: name a new folder", options.out.display()).into());
    }
    let sources = sources(options)?;
    let plan = plan(&sources, options, he_aac);
    fs::create_dir_all(options.out.join("staging"))?;
    encode::all(&plan, &sources, &options.out, options.seed, options.threads.get())?;
    for group in &plan.groups {
        pack(&plan, group, &options.out)?;
    }
    fs::remove_dir(options.out.join("staging"))?;
    let inputs = serde_json::to_string_pretty(&inputs(&plan))?;
    fs::write(options.out.join(INPUTS), inputs + "\n")?;
    let rows = truth::rows(&plan, &sources);
    // Last: a folder that has it is whole.
    truth::write(&options.out.join(TRUTH), &rows)?;
    let hours = rows.iter().map(|row| row.duration_s).sum::<f64>() / 3600.0;
    eprintln!("{}: {} rows, {hours:.1} h", options.out.display(), rows.len());
    Ok(())
}

/// The recordings that are long enough.
fn sources(options: &MakeOptions) -> Result<Vec<Source>, Failure> {
    let registered: BTreeSet<String> =
        entries(&options.recordings)?.into_iter().map(|entry| entry.id).collect();
    let mut sources = Vec::new();
    for Entry { path, id, group } in entries(&options.music)? {
        let duration_s = encode::duration_s(&path).unwrap_or(0.0);
        if duration_s >= options.shortest {
            sources.push(Source { registered: registered.contains(&id), path, id, group, duration_s });
        }
    }
    for wanted in [true, false] {
        if !sources.iter().any(|source| source.registered == wanted) {
            let what = if wanted { "registered" } else { "unregistered" };
            return Err(format!("no {what} recording of {} s or more can be read", options.shortest).into());
        }
    }
    Ok(sources)
}

fn entries(path: &Path) -> Result<Vec<Entry>, Failure> {
    let named = |error: csv::Error| format!("{}: {error}", path.display());
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = csv::Reader::from_path(path).map_err(named)?;
    let rows: Vec<Entry> = reader.deserialize().collect::<Result<_, _>>().map_err(named)?;
    Ok(rows.into_iter().map(|entry| Entry { path: folder.join(&entry.path), ..entry }).collect())
}

/// What is named to the scan, in the order of the plan.
fn inputs(plan: &Plan) -> Inputs {
    let mut inputs = Inputs { manifests: Vec::new(), named: Vec::new(), shards: Vec::new() };
    for group in &plan.groups {
        if group.kind.is_manifest() {
            inputs.manifests.push(group.path.clone());
            continue;
        }
        let folder = group.path.split('/').next().unwrap_or_default().to_owned();
        if !inputs.named.contains(&folder) {
            inputs.named.push(folder);
        }
        if matches!(group.kind, Kind::ParquetAudio | Kind::Tar | Kind::TarGz) {
            inputs.shards.push(group.path.clone());
        }
    }
    inputs
}
