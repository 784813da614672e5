//! The command line: arguments, commands, progress, exit codes. Results go to
//! standard output, everything else to standard error.
//!
//! Each command has a file that wires the library's public parts; what they
//! share stands beside them.

mod args;
mod args_compare;
mod args_declare;
mod args_evidence;
mod args_fingerprint;
mod args_inputs;
mod args_judging;
mod args_live;
mod args_log;
mod args_report;
mod args_rescan;
mod compare;
mod completions;
mod copying;
mod dataset;
mod declare;
mod decoding;
mod error;
mod error_kinds;
mod evidence;
mod exit;
mod fingerprint;
mod identify;
mod interrupt;
mod judging;
mod kept;
mod known;
mod listing;
mod live;
mod log;
mod output;
mod parse;
mod places;
mod progress;
mod reading;
mod register;
mod registry;
mod report;
mod rescan;
mod resume;
mod scan;
mod shards;
mod stdin;
mod streaming;
mod tell;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use error::CliError;
use exit::Outcome;
use tell::{set_format, tell_error};

/// Runs what was typed and says how it ended.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    set_format(cli.log_format);
    match command(cli) {
        Ok(outcome) => outcome.into(),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            tell_error(error);
            ExitCode::from(exit::USAGE_OR_ENVIRONMENT)
        }
    }
}

fn command(cli: Cli) -> Result<Outcome, CliError> {
    match cli.command {
        Command::Register(args) => register::run(args, cli.threads),
        Command::Declare(args) => declare::run(args),
        Command::Scan(args) => scan::run(args, cli.threads),
        Command::Identify(args) => identify::run(args, cli.threads),
        Command::Fingerprint(args) => fingerprint::run(args, cli.threads),
        Command::Rescan(args) => rescan::run(args, cli.threads),
        Command::Report(args) => report::run(args, cli.threads),
        Command::Evidence(args) => evidence::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Registry(args) => registry::run(args.command),
        Command::Completions { shell } => {
            completions::write(shell, &mut io::stdout()).map_err(CliError::Stdout)?;
            Ok(Outcome::default())
        }
    }
}
