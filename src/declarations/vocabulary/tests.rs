use super::super::{Permission, Statement, Use};
use super::*;

fn said(text: &str) -> Vec<(Use, Statement)> {
    let statement = |word: &str| {
        let (use_, rest) = word.split_once('=').unwrap();
        let (name, terms) = rest.split_once(':').map_or((rest, None), |(name, terms)| (name, Some(terms)));
        (use_.parse().unwrap(), Statement::parse(name, terms).unwrap())
    };
    text.split_whitespace().map(statement).collect()
}

fn shown(read: &[(Use, Permission)]) -> String {
    let one = |(use_, permission): &(Use, Permission)| match permission.terms() {
        Some(terms) => format!("{use_}={}:{terms}", permission.name()),
        None => format!("{use_}={}", permission.name()),
    };
    read.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_read() {
    use Vocabulary::{Aipref, Cawg, Tdmrep};
    // Vocabulary, text, what it says, what is told about the rest (a part of it each).
    let cases: &[(Vocabulary, &str, &str, &[&str])] = &[
        (
            Cawg,
            r#"{"entries":{"cawg.ai_training":{"use":"constrained","constraint_info":"https://l.example"},"cawg.data_mining":{"use":"notAllowed"}}}"#,
            "data-mining=disallow ai-training=constrain:https://l.example",
            &[],
        ),
        (
            Cawg,
            r#"{"label":"c2pa.training-mining","data":{"entries":{"c2pa.ai_inference":{"use":"allowed"},"x.other":{"use":"allowed"}}}}"#,
            "ai-inference=allow",
            &["x.other"],
        ),
        (
            Cawg,
            r#"{"entries":{"cawg.ai_generative_training":{"use":"constrained"}}}"#,
            "ai-generative-training=disallow",
            &["without saying how"],
        ),
        (
            Cawg,
            r#"{"entries":{"cawg.ai_training":{"use":"allowed"}}}"#,
            "",
            &["nothing said about ai-generative-training"],
        ),
        (
            Cawg,
            r#"{"entries":{"cawg.ai_generative_training":{"use":"notAllowed"},"cawg.ai_training":{"use":"allowed"}}}"#,
            "ai-training=allow ai-generative-training=disallow",
            &[],
        ),
        (Aipref, "ai-use=y", "", &["generative models alone"]),
        (Aipref, "train-ai=n", "ai-generative-training=disallow", &[]),
        (Aipref, "Content-Usage: search=y,ai-use=n", "search=allow ai-inference=disallow", &[]),
        (
            Aipref,
            "train-ai=y, train-ai=n;x=\"a,b\", bots=n",
            "ai-generative-training=disallow",
            &["parameters", "\"bots\""],
        ),
        (Aipref, "train-ai=y, train-ai, search=\"n\"", "", &["\"train-ai\" says neither", "says neither"]),
        (Aipref, "Train-AI=n", "", &["no use"]),
        (Tdmrep, r#"[{"location":"/music/*","tdm-reservation":1}]"#, "data-mining=disallow", &["/music/*"]),
        (
            Tdmrep,
            r#"{"tdm-reservation":"1","tdm-policy":"https://p.example/tdm.json"}"#,
            "data-mining=constrain:https://p.example/tdm.json",
            &[],
        ),
        (Tdmrep, r#"{"tdm-reservation":0,"tdm-policy":"https://p.example"}"#, "data-mining=allow", &[]),
        (Tdmrep, r#"{"tdm-reservation":2}"#, "", &["says nothing"]),
    ];
    for (vocabulary, text, expected, lost) in cases {
        let read = vocabulary.read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(shown(&read.said), *expected, "{text}");
        assert_eq!(read.lost.len(), lost.len(), "{text}: {:?}", read.lost);
        for (told, expected) in read.lost.iter().zip(*lost) {
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}

#[test]
fn what_is_refused() {
    for (vocabulary, text, expected) in [
        (Vocabulary::Cawg, "[]", "entries"),
        (Vocabulary::Cawg, "{", "no JSON"),
        (Vocabulary::Cawg, r#"{"entries":{"cawg.ai_training":{"use":"maybe"}}}"#, "maybe"),
        (
            Vocabulary::Cawg,
            r#"{"entries":{"cawg.ai_training":{"use":"allowed"},"c2pa.ai_training":{"use":"notAllowed"}}}"#,
            "two entries",
        ),
        (Vocabulary::Aipref, "", "nothing"),
        (Vocabulary::Aipref, "train-ai=n,,", "without a key"),
        (Vocabulary::Aipref, "search=\"n", "does not end"),
        (Vocabulary::Aipref, "search=ñ", "cannot stand"),
        (Vocabulary::Tdmrep, "1", "neither"),
        (
            Vocabulary::Tdmrep,
            r#"[{"location":"/a","tdm-reservation":1},{"location":"/b","tdm-reservation":0}]"#,
            "differ",
        ),
    ] {
        let error = vocabulary.read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn what_is_written() {
    // Statements, then CAWG's entries, AIPREF and TDMRep, each with the number of losses.
    type Written = (&'static str, usize);
    let cases: &[(&str, Written, Written, Written)] = &[
        (
            "data-mining=disallow",
            (
                r#"{"cawg.ai_generative_training":{"use":"notAllowed"},"cawg.ai_inference":{"use":"notAllowed"},"cawg.ai_training":{"use":"notAllowed"},"cawg.data_mining":{"use":"notAllowed"}}"#,
                0,
            ),
            ("train-ai=n, ai-use=n", 2),
            (r#"[{"location":"/","tdm-reservation":1}]"#, 0),
        ),
        (
            "data-mining=constrain:https://l.example ai-inference=allow search=allow",
            (
                r#"{"cawg.ai_generative_training":{"constraint_info":"https://l.example","use":"constrained"},"cawg.ai_inference":{"use":"allowed"},"cawg.ai_training":{"constraint_info":"https://l.example","use":"constrained"},"cawg.data_mining":{"constraint_info":"https://l.example","use":"constrained"}}"#,
                1,
            ),
            ("train-ai=n, ai-use=y, search=y", 3),
            (r#"[{"location":"/","tdm-policy":"https://l.example","tdm-reservation":1}]"#, 2),
        ),
        ("ai-training=disallow ai-training=withdraw", ("{}", 0), ("", 0), ("[]", 0)),
        (
            "ai-training=constrain:ask_us",
            (
                r#"{"cawg.ai_generative_training":{"constraint_info":"ask_us","use":"constrained"},"cawg.ai_training":{"constraint_info":"ask_us","use":"constrained"}}"#,
                0,
            ),
            ("train-ai=n", 2),
            ("[]", 2),
        ),
    ];
    for (text, cawg, aipref, tdmrep) in cases {
        let said = said(text);
        let written = Vocabulary::Cawg.write(&said);
        let value: serde_json::Value = serde_json::from_str(&written.said).unwrap();
        assert_eq!((value["data"]["entries"].to_string().as_str(), written.lost.len()), *cawg, "{text}");
        for (vocabulary, expected) in [(Vocabulary::Aipref, aipref), (Vocabulary::Tdmrep, tdmrep)] {
            let written = vocabulary.write(&said);
            assert_eq!((written.said.as_str(), written.lost.len()), *expected, "{text}: {:?}", written.lost);
        }
    }
}

#[test]
fn nothing_grows_milder_on_the_way_there_and_back() {
    let names = ["allow", "disallow", "constrain:https://l.example", "withdraw"];
    for (first, second) in Use::ALL.into_iter().flat_map(|first| Use::ALL.map(|second| (first, second))) {
        for (a, b) in names.iter().flat_map(|a| names.map(|b| (*a, b))) {
            let text = format!("{first}={a} {second}={b}");
            let before = said(&text);
            for vocabulary in Vocabulary::ALL {
                let written = vocabulary.write(&before);
                if written.said.is_empty() {
                    continue;
                }
                let read = vocabulary.read(&written.said).unwrap();
                let after: Vec<(Use, Statement)> =
                    read.said.iter().map(|(use_, permission)| (*use_, permission.clone().into())).collect();
                for use_ in Use::ALL {
                    let (was, is) = (effective(&before, use_), effective(&after, use_));
                    let told = !written.lost.is_empty() || !read.lost.is_empty();
                    let fine = match (was, is) {
                        (Some(_), None) => told,
                        (was, Some(Permission::Allow)) => {
                            was == is || (vocabulary == Vocabulary::Tdmrep && told)
                        }
                        (Some(Permission::Disallow), Some(Permission::Constrain { .. })) => told,
                        _ => true,
                    };
                    assert!(fine, "{text} in {vocabulary}: {use_} was {was:?} and is {is:?}");
                }
            }
        }
    }
}
