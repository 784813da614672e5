//! The command line: arguments, commands, progress, exit codes. Results go to
//! standard output, everything else to standard error.
//!
//! | folder | holds |
//! |---|---|
//! | `args` | the arguments of each command |
//! | `command` | the commands: each wires the library's public parts |
//! | `ui` | messages, progress, output files, exit codes |

mod args;
mod authority;
mod command;
mod dataset;
mod emptiness;
mod error;
mod guard;
mod in_work;
mod judging;
mod lineage;
mod listing;
mod log_news;
mod places;
mod plan;
mod resume;
mod rewriting;
#[cfg(feature = "serve")]
mod serving;
mod shards;
mod streaming;
mod tables;
mod ui;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use command::{
    check, compare, completions, declare, evidence, fingerprint, identify, register, registry, report,
    rescan, scan,
};
use error::CliError;
use guard::Guard;
use plan::Plan;
use ui::exit::{self, Outcome};
use ui::messages::{set_format, tell_error};

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
    let guard = Guard::new(Plan::of(&cli.command)?)?;
    match cli.command {
        Command::Register(args) => register::run(args, cli.threads, guard),
        Command::Declare(args) => declare::run(args),
        Command::Scan(args) => scan::run(args, cli.threads, guard),
        Command::Check(args) => check::run(args),
        Command::Identify(args) => identify::run(args, cli.threads, guard),
        Command::Fingerprint(args) => fingerprint::run(args, cli.threads, guard),
        Command::Rescan(args) => rescan::run(args, cli.threads),
        Command::Report(args) => report::run(args, cli.threads, &guard),
        Command::Evidence(args) => evidence::run(args, &guard),
        Command::Compare(args) => compare::run(args),
        Command::Registry(args) => registry::run(args.command),
        #[cfg(feature = "serve")]
        Command::Serve(args) => command::serve::run(args),
        Command::Completions { shell } => {
            completions::write(shell, &mut io::stdout()).map_err(CliError::Stdout)?;
            Ok(Outcome::default())
        }
    }
}
