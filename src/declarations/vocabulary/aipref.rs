//! AIPREF: the value of a `Content-Usage` header, as in `train-ai=n, search=y`.
//!
//! A dictionary of RFC 9651 of which only keys with a token for a value count.
//! What is malformed says nothing, as the draft has it, and is told. Drafts
//! before 2026 meant training of any model by `train-ai`; since then it is that
//! of generative models.

use super::super::{Permission, Statement, Use};
use super::{Translated, effective, unsaid};

/// Labels and uses, in the order of the draft.
const USES: [(&str, Use); 3] =
    [("train-ai", Use::AiGenerativeTraining), ("ai-use", Use::AiInference), ("search", Use::Search)];

pub(super) fn read(text: &str) -> Result<Translated<Vec<(Use, Permission)>>, String> {
    let text = text.trim();
    // As it stands in a robots.txt or in the head of an answer.
    let value = match text.split_once(':') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("content-usage") => value,
        _ => text,
    };
    let (mut said, mut lost): (Vec<(Use, Permission)>, Vec<String>) = (Vec::new(), Vec::new());
    for member in members(value)? {
        let (item, parameters) =
            member.split_once(';').map_or((member, None), |(item, rest)| (item, Some(rest)));
        let (key, value) = item.split_once('=').map_or((item, None), |(key, value)| (key, Some(value)));
        let Some((_, use_)) = USES.iter().find(|(label, _)| *label == key) else {
            lost.push(format!("{key:?} is about no use that is known here"));
            continue;
        };
        if let Some(parameters) = parameters {
            lost.push(format!("parameters of {key} mean nothing yet: {parameters:?}"));
        }
        // Of a key that stands twice, the last counts.
        said.retain(|(known, _)| known != use_);
        match value {
            // It is about generative models alone.
            Some("y") if *use_ == Use::AiInference => {
                lost.push(
                    "ai-use=y allows the input to generative models alone, which cannot be said".to_owned(),
                );
            }
            Some("y") => said.push((*use_, Permission::Allow)),
            Some("n") => said.push((*use_, Permission::Disallow)),
            _ => lost.push(format!("{item:?} says neither y nor n, and so nothing")),
        }
    }
    Ok(Translated { said, lost })
}

/// The members of a dictionary: separated by commas that are in no string.
fn members(value: &str) -> Result<Vec<&str>, String> {
    let (mut members, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (place, c) in value.char_indices() {
        match c {
            _ if !c.is_ascii() || (c.is_control() && c != '\t') => {
                return Err(format!("{c:?} cannot stand in a header: give its value as it was sent"));
            }
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                members.push(value.get(start..place).unwrap_or_default());
                start = place + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err("a string does not end: give the value as it was sent".to_owned());
    }
    members.push(value.get(start..).unwrap_or_default());
    let members: Vec<&str> = members.into_iter().map(str::trim).collect();
    match members.as_slice() {
        [""] => Err("nothing stands there: give a value such as train-ai=n".to_owned()),
        _ if members.iter().any(|member| member.is_empty() || member.starts_with('=')) => {
            Err("an item without a key: write items such as train-ai=n, separated by commas".to_owned())
        }
        _ => Ok(members),
    }
}

pub(super) fn write(said: &[(Use, Statement)]) -> Translated<String> {
    let mut lost = unsaid(said, &[Use::DataMining, Use::AiTraining]);
    let mut items = Vec::new();
    for (label, use_) in USES {
        let value = match effective(said, use_) {
            None => continue,
            Some(Permission::Allow) => "y",
            Some(Permission::Disallow) => "n",
            Some(Permission::Constrain { terms }) => {
                lost.push(format!("{label} is n, as terms cannot be said: {terms}"));
                "n"
            }
        };
        items.push(format!("{label}={value}"));
    }
    Translated { said: items.join(", "), lost }
}
