//! Completion scripts.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::args::Cli;

/// Writes the script for `shell`. Fails when `out` does.
pub fn write(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    // Into memory first: the generator panics when its output fails, as a
    // closed pipe does.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "earmark", &mut script);
    out.write_all(&script)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_knows_the_commands() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            write(*shell, &mut script).expect("memory does not fail");
            let script = String::from_utf8(script).expect("scripts are text");
            for word in ["identify", "as-of", "opt-out"] {
                // Elvish and PowerShell complete names but no values.
                let names_only = matches!(shell, Shell::Elvish | Shell::PowerShell) && word == "opt-out";
                assert!(names_only || script.contains(word), "{shell} knows {word}");
            }
        }
    }
}
