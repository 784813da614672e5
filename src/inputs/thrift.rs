//! Thrift's compact protocol, of which Parquet's headers and footers are: just enough to
//! find a few numbers and pass over everything else (Thrift specification, *Thrift
//! compact protocol encoding*).

use std::io::{self, BufReader, Read};

/// The kinds of fields that are looked for.
pub(super) const STOP: u8 = 0;
pub(super) const I32: u8 = 5;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// Deepest nesting in what is passed over; statistics are two deep.
const MAX_DEPTH: u32 = 8;

/// A source, and how many bytes of it were read.
pub(super) struct Compact<R> {
    source: BufReader<R>,
    read: u64,
}

impl<R: Read> Compact<R> {
    pub(super) fn new(source: BufReader<R>) -> Self {
        Self { source, read: 0 }
    }

    /// Bytes that were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The kind of the next field, whose number becomes `id`; 0 at the end.
    pub(super) fn field(&mut self, id: &mut i64) -> io::Result<u8> {
        let byte = self.byte()?;
        let (step, kind) = (i64::from(byte >> 4), byte & 15);
        if kind > 0 {
            *id = if step > 0 { id.saturating_add(step) } else { self.signed()? };
        }
        Ok(kind)
    }

    /// How many elements a list has, and their kind.
    pub(super) fn list(&mut self) -> io::Result<(u64, u8)> {
        let byte = self.byte()?;
        let count = if byte >> 4 == 15 { self.number()? } else { u64::from(byte >> 4) };
        Ok((count, byte & 15))
    }

    /// Passes over a value. Booleans stand in the field's kind.
    pub(super) fn skip(&mut self, kind: u8, depth: u32) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(damage());
        }
        match kind {
            1 | 2 => Ok(()),
            3 => self.byte().map(|_| ()),
            4..=6 => self.number().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.number()?;
                self.pass(length)
            }
            9 | 10 => {
                let (count, kind) = self.list()?;
                // Booleans of a list have a byte each.
                let kind = if kind <= 2 { 3 } else { kind };
                (0..count).try_for_each(|_| self.skip(kind, depth + 1))
            }
            12 => {
                let mut id = 0;
                loop {
                    match self.field(&mut id)? {
                        0 => return Ok(()),
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => Err(damage()),
        }
    }

    fn pass(&mut self, length: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
        self.read += passed;
        if passed < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    pub(super) fn signed(&mut self) -> io::Result<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(damage())
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        self.read += 1;
        Ok(byte[0])
    }
}

/// The error of what is no such struct.
pub(super) fn damage() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
