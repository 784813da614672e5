//! How a bench with options starts and ends.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

/// Runs a bench called `name` with the options of the command line.
pub fn start<Options: Parser>(
    name: &str,
    run: impl FnOnce(&Options) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> ExitCode {
    // `cargo bench` and `cargo test --all-targets` start it with nothing to measure.
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        println!("{}", Options::command().render_long_help());
        return ExitCode::SUCCESS;
    }
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
