//! Names of what is not decoded, as people know it.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

/// A codec that Symphonia's readers know and nothing here decodes.
pub(super) fn of_codec(id: AudioCodecId) -> Option<&'static str> {
    Some(match id {
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_MUSEPACK => "Musepack",
        CODEC_ID_AC3 => "AC-3",
        CODEC_ID_EAC3 => "E-AC-3",
        CODEC_ID_AC4 => "AC-4",
        CODEC_ID_DCA => "DTS",
        CODEC_ID_WMA => "WMA",
        CODEC_ID_SBC => "SBC",
        CODEC_ID_WAVPACK => "WavPack",
        CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        CODEC_ID_TTA => "TTA",
        CODEC_ID_TRUEHD => "TrueHD",
        CODEC_ID_ADPCM_G722 => "G.722",
        CODEC_ID_ADPCM_G726 | CODEC_ID_ADPCM_G726LE => "G.726",
        CODEC_ID_ATRAC1 | CODEC_ID_ATRAC3 => "ATRAC",
        CODEC_ID_COOK => "RealAudio Cook",
        CODEC_ID_SIPR => "RealAudio Sipr",
        CODEC_ID_RALF => "RealAudio Lossless",
        CODEC_ID_RA10 | CODEC_ID_RA20 => "RealAudio",
        _ => return None,
    })
}

/// The codec of an MP4 sample entry (registered at mp4ra.org, or QuickTime's).
pub(super) fn of_sample_entry(entry: [u8; 4]) -> String {
    let name = match &entry {
        b"ac-3" | b"sac3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" | b"dtsx" | b"dtsy" => "DTS",
        b"mlpa" => "TrueHD",
        b"mha1" | b"mha2" | b"mhm1" | b"mhm2" => "MPEG-H 3D Audio",
        b"samr" => "AMR-NB",
        b"sawb" => "AMR-WB",
        b"sawp" => "AMR-WB+",
        b"sevc" | b"secb" => "EVRC",
        b"sqcp" | b"Qclp" => "QCELP",
        b"spex" => "Speex",
        b"agsm" => "GSM",
        b"ima4" => "QuickTime IMA ADPCM",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"MAC3" | b"MAC6" => "MACE",
        b"wma " | b"WMA2" | b"owma" => "WMA",
        b"enca" | b"drms" => "encrypted audio",
        // A QuickTime entry that holds the format tag of a WAV file.
        [b'm', b's', high, low] => return of_wave_tag(u16::from_be_bytes([*high, *low])),
        _ => return printable(&entry),
    };
    name.to_owned()
}

/// The codec of a Matroska track; `private` begins the codec's own header.
pub(super) fn of_matroska(codec: &str, private: [u8; 2]) -> String {
    let name = match codec {
        "A_MS/ACM" => return of_wave_tag(u16::from_le_bytes(private)),
        _ if codec.starts_with("A_AC3") => "AC-3",
        _ if codec.starts_with("A_EAC3") => "E-AC-3",
        "A_AC4" => "AC-4",
        _ if codec.starts_with("A_DTS") => "DTS",
        "A_TRUEHD" | "A_MLP" => "TrueHD",
        "A_MPC" => "Musepack",
        "A_WAVPACK4" => "WavPack",
        "A_TTA1" => "TTA",
        _ if codec.starts_with("A_QUICKTIME/QDM") => "QDesign Music",
        _ if codec.starts_with("A_ATRAC") => "ATRAC",
        _ if codec.starts_with("A_REAL") => "RealAudio",
        _ => return printable(codec.as_bytes()),
    };
    name.to_owned()
}

/// The codec of a format tag, as in the `fmt ` chunk of a WAV file (Microsoft's
/// mmreg.h).
pub(super) fn of_wave_tag(tag: u16) -> String {
    let name = match tag {
        0x0031 | 0x1500 => "GSM",
        0x0038 | 0x0057 | 0x0059 | 0x0062 => "AMR",
        0x0042 => "G.723.1",
        0x0045 | 0x0064 | 0x0014 | 0x0040 => "G.726",
        0x0050 => "MP2",
        0x0055 => "MP3",
        0x0065 | 0x028f => "G.722",
        0x0075 => "VoxWare",
        0x0083 => "G.729",
        0x0092 | 0x2000 => "AC-3",
        0x00ff | 0x1600 | 0x1601 | 0x1602 | 0x1610 | 0x706d | 0xa106 => "AAC",
        0x0160..=0x0163 => "WMA",
        0x0270 | 0x0272 => "ATRAC",
        0x0401 => "Indeo Audio",
        0x2001 | 0x0008 => "DTS",
        0x566f | 0x674f..=0x6751 | 0x676f..=0x6771 => "Vorbis in WAV",
        0x5756 => "WavPack",
        0xa109 => "Speex",
        0xf1ac => "FLAC in WAV",
        other => return format!("of format tag {other:#06x}"),
    };
    name.to_owned()
}

/// The codec of an Ogg stream, by how its first packet begins.
pub(super) fn of_ogg(packet: &[u8]) -> Option<&'static str> {
    [(&b"Speex   "[..], "Speex"), (b"CELT    ", "CELT"), (b"PCM     ", "Ogg PCM")]
        .iter()
        .find(|(magic, _)| packet.starts_with(magic))
        .map(|(_, name)| *name)
}

/// Codec and container of a file that nothing here reads, by how it begins.
pub(super) fn of_magic(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const MAGICS: &[(usize, &[u8], &str, &str)] = &[
        (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "WMA", "ASF"),
        (0, b"#!AMR-WB", "AMR-WB", "AMR"),
        (0, b"#!AMR", "AMR-NB", "AMR"),
        (0, b"MAC ", "Monkey's Audio", "APE"),
        (0, b"MACF", "Monkey's Audio", "APE"),
        (0, b"wvpk", "WavPack", "WavPack"),
        (0, b"tBaK", "TAK", "TAK"),
        (0, b"MPCK", "Musepack", "Musepack"),
        (0, b"MP+", "Musepack", "Musepack"),
        (0, b"TTA1", "TTA", "TTA"),
        (0, b"TTA2", "TTA", "TTA"),
        (0, b"OFR ", "OptimFROG", "OptimFROG"),
        (0, b"ajkg", "Shorten", "Shorten"),
        (0, b"LA04", "Lossless Audio", "LA"),
        (0, b"DSD ", "DSD", "DSF"),
        (0, b"FRM8", "DSD", "DSDIFF"),
        (0, b"ALS\0", "MPEG-4 ALS", "ALS"),
        (0, b"\x0b\x77", "AC-3", "AC-3"),
        (0, b"\x77\x0b", "AC-3", "AC-3"),
        (0, b"\x7f\xfe\x80\x01", "DTS", "DTS"),
        (0, b"\xfe\x7f\x01\x80", "DTS", "DTS"),
        (0, b"\x1f\xff\xe8\x00", "DTS", "DTS"),
        (0, b"\xff\x1f\x00\xe8", "DTS", "DTS"),
        (0, b"\x64\x58\x20\x25", "DTS", "DTS-HD"),
        (0, b"DTSHDHDR", "DTS", "DTS-HD"),
        (0, b".RMF", "RealAudio", "RealMedia"),
        (0, b".ra\xfd", "RealAudio", "RealAudio"),
        (0, b"FLV\x01", "of a Flash video", "FLV"),
        (8, b"AVI ", "of an AVI video", "AVI"),
        (0, b"riff\x2e\x91\xcf\x11", "PCM", "Wave64"),
        (0, b".snd", "PCM", "AU"),
        (0, b"Creative Voice File", "PCM", "VOC"),
        (0, b"NIST_1A\n", "of a speech corpus", "SPHERE"),
        (0, b"#!SILK_V3", "SILK", "SILK"),
        (0, b"\x02#!SILK_V3", "SILK", "SILK"),
        (0, b"Extended Module: ", "of a tracker module", "XM"),
        (0, b"IMPM", "of a tracker module", "IT"),
        (0, b"MThd", "MIDI (notes, no audio)", "MIDI"),
        (0, b"\0\0\x01\xba", "of an MPEG program stream", "MPEG-PS"),
        (0, b"ADIF", "AAC", "ADIF"),
        (4, b"fLaC", "FLAC", "an unknown wrapper"),
    ];
    let at = |from: usize, magic: &[u8]| head.get(from..).is_some_and(|h| h.starts_with(magic));
    if let Some((.., codec, container)) = MAGICS.iter().find(|(from, magic, ..)| at(*from, magic)) {
        return Some((codec, container));
    }
    // Packets of 188 bytes that all begin with the same byte.
    // Those of Blu-ray have four bytes more in front.
    let is_stream = |first: usize, size: usize| (0..3).all(|i| head.get(first + i * size) == Some(&0x47));
    (is_stream(0, 188) || is_stream(4, 192)).then_some(("of an MPEG transport stream", "MPEG-TS"))
}

/// A four-character code or name as it can be shown.
fn printable(code: &[u8]) -> String {
    let is_text = !code.is_empty() && code.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    match std::str::from_utf8(code) {
        Ok(text) if is_text => text.trim_end().to_owned(),
        _ => code.iter().fold("0x".to_owned(), |text, b| text + &format!("{b:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_people_know() {
        assert_eq!(of_codec(CODEC_ID_EAC3), Some("E-AC-3"));
        assert_eq!(of_sample_entry(*b"samr"), "AMR-NB");
        assert_eq!(of_sample_entry(*b"ms\x01\x61"), "WMA");
        assert_eq!(of_sample_entry(*b"zz9 "), "zz9");
        assert_eq!(of_sample_entry([0, 1, 2, 255]), "0x000102ff");
        assert_eq!(of_matroska("A_DTS/EXPRESS", [0, 0]), "DTS");
        assert_eq!(of_matroska("A_MS/ACM", [0x61, 0x01]), "WMA");
        assert_eq!(of_matroska("", [0, 0]), "0x");
        assert_eq!(of_wave_tag(0x9999), "of format tag 0x9999");
        assert_eq!(of_ogg(b"Speex   1.2"), Some("Speex"));
    }

    #[test]
    fn files_are_known_by_their_beginning() {
        assert_eq!(of_magic(b"#!AMR-WB\n"), Some(("AMR-WB", "AMR")));
        assert_eq!(of_magic(b"#!AMR\n"), Some(("AMR-NB", "AMR")));
        assert_eq!(of_magic(b"RIFF\0\0\0\0AVI LIST").unwrap().1, "AVI");
        assert_eq!(of_magic(b"fLaC\0\0\0\x22"), None);
        assert_eq!(of_magic(b""), None);
        let mut stream = vec![0; 600];
        (0..3).for_each(|i| stream[i * 188] = 0x47);
        assert_eq!(of_magic(&stream).unwrap().1, "MPEG-TS");
    }
}
