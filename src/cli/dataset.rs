//! What a scan writes besides its report: the data set again, and lists of paths.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use earmark::dataset::{AnnotateError, Cells, Form, List, Lists, Separator, Spool};
use earmark::inputs::{Choice, Held, Holder, Listing};

use crate::cli::args::ScanArgs;
use crate::cli::error::CliError;
use crate::cli::guard::Guard;
use crate::cli::places::{Places, places};
use crate::cli::plan::spool;
use crate::cli::rewriting::{replace, write};
use crate::cli::shards;
use crate::cli::ui::messages::{counted, tell, tell_of};
use crate::cli::ui::output::refused;

/// What else is to be written once every verdict is known.
pub struct Dataset {
    spool: Spool,
    again: Vec<Again>,
    holders: Vec<Holder>,
    choice: Choice,
    lists: Vec<(List, PathBuf)>,
    separator: Separator,
}

/// The rows or samples again.
struct Again {
    form: Form,
    /// As it was typed.
    out: PathBuf,
    places: Places,
}

impl Dataset {
    /// What `args` ask for about `listing`; `None` for nothing.
    pub fn open(args: &ScanArgs, listing: &Listing, guard: &mut Guard) -> Result<Option<Self>, CliError> {
        let wanted = &args.dataset;
        let lists: Vec<(List, PathBuf)> = [
            (List::Allow, &wanted.allow_list),
            (List::Deny, &wanted.deny_list),
            (List::Review, &wanted.review_list),
        ]
        .into_iter()
        .filter_map(|(list, path)| Some((list, path.clone()?)))
        .collect();
        let again: Vec<(&'static str, Form, &PathBuf)> = [
            ("--annotated", Form::Annotated, &wanted.annotated),
            ("--filtered", Form::Filtered, &wanted.filtered),
        ]
        .into_iter()
        .filter_map(|(option, form, out)| Some((option, form, out.as_ref()?)))
        .collect();
        let Some(spool) = spool(wanted) else { return Ok(None) };
        let holders = match again.first() {
            None => Vec::new(),
            Some(&(option, ..)) if args.dataset.shard.is_some() => {
                return Err(CliError::ShardedRows { option });
            }
            Some(&(option, ..)) => holders(option, listing)?,
        };
        if wanted.annotated.is_some()
            && let Some(tar) = holders.iter().find(|holder| matches!(holder, Holder::Tar(_)))
        {
            let reason = format!("the tar file {} has none: use --filtered", tar.path().display());
            return Err(CliError::NoRows { option: "--annotated", reason });
        }
        holders.iter().for_each(|holder| guard.reads("input", holder.path()));
        let named: Vec<&Path> = args.inputs.iter().chain(&args.rows.manifest).map(PathBuf::as_path).collect();
        let place = |(option, form, out): (_, _, &PathBuf)| {
            let places = places(option, out, &holders, &named, guard)?;
            Ok(Again { form, out: out.clone(), places })
        };
        let again: Vec<Again> = again.into_iter().map(place).collect::<Result<_, CliError>>()?;
        for Again { out, .. } in again.iter().filter(|again| matches!(again.places, Places::Folder(_))) {
            fs::create_dir_all(out).map_err(|source| {
                let path = out.clone();
                CliError::File { path, action: "make the folder", source }
            })?;
        }
        let spool = Spool::create(&spool.path).map_err(|error| refused(&spool.path, error))?;
        let separator = if args.listing.null { Separator::Nul } else { Separator::LineFeed };
        let choice = listing.choice.clone();
        Ok(Some(Self { spool, again, holders, choice, lists, separator }))
    }

    /// Notes the verdict of the next row.
    pub fn push(&mut self, cells: &Cells) -> io::Result<()> {
        self.spool.push(cells)
    }

    /// Writes everything; `held` tells which verdicts are about what. Each file
    /// appears when it is whole. False if something damaged was left out.
    pub fn finish(mut self, held: &[Held]) -> Result<bool, CliError> {
        let mut whole = true;
        let Self { spool, again, holders, choice, .. } = &mut self;
        for Again { form, out, places } in again {
            let verdicts = &mut spool.read()?;
            match places {
                Places::File(path) => {
                    let holder = &holders[0];
                    let counts = write(holder, *form, choice, path, verdicts)?;
                    let what = if matches!(holder, Holder::Tar(_)) { "samples" } else { "rows" };
                    tell(format_args!("{}: {} of {} {what}", path.display(), counts.written, counts.read));
                }
                Places::Folder(paths) => {
                    let same = holders.iter().map(Holder::path).eq(held.iter().map(|held| &*held.path));
                    if !same {
                        let source = AnnotateError::Changed;
                        return Err(CliError::Annotate { path: out.clone(), source });
                    }
                    let each =
                        holders.iter().zip(held).zip(paths).map(|((holder, held), to)| (holder, held, &**to));
                    whole &= shards::write(out, *form, choice, each, verdicts)?;
                }
            }
        }
        if !self.lists.is_empty() {
            whole &= self.write_lists()?;
        }
        Ok(whole)
    }

    /// False if some name could not stand in its list.
    fn write_lists(&mut self) -> Result<bool, CliError> {
        let known = Lists::of(self.spool.read()?)?;
        let mut left_out = 0;
        for (list, path) in &self.lists {
            let verdicts = self.spool.read()?;
            let listed = replace(path, |out| Ok(known.write(*list, self.separator, verdicts, out)?))?;
            let by_others = match listed.by_others {
                0 => String::new(),
                count => format!(", {count} of them for what else the path may mean"),
            };
            tell(format_args!("{}: {} paths{by_others}", path.display(), listed.paths));
            left_out += listed.left_out;
            for name in &listed.first_left_out {
                let why = match self.separator {
                    Separator::LineFeed if !name.components().any(|part| part == Component::ParentDir) => {
                        "is on no list, as lists of lines cannot hold such a name: use --null"
                    }
                    Separator::LineFeed => {
                        "is on no list: it leads out of its archive, or lists of lines cannot hold such a name"
                    }
                    Separator::Nul => {
                        "is on no list: it leads out of its archive, is empty or holds NUL, and no file is called so"
                    }
                };
                tell_of(name, &why);
            }
        }
        if left_out > 0 {
            tell(format_args!("{} on no list", counted(left_out, "path")));
        }
        Ok(left_out == 0)
    }
}

/// The manifests, Parquet and tar files that are scanned.
fn holders(option: &'static str, listing: &Listing) -> Result<Vec<Holder>, CliError> {
    let refuse = |reason: String| Err(CliError::NoRows { option, reason });
    match listing.holders() {
        Ok(holders) if holders.is_empty() => refuse("there are none".to_owned()),
        Ok(holders) => Ok(holders),
        Err(other) => refuse(format!(
            "{} has none; scan nothing but --manifest, .parquet and .tar files, or folders of the latter two",
            other.display()
        )),
    }
}
