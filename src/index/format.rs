//! The bytes of a segment's header.

use crate::params::ParamsId;

/// First bytes of every segment.
pub const MAGIC: [u8; 8] = *b"EARMKSEG";

/// Version of the segment format.
pub const FORMAT_VERSION: u32 = 2;

/// Sections of a segment, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// The parameters as canonical JSON.
    Params,
    /// One fixed-size entry a recording.
    Recordings,
    /// The sparse constellations.
    Peaks,
    /// The posting lists.
    Lists,
    /// Where every bucket of the lists starts.
    Table,
}

impl Section {
    pub const ALL: [Section; 5] =
        [Section::Params, Section::Recordings, Section::Peaks, Section::Lists, Section::Table];

    pub fn name(self) -> &'static str {
        match self {
            Section::Params => "parameters",
            Section::Recordings => "recording table",
            Section::Peaks => "peaks",
            Section::Lists => "posting lists",
            Section::Table => "table of the posting lists",
        }
    }
}

/// Place and checksum of a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub offset: u64,
    pub length: u64,
    /// CRC-32 (IEEE) of its bytes.
    pub crc: u32,
}

const SECTIONS: usize = Section::ALL.len();

/// Bytes of the header: magic, version, bucket bits, three zero bytes, params
/// id, recordings, slots, frames, sections, CRC-32 of all before it.
pub(super) const HEADER_BYTES: usize = 8 + 4 + 1 + 3 + 8 + 4 + 4 + 8 + SECTIONS * 20 + 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub bucket_bits: u8,
    pub params_id: ParamsId,
    pub recordings: u32,
    /// Length of the time axis.
    pub slots: u32,
    /// STFT frames of all recordings.
    pub frames: u64,
    pub sections: [Extent; SECTIONS],
}

/// Why bytes are not a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Magic,
    Version(u32),
    Truncated,
    Checksum,
}

impl Header {
    pub fn section(&self, section: Section) -> Extent {
        self.sections[section as usize]
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&[self.bucket_bits, 0, 0, 0]);
        out.extend_from_slice(&self.params_id.0.to_le_bytes());
        out.extend_from_slice(&self.recordings.to_le_bytes());
        out.extend_from_slice(&self.slots.to_le_bytes());
        out.extend_from_slice(&self.frames.to_le_bytes());
        for extent in &self.sections {
            out.extend_from_slice(&extent.offset.to_le_bytes());
            out.extend_from_slice(&extent.length.to_le_bytes());
            out.extend_from_slice(&extent.crc.to_le_bytes());
        }
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Header, HeaderError> {
        let mut reader = Reader(bytes);
        if reader.take::<8>() != Some(MAGIC) {
            return Err(HeaderError::Magic);
        }
        let version = reader.u32().ok_or(HeaderError::Truncated)?;
        if version != FORMAT_VERSION {
            return Err(HeaderError::Version(version));
        }
        let header = bytes.get(..HEADER_BYTES).ok_or(HeaderError::Truncated)?;
        let (body, crc) = header.split_at(HEADER_BYTES - 4);
        if crc32fast::hash(body).to_le_bytes() != crc {
            return Err(HeaderError::Checksum);
        }
        Self::fields(&mut reader).ok_or(HeaderError::Truncated)
    }

    fn fields(reader: &mut Reader<'_>) -> Option<Header> {
        let [bucket_bits, ..] = reader.take::<4>()?;
        let params_id = ParamsId(reader.u64()?);
        let recordings = reader.u32()?;
        let slots = reader.u32()?;
        let frames = reader.u64()?;
        let mut sections = [Extent::default(); SECTIONS];
        for extent in &mut sections {
            *extent = Extent { offset: reader.u64()?, length: reader.u64()?, crc: reader.u32()? };
        }
        Some(Header { bucket_bits, params_id, recordings, slots, frames, sections })
    }
}

/// Bytes of an entry of the recording table.
pub(super) const RECORDING_BYTES: usize = 4 + 4 + 4 + 8 + 4 + 4;

/// An entry of the recording table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RecordingEntry {
    pub key: u32,
    /// Length in STFT frames.
    pub frames: u32,
    /// Where it starts on the segment's time axis.
    pub first_slot: u32,
    /// Its peaks, from the start of the section.
    pub peaks_offset: u64,
    pub peaks_length: u32,
    /// CRC-32 of its peaks, so that damage can be laid at a recording's door.
    pub peaks_crc: u32,
}

impl RecordingEntry {
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key.to_le_bytes());
        out.extend_from_slice(&self.frames.to_le_bytes());
        out.extend_from_slice(&self.first_slot.to_le_bytes());
        out.extend_from_slice(&self.peaks_offset.to_le_bytes());
        out.extend_from_slice(&self.peaks_length.to_le_bytes());
        out.extend_from_slice(&self.peaks_crc.to_le_bytes());
    }

    pub fn decode(bytes: &[u8]) -> Option<RecordingEntry> {
        let mut reader = Reader(bytes);
        Some(RecordingEntry {
            key: reader.u32()?,
            frames: reader.u32()?,
            first_slot: reader.u32()?,
            peaks_offset: reader.u64()?,
            peaks_length: reader.u32()?,
            peaks_crc: reader.u32()?,
        })
    }
}

/// Takes little-endian integers off a slice.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_round_trip_and_every_flipped_bit() {
        let mut header = Header {
            bucket_bits: 3,
            params_id: ParamsId(0x0123_4567_89ab_cdef),
            recordings: 17,
            slots: 99_000,
            frames: 400_000,
            sections: [Extent::default(); SECTIONS],
        };
        for (i, extent) in header.sections.iter_mut().enumerate() {
            *extent = Extent { offset: 200 + 7 * i as u64, length: 7, crc: 0xdead_0000 + i as u32 };
        }
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(Header::decode(&bytes).as_ref(), Ok(&header));
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&damaged).is_err(), "bit {bit} flipped unnoticed");
        }
        for length in 0..bytes.len() {
            assert!(Header::decode(&bytes[..length]).is_err());
        }
    }
}
