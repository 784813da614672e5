//! What can be typed after `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::RegistryDir;

/// Answers over HTTP.
#[derive(Args, Debug)]
#[command(after_help = "\
Settings are read from the file, then from variables such as EARMARK_SERVE_LISTEN,
then from the options: the later wins. Without --open every request needs a token.

Examples:
  earmark serve --registry my-registry token create --name me --role admin
  earmark serve --registry my-registry
  earmark serve --registry my-registry --listen 0.0.0.0:8080 --behind-proxy
  earmark serve --registry my-registry --check")]
pub struct ServeArgs {
    #[command(flatten)]
    pub registry: RegistryDir,
    /// Settings, in TOML; `earmark serve --print-config` writes all with their defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where Prometheus reads metrics [default: nowhere]
    #[arg(long, value_name = "ADDRESS")]
    pub metrics: Option<SocketAddr>,
    /// The name of the log in its checkpoints, a domain and path; taken when the key is made
    #[arg(long, value_name = "NAME")]
    pub origin: Option<String>,
    /// Let anybody ask without a token
    #[arg(long)]
    pub open: bool,
    /// A proxy in front encrypts and sets X-Forwarded-For
    #[arg(long)]
    pub behind_proxy: bool,
    /// Check settings, registry, key and log, and end
    #[arg(long)]
    pub check: bool,
    /// Write the settings as they are, and end
    #[arg(long)]
    pub print_config: bool,
    #[command(subcommand)]
    pub command: Option<ServeCommand>,
}

/// What can be done without serving.
#[derive(Debug, Subcommand)]
pub enum ServeCommand {
    /// Make, list and revoke tokens
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, this once
    #[command(after_help = "\
Examples:
  earmark serve --registry my-registry token create --name me --role admin
  earmark serve --registry my-registry token create --name label --role rightsholder \\
      --owner 'Example Music'")]
    Create {
        /// The name of its holder; two tokens of a name are valid at a time
        #[arg(long)]
        name: String,
        /// asker, rightsholder, registrar, auditor or admin
        #[arg(long, value_parser = role)]
        role: earmark_server::store::Role,
        /// For which owner a rightsholder speaks
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        /// As which licensee an asker asks
        #[arg(long, value_name = "NAME")]
        licensee: Option<String>,
        /// Until when it is valid, such as 2027-01-01T00:00:00Z
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
    },
    /// List tokens, without their secrets, one JSON object a line
    #[command(after_help = "Example:\n  earmark serve --registry my-registry token list")]
    List,
    /// End a token at once
    #[command(after_help = "Example:\n  earmark serve --registry my-registry token revoke 0123456789abcdef")]
    Revoke {
        /// The token's id, as `token list` shows it
        id: String,
    },
}

fn role(name: &str) -> Result<earmark_server::store::Role, String> {
    earmark_server::store::Role::parse(name)
        .ok_or_else(|| "not a role: use asker, rightsholder, registrar, auditor or admin".to_owned())
}
