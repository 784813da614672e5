//! What is declared about one recording: rules 1 to 4 of the module.

use std::cmp::{Ordering, Reverse};

use crate::registry::{Declaration, Permission, Subject, Territory, name_key};

use super::{KnownRecording, Policy, Question};

/// What holds for one recording.
#[derive(Debug, Default)]
pub(super) struct Standing<'a> {
    /// The declarations that decide, of one permission kind. Empty: nobody spoke.
    pub(super) deciding: Vec<&'a Declaration>,
    /// What other declarants say instead, less strictly.
    pub(super) conflicting: Vec<&'a Declaration>,
    /// Set aside for a more specific, a later or a stricter one of the same declarant.
    pub(super) overruled: Vec<&'a Declaration>,
    /// About this recording but not about this question.
    pub(super) elsewhere: Vec<(&'a Declaration, NotApplicable)>,
    /// The question names no territory, and the answer is not the same everywhere.
    pub(super) differs_by_territory: bool,
    /// The declarations limited to territories that make that difference.
    pub(super) territorial: Vec<&'a Declaration>,
}

/// Why a declaration about the recording does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NotApplicable {
    /// It speaks about another use.
    Use,
    /// It was not in force on the date.
    Date,
    /// It does not hold in the territory.
    Territory,
}

impl Standing<'_> {
    /// What is declared; `None` if nobody spoke.
    pub(super) fn permission(&self) -> Option<&Permission> {
        self.deciding.first().and_then(|declaration| declaration.permission())
    }
}

/// Applies the declarations to one recording and question.
pub(super) fn standing<'a>(
    recording: &KnownRecording,
    declarations: &[&'a Declaration],
    question: &Question,
) -> Standing<'a> {
    let mut about: Vec<&'a Declaration> =
        declarations.iter().copied().filter(|declaration| concerns(declaration, recording)).collect();
    about.sort_by_key(|declaration| declaration.seq);
    about.dedup_by_key(|declaration| declaration.seq);
    let mut elsewhere = Vec::new();
    let in_force: Vec<&'a Declaration> = about
        .into_iter()
        .filter(|declaration| match not_applicable(declaration, question) {
            None => true,
            Some(why) => {
                elsewhere.push((*declaration, why));
                false
            }
        })
        .collect();
    let mut standing = match question.territory {
        Some(territory) => in_territory(&in_force, Some(territory)),
        None => everywhere(&in_force, question.policy),
    };
    standing.elsewhere = elsewhere;
    standing
}

/// Whether a declaration speaks about the recording.
fn concerns(declaration: &Declaration, recording: &KnownRecording) -> bool {
    let is_owner =
        |name: &str| recording.owner.as_deref().is_some_and(|owner| name_key(owner) == name_key(name));
    match &declaration.subject {
        Subject::Recording(id) => *id == recording.id,
        Subject::Isrc(isrc) => recording.isrcs.contains(isrc),
        Subject::Prefix(prefix) => recording.isrcs.iter().any(|isrc| isrc.prefix() == *prefix),
        Subject::Owner(name) => is_owner(name),
        Subject::Everything => is_owner(&declaration.declarant),
    }
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

/// `None` is the world outside every territory that any declaration names.
fn holds_in(declaration: &Declaration, territory: Option<Territory>) -> bool {
    declaration.territories.is_empty()
        || territory.is_some_and(|territory| declaration.territories.contains(&territory))
}

/// The strictest standing of all territories (rule 4). Where several are
/// equally strict, the declarations of all of them decide: terms differ.
fn everywhere<'a>(in_force: &[&'a Declaration], policy: Policy) -> Standing<'a> {
    let mut named: Vec<Territory> =
        in_force.iter().flat_map(|declaration| declaration.territories.iter().copied()).collect();
    named.sort_unstable();
    named.dedup();
    let mut strictest = in_territory(in_force, None);
    let mut differs = false;
    for territory in named {
        let other = in_territory(in_force, Some(territory));
        let (this, that) = (strictness(&other, policy), strictness(&strictest, policy));
        differs |= this.outcome != that.outcome;
        match this.cmp(&that) {
            Ordering::Greater => strictest = other,
            Ordering::Equal => merge(&mut strictest, other),
            Ordering::Less => {}
        }
    }
    strictest.differs_by_territory = differs;
    if differs {
        strictest.territorial =
            in_force.iter().copied().filter(|declaration| !declaration.territories.is_empty()).collect();
    }
    strictest
}

/// How strict a standing is: first the verdict it leads to, then whether
/// somebody said so; a declaration is the better reason.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Strictness {
    outcome: u8,
    declared: bool,
}

fn strictness(standing: &Standing<'_>, policy: Policy) -> Strictness {
    let outcome = match (standing.permission(), policy) {
        (Some(Permission::Allow), _) | (None, Policy::OptOut) => 0,
        (None, Policy::Review) => 1,
        (Some(Permission::Constrain { .. }), _) => 2,
        (Some(Permission::Disallow), _) | (None, Policy::OptIn) => 3,
    };
    Strictness { outcome, declared: standing.permission().is_some() }
}

fn merge<'a>(into: &mut Standing<'a>, other: Standing<'a>) {
    let lists = [
        (&mut into.deciding, other.deciding),
        (&mut into.conflicting, other.conflicting),
        (&mut into.overruled, other.overruled),
    ];
    for (list, more) in lists {
        list.extend(more);
        list.sort_by_key(|declaration| declaration.seq);
        list.dedup_by_key(|declaration| declaration.seq);
    }
    let deciding: Vec<u64> = into.deciding.iter().map(|declaration| declaration.seq).collect();
    into.conflicting.retain(|declaration| !deciding.contains(&declaration.seq));
    into.overruled.retain(|declaration| !deciding.contains(&declaration.seq));
}

/// Rules 1 to 3 among the declarations that hold in one territory.
fn in_territory<'a>(in_force: &[&'a Declaration], territory: Option<Territory>) -> Standing<'a> {
    let mut by_declarant: Vec<(String, Vec<&'a Declaration>)> = Vec::new();
    for &declaration in in_force.iter().filter(|declaration| holds_in(declaration, territory)) {
        let declarant = name_key(&declaration.declarant);
        match by_declarant.iter_mut().find(|(known, _)| *known == declarant) {
            Some((_, said)) => said.push(declaration),
            None => by_declarant.push((declarant, vec![declaration])),
        }
    }
    let mut standing = Standing::default();
    let mut voices = Vec::new();
    for (_, said) in by_declarant {
        let (voice, overruled) = one_voice(said);
        voices.extend(voice);
        standing.overruled.extend(overruled);
    }
    let strictest = voices.iter().map(|voice| rank(voice)).max();
    (standing.deciding, standing.conflicting) =
        voices.into_iter().partition(|voice| Some(rank(voice)) == strictest);
    standing.deciding.sort_by_key(|declaration| declaration.seq);
    standing.conflicting.sort_by_key(|declaration| declaration.seq);
    standing.overruled.sort_by_key(|declaration| declaration.seq);
    standing
}

/// What one declarant says in the end (rules 1 and 2), and what it set aside.
/// `said` is in order of receipt.
fn one_voice(said: Vec<&Declaration>) -> (Vec<&Declaration>, Vec<&Declaration>) {
    let is_replaced = |old: &Declaration| {
        said.iter().any(|new| {
            let on_the_same = new.seq > old.seq && same_subject(&new.subject, &old.subject);
            // The same use supersedes, a narrower one is an exception; a
            // withdrawal takes back both ways.
            on_the_same && (new.permission().is_none() || old.use_.covers(new.use_))
        })
    };
    let (standing, mut overruled): (Vec<_>, Vec<_>) =
        said.iter().copied().partition(|declaration| !is_replaced(declaration));
    let (standing, _): (Vec<_>, Vec<_>) =
        standing.into_iter().partition(|declaration| declaration.permission().is_some());
    let most_specific = standing.iter().map(|declaration| specificity(&declaration.subject)).max();
    let (voice, general): (Vec<_>, Vec<_>) = standing
        .into_iter()
        .partition(|declaration| Some(specificity(&declaration.subject)) == most_specific);
    overruled.extend(general);
    let strictest = voice.iter().map(|declaration| rank(declaration)).max();
    let (voice, milder): (Vec<_>, Vec<_>) =
        voice.into_iter().partition(|declaration| Some(rank(declaration)) == strictest);
    overruled.extend(milder);
    (voice, overruled)
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

fn same_subject(a: &Subject, b: &Subject) -> bool {
    match (a, b) {
        (Subject::Owner(a), Subject::Owner(b)) => name_key(a) == name_key(b),
        _ => a == b,
    }
}

/// Orders what is said, the strictest last; a withdrawal says nothing.
fn rank(declaration: &Declaration) -> u8 {
    match declaration.permission() {
        None => 0,
        Some(Permission::Allow) => 1,
        Some(Permission::Constrain { .. }) => 2,
        Some(Permission::Disallow) => 3,
    }
}

/// Sorts by subject, the most specific first; for texts.
pub(super) fn by_specificity(declarations: &mut [&Declaration]) {
    declarations.sort_by_key(|declaration| (Reverse(specificity(&declaration.subject)), declaration.seq));
}
