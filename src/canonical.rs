//! Canonical bytes: what the declaration chain and the content hash are
//! taken over. Every field is written with its length, so that no two
//! different rows have the same bytes.

/// Marks an absent field; longer than any field a registry accepts, so it is
/// never a length.
const ABSENT: u32 = u32::MAX;

/// The canonical bytes of one row, built field by field in a fixed order.
#[derive(Debug, Default)]
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    /// Starts with a label that keeps kinds of rows, and their versions, apart.
    pub(crate) fn new(label: &str) -> Self {
        let mut canonical = Self::default();
        canonical.text(label);
        canonical
    }

    /// Starts again with another row, in the same memory.
    pub(crate) fn restart(&mut self, label: &str) {
        self.0.clear();
        self.text(label);
    }

    /// Length in bytes as little-endian u32, then the bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(ABSENT - 1);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    /// UTF-8 bytes with their length.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// As [`Self::text`], or the absent marker alone.
    pub(crate) fn optional(&mut self, text: Option<&str>) {
        self.optional_bytes(text.map(str::as_bytes));
    }

    /// As [`Self::bytes`], or the absent marker alone.
    pub(crate) fn optional_bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.0.extend_from_slice(&ABSENT.to_le_bytes()),
        }
    }

    /// The bytes so far.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_run_into_each_other() {
        let build = |fields: &[Option<&str>]| {
            let mut canonical = Canonical::new("test 1");
            for field in fields {
                canonical.optional(*field);
            }
            canonical.as_bytes().to_vec()
        };
        let rows: [&[Option<&str>]; 6] = [
            &[Some("ab"), Some("c")],
            &[Some("a"), Some("bc")],
            &[Some("abc"), None],
            &[None, Some("abc")],
            &[Some("abc"), Some("")],
            &[Some("abc")],
        ];
        for (i, a) in rows.iter().enumerate() {
            for b in &rows[i + 1..] {
                assert_ne!(build(a), build(b), "{a:?} and {b:?}");
            }
        }
    }
}
