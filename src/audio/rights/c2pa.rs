//! Training and data mining assertions in a C2PA manifest store.
//!
//! A store is a tree of JUMBF boxes (ISO/IEC 19566-5): manifests, each with an
//! assertion store, whose assertions are boxes of CBOR or JSON (*C2PA Technical
//! Specification* 2.3, section 11.1). The last manifest speaks about the file,
//! those before it about what went into it. Nothing here looks at the hashes and
//! signatures that bind a manifest to its file: what is read is reported as not
//! verified.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{RightsSignal, SignalKind, SignalPermission, SignalledUse, SignatureState};
use crate::usage::Use;

/// Most boxes visited; a store of one manifest has some thirty.
const MAX_BOXES: u32 = 10_000;
/// Store, manifest, assertion store, assertion.
const MAX_DEPTH: usize = 4;
/// Deepest nesting of values in an assertion; `entries` is two deep.
const MAX_VALUE_DEPTH: usize = 32;

/// The media types of the ID3v2 `GEOB` frame that holds a store.
pub(in crate::audio) const MEDIA_TYPES: [&str; 2] = ["application/c2pa", "application/x-c2pa-manifest-store"];

/// The content of an assertion (*CAWG Training and Data Mining* 1.1, section 3).
#[derive(Deserialize)]
struct TrainingMining {
    entries: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "use")]
    use_: String,
    #[serde(alias = "constraints_info")]
    constraint_info: Option<String>,
}

/// The assertions in `store`, in its order; none where it is damaged.
pub(in crate::audio) fn signals(store: &[u8]) -> Vec<RightsSignal> {
    let mut found = Walk { boxes: 0, manifests: 0, assertions: Vec::new() };
    found.superboxes(store, &mut Vec::new());
    let active = found.manifests;
    let signals = found.assertions.into_iter();
    signals.map(|(manifest, label, content)| signal(manifest == active, &label, content)).collect()
}

/// The manifest store in the box that MP4 has it in, from after its `uuid`:
/// version and flags, a purpose, for a store the position of something else, the
/// store.
pub(in crate::audio) fn in_mp4(content: &[u8]) -> Option<&[u8]> {
    let after = content.get(4..)?;
    let end = after.iter().position(|byte| *byte == 0)?;
    matches!(&after[..end], b"manifest" | b"original" | b"update").then(|| after.get(end + 9..))?
}

struct Walk {
    boxes: u32,
    /// Manifests begun.
    manifests: u32,
    /// Manifest, label and content of each assertion.
    assertions: Vec<(u32, String, TrainingMining)>,
}

impl Walk {
    /// Visits the superboxes in `data`, which lie in those named by `path`.
    fn superboxes(&mut self, data: &[u8], path: &mut Vec<String>) {
        let mut rest = data;
        while let Some((kind, body, after)) = next_box(rest) {
            rest = after;
            self.boxes += 1;
            if self.boxes > MAX_BOXES {
                return;
            }
            let Some((label, content)) = (kind == *b"jumb").then(|| described(body)).flatten() else {
                continue;
            };
            match path.len() {
                1 => self.manifests += 1,
                3 if path[2] == "c2pa.assertions" && is_training(&label) => self.assertion(&label, content),
                _ => {}
            }
            if path.len() < MAX_DEPTH && path.first().is_none_or(|first| first == "c2pa") {
                path.push(label);
                self.superboxes(content, path);
                path.pop();
            }
        }
    }

    fn assertion(&mut self, label: &str, content: &[u8]) {
        let Some((kind, body, _)) = next_box(content) else { return };
        let read = match &kind {
            b"cbor" => ciborium::de::from_reader_with_recursion_limit(body, MAX_VALUE_DEPTH).ok(),
            b"json" => serde_json::from_slice(body).ok(),
            _ => None,
        };
        self.assertions.extend(read.map(|content| (self.manifests, label.to_owned(), content)));
    }
}

/// Several of one kind are told apart by a number behind two underscores.
fn is_training(label: &str) -> bool {
    let kind = label.split("__").next().unwrap_or(label);
    let is =
        |name: &str| kind.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(".v"));
    is("cawg.training-mining") || is("c2pa.training-mining")
}

/// The first box of `data`: its type, its content, and what follows it.
fn next_box(data: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let word = |at: usize| data.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok());
    let (size, kind) = (u32::from_be_bytes(word(0)?), word(4)?);
    let (header, size) = match size {
        0 => (8, data.len()),
        1 => {
            let (high, low) = (u32::from_be_bytes(word(8)?), u32::from_be_bytes(word(12)?));
            (16, usize::try_from(u64::from(high) << 32 | u64::from(low)).ok()?)
        }
        size => (8, usize::try_from(size).ok()?),
    };
    Some((kind, data.get(header..size)?, &data[size..]))
}

/// The label of a superbox, which its description box has, and what follows
/// that.
fn described(body: &[u8]) -> Option<(String, &[u8])> {
    let (kind, description, content) = next_box(body)?;
    // A type of 16 bytes, and switches of which the second tells of a label.
    let has_label = kind == *b"jumd" && description.get(16)? & 2 != 0;
    let label = if has_label { description.get(17..)?.split(|byte| *byte == 0).next()? } else { &[] };
    Some((String::from_utf8_lossy(label).into_owned(), content))
}

fn signal(active: bool, label: &str, content: TrainingMining) -> RightsSignal {
    let mut uses = Vec::new();
    let mut text = Vec::new();
    for (name, entry) in content.entries {
        let constraint = entry.constraint_info;
        text.push(match &constraint {
            Some(info) => format!("{name}={} ({info})", entry.use_),
            None => format!("{name}={}", entry.use_),
        });
        let use_ = match name.rsplit('.').next().unwrap_or(&name) {
            "data_mining" => Use::DataMining,
            "ai_training" => Use::AiTraining,
            "ai_generative_training" => Use::AiGenerativeTraining,
            "ai_inference" => Use::AiInference,
            _ => continue,
        };
        let permission = match entry.use_.as_str() {
            "allowed" => SignalPermission::Allowed,
            "notAllowed" => SignalPermission::NotAllowed,
            // A word of a later version is a condition that is not understood.
            _ => SignalPermission::Constrained,
        };
        uses.push(SignalledUse { use_, permission, constraint });
    }
    uses.sort_by_key(|u| u.use_);
    RightsSignal {
        kind: SignalKind::Mining,
        carrier: if active { "c2pa" } else { "c2pa-ingredient" }.to_owned(),
        field: label.to_owned(),
        text: text.join("; "),
        uses,
        signature: Some(SignatureState::NotVerified),
    }
}

#[cfg(test)]
pub(in crate::audio) mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    fn superbox(label: &str, content: &[Vec<u8>]) -> Vec<u8> {
        let jumd = boxed(b"jumd", &[&[0; 16][..], &[3], label.as_bytes(), &[0]].concat());
        boxed(b"jumb", &[vec![jumd], content.to_vec()].concat().concat())
    }

    fn cbor(json: serde_json::Value) -> Vec<u8> {
        let mut body = Vec::new();
        ciborium::into_writer(&json, &mut body).unwrap();
        boxed(b"cbor", &body)
    }

    fn manifest(name: &str, assertions: &[Vec<u8>]) -> Vec<u8> {
        superbox(name, &[superbox("c2pa.assertions", assertions), superbox("c2pa.signature", &[])])
    }

    /// A store whose file may not be trained on, with an ingredient that
    /// disallowed mining.
    pub(in crate::audio) fn store() -> Vec<u8> {
        let old = serde_json::json!({"entries": {"c2pa.data_mining": {"use": "notAllowed"}}});
        let old = superbox("c2pa.training-mining", &[boxed(b"json", old.to_string().as_bytes())]);
        let new = cbor(serde_json::json!({"entries": {
            "cawg.ai_training": {"use": "notAllowed"},
            "cawg.data_mining": {"use": "constrained", "constraint_info": "ask us", "other": [1, {"a": 2}]},
            "cawg.ai_inference": {"use": "allowed"},
            "cawg.zz": {"use": "allowed"},
        }}));
        let actions = superbox("c2pa.actions", &[boxed(b"json", b"{}")]);
        superbox(
            "c2pa",
            &[
                manifest("urn:uuid:1", &[old]),
                manifest("urn:uuid:2", &[actions, superbox("cawg.training-mining__1", &[new])]),
            ],
        )
    }

    #[test]
    fn both_vocabularies() {
        let found = signals(&store());
        let [old, new] = &found[..] else { panic!("{found:?}") };
        assert_eq!((old.carrier.as_str(), old.field.as_str()), ("c2pa-ingredient", "c2pa.training-mining"));
        assert_eq!(old.text, "c2pa.data_mining=notAllowed");
        assert_eq!((new.carrier.as_str(), new.signature), ("c2pa", Some(SignatureState::NotVerified)));
        let uses: Vec<_> = new.uses.iter().map(|u| (u.use_.name(), u.permission.name())).collect();
        assert_eq!(
            uses,
            [("data-mining", "constrained"), ("ai-training", "not-allowed"), ("ai-inference", "allowed")]
        );
        assert_eq!(new.uses[0].constraint.as_deref(), Some("ask us"));
        assert!(new.text.contains("cawg.zz=allowed"), "{}", new.text);
    }

    #[test]
    fn only_assertions_of_manifests_count() {
        let entry = cbor(serde_json::json!({"entries": {"cawg.ai_training": {"use": "allowed"}}}));
        let assertion = [superbox("cawg.training-mining", &[entry])];
        assert_eq!(signals(&superbox("c2pa", &[manifest("m", &assertion)])).len(), 1);
        assert!(signals(&superbox("c2pa", &assertion)).is_empty());
        assert!(signals(&superbox("other", &[manifest("m", &assertion)])).is_empty());
        let credentials = superbox("c2pa.credentials", &assertion);
        assert!(signals(&superbox("c2pa", &[superbox("m", &[credentials])])).is_empty());
    }

    #[test]
    fn damage_is_harmless() {
        let good = store();
        for at in 0..good.len() {
            signals(&good[..at]);
            for value in [0, 1, 0x7f, 0x9f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                signals(&bad);
            }
        }
        let mut deep = Vec::new();
        for _ in 0..2_000 {
            deep = superbox("c2pa", &[deep]);
        }
        assert!(signals(&deep).is_empty());
        // Arrays in arrays.
        let body = [&b"\xa1\x67entries"[..], &[0x81; 100_000]].concat();
        let assertion = superbox("cawg.training-mining", &[boxed(b"cbor", &body)]);
        assert!(signals(&superbox("c2pa", &[manifest("m", &[assertion])])).is_empty());
    }

    #[test]
    fn the_box_of_mp4() {
        let content = [&[0; 4][..], b"manifest\0", &[0; 8], b"store"].concat();
        assert_eq!(in_mp4(&content), Some(&b"store"[..]));
        assert_eq!(in_mp4(&[&[0; 4][..], b"merkle\0", &[0; 8], b"store"].concat()), None);
        assert!((0..content.len() - 5).all(|cut| in_mp4(&content[..cut]).is_none()));
    }
}
