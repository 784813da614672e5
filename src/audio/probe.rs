//! Symphonia's search for a container, with a reader of our own for ID3v2 tags.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::LazyLock;

use symphonia::core::errors::{Error, Result};
use symphonia::core::formats::probe::{
    Anchors, Probe, ProbeDataMatchSpec, ProbeFormatData, ProbeMetadataData, ProbeableFormat,
    ProbeableMetadata, Score, Scoreable,
};
use symphonia::core::formats::{
    FormatInfo, FormatOptions, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadBytes, ScopedStream};
use symphonia::core::meta::well_known::METADATA_ID_ID3V2;
use symphonia::core::meta::{
    Metadata, MetadataBuffer, MetadataBuilder, MetadataInfo, MetadataOptions, MetadataReader, RawTag, Tag,
};
use symphonia::core::packet::Packet;
use symphonia::default::{formats, meta};

use super::aiff;
use super::id3v2::{HEADER_LEN, Header, MAX_TAG};

/// The name under which a revision of the metadata holds a whole ID3v2 tag.
pub(super) const WHOLE_TAG: &str = "ID3v2";

const INFO: MetadataInfo =
    MetadataInfo { metadata: METADATA_ID_ID3V2, short_name: "id3v2", long_name: "ID3v2" };

/// Everything that Symphonia reads, but ID3v2.
pub(super) fn probe() -> &'static Probe {
    static PROBE: LazyLock<Probe> = LazyLock::new(|| {
        let mut probe = Probe::default();
        probe.register_format::<formats::AdtsReader<'_>>();
        probe.register_format::<formats::CafReader<'_>>();
        probe.register_format::<formats::FlacReader<'_>>();
        probe.register_format::<formats::IsoMp4Reader<'_>>();
        probe.register_format::<formats::MpaReader<'_>>();
        probe.register_format::<Aiff>();
        probe.register_format::<formats::WavReader<'_>>();
        probe.register_format::<formats::OggReader<'_>>();
        probe.register_format::<formats::MkvReader<'_>>();
        probe.register_metadata::<meta::ApeReader<'_>>();
        probe.register_metadata::<meta::Id3v1Reader<'_>>();
        probe.register_metadata::<TagReader<'_>>();
        probe
    });
    &PROBE
}

/// Symphonia's reader for AIFF, where the tags are hidden from it. There is none of
/// these: what it opens is a reader of Symphonia's.
enum Aiff {}

impl FormatReader for Aiff {
    fn format_info(&self) -> &FormatInfo {
        match *self {}
    }

    fn media_info(&self) -> &MediaInfo {
        match *self {}
    }

    fn metadata(&mut self) -> Metadata<'_> {
        match *self {}
    }

    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        match *self {}
    }

    fn tracks(&self) -> &[Track] {
        match *self {}
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        match *self {}
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        match *self {}
    }
}

impl Scoreable for Aiff {
    fn score(stream: ScopedStream<&mut MediaSourceStream<'_>>) -> Result<Score> {
        formats::AiffReader::score(stream)
    }
}

impl ProbeableFormat<'_> for Aiff {
    fn try_probe_new(
        mut stream: MediaSourceStream<'_>,
        options: FormatOptions,
    ) -> Result<Box<dyn FormatReader + '_>> {
        let start = stream.pos();
        // What cannot seek was looked at from its start.
        let hidden = if stream.is_seekable() {
            let found = aiff::scan(&mut stream, start, u64::MAX);
            stream.seek(SeekFrom::Start(start))?;
            found.tags.is_empty()
        } else {
            start == 0
        };
        if !hidden {
            let reason = "AIFF behind something else: name the AIFF file itself";
            return Err(Error::IoError(io::Error::new(io::ErrorKind::InvalidData, reason)));
        }
        formats::AiffReader::try_probe_new(stream, options)
    }

    fn probe_data() -> &'static [ProbeFormatData] {
        formats::AiffReader::probe_data()
    }
}

/// Passes over a tag and keeps its bytes; `id3v2` says what is in them.
struct TagReader<'s> {
    stream: MediaSourceStream<'s>,
}

impl Scoreable for TagReader<'_> {
    fn score(mut stream: ScopedStream<&mut MediaSourceStream<'_>>) -> Result<Score> {
        let mut head = [0; HEADER_LEN];
        stream.read_buf_exact(&mut head)?;
        // What begins like a tag and is none is audio or nothing.
        Ok(if Header::parse(&head).is_some() { Score::Supported(255) } else { Score::Unsupported })
    }
}

impl ProbeableMetadata<'_> for TagReader<'_> {
    fn try_probe_new(
        stream: MediaSourceStream<'_>,
        _: MetadataOptions,
    ) -> Result<Box<dyn MetadataReader + '_>> {
        Ok(Box::new(TagReader { stream }))
    }

    fn probe_data() -> &'static [ProbeMetadataData] {
        const SPEC: ProbeDataMatchSpec =
            ProbeDataMatchSpec { extensions: &[], mime_types: &[], markers: &[b"ID3"] };
        &[ProbeMetadataData { spec: SPEC, info: INFO, anchors: Anchors::None }]
    }
}

impl MetadataReader for TagReader<'_> {
    fn metadata_info(&self) -> &MetadataInfo {
        &INFO
    }

    fn read_all(&mut self) -> Result<MetadataBuffer> {
        let mut tag = Vec::new();
        let mut take = |tag: &mut Vec<u8>, size: u64| self.stream.by_ref().take(size).read_to_end(tag);
        take(&mut tag, HEADER_LEN as u64)?;
        let rest = Header::parse(&tag).map_or(0, Header::rest);
        let kept = rest.min(MAX_TAG);
        // Of a file that ends here there is no more to find, which the probe tells.
        let read = take(&mut tag, kept)? as u64;
        if read == kept {
            self.stream.ignore_bytes(rest - kept)?;
        }
        let mut revision = MetadataBuilder::new(INFO);
        revision.add_tag(Tag::new(RawTag::new(WHOLE_TAG, tag.into_boxed_slice())));
        Ok(MetadataBuffer { revision: revision.build(), side_data: Vec::new() })
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.stream
    }
}
