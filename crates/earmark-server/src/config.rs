//! What an operator sets: in a file, in the environment, by options; the later wins.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// All settings, with the defaults of [`Default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the service listens. Default: `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Where metrics are read; nowhere by default.
    pub metrics: Option<SocketAddr>,
    /// The folder of keys, tokens and jobs; by default `service` in the registry's.
    pub state: Option<PathBuf>,
    /// The name of the log in checkpoints: a domain and path without a scheme. It is
    /// taken when the key is made. Default: `localhost/earmark`.
    pub origin: String,
    /// Who runs the registry, for people. Default: nobody is named.
    pub operator: Option<String>,
    /// Whether anybody may ask without a token. Default: no.
    pub open: bool,
    /// Whether a proxy that encrypts stands in front; it sets `X-Forwarded-For`.
    /// Without it the service listens on this machine alone. Default: no.
    pub behind_proxy: bool,
    /// Searches at a time. Default: the number of cores.
    pub searches: Option<usize>,
    /// Searches that may wait. Default: 64.
    pub waiting: usize,
    /// Connections at a time. Default: 1,024.
    pub connections: usize,
    /// Largest body as it is sent, in MiB. Default: 64.
    pub max_body_mib: u64,
    /// Largest body when it is unpacked, in MiB. Default: 512.
    pub max_unpacked_mib: u64,
    /// Most ISRCs in a call. Default: 10,000.
    pub max_isrcs: usize,
    /// Most jobs of one caller that wait or run. Default: 16.
    pub max_jobs: u64,
    /// Seconds within which a request's header must come. Default: 10.
    pub header_timeout_s: u64,
    /// Seconds within which a request must be answered. Default: 120.
    pub request_timeout_s: u64,
    /// Seconds that requests under way are given when the service stops. Default: 20.
    pub drain_s: u64,
    /// Requests a minute of one caller. Default: 600 without a token.
    pub requests_a_minute: u32,
    /// Requests a minute of one token. Default: 0, no limit.
    pub token_requests_a_minute: u32,
    /// Days for which acts are kept. Default: 400.
    pub audit_days: u32,
    /// Days for which answers of jobs are kept. Default: 7.
    pub job_days: u32,
    /// Whether log lines are JSON. Default: no.
    pub log_json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics: None,
            state: None,
            origin: "localhost/earmark".to_owned(),
            operator: None,
            open: false,
            behind_proxy: false,
            searches: None,
            waiting: 64,
            connections: 1_024,
            max_body_mib: 64,
            max_unpacked_mib: 512,
            max_isrcs: 10_000,
            max_jobs: 16,
            header_timeout_s: 10,
            request_timeout_s: 120,
            drain_s: 20,
            requests_a_minute: 600,
            token_requests_a_minute: 0,
            audit_days: 400,
            job_days: 7,
            log_json: false,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
    /// The settings are not understood.
    #[error("{place}: {detail}")]
    Invalid {
        /// The file, or the variable.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// The service would be open to the network without protection.
    #[error("{listen} is not an address of this machine alone: {remedy}")]
    Exposed {
        /// Where it would listen.
        listen: SocketAddr,
        /// What to do.
        remedy: &'static str,
    },
}

/// The prefix of environment variables: `EARMARK_SERVE_LISTEN` sets `listen`.
pub const ENVIRONMENT: &str = "EARMARK_SERVE_";

impl Config {
    /// The settings of a file, then of the environment; `options` are `key = value`
    /// in TOML and win over both.
    ///
    /// # Errors
    /// [`ConfigError`] names the place of what is not understood.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        options: toml::Table,
    ) -> Result<Self, ConfigError> {
        let mut all = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
                let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
                    ConfigError::Invalid { place: path.display().to_string(), detail: error.to_string() }
                })?;
                parse(&table, &path.display().to_string())?;
                table
            }
        };
        let known = toml::Table::try_from(Config {
            metrics: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            state: Some(PathBuf::new()),
            operator: Some(String::new()),
            searches: Some(1),
            ..Config::default()
        })
        .unwrap_or_default();
        let mut variables: Vec<(String, String)> =
            environment.into_iter().filter(|(name, _)| name.starts_with(ENVIRONMENT)).collect();
        variables.sort();
        for (name, text) in variables {
            let key = name[ENVIRONMENT.len()..].to_lowercase();
            let value = match known.get(&key) {
                // Everything else would be taken for a text that is never read.
                None => {
                    return Err(ConfigError::Invalid { place: name, detail: "no such setting".to_owned() });
                }
                Some(toml::Value::String(_)) => toml::Value::String(text),
                Some(_) => {
                    let table: Result<toml::Table, _> = format!("v = {text}").parse();
                    table.ok().and_then(|mut table| table.remove("v")).ok_or(ConfigError::Invalid {
                        place: name.clone(),
                        detail: format!("{text:?} is not a number, true or false"),
                    })?
                }
            };
            parse(&toml::Table::from_iter([(key.clone(), value.clone())]), &name)?;
            all.insert(key, value);
        }
        all.extend(options);
        parse(&all, "settings")
    }

    /// Refuses what would put the registry on the network without protection.
    ///
    /// # Errors
    /// [`ConfigError::Exposed`].
    pub fn check(&self, has_tokens: bool) -> Result<(), ConfigError> {
        let exposed = |listen: SocketAddr, remedy| Err(ConfigError::Exposed { listen, remedy });
        if !self.listen.ip().is_loopback() {
            if !self.behind_proxy {
                return exposed(
                    self.listen,
                    "put a proxy in front that encrypts and set behind_proxy, or listen on 127.0.0.1",
                );
            }
            if !has_tokens {
                return exposed(self.listen, "make a token for its administrator first");
            }
        }
        match self.metrics {
            Some(metrics) if !metrics.ip().is_loopback() && !self.behind_proxy => {
                exposed(metrics, "metrics are for this machine or a network behind a proxy")
            }
            _ => Ok(()),
        }
    }
}

fn parse(table: &toml::Table, place: &str) -> Result<Config, ConfigError> {
    table.clone().try_into().map_err(|error: toml::de::Error| ConfigError::Invalid {
        place: place.to_owned(),
        detail: error.message().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn options_win_over_the_environment_and_that_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serve.toml");
        std::fs::write(&path, "waiting = 1\nmax_isrcs = 1\nlisten = \"127.0.0.1:1\"\n").unwrap();
        let environment = variables(&[
            ("EARMARK_SERVE_MAX_ISRCS", "2"),
            ("EARMARK_SERVE_LISTEN", "[::1]:2"),
            ("HOME", "/"),
        ]);
        let options = "listen = \"127.0.0.1:3\"".parse().unwrap();
        let config = Config::load(Some(&path), environment, options).unwrap();
        assert_eq!((config.waiting, config.max_isrcs, config.listen.port()), (1, 2, 3));
        assert_eq!(config.max_jobs, Config::default().max_jobs);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let load = |pairs: &[(&str, &str)]| Config::load(None, variables(pairs), toml::Table::new());
        for (pairs, named) in [
            ([("EARMARK_SERVE_PATIENCE", "2")], "EARMARK_SERVE_PATIENCE"),
            ([("EARMARK_SERVE_WAITING", "many")], "EARMARK_SERVE_WAITING"),
            ([("EARMARK_SERVE_LISTEN", "here")], "EARMARK_SERVE_LISTEN"),
        ] {
            let error = load(&pairs).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serve.toml");
        std::fs::write(&path, "patience = 1").unwrap();
        let error = Config::load(Some(&path), [], toml::Table::new()).unwrap_err().to_string();
        assert!(error.contains("serve.toml") && error.contains("patience"), "{error}");
    }

    #[test]
    fn the_network_sees_it_only_behind_a_proxy_and_with_tokens() {
        let config = |behind_proxy| Config {
            listen: SocketAddr::from(([0, 0, 0, 0], 80)),
            behind_proxy,
            ..Config::default()
        };
        assert!(config(false).check(true).is_err());
        assert!(config(true).check(false).is_err());
        config(true).check(true).unwrap();
        Config::default().check(false).unwrap();
        let metrics = Config { metrics: Some(SocketAddr::from(([0, 0, 0, 0], 81))), ..Config::default() };
        assert!(metrics.check(true).is_err());
    }
}
