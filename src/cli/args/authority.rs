//! What can be typed about changes of who may speak for what.

use clap::Args;

use earmark::registry::Consent;

/// Consent to changes of who may speak for what.
#[derive(Args, Debug)]
pub struct AuthorityArgs {
    /// Apply what changes who may speak for what; without it that is shown and held back
    #[arg(long)]
    pub confirm_authority: bool,
}

impl AuthorityArgs {
    /// The consent that was typed.
    pub fn consent(&self) -> Consent {
        match self.confirm_authority {
            true => Consent::Given { take_over: Vec::new() },
            false => Consent::Withheld,
        }
    }
}

/// The same with names that change their owner.
#[derive(Args, Debug)]
pub struct TakeOverArgs {
    /// In general.
    #[command(flatten)]
    pub authority: AuthorityArgs,
    /// Let this name, which recordings or rows carry, become another name of an owner; may be given several times
    #[arg(long, value_name = "NAME", requires = "confirm_authority")]
    pub take_over: Vec<String>,
}

impl TakeOverArgs {
    /// The consent that was typed.
    pub fn consent(&self) -> Consent {
        match self.authority.consent() {
            Consent::Given { .. } => Consent::Given { take_over: self.take_over.clone() },
            Consent::Withheld => Consent::Withheld,
        }
    }
}
