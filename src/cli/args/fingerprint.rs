//! What can be typed after `earmark fingerprint`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::inputs::ListingArgs;

/// `earmark fingerprint`.
#[derive(Args, Debug)]
#[command(after_help = "\
A fingerprint takes about 1 MB an hour of audio, from which no sound can be made
again. Cells of a manifest are kept with their files and count when they are
registered. Fingerprint files among the inputs are joined.

Exit codes: 0 all is kept, 2 usage or environment, 3 some files could not be
decoded; the file says why, and a scan of it answers so.

Examples:
  earmark fingerprint downloads/ --out downloads.efp
  earmark scan downloads.efp --registry their-registry
  earmark fingerprint --manifest catalogue.csv --out catalogue.efp
  earmark register catalogue.efp --registry my-registry")]
pub struct FingerprintArgs {
    /// Files, folders, archives (.tar, .tar.gz, .zip), .parquet and .efp; - is audio on stdin
    #[arg(value_name = "INPUT", required_unless_present_any = ["manifest", "files_from"])]
    pub inputs: Vec<PathBuf>,
    /// Rows of what is known about files (.csv or .jsonl), as for `register`
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The fingerprint file to write
    #[arg(long, value_name = "FILE.efp", value_parser = efp)]
    pub out: PathBuf,
    /// Which files.
    #[command(flatten)]
    pub listing: ListingArgs,
}

/// A name by which the file is known again.
fn efp(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case(earmark::fingerprint::EXTENSION) => Ok(path),
        _ => Err("fingerprint files are told by their name: end it in .efp".to_owned()),
    }
}
