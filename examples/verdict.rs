//! Says what may be done with a recording that somebody recognised by other means.
//!
//! ```text
//! cargo run --example verdict -- REGISTRY ISRC SECONDS
//! ```

use std::error::Error;

use earmark::isrc::Isrc;
use earmark::matching::Grade;
use earmark::registry::{Snapshot, Use};
use earmark::verdict::{DeclarationBook, Heard, Question, Recognition, decide};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [registry, isrc, seconds] = &args[..] else {
        return Err("give a registry, an ISRC and the length of the audio in seconds".into());
    };
    let snapshot = Snapshot::open(registry.as_ref())?;
    let isrc: Isrc = isrc.parse()?;
    let duration_s: f64 = seconds.parse()?;

    // All that was found out about one file. It sounds throughout.
    let mut recognition = Recognition { duration_s, ..Recognition::default() };
    for recording in snapshot.recordings_with_isrc(&isrc) {
        recognition.matches.push(Heard {
            recording: (&recording).into(),
            grade: Grade::Match,
            query_start_s: 0.0,
            query_end_s: duration_s,
            sibling_of: None,
            more_siblings: false,
        });
    }
    // One question of many files: the log is arranged for it once.
    let question = Question::new(Use::AiGenerativeTraining, "2026-12-01".parse()?);
    let book = DeclarationBook::new(snapshot.log().clone(), question, None);
    let verdict = decide(&recognition, &book);
    println!("{}", verdict.kind);
    for reason in &verdict.reasons {
        println!("  {}", reason.text);
    }
    Ok(())
}
