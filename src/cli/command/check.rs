//! `earmark check`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use earmark::check::Checker;
use earmark::isrc::Isrc;
use earmark::registry::Snapshot;
use earmark::report::{IsrcRow, clean, write_json_line};
use earmark::verdict::VerdictKind;
use serde_json::{Value, json};

use crate::cli::args::ListFormat;
use crate::cli::args::check::CheckArgs;
use crate::cli::error::CliError;
use crate::cli::judging::{accepted_terms, today};
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::messages::tell;
use crate::cli::ui::output::{Output, terminal_columns};

/// Says what was declared about ISRCs.
pub fn run(args: CheckArgs) -> Result<Outcome, CliError> {
    let registry = Snapshot::open(&args.registry.registry)?;
    let accepted = args.licences.accept_terms.as_deref().map(accepted_terms).transpose()?;
    let checker =
        Checker::builder(&registry, args.question.question(today())).accepted_terms(accepted).build();
    let mut output = Output::open(None, args.format == ListFormat::Table)?;
    let mut answers = Answers { checker: &checker, format: args.format, outcome: Outcome::default() };
    for code in &args.isrc {
        answers.code(code, &mut output)?;
    }
    if let Some(list) = &args.list {
        each_code(list, |code| answers.code(code, &mut output))?;
    }
    let outcome = answers.outcome;
    output.finish(true)?;
    Ok(outcome)
}

/// Answers codes one by one.
struct Answers<'a> {
    checker: &'a Checker,
    format: ListFormat,
    outcome: Outcome,
}

impl Answers<'_> {
    fn code(&mut self, code: &str, out: &mut Output) -> Result<(), CliError> {
        match code.parse::<Isrc>() {
            Ok(isrc) => {
                let row = self.checker.check_isrc(isrc);
                self.outcome.disallowed |= row.declared == VerdictKind::Disallowed;
                self.write(&row, out).map_err(CliError::Stdout)
            }
            Err(error) => {
                self.outcome.unchecked = true;
                if self.format == ListFormat::Jsonl {
                    let row = json!({ "isrc": code, "error": error.to_string() });
                    return write_json_line(out, &row).map_err(CliError::Stdout);
                }
                tell(clean(&error.to_string()));
                Ok(())
            }
        }
    }

    fn write(&self, row: &IsrcRow, out: &mut Output) -> io::Result<()> {
        match self.format {
            ListFormat::Jsonl => write_json_line(out, row),
            ListFormat::Table => row.write_text(out, terminal_columns()),
        }
    }
}

/// Calls `take` with every code in a list.
fn each_code(list: &Path, mut take: impl FnMut(&str) -> Result<(), CliError>) -> Result<(), CliError> {
    let failed = |source: io::Error| CliError::File { path: list.to_owned(), action: "read", source };
    let damaged = |reason: String| failed(io::Error::new(io::ErrorKind::InvalidData, reason));
    let source: Box<dyn Read> = if list == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(list).map_err(failed)?)
    };
    let extension = list.extension().unwrap_or_default().to_ascii_lowercase();
    if extension == "csv" {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let headings = reader.headers().map_err(|error| damaged(error.to_string()))?;
        let column = headings.iter().position(|heading| heading.trim().eq_ignore_ascii_case("isrc"));
        let column = column.ok_or_else(|| damaged("it has no column isrc".to_owned()))?;
        for record in reader.into_records() {
            let record = record.map_err(|error| damaged(error.to_string()))?;
            take(record.get(column).unwrap_or_default().trim())?;
        }
        return Ok(());
    }
    let is_jsonl = extension == "jsonl" || extension == "ndjson";
    for (number, line) in (1_u64..).zip(BufReader::new(source).lines()) {
        let line = line.map_err(failed)?;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !is_jsonl {
            take(line)?;
            continue;
        }
        let row: Value = serde_json::from_str(line).map_err(|e| damaged(format!("line {number}: {e}")))?;
        let code = row.get("isrc").and_then(Value::as_str);
        take(code.ok_or_else(|| damaged(format!("line {number} has no text isrc")))?)?;
    }
    Ok(())
}
