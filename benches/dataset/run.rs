//! `run`: the scans, and what is written about them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Failure;
use crate::check;
use crate::memory;
use crate::options::{Phase, RunOptions};
use crate::rng::Rng;
use crate::rows::{self, same};
use crate::truth::{self, Inputs};
use crate::watched::{self, Taken};

/// Kills of each run that writes the data set again.
const KILLS_OF_ROWS: usize = 3;
/// Shards of a scan.
const SHARDS: usize = 3;
/// Codes with which a scan comes to its end (README.md, "Exit codes").
const ENDS: [i32; 3] = [0, 1, 3];

/// Runs what is asked for and writes `dataset.md`.
///
/// # Errors
/// If a scan cannot be run or ends otherwise than it should, or something cannot be
/// read or written.
pub fn run(options: &RunOptions) -> Result<(), Failure> {
    let (truth, inputs) = truth::read(&options.dataset)?;
    fs::create_dir_all(&options.out)?;
    let whole = |path: &Path| fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()));
    let bench = Bench {
        dataset: whole(&options.dataset)?,
        earmark: whole(&options.earmark)?,
        registry: whole(&options.registry)?,
        out: whole(&options.out)?,
        inputs,
        options,
    };
    let once = if options.phases.contains(&Phase::Once) { bench.once()? } else { bench.earlier()? };
    let report = rows::read(&bench.at("once.jsonl"))?;
    let hours = report.iter().filter_map(|row| row.duration_s).sum::<f64>() / 3600.0;
    memory::write(&once.samples, &bench.out)?;
    let told = format!(
        "# A mixed data set of {} rows\n\n## One run\n\n{HEAD}\n{}\n\n{}\n\n## Against the truth\n\n{}",
        truth.len(),
        line("one run", &once, Some(hours)),
        memory_text(&once),
        check::check(&truth, &report, &bench.at("misses.csv"))?
    );
    bench.tell(Phase::Once, &told)?;
    for phase in options.phases.iter().filter(|phase| **phase != Phase::Once) {
        let mut rng = Rng::new(options.seed, &phase.to_string());
        let (title, told) = match phase {
            Phase::Once => continue,
            Phase::Kills => ("Killed and resumed", bench.kills(&once, &mut rng)?),
            Phase::Shards => ("Shards joined", bench.shards()?),
            Phase::Rows => ("The data set again", bench.rows(&mut rng)?),
            Phase::Coverage => {
                let scan = bench.scan("coverage.jsonl", &["--coverage", "adaptive"]);
                let taken = bench.finish(scan, "coverage")?;
                let adaptive = rows::read(&bench.at("coverage.jsonl"))?;
                let (full, taken) = (line("full", &once, Some(hours)), line("adaptive", &taken, Some(hours)));
                let differences = check::coverage(&truth, &report, &adaptive)?;
                ("Adaptive coverage", format!("{HEAD}\n{full}\n{taken}\n\n{differences}"))
            }
        };
        bench.tell(*phase, &format!("## {title}\n\n{told}"))?;
    }
    println!("{}", fs::read_to_string(bench.at("dataset.md"))?);
    Ok(())
}

const HEAD: &str =
    "| | wall clock, s | processor, s | × real time | peak memory, MiB |\n|---|---|---|---|---|";

fn line(name: &str, taken: &Taken, hours: Option<f64>) -> String {
    let speed = hours.map_or(String::new(), |hours| format!("{:.0}", hours * 3600.0 / taken.wall_s));
    format!("| {name} | {:.0} | {:.0} | {speed} | {:.0} |", taken.wall_s, taken.cpu_s, taken.peak)
}

/// Memory in each quarter of a run: what grows is seen there.
fn memory_text(taken: &Taken) -> String {
    let samples = &taken.samples;
    let quarter = |number: usize| {
        let part = &samples[samples.len() * number / 4..samples.len() * (number + 1) / 4];
        let most = part.iter().map(|sample| sample.anonymous).fold(0.0, f64::max);
        format!("{most:.0}")
    };
    let quarters: Vec<String> = (0..4).map(quarter).collect();
    format!(
        "Most memory in no file in each quarter of the run, MiB: {} (`memory.csv`, `memory.png`).",
        quarters.join(", ")
    )
}

struct Bench<'a> {
    dataset: PathBuf,
    earmark: PathBuf,
    registry: PathBuf,
    out: PathBuf,
    inputs: Inputs,
    options: &'a RunOptions,
}

impl Bench<'_> {
    fn at(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    /// A scan of everything into the file `out`.
    fn scan(&self, out: &str, more: &[&str]) -> Command {
        let named = self.inputs.named.iter().map(String::as_str);
        self.scan_of(named, self.inputs.manifests.iter().map(String::as_str), out, more)
    }

    fn scan_of<'a>(
        &self,
        named: impl Iterator<Item = &'a str>,
        manifests: impl Iterator<Item = &'a str>,
        out: &str,
        more: &[&str],
    ) -> Command {
        let mut command = Command::new(&self.earmark);
        // Named from there, so that rows are called alike wherever the data set is.
        command.current_dir(&self.dataset).arg("scan").args(named);
        manifests.for_each(|manifest| {
            command.args(["--manifest", manifest]);
        });
        command.arg("--registry").arg(&self.registry).args([
            "--format",
            "jsonl",
            "--as-of",
            &self.options.as_of,
        ]);
        if let Some(threads) = self.options.threads {
            command.args(["--threads", &threads.to_string()]);
        }
        command.arg("--out").arg(self.at(out)).args(more);
        command
    }

    /// Runs a scan to its end.
    fn finish(&self, command: Command, name: &str) -> Result<Taken, Failure> {
        let log = self.at(&format!("{name}.log"));
        let taken = watched::run(command, None, &log)?;
        eprintln!("{name}: {:.0} s, {:.0} s of processor time", taken.wall_s, taken.cpu_s);
        match taken.code {
            Some(code) if ENDS.contains(&code) => Ok(taken),
            code => Err(format!("{name} ended with {code:?}: read {}", log.display()).into()),
        }
    }

    /// Keeps what is told about a phase, and puts all that is there into `dataset.md`.
    fn tell(&self, phase: Phase, told: &str) -> Result<(), Failure> {
        fs::write(self.at(&format!("{phase}.md")), told.trim_end().to_owned() + "\n")?;
        let phases = [Phase::Once, Phase::Kills, Phase::Shards, Phase::Rows, Phase::Coverage];
        let told: Vec<String> = phases
            .iter()
            .filter_map(|phase| fs::read_to_string(self.at(&format!("{phase}.md"))).ok())
            .collect();
        Ok(fs::write(self.at("dataset.md"), told.join("\n"))?)
    }

    fn once(&self) -> Result<Taken, Failure> {
        // What was compared with an earlier one says nothing about this one.
        for phase in [Phase::Kills, Phase::Shards, Phase::Rows, Phase::Coverage] {
            let _ = fs::remove_file(self.at(&format!("{phase}.md")));
        }
        let taken = self.finish(self.scan("once.jsonl", &[]), "once")?;
        fs::write(self.at("once.json"), serde_json::to_string(&taken)?)?;
        Ok(taken)
    }

    fn earlier(&self) -> Result<Taken, Failure> {
        let path = self.at("once.json");
        let bytes =
            fs::read(&path).map_err(|error| format!("{}: {error}: run the phase `once`", path.display()))?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Kills a scan so often at random instants and then lets it end. Lives are as
    /// long that all of them take about as long as one run of `wall_s`.
    fn killed(
        &self,
        scan: impl Fn() -> Command,
        (name, kills, wall_s): (&str, usize, f64),
        rng: &mut Rng,
    ) -> Result<(Taken, Vec<u64>), Failure> {
        let part = self.at(&format!("{name}.jsonl.part"));
        for left in [part.clone(), self.at(&format!("{name}.jsonl"))] {
            if left.exists() {
                fs::remove_file(left)?;
            }
        }
        let log = self.at(&format!("{name}.log"));
        let (mut sum, mut rows) = (Taken::default(), Vec::new());
        for _ in 0..kills {
            let life_s = wall_s / (kills + 1) as f64 * rng.between(0.2, 1.8);
            let taken = watched::run(scan(), Some(Duration::from_secs_f64(life_s)), &log)?;
            let found =
                fs::read(&part).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
            rows.push(found.saturating_sub(1) as u64);
            (sum.wall_s, sum.cpu_s) = (sum.wall_s + taken.wall_s, sum.cpu_s + taken.cpu_s);
            sum.peak = sum.peak.max(taken.peak);
            if taken.code.is_some() {
                return Err(format!("{name} ended before it was killed: read {}", log.display()).into());
            }
        }
        let last = self.finish(scan(), name)?;
        (sum.wall_s, sum.cpu_s) = (sum.wall_s + last.wall_s, sum.cpu_s + last.cpu_s);
        sum.peak = sum.peak.max(last.peak);
        Ok((sum, rows))
    }

    fn kills(&self, once: &Taken, rng: &mut Rng) -> Result<String, Failure> {
        let kills = self.options.kills;
        let scan = || self.scan("killed.jsonl", &["--resume"]);
        let (taken, rows) = self.killed(scan, ("killed", kills, once.wall_s), rng)?;
        let equal = same(&self.at("once.jsonl"), &self.at("killed.jsonl"))?;
        let rows: Vec<String> = rows.iter().map(u64::to_string).collect();
        Ok(format!(
            "{kills} kills (SIGKILL), after {} rows; the report is {} that of one run.\n\n{HEAD}\n{}\n{}\n",
            rows.join(", "),
            equal_text(equal),
            line("one run", once, None),
            line("all lives together", &taken, None)
        ))
    }

    fn shards(&self) -> Result<String, Failure> {
        let mut table = format!("{HEAD}\n");
        let mut merge = Command::new(&self.earmark);
        merge.args(["report", "merge"]);
        for number in 1..=SHARDS {
            let (name, share) = (format!("shard-{number}.jsonl"), format!("{number}/{SHARDS}"));
            let taken = self.finish(self.scan(&name, &["--shard", &share]), &format!("shard-{number}"))?;
            writeln!(table, "{}", line(&share, &taken, None))?;
            merge.arg(self.at(&name));
        }
        merge.arg("--out").arg(self.at("merged.jsonl"));
        let taken = self.finish(merge, "merge")?;
        writeln!(table, "{}", line("`report merge`", &taken, None))?;
        let equal = same(&self.at("once.jsonl"), &self.at("merged.jsonl"))?;
        Ok(format!("The merged report is {} that of one run.\n\n{table}", equal_text(equal)))
    }

    /// Manifests and Parquet with verdicts and filtered, tar filtered; at once, and
    /// killed and resumed.
    fn rows(&self, rng: &mut Rng) -> Result<String, Failure> {
        let (tars, tables): (Vec<&str>, Vec<&str>) =
            self.inputs.shards.iter().map(String::as_str).partition(|shard| shard.contains(".tar"));
        let manifests: Vec<&str> = self.inputs.manifests.iter().map(String::as_str).collect();
        let mut told = format!("{HEAD}\n");
        let mut results = String::new();
        for (name, named, manifests, options) in [
            ("tables", tables, manifests, &["--annotated", "--filtered"][..]),
            ("tars", tars, Vec::new(), &["--filtered"][..]),
        ] {
            let folders = |run: &str| -> Vec<PathBuf> {
                options.iter().map(|option| self.at(&format!("{name}-{run}{}", &option[1..]))).collect()
            };
            let scan = |run: &str| {
                let mut more: Vec<String> = vec!["--resume".to_owned()];
                for (option, folder) in options.iter().zip(folders(run)) {
                    more.extend([(*option).to_owned(), folder.to_string_lossy().into_owned()]);
                }
                let more: Vec<&str> = more.iter().map(String::as_str).collect();
                self.scan_of(
                    named.iter().copied(),
                    manifests.iter().copied(),
                    &format!("{name}-{run}.jsonl"),
                    &more,
                )
            };
            for folder in folders("once").into_iter().chain(folders("killed")) {
                if folder.exists() {
                    fs::remove_dir_all(folder)?;
                }
            }
            let (once, _) = self.killed(|| scan("once"), (&format!("{name}-once"), 0, 0.0), rng)?;
            let of = (&*format!("{name}-killed"), KILLS_OF_ROWS, once.wall_s);
            let (killed, _) = self.killed(|| scan("killed"), of, rng)?;
            writeln!(told, "{}", line(&format!("{name} at once"), &once, None))?;
            writeln!(told, "{}", line(&format!("{name}, killed {KILLS_OF_ROWS} times"), &killed, None))?;
            for (one, other) in folders("once").iter().zip(folders("killed")) {
                let (files, equal) = same_folders(one, &other)?;
                let kind = one.file_name().unwrap_or_default().to_string_lossy().into_owned();
                writeln!(results, "- {kind}: {files} files, {} those of the killed run.", equal_text(equal))?;
            }
        }
        Ok(format!("{results}\n{told}"))
    }
}

fn equal_text(equal: bool) -> &'static str {
    if equal { "byte for byte equal to" } else { "**not** equal to" }
}

/// How many files are in `one` and below, and whether `other` has the same ones.
fn same_folders(one: &Path, other: &Path) -> Result<(usize, bool), Failure> {
    let names = |folder: &Path| -> Result<Vec<PathBuf>, Failure> {
        let mut names = Vec::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                names.push(entry.path().strip_prefix(folder)?.to_owned());
            }
        }
        Ok(names)
    };
    let (names, others) = (names(one)?, names(other)?);
    let mut equal = names == others;
    for name in &names {
        equal = equal && same(&one.join(name), &other.join(name))?;
    }
    Ok((names.len(), equal))
}
