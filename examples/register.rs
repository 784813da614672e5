//! Registers audio files with what their tags say.
//!
//! ```text
//! cargo run --example register -- REGISTRY FILE...
//! ```

use std::error::Error;
use std::path::PathBuf;

use earmark::audio::Limits;
use earmark::check::{Source, prepare};
use earmark::params::Params;
use earmark::registry::{Added, Registry};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = args.next().ok_or("give a folder for the registry, and audio files")?;
    let params = Params::default();
    let mut registry = Registry::open_or_create(&folder, &params)?;
    for path in args {
        // What is wrong with one file costs that file alone.
        let prepared = match prepare(Source::file(&path), None, &params, &Limits::default()) {
            Ok(prepared) => prepared,
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                continue;
            }
        };
        // Many at once are faster: a batch is one transaction and one segment.
        for added in registry.add(&[prepared.recording])? {
            match added {
                Added::New { id, .. } => println!("{}: registered as {id}", path.display()),
                Added::Duplicate { id, .. } => println!("{}: is the recording {id}", path.display()),
                Added::Refused(error) => eprintln!("{}: {error}", path.display()),
            }
        }
    }
    Ok(())
}
