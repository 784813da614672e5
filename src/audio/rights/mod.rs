//! What a file says about rights in it, as data.
//!
//! A statement inside a file is a hint of whoever wrote it. It may be a reason
//! not to use the file; it is never one to use it, as anybody can write it.
//!
//! | where | what is read |
//! |---|---|
//! | tags | copyright and licence fields; `TDM-RESERVATION`, `TDM-POLICY`, `CONTENT-USAGE` |
//! | `xmp` | `dc:rights`, `xmpRights`, `plus:DataMining`, `tdm`, `cc:license`, `xmpDM:copyright` |
//! | `c2pa` | `cawg.training-mining` and `c2pa.training-mining` assertions |

pub(super) mod c2pa;
mod terms;
pub(super) mod xml;
pub(super) mod xmp;

pub(super) use terms::Terms;

use serde::{Deserialize, Serialize};

use crate::usage::Use;

/// Most signals kept of one file; one with more is not a label's.
const MAX_SIGNALS: usize = 256;

/// A statement about rights inside a file. It may restrict what is done with
/// the file and never allow it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightsSignal {
    /// What kind of statement it is.
    pub kind: SignalKind,
    /// Where in the file it stands: the short name of the tag format or of the
    /// container (`id3v2`, `flac`, `isomp4`, `matroska`, `wave`, …), `bext`,
    /// `ixml`, `axml`, `xmp`, `c2pa`, or `c2pa-ingredient` for the manifest of
    /// something that went into this file.
    pub carrier: String,
    /// The field, as its format names it: `TCOP`, `dc:rights`,
    /// `cawg.training-mining`.
    pub field: String,
    /// The text, as written; of an assertion its entries, `name=value` separated
    /// by `; `.
    pub text: String,
    /// The uses it speaks of, where it does so in a vocabulary that machines
    /// read; empty for prose.
    pub uses: Vec<SignalledUse>,
    /// Whether its signature holds; null where it has none.
    pub signature: Option<SignatureState>,
}

/// What kind of statement a [`RightsSignal`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignalKind {
    /// Who holds rights, or that rights are held.
    Copyright,
    /// A licence or terms of use, or their address.
    Licence,
    /// Whether data mining and training are allowed, in a vocabulary for it.
    Mining,
}

impl SignalKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Copyright => "copyright",
            Self::Licence => "licence",
            Self::Mining => "mining",
        }
    }
}

/// What a signal says about one use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalledUse {
    /// The use.
    #[serde(rename = "use")]
    pub use_: Use,
    /// What is said about it.
    pub permission: SignalPermission,
    /// The terms of a constraint, or where to find them; null when not said.
    pub constraint: Option<String>,
}

/// What a signal says about a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignalPermission {
    /// Allowed. That is no permission: anybody can write it.
    Allowed,
    /// Not allowed.
    NotAllowed,
    /// Allowed under terms; without knowing them, not allowed.
    Constrained,
}

impl SignalPermission {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NotAllowed => "not-allowed",
            Self::Constrained => "constrained",
        }
    }
}

/// What is known of the signature over a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignatureState {
    /// It is signed, and the signature was not checked.
    NotVerified,
}

impl SignatureState {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotVerified => "not-verified",
        }
    }
}

impl RightsSignal {
    /// Prose without a signature.
    pub(super) fn prose(kind: SignalKind, carrier: &str, field: &str, text: &str) -> Self {
        RightsSignal {
            kind,
            carrier: carrier.to_owned(),
            field: field.to_owned(),
            text: text.to_owned(),
            uses: Vec::new(),
            signature: None,
        }
    }
}

/// Adds `signal` unless it is there, or there are too many.
pub(super) fn add(signals: &mut Vec<RightsSignal>, signal: RightsSignal) {
    if signals.len() < MAX_SIGNALS && !signal.text.is_empty() && !signals.contains(&signal) {
        signals.push(signal);
    }
}
