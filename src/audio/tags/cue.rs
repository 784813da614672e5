//! Cue sheets: text files beside an image of a disc or the recording of a set,
//! which say what is on it.

use super::{IsrcTrust, Tags, set};

impl Tags {
    /// Adds what `sheet`, the text of a cue sheet, says about the audio file
    /// called `file_name` (without its folder): the ISRCs of its tracks, title
    /// and performer of a sheet's only track, otherwise those of the disc as
    /// album and album artist. What the file says about itself goes before.
    ///
    /// A sheet of several files speaks about the one that is called so, in any
    /// case of letters and whatever its extension: after encoding, `a.wav` in the
    /// sheet is `a.flac` on disk. A sheet of one file is taken to be about this
    /// one. Lines that are not understood are passed over.
    ///
    /// ```
    /// let mut tags = earmark::audio::Tags::default();
    /// let sheet = "FILE \"disc.wav\" WAVE\n  TRACK 01 AUDIO\n    ISRC QZHB12400001\n    INDEX 01 00:00:00\n";
    /// tags.add_cue_sheet(sheet, "disc.flac");
    /// assert_eq!(tags.isrcs[0].isrc.as_str(), "QZHB12400001");
    /// ```
    pub fn add_cue_sheet(&mut self, sheet: &str, file_name: &str) {
        let sheet = Sheet::parse(sheet);
        let named = |name: &str| stem(name).to_lowercase() == stem(file_name).to_lowercase();
        let mut files: Vec<_> = sheet.tracks.iter().map(|track| track.file).collect();
        files.dedup();
        let one = files.iter().all(|file| Some(file) == files.first());
        let mine: Vec<_> = sheet.tracks.iter().filter(|t| one || t.file.is_some_and(named)).collect();
        for isrc in mine.iter().filter_map(|track| track.isrc) {
            self.add_isrcs(isrc, IsrcTrust::Trusted);
        }
        match mine[..] {
            [] => {}
            [only] => {
                only.title.into_iter().for_each(|text| set(&mut self.title, text));
                only.performer.or(sheet.performer).into_iter().for_each(|text| set(&mut self.artist, text));
                if sheet.tracks.len() > 1 {
                    sheet.title.into_iter().for_each(|text| set(&mut self.album, text));
                }
            }
            _ => {
                sheet.title.into_iter().for_each(|text| set(&mut self.album, text));
                sheet.performer.into_iter().for_each(|text| set(&mut self.album_artist, text));
            }
        }
    }
}

/// What a sheet says.
#[derive(Default)]
struct Sheet<'a> {
    title: Option<&'a str>,
    performer: Option<&'a str>,
    tracks: Vec<Track<'a>>,
}

#[derive(Default)]
struct Track<'a> {
    file: Option<&'a str>,
    title: Option<&'a str>,
    performer: Option<&'a str>,
    isrc: Option<&'a str>,
}

impl<'a> Sheet<'a> {
    /// A command on each line; those before the first track are about the disc.
    fn parse(text: &'a str) -> Self {
        let mut sheet = Sheet::default();
        let mut file = None;
        for line in text.lines() {
            let line = line.trim_start_matches('\u{feff}').trim();
            let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = Some(quoted(rest.trim())).filter(|value| !value.is_empty());
            let room = sheet.tracks.len() < super::MAX_VALUES;
            let track = sheet.tracks.last_mut();
            match (command.to_ascii_uppercase().as_str(), track) {
                ("FILE", _) => file = value,
                // A disc has 99 tracks.
                ("TRACK", _) if room => {
                    sheet.tracks.push(Track { file, ..Track::default() });
                }
                ("ISRC", Some(track)) => track.isrc = value,
                ("TITLE", Some(track)) => track.title = value,
                ("TITLE", None) => sheet.title = value,
                ("PERFORMER", Some(track)) => track.performer = value,
                ("PERFORMER", None) => sheet.performer = value,
                _ => {}
            }
        }
        sheet
    }
}

/// The text between quotation marks, or the first word.
fn quoted(text: &str) -> &str {
    match text.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or(rest),
        None => text.split_whitespace().next().unwrap_or(""),
    }
}

/// The name without folder and extension. Sheets are written on other systems.
fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISC: &str = "\u{feff}REM GENRE Test\r\nCATALOG 0000000000000\r\nPERFORMER \"Nobody\"\r\n\
        TITLE \"A Disc\"\r\nFILE \"C:\\rips\\One.wav\" WAVE\r\n  TRACK 01 AUDIO\r\n    TITLE \"First\"\r\n\
        \x20   ISRC QZHB12400001\r\n    INDEX 01 00:00:00\r\n  TRACK 02 AUDIO\r\n    ISRC QZ-HB1-24-00002\r\n\
        FILE \"Two.wav\" WAVE\r\n  TRACK 03 AUDIO\r\n    TITLE Third\r\n    PERFORMER \"Guest\"\r\n\
        \x20   ISRC QZHB12400003\r\n";

    fn of(sheet: &str, file: &str) -> (Vec<String>, Tags) {
        let mut tags = Tags::default();
        tags.add_cue_sheet(sheet, file);
        (tags.isrcs.iter().map(|t| t.isrc.as_str().to_owned()).collect(), tags)
    }

    #[test]
    fn tracks_of_the_named_file_count() {
        let (isrcs, tags) = of(DISC, "one.flac");
        assert_eq!(isrcs, ["QZHB12400001", "QZHB12400002"]);
        assert_eq!((tags.title, tags.album.as_deref()), (None, Some("A Disc")));
        assert_eq!(tags.album_artist.as_deref(), Some("Nobody"));
        let (isrcs, tags) = of(DISC, "Two.wav");
        assert_eq!(isrcs, ["QZHB12400003"]);
        assert_eq!((tags.title.as_deref(), tags.artist.as_deref()), (Some("Third"), Some("Guest")));
        assert_eq!(tags.album.as_deref(), Some("A Disc"));
        assert_eq!(of(DISC, "three.wav"), (Vec::new(), Tags::default()));
    }

    #[test]
    fn a_sheet_of_one_file_is_about_it() {
        let sheet = "file other.bin BINARY\ntrack 1 audio\nisrc QZHB12400001\ntitle \"Open";
        let (isrcs, tags) = of(sheet, "mine.flac");
        assert_eq!(isrcs, ["QZHB12400001"]);
        assert_eq!(tags.title.as_deref(), Some("Open"));
        // What the file said stays.
        let mut tags = Tags { title: Some("Own".to_owned()), ..Tags::default() };
        tags.add_cue_sheet(sheet, "mine.flac");
        assert_eq!(tags.title.as_deref(), Some("Own"));
    }

    #[test]
    fn anything_else_adds_nothing() {
        for text in ["", "TRACK", "ISRC QZHB12400001", "FILE\nTRACK\nISRC nothing\nTITLE \"\"", "\0\"\"\""] {
            assert_eq!(of(text, "a.wav").1, Tags::default(), "{text:?}");
        }
    }
}
