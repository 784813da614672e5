//! What is declared about one recording: rules 1 to 6 of the module.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use crate::registry::{Declaration, Permission, Subject, Territory, Use};

use super::licence::Licence;
use super::{DeclarationBook, KnownRecording, Policy, Question, VerdictKind};

/// What holds for one recording.
#[derive(Debug, Default)]
pub(super) struct Standing<'a> {
    /// The voices that decide, equally strict. Empty: nobody spoke who may.
    pub(super) deciding: Vec<Voice<'a>>,
    /// What other declarants say instead, less strictly.
    pub(super) conflicting: Vec<Voice<'a>>,
    /// Set aside for a more specific, a later or a stricter one of the same declarant.
    pub(super) overruled: Vec<&'a Declaration>,
    /// Taken back, and the withdrawals that did so.
    pub(super) withdrawn: Vec<&'a Declaration>,
    /// About this recording but not about this question.
    pub(super) elsewhere: Vec<(&'a Declaration, NotApplicable)>,
    /// What those say who may not speak for the recording.
    pub(super) claims: Vec<&'a Declaration>,
    /// If the claims counted the answer would be another one.
    pub(super) claims_matter: bool,
    /// In some of the territories asked about nobody spoke who may.
    pub(super) silent_somewhere: bool,
    /// The question names no territory, and the answer is not the same everywhere.
    pub(super) differs_by_territory: bool,
    /// The declarations limited to territories that make that difference.
    pub(super) territorial: Vec<&'a Declaration>,
}

/// A declaration that counts.
#[derive(Clone, Debug)]
pub(super) struct Voice<'a> {
    pub(super) declaration: &'a Declaration,
    /// The rows by which its declarant may speak.
    pub(super) grounds: Vec<u64>,
    /// The licence that meets its terms.
    pub(super) licence: Option<&'a Licence>,
}

/// What is said, the strictest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// Allowed, or allowed under terms that are met.
    Allow,
    Constrain,
    Disallow,
}

/// Why a declaration about the recording does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotApplicable {
    /// It speaks about another use.
    Use,
    /// It was not in force on the date.
    Date,
    /// It does not hold in the territory.
    Territory,
}

impl Voice<'_> {
    pub(super) fn answer(&self) -> Answer {
        match self.declaration.permission() {
            Some(Permission::Disallow) => Answer::Disallow,
            Some(Permission::Constrain { .. }) if self.licence.is_none() => Answer::Constrain,
            // A withdrawal never becomes a voice.
            Some(Permission::Constrain { .. } | Permission::Allow) | None => Answer::Allow,
        }
    }
}

impl Standing<'_> {
    /// What is declared by those who may; `None` if none of them spoke.
    pub(super) fn answer(&self) -> Option<Answer> {
        self.deciding.first().map(Voice::answer)
    }

    /// The verdict that follows, claims apart.
    pub(super) fn declared(&self, policy: Policy) -> VerdictKind {
        match (self.answer(), policy) {
            (Some(Answer::Disallow), _) | (None, Policy::OptIn) => VerdictKind::Disallowed,
            (Some(Answer::Constrain), _) => VerdictKind::Constrained,
            (Some(Answer::Allow), _) | (None, Policy::OptOut) => VerdictKind::Allowed,
            (None, Policy::Review) => VerdictKind::Undeclared,
        }
    }

    /// The verdict that follows; a claim that matters asks for a review.
    pub(super) fn outcome(&self, policy: Policy) -> VerdictKind {
        let declared = self.declared(policy);
        if self.claims_matter { declared.max(VerdictKind::Review) } else { declared }
    }
}

/// Applies what the book has to one recording.
pub(super) fn standing<'a>(recording: &KnownRecording, book: &'a DeclarationBook) -> Standing<'a> {
    let question = book.question();
    let mut grounds: HashMap<&str, Option<Vec<u64>>> = HashMap::new();
    let mut elsewhere = Vec::new();
    let mut said = Vec::new();
    for declaration in book.concerning(recording) {
        let declarant = book.authority().owner_key(&declaration.declarant);
        // By the name as written: an alias has a row of its own to show.
        let grounds = grounds
            .entry(&declaration.declarant)
            .or_insert_with(|| book.authority().grounds(&declaration.declarant, &recording.about()));
        match (not_applicable(declaration, question), grounds.is_some()) {
            (None, _) => said.push(Said {
                declaration,
                declarant,
                subject: match &declaration.subject {
                    // Names of one owner are one subject.
                    Subject::Owner(name) => Subject::Owner(book.authority().owner_key(name)),
                    other => other.clone(),
                },
                grounds: grounds.as_ref().map(|grounds| {
                    let mut grounds = grounds.clone();
                    // The rows that make it an owner of this recording, which is
                    // what may speak for it.
                    if let Subject::Owner(name) = &declaration.subject {
                        grounds
                            .extend(book.authority().grounds(name, &recording.about()).unwrap_or_default());
                    }
                    grounds
                }),
                licences: book.licences(declaration, recording),
            }),
            (Some(why), true) => elsewhere.push((declaration, why)),
            // It would not count if it were no claim.
            (Some(_), false) => {}
        }
    }
    let (authorised, claimed): (Vec<Said<'a>>, Vec<Said<'a>>) =
        said.iter().cloned().partition(|said| said.grounds.is_some());
    let mut standing = weigh(&authorised, book);
    standing.elsewhere = elsewhere;
    if !claimed.is_empty() {
        let among_themselves = weigh(&claimed, book);
        let voices = among_themselves.deciding.into_iter().chain(among_themselves.conflicting);
        standing.claims = voices.map(|voice| voice.declaration).collect();
        standing.claims.sort_by_key(|declaration| declaration.seq);
        // Said by those who may, it would be another answer in some place:
        // somebody has to look.
        let policy = question.policy;
        standing.claims_matter = places(&said, book).into_iter().any(|place| {
            in_territory(&said, place).declared(policy) != in_territory(&authorised, place).declared(policy)
        });
    }
    standing
}

/// A declaration that answers the question.
#[derive(Clone)]
struct Said<'a> {
    declaration: &'a Declaration,
    /// The declarant's key.
    declarant: String,
    /// The subject, an owner by its key.
    subject: Subject,
    /// `None` if it may not speak for the recording.
    grounds: Option<Vec<u64>>,
    /// Those that meet its terms somewhere.
    licences: Vec<&'a Licence>,
}

fn weigh<'a>(said: &[Said<'a>], book: &DeclarationBook) -> Standing<'a> {
    match book.question().territory {
        Some(territory) => in_territory(said, Some(territory)),
        None => everywhere(said, book),
    }
}

/// The territories in which the answer has to hold: the one asked about, or
/// else every one that is named and, as `None`, the rest of the world.
fn places(said: &[Said<'_>], book: &DeclarationBook) -> Vec<Option<Territory>> {
    if book.question().territory.is_some() {
        return vec![book.question().territory];
    }
    let mut named: Vec<Territory> =
        said.iter().flat_map(|said| said.declaration.territories.iter().copied()).collect();
    if said.iter().any(|said| !said.licences.is_empty()) {
        named.extend(book.licence_territories());
    }
    named.sort_unstable();
    named.dedup();
    std::iter::once(None).chain(named.into_iter().map(Some)).collect()
}

fn not_applicable(declaration: &Declaration, question: &Question) -> Option<NotApplicable> {
    let early = declaration.from.is_some_and(|from| question.as_of < from);
    let late = declaration.until.is_some_and(|until| until < question.as_of);
    if !declaration.use_.covers(question.use_) {
        Some(NotApplicable::Use)
    } else if early || late {
        Some(NotApplicable::Date)
    } else if question.territory.is_some_and(|territory| !holds_in(declaration, Some(territory))) {
        Some(NotApplicable::Territory)
    } else {
        None
    }
}

/// `None` is the world outside every territory that any row names.
fn holds_in(declaration: &Declaration, territory: Option<Territory>) -> bool {
    declaration.territories.is_empty()
        || territory.is_some_and(|territory| declaration.territories.contains(&territory))
}

/// The strictest standing of all territories. Where several are equally strict,
/// the declarations of all of them decide: terms differ.
fn everywhere<'a>(said: &[Said<'a>], book: &DeclarationBook) -> Standing<'a> {
    let policy = book.question().policy;
    let mut strictest = in_territory(said, None);
    let mut differs = false;
    let mut silent = strictest.answer().is_none();
    for place in places(said, book).into_iter().flatten() {
        let other = in_territory(said, Some(place));
        let (this, that) = (strictness(&other, policy), strictness(&strictest, policy));
        differs |= this.0 != that.0;
        silent |= !this.1;
        match this.cmp(&that) {
            Ordering::Greater => strictest = other,
            Ordering::Equal => merge(&mut strictest, other),
            Ordering::Less => {}
        }
    }
    strictest.silent_somewhere = silent;
    strictest.differs_by_territory = differs;
    if differs {
        let territorial = said.iter().map(|said| said.declaration);
        strictest.territorial =
            territorial.filter(|declaration| !declaration.territories.is_empty()).collect();
    }
    strictest
}

/// First the verdict that it leads to, then whether somebody said so; a
/// declaration is the better reason.
fn strictness(standing: &Standing<'_>, policy: Policy) -> (VerdictKind, bool) {
    (standing.declared(policy), standing.answer().is_some())
}

fn merge<'a>(into: &mut Standing<'a>, other: Standing<'a>) {
    into.deciding.extend(other.deciding);
    sort_voices(&mut into.deciding);
    into.conflicting.extend(other.conflicting);
    sort_voices(&mut into.conflicting);
    for (list, more) in [(&mut into.overruled, other.overruled), (&mut into.withdrawn, other.withdrawn)] {
        list.extend(more);
        sort(list);
    }
    let decides = |seq: u64| into.deciding.iter().any(|voice| voice.declaration.seq == seq);
    into.conflicting.retain(|voice| !decides(voice.declaration.seq));
    into.overruled.retain(|declaration| !decides(declaration.seq));
}

fn sort(list: &mut Vec<&Declaration>) {
    list.sort_by_key(|declaration| declaration.seq);
    list.dedup_by_key(|declaration| declaration.seq);
}

fn sort_voices(voices: &mut Vec<Voice<'_>>) {
    voices.sort_by_key(|voice| voice.declaration.seq);
    voices.dedup_by_key(|voice| voice.declaration.seq);
}

/// The rules among what holds in one territory.
fn in_territory<'a>(said: &[Said<'a>], territory: Option<Territory>) -> Standing<'a> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut by_declarant: Vec<Vec<&Said<'a>>> = Vec::new();
    for said in said.iter().filter(|said| holds_in(said.declaration, territory)) {
        let place = *places.entry(&said.declarant).or_insert_with(|| {
            by_declarant.push(Vec::new());
            by_declarant.len() - 1
        });
        by_declarant[place].push(said);
    }
    let mut standing = Standing::default();
    let mut voices = Vec::new();
    for said in by_declarant {
        one_voice(&said, territory, &mut voices, &mut standing);
    }
    let strictest = voices.iter().map(Voice::answer).max();
    (standing.deciding, standing.conflicting) =
        voices.into_iter().partition(|voice| Some(voice.answer()) == strictest);
    sort_voices(&mut standing.deciding);
    sort_voices(&mut standing.conflicting);
    sort(&mut standing.overruled);
    sort(&mut standing.withdrawn);
    standing.silent_somewhere = standing.deciding.is_empty();
    standing
}

/// What came later on one subject.
#[derive(Default)]
struct Later<'a> {
    uses: Vec<Use>,
    withdrawal: Option<&'a Declaration>,
}

/// What one declarant says in the end, and what it set aside. `said` is in the
/// order of receipt and answers the question as to use, day and territory.
fn one_voice<'a>(
    said: &[&Said<'a>],
    territory: Option<Territory>,
    voices: &mut Vec<Voice<'a>>,
    standing: &mut Standing<'a>,
) {
    let mut later: HashMap<&Subject, Later<'a>> = HashMap::new();
    let mut last = Vec::new();
    for said in said.iter().rev() {
        let declaration = said.declaration;
        let later = later.entry(&said.subject).or_default();
        // The same use supersedes, a narrower one is an exception; a withdrawal
        // takes back both ways.
        let superseded = later.uses.iter().any(|use_| declaration.use_.covers(*use_));
        match declaration.permission() {
            _ if superseded => standing.overruled.push(declaration),
            Some(_) => match later.withdrawal {
                Some(withdrawal) => standing.withdrawn.extend([declaration, withdrawal]),
                None => last.push(*said),
            },
            None => {}
        }
        match declaration.permission() {
            Some(_) if !later.uses.contains(&declaration.use_) => later.uses.push(declaration.use_),
            Some(_) => {}
            None => later.withdrawal = Some(declaration),
        }
    }
    let most_specific = last.iter().map(|said| specificity(&said.declaration.subject)).max();
    let (specific, general): (Vec<_>, Vec<_>) =
        last.into_iter().partition(|said| Some(specificity(&said.declaration.subject)) == most_specific);
    standing.overruled.extend(general.iter().map(|said| said.declaration));
    let specific: Vec<Voice<'a>> = specific.into_iter().map(|said| voice(said, territory)).collect();
    let strictest = specific.iter().map(Voice::answer).max();
    for voice in specific {
        if Some(voice.answer()) == strictest {
            voices.push(voice);
        } else {
            standing.overruled.push(voice.declaration);
        }
    }
}

fn voice<'a>(said: &Said<'a>, territory: Option<Territory>) -> Voice<'a> {
    Voice {
        declaration: said.declaration,
        grounds: said.grounds.clone().unwrap_or_default(),
        licence: said.licences.iter().copied().find(|licence| licence.holds_in(territory)),
    }
}

fn specificity(subject: &Subject) -> u8 {
    match subject {
        Subject::Everything => 0,
        Subject::Owner(_) => 1,
        Subject::Prefix(_) => 2,
        Subject::Isrc(_) => 3,
        Subject::Recording(_) => 4,
    }
}

/// Sorts by subject, the most specific first; for texts.
pub(super) fn by_specificity(voices: &mut [Voice<'_>]) {
    voices.sort_by_key(|voice| (Reverse(specificity(&voice.declaration.subject)), voice.declaration.seq));
}
