//! `earmark identify`.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use earmark::audio::Limits;
use earmark::check::Identifier;
use earmark::registry::Snapshot;
use earmark::report::{IdentifyRow, IdentifyTable, write_json_line};

use crate::cli::args::{IdentifyArgs, ListFormat};
use crate::cli::command::live;
use crate::cli::emptiness::{self, Wanted};
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::listing;
use crate::cli::streaming::{self, Job, Part};
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::output::{Output, terminal_columns};

/// Says what is in every input and where.
pub fn run(args: IdentifyArgs, threads: Option<NonZeroUsize>, guard: Guard) -> Result<Outcome, CliError> {
    if live::is_asked_for(&args)? {
        return live::run(args);
    }
    let registry = Snapshot::open(&args.registry.registry)?;
    emptiness::check(&registry, Wanted::Sound, &args.emptiness)?;
    let identifier = Identifier::new(&registry, args.matching.options(), Limits::default());
    let listing = listing::listing(&args.listing, &args.inputs, args.rows.sources(&args.listing.columns())?)?;
    let inputs = listing::open(&args.listing, listing, registry.params(), guard)?;

    let table = args.format == ListFormat::Table;
    let mut output = Output::open(args.out.as_deref(), table)?;
    let shown = output.is_terminal();
    let job = Job {
        params: registry.params(),
        out: args.out.as_deref(),
        shown,
        errors_shown: shown && table,
        threads,
    };
    let mut writer = match args.format {
        ListFormat::Table => Writer::Table(IdentifyTable::new(&mut output, terminal_columns())),
        ListFormat::Jsonl => Writer::Jsonl(&mut output),
    };
    let run = streaming::run(
        &job,
        inputs,
        Part::all(),
        move |source| identifier.identify(source),
        IdentifyRow::failed,
        |row| writer.write(row),
    )?;
    writer.finish().map_err(|error| Output::failed(job.out, error))?;
    run.progress.finish(None);
    output.finish_and_tell(run.whole)?;
    Ok(Outcome { disallowed: false, unchecked: run.failures || !run.whole })
}

/// Writes rows in one of the formats.
enum Writer<'a> {
    Table(IdentifyTable<&'a mut Output>),
    Jsonl(&'a mut Output),
}

impl Writer<'_> {
    fn write(&mut self, row: &IdentifyRow) -> io::Result<()> {
        match self {
            Self::Table(table) => table.write(row),
            Self::Jsonl(output) => {
                write_json_line(output, row)?;
                output.flush()
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Table(table) => table.finish(),
            Self::Jsonl(output) => output.flush(),
        }
    }
}
