//! Which module uses which: data flows one way, and no two files need each other.
//!
//! Read from the `use` declarations and paths of the source, without tests: a test may
//! look at whatever it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the library, in the order in which data goes through them. Each uses
/// only what stands before it.
const ORDER: &[&str] = &[
    // What everybody shares.
    "bits",
    "canonical",
    "error_kind",
    "csv_lines",
    "csv_quotes",
    "files",
    "hex",
    "isrc",
    "params",
    "paths",
    "units",
    "usage",
    "text",
    // From bytes to recordings.
    "audio",
    "spectrum",
    "peaks",
    "landmarks",
    "fingerprint",
    "index",
    "matching",
    "coverage",
    // From what owners say to verdicts.
    "declarations",
    "registry",
    "verdict",
    // From many files to reports.
    "inputs",
    "picture",
    "report",
    "check",
    "dataset",
];

/// The modules of the program, in the same order.
const PROGRAM: &[&str] = &[
    "error",
    "args",
    "ui",
    "log_news",
    "tables",
    "judging",
    "authority",
    "emptiness",
    "lineage",
    "in_work",
    "resume",
    "plan",
    "guard",
    "listing",
    "places",
    "rewriting",
    "shards",
    "dataset",
    "streaming",
    "serving",
    "command",
];

/// Folders in which files that need each other are still being taken apart.
const ENTANGLED: &[&str] = &["audio", "inputs", "matching"];

/// A module, as the parts of its path.
type Module = Vec<String>;

/// The files of the source but tests and entry points of the fuzzer, by their modules.
fn modules() -> BTreeMap<Module, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let is_test =
                name == "tests" || name.ends_with("_tests") || name == "testing" || name == "random";
            if is_test || name == "fuzzing" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&root).expect("below the root").with_extension("");
            let mut module: Module = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if name == "mod" {
                module.pop();
            }
            if path.extension().is_some_and(|extension| extension == "rs") && name != "lib" && name != "main"
            {
                found.insert(module, path);
            }
        }
    }
    found
}

/// The source of a file without comments and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a file of the source");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The paths that a tree such as `a::{b, c::d}` names.
fn leaves(tree: &str, before: &[String], found: &mut Vec<Module>) {
    let (head, inner) = match tree.split_once('{') {
        Some((head, rest)) => (head, Some(rest.rsplit_once('}').map_or(rest, |(inner, _)| inner))),
        None => (tree.split(" as ").next().unwrap_or_default(), None),
    };
    let mut path = before.to_vec();
    path.extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    let Some(inner) = inner else {
        found.push(path);
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in inner.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                leaves(&inner[start..at], &path, found);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner[start..].trim().is_empty() {
        leaves(&inner[start..], &path, found);
    }
}

/// All paths that stand in a source, as they are written.
fn paths(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut left = code;
    while let Some(at) = left.find("use ") {
        let is_word =
            left[..at].chars().next_back().is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        rest.push_str(&left[..at]);
        left = &left[at + 4..];
        if !is_word && let Some((tree, after)) = left.split_once(';') {
            leaves(tree, &[], &mut found);
            left = after;
        }
    }
    rest.push_str(left);
    let words = rest.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
    let is_path = |word: &&str| ["crate::", "super::", "self::"].iter().any(|start| word.starts_with(start));
    found.extend(words.filter(is_path).map(|word| word.split("::").map(str::to_owned).collect()));
    found
}

/// Which modules a module uses.
fn uses(modules: &BTreeMap<Module, PathBuf>) -> BTreeMap<&Module, BTreeSet<&Module>> {
    let mut uses: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for (module, path) in modules {
        for path in paths(&code(path)) {
            let mut path = &path[..];
            let mut full = module.clone();
            match path.first().map(String::as_str) {
                Some("crate") => (full, path) = (Vec::new(), &path[1..]),
                Some("super" | "self") => {
                    while path.first().is_some_and(|part| part == "super") {
                        full.pop();
                        path = &path[1..];
                    }
                    path = path.strip_prefix(&["self".to_owned()]).unwrap_or(path);
                }
                _ => {}
            }
            full.extend_from_slice(path);
            // What is named is a module, or stands in one.
            while !full.is_empty() && !modules.contains_key(&full) {
                full.pop();
            }
            if let Some((used, _)) = modules.get_key_value(&full).filter(|(used, _)| *used != module) {
                uses.entry(module).or_default().insert(used);
            }
        }
    }
    uses
}

/// The modules that need each other, among those of one folder: `a needs b` for each
/// use that is part of a circle.
fn circles(uses: &BTreeMap<&Module, BTreeSet<&Module>>) -> BTreeMap<String, Vec<String>> {
    // By folder, which of its entries uses which.
    let mut folders: BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (module, used) in uses {
        for used in used {
            let common = module.iter().zip(used.iter()).take_while(|(one, other)| one == other).count();
            if let (Some(one), Some(other)) = (module.get(common), used.get(common)) {
                folders.entry(&module[..common]).or_default().entry(one).or_default().insert(other);
            }
        }
    }
    let mut circles = BTreeMap::new();
    for (folder, uses) in folders {
        let reached = |from: &str| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
            while let Some(module) = next.pop() {
                for used in uses.get(module).into_iter().flatten() {
                    if seen.insert(*used) {
                        next.push(used);
                    }
                }
            }
            seen
        };
        let pairs = uses.iter().flat_map(|(one, used)| used.iter().map(move |other| (*one, *other)));
        let circular = pairs.filter(|(one, other)| reached(other).contains(one));
        let told: Vec<String> = circular.map(|(one, other)| format!("{one} needs {other}")).collect();
        if !told.is_empty() {
            circles.insert(folder.join("::"), told);
        }
    }
    circles
}

/// The uses that go against `order`, among the modules directly below `folder`.
fn against(order: &[&str], folder: &[&str], uses: &BTreeMap<&Module, BTreeSet<&Module>>) -> Vec<String> {
    let place = |module: &Module| -> Option<usize> {
        let below =
            folder.iter().eq(module.iter().take(folder.len())).then(|| module.get(folder.len()))??;
        let place = order.iter().position(|name| name == below);
        assert!(place.is_some(), "{below} has no place in the order: give it one");
        place
    };
    let mut told = Vec::new();
    for (module, used) in uses {
        if folder.is_empty() && module[0] == "cli" {
            continue;
        }
        let Some(own) = place(module) else { continue };
        let later = used.iter().filter(|used| place(used).is_some_and(|used| used > own));
        told.extend(later.map(|used| format!("{} uses {}", module.join("::"), used.join("::"))));
    }
    told
}

#[test]
fn data_flows_one_way() {
    let modules = modules();
    let uses = uses(&modules);
    assert!(uses.len() > 100, "the source was read: {}", uses.len());
    assert_eq!(against(ORDER, &[], &uses), Vec::<String>::new());
    assert_eq!(against(PROGRAM, &["cli"], &uses), Vec::<String>::new());
}

#[test]
fn no_two_files_need_each_other() {
    let modules = modules();
    let mut circles = circles(&uses(&modules));
    circles.retain(|folder, _| !ENTANGLED.contains(&folder.as_str()));
    assert_eq!(circles, BTreeMap::new());
}

#[test]
fn circles_and_uses_are_found() {
    let tree = "use crate::a::{self, b::{C, D as E}, f};\nuse super::g;\nlet x = crate::h::i(self::j::K);";
    let found: Vec<String> = paths(tree).iter().map(|path| path.join(" ")).collect();
    let expected =
        ["crate a self", "crate a b C", "crate a b D", "crate a f", "super g", "crate h i", "self j K"];
    assert_eq!(found, expected);
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let [a, b, c, d] = ["x::a", "x::b::inner", "x::c", "y"].map(module);
    let round = BTreeMap::from([
        (&a, BTreeSet::from([&b, &d])),
        (&b, BTreeSet::from([&c])),
        (&c, BTreeSet::from([&a])),
        (&d, BTreeSet::new()),
    ]);
    let found = circles(&round);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["x"]);
    assert_eq!(found["x"], ["a needs b", "b needs c", "c needs a"]);
    assert_eq!(against(&["x", "y"], &[], &round), ["x::a uses y"]);
}
