//! CAWG training and data mining assertion 1.1.
//!
//! ```json
//! {"entries": {"cawg.ai_training": {"use": "constrained", "constraint_info": "https://..."}}}
//! ```
//!
//! Also the labels `c2pa.*` of the assertion's forerunner in C2PA 1.x, and the
//! assertion with its label around the entries.
//!
//! Its entries stand beside each other, where our uses lie within each other:
//! `ai_training` is that of models that do not generate, and `data_mining` the
//! extraction of data alone. A refusal is read as one of all that our use
//! covers. A permission is read only where every narrower use has an entry of its own: it would
//! allow what nobody spoke of.

use serde_json::{Map, Value, json};

use super::super::{Permission, Statement, Use};
use super::{Translated, effective, unsaid};

/// Entries and uses, in the order of the specification.
const USES: [(&str, Use); 4] = [
    ("data_mining", Use::DataMining),
    ("ai_inference", Use::AiInference),
    ("ai_generative_training", Use::AiGenerativeTraining),
    ("ai_training", Use::AiTraining),
];

pub(super) fn read(text: &str) -> Result<Translated<Vec<(Use, Permission)>>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let entries = [&value["entries"], &value["data"]["entries"]]
        .into_iter()
        .find_map(Value::as_object)
        .ok_or("there is no object `entries`: give the assertion, or its data")?;
    let (mut said, mut lost) = (Vec::new(), Vec::new());
    for (key, entry) in entries {
        let name = key.strip_prefix("cawg.").or(key.strip_prefix("c2pa."));
        let Some((_, use_)) = USES.iter().find(|(known, _)| Some(*known) == name) else {
            lost.push(format!("the entry {key} is about no use that is known here"));
            continue;
        };
        let permission = match entry["use"].as_str() {
            Some("allowed") => Permission::Allow,
            Some("notAllowed") => Permission::Disallow,
            Some("constrained") => match terms(entry) {
                Some(terms) => Permission::Constrain { terms },
                None => {
                    // Section 3 of the specification: without more knowledge
                    // constrained is not allowed.
                    lost.push(format!(
                        "{key} is constrained without saying how, which is taken as not allowed"
                    ));
                    Permission::Disallow
                }
            },
            _ => {
                return Err(format!(
                    "{key} has the use {}: allowed, notAllowed or constrained",
                    entry["use"]
                ));
            }
        };
        said.push((*use_, permission));
    }
    // In JSON the order of entries means nothing; in a log a later broad
    // statement stands beside an earlier narrow one, and a later narrow one is
    // an exception, which is what an entry of its own is.
    said.sort_by_key(|(use_, _)| *use_);
    if let Some(pair) = said.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("two entries are about {}: keep one", pair[0].0));
    }
    let spoken_of: Vec<Use> = said.iter().map(|(use_, _)| *use_).collect();
    said.retain(|(use_, permission)| {
        let silent = USES.iter().find(|(_, narrow)| use_.covers(*narrow) && !spoken_of.contains(narrow));
        match silent {
            Some((_, narrow)) if *permission == Permission::Allow => {
                lost.push(format!(
                    "{use_} is allowed and nothing said about {narrow}, which it would cover here"
                ));
                false
            }
            _ => true,
        }
    });
    Ok(Translated { said, lost })
}

/// The schema says `constraint_info`, the text of the specification `constraints_info`.
fn terms(entry: &Value) -> Option<String> {
    let info = [&entry["constraint_info"], &entry["constraints_info"]];
    let text = info.into_iter().find_map(Value::as_str).map(str::trim);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn write(said: &[(Use, Statement)]) -> Translated<String> {
    let mut entries = Map::new();
    for (name, use_) in USES {
        let entry = match effective(said, use_) {
            None => continue,
            Some(Permission::Allow) => json!({"use": "allowed"}),
            Some(Permission::Disallow) => json!({"use": "notAllowed"}),
            Some(Permission::Constrain { terms }) => json!({"use": "constrained", "constraint_info": terms}),
        };
        entries.insert(format!("cawg.{name}"), entry);
    }
    let assertion = json!({"label": "cawg.training-mining", "data": {"entries": entries}});
    Translated { said: assertion.to_string(), lost: unsaid(said, &[Use::Search]) }
}
