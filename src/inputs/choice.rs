//! Which of the files in folders and archives are taken.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::is_audio_extension;

/// Chooses among the files that folders and archives hold. What somebody named
/// himself is always taken.
///
/// A glob without `/` is held against the file's name, one with `/` against its
/// path below the named folder, or in the archive. `*` does not match `/`, `**`
/// does.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    include: Option<Globs>,
    exclude: Globs,
    silent: Globs,
    hidden: bool,
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    Taken,
    /// Excluded, or not among what is to be included.
    Excluded,
    NotAudio,
    Hidden,
    /// Somebody said that it holds no audio.
    Silent,
}

/// A glob that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{glob:?} is no glob: {reason}")]
pub struct BadGlob {
    /// As it was given.
    pub glob: String,
    /// What is wrong.
    pub reason: String,
}

#[derive(Clone, Debug, Default)]
struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Globs {
    fn new(globs: &[String]) -> Result<Self, BadGlob> {
        let bad = |glob: &str, error: globset::Error| BadGlob {
            glob: glob.to_owned(),
            reason: error.kind().to_string(),
        };
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in globs {
            let built =
                GlobBuilder::new(glob).literal_separator(true).build().map_err(|error| bad(glob, error))?;
            if glob.contains('/') { &mut paths } else { &mut names }.add(built);
        }
        let all = |set: GlobSetBuilder| set.build().map_err(|error| bad(&globs.join(", "), error));
        Ok(Self { names: all(names)?, paths: all(paths)? })
    }

    fn matches(&self, below: &str) -> bool {
        let name = below.rsplit('/').next().unwrap_or(below);
        self.names.is_match(name) || self.paths.is_match(below)
    }
}

impl Choice {
    /// Takes what matches one of `include` (with none: what has an audio
    /// extension) and none of `exclude`; `hidden` takes names that start with a
    /// dot, too.
    ///
    /// # Errors
    /// The first glob that cannot be understood.
    pub fn new(include: &[String], exclude: &[String], hidden: bool) -> Result<Self, BadGlob> {
        let include = if include.is_empty() { None } else { Some(Globs::new(include)?) };
        Ok(Self { include, exclude: Globs::new(exclude)?, silent: Globs::default(), hidden })
    }

    /// The same, and what matches one of `globs` holds no audio, whatever its name and
    /// its bytes: it is neither read nor kept out of what is written again.
    ///
    /// # Errors
    /// The first glob that cannot be understood.
    pub fn without_audio(self, globs: &[String]) -> Result<Self, BadGlob> {
        Ok(Self { silent: Globs::new(globs)?, ..self })
    }

    /// Whether a file is read that lies at `below` in a folder that is named, a path with
    /// `/` between its parts.
    pub fn takes_in_folder(&self, below: &str) -> bool {
        let path = std::path::Path::new(below);
        let mut folders = path.ancestors().skip(1).filter_map(std::path::Path::to_str);
        let closed = |folder: &str| {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            !folder.is_empty() && (self.is_hidden(name) || self.excludes_folder(folder))
        };
        let extension = path.extension().map(|e| e.to_string_lossy().into_owned()).unwrap_or_default();
        let holds_audio = super::walk::Holds::by_name(path).is_archive();
        !folders.any(closed) && self.file(below, &extension, holds_audio) == Chosen::Taken
    }

    /// About the file at `below`, a path with `/` below the named folder.
    /// `holds_audio` says that it is known to hold audio whatever its extension.
    pub(super) fn file(&self, below: &str, extension: &str, holds_audio: bool) -> Chosen {
        let name = below.rsplit('/').next().unwrap_or(below);
        if self.silent.matches(below) {
            return Chosen::Silent;
        }
        if self.is_hidden(name) {
            return Chosen::Hidden;
        }
        if self.exclude.matches(below) {
            return Chosen::Excluded;
        }
        match &self.include {
            Some(include) if include.matches(below) => Chosen::Taken,
            Some(_) => Chosen::Excluded,
            None if holds_audio || is_audio_extension(extension) => Chosen::Taken,
            None => Chosen::NotAudio,
        }
    }

    /// Whether a name is left out for its dot.
    pub(super) fn is_hidden(&self, name: &str) -> bool {
        !self.hidden && name.starts_with('.')
    }

    /// Whether the folder at `below` is not entered.
    pub(super) fn excludes_folder(&self, below: &str) -> bool {
        self.exclude.matches(below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_choose_by_name_and_by_path() {
        let globs = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
        let choice = |include: &[&str], exclude: &[&str], hidden| {
            Choice::new(&globs(include), &globs(exclude), hidden).expect("globs")
        };
        let cases = [
            (choice(&[], &[], false), "a/b.mp3", Chosen::Taken),
            (choice(&[], &[], false), "a/b.txt", Chosen::NotAudio),
            (choice(&[], &[], false), "a/.b.mp3", Chosen::Hidden),
            (choice(&[], &[], true), "a/.b.mp3", Chosen::Taken),
            (choice(&["*.bin"], &[], false), "a/b.bin", Chosen::Taken),
            (choice(&["*.bin"], &[], false), "a/b.mp3", Chosen::Excluded),
            (choice(&[], &["b.*"], false), "a/b.mp3", Chosen::Excluded),
            (choice(&[], &["a/*"], false), "a/b.mp3", Chosen::Excluded),
            (choice(&[], &["a/*"], false), "a/c/b.mp3", Chosen::Taken),
            (choice(&[], &["a/**"], false), "a/c/b.mp3", Chosen::Excluded),
            (choice(&["*.mp3"], &["*.mp3"], false), "b.mp3", Chosen::Excluded),
        ];
        for (at, (choice, path, expected)) in cases.iter().enumerate() {
            let extension = path.rsplit('.').next().unwrap_or("");
            assert_eq!(choice.file(path, extension, false), *expected, "case {at}: {path}");
        }
        let error = Choice::new(&globs(&["a["]), &[], false).expect_err("no glob");
        assert!(error.to_string().starts_with("\"a[\" is no glob"), "{error}");
    }
}
