//! Figures over all rows of a report.

use std::collections::BTreeMap;

use serde_json::Value;

use super::past::PastRow;
use super::table::Summary;
use crate::inputs::is_passage;
use crate::units::Seconds;

/// Sums over the rows of a report, in memory that depends on what differs among
/// them and not on how many they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// How many files got which verdict.
    pub verdicts: Summary,
    /// Audio that could be decoded, in seconds.
    pub audio_s: Seconds,
    /// Bytes of the files that could be read, without those of passages.
    pub bytes: u64,
    /// Files of which the bytes are known, passages included.
    pub named: u64,
    /// Rows about a passage of a file: how many of them are of one file is not
    /// known, so that its bytes cannot be summed.
    pub passages: u64,
    /// Files that could not be decoded.
    pub undecoded: u64,
    /// Files and seconds of each codec in each container, as `mp3 in mpa`.
    pub formats: BTreeMap<String, Share>,
    /// Files and seconds of each source: the host of the address in a column of the
    /// manifest. Those without one are under the empty text.
    pub sources: BTreeMap<String, Share>,
    /// Hosts beyond [`MOST_SOURCES`] that have no entry of their own.
    pub other_sources: Share,
    /// Licences in a column of the manifest, under the same rules.
    pub licences: BTreeMap<String, Share>,
    /// Earliest and latest day in a column of the manifest that tells when a file
    /// was obtained.
    pub obtained: Option<(String, String)>,
    /// Files in which a registered recording was recognised for certain or possibly.
    pub recognised: Share,
    /// Files with an ISRC in their tags.
    pub with_isrc: u64,
    /// Files with statements about rights in them.
    pub with_signals: u64,
    /// Files with statements of which a machine can read that they restrict.
    pub with_restricting_signals: u64,
    /// Files whose reasons cite a declaration.
    pub with_declarations: u64,
}

/// Some of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// How many.
    pub files: u64,
    /// Their audio in seconds.
    pub audio_s: Seconds,
}

/// Most hosts, and most licences, that are counted one by one.
pub const MOST_SOURCES: usize = 10_000;

/// Columns, in lower case, that hold the address a file was obtained from; the first
/// that a row has counts.
pub const SOURCE_COLUMNS: [&str; 8] =
    ["source_url", "url", "audio_url", "download_url", "webpage_url", "page_url", "source", "link"];

/// Columns that hold a licence.
pub const LICENCE_COLUMNS: [&str; 4] = ["license", "licence", "license_url", "rights"];

/// Columns that tell when a file was obtained.
pub const OBTAINED_COLUMNS: [&str; 8] = [
    "crawl_date",
    "crawled_at",
    "retrieved_at",
    "retrieved",
    "download_date",
    "downloaded_at",
    "accessed",
    "fetched_at",
];

impl Share {
    fn add(&mut self, audio_s: Option<Seconds>) {
        self.files += 1;
        self.audio_s += audio_s.unwrap_or(0.0);
    }
}

impl Totals {
    /// Counts one row.
    pub fn add(&mut self, row: &PastRow) {
        self.verdicts.add(row.verdict);
        self.audio_s += row.duration_s.unwrap_or(0.0);
        let is_passage = is_passage(&row.path);
        self.passages += u64::from(is_passage);
        if let Some(file) = &row.file {
            self.bytes = self.bytes.saturating_add(if is_passage { 0 } else { file.bytes });
            self.named += 1;
        }
        match &row.audio {
            Some(audio) => {
                let format = format!("{} in {}", audio.codec, audio.container);
                self.formats.entry(format).or_default().add(row.duration_s);
            }
            None => self.undecoded += 1,
        }
        let host = column(row, &SOURCE_COLUMNS).map(|address| host(&address)).unwrap_or_default();
        match counted(&mut self.sources, host) {
            Some(share) => share.add(row.duration_s),
            None => self.other_sources.add(row.duration_s),
        }
        if let Some(licence) = column(row, &LICENCE_COLUMNS)
            && let Some(share) = counted(&mut self.licences, licence)
        {
            share.add(row.duration_s);
        }
        if let Some(day) = column(row, &OBTAINED_COLUMNS) {
            let (first, last) = self.obtained.get_or_insert_with(|| (day.clone(), day.clone()));
            if day < *first {
                first.clone_from(&day);
            }
            if day > *last {
                *last = day;
            }
        }
        if !row.matches.is_empty() {
            self.recognised.add(row.duration_s);
        }
        if let Some(tags) = &row.tags {
            use crate::audio::SignalPermission::{Constrained, NotAllowed};
            self.with_isrc += u64::from(!tags.isrcs.is_empty());
            self.with_signals += u64::from(!tags.signals.is_empty());
            let restricts = tags.signals.iter().any(|signal| {
                signal.uses.iter().any(|used| matches!(used.permission, NotAllowed | Constrained))
            });
            self.with_restricting_signals += u64::from(restricts);
        }
        self.with_declarations += u64::from(row.reasons.iter().any(|reason| !reason.declarations.is_empty()));
    }
}

/// The share under a name; none for a new name where there are too many already.
fn counted(shares: &mut BTreeMap<String, Share>, name: String) -> Option<&mut Share> {
    if shares.len() >= MOST_SOURCES && !shares.contains_key(&name) {
        return None;
    }
    Some(shares.entry(name).or_default())
}

/// The cell of the first of some columns that a row has and that is not empty.
fn column(row: &PastRow, names: &[&str]) -> Option<String> {
    let cell = |name: &&str| {
        let named = row.columns.iter().find(|(column, _)| column.trim().eq_ignore_ascii_case(name));
        let text = match &named?.1 {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        (!text.is_empty()).then_some(text)
    };
    names.iter().find_map(cell)
}

/// The host of an address, in lower case and without `www.`; empty for what is no
/// address.
fn host(address: &str) -> String {
    let Some((_, rest)) = address.split_once("://") else { return String::new() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => host,
    };
    host.strip_prefix("www.").map_or_else(|| host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_those_of_addresses() {
        for (address, expected) in [
            ("https://www.Example.com/a?b#c", "example.com"),
            ("http://user:pass@media.example:8080/x", "media.example"),
            ("ftp://a.example", "a.example"),
            ("no address", ""),
            ("https://[::1]:80/", "[::1]"),
        ] {
            assert_eq!(host(address), expected, "{address}");
        }
    }

    #[test]
    fn many_names_are_bounded() {
        let mut shares = BTreeMap::new();
        for number in 0..MOST_SOURCES + 5 {
            let _ = counted(&mut shares, number.to_string());
        }
        assert_eq!(shares.len(), MOST_SOURCES);
        assert!(counted(&mut shares, "0".to_owned()).is_some());
    }
}
