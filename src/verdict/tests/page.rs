//! docs/verdicts.md: its recordings and its cases.
//!
//! The page tells how its columns are written; here they are read.

use crate::audio::{RightsSignal, SignalKind, SignalPermission, SignalledUse, SignatureState, Unheard};
use crate::registry::{
    Log, Logged, MandateAct, NewDeclaration, NewEntry, NewMandate, NewOwner, Statement, Subject, TableFormat,
    Use,
};

use super::super::*;

const PAGE: &str = include_str!("../../../docs/verdicts.md");

/// One row of a table of cases.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) log: &'static str,
    pub(super) file: &'static str,
    pub(super) asked: &'static str,
    pub(super) verdict: &'static str,
    pub(super) reasons: &'static str,
}

/// The cells of every row of the page that has `columns` of them and is no head.
fn rows(columns: usize, first: &str) -> Vec<Vec<&'static str>> {
    let mut in_table = false;
    let mut rows = Vec::new();
    for line in PAGE.lines() {
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            in_table = false;
            continue;
        };
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        match cells.first() {
            Some(&head) if head == first => in_table = true,
            Some(rule) if rule.starts_with("--") => {}
            _ if in_table => {
                assert_eq!(cells.len(), columns, "{line}");
                rows.push(cells);
            }
            _ => {}
        }
    }
    rows
}

pub(super) fn cases() -> Vec<Case> {
    let case = |cells: Vec<&'static str>| Case {
        name: cells[0],
        log: cells[1],
        file: cells[2],
        asked: cells[3],
        verdict: cells[4],
        reasons: cells[5],
    };
    rows(6, "case").into_iter().map(case).collect()
}

pub(super) fn recordings() -> Vec<KnownRecording> {
    let recording = |cells: Vec<&str>| KnownRecording {
        id: cells[0].to_owned(),
        isrcs: cells[1].split_whitespace().map(|code| code.parse().unwrap()).collect(),
        owner: Some(cells[2].to_owned()).filter(|owner| !owner.is_empty()),
        title: None,
    };
    rows(3, "recording").into_iter().map(recording).collect()
}

pub(super) fn known(id: &str) -> KnownRecording {
    let recordings = recordings();
    recordings.into_iter().find(|known| known.id == id).unwrap_or_else(|| panic!("no recording {id:?}"))
}

/// The words of a cell one after the other; `_` stands for a blank in a name.
struct Words<'a>(std::iter::Peekable<std::str::SplitWhitespace<'a>>);

impl Words<'_> {
    fn of(text: &str) -> Words<'_> {
        Words(text.split_whitespace().peekable())
    }

    fn next(&mut self) -> String {
        self.0.next().expect("another word").replace('_', " ")
    }

    /// The words up to the next one that introduces something.
    fn list(&mut self) -> Vec<String> {
        let is_plain = |word: &&str| !["in", "from", "until", "under", "received", "parent"].contains(word);
        std::iter::from_fn(|| self.0.next_if(is_plain)).map(|word| word.replace('_', " ")).collect()
    }

    fn subject(&mut self) -> Subject {
        match self.next().as_str() {
            "everything" => Subject::Everything,
            kind => Subject::parse(&kind.to_lowercase(), &self.next()).unwrap(),
        }
    }
}

/// One row of the log.
pub(super) fn entry(text: &str) -> NewEntry {
    let mut words = Words::of(text);
    let received_at = |day: &str| format!("{day}T12:00:00Z").parse().unwrap();
    match words.next().as_str() {
        "owner:" => {
            let mut owner = NewOwner {
                name: words.next(),
                aliases: Vec::new(),
                parent: None,
                from: None,
                source: None,
                document_hash: None,
                received_at: received_at("2026-01-01"),
            };
            while words.0.peek().is_some() {
                match words.next().as_str() {
                    "alias" => owner.aliases = words.list(),
                    "parent" => owner.parent = Some(words.next()),
                    "from" => owner.from = Some(words.next().parse().unwrap()),
                    "received" => owner.received_at = received_at(&words.next()),
                    other => panic!("{other:?} in {text:?}"),
                }
            }
            NewEntry::Owner(owner)
        }
        act @ ("mandate:" | "revoked:") => {
            let mut mandate = NewMandate {
                declarant: words.next(),
                speaks_for: (words.next() == "for").then(|| words.subject()).expect(text),
                act: if act == "mandate:" { MandateAct::Grant } else { MandateAct::Revoke },
                from: None,
                until: None,
                source: None,
                document_hash: None,
                received_at: received_at("2026-01-01"),
            };
            while words.0.peek().is_some() {
                match words.next().as_str() {
                    "from" => mandate.from = Some(words.next().parse().unwrap()),
                    "until" => mandate.until = Some(words.next().parse().unwrap()),
                    "received" => mandate.received_at = received_at(&words.next()),
                    other => panic!("{other:?} in {text:?}"),
                }
            }
            NewEntry::Mandate(mandate)
        }
        declarant => {
            let verb = words.next();
            let use_ = words.next().parse().unwrap();
            let subject = (words.next() == "for").then(|| words.subject()).expect(text);
            let mut declaration = NewDeclaration {
                subject,
                use_,
                statement: Statement::Withdraw,
                territories: Vec::new(),
                from: None,
                until: None,
                declarant: declarant.to_owned(),
                source: None,
                document_hash: None,
                received_at: received_at("2026-01-01"),
            };
            let mut terms = None;
            while words.0.peek().is_some() {
                match words.next().as_str() {
                    "in" => {
                        declaration.territories =
                            words.list().iter().map(|code| code.parse().unwrap()).collect();
                    }
                    "from" => declaration.from = Some(words.next().parse().unwrap()),
                    "until" => declaration.until = Some(words.next().parse().unwrap()),
                    "received" => declaration.received_at = received_at(&words.next()),
                    "under" => terms = Some(words.next()),
                    other => panic!("{other:?} in {text:?}"),
                }
            }
            declaration.statement =
                Statement::parse(verb.strip_suffix('s').expect(text), terms.as_deref()).unwrap();
            NewEntry::Declaration(declaration)
        }
    }
    .normalised()
    .unwrap()
}

/// A log of these rows; each has its number all over its hash.
pub(super) fn log_of(entries: impl IntoIterator<Item = NewEntry>) -> Log {
    let numbered = (1_u64..).zip(entries);
    Log::from_entries(numbered.map(|(seq, row)| Logged { seq, row, hash: [seq as u8; 32] }).collect())
}

pub(super) fn entries(text: &str) -> Vec<NewEntry> {
    text.split("<br>").map(str::trim).filter(|row| !row.is_empty()).map(entry).collect()
}

pub(super) fn recognition(text: &str) -> Recognition {
    let mut found = Recognition { duration_s: 30.0, ..Recognition::default() };
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    for part in &parts {
        if let Some(length) = part.strip_suffix(" long") {
            let (number, unit) = length.split_once(' ').expect(part);
            found.duration_s = number.parse::<f64>().expect(part) * if unit == "h" { 3_600.0 } else { 1.0 };
        }
    }
    for part in parts {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words.as_slice() {
            [_, _, "long"] | ["silence"] => {}
            ["not", "decodable"] => found.error = Some("it is damaged.".to_owned()),
            ["tag", isrc] => {
                let isrc = isrc.parse().expect(part);
                let recordings = recordings().into_iter().filter(|known| known.isrcs.contains(&isrc));
                found.tags.push(TagClaim { isrc, recordings: recordings.collect() });
            }
            ["text", text] => found.signals.push(RightsSignal {
                kind: SignalKind::Copyright,
                carrier: "id3v2".to_owned(),
                field: "TCOP".to_owned(),
                text: (*text).to_owned(),
                uses: Vec::new(),
                signature: None,
            }),
            [carrier @ ("tdm" | "c2pa" | "c2pa-ingredient"), said @ ..] => {
                found.signals.push(signal(carrier, said));
            }
            ["unheard", kind, length @ ..] => found.unheard.push(Unheard {
                kind: serde_json::from_value((*kind).into()).expect(part),
                seconds: length.first().map(|seconds| seconds.parse().expect(part)),
                detail: format!("its {kind}"),
                channel: None,
            }),
            ["possibly", id, "with", "more", "siblings"] => {
                let possible = heard(&found, id, Grade::Possible, None);
                found.matches.push(Heard { more_siblings: true, ..possible });
            }
            [id, "with", "more", "siblings"] => {
                let certain = heard(&found, id, Grade::Match, None);
                found.matches.push(Heard { more_siblings: true, ..certain });
            }
            ["possibly", id] => found.matches.push(heard(&found, id, Grade::Possible, None)),
            [id, "as", "sibling", "of", of] => {
                found.matches.push(Heard {
                    sibling_of: Some((*of).to_owned()),
                    ..heard(&found, id, Grade::Match, None)
                });
            }
            [id, range @ ..] => found.matches.push(heard(&found, id, Grade::Match, range.first().copied())),
            [] => {}
        }
    }
    found
}

fn heard(found: &Recognition, id: &str, grade: Grade, range: Option<&str>) -> Heard {
    let second = |text: &str| text.parse::<f64>().unwrap();
    let (from, to) = range.map_or((0.0, found.duration_s), |range| {
        let (from, to) = range.split_once('-').expect(range);
        (second(from), second(to))
    });
    Heard {
        recording: known(id),
        grade,
        query_start_s: from,
        query_end_s: to,
        sibling_of: None,
        more_siblings: false,
    }
}

/// `tdm data-mining not-allowed`, `c2pa ai-training constrained data-mining allowed`.
fn signal(carrier: &str, said: &[&str]) -> RightsSignal {
    let uses = said.chunks(2).map(|pair| SignalledUse {
        use_: pair[0].parse().expect(pair[0]),
        permission: [SignalPermission::Allowed, SignalPermission::NotAllowed, SignalPermission::Constrained]
            .into_iter()
            .find(|permission| permission.name() == pair[1])
            .expect(pair[1]),
        constraint: None,
    });
    let is_c2pa = carrier.starts_with("c2pa");
    RightsSignal {
        kind: SignalKind::Mining,
        carrier: if is_c2pa { carrier } else { "vorbis-comment" }.to_owned(),
        field: if is_c2pa { "cawg.training-mining" } else { "TDM-RESERVATION" }.to_owned(),
        text: said.join(" "),
        uses: uses.collect(),
        signature: is_c2pa.then_some(SignatureState::NotVerified),
    }
}

/// What is asked, and the licences at hand.
pub(super) fn question(text: &str) -> (Question, Option<AcceptedTerms>) {
    let mut parts = text.split(';').map(str::trim);
    let use_: Use = parts.next().expect(text).parse().unwrap();
    let mut question = Question::new(use_, "2026-11-21".parse().unwrap());
    let mut licences = String::new();
    for part in parts {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words.as_slice() {
            ["in", code] => question.territory = Some(code.parse().unwrap()),
            ["on", day] => question.as_of = day.parse().unwrap(),
            ["least", overlap] => question.min_overlap = overlap.parse().unwrap(),
            ["licence", columns @ ..] => {
                let pairs = columns.chunks(2).map(|pair| match pair {
                    ["declaration", seq] => format!("\"declaration\": {seq}"),
                    ["hash", digits] => format!("\"hash\": \"{}\"", digits.repeat(32)),
                    [column, value] => format!("\"{column}\": \"{value}\""),
                    other => panic!("{other:?} in {text:?}"),
                });
                let pairs = pairs.collect::<Vec<_>>().join(", ");
                licences.push_str(&format!("{{\"licence\": \"L-1\", {pairs}}}\n"));
            }
            [policy] => question.policy = policy.parse().unwrap(),
            other => panic!("{other:?} in {text:?}"),
        }
    }
    let accepted = (!licences.is_empty())
        .then(|| AcceptedTerms::read(licences.as_bytes(), TableFormat::Jsonl, "accepted.jsonl").expect(text));
    (question, accepted)
}

/// The book of a case.
pub(super) fn book(case: &Case) -> DeclarationBook {
    book_of(entries(case.log), case.asked)
}

pub(super) fn book_of(entries: Vec<NewEntry>, asked: &str) -> DeclarationBook {
    let (question, accepted) = question(asked);
    DeclarationBook::new(log_of(entries), question, accepted)
}

/// Reasons as the page writes them.
pub(super) fn shown(reasons: &[Reason]) -> String {
    let numbers = |numbers: &[u64]| numbers.iter().map(|n| format!(" {n}")).collect::<String>();
    let one = |reason: &Reason| {
        let by = if reason.grounds.is_empty() {
            String::new()
        } else {
            format!(" by{}", numbers(&reason.grounds))
        };
        format!("{}{}{by}", reason.code, numbers(&reason.declarations))
    };
    reasons.iter().map(one).collect::<Vec<_>>().join("; ")
}
