//! Vocabularies that say in a field or two what may be mined: TDMRep, AIPREF and
//! PLUS.

use super::{RightsSignal, SignalKind, SignalPermission, SignalledUse};
use crate::usage::Use;

/// Collects the fields of one carrier, which may stand in any order.
#[derive(Debug, Default)]
pub(in crate::audio) struct Terms {
    reservation: Option<(String, String)>,
    policy: Option<(String, String)>,
    content_usage: Option<(String, String)>,
    plus: Option<(String, String)>,
    plus_constraint: Option<String>,
}

impl Terms {
    /// Takes a field by its name without prefix, in any case and with any of
    /// blank, `-` and `_` in it; returns whether it is one of these.
    pub(in crate::audio) fn take(&mut self, name: &str, field: &str, text: &str) -> bool {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let slot = match plain.to_ascii_lowercase().as_str() {
            "tdmreservation" => &mut self.reservation,
            "tdmpolicy" => &mut self.policy,
            "contentusage" => &mut self.content_usage,
            "plusdatamining" => &mut self.plus,
            "plusotherconstraints" => {
                self.plus_constraint.get_or_insert_with(|| text.trim().to_owned());
                return true;
            }
            _ => return false,
        };
        slot.get_or_insert_with(|| (field.to_owned(), text.trim().to_owned()));
        true
    }

    /// What the fields say, as one signal each.
    pub(in crate::audio) fn signals(self, carrier: &str) -> Vec<RightsSignal> {
        let signal = |field: &str, text: &str, uses| RightsSignal {
            uses,
            ..RightsSignal::prose(SignalKind::Mining, carrier, field, text)
        };
        let policy = self.policy;
        let mut signals = Vec::new();
        if let Some((field, text)) = self.reservation {
            let address = policy.as_ref().map(|(_, address)| address.clone());
            signals.push(signal(&field, &text, tdm_reservation(&text, address)));
        }
        if let Some((field, text)) = &policy {
            signals.push(RightsSignal::prose(SignalKind::Licence, carrier, field, text));
        }
        if let Some((field, text)) = self.content_usage {
            signals.push(signal(&field, &text, content_usage(&text)));
        }
        if let Some((field, text)) = self.plus {
            signals.push(signal(&field, &text, plus_data_mining(&text, self.plus_constraint)));
        }
        signals
    }
}

fn one(use_: Use, permission: SignalPermission, constraint: Option<String>) -> SignalledUse {
    SignalledUse { use_, permission, constraint }
}

/// *TDM Reservation Protocol* (W3C community group, 2024), section 5: 1 reserves
/// the rights, and the policy tells how to be allowed.
fn tdm_reservation(value: &str, policy: Option<String>) -> Vec<SignalledUse> {
    match (value, policy) {
        ("0", _) => vec![one(Use::DataMining, SignalPermission::Allowed, None)],
        ("1", Some(policy)) => {
            vec![one(Use::DataMining, SignalPermission::Constrained, Some(policy))]
        }
        ("1", None) => vec![one(Use::DataMining, SignalPermission::NotAllowed, None)],
        _ => Vec::new(),
    }
}

/// `Content-Usage` of the IETF's AIPREF drafts: `train-ai=n, search=y`. Until 2026
/// they meant the training of any model by `train-ai`, since then that of generative
/// ones. Which of them a file goes by it does not say: the broader restricts more.
fn content_usage(value: &str) -> Vec<SignalledUse> {
    let mut uses = Vec::new();
    for item in value.split(',') {
        let Some((key, value)) = item.split_once('=') else { continue };
        let use_ = match key.trim().to_ascii_lowercase().as_str() {
            "train-ai" => Use::AiTraining,
            "ai-use" => Use::AiInference,
            "search" => Use::Search,
            _ => continue,
        };
        // Parameters follow a semicolon.
        let permission = match value.split(';').next().unwrap_or("").trim() {
            "y" => SignalPermission::Allowed,
            "n" => SignalPermission::NotAllowed,
            _ => continue,
        };
        uses.push(one(use_, permission, None));
    }
    uses
}

/// `plus:DataMining` (PLUS Licence Data Format 2.0.1, IPTC Photo Metadata
/// 2023.1): an address whose last part is the term.
fn plus_data_mining(value: &str, constraint: Option<String>) -> Vec<SignalledUse> {
    use SignalPermission::{Allowed, Constrained, NotAllowed};
    use Use::{AiGenerativeTraining, AiTraining, DataMining, Search};
    match value.rsplit('/').next().unwrap_or(value) {
        "DMI-ALLOWED" => vec![one(DataMining, Allowed, None)],
        "DMI-PROHIBITED" => vec![one(DataMining, NotAllowed, None)],
        "DMI-PROHIBITED-AIMLTRAINING" => vec![one(AiTraining, NotAllowed, None)],
        "DMI-PROHIBITED-GENAIMLTRAINING" => vec![one(AiGenerativeTraining, NotAllowed, None)],
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING" => {
            vec![one(DataMining, NotAllowed, None), one(Search, Allowed, None)]
        }
        "DMI-PROHIBITED-SEECONSTRAINT" => vec![one(DataMining, Constrained, constraint)],
        "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR" | "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR" => {
            vec![one(DataMining, Constrained, None)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The uses that the given fields amount to, as `use:permission:constraint`.
    fn uses(fields: &[(&str, &str)]) -> Vec<String> {
        let mut terms = Terms::default();
        for (name, text) in fields {
            assert!(terms.take(name, name, text), "{name}");
        }
        let signals = terms.signals("test");
        let each = signals.iter().flat_map(|s| &s.uses);
        each.map(|u| {
            format!("{}:{}:{}", u.use_.name(), u.permission.name(), u.constraint.as_deref().unwrap_or(""))
        })
        .collect()
    }

    #[test]
    fn table() {
        type Fields = &'static [(&'static str, &'static str)];
        let cases: &[(Fields, &[&str])] = &[
            (&[("TDM-RESERVATION", "1")], &["data-mining:not-allowed:"]),
            (&[("tdm_reservation", " 0 ")], &["data-mining:allowed:"]),
            (&[("tdm reservation", "maybe")], &[]),
            (
                &[("TDM_POLICY", "https://example.com/tdm.json"), ("TDM_RESERVATION", "1")],
                &["data-mining:constrained:https://example.com/tdm.json"],
            ),
            (&[("TDM_POLICY", "https://example.com/tdm.json")], &[]),
            (
                &[("Content-Usage", "train-ai=n, search=y;x=1, other=n, train-ai")],
                &["ai-training:not-allowed:", "search:allowed:"],
            ),
            (
                &[("plus:DataMining", "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING")],
                &["ai-training:not-allowed:"],
            ),
            (
                &[("plus:DataMining", "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING")],
                &["data-mining:not-allowed:", "search:allowed:"],
            ),
            (
                &[("plus:DataMining", "DMI-PROHIBITED-SEECONSTRAINT"), ("plus:OtherConstraints", "ask us")],
                &["data-mining:constrained:ask us"],
            ),
            (&[("plus:DataMining", "DMI-UNSPECIFIED")], &[]),
        ];
        for (fields, expected) in cases {
            assert_eq!(uses(fields), *expected, "{fields:?}");
        }
        assert!(!Terms::default().take("COMMENT", "COMMENT", "1"));
    }

    #[test]
    fn the_text_stays() {
        let mut terms = Terms::default();
        terms.take("tdm-policy", "TXXX:TDM-POLICY", "https://example.com/p");
        terms.take("tdm-reservation", "TXXX:TDM-RESERVATION", "2");
        let signals = terms.signals("id3v2");
        let shown: Vec<_> = signals.iter().map(|s| (s.kind, s.field.as_str(), s.text.as_str())).collect();
        assert_eq!(
            shown,
            [
                (SignalKind::Mining, "TXXX:TDM-RESERVATION", "2"),
                (SignalKind::Licence, "TXXX:TDM-POLICY", "https://example.com/p")
            ]
        );
        assert!(signals.iter().all(|s| s.carrier == "id3v2" && s.signature.is_none()));
    }
}
