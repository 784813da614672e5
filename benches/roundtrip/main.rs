//! What a registry's rows cost: a made-up catalogue of any size is registered,
//! declared about, exported, imported from nothing, and compared.
//!
//! ```text
//! cargo bench --bench roundtrip -- [RECORDINGS] [DECLARATIONS]
//! ```
//!
//! The defaults are 100,000 and 20,000. The audio is a second of noise that all
//! recordings share, as rows are measured here and not fingerprints: segments
//! of real music are copied at the speed of the disk. Prints a table in Markdown.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::time::{Duration, Instant};

use earmark::fingerprint::{Fingerprint, Fingerprinter};
use earmark::params::Params;
use earmark::registry::{
    Consent, Facts, MandateAct, NewDeclaration, NewEntry, NewMandate, NewOwner, NewRecording, Permission,
    Registry, Statement, Subject, Use,
};
use jiff::Timestamp;

/// Recordings of one commit, as `earmark register` has at most.
const BATCH: usize = 4096;
/// Recordings of an owner, and owners of a group.
const PER_OWNER: usize = 100;
const PER_GROUP: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let recordings = numbers.first().copied().unwrap_or(100_000);
    let declarations = numbers.get(1).copied().unwrap_or(20_000);
    let folder = tempfile::tempdir()?;
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let file = folder.path().join("copy.jsonl");
    println!("{recordings} recordings, {declarations} declarations\n\n| step | seconds |\n|---|---|");

    let mut registry = Registry::create(&from, &Params::default())?;
    let noise = noise();
    step("register", || {
        let numbers: Vec<usize> = (0..recordings).collect();
        for batch in numbers.chunks(BATCH) {
            let batch: Vec<NewRecording> = batch.iter().map(|number| recording(*number, &noise)).collect();
            registry.add(&batch)?;
        }
        Ok(())
    })?;
    let owners = recordings.div_ceil(PER_OWNER);
    step("note owners and mandates", || Ok(registry.append(&keeping(owners)).map(|_| ())?))?;
    let batch: Vec<NewDeclaration> =
        (0..declarations).map(|number| declaration(number, recordings, owners)).collect();
    step("declare", || Ok(registry.declare(&batch).map(|_| ())?))?;
    let day = "2026-11-21".parse()?;
    let concerned = step("count what every declaration concerns", || {
        let concern = registry.concern(day)?;
        batch.iter().map(|declaration| Ok(concern.recordings(declaration)?)).sum::<Result<u64, Failure>>()
    })?;
    let speakers = step("find who speaks for every recording", || {
        let authority = registry.log()?.authority(day);
        let of = |recording: Result<earmark::registry::Recording, _>| -> Result<usize, Failure> {
            Ok(authority.speakers(&recording?.about()).len())
        };
        registry.recordings().map(of).sum::<Result<usize, Failure>>()
    })?;
    drop(registry);

    let exported = step("export", || {
        let mut out = BufWriter::new(File::create(&file)?);
        let exported = Registry::open(&from)?.export(&file, true, &mut out)?;
        out.flush()?;
        Ok(exported)
    })?;
    let consent = Consent::Given { take_over: Vec::new() };
    let imported = step("import from nothing", || {
        Ok(Registry::create(&to, &Params::default())?.import(&file, &consent, day)?)
    })?;
    step("import once more, with nothing new", || {
        Ok(Registry::open_for_writing(&to)?.import(&file, &consent, day).map(|_| ())?)
    })?;
    let problems = step("verify the copy", || Ok(Registry::open(&to)?.verify()?))?;

    assert!(imported.equal && problems.is_empty(), "{imported:?} {problems:?}");
    assert_eq!(imported.new as usize, recordings);
    let info = Registry::open(&to)?.info()?;
    println!(
        "\nThe copy is equal, content hash {}. {} rows in the log; {concerned} pairs of a declaration and a \
         recording, {speakers} of a recording and somebody who speaks for it. The export has {} bytes, the \
         database {}.",
        exported.content_hash,
        exported.log_rows,
        fs::metadata(&file)?.len(),
        info.database_bytes
    );
    Ok(())
}

type Failure = Box<dyn std::error::Error>;

fn step<T>(name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let start = Instant::now();
    let done = work()?;
    let took: Duration = start.elapsed();
    println!("| {name} | {:.2} |", took.as_secs_f64());
    Ok(done)
}

/// A second of it.
fn noise() -> Fingerprint {
    let mut state = 1_u32;
    let samples: Vec<f32> = (0..Params::default().rate_hz)
        .map(|_| {
            // Linear congruential generator (Numerical Recipes, section 7.1).
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        })
        .collect();
    let mut fingerprinter = Fingerprinter::new(&Params::default());
    fingerprinter.push(&samples);
    fingerprinter.finish()
}

fn owner_name(number: usize) -> String {
    format!("Label {number} Records")
}

fn recording(number: usize, fingerprint: &Fingerprint) -> NewRecording {
    let isrc = |prefix: &str| format!("{prefix}{:07}", number % 10_000_000).parse();
    // Every second one carries a code of another registrant, too.
    let codes = [isrc("QZHB1"), isrc("GBXYZ")];
    NewRecording {
        id: Some(format!("{number:08}")),
        isrcs: codes.into_iter().take(1 + number % 2).filter_map(Result::ok).collect(),
        facts: Facts {
            title: Some(format!("Song number {number}")),
            artist: Some(format!("Band {}", number / 12)),
            album: Some(format!("Album {}", number / 12)),
            owner: Some(owner_name(number / PER_OWNER)),
            label: Some(owner_name(number / PER_OWNER)),
            p_line: Some(format!("2025 {}", owner_name(number / PER_OWNER))),
            release_date: Some("2025-03-01".to_owned()),
            version: None,
        },
        audio_hash: *blake3::hash(&number.to_le_bytes()).as_bytes(),
        duration_s: 180.0 + (number % 1000) as f64 / 7.0,
        source_path: Some(format!("masters/{number:08}.flac")),
        fingerprint: fingerprint.clone(),
    }
}

/// Every owner belongs to a group, and an agency has mandates of half the groups.
fn keeping(owners: usize) -> Vec<NewEntry> {
    let received_at = Timestamp::UNIX_EPOCH;
    let group = |number: usize| format!("Group {}", number / PER_GROUP);
    let owner = |number: usize| NewOwner {
        name: owner_name(number),
        aliases: vec![format!("Label {number}"), format!("Label {number} Ltd")],
        parent: Some(group(number)),
        from: None,
        source: None,
        document_hash: None,
        received_at,
    };
    let mandate = |number: usize| NewMandate {
        declarant: "Agency".to_owned(),
        speaks_for: Subject::Owner(group(number)),
        act: MandateAct::Grant,
        from: None,
        until: None,
        source: None,
        document_hash: None,
        received_at,
    };
    let owned = (0..owners).map(|number| owner(number).into());
    owned.chain((0..owners).step_by(2 * PER_GROUP).map(|number| mandate(number).into())).collect()
}

/// Three in four about single recordings, the others about owners and everything.
fn declaration(number: usize, recordings: usize, owners: usize) -> NewDeclaration {
    let at = number * 7919 % recordings.max(1);
    let owner = number % owners.max(1);
    let subject = match number % 8 {
        0 => Subject::Owner(owner_name(owner)),
        1 => Subject::Everything,
        2..=4 => Subject::Recording(format!("{at:08}")),
        _ => format!("QZHB1{at:07}").parse().map_or(Subject::Everything, Subject::Isrc),
    };
    let statement = match number % 5 {
        0 => Permission::Allow.into(),
        1 => Permission::Constrain { terms: "https://label.example/licence".to_owned() }.into(),
        2 => Statement::Withdraw,
        _ => Permission::Disallow.into(),
    };
    NewDeclaration {
        subject,
        use_: Use::ALL[number % Use::ALL.len()],
        statement,
        territories: Vec::new(),
        from: None,
        until: None,
        declarant: owner_name(owner),
        source: Some("https://label.example/ai".to_owned()),
        document_hash: None,
        received_at: Timestamp::UNIX_EPOCH,
    }
}
