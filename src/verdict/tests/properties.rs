//! What holds whatever is declared, tried on random logs.

use crate::random::Random;
use crate::registry::NewEntry;

use super::page::{book_of, entry, recognition};
use super::*;

const LOGS: u64 = 1_500;

const USES: [&str; 5] = ["data-mining", "ai-training", "ai-generative-training", "ai-inference", "search"];
const POLICIES: [&str; 3] = ["review", "opt-out", "opt-in"];
/// Who is somebody in the registry: the owners of the page, one above, an
/// alias, and two with mandates.
const SPEAKERS: [&str; 6] = ["Label", "Label_Inc", "Other", "Group", "Agency", "Publisher"];
const STRANGERS: [&str; 3] = ["Stranger", "Nobody", "Passer_By"];

fn pick<'a>(random: &mut Random, from: &[&'a str]) -> &'a str {
    from[random.below(from.len() as u64) as usize]
}

/// Who may speak.
fn standing_rows() -> Vec<NewEntry> {
    [
        "owner: Label alias Label_Inc parent Group",
        "mandate: Agency for owner Label until 2026-12-31",
        "mandate: Publisher for prefix GBXYZ",
        "mandate: Publisher for recording C",
    ]
    .map(entry)
    .to_vec()
}

fn declaration(random: &mut Random, declarants: &[&str], verb: Option<&str>) -> NewEntry {
    let subjects = [
        "recording A",
        "recording A2",
        "recording B",
        "recording C",
        "ISRC QZHB12400001",
        "ISRC QZHB12400002",
        "prefix QZHB1",
        "prefix GBXYZ",
        "owner Label",
        "owner Other",
        "owner Group",
        "everything",
    ];
    let declarant = pick(random, declarants);
    let verb = verb.unwrap_or_else(|| pick(random, &["allows", "disallows", "constrains", "withdraws"]));
    let (use_, subject) = (pick(random, &USES), pick(random, &subjects));
    let mut text = format!("{declarant} {verb} {use_} for {subject}");
    if verb == "constrains" {
        text.push_str(&format!(" under {}", pick(random, &["x", "y"])));
    }
    text.push_str(pick(random, &["", "", " in DE", " in DE FR", " in US"]));
    text.push_str(pick(random, &["", "", "", " from 2026-12-01", " until 2026-06-30"]));
    entry(&text)
}

fn declarations(random: &mut Random, declarants: &[&str]) -> Vec<NewEntry> {
    (0..random.below(6)).map(|_| declaration(random, declarants, None)).collect()
}

fn file(random: &mut Random) -> Recognition {
    recognition(pick(
        random,
        &[
            "A",
            "B",
            "C",
            "A, A2 as sibling of A",
            "A 0-20, B 20-30",
            "C 0-3, 1 h long",
            "possibly A",
            "B, possibly A",
            "tag QZHB12400001",
            "B, tag QZHB12400001",
            "B, tdm data-mining not-allowed",
            "A, c2pa ai-training constrained",
            "silence",
            "A, unheard track",
            "silence, unheard cut 3 s",
            "1 s long, tag GBXYZ2400001",
        ],
    ))
}

fn asked(random: &mut Random) -> String {
    let mut asked = format!("{}; {}", pick(random, &USES), pick(random, &POLICIES));
    asked.push_str(pick(random, &["", "; in DE", "; in US"]));
    asked.push_str(pick(random, &["", "; on 2027-01-15"]));
    asked.push_str(pick(random, &["", "", "; least 20%"]));
    asked.push_str(pick(
        random,
        &["", "; licence declarant Label terms x", "; licence declarant Other terms y territories DE"],
    ));
    asked
}

struct Trial {
    entries: Vec<NewEntry>,
    found: Recognition,
    asked: String,
}

impl Trial {
    fn new(random: &mut Random) -> Self {
        let mut entries = standing_rows();
        entries.extend(declarations(random, &SPEAKERS));
        Self { entries, found: file(random), asked: asked(random) }
    }

    fn kind_with(&self, more: impl IntoIterator<Item = NewEntry>) -> VerdictKind {
        let entries = self.entries.iter().cloned().chain(more).collect();
        decide(&self.found, &book_of(entries, &self.asked)).kind
    }

    fn told(&self, more: &[NewEntry]) -> String {
        format!("{}: {:?}\n{:#?}\n{more:#?}", self.asked, self.found, self.entries)
    }
}

#[test]
fn strangers_neither_free_nor_block() {
    let mut random = Random::new(1);
    let mut reviews = 0;
    for _ in 0..LOGS {
        let trial = Trial::new(&mut random);
        let more = declarations(&mut random, &STRANGERS);
        let (without, with) = (trial.kind_with([]), trial.kind_with(more.clone()));
        let asks_for_a_review = without < VerdictKind::Review && with == VerdictKind::Review;
        assert!(with == without || asks_for_a_review, "{without}, then {with}: {}", trial.told(&more));
        reviews += u32::from(asks_for_a_review);
    }
    assert!(reviews > 50, "claims do something: {reviews}");
}

#[test]
fn another_refusal_never_makes_the_verdict_milder() {
    let mut random = Random::new(2);
    let mut stricter = 0;
    for _ in 0..LOGS {
        let trial = Trial::new(&mut random);
        // Somebody new with a mandate: one who said something before would
        // supersede that, perhaps where a milder word was meant to hold.
        let mandate = pick(&mut random, &["owner Label", "owner Group", "owner Other", "recording C"]);
        let mut more = vec![entry(&format!("mandate: Newcomer for {mandate}"))];
        more.push(declaration(&mut random, &["Newcomer"], Some("disallows")));
        let (without, with) = (trial.kind_with([]), trial.kind_with(more.clone()));
        assert!(with >= without, "{without}, then {with}: {}", trial.told(&more));
        stricter += u32::from(with > without);
    }
    assert!(stricter > 30, "refusals do something: {stricter}");
}

#[test]
fn a_refusal_in_place_of_a_permission_never_makes_the_verdict_milder() {
    let mut random = Random::new(3);
    for _ in 0..LOGS {
        let trial = Trial::new(&mut random);
        let seed = random.next();
        let said = |verb| declaration(&mut Random::new(seed), &SPEAKERS, Some(verb));
        let (allow, disallow) = (said("allows"), said("disallows"));
        let (mild, strict) = (trial.kind_with([allow.clone()]), trial.kind_with([disallow]));
        assert!(strict >= mild, "{mild}, then {strict}: {}", trial.told(&[allow]));
    }
}

#[test]
fn the_order_of_declarants_does_not_matter() {
    let mut random = Random::new(4);
    for _ in 0..LOGS {
        let trial = Trial::new(&mut random);
        let mut entries = trial.entries.clone();
        entries.extend(declarations(&mut random, &STRANGERS));
        // Each declarant's rows keep their order among each other.
        let salt = random.next();
        let mut sorted = entries.clone();
        sorted.sort_by_key(|entry| match entry {
            NewEntry::Declaration(declaration) => {
                let name = declaration.declarant.replace(" Inc", "");
                (1, blake3::hash(format!("{name}{}", salt).as_bytes()).to_hex().to_string())
            }
            _ => (0, String::new()),
        });
        let kind = |entries| decide(&trial.found, &book_of(entries, &trial.asked)).kind;
        assert_eq!(kind(entries), kind(sorted), "{}", trial.told(&[]));
    }
}

#[test]
fn everywhere_is_as_strict_as_every_single_place() {
    let mut random = Random::new(5);
    for _ in 0..LOGS {
        let trial = Trial::new(&mut random);
        let plain: Vec<&str> = trial.asked.split("; ").filter(|part| !part.starts_with("in ")).collect();
        let plain = plain.join("; ");
        let kind = |asked: &str| decide(&trial.found, &book_of(trial.entries.clone(), asked)).kind;
        let everywhere = kind(&plain);
        for place in ["DE", "FR", "US", "JP"] {
            let there = kind(&format!("{plain}; in {place}"));
            assert!(everywhere >= there, "{place}: {there}, everywhere {everywhere}: {}", trial.told(&[]));
        }
    }
}

#[test]
fn the_same_gives_the_same() {
    let mut random = Random::new(6);
    for _ in 0..200 {
        let trial = Trial::new(&mut random);
        let again = || decide(&trial.found, &book_of(trial.entries.clone(), &trial.asked));
        assert_eq!(again(), again(), "whatever the order of the maps is");
    }
}
