//! Writes a report of all audio in a folder, as `earmark scan --format jsonl` does.
//!
//! ```text
//! cargo run --example scan_folder -- REGISTRY FOLDER DAY > report.jsonl
//! ```

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;

use earmark::check::{Checker, DEFAULT_LIMIT, Lost, Run, Source, StopFlag};
use earmark::inputs::Listing;
use earmark::registry::{Snapshot, Use};
use earmark::report::ScanRow;
use earmark::verdict::Question;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [registry, folder, day] = &args[..] else {
        return Err("give a registry, a folder and a day such as 2026-12-01".into());
    };
    let snapshot = Snapshot::open(registry.as_ref())?;
    let question = Question::new(Use::AiTraining, day.parse()?);
    let checker = Checker::builder(&snapshot, question).build();

    let mut out = io::stdout().lock();
    checker.header(vec![folder.clone()]).write_json_line(&mut out)?;
    let listing = Listing { named: vec![folder.into()], ..Listing::default() };
    let limit = Some(DEFAULT_LIMIT);
    let sources = listing.stream()?.flat_map(|item| Source::all(item, limit, snapshot.params()));

    // Rows come in the order of the files, whatever becomes of one.
    let failing = checker.clone();
    let mut sink = |path: PathBuf, row: Result<ScanRow, Lost>| -> Result<(), Box<dyn Error>> {
        let row = row.unwrap_or_else(|error| failing.failed(&path, error));
        Ok(row.write_json_line(&mut out)?)
    };
    let run = Run::new(StopFlag::new()).limit(limit);
    run.each(sources, Source::name, move |source| checker.check(source), &mut sink)?;
    Ok(out.flush()?)
}
