//! TDMRep: a reservation of text and data mining, with a policy or without.
//!
//! ```json
//! [{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://..."}]
//! ```
//!
//! A `tdmrep.json` speaks about paths of a web site, and a header or a column of a
//! crawl about one file. Which recordings that is, it does not say.

use serde_json::{Value, json};

use super::super::{Permission, Statement, Use};
use super::{Translated, effective, unsaid};

pub(super) fn read(text: &str) -> Result<Translated<Vec<(Use, Permission)>>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
    let rules: &[Value] = match &value {
        Value::Array(rules) => rules,
        Value::Object(_) => std::slice::from_ref(&value),
        _ => return Err("neither a list of rules nor a rule".to_owned()),
    };
    let mut lost = Vec::new();
    let mut found: Vec<Permission> = Vec::new();
    for rule in rules {
        if let Some(location) = rule["location"].as_str() {
            lost.push(format!(
                "the location {location} is no subject: the rule counts for the subject given"
            ));
        }
        match permission(rule) {
            Ok(permission) if !found.contains(&permission) => found.push(permission),
            Ok(_) => {}
            Err(reason) => lost.push(reason),
        }
    }
    if found.len() > 1 {
        return Err("its rules differ: keep the one that is about these recordings".to_owned());
    }
    Ok(Translated { said: found.into_iter().map(|permission| (Use::DataMining, permission)).collect(), lost })
}

fn permission(rule: &Value) -> Result<Permission, String> {
    // A header and a meta element say it as text.
    let reservation = match &rule["tdm-reservation"] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let policy = rule["tdm-policy"].as_str().map(str::trim).filter(|policy| !policy.is_empty());
    match (reservation, policy) {
        (Some(0), _) => Ok(Permission::Allow),
        (Some(1), None) => Ok(Permission::Disallow),
        (Some(1), Some(policy)) => Ok(Permission::Constrain { terms: policy.to_owned() }),
        // Section 4.1: any other value is an error and means that nothing is said.
        _ => Err(format!("tdm-reservation is {}, which says nothing", rule["tdm-reservation"])),
    }
}

pub(super) fn write(said: &[(Use, Statement)]) -> Translated<String> {
    let mining = effective(said, Use::DataMining);
    let mut lost = unsaid(said, &[Use::Search]);
    for use_ in [Use::AiTraining, Use::AiGenerativeTraining, Use::AiInference] {
        match effective(said, use_) {
            Some(permission) if Some(permission) != mining => {
                lost.push(format!("{} for {use_} cannot be said", permission.name()));
            }
            _ => {}
        }
    }
    let rule = match mining {
        None => return Translated { said: "[]".to_owned(), lost },
        Some(Permission::Allow) => json!({"location": "/", "tdm-reservation": 0}),
        Some(Permission::Disallow) => json!({"location": "/", "tdm-reservation": 1}),
        Some(Permission::Constrain { terms }) if is_url(terms) => {
            json!({"location": "/", "tdm-reservation": 1, "tdm-policy": terms})
        }
        Some(Permission::Constrain { terms }) => {
            lost.push(format!("the terms are no URL and cannot be said: {terms}"));
            json!({"location": "/", "tdm-reservation": 1})
        }
    };
    Translated { said: json!([rule]).to_string(), lost }
}

fn is_url(terms: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| terms.starts_with(scheme))
        && !terms.contains(char::is_whitespace)
}
