//! The commands that the documentation shows are commands of this program.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use super::Cli;

/// README and every page of the book.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The commands in the code blocks of a page, each in one line.
fn commands(page: &str) -> Vec<String> {
    let code = page.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap_or_default().1);
    let joined: Vec<String> = code.map(|block| block.replace("\\\n", " ")).collect();
    let lines = joined.iter().flat_map(|block| block.lines());
    let parts = lines.flat_map(|line| line.split(" | ")).map(str::trim);
    let is_ours = |part: &&str| part.starts_with("earmark ") || part.starts_with("target/release/earmark ");
    parts.filter(is_ours).map(str::to_owned).collect()
}

/// The words of a command; quotes hold words together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for character in command.chars() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn documented_commands_are_understood() {
    let mut tried = 0;
    for path in pages() {
        for command in commands(&fs::read_to_string(&path).unwrap()) {
            let parsed = Cli::try_parse_from(words(&command));
            if let Err(error) = parsed {
                panic!("{}: {command}\n{error}", path.display());
            }
            tried += 1;
        }
    }
    assert!(tried >= 20, "{tried} commands were found");
}

#[test]
fn links_of_the_documentation_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let more = ["ARCHITECTURE.md", "CONTRIBUTING.md", "FORMAT.md"].map(|name| root.join(name));
    for path in pages().into_iter().chain(more) {
        let page = fs::read_to_string(&path).unwrap();
        let folder = path.parent().unwrap();
        for link in page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
            if !anchor.is_empty() && target.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&target).unwrap();
                let known = text.lines().filter(|line| line.starts_with('#')).map(anchor_of);
                assert!(known.clone().any(|heading| heading == anchor), "{}: {link}", path.display());
            }
        }
    }
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_page_is_in_the_summary_of_the_book() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    for path in pages() {
        let Ok(page) = path.strip_prefix(&docs) else { continue };
        let page = page.to_string_lossy().replace('\\', "/");
        assert!(page == "SUMMARY.md" || summary.contains(&format!("({page})")), "{page} is not in the book");
    }
}
