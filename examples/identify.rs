//! Says which registered recordings sound in audio that is in memory, as an upload is.
//!
//! ```text
//! cargo run --example identify -- REGISTRY FILE
//! ```

use std::error::Error;
use std::path::PathBuf;

use earmark::audio::Limits;
use earmark::check::{Identifier, Source};
use earmark::matching::MatchOptions;
use earmark::registry::RegistryReader;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, path] = &args[..] else { return Err("give a registry and an audio file".into()) };
    // A server holds the reader, calls `reload` now and then, and takes a snapshot for
    // every request.
    let reader = RegistryReader::open(folder)?;
    let identifier = Identifier::new(&reader.snapshot(), MatchOptions::default(), Limits::default());

    let bytes = std::fs::read(path)?;
    let row = identifier.identify(Source::bytes(path, bytes));
    if let Some(error) = row.error {
        return Err(error.into());
    }
    for found in &row.matches {
        println!(
            "{} from {:.1} s to {:.1} s, E-value {:.1e}",
            found.recording, found.place.query_start_s, found.place.query_end_s, found.e_value
        );
        for sibling in &found.siblings {
            println!("  the same audio: {}", sibling.recording);
        }
    }
    Ok(())
}
