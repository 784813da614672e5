//! `earmark serve`.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use earmark_server::config::Config;
use earmark_server::server::{Server, open_store};
use earmark_server::store::{NewToken, Store};

use crate::cli::args::serve::{ServeArgs, ServeCommand, TokenCommand};
use crate::cli::error::CliError;
use crate::cli::serving::Held;
use crate::cli::ui::exit::Outcome;
use crate::cli::ui::interrupt;
use crate::cli::ui::messages::tell;

/// Serves a registry, or looks after its tokens.
pub fn run(args: ServeArgs) -> Result<Outcome, CliError> {
    let config = settings(&args)?;
    if args.print_config {
        let text = toml::to_string(&config).map_err(CliError::serve)?;
        write!(io::stdout(), "{text}").map_err(CliError::Stdout)?;
        return Ok(Outcome::default());
    }
    let folder = &args.registry.registry;
    // Before anything is written beside it: that there is a registry, and that it is whole.
    let held = Arc::new(Held::open(folder)?);
    if let Some(ServeCommand::Token { command }) = args.command {
        return token(&open_store(&config, folder).map_err(CliError::serve)?, command);
    }
    let server = Server::new(config, folder, held).map_err(CliError::serve)?;
    if args.check {
        tell("settings, registry, key and log are in order");
        return Ok(Outcome::default());
    }
    let stop =
        interrupt::watch_and_say("finishing the requests under way; press Ctrl-C again to stop at once")?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::serve)?;
    let stopped = async move {
        while !stop.is_stopped() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let listening = |address| tell(format_args!("listening on http://{address}"));
    runtime.block_on(server.run(stopped, listening)).map_err(CliError::serve)?;
    Ok(Outcome::default())
}

fn settings(args: &ServeArgs) -> Result<Config, CliError> {
    let mut options = toml::Table::new();
    let mut set = |name: &str, value: Option<toml::Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    set("listen", args.listen.map(|address| address.to_string().into()));
    set("metrics", args.metrics.map(|address| address.to_string().into()));
    set("origin", args.origin.clone().map(Into::into));
    set("open", args.open.then_some(true.into()));
    set("behind_proxy", args.behind_proxy.then_some(true.into()));
    Config::load(args.config.as_deref(), std::env::vars(), options).map_err(CliError::serve)
}

fn token(store: &Store, command: TokenCommand) -> Result<Outcome, CliError> {
    let mut out = io::stdout();
    match command {
        TokenCommand::Create { name, role, owner, licensee, expires } => {
            let new = NewToken { name, role, owner, licensee, expires };
            let token = store.create_token(&new).map_err(CliError::serve)?;
            writeln!(out, "{}", token.text).map_err(CliError::Stdout)?;
            tell(format_args!("this is token {}; it is not shown again", token.id));
        }
        TokenCommand::List => {
            for row in store.tokens().map_err(CliError::serve)? {
                let line = serde_json::to_string(&row).map_err(CliError::serve)?;
                writeln!(out, "{line}").map_err(CliError::Stdout)?;
            }
        }
        TokenCommand::Revoke { id } => {
            if !store.revoke_token(&id).map_err(CliError::serve)? {
                return Err(CliError::serve(format!("{id} is not the id of a valid token")));
            }
            tell(format_args!("token {id} is revoked"));
        }
    }
    Ok(Outcome::default())
}
