//! What the file itself says about rights, and what that proposes.

use crate::audio::{RightsSignal, SignalPermission, SignalledUse};
use crate::registry::Use;

use super::judge::{Agreed, Finding};
use super::{Reason, ReasonCode, VerdictKind};

/// Texts told in one reason; the row has all of them.
const TEXTS_TOLD: usize = 3;
/// Characters told of each.
const TEXT_TOLD: usize = 120;

/// What the signals propose for a use.
///
/// A reservation that machines read is one (Directive (EU) 2019/790, article
/// 4(3)), whoever wrote it: it counts where nobody who may speak for what is
/// heard says otherwise. Where all of them allow the use, file and owners
/// disagree, and a person has to look. One about something that went into the
/// file speaks for a part of it at most. Texts for people are told and decide
/// nothing, as no program can tell what they reserve.
pub(super) fn judge(signals: &[RightsSignal], use_: Use, agreed: Agreed) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut texts = Vec::new();
    for signal in signals {
        if signal.uses.is_empty() {
            texts.push(signal);
        } else if let Some(said) = about(signal, use_) {
            findings.push(one(signal, said, use_, agreed));
        }
    }
    if !texts.is_empty() {
        findings.push(Finding { kind: VerdictKind::Allowed, reasons: vec![prose(&texts)] });
    }
    findings
}

/// What one signal says about the use: its narrowest entry that covers it, as
/// that is the exception from a broader one; of two, the stricter.
fn about(signal: &RightsSignal, use_: Use) -> Option<&SignalledUse> {
    let covering: Vec<&SignalledUse> = signal.uses.iter().filter(|said| said.use_.covers(use_)).collect();
    let is_narrowest = |said: &&SignalledUse| covering.iter().all(|other| other.use_.covers(said.use_));
    let strictness = |said: &&SignalledUse| match said.permission {
        SignalPermission::Allowed => 0,
        SignalPermission::Constrained => 1,
        SignalPermission::NotAllowed => 2,
    };
    covering.iter().copied().filter(is_narrowest).max_by_key(strictness)
}

fn one(signal: &RightsSignal, said: &SignalledUse, use_: Use, agreed: Agreed) -> Finding {
    let (code, strict, says) = match said.permission {
        SignalPermission::NotAllowed => {
            (ReasonCode::SignalDisallow, VerdictKind::Disallowed, "is not allowed".to_owned())
        }
        SignalPermission::Constrained => {
            let terms = said.constraint.as_deref().map_or_else(
                || "terms that it does not name".to_owned(),
                |terms| format!("terms: {}", shortened(terms)),
            );
            (ReasonCode::SignalConstrain, VerdictKind::Constrained, format!("is allowed under {terms}"))
        }
        SignalPermission::Allowed => (ReasonCode::SignalAllow, VerdictKind::Allowed, "is allowed".to_owned()),
    };
    let of_a_part = signal.carrier == "c2pa-ingredient";
    let (kind, effect) = match (code, agreed) {
        (ReasonCode::SignalAllow, _) => {
            (VerdictKind::Allowed, "A file alone gives no permission, as anybody can write into it.")
        }
        (ReasonCode::SignalConstrain, Agreed::Licensed) => {
            (VerdictKind::Allowed, "The accepted terms of the recordings heard are such terms.")
        }
        (_, Agreed::Allowed | Agreed::Licensed) => (
            VerdictKind::Review,
            "The declarations about the recordings heard say otherwise; a person should look.",
        ),
        (_, Agreed::Nothing) if of_a_part => {
            (VerdictKind::Review, "It speaks of something that went into the file; a person should look.")
        }
        (_, Agreed::Nothing) => {
            (strict, "It is a reservation for machines to read, and nobody who may has declared otherwise.")
        }
    };
    let signed = match signal.signature {
        Some(state) => format!(" (signed, signature {})", state.name()),
        None => String::new(),
    };
    let text = format!(
        "The file says in {} {}{signed} that {} {says}. {effect}",
        signal.carrier,
        signal.field,
        said.use_.words(),
    );
    debug_assert!(said.use_.covers(use_));
    Finding { kind, reasons: vec![Reason::new(code, text)] }
}

fn prose(texts: &[&RightsSignal]) -> Reason {
    let told = texts.iter().take(TEXTS_TOLD).map(|signal| {
        format!("{} {} \u{201c}{}\u{201d}", signal.carrier, signal.field, shortened(&signal.text))
    });
    let more = match texts.len().saturating_sub(TEXTS_TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!(
        "The file says about rights: {}{more}. Such texts are for people to read; they decide nothing here.",
        told.collect::<Vec<_>>().join(", ")
    );
    Reason::new(ReasonCode::SignalText, text)
}

/// One line, and not all of it where it is long.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_TOLD) {
        None => line.trim_end_matches('.').to_owned(),
        Some((end, _)) => format!("{}\u{2026}", line[..end].trim_end()),
    }
}
