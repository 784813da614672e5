//! Columns of a file by our names.

use std::str::FromStr;

use super::is_known;

/// Which column of a file holds what: `isrc=ISRC_CODE,title=Track Title`, our
/// name first. Headings are compared without case. A column that is not named
/// keeps its heading, unless another column was named to be in its place.
///
/// ```
/// use earmark::inputs::label_copy::ColumnMap;
///
/// assert!("isrc=ISRC_CODE,title=Track Title".parse::<ColumnMap>().is_ok());
/// assert!("iscr=ISRC_CODE".parse::<ColumnMap>().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap(Vec<(String, String)>);

impl ColumnMap {
    /// The headings that were named.
    pub(super) fn theirs(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, theirs)| theirs.as_str())
    }

    /// Our name of a heading in lower case; the heading itself if it has none.
    pub(super) fn ours(&self, heading: &str) -> String {
        if let Some((ours, _)) = self.0.iter().find(|(_, theirs)| theirs == heading) {
            return ours.clone();
        }
        match self.0.iter().any(|(ours, _)| ours == heading) {
            // Shown among the columns that nobody reads.
            true => format!("{heading} (of the file)"),
            false => heading.to_owned(),
        }
    }
}

impl FromStr for ColumnMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (ours, theirs) = pair
                .split_once('=')
                .map(|(ours, theirs)| (ours.trim().to_ascii_lowercase(), theirs.trim().to_ascii_lowercase()))
                .filter(|(_, theirs)| !theirs.is_empty())
                .ok_or_else(|| format!("{pair:?} is no pair: write OURS=THEIRS, such as isrc=ISRC_CODE"))?;
            if !is_known(&ours) {
                return Err(format!(
                    "{ours:?} is no column of a manifest: they are path, id, isrc, duration, {}",
                    crate::registry::Facts::NAMES.join(", ")
                ));
            }
            if pairs.iter().any(|(known, other)| *known == ours || *other == theirs) {
                return Err(format!("{pair:?}: {ours} or {theirs} stands twice"));
            }
            pairs.push((ours, theirs));
        }
        Ok(Self(pairs))
    }
}
