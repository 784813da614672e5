//! What a Parquet file's footer claims of its schema, before the library reads it.
//!
//! The library builds the tree of the schema by recursion and takes it down by recursion:
//! a file of 800 kB whose columns are nested 100,000 deep overflowed its stack, which
//! ends the process and not only the file.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::InputError;
use super::thrift::{self, Compact};

/// Deepest nesting of columns. Lists and maps take two levels each.
const MAX_DEPTH: usize = 64;

/// Bytes at the end of a file: the footer's length, and four that say what it is.
const TAIL: u64 = 8;

/// Looks at the footer of `source`.
///
/// # Errors
/// If `source` cannot be read, has no footer, or its columns are nested too deep.
pub(crate) fn check(source: &mut (impl Read + Seek)) -> Result<(), InputError> {
    let wrong = |reason: &str| InputError::Container { container: "Parquet", reason: reason.to_owned() };
    let end = source.seek(SeekFrom::End(0))?;
    let at = end.checked_sub(TAIL).ok_or_else(|| wrong("it ends before its footer"))?;
    source.seek(SeekFrom::Start(at))?;
    let mut length = [0; 4];
    source.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    let start = at.checked_sub(length).ok_or_else(|| wrong("its footer is longer than the file"))?;
    source.seek(SeekFrom::Start(start))?;
    match depth(&mut Compact::new(BufReader::new(source.take(length)))) {
        Ok(depth) if depth > MAX_DEPTH => {
            Err(wrong(&format!("its columns are nested more than {MAX_DEPTH} deep")))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(wrong(&format!("its footer cannot be read: {error}"))),
    }
}

/// How deep columns are nested in the schemas of a `FileMetaData`, which should be one;
/// counting ends where it is too deep.
fn depth<R: Read>(footer: &mut Compact<R>) -> std::io::Result<usize> {
    let (mut deepest, mut id) = (0, 0);
    while deepest <= MAX_DEPTH {
        match (footer.field(&mut id)?, id) {
            (thrift::STOP, _) => break,
            (thrift::LIST, 2) => deepest = deepest.max(schema_depth(footer)?),
            (kind, _) => footer.skip(kind, 0)?,
        }
    }
    Ok(deepest)
}

fn schema_depth<R: Read>(footer: &mut Compact<R>) -> std::io::Result<usize> {
    let (count, kind) = footer.list()?;
    if kind != thrift::STRUCT {
        return Err(thrift::damage());
    }
    // Elements stand in the order of a walk; each says how many children follow it.
    let (mut open, mut deepest) = (Vec::<u64>::new(), 0);
    for _ in 0..count {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        let children = children(footer)?;
        if children > 0 {
            open.push(children);
        }
        deepest = deepest.max(open.len());
        if deepest > MAX_DEPTH {
            break;
        }
    }
    Ok(deepest)
}

/// How many children a `SchemaElement` has.
fn children<R: Read>(footer: &mut Compact<R>) -> std::io::Result<u64> {
    let (mut children, mut id) = (0, 0);
    loop {
        match (footer.field(&mut id)?, id) {
            (thrift::STOP, _) => return Ok(children),
            (thrift::I32, 5) => children = u64::try_from(footer.signed()?).map_err(|_| thrift::damage())?,
            (kind, _) => footer.skip(kind, 0)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file without rows whose one column lies below so many groups.
    fn nested(depth: u32) -> Vec<u8> {
        let number = |mut n: u32| {
            let mut bytes = Vec::new();
            while n > 0x7f {
                bytes.push(n as u8 | 0x80);
                n >>= 7;
            }
            bytes.push(n as u8);
            bytes
        };
        let group = [0x35, 0, 0x18, 1, b'a', 0x15, 2, 0];
        let leaf = [0x15, 0x0c, 0x25, 0, 0x18, 1, b'b', 0];
        let mut footer = vec![0x15, 2, 0x19, 0xfc];
        footer.extend(number(depth + 1));
        footer.extend(group.repeat(depth as usize));
        footer.extend(leaf);
        footer.extend([0x16, 0, 0x19, 0x0c, 0]);
        let length = (footer.len() as u32).to_le_bytes();
        [&b"PAR1"[..], &footer, &length, b"PAR1"].concat()
    }

    #[test]
    fn columns_may_be_nested_and_not_without_end() {
        for (levels, is_good) in [(1, true), (60, true), (64, true), (65, false), (100_000, false)] {
            let bytes = nested(levels);
            assert_eq!(check(&mut Cursor::new(&bytes)).is_ok(), is_good, "{levels}");
        }
        let bytes = nested(3);
        for cut in 0..bytes.len() {
            let _ = check(&mut Cursor::new(&bytes[..cut]));
            let mut flipped = bytes.clone();
            flipped[cut] ^= 0x91;
            let _ = check(&mut Cursor::new(&flipped));
        }
        // Children that are no more open count for nothing.
        let wide = [0x15, 2, 0x19, 0x3c, 0x35, 0, 0x18, 1, b'a', 0x15, 4, 0];
        let leaf = [0x15, 0x0c, 0x25, 0, 0x18, 1, b'b', 0];
        let footer = [&wide[..], &leaf, &leaf, &[0x16, 0, 0x19, 0x0c, 0]].concat();
        assert_eq!(depth(&mut Compact::new(BufReader::new(&footer[..]))).expect("good"), 1);
    }
}
