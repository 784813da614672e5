//! The table of cases: what every rule of the module means, by example.
//!
//! Four recordings are registered. `A` and `A2` are different audio under one
//! ISRC, `B` has two ISRCs and another owner, `C` has neither ISRC nor owner.

use crate::isrc::Isrc;
use crate::registry::{NewDeclaration, Permission, Statement, Subject};

use super::*;

/// One case. The columns are little languages:
///
/// - `declared`: one declaration an entry, in order of receipt:
///   `DECLARANT SUBJECT:VALUE USE PERMISSION [in=DE,FR] [from=DATE] [until=DATE] [terms=TEXT]`
/// - `file`: what was found: `A` heard, `A?` possible, `tag:ISRC`,
///   `1s` the duration (default 30 s), `error`
/// - `asked`: `USE [in=DE] [on=DATE] [POLICY]`; the default date is 2026-11-21
/// - `verdict`: the kind, then every reason in order as `code#declarations`
struct Case {
    name: &'static str,
    declared: &'static [&'static str],
    file: &'static str,
    asked: &'static str,
    verdict: &'static str,
}

const fn case(
    name: &'static str,
    declared: &'static [&'static str],
    file: &'static str,
    asked: &'static str,
    verdict: &'static str,
) -> Case {
    Case { name, declared, file, asked, verdict }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Nobody spoke.
    case("nothing declared, default policy", &[], "A", "ai-training",
        "undeclared recognised undeclared"),
    case("nothing declared, silence allows", &[], "A", "ai-training opt-out",
        "allowed recognised undeclared silence-allows"),
    case("nothing declared, silence denies", &[], "A", "ai-training opt-in",
        "disallowed recognised undeclared silence-denies"),
    case("nothing recognised", &[], "", "ai-training",
        "no-match no-match"),
    case("nothing recognised, silence allows", &[], "", "ai-training opt-out",
        "no-match no-match"),
    case("nothing recognised, silence denies", &[], "", "ai-training opt-in",
        "disallowed no-match silence-denies"),

    // Subjects.
    case("by recording", &["Label recording:a ai-training disallow"], "A", "ai-training",
        "disallowed recognised declared-disallow#1"),
    case("by ISRC, every recording that carries it", &["Label isrc:QZHB12400001 ai-training disallow"], "A2", "ai-training",
        "disallowed recognised declared-disallow#1"),
    case("by any of several ISRCs", &["Label isrc:GBXYZ2400009 ai-training disallow"], "B", "ai-training",
        "disallowed recognised declared-disallow#1"),
    case("by prefix", &["Label prefix:QZHB1 ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#1"),
    case("by owner, whatever the case", &["Label owner:EXAMPLE_music ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#1"),
    case("about another recording", &["Label recording:b ai-training disallow"], "A", "ai-training",
        "undeclared recognised undeclared"),
    case("about another prefix", &["Label prefix:QZHB2 ai-training disallow"], "A", "ai-training",
        "undeclared recognised undeclared"),
    case("no owner known, so no owner's declaration applies", &["Label owner:Example_Music ai-training disallow"], "C", "ai-training",
        "undeclared recognised undeclared"),

    // Withdrawals.
    case("a withdrawal leaves silence",
        &["Label recording:a ai-training disallow", "Label recording:a ai-training withdraw"], "A", "ai-training",
        "undeclared recognised undeclared overruled#1"),
    case("a withdrawal lets the less specific speak again",
        &["Label prefix:QZHB1 ai-training disallow", "Label recording:a ai-training allow", "Label recording:a ai-training withdraw"],
        "A", "ai-training",
        "disallowed recognised declared-disallow#1 overruled#2"),
    case("nobody takes back another's word",
        &["Label recording:a ai-training disallow", "Other recording:a ai-training withdraw"], "A", "ai-training",
        "disallowed recognised declared-disallow#1"),

    // Uses.
    case("a broader use covers a narrower", &["Label recording:a data-mining disallow"], "A", "ai-generative-training",
        "disallowed recognised declared-disallow#1"),
    case("AI training covers generative training", &["Label recording:a ai-training allow"], "A", "ai-generative-training",
        "allowed recognised declared-allow#1"),
    case("a narrower use does not cover a broader", &["Label recording:a ai-generative-training disallow"], "A", "ai-training",
        "undeclared recognised undeclared other-use#1"),
    case("data mining covers inference", &["Label recording:a data-mining disallow"], "A", "ai-inference",
        "disallowed recognised declared-disallow#1"),
    case("data mining does not cover search", &["Label recording:a data-mining disallow"], "A", "search",
        "undeclared recognised undeclared other-use#1"),
    case("training says nothing about inference", &["Label recording:a ai-training allow"], "A", "ai-inference",
        "undeclared recognised undeclared other-use#1"),
    case("a later narrower use is an exception",
        &["Label recording:a data-mining disallow", "Label recording:a ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#2 overruled#1"),
    case("an earlier narrower use is not: the stricter counts",
        &["Label recording:a ai-training allow", "Label recording:a data-mining disallow"], "A", "ai-training",
        "disallowed recognised declared-disallow#2 overruled#1"),
    case("a later broad permission does not lift a narrow refusal",
        &["Label recording:a ai-training disallow", "Label recording:a data-mining allow"], "A", "ai-training",
        "disallowed recognised declared-disallow#1 overruled#2"),

    // Specificity within one declarant.
    case("recording before ISRC",
        &["Label recording:a ai-training allow", "Label isrc:QZHB12400001 ai-training disallow"], "A", "ai-training",
        "allowed recognised declared-allow#1 overruled#2"),
    case("ISRC before prefix",
        &["Label prefix:QZHB1 ai-training disallow", "Label isrc:QZHB12400001 ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#2 overruled#1"),
    case("prefix before owner",
        &["Label owner:Example_Music ai-training allow", "Label prefix:QZHB1 ai-training disallow"], "A", "ai-training",
        "disallowed recognised declared-disallow#2 overruled#1"),
    case("everything reserved, except as specifically authorised",
        &["Label owner:Example_Music data-mining disallow", "Label recording:a ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#2 overruled#1"),
    case("two ISRCs of one recording are equally specific: the stricter counts",
        &["Label isrc:QZHB12400002 ai-training disallow", "Label isrc:GBXYZ2400009 ai-training allow"], "B", "ai-training",
        "disallowed recognised declared-disallow#1 overruled#2"),
    case("the more specific one holds only where it holds",
        &["Label owner:Example_Music ai-training disallow", "Label recording:a ai-training allow in=DE"], "A", "ai-training in=US",
        "disallowed recognised declared-disallow#1 other-territory#2"),

    // Later rows.
    case("a later row supersedes",
        &["Label recording:a ai-training disallow", "Label recording:a ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#2 overruled#1"),
    case("and may be superseded in turn",
        &["Label recording:a ai-training disallow", "Label recording:a ai-training allow", "Label recording:a ai-training disallow"],
        "A", "ai-training", "disallowed recognised declared-disallow#3 overruled#1,2"),
    case("a declarant's name counts whatever its case",
        &["Label recording:a ai-training disallow", "LABEL recording:a ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#2 overruled#1"),
    case("a later row that is not in force yet supersedes nothing",
        &["Label recording:a ai-training disallow", "Label recording:a ai-training allow from=2027-01-01"], "A", "ai-training",
        "disallowed recognised declared-disallow#1 not-in-force#2"),
    case("a later row that has run out leaves the earlier one",
        &["Label recording:a ai-training disallow", "Label recording:a ai-training allow until=2026-06-30"], "A", "ai-training",
        "disallowed recognised declared-disallow#1 not-in-force#2"),

    // Dates: first and last day included.
    case("on the first day", &["Label recording:a ai-training disallow from=2026-11-21"], "A", "ai-training",
        "disallowed recognised declared-disallow#1"),
    case("on the last day", &["Label recording:a ai-training disallow until=2026-11-21"], "A", "ai-training",
        "disallowed recognised declared-disallow#1"),
    case("the day before the first", &["Label recording:a ai-training disallow from=2026-11-21"], "A", "ai-training on=2026-11-20",
        "undeclared recognised undeclared not-in-force#1"),
    case("the day after the last", &["Label recording:a ai-training disallow until=2026-11-21"], "A", "ai-training on=2026-11-22",
        "undeclared recognised undeclared not-in-force#1"),

    // Territories.
    case("in the territory", &["Label recording:a ai-training disallow in=DE,FR"], "A", "ai-training in=FR",
        "disallowed recognised declared-disallow#1"),
    case("in another territory", &["Label recording:a ai-training disallow in=DE,FR"], "A", "ai-training in=US",
        "undeclared recognised undeclared other-territory#1"),
    case("worldwide", &["Label recording:a ai-training disallow"], "A", "ai-training in=US",
        "disallowed recognised declared-disallow#1"),
    case("no territory asked: a refusal somewhere counts", &["Label recording:a ai-training disallow in=DE"], "A", "ai-training",
        "disallowed recognised declared-disallow#1 territory-not-asked#1"),
    case("no territory asked: a permission somewhere is not one everywhere", &["Label recording:a ai-training allow in=DE"], "A", "ai-training",
        "undeclared recognised undeclared territory-not-asked#1"),
    case("no territory asked, silence allows: nothing hangs on the territory", &["Label recording:a ai-training allow in=DE"], "A", "ai-training opt-out",
        "allowed recognised declared-allow#1"),
    case("no territory asked, silence denies", &["Label recording:a ai-training allow in=DE"], "A", "ai-training opt-in",
        "disallowed recognised undeclared silence-denies territory-not-asked#1"),
    case("no territory asked: superseded where the later row holds, not elsewhere",
        &["Label recording:a ai-training disallow", "Label recording:a ai-training allow in=DE"], "A", "ai-training",
        "disallowed recognised declared-disallow#1 territory-not-asked#2"),
    case("no territory asked: terms of every territory are told",
        &["Label recording:a ai-training constrain in=DE terms=x", "Label recording:a ai-training constrain in=FR terms=y"], "A", "ai-training opt-out",
        "constrained recognised declared-constrain#1,2 territory-not-asked#1,2"),
    case("a territorial refusal superseded worldwide",
        &["Label recording:a ai-training disallow in=DE", "Label recording:a ai-training allow"], "A", "ai-training",
        "allowed recognised declared-allow#2 overruled#1"),

    // Several declarants.
    case("the most restrictive declarant wins, however specific the other",
        &["Label recording:a ai-training allow", "Publisher owner:Example_Music ai-training disallow"], "A", "ai-training",
        "disallowed recognised declared-disallow#2 conflict#1,2"),
    case("terms are stricter than permission",
        &["Label recording:a ai-training constrain terms=licence", "Publisher recording:a ai-training allow"], "A", "ai-training",
        "constrained recognised declared-constrain#1 conflict#1,2"),
    case("refusal is stricter than terms",
        &["Label recording:a ai-training constrain terms=licence", "Publisher recording:a ai-training disallow"], "A", "ai-training",
        "disallowed recognised declared-disallow#2 conflict#1,2"),
    case("agreeing declarants are no conflict",
        &["Label recording:a ai-training disallow", "Publisher prefix:QZHB1 data-mining disallow"], "A", "ai-training",
        "disallowed recognised declared-disallow#1,2"),
    case("a permission is no answer to another declarant's silence elsewhere",
        &["Label recording:a ai-training allow", "Publisher recording:a search disallow"], "A", "ai-training",
        "allowed recognised declared-allow#1 other-use#2"),
    case("constrained", &["Label recording:a ai-training constrain terms=licence"], "A", "ai-training",
        "constrained recognised declared-constrain#1"),
    case("constrained stays so when silence allows", &["Label recording:a ai-training constrain terms=licence"], "A", "ai-training opt-out",
        "constrained recognised declared-constrain#1"),
    case("allowed where silence denies", &["Label recording:a ai-training allow"], "A", "ai-training opt-in",
        "allowed recognised declared-allow#1"),

    // Several recordings in one file.
    case("one refused, one allowed: the verdict hangs on one",
        &["Label recording:a ai-training disallow", "Label recording:b ai-training allow"], "B A", "ai-training",
        "disallowed recognised declared-disallow#1 hangs-on-recording recognised declared-allow#2"),
    case("one undeclared, one allowed", &["Label recording:a ai-training allow"], "A C", "ai-training",
        "undeclared recognised undeclared hangs-on-recording recognised declared-allow#1"),
    case("both allowed", &["Label recording:a ai-training allow", "Label recording:b ai-training allow"], "A B", "ai-training",
        "allowed recognised declared-allow#1 recognised declared-allow#2"),
    case("heard twice, told once", &["Label recording:a ai-training allow"], "A A", "ai-training",
        "allowed recognised declared-allow#1"),

    // Possible matches.
    case("possibly a refused recording", &["Label recording:a ai-training disallow"], "A?", "ai-training",
        "review possible-match declared-disallow#1 no-match"),
    case("possibly a refused recording, silence allows", &["Label recording:a ai-training disallow"], "A?", "ai-training opt-out",
        "review possible-match declared-disallow#1 no-match"),
    case("possibly an allowed recording, nothing certain", &["Label recording:a ai-training allow"], "A?", "ai-training",
        "review possible-match declared-allow#1 no-match"),
    case("possibly an allowed recording, silence allows", &["Label recording:a ai-training allow"], "A?", "ai-training opt-out",
        "no-match no-match possible-match declared-allow#1"),
    case("possibly an allowed recording is no permission", &["Label recording:a ai-training allow"], "A?", "ai-training opt-in",
        "disallowed no-match silence-denies possible-match declared-allow#1"),
    case("certainly an allowed one, possibly a refused one",
        &["Label recording:b ai-training allow", "Label recording:a ai-training disallow"], "B A?", "ai-training",
        "review possible-match declared-disallow#2 recognised declared-allow#1"),
    case("certainly an allowed one, possibly another allowed one",
        &["Label recording:b ai-training allow", "Label recording:a ai-training allow"], "B A?", "ai-training",
        "allowed recognised declared-allow#1 possible-match declared-allow#2"),
    case("certain in one place and possible in another is certain", &["Label recording:a ai-training allow"], "A A?", "ai-training",
        "allowed recognised declared-allow#1"),

    // Tags.
    case("tag and sound agree", &["Label recording:a ai-training allow"], "A tag:QZHB12400001", "ai-training",
        "allowed recognised declared-allow#1 tag-agrees"),
    case("tag and sound agree under a reused ISRC", &["Label recording:a2 ai-training allow"], "A2 tag:QZHB12400001", "ai-training",
        "allowed recognised declared-allow#1 tag-agrees"),
    case("tag contradicts an allowed sound", &["Label recording:b ai-training allow"], "B tag:QZHB12400001", "ai-training",
        "review tag-contradicts-sound recognised declared-allow#1"),
    case("tag of a refused recording on allowed sound",
        &["Label recording:b ai-training allow", "Label recording:a ai-training disallow"], "B tag:QZHB12400001", "ai-training",
        "disallowed tag-contradicts-sound declared-disallow#2 recognised declared-allow#1"),
    case("tag of an allowed recording cannot free refused sound",
        &["Label recording:b ai-training allow", "Label recording:a ai-training disallow"], "A tag:QZHB12400002", "ai-training",
        "disallowed recognised declared-disallow#2 tag-contradicts-sound declared-allow#1"),
    case("tag contradicts, silence allows", &["Label recording:b ai-training allow"], "B tag:QZHB12400001", "ai-training opt-out",
        "allowed recognised declared-allow#1 tag-contradicts-sound"),
    case("tag contradicts, silence denies", &["Label recording:b ai-training allow"], "B tag:QZHB12400001", "ai-training opt-in",
        "review tag-contradicts-sound recognised declared-allow#1"),
    case("tag known, sound not heard, refused", &["Label recording:a ai-training disallow"], "tag:QZHB12400001", "ai-training opt-out",
        "disallowed tag-not-confirmed declared-disallow#1 no-match"),
    case("tag known, sound not heard, terms", &["Label recording:a ai-training constrain terms=licence"], "tag:QZHB12400001", "ai-training",
        "constrained tag-not-confirmed declared-constrain#1 no-match"),
    case("tag known, sound not heard, allowed: a tag alone never allows", &["Label recording:a ai-training allow"], "tag:QZHB12400001", "ai-training",
        "review tag-not-confirmed declared-allow#1 no-match"),
    case("tag known, sound not heard, undeclared", &[], "tag:QZHB12400001", "ai-training",
        "review tag-not-confirmed no-match"),
    case("tag known, sound not heard, silence allows", &[], "tag:QZHB12400001", "ai-training opt-out",
        "no-match no-match tag-not-confirmed"),
    case("tag of one that is possibly heard", &["Label recording:a ai-training allow"], "A? tag:QZHB12400001", "ai-training",
        "review possible-match declared-allow#1 tag-not-confirmed declared-allow#1 no-match"),
    case("tag not registered, its prefix refused", &["Label prefix:FRZZZ ai-training disallow"], "tag:FRZZZ2400001", "ai-training",
        "disallowed tag-not-confirmed declared-disallow#1 no-match"),
    case("tag not registered, its prefix allowed", &["Label prefix:FRZZZ ai-training allow"], "tag:FRZZZ2400001", "ai-training",
        "review tag-not-confirmed declared-allow#1 no-match"),
    case("tag nobody knows, nothing heard", &[], "tag:FRZZZ2400001", "ai-training",
        "no-match no-match tag-unknown"),
    case("tag nobody knows on a recording with codes of its own", &["Label recording:a ai-training allow"], "A tag:FRZZZ2400001", "ai-training",
        "review tag-contradicts-sound recognised declared-allow#1"),
    case("tag nobody knows on a recording without codes", &["Label recording:c ai-training allow"], "C tag:FRZZZ2400001", "ai-training",
        "allowed recognised declared-allow#1 tag-unknown"),
    case("two tags, one of them right", &["Label recording:b ai-training allow"], "B tag:GBXYZ2400009 tag:QZHB12400001", "ai-training",
        "review tag-contradicts-sound recognised declared-allow#1 tag-agrees"),

    // Files that say little.
    case("too short", &[], "1s", "ai-training", "too-short too-short"),
    case("just long enough", &[], "2s", "ai-training", "no-match no-match"),
    case("short but recognised", &["Label recording:a ai-training allow"], "1s A", "ai-training",
        "allowed recognised declared-allow#1"),
    case("too short, tag refused", &["Label recording:a ai-training disallow"], "1s tag:QZHB12400001", "ai-training",
        "disallowed tag-not-confirmed declared-disallow#1 too-short"),
    case("too short, silence denies", &[], "1s", "ai-training opt-in", "too-short too-short"),
    case("not decodable", &[], "error", "ai-training", "error error"),
    case("not decodable, tag undeclared", &[], "error tag:QZHB12400001", "ai-training",
        "error error tag-not-confirmed"),
    case("not decodable, tag refused", &["Label recording:a ai-training disallow"], "error tag:QZHB12400001", "ai-training",
        "disallowed tag-not-confirmed declared-disallow#1 error"),
    case("recognised before decoding failed", &["Label recording:a ai-training allow"], "error A", "ai-training",
        "error error recognised declared-allow#1"),
];

fn known(id: &str) -> KnownRecording {
    let (isrcs, owner): (&[&str], _) = match id {
        "a" | "a2" => (&["QZHB12400001"], Some("Example Music")),
        "b" => (&["GBXYZ2400009", "QZHB12400002"], Some("Other Records")),
        "c" => (&[], None),
        other => panic!("no recording {other}"),
    };
    KnownRecording {
        id: id.to_owned(),
        isrcs: isrcs.iter().map(|isrc| isrc.parse().unwrap()).collect(),
        owner: owner.map(str::to_owned),
        title: None,
    }
}

fn declaration(seq: u64, text: &str) -> Declaration {
    let mut words = text.split_whitespace().map(|word| word.replace('_', " "));
    let declarant = words.next().unwrap();
    let subject = words.next().unwrap();
    let (kind, value) = subject.split_once(':').unwrap();
    let mut new = NewDeclaration {
        subject: Subject::parse(kind, value).unwrap(),
        use_: words.next().unwrap().parse().unwrap(),
        statement: Permission::Allow.into(),
        territories: Vec::new(),
        from: None,
        until: None,
        declarant,
        source: None,
        document_hash: None,
        received_at: "2026-11-21T00:00:00Z".parse().unwrap(),
    };
    let permission = words.next().unwrap();
    let mut terms = String::new();
    for word in words {
        match word.split_once('=').unwrap() {
            ("in", codes) => new.territories = codes.split(',').map(|code| code.parse().unwrap()).collect(),
            ("from", date) => new.from = Some(date.parse().unwrap()),
            ("until", date) => new.until = Some(date.parse().unwrap()),
            ("terms", text) => terms = text.to_owned(),
            other => panic!("{other:?}"),
        }
    }
    new.statement = Statement::parse(&permission, Some(&terms)).unwrap();
    Declaration { seq, row: new.normalised().unwrap(), hash: [0; 32] }
}

fn recognition(text: &str) -> Recognition {
    let mut found = Recognition { duration_s: 30.0, ..Recognition::default() };
    for word in text.split_whitespace() {
        if let Some(isrc) = word.strip_prefix("tag:") {
            let isrc: Isrc = isrc.parse().unwrap();
            let recordings =
                ["a", "a2", "b", "c"].map(known).into_iter().filter(|known| known.isrcs.contains(&isrc));
            found.tags.push(TagClaim { isrc, recordings: recordings.collect() });
        } else if word == "error" {
            found.error = Some("it is damaged.".to_owned());
        } else if let Some(seconds) = word.strip_suffix('s') {
            found.duration_s = seconds.parse().unwrap();
        } else {
            let (id, grade) = match word.strip_suffix('?') {
                Some(id) => (id, Grade::Possible),
                None => (word, Grade::Match),
            };
            let start = found.matches.len() as f64 * 10.0;
            found.matches.push(Heard {
                recording: known(&id.to_lowercase()),
                grade,
                query_start_s: start,
                query_end_s: start + 10.0,
            });
        }
    }
    found
}

fn question(text: &str) -> Question {
    let mut words = text.split_whitespace();
    let mut question = Question {
        use_: words.next().unwrap().parse().unwrap(),
        territory: None,
        as_of: "2026-11-21".parse().unwrap(),
        policy: Policy::default(),
        shortest_s: SHORTEST_S,
    };
    for word in words {
        match word.split_once('=') {
            Some(("in", code)) => question.territory = Some(code.parse().unwrap()),
            Some(("on", date)) => question.as_of = date.parse().unwrap(),
            _ => question.policy = word.parse().unwrap(),
        }
    }
    question
}

/// The verdict as the table writes it.
fn shown(verdict: &Verdict) -> String {
    let mut text = verdict.kind.to_string();
    for reason in &verdict.reasons {
        let numbers: Vec<String> = reason.declarations.iter().map(u64::to_string).collect();
        text.push(' ');
        text.push_str(reason.code.name());
        if !numbers.is_empty() {
            text.push('#');
            text.push_str(&numbers.join(","));
        }
    }
    text
}

fn declarations_of(case: &Case) -> Vec<Declaration> {
    case.declared.iter().zip(1..).map(|(text, seq)| declaration(seq, text)).collect()
}

#[test]
fn every_case_has_its_verdict() {
    let mut wrong = Vec::new();
    for case in CASES {
        let verdict = decide(&recognition(case.file), &declarations_of(case), &question(case.asked));
        if shown(&verdict) != case.verdict {
            wrong.push(format!("{}\n  expected {}\n  found    {}", case.name, case.verdict, shown(&verdict)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn the_order_of_declarations_and_what_else_is_declared_do_not_matter() {
    for case in CASES {
        let declarations = declarations_of(case);
        let (found, asked) = (recognition(case.file), question(case.asked));
        let verdict = decide(&found, &declarations, &asked);
        assert_eq!(decide(&found, declarations.iter().rev(), &asked), verdict, "{}", case.name);

        let mut more = declarations.clone();
        more.push(declaration(90, "Stranger recording:z ai-training disallow"));
        more.push(declaration(91, "Stranger owner:Somebody ai-training disallow"));
        assert_eq!(decide(&found, &more, &asked), verdict, "{}", case.name);
        let book = DeclarationBook::new(more);
        assert_eq!(
            decide(&found, book.concerning(&found), &asked),
            verdict,
            "{}: through the book",
            case.name
        );
    }
}

#[test]
fn a_stricter_policy_never_gives_a_milder_verdict() {
    for case in CASES {
        let (found, declarations) = (recognition(case.file), declarations_of(case));
        let under = |policy| decide(&found, &declarations, &Question { policy, ..question(case.asked) }).kind;
        let (opt_out, review, opt_in) = (under(Policy::OptOut), under(Policy::Review), under(Policy::OptIn));
        assert!(opt_out <= review && review <= opt_in, "{}: {opt_out}, {review}, {opt_in}", case.name);
    }
}

#[test]
fn texts_are_whole_sentences_that_name_what_they_are_about() {
    for case in CASES {
        let verdict = decide(&recognition(case.file), &declarations_of(case), &question(case.asked));
        for reason in &verdict.reasons {
            assert!(
                reason.text.ends_with('.') && !reason.text.contains("  "),
                "{}: {}",
                case.name,
                reason.text
            );
            assert!(!reason.text.contains(".."), "{}: {}", case.name, reason.text);
            if reason.code != ReasonCode::HangsOnRecording {
                let named = reason.recording.is_none()
                    || reason.text.contains(reason.recording.as_deref().unwrap())
                    || matches!(
                        reason.code,
                        ReasonCode::SilenceAllows | ReasonCode::SilenceDenies | ReasonCode::TerritoryNotAsked
                    )
                    || reason.code.name().starts_with("declared-");
                assert!(named, "{}: {}", case.name, reason.text);
            }
        }
    }
}

#[test]
fn a_reason_reads_like_this() {
    let declared = [
        declaration(3, "Example_Music prefix:QZHB1 ai-training disallow from=2026-01-01 in=DE,FR"),
        declaration(4, "Other recording:a data-mining constrain terms=licence.example"),
    ];
    let verdict = decide(&recognition("A"), &declared, &question("ai-training in=DE"));
    let texts: Vec<&str> = verdict.reasons.iter().map(|reason| reason.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "The file contains recording a at 0:00–0:10.",
            "Example Music disallows AI training for ISRC prefix QZHB1 (declaration 3: DE, FR, since 2026-01-01).",
            "Declarants disagree about recording a: Other allows under terms data mining for recording a \
             (declaration 4: worldwide; terms: licence.example). The most restrictive declaration counts.",
        ]
    );
}
