//! Finding the declarations that concern a file among many.

use std::collections::HashMap;

use crate::isrc::{Isrc, IsrcPrefix};
use crate::registry::{Declaration, Subject, name_key};

use super::{KnownRecording, Recognition};

/// Declarations arranged by subject, so that the verdict on a file costs what
/// concerns it and not what is in the registry.
#[derive(Debug, Default)]
pub struct DeclarationBook {
    declarations: Vec<Declaration>,
    by_recording: HashMap<String, Vec<usize>>,
    by_isrc: HashMap<Isrc, Vec<usize>>,
    by_prefix: HashMap<IsrcPrefix, Vec<usize>>,
    by_owner: HashMap<String, Vec<usize>>,
    everything: Vec<usize>,
}

impl DeclarationBook {
    /// Arranges declarations.
    pub fn new(declarations: Vec<Declaration>) -> Self {
        let mut book = Self::default();
        for (place, declaration) in declarations.iter().enumerate() {
            match &declaration.subject {
                Subject::Recording(id) => book.by_recording.entry(id.clone()).or_default().push(place),
                Subject::Isrc(isrc) => book.by_isrc.entry(*isrc).or_default().push(place),
                Subject::Prefix(prefix) => book.by_prefix.entry(*prefix).or_default().push(place),
                Subject::Owner(name) => book.by_owner.entry(name_key(name)).or_default().push(place),
                Subject::Everything => book.everything.push(place),
            }
        }
        book.declarations = declarations;
        book
    }

    /// All declarations, in the order given.
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// The declarations about anything heard in the file or named in its
    /// tags, in the order given, each once.
    pub fn concerning(&self, recognition: &Recognition) -> Vec<&Declaration> {
        let mut places = Vec::new();
        for heard in &recognition.matches {
            self.about(&heard.recording, &mut places);
        }
        for tag in &recognition.tags {
            self.about_isrc(&tag.isrc, &mut places);
            for recording in &tag.recordings {
                self.about(recording, &mut places);
            }
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.declarations.get(place)).collect()
    }

    fn about(&self, recording: &KnownRecording, places: &mut Vec<usize>) {
        places.extend(self.by_recording.get(&recording.id).into_iter().flatten());
        if let Some(owner) = &recording.owner {
            places.extend(self.by_owner.get(&name_key(owner)).into_iter().flatten());
            places.extend(&self.everything);
        }
        for isrc in &recording.isrcs {
            self.about_isrc(isrc, places);
        }
    }

    fn about_isrc(&self, isrc: &Isrc, places: &mut Vec<usize>) {
        places.extend(self.by_isrc.get(isrc).into_iter().flatten());
        places.extend(self.by_prefix.get(&isrc.prefix()).into_iter().flatten());
    }
}
