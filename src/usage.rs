//! What audio may be used for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What audio may be used for. A broader use covers the narrower ones:
///
/// ```text
/// data-mining
/// ├── ai-training
/// │   └── ai-generative-training
/// └── ai-inference
/// search
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Use {
    /// Any automated analysis to gain information (text and data mining).
    DataMining,
    /// Training or tuning of any AI model.
    AiTraining,
    /// Training or tuning of a model that generates audio, text or images.
    AiGenerativeTraining,
    /// Input to a trained model.
    AiInference,
    /// Building a search index that points to the audio. Not covered by
    /// data mining: those who reserve mining usually want to be found.
    Search,
}

impl Use {
    /// Every use, broad before narrow.
    pub const ALL: [Self; 5] =
        [Self::DataMining, Self::AiTraining, Self::AiGenerativeTraining, Self::AiInference, Self::Search];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataMining => "data-mining",
            Self::AiTraining => "ai-training",
            Self::AiGenerativeTraining => "ai-generative-training",
            Self::AiInference => "ai-inference",
            Self::Search => "search",
        }
    }

    /// The use as people say it, for sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::DataMining => "data mining",
            Self::AiTraining => "AI training",
            Self::AiGenerativeTraining => "training of generative AI",
            Self::AiInference => "AI inference",
            Self::Search => "search",
        }
    }

    /// Whether what is said about `self` also speaks about `narrower`. Every
    /// use covers itself.
    ///
    /// ```
    /// use earmark::usage::Use;
    /// assert!(Use::DataMining.covers(Use::AiGenerativeTraining));
    /// assert!(!Use::AiGenerativeTraining.covers(Use::AiTraining));
    /// assert!(!Use::DataMining.covers(Use::Search));
    /// ```
    pub fn covers(self, narrower: Self) -> bool {
        self == narrower
            || match self {
                Self::DataMining => {
                    matches!(narrower, Self::AiTraining | Self::AiGenerativeTraining | Self::AiInference)
                }
                Self::AiTraining => narrower == Self::AiGenerativeTraining,
                Self::AiGenerativeTraining | Self::AiInference | Self::Search => false,
            }
    }
}

/// Not the name of a use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown use {found:?}: use data-mining, ai-training, ai-generative-training, ai-inference or search"
)]
pub struct UnknownUse {
    /// The text as it was given.
    pub found: String,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Use {
    type Err = UnknownUse;

    fn from_str(text: &str) -> Result<Self, UnknownUse> {
        let name = text.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or_else(|| UnknownUse { found: text.to_owned() })
    }
}
