use clap::CommandFactory;
use clap::error::ErrorKind;

use earmark::registry::Use;
use earmark::verdict::Policy;

use super::*;

fn parse(line: &str) -> Result<Command, ErrorKind> {
    // `_` stands for a blank inside an argument.
    let words = line.split_whitespace().map(|word| word.replace('_', " "));
    Cli::try_parse_from(std::iter::once("earmark".to_owned()).chain(words))
        .map(|cli| cli.command)
        .map_err(|error| error.kind())
}

fn refused(line: &str) -> ErrorKind {
    parse(line).expect_err(line)
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_an_example_within_100_columns() {
    fn check(command: &mut clap::Command) {
        for sub in command.get_subcommands_mut() {
            let name = sub.get_name().to_owned();
            assert!(sub.get_about().is_some(), "{name} is described");
            if sub.has_subcommands() {
                check(sub);
                continue;
            }
            let help = sub.render_long_help().to_string();
            assert!(help.contains("Example"), "{name} has an example");
            let before = ["earmark", "registry", "report", "token"];
            assert!(before.iter().any(|word| help.contains(&format!("{word} {name}"))), "{name}");
            let examples = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.lines().all(|line| line.chars().count() <= 100), "{name}: {examples}");
        }
    }
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    check(&mut command);
}

#[test]
fn report_makes_something_or_verifies() {
    let Ok(Command::Report(args)) = parse("report r.jsonl --html out.html --eu-summary s.md") else {
        panic!("report")
    };
    assert!(args.command.is_none());
    assert_eq!(args.make.report, Some(PathBuf::from("r.jsonl")));
    assert_eq!(args.make.html, Some(PathBuf::from("out.html")));
    let Ok(Command::Report(args)) = parse("report verify r.jsonl --registry r --root d") else {
        panic!("report verify")
    };
    assert!(args.command.is_some());
    assert_eq!(refused("report r.jsonl"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("report --html out.html"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("report verify r.jsonl"), ErrorKind::MissingRequiredArgument);
    assert_eq!(
        refused("evidence r.jsonl --path a --registry r --out x --match 0"),
        ErrorKind::ValueValidation
    );
}

#[test]
fn register_takes_inputs_or_a_manifest_or_both() {
    let Ok(Command::Register(args)) = parse("register a b/ --registry r --manifest m.csv") else {
        panic!("register")
    };
    assert_eq!(args.inputs, [PathBuf::from("a"), PathBuf::from("b/")]);
    assert_eq!(args.registry.registry, PathBuf::from("r"));
    assert_eq!(args.manifest, Some(PathBuf::from("m.csv")));
    assert!(parse("register --registry r --manifest m.csv").is_ok());
    assert_eq!(refused("register --registry r"), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("register a"), ErrorKind::MissingRequiredArgument);
}

#[test]
fn declare_takes_everything_on_the_line() {
    let line = "declare --registry r --prefix qz-hb1 --use ai-generative-training --constrain ask_us --territory de,FR \
                --territory US --from 2026-01-01 --until 2026-12-31 --declarant Halden_Bay --source https://x.example";
    let Ok(Command::Declare(args)) = parse(line) else { panic!("declare") };
    assert_eq!(args.subject.prefix.map(|prefix| prefix.to_string()), Some("QZHB1".to_owned()));
    assert_eq!(args.use_, Some(Use::AiGenerativeTraining));
    assert_eq!(args.permission.constrain.as_deref(), Some("ask us"));
    assert!(!args.permission.allow && !args.permission.disallow);
    let territories: Vec<String> = args.territory.iter().map(ToString::to_string).collect();
    assert_eq!(territories, ["DE", "FR", "US"]);
    assert_eq!(args.from.map(|date| date.to_string()), Some("2026-01-01".to_owned()));
    assert_eq!(args.until.map(|date| date.to_string()), Some("2026-12-31".to_owned()));
    assert_eq!(args.declarant.as_deref(), Some("Halden Bay"));
    assert_eq!(args.source.as_deref(), Some("https://x.example"));
}

#[test]
fn declare_needs_one_subject_one_permission_a_use_and_a_declarant() {
    let rest = "--use search --declarant me --registry r";
    for good in ["--isrc QZHB12500001 --allow", "--owner me --disallow", "--recording x --constrain y"] {
        assert!(parse(&format!("declare {good} {rest}")).is_ok(), "{good}");
    }
    let missing = ["--allow", "--owner me", ""];
    for bad in missing {
        assert_eq!(refused(&format!("declare {bad} {rest}")), ErrorKind::MissingRequiredArgument, "{bad}");
    }
    for bad in [
        "--owner me --prefix QZHB1 --allow",
        "--owner me --allow --disallow",
        "--owner me --allow --constrain x",
    ] {
        assert_eq!(refused(&format!("declare {bad} {rest}")), ErrorKind::ArgumentConflict, "{bad}");
    }
    assert_eq!(
        refused("declare --owner me --allow --registry r --declarant me"),
        ErrorKind::MissingRequiredArgument
    );
    assert_eq!(
        refused("declare --owner me --allow --registry r --use search"),
        ErrorKind::MissingRequiredArgument
    );
}

#[test]
fn declare_imports_a_file_and_then_takes_nothing_else() {
    let Ok(Command::Declare(args)) = parse("declare --registry r --import d.csv") else { panic!("declare") };
    assert_eq!(args.import, Some(PathBuf::from("d.csv")));
    for other in [
        "--owner me",
        "--isrc QZHB12500001",
        "--allow",
        "--use search",
        "--from 2026-01-01",
        "--territory DE",
        "--source x",
    ] {
        let line = format!("declare --registry r --import d.csv {other}");
        assert_eq!(refused(&line), ErrorKind::ArgumentConflict, "{other}");
    }
}

#[test]
fn scan_asks_about_ai_training_everywhere_unless_told() {
    let Ok(Command::Scan(args)) = parse("scan a --registry r") else { panic!("scan") };
    assert_eq!(
        (args.question.use_, args.question.territory, args.question.as_of),
        (Use::AiTraining, None, None)
    );
    assert_eq!((args.question.policy, args.format, args.out), (Policy::Review, ScanFormat::Table, None));
    let line = "scan a b --registry r --use search --territory gb --as-of 2026-02-28 --policy opt-in --format csv --out o.csv";
    let Ok(Command::Scan(args)) = parse(line) else { panic!("scan") };
    assert_eq!(args.question.use_, Use::Search);
    assert_eq!(args.question.territory.map(|territory| territory.to_string()), Some("GB".to_owned()));
    assert_eq!(args.question.as_of.map(|date| date.to_string()), Some("2026-02-28".to_owned()));
    assert_eq!(
        (args.question.policy, args.format, args.out),
        (Policy::OptIn, ScanFormat::Csv, Some(PathBuf::from("o.csv")))
    );
}

#[test]
fn values_that_mean_nothing_are_refused() {
    let cases = [
        ("scan a --registry r --as-of 2026-02-30", ErrorKind::ValueValidation),
        ("scan a --registry r --as-of 2026-02-01T10:00", ErrorKind::ValueValidation),
        ("scan a --registry r --as-of 20260201", ErrorKind::ValueValidation),
        ("scan a --registry r --territory UK", ErrorKind::ValueValidation),
        ("scan a --registry r --use training", ErrorKind::InvalidValue),
        ("scan a --registry r --policy maybe", ErrorKind::InvalidValue),
        ("scan a --registry r --format xml", ErrorKind::InvalidValue),
        ("identify a --registry r --format csv", ErrorKind::InvalidValue),
        ("scan --registry r", ErrorKind::MissingRequiredArgument),
        ("scan a --registry r --threads 0", ErrorKind::ValueValidation),
        (
            "declare --registry r --isrc QZHB1250000O --use search --allow --declarant me",
            ErrorKind::ValueValidation,
        ),
        ("registry remove --registry r", ErrorKind::MissingRequiredArgument),
    ];
    for (line, kind) in cases {
        assert_eq!(refused(line), kind, "{line}");
    }
}

#[test]
fn the_registry_commands_and_completions_parse() {
    for line in
        ["info", "list", "list --format jsonl", "verify", "compact", "compact --format jsonl", "remove a b"]
    {
        let parsed = parse(&format!("registry {line} --registry r"));
        assert!(matches!(parsed, Ok(Command::Registry(_))), "{line}: {parsed:?}");
    }
    assert!(matches!(parse("completions zsh"), Ok(Command::Completions { shell: Shell::Zsh })));
    assert!(matches!(parse("identify a --registry r --threads 3"), Ok(Command::Identify(_))));
}

#[test]
fn compare_takes_times_as_seconds_or_as_pictures_show_them() {
    let line = "compare a b --from 83.5 --until 1:23:45.5 --at -0:03 --scale 1.08 --pitch -2 --output p.PNG --width 900";
    let Ok(Command::Compare(args)) = parse(line) else { panic!("compare") };
    assert_eq!((args.from, args.until, args.at), (83.5, Some(5_025.5), Some(-3.0)));
    assert_eq!((args.scale, args.pitch), (Some(1.08), Some(-2.0)));
    assert_eq!((args.output, args.width, args.height), (Some(PathBuf::from("p.PNG")), 900, 1_000));
    let Ok(Command::Compare(args)) = parse("compare a b") else { panic!("compare") };
    assert_eq!((args.from, args.until, args.at, args.output), (0.0, None, None, None));
}

#[test]
fn compare_refuses_what_means_nothing() {
    for bad in [
        "--from=-1",
        "--from 1:2:3:4",
        "--from 1.2.3",
        "--from :5",
        "--from inf",
        "--until soon",
        "--at 1 --scale 0",
        "--at 1 --scale nan",
        "--at 1 --pitch 25",
        "--output a.mp3",
        "--output png",
        "--width 10",
        "--height 100000",
    ] {
        assert_eq!(refused(&format!("compare a b {bad}")), ErrorKind::ValueValidation, "{bad}");
    }
    for bad in ["compare a", "compare a b --scale 1.1", "compare a b --pitch 1"] {
        assert_eq!(refused(bad), ErrorKind::MissingRequiredArgument, "{bad}");
    }
}

#[test]
fn scan_and_rescan_take_licences_and_a_least_overlap() {
    use earmark::verdict::MinOverlap;

    let Ok(Command::Scan(args)) = parse("scan a --registry r --accept-terms l.csv --min-overlap 10%") else {
        panic!("scan")
    };
    assert_eq!(args.licences.accept_terms, Some(PathBuf::from("l.csv")));
    assert_eq!(args.overlap.min_overlap, Some(MinOverlap::Percent(10.0)));
    let line = "rescan o.jsonl --fingerprints f.efp --registry r --out n.jsonl --min-overlap 3s";
    let Ok(Command::Rescan(args)) = parse(line) else { panic!("rescan") };
    assert_eq!(args.overlap.min_overlap, Some(MinOverlap::Seconds(3.0)));
    assert_eq!(args.licences.accept_terms, None);
    assert_eq!(refused("scan a --registry r --min-overlap 200%"), ErrorKind::ValueValidation);
}
