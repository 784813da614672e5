//! Outputs never hit inputs: one check of all that a command writes, before it works.
//!
//! Which file is which is told by identity (device and inode) where there is a file,
//! so that neither links nor another case of a name hide one; and by its place in a
//! folder where there is none yet. What a command reads and writes is listed by
//! [`Plan`]. Files that lists, manifests and reports name are known only when these are
//! read: whoever reads them asks [`Guard::spares`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use earmark::check::cue_sheets;
use earmark::files::FileId;
use earmark::inputs::{Choice, Listing};

use crate::cli::error::CliError;
use crate::cli::plan::{Named, Plan};
use crate::cli::ui::output::part_of;

/// The name of the stream that results go to without an option.
const STDOUT: &str = "standard output";

/// What is read and what is written. Everything written is claimed here first.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    reads: Vec<Place>,
    registry: Option<Place>,
    registry_files: Vec<FileId>,
    writes: Vec<Place>,
    choice: Choice,
}

/// Where something is.
#[derive(Clone, Debug)]
struct Place {
    /// The option or argument that names it.
    option: &'static str,
    /// As it was typed, or follows from that.
    path: PathBuf,
    /// One path for one place, whether or not there is a file.
    at: PathBuf,
    id: Option<FileId>,
    is_folder: bool,
}

impl Place {
    fn new(option: &'static str, path: &Path) -> Self {
        let metadata = fs::metadata(path).ok();
        Self {
            option,
            path: path.to_owned(),
            at: resolved(path),
            id: metadata.as_ref().and_then(FileId::of),
            is_folder: metadata.is_some_and(|found| found.is_dir()),
        }
    }

    fn is_same(&self, other: &Place) -> bool {
        self.at == other.at || (self.id.is_some() && self.id == other.id)
    }

    /// Whether both become one file where the case of names does not matter.
    fn is_same_but_for_case(&self, other: &Place) -> bool {
        let lower = |place: &Place| place.at.file_name().map(|name| name.to_string_lossy().to_lowercase());
        self.at.parent() == other.at.parent() && lower(self) == lower(other)
    }

    /// The path of `inner` below this folder.
    fn below(&self, inner: &Place) -> Option<String> {
        let is_this = |folder: &Path| {
            folder == self.at || self.id.is_some() && self.id == fs::metadata(folder).ok().and_then(id)
        };
        let folder = inner.at.ancestors().skip(1).find(|folder| is_this(folder))?;
        let parts = inner.at.strip_prefix(folder).ok()?.components();
        Some(parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `ok` gives")]
fn id(metadata: fs::Metadata) -> Option<FileId> {
    FileId::of(&metadata)
}

impl Guard {
    /// Looks at all that a command says it reads and writes.
    ///
    /// # Errors
    /// If something would be written over what is read, into the registry, or over
    /// something else that is written.
    pub fn new(plan: Plan) -> Result<Self, CliError> {
        let mut guard = Self { choice: plan.choice, ..Self::default() };
        for Named { option, path } in &plan.reads {
            guard.reads(option, path);
        }
        if plan.stdin {
            guard.reads.extend(stream(&io::stdin(), "standard input"));
        }
        if let Some(folder) = &plan.registry {
            guard.registry_files = files_in(folder);
            guard.registry = Some(Place::new("--registry", folder));
        }
        if plan.stdout
            && let Some(stdout) = stream(&io::stdout(), STDOUT)
        {
            guard.claim_place(stdout)?;
        }
        for Named { option, path } in &plan.writes {
            guard.claim(option, path)?;
        }
        for Named { option, path } in &plan.fills {
            guard.claim_folder(option, path)?;
        }
        guard.look_through(&plan.named)?;
        Ok(guard)
    }

    /// From now on what `option` names is read.
    pub fn reads(&mut self, option: &'static str, path: &Path) {
        self.reads.push(Place::new(option, path));
    }

    /// From now on `option` writes the file at `path`, and its unfinished file. What is
    /// no file, a device say, is not replaced and may be named by many.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn claim(&mut self, option: &'static str, path: &Path) -> Result<(), CliError> {
        let place = Place::new(option, path);
        let replaced = fs::metadata(path).map_or(true, |found| found.is_file());
        if !replaced && !place.is_folder {
            return Ok(());
        }
        self.claim_place(place)?;
        self.claim_place(Place::new(option, &part_of(path)))
    }

    /// Whether `option` has claimed the file at `path`.
    pub fn has_claimed(&self, option: &'static str, path: &Path) -> bool {
        self.writes.iter().any(|written| written.option == option && written.path == path)
    }

    /// From now on `option` may write files into a folder, each of which is claimed when
    /// its name is known.
    fn claim_folder(&mut self, option: &'static str, path: &Path) -> Result<(), CliError> {
        let place = Place::new(option, path);
        self.not_in_registry(&place)?;
        self.writes.push(place);
        Ok(())
    }

    /// That the file at `path`, which is to be read, is none of those that are written,
    /// nor a cue sheet beside it.
    ///
    /// # Errors
    /// If it is.
    pub fn spares(&self, path: &Path) -> Result<(), CliError> {
        // Most outputs are new, and then nothing that can be read is one of them.
        if self.writes.iter().all(|written| written.id.is_none()) {
            return Ok(());
        }
        self.spares_one(path)?;
        cue_sheets(path).iter().try_for_each(|sheet| self.spares_one(sheet))
    }

    fn spares_one(&self, path: &Path) -> Result<(), CliError> {
        let Some(read) = fs::metadata(path).ok().and_then(id) else { return Ok(()) };
        match self.writes.iter().find(|written| !written.is_folder && written.id == Some(read)) {
            Some(written) => Err(refused(written, format!("is the input {}", path.display()))),
            None => Ok(()),
        }
    }

    /// Looks at the files in folders, where something that is there would be replaced.
    fn look_through(&self, named: &[PathBuf]) -> Result<(), CliError> {
        if self.writes.iter().all(|written| written.id.is_none()) {
            return Ok(());
        }
        let listing = Listing { named: named.to_vec(), choice: self.choice.clone(), ..Listing::default() };
        let mut found = Ok(());
        listing.files(&mut |path| {
            if found.is_ok() {
                found = self.spares(path);
            }
        });
        found
    }

    fn claim_place(&mut self, place: Place) -> Result<(), CliError> {
        self.not_in_registry(&place)?;
        for read in &self.reads {
            let named = || format!("{} ({})", read.path.display(), read.option);
            if place.is_same(read) {
                return Err(refused(&place, format!("is the input {}", named())));
            }
            if read.is_folder && read.below(&place).is_some_and(|below| self.choice.takes_in_folder(&below)) {
                return Err(refused(&place, format!("would be read as one of the inputs in {}", named())));
            }
        }
        for written in &self.writes {
            if place.is_same(written) || (!place.is_folder && place.is_same_but_for_case(written)) {
                let other = format!("is written by {} ({})", written.option, written.path.display());
                return Err(refused(&place, other));
            }
        }
        self.writes.push(place);
        Ok(())
    }

    fn not_in_registry(&self, place: &Place) -> Result<(), CliError> {
        let Some(registry) = &self.registry else { return Ok(()) };
        let is_of_it = place.id.is_some_and(|id| self.registry_files.contains(&id));
        if is_of_it || place.is_same(registry) || registry.below(place).is_some() {
            let folder = registry.path.display();
            return Err(refused(place, format!("belongs to the registry {folder} (--registry)")));
        }
        Ok(())
    }
}

fn refused(place: &Place, reason: String) -> CliError {
    CliError::Destination { option: place.option, path: place.path.clone(), reason }
}

/// The identity of every file in a registry's folder and below.
fn files_in(folder: &Path) -> Vec<FileId> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Through a link, so that what it points to is known.
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            found.extend(FileId::of(&metadata));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    found
}

/// The file that a standard stream is connected to, if it is one.
#[cfg(unix)]
fn stream(stream: &impl std::os::fd::AsFd, name: &'static str) -> Option<Place> {
    let file = fs::File::from(stream.as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let path = PathBuf::from(name);
    Some(Place { option: name, at: path.clone(), path, id: FileId::of(&metadata), is_folder: false })
}

#[cfg(not(unix))]
fn stream<T>(_: &T, _: &'static str) -> Option<Place> {
    None
}

/// A path by which the same place is always called, whether or not there is a file.
pub fn resolved(path: &Path) -> PathBuf {
    // A link stands for its target, which is what is read or replaced.
    if let Ok(found) = fs::canonicalize(path) {
        return found;
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Of a folder that is still to be made, the part that is there.
    let whole = parent.ancestors().find_map(|there| {
        let there_for_sure = if there.as_os_str().is_empty() { Path::new(".") } else { there };
        let found = fs::canonicalize(there_for_sure).ok()?;
        Some(found.join(parent.strip_prefix(there).unwrap_or(Path::new(""))))
    });
    whole.unwrap_or_else(|| parent.to_owned()).join(path.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(plan: Plan) -> Result<Guard, String> {
        Guard::new(plan).map_err(|error| error.to_string())
    }

    fn named(option: &'static str, path: PathBuf) -> Named {
        Named { option, path }
    }

    #[test]
    fn nothing_is_written_over_what_is_read_or_written() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("d/sub")).expect("folder");
        fs::create_dir_all(at("reg/segments")).expect("folder");
        for file in ["d/a.mp3", "m.jsonl", "reg/registry.db", "reg/segments/1.seg"] {
            fs::write(at(file), file).expect("file");
        }
        let plan = || Plan {
            reads: vec![named("INPUT", at("d")), named("--manifest", at("m.jsonl"))],
            registry: Some(at("reg")),
            named: vec![at("d")],
            ..Plan::default()
        };
        for (out, said) in [
            ("d/a.mp3", "one of the inputs in"),
            ("d/new.mp3", "one of the inputs in"),
            ("d/sub/../x.tar", "one of the inputs in"),
            ("m.jsonl", "m.jsonl (--manifest)"),
            ("d/../m.jsonl", "m.jsonl (--manifest)"),
            ("reg/registry.db", "belongs to the registry"),
            ("reg/new/x.jsonl", "belongs to the registry"),
            ("reg", "belongs to the registry"),
        ] {
            let error = guard(Plan { writes: vec![named("--out", at(out))], ..plan() }).expect_err(out);
            assert!(error.starts_with("--out would write to ") && error.contains(said), "{out}: {error}");
        }
        for out in ["d/out.jsonl", "out.mp3", "regx/a", "d/sub/.x.mp3", "/dev/null"] {
            guard(Plan { writes: vec![named("--out", at(out))], ..plan() }).expect(out);
        }
        for (one, other, said) in [
            ("a", "a", "is written by --one"),
            ("a", "./a", "is written by --one"),
            ("a", "A", "is written by --one"),
            ("a", "a.part", "is written by --one"),
            ("a.part", "a", "is written by --one"),
        ] {
            let writes = vec![named("--one", at(one)), named("--other", at(other))];
            let error = guard(Plan { writes, ..plan() }).expect_err(other);
            assert!(error.starts_with("--other") && error.contains(said), "{error}");
        }
        let writes = vec![named("--one", "/dev/null".into()), named("--other", "/dev/null".into())];
        guard(Plan { writes, ..plan() }).expect("a device is no file");
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_hide_a_file() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("d")).expect("folder");
        fs::create_dir_all(at("reg")).expect("folder");
        for file in ["d/a.mp3", "m.jsonl", "reg/registry.db", "kept"] {
            fs::write(at(file), file).expect("file");
        }
        symlink(at("m.jsonl"), at("soft")).expect("link");
        fs::hard_link(at("m.jsonl"), at("hard")).expect("link");
        fs::hard_link(at("reg/registry.db"), at("hard.db")).expect("link");
        symlink(at("d"), at("linked")).expect("link");
        symlink(at("kept"), at("d/l.mp3")).expect("link");
        let plan = || Plan {
            reads: vec![named("INPUT", at("d")), named("--manifest", at("m.jsonl"))],
            registry: Some(at("reg")),
            named: vec![at("d")],
            ..Plan::default()
        };
        for (out, said) in [
            ("soft", "(--manifest)"),
            ("hard", "(--manifest)"),
            ("hard.db", "belongs to the registry"),
            ("linked/new.mp3", "one of the inputs in"),
            // Read through a link in the folder.
            ("kept", "is the input"),
        ] {
            let error = guard(Plan { writes: vec![named("--out", at(out))], ..plan() }).expect_err(out);
            assert!(error.contains(said), "{out}: {error}");
        }
        // Named in a list, and known when that is read.
        fs::write(at("out"), "before").expect("file");
        fs::hard_link(at("out"), at("row.mp3")).expect("link");
        let guard = guard(Plan { writes: vec![named("--out", at("out"))], ..plan() }).expect("apart");
        assert!(guard.spares(&at("row.mp3")).is_err() && guard.spares(&at("d/a.mp3")).is_ok());
    }
}
