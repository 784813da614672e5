//! Exit codes.

use std::process::ExitCode;

/// What a run that came to its end found out, in so far as the exit code tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Some file is disallowed.
    pub disallowed: bool,
    /// Some file could not be checked, or the run was interrupted.
    pub unchecked: bool,
}

/// Usage or environment: arguments that make no sense, a registry or an output
/// that cannot be opened.
pub const USAGE_OR_ENVIRONMENT: u8 = 2;

impl Outcome {
    /// The exit code: 0 nothing disallowed, 1 something is, 3 some files could
    /// not be checked. 1 outranks 3, as it needs action whatever the rest holds.
    pub fn code(self) -> u8 {
        match self {
            Self { disallowed: true, .. } => 1,
            Self { unchecked: true, .. } => 3,
            Self { .. } => 0,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_outranks_three() {
        let code = |disallowed, unchecked| Outcome { disallowed, unchecked }.code();
        assert_eq!(
            [code(false, false), code(true, false), code(false, true), code(true, true)],
            [0, 1, 3, 1]
        );
    }
}
