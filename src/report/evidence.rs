//! One file of a report, packed for somebody else.

use std::io::{self, Cursor, Write};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Page, PageFile};
use crate::text;

/// The files of a package, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    files: Vec<(String, Vec<u8>)>,
}

impl Evidence {
    /// Packs a page about one file: the page, its pictures, the report's header and row
    /// as they stand in it, the rows of the log, what all of these are, and their
    /// SHA-256. `header_text` and `row_text` are lines with their line feeds.
    ///
    /// # Errors
    /// If the page cannot be written.
    pub fn of(page: &Page<'_>, header_text: &str, row_text: &str) -> io::Result<Evidence> {
        let mut html = Vec::new();
        page.write(&mut html)?;
        let mut files = vec![
            ("README.txt".to_owned(), readme(page).into_bytes()),
            ("report.html".to_owned(), html),
            ("report.jsonl".to_owned(), format!("{header_text}{row_text}").into_bytes()),
        ];
        if let Some(log) = &page.log {
            files.push(("log.jsonl".to_owned(), log.to_jsonl().into_bytes()));
        }
        for (number, picture) in page.files.iter().flat_map(|file| &file.pictures) {
            if let Ok(picture) = picture {
                files.push((format!("match-{}.png", number + 1), picture.png.clone()));
            }
        }
        files.sort();
        let mut sums = String::new();
        for (name, bytes) in &files {
            let hash = Sha256::digest(bytes);
            let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            // As sha256sum writes and checks it.
            sums += &format!("{digits}  {name}\n");
        }
        files.push(("SHA256SUMS".to_owned(), sums.into_bytes()));
        files.sort();
        Ok(Evidence { files })
    }

    /// Names and contents, sorted by name.
    pub fn files(&self) -> &[(String, Vec<u8>)] {
        &self.files
    }

    /// Writes all of it as a zip file, in a folder `name`, which is one folder inside the
    /// package whatever the name. Nothing in it depends on when or where it is made.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_zip(&self, name: &str, out: &mut impl Write) -> io::Result<()> {
        let folder = folder(name);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        // Stored: pictures are most of it and compressed already. The earliest time
        // that zip knows, 1980-01-01, is no time.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        for (file, bytes) in &self.files {
            zip.start_file(format!("{folder}/{file}"), options).map_err(io::Error::other)?;
            zip.write_all(bytes)?;
        }
        out.write_all(zip.finish().map_err(io::Error::other)?.get_ref())
    }
}

/// `name` as that of one folder on every system: no name that leads out of it, and
/// nothing that a system takes for the end of a name.
fn folder(name: &str) -> String {
    let plain = |c: char| if text::is_hidden(c) || r#"/\:*?"<>|"#.contains(c) { '_' } else { c };
    let folder: String = name.chars().map(plain).collect();
    // Dots and blanks at the end are not part of a name on Windows.
    match folder.trim_end_matches(['.', ' ']) {
        "" => "evidence".to_owned(),
        folder => folder.to_owned(),
    }
}

fn readme(page: &Page<'_>) -> String {
    let header = page.header;
    let file = page.files.first();
    let path = file.map_or("", |file| &file.row.path);
    let sha256 = file
        .and_then(|file| file.row.file)
        .map_or_else(|| "unknown".to_owned(), |file| super::page::text::hex(&file.sha256));
    let matches = file.map_or_else(String::new, matches);
    // Names of files may hold anything; a line is a line.
    let path: String = super::clean(path);
    format!(
        "Evidence about one file\n\
         =======================\n\n\
         file       {path}\n\
         SHA-256    {sha256}\n\
         registry   {} (state {}, content hash {})\n\
         made by    {}\n\
         asked      {} on {}\n\
         {matches}\n\
         report.html    the verdict, its reasons, the matches and the declarations, to be read and printed\n\
         report.jsonl   the lines of the report: the header of the scan and the row of this file, to the byte\n\
         log.jsonl      the rows of the registry's log that the verdict rests on: declarations, mandates, owners.\n\
        \x20              Each has its hash and that of the row before, which its own covers (FORMAT.md of earmark,\n\
        \x20              \"Canonical bytes\"); `earmark registry verify` checks the whole chain\n\
         match-N.png    the picture of a match: the file above, the recording laid on its time and pitch below\n\
         SHA256SUMS     the hashes of all of these: `sha256sum -c SHA256SUMS`\n\n\
         The audio is not in here. Whoever has the file and the registry repeats the answer to the byte with\n\n\
        \x20   earmark report verify report.jsonl --registry DIR --root FOLDER\n",
        header.registry.id.as_deref().unwrap_or("without an id"),
        header.registry.generation,
        header.registry.hash,
        header.tool,
        header.question.use_,
        header.question.as_of,
    )
}

fn matches(file: &PageFile) -> String {
    let line = |(number, found): (usize, &super::MatchRow)| {
        format!(
            "match {}    {} at {:.3} s to {:.3} s, E-value {:.2e}\n",
            number + 1,
            super::clean(&found.recording),
            found.place.query_start_s,
            found.place.query_end_s,
            found.e_value
        )
    };
    file.row.matches.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::page::PagePicture;
    use super::super::scan_row::tests::{example, header};
    use super::super::{LogExcerpt, Totals};
    use super::*;

    fn evidence() -> Evidence {
        let mut line = Vec::new();
        example().write_json_line(&mut line).expect("memory does not fail");
        let line = String::from_utf8(line).expect("UTF-8");
        let row: super::super::PastRow = serde_json::from_str(&line).expect("a row");
        let mut totals = Totals::default();
        totals.add(&row);
        let picture = PagePicture {
            png: vec![9; 50],
            size: (10, 10),
            peaks: 10,
            peaks_found: 9,
            peaks_by_chance: 1.0,
            heard: [true, true],
            drawn_s: (0.0, 9.0),
        };
        let header = header();
        let page = Page {
            header: &header,
            totals: &totals,
            files: vec![PageFile { line: 2, row, pictures: BTreeMap::from([(0, Ok(picture))]) }],
            pictures_left_out: 0,
            log: Some(LogExcerpt::default()),
            registry_now: None,
        };
        Evidence::of(&page, "{}\n", &line).expect("memory does not fail")
    }

    #[test]
    fn a_package_names_the_hashes_of_what_is_in_it() {
        let evidence = evidence();
        let names: Vec<&str> = evidence.files().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["README.txt", "SHA256SUMS", "log.jsonl", "match-1.png", "report.html", "report.jsonl"]
        );
        let sums = String::from_utf8(evidence.files()[1].1.clone()).expect("text");
        assert_eq!(sums.lines().count(), 5);
        let picture = Sha256::digest([9; 50]).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert!(sums.contains(&format!("{picture}  match-1.png\n")), "{sums}");
        let readme = String::from_utf8(evidence.files()[0].1.clone()).expect("text");
        assert!(readme.contains("match 1    QZHB12500003 at 0.012 s to 8.900 s"), "{readme}");
    }

    #[test]
    fn names_in_a_package_stay_in_it() {
        for (name, folder) in [
            ("a b.é", "a b.é"),
            ("..", "evidence"),
            ("", "evidence"),
            (". .", "evidence"),
            ("/etc", "_etc"),
            (r"..\..\x", r".._.._x"),
            ("C:x\n", "C_x_"),
        ] {
            let mut out = Vec::new();
            evidence().write_zip(name, &mut out).expect("memory does not fail");
            let archive = zip::ZipArchive::new(Cursor::new(out)).expect("a zip");
            for file in archive.file_names() {
                let file = file.expect("UTF-8");
                assert!(file.starts_with(&format!("{folder}/")), "{name:?}: {file}");
                assert_eq!(file.split('/').count(), 2, "{name:?}: {file}");
            }
        }
    }

    #[test]
    fn the_same_package_is_the_same_zip() {
        let zip = |evidence: &Evidence| {
            let mut out = Vec::new();
            evidence.write_zip("a", &mut out).expect("memory does not fail");
            out
        };
        let bytes = zip(&evidence());
        assert_eq!(bytes, zip(&evidence()));
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
        assert_eq!(archive.len(), 6);
        let mut text = String::new();
        io::Read::read_to_string(&mut archive.by_name("a/report.jsonl").expect("there"), &mut text)
            .expect("text");
        assert!(text.starts_with("{}\n{\"kind\":\"file\""), "{text}");
    }
}
