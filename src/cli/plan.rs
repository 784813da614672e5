//! What a command reads and writes, by the options that say so.
//!
//! A test walks every option of every command that takes a path and wants it listed
//! here, so that no output can be forgotten.

use std::path::{Path, PathBuf};

use earmark::inputs::{Choice, ColumnChoice};

use crate::cli::args::inputs::{DatasetArgs, ListingArgs, RowsArgs};
use crate::cli::args::report::{FilesArgs, MakeArgs, ReportCommand};
use crate::cli::args::{Command, IdentifyArgs, RegistryCommand, ScanArgs, ScanFormat};
use crate::cli::error::CliError;
use crate::cli::in_work;
use crate::cli::resume::beside;

/// Added to the name of a CSV file, for what its rows rest on.
pub const SIDECAR: &str = ".json";

/// Added to the name of the first of the files that are written at the end, for the
/// verdicts until then.
pub const SPOOL: &str = ".verdicts";

/// What stands for standard input.
const STDIN: &str = "-";

/// A path and the option or argument that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// `--out`, or `INPUT` for an argument.
    pub option: &'static str,
    /// The path.
    pub path: PathBuf,
}

/// What a command reads and writes.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files and folders.
    pub reads: Vec<Named>,
    /// Whether standard input is read.
    pub stdin: bool,
    /// Inputs that may be folders.
    pub named: Vec<PathBuf>,
    /// What of these is read.
    pub choice: Choice,
    /// The registry, into whose folder nothing is written but by itself.
    pub registry: Option<PathBuf>,
    /// Files.
    pub writes: Vec<Named>,
    /// Folders that are filled with files.
    pub fills: Vec<Named>,
    /// Whether results go to standard output.
    pub stdout: bool,
}

impl Plan {
    /// What `command` reads and writes as far as its arguments tell.
    ///
    /// # Errors
    /// If a glob cannot be understood or names nothing.
    pub fn of(command: &Command) -> Result<Self, CliError> {
        let mut plan = Self::default();
        match command {
            Command::Scan(args) => plan.scan(args)?,
            Command::Identify(args) => plan.identify(args)?,
            Command::Check(args) => {
                plan.read("--list", &args.list);
                plan.read("--accept-terms", &args.licences.accept_terms);
                plan.registry(&args.registry.registry);
                plan.stdout = true;
            }
            Command::Fingerprint(args) => {
                plan.inputs(&args.inputs, &args.listing)?;
                plan.read("--manifest", &args.manifest);
                plan.write("--out", &args.out);
            }
            Command::Register(args) => {
                plan.inputs(&args.inputs, &args.listing)?;
                plan.read("--manifest", &args.manifest);
            }
            Command::Rescan(args) => {
                plan.read("REPORT", [&args.report]);
                plan.read("--fingerprints", &args.fingerprints);
                plan.read("--accept-terms", &args.licences.accept_terms);
                plan.registry(&args.registry.registry);
                plan.write("--out", &args.out);
                plan.stdout = true;
            }
            Command::Report(args) => match &args.command {
                None => plan.make(&args.make),
                Some(ReportCommand::Verify(args)) => {
                    plan.read("REPORT", [&args.report]);
                    plan.files(&args.files);
                    plan.read("--accept-terms", &args.licences.accept_terms);
                    plan.registry(&args.registry.registry);
                    plan.stdout = true;
                }
                Some(ReportCommand::Merge(args)) => {
                    plan.read("REPORT", &args.reports);
                    plan.write_or_stdout(args.out.as_deref());
                }
            },
            Command::Evidence(args) => {
                plan.read("REPORT", [&args.report]);
                plan.files(&args.files);
                plan.registry(&args.registry.registry);
                if args.is_zip() {
                    plan.write("--out", &args.out);
                } else {
                    plan.fills.push(Named { option: "--out", path: args.out.clone() });
                }
            }
            Command::Compare(args) => {
                plan.read("A", [&args.query]);
                plan.read("B", [&args.recording]);
                args.output.iter().for_each(|path| plan.write("--output", path));
                plan.stdout = true;
            }
            Command::Registry(args) => plan.registry_command(&args.command),
            #[cfg(feature = "serve")]
            Command::Serve(args) => plan.read("--config", &args.config),
            // They write into the registry alone, or what names no file.
            Command::Declare(_) | Command::Completions { .. } => {}
        }
        Ok(plan)
    }

    fn scan(&mut self, args: &ScanArgs) -> Result<(), CliError> {
        self.inputs(&args.inputs, &args.listing)?;
        self.rows(&args.rows)?;
        self.read("--accept-terms", &args.licences.accept_terms);
        self.read("--known", &args.known);
        self.registry(&args.registry.registry);
        self.write_or_stdout(args.out.as_deref());
        match (&args.out, args.format) {
            (Some(out), ScanFormat::Csv) => self.write("--out", &beside(out, SIDECAR)),
            (Some(out), ScanFormat::Jsonl) => self.write("--out", &in_work::beside(out)),
            _ => {}
        }
        for Named { option, path } in lists(&args.dataset) {
            self.write(option, &path);
        }
        for Named { option, path } in again(&args.dataset) {
            // Of several, they go into a folder, each by a name of its own.
            if path.is_dir() {
                self.fills.push(Named { option, path });
            } else {
                self.write(option, &path);
            }
        }
        if let Some(Named { option, path }) = spool(&args.dataset) {
            self.write(option, &path);
        }
        Ok(())
    }

    fn identify(&mut self, args: &IdentifyArgs) -> Result<(), CliError> {
        self.inputs(&args.inputs, &args.listing)?;
        self.rows(&args.rows)?;
        self.registry(&args.registry.registry);
        self.write_or_stdout(args.out.as_deref());
        Ok(())
    }

    fn make(&mut self, args: &MakeArgs) {
        self.read("REPORT", &args.report);
        self.files(&args.files);
        args.registry.iter().for_each(|folder| self.registry(folder));
        args.html.iter().for_each(|path| self.write("--html", path));
        args.eu_summary.iter().for_each(|path| self.write("--eu-summary", path));
    }

    fn registry_command(&mut self, command: &RegistryCommand) {
        match command {
            RegistryCommand::Export(args) => {
                self.registry(&args.registry.registry);
                self.write("--out", &args.out);
            }
            RegistryCommand::Info { .. }
            | RegistryCommand::List { .. }
            | RegistryCommand::Log(_)
            | RegistryCommand::Compact { .. }
            | RegistryCommand::Verify { .. } => self.stdout = true,
            RegistryCommand::Init { .. }
            | RegistryCommand::Remove { .. }
            | RegistryCommand::Mandate(_)
            | RegistryCommand::Owner(_)
            | RegistryCommand::Import(_)
            | RegistryCommand::Upgrade { .. } => {}
        }
    }

    fn inputs(&mut self, named: &[PathBuf], listing: &ListingArgs) -> Result<(), CliError> {
        self.read("INPUT", named);
        self.read("--files-from", &listing.files_from);
        self.named = named.to_vec();
        self.choice = listing.choice()?;
        Ok(())
    }

    fn rows(&mut self, rows: &RowsArgs) -> Result<(), CliError> {
        let sources = rows.sources(&ColumnChoice::default())?;
        self.read("--manifest", sources.iter().map(|source| &source.path));
        Ok(())
    }

    fn files(&mut self, files: &FilesArgs) {
        self.read("--fingerprints", &files.fingerprints);
    }

    fn registry(&mut self, folder: &Path) {
        self.registry = Some(folder.to_owned());
    }

    fn read<'a>(&mut self, option: &'static str, paths: impl IntoIterator<Item = &'a PathBuf>) {
        for path in paths {
            if path.as_os_str() == STDIN {
                self.stdin = true;
            } else {
                self.reads.push(Named { option, path: path.clone() });
            }
        }
    }

    fn write(&mut self, option: &'static str, path: &Path) {
        self.writes.push(Named { option, path: path.to_owned() });
    }

    fn write_or_stdout(&mut self, out: Option<&Path>) {
        match out {
            Some(out) => self.write("--out", out),
            None => self.stdout = true,
        }
    }
}

fn given(option: &'static str, path: &Option<PathBuf>) -> Option<Named> {
    path.clone().map(|path| Named { option, path })
}

/// Where paths are listed.
fn lists(args: &DatasetArgs) -> impl Iterator<Item = Named> {
    let lists = [
        given("--allow-list", &args.allow_list),
        given("--deny-list", &args.deny_list),
        given("--review-list", &args.review_list),
    ];
    lists.into_iter().flatten()
}

/// Where rows are written again.
fn again(args: &DatasetArgs) -> impl Iterator<Item = Named> {
    [given("--annotated", &args.annotated), given("--filtered", &args.filtered)].into_iter().flatten()
}

/// Where verdicts are kept until all are known.
pub fn spool(args: &DatasetArgs) -> Option<Named> {
    let Named { option, path } = again(args).chain(lists(args)).next()?;
    Some(Named { option, path: beside(&path, SPOOL) })
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;
    use std::collections::BTreeSet;

    use clap::{ArgMatches, CommandFactory, FromArgMatches};

    use super::*;
    use crate::cli::args::Cli;
    use crate::cli::guard::Guard;

    /// What becomes of a path.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Role {
        Reads,
        Writes,
        Fills,
        Registry,
        /// Nothing but the registry is written, or it is only where others start.
        Nothing,
    }

    /// A line for every option and argument that takes a path; the one in question
    /// begins with `@`.
    const LINES: &[(&str, Role)] = &[
        ("scan @ --registry r", Role::Reads),
        ("scan a --registry @", Role::Registry),
        ("scan --manifest @ --registry r", Role::Reads),
        ("scan --manifest m --path-base @ --registry r", Role::Nothing),
        ("scan --files-from @ --registry r", Role::Reads),
        ("scan a --accept-terms @ --registry r", Role::Reads),
        ("scan a --registry r --out @", Role::Writes),
        ("scan a --registry r --annotated @", Role::Writes),
        ("scan a --registry r --filtered @", Role::Writes),
        ("scan a --registry r --allow-list @", Role::Writes),
        ("scan a --registry r --deny-list @", Role::Writes),
        ("scan a --registry r --review-list @", Role::Writes),
        ("check --list @ --registry r", Role::Reads),
        ("check --isrc i --registry @", Role::Registry),
        ("check --isrc i --registry r --accept-terms @", Role::Reads),
        ("identify @ --registry r", Role::Reads),
        ("identify a --registry @", Role::Registry),
        ("identify --manifest @ --registry r", Role::Reads),
        ("identify --manifest m --path-base @ --registry r", Role::Nothing),
        ("identify --files-from @ --registry r", Role::Reads),
        ("identify a --registry r --out @", Role::Writes),
        ("fingerprint @ --out o.efp", Role::Reads),
        ("fingerprint --manifest @ --out o.efp", Role::Reads),
        ("fingerprint --files-from @ --out o.efp", Role::Reads),
        ("fingerprint a --out @.efp", Role::Writes),
        ("register @ --registry r", Role::Reads),
        ("register a --registry @", Role::Nothing),
        ("register --manifest @ --registry r", Role::Reads),
        ("register --files-from @ --registry r", Role::Reads),
        ("rescan @ --fingerprints f --registry r --out o", Role::Reads),
        ("rescan p --fingerprints @ --registry r --out o", Role::Reads),
        ("rescan p --fingerprints f --registry @ --out o", Role::Registry),
        ("rescan p --fingerprints f --registry r --accept-terms @ --out o", Role::Reads),
        ("rescan p --fingerprints f --registry r --out @", Role::Writes),
        ("report @ --html o", Role::Reads),
        ("report p --html @", Role::Writes),
        ("report p --eu-summary @", Role::Writes),
        ("report p --html o --registry @", Role::Registry),
        ("report p --html o --root @", Role::Nothing),
        ("report p --html o --fingerprints @", Role::Reads),
        ("report verify @ --registry r", Role::Reads),
        ("report verify p --registry @", Role::Registry),
        ("report verify p --registry r --root @", Role::Nothing),
        ("report verify p --registry r --fingerprints @", Role::Reads),
        ("report verify p --registry r --accept-terms @", Role::Reads),
        ("report merge @", Role::Reads),
        ("report merge p --out @", Role::Writes),
        ("evidence @ --path a --registry r --out o.zip", Role::Reads),
        ("evidence p --path @ --registry r --out o.zip", Role::Nothing),
        ("evidence p --path a --registry @ --out o.zip", Role::Registry),
        ("evidence p --path a --registry r --root @ --out o.zip", Role::Nothing),
        ("evidence p --path a --registry r --fingerprints @ --out o.zip", Role::Reads),
        ("evidence p --path a --registry r --out @.zip", Role::Writes),
        ("evidence p --path a --registry r --out @", Role::Fills),
        ("compare @ b", Role::Reads),
        ("compare a @", Role::Reads),
        ("compare a b --output @.png", Role::Writes),
        ("declare --import @ --registry r", Role::Nothing),
        ("declare --import d --registry @", Role::Nothing),
        ("declare --owner o --use search --allow --declarant d --document @ --registry r", Role::Nothing),
        ("declare --owner o --cawg @ --declarant d --registry r", Role::Nothing),
        ("declare --owner o --tdmrep @ --declarant d --registry r", Role::Nothing),
        ("scan a --registry r --known @", Role::Reads),
        #[cfg(feature = "serve")]
        ("serve --registry r --config @", Role::Reads),
        #[cfg(feature = "serve")]
        ("serve --registry @", Role::Nothing),
        ("registry init --registry @", Role::Nothing),
        ("registry info --registry @", Role::Nothing),
        ("registry list --registry @", Role::Nothing),
        ("registry remove i --registry @", Role::Nothing),
        ("registry compact --registry @", Role::Nothing),
        ("registry mandate d --owner o --registry @", Role::Nothing),
        ("registry mandate d --owner o --document @ --registry r", Role::Nothing),
        ("registry mandate --import @ --registry r", Role::Nothing),
        ("registry owner o --registry @", Role::Nothing),
        ("registry owner o --document @ --registry r", Role::Nothing),
        ("registry owner --import @ --registry r", Role::Nothing),
        ("registry log --registry @", Role::Nothing),
        ("registry export --registry @ --out o", Role::Registry),
        ("registry export --registry r --out @", Role::Writes),
        ("registry import @ --registry r", Role::Nothing),
        ("registry import f --registry @", Role::Nothing),
        ("registry upgrade --registry @", Role::Nothing),
        ("registry verify --registry @", Role::Nothing),
    ];

    /// Every option and argument of every command that takes a path.
    fn paths(command: &clap::Command, above: &str, all: &mut BTreeSet<String>) {
        for command in command.get_subcommands() {
            paths(command, &format!("{above} {}", command.get_name()), all);
        }
        for arg in command.get_arguments() {
            if arg.get_value_parser().type_id() == TypeId::of::<PathBuf>() {
                all.insert(format!("{above} {}", arg.get_id()));
            }
        }
    }

    /// The option or argument of a line that begins with `@`.
    fn asked(matches: &ArgMatches, above: &str) -> Vec<String> {
        if let Some((name, matches)) = matches.subcommand() {
            return asked(matches, &format!("{above} {name}"));
        }
        let is_asked = |id: &clap::Id| {
            let values = matches.try_get_many::<PathBuf>(id.as_str()).ok().flatten();
            values.is_some_and(|mut values| values.any(|path| path.to_string_lossy().starts_with('@')))
        };
        matches.ids().filter(|id| is_asked(id)).map(|id| format!("{above} {id}")).collect()
    }

    #[test]
    fn no_path_of_any_command_is_forgotten() {
        let mut all = BTreeSet::new();
        paths(&Cli::command(), "", &mut all);
        let mut seen = BTreeSet::new();
        for (line, role) in LINES {
            let words = std::iter::once("earmark").chain(line.split(' '));
            let matches = Cli::command().try_get_matches_from(words).expect(line);
            let found: Vec<String> =
                asked(&matches, "").into_iter().filter(|found| all.contains(found)).collect();
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            seen.extend(found);
            let command = Cli::from_arg_matches(&matches).expect(line).command;
            let plan = Plan::of(&command).expect(line);
            let is_asked = |path: &Path| path.to_string_lossy().starts_with('@');
            let among = |named: &[Named]| named.iter().any(|named| is_asked(&named.path));
            let roles = [
                (Role::Reads, among(&plan.reads)),
                (Role::Writes, among(&plan.writes)),
                (Role::Fills, among(&plan.fills)),
                (Role::Registry, plan.registry.as_deref().is_some_and(is_asked)),
            ];
            for (possible, is) in roles {
                assert_eq!(is, possible == *role, "{line}: {possible:?}");
            }
            let writes = !plan.writes.is_empty() || !plan.fills.is_empty();
            assert!(
                !writes
                    || *role != Role::Nothing
                    || ["--path-base @", "--root @", "--path @"].iter().any(|base| line.contains(base))
            );
        }
        assert_eq!(all, seen, "every path is either read or written: list it in `Plan` and here");
    }

    #[test]
    fn what_follows_from_an_option_is_written_too() {
        let plan = |line: &str| {
            let words = std::iter::once("earmark").chain(line.split(' '));
            let matches = Cli::command().try_get_matches_from(words).expect(line);
            Plan::of(&Cli::from_arg_matches(&matches).expect(line).command).expect(line)
        };
        for (line, said) in [
            ("scan a --registry r --format csv --out o --deny-list o.json", "is written by --out (o.json)"),
            ("scan a --registry r --allow-list o --out o.verdicts", "is written by --out"),
            ("scan a --registry r --filtered o --allow-list o.verdicts", "is written by --allow-list"),
            ("scan a --registry r --out o --allow-list o.part", "is written by --out (o.part)"),
            (
                "scan a --registry r --format jsonl --out o --allow-list o.in-work",
                "is written by --out (o.in-work)",
            ),
            ("report r --html a --eu-summary a", "is written by --html (a)"),
            ("report merge a b --out a", "is the input a (REPORT)"),
            ("compare a b.png --output b.png", "is the input b.png (B)"),
            ("registry export --registry r --out r/registry.db", "belongs to the registry r"),
        ] {
            let error = Guard::new(plan(line)).expect_err(line).to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
        let plain = "scan a --registry r --format csv --out o --annotated x --allow-list y --deny-list z";
        assert!(Guard::new(plan(plain)).is_ok());
    }
}
