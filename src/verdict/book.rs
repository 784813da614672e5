//! The rows of the log as they bear on one question.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;

use crate::isrc::{Isrc, IsrcPrefix};
use crate::registry::{Authority, Declaration, Log, Subject, Territory};

use super::licence::{AcceptedTerms, Licence};
use super::{KnownRecording, Question};

/// What was declared, who may speak for whom and what was licensed, together
/// with the question: all that a verdict rests on besides the file. Declarations
/// are arranged by subject, so that the verdict on a file costs what concerns it
/// and not what is in the registry.
#[derive(Debug)]
pub struct DeclarationBook {
    question: Question,
    authority: Authority,
    declarations: Vec<Declaration>,
    by_recording: HashMap<String, Vec<usize>>,
    by_isrc: HashMap<Isrc, Vec<usize>>,
    by_prefix: HashMap<IsrcPrefix, Vec<usize>>,
    /// By the owner's key.
    by_owner: HashMap<String, Vec<usize>>,
    /// Those about everything, by the declarant's key.
    everything: HashMap<String, Vec<usize>>,
    /// Numbers of the rows, of any kind, that were received after the day asked about.
    received_later: HashSet<u64>,
    licences: Vec<Licence>,
    licences_by_hash: HashMap<[u8; 32], Vec<usize>>,
    licences_by_number: HashMap<u64, Vec<usize>>,
    /// Licences that name a declarant and no declaration, by its key.
    licences_by_declarant: HashMap<String, Vec<usize>>,
    licence_territories: Vec<Territory>,
    /// The rows with terms that say the same as others, by number: all that do.
    repeats: HashMap<u64, Vec<usize>>,
}

impl DeclarationBook {
    /// Arranges a log for a question. `accepted` are the licences that whoever
    /// asks has; the hash of their list goes into the question.
    pub fn new(log: Log, question: Question, accepted: Option<AcceptedTerms>) -> Self {
        let question = Question { accepted_terms: accepted.as_ref().map(|list| list.hash), ..question };
        let authority = log.authority(question.as_of);
        let late = |received: jiff::Timestamp| received.to_zoned(TimeZone::UTC).date() > question.as_of;
        let mut received_later = HashSet::new();
        received_later.extend(log.declarations.iter().filter(|row| late(row.received_at)).map(|row| row.seq));
        received_later.extend(log.mandates.iter().filter(|row| late(row.received_at)).map(|row| row.seq));
        received_later.extend(log.owners.iter().filter(|row| late(row.received_at)).map(|row| row.seq));
        let mut book = Self {
            question,
            authority,
            declarations: log.declarations,
            by_recording: HashMap::new(),
            by_isrc: HashMap::new(),
            by_prefix: HashMap::new(),
            by_owner: HashMap::new(),
            everything: HashMap::new(),
            received_later,
            licences: accepted.map(|list| list.licences).unwrap_or_default(),
            licences_by_hash: HashMap::new(),
            licences_by_number: HashMap::new(),
            licences_by_declarant: HashMap::new(),
            licence_territories: Vec::new(),
            repeats: HashMap::new(),
        };
        book.declarations.sort_by_key(|declaration| declaration.seq);
        book.enter_declarations();
        book.enter_licences();
        book
    }

    fn enter_declarations(&mut self) {
        for (place, declaration) in self.declarations.iter().enumerate() {
            match &declaration.subject {
                Subject::Recording(id) => self.by_recording.entry(id.clone()).or_default().push(place),
                Subject::Isrc(isrc) => self.by_isrc.entry(*isrc).or_default().push(place),
                Subject::Prefix(prefix) => self.by_prefix.entry(*prefix).or_default().push(place),
                Subject::Owner(name) => {
                    self.by_owner.entry(self.authority.owner_key(name)).or_default().push(place);
                }
                Subject::Everything => {
                    let declarant = self.authority.owner_key(&declaration.declarant);
                    self.everything.entry(declarant).or_default().push(place);
                }
            }
        }
    }

    fn enter_licences(&mut self) {
        for (place, licence) in self.licences.iter().enumerate() {
            if let Some(hash) = licence.declaration_hash {
                self.licences_by_hash.entry(hash).or_default().push(place);
            } else if let Some(number) = licence.declaration {
                self.licences_by_number.entry(number).or_default().push(place);
            } else if let Some(declarant) = &licence.declarant {
                let key = self.authority.owner_key(declarant);
                self.licences_by_declarant.entry(key).or_default().push(place);
            }
            self.licence_territories.extend(&licence.territories);
        }
        self.licence_territories.sort_unstable();
        self.licence_territories.dedup();
        if !self.licences.is_empty() {
            self.enter_repeats();
        }
    }

    fn enter_repeats(&mut self) {
        let mut alike: HashMap<(&Subject, &str, &str), Vec<Vec<usize>>> = HashMap::new();
        for (place, row) in self.declarations.iter().enumerate() {
            let Some(terms) = row.statement.terms() else { continue };
            let groups = alike.entry((&row.subject, &row.declarant, terms)).or_default();
            let same = |group: &&mut Vec<usize>| {
                let first = group.first().and_then(|place| self.declarations.get(*place));
                first.is_some_and(|first| first.says_the_same(row))
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(place),
                None => groups.push(vec![place]),
            }
        }
        let repeated = alike.into_values().flatten().filter(|group| group.len() > 1);
        let number = |place: &usize| self.declarations.get(*place).map(|row| row.seq);
        let by_number = repeated.flat_map(|group| {
            group.iter().filter_map(number).map(|seq| (seq, group.clone())).collect::<Vec<_>>()
        });
        self.repeats = by_number.collect();
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Who may speak for whom on the day asked about.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// All declarations, by number.
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// The declarations about a recording, by number, each once, whoever made
    /// them and whether or not they answer the question.
    pub fn concerning(&self, recording: &KnownRecording) -> Vec<&Declaration> {
        let mut places: Vec<usize> = Vec::new();
        places.extend(self.by_recording.get(&recording.id).into_iter().flatten());
        for isrc in &recording.isrcs {
            places.extend(self.by_isrc.get(isrc).into_iter().flatten());
            places.extend(self.by_prefix.get(&isrc.prefix()).into_iter().flatten());
        }
        if let Some(owner) = &recording.owner {
            for owner in self.authority.ownership(owner) {
                places.extend(self.by_owner.get(&owner).into_iter().flatten());
            }
        }
        if !self.everything.is_empty() {
            for speaker in self.authority.speakers(&recording.about()) {
                places.extend(self.everything.get(&speaker).into_iter().flatten());
            }
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.declarations.get(place)).collect()
    }

    /// Whether a row was received after the day asked about.
    pub(super) fn was_received_later(&self, seq: u64) -> bool {
        self.received_later.contains(&seq)
    }

    /// The licences that meet the terms of `declaration` for `recording`
    /// somewhere, in the order of their list.
    pub(super) fn licences(&self, declaration: &Declaration, recording: &KnownRecording) -> Vec<&Licence> {
        if self.licences.is_empty() || declaration.statement.terms().is_none() {
            return Vec::new();
        }
        let declarant = self.authority.owner_key(&declaration.declarant);
        let repeats = self.repeats(declaration);
        let named = repeats
            .iter()
            .flat_map(|row| [self.licences_by_hash.get(&row.hash), self.licences_by_number.get(&row.seq)]);
        let places = named.chain([self.licences_by_declarant.get(&declarant)]);
        let mut places: Vec<usize> = places.flatten().flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        let Question { use_, as_of, .. } = self.question;
        let licences = places.into_iter().filter_map(|place| self.licences.get(place));
        licences
            .filter(|licence| licence.meets(declaration, &repeats, recording, &self.authority, use_, as_of))
            .collect()
    }

    /// The rows that say the same as `declaration`, itself among them.
    fn repeats<'a>(&'a self, declaration: &'a Declaration) -> Vec<&'a Declaration> {
        match self.repeats.get(&declaration.seq) {
            Some(places) => places.iter().filter_map(|place| self.declarations.get(*place)).collect(),
            None => vec![declaration],
        }
    }

    /// Every territory that a licence names, sorted.
    pub(super) fn licence_territories(&self) -> &[Territory] {
        &self.licence_territories
    }
}
