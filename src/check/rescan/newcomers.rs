//! Searching for new recordings alone.

use crate::fingerprint::Fingerprint;
use crate::index::{Index, IndexError};
use crate::matching::nominate::Density;
use crate::matching::search::Plan;
use crate::matching::{MatchOptions, Matcher};
use crate::params::Params;
use crate::units::{RecordingKey, Seconds};

/// Evidence on a stretch, in nats, from which on a new recording may sound in a
/// file. Of 61 degraded clips in which a whole search recognised one of nine new
/// recordings 59 reach it; of other clips one in a hundred.
const ENOUGH_NATS: f64 = 3.0;

/// The recordings that a registry has got since a report.
pub struct Newcomers {
    index: Index,
    /// Audio in the whole registry, in seconds.
    registry_s: Seconds,
}

impl Newcomers {
    /// The recordings of `index` from the key `first` on, in an index of their own.
    ///
    /// # Errors
    /// Those of [`Index::only`].
    pub fn new(index: &Index, first: RecordingKey, params: &Params) -> Result<Self, IndexError> {
        Ok(Newcomers { index: index.only(|key| key >= first, params)?, registry_s: index.seconds() })
    }

    /// Their audio, in seconds.
    pub fn seconds(&self) -> Seconds {
        self.index.seconds()
    }

    /// Looks for them within what `options` allow.
    pub fn scout(&self, params: &Params, options: &MatchOptions) -> Scout {
        let plan = options.effort.plan(options.max_time_scale);
        // A cell's neighbours are not looked up: what is in the file has landmarks
        // enough, and few new recordings little by which it could be hidden.
        let density = |peaks_per_block, candidates| Density {
            peaks_per_block,
            probing: false,
            budget: plan.changed.budget,
            candidates,
        };
        // They are slid along where the whole registry would be.
        let slid = self.registry_s <= plan.sweep_seconds;
        let plan = Plan {
            quick: density(8, 2),
            changed: density(10, 3),
            sweep_seconds: if slid { f64::INFINITY } else { 0.0 },
            sweep_candidates: 3,
            ..plan
        };
        let matcher = Matcher::new(&self.index, params, options.clone()).with_plan(plan);
        Scout { matcher, nobody: self.index.seconds() == 0.0 }
    }
}

/// Tells which files are to be searched again because of [`Newcomers`].
pub struct Scout {
    matcher: Matcher,
    nobody: bool,
}

impl Scout {
    /// Whether a new recording may sound in a file: it reaches some evidence, and
    /// by itself, with fewer rivals than in the whole registry, it is recognised.
    pub fn may_sound_in(&self, query: &Fingerprint) -> bool {
        !self.nobody && self.matcher.glance(query) >= ENOUGH_NATS && !self.matcher.identify(query).is_empty()
    }
}
