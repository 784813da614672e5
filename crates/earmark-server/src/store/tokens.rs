//! Who may do what.
//!
//! A token is `em_ID_SECRET`. The secret has 256 random bits, is shown once, and is
//! kept as a SHA-256: there is nothing to guess, so no slow hash is needed. A name
//! may hold two valid tokens at a time, so that the old one can be exchanged while
//! it still works.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::PoisonError;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::{Store, StoreError, now};

/// Most valid tokens of one name.
const TOKENS_OF_A_NAME: usize = 2;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Asks about ISRCs and fingerprints.
    Asker,
    /// Asks, registers and declares for its owner.
    Rightsholder,
    /// Asks, and keeps owners, mandates and disputes.
    Registrar,
    /// Reads everything, writes nothing.
    Auditor,
    /// Does all of this, and makes tokens.
    Admin,
}

impl Role {
    /// The name in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asker => "asker",
            Self::Rightsholder => "rightsholder",
            Self::Registrar => "registrar",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Asker, Self::Rightsholder, Self::Registrar, Self::Auditor, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// Whether it may append declarations.
    pub fn may_declare(self) -> bool {
        matches!(self, Self::Rightsholder | Self::Registrar | Self::Admin)
    }

    /// Whether it may append owner rows and mandates.
    pub fn may_authorise(self) -> bool {
        matches!(self, Self::Registrar | Self::Admin)
    }

    /// Whether it may read the audit log.
    pub fn may_audit(self) -> bool {
        matches!(self, Self::Auditor | Self::Admin)
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name of the token's holder.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// For which owner it speaks.
    pub owner: Option<String>,
    /// As which licensee it asks.
    pub licensee: Option<String>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The name of its holder.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// For which owner it speaks; a rightsholder's token names one.
    pub owner: Option<String>,
    /// As which licensee it asks.
    pub licensee: Option<String>,
    /// Until when it is valid; for ever if left out.
    pub expires: Option<Timestamp>,
}

/// A new token: the only time that its secret is seen.
pub struct Token {
    /// Its id.
    pub id: String,
    /// What a client sends, `em_ID_SECRET`.
    pub text: String,
}

/// A token as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// The name of its holder.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// For which owner it speaks.
    pub owner: Option<String>,
    /// As which licensee it asks.
    pub licensee: Option<String>,
    /// When it was made.
    pub created: String,
    /// Until when it is valid.
    pub expires: Option<String>,
    /// When it was revoked.
    pub revoked: Option<String>,
}

#[derive(Clone)]
struct Known {
    hash: [u8; 32],
    principal: Principal,
    expires: Option<Timestamp>,
}

/// Valid tokens, as of a state of the database that SQLite numbers.
#[derive(Default)]
pub(super) struct Cache {
    version: Option<i64>,
    tokens: HashMap<String, Known>,
}

impl Store {
    /// Makes a token.
    ///
    /// # Errors
    /// [`StoreError::Token`] when the name holds two valid ones, or a rightsholder's
    /// names no owner.
    pub fn create_token(&self, new: &NewToken) -> Result<Token, StoreError> {
        let refuse = |text: String| Err(StoreError::Token(text));
        if new.name.trim().is_empty() || new.name.chars().any(char::is_control) {
            return refuse("a token needs a name without control characters".to_owned());
        }
        if new.role == Role::Rightsholder && new.owner.is_none() {
            return refuse("the token of a rightsholder names the owner for which it speaks".to_owned());
        }
        let rows = self.tokens()?;
        let of_name: Vec<&TokenRow> =
            rows.iter().filter(|row| row.name == new.name && row.revoked.is_none()).collect();
        if of_name.len() >= TOKENS_OF_A_NAME {
            return refuse(format!(
                "{} holds {} valid tokens already ({}): revoke one first",
                new.name,
                of_name.len(),
                of_name.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(", ")
            ));
        }
        if let Some(row) = of_name
            .iter()
            .find(|row| (row.role, &row.owner, &row.licensee) != (new.role, &new.owner, &new.licensee))
        {
            return refuse(format!(
                "{} holds a token of another role, owner or licensee: {}",
                new.name, row.id
            ));
        }
        let (id, secret) = (random_hex::<8>()?, random_hex::<32>()?);
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let expires = new.expires.map(|time| time.to_string());
        self.with(|connection| {
            connection.execute(
                "insert into token (id, name, hash, role, owner, licensee, created, expires)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![id, new.name, hash, new.role.name(), new.owner, new.licensee, now(), expires],
            )
        })?;
        self.forget_tokens();
        Ok(Token { text: format!("em_{id}_{secret}"), id })
    }

    /// Ends a token at once; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn revoke_token(&self, id: &str) -> Result<bool, StoreError> {
        let revoked = self.with(|connection| {
            connection.execute(
                "update token set revoked = ?2 where id = ?1 and revoked is null",
                params![id, now()],
            )
        })?;
        self.forget_tokens();
        Ok(revoked > 0)
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select id, name, role, owner, licensee, created, expires, revoked from token order by created, id",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(TokenRow {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    role: role(row, 2)?,
                    owner: row.get(3)?,
                    licensee: row.get(4)?,
                    created: row.get(5)?,
                    expires: row.get(6)?,
                    revoked: row.get(7)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Whose token this is, if it is valid now. Takes the same time for every wrong
    /// secret of an id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn principal(&self, token: &str) -> Result<Option<Principal>, StoreError> {
        let Some((id, secret)) = token.strip_prefix("em_").and_then(|rest| rest.split_once('_')) else {
            return Ok(None);
        };
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let known = self.known(id)?;
        // An unknown id is compared as well, so that time does not tell ids.
        let expected = known.as_ref().map_or([0; 32], |known| known.hash);
        let same = bool::from(expected.ct_eq(&hash));
        Ok(known
            .filter(|known| same && known.expires.is_none_or(|time| time > Timestamp::now()))
            .map(|known| known.principal))
    }

    /// Looks an id up in memory, after reading all anew if another process wrote.
    fn known(&self, id: &str) -> Result<Option<Known>, StoreError> {
        let version = self
            .with(|connection| connection.query_row("pragma data_version", [], |row| row.get::<_, i64>(0)))?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.version != Some(version) {
            cache.tokens = self.with(valid_tokens)?;
            cache.version = Some(version);
        }
        Ok(cache.tokens.get(id).cloned())
    }

    fn forget_tokens(&self) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).version = None;
    }

    /// Whether anybody holds a valid token.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn has_tokens(&self) -> Result<bool, StoreError> {
        self.with(|connection| {
            connection
                .query_row("select 1 from token where revoked is null limit 1", [], |_| Ok(()))
                .optional()
                .map(|row| row.is_some())
        })
    }
}

fn valid_tokens(connection: &mut rusqlite::Connection) -> rusqlite::Result<HashMap<String, Known>> {
    let mut statement = connection.prepare_cached(
        "select id, hash, name, role, owner, licensee, expires from token where revoked is null",
    )?;
    let rows = statement.query_map([], |row| {
        let expires: Option<String> = row.get(6)?;
        let known = Known {
            hash: row.get(1)?,
            principal: Principal {
                name: row.get(2)?,
                role: role(row, 3)?,
                owner: row.get(4)?,
                licensee: row.get(5)?,
            },
            // A time that cannot be read is over.
            expires: expires.map(|text| text.parse().unwrap_or(Timestamp::UNIX_EPOCH)),
        };
        Ok((row.get(0)?, known))
    })?;
    rows.collect()
}

fn role(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let name: String = row.get(column)?;
    Role::parse(&name).ok_or(rusqlite::Error::InvalidColumnType(column, name, rusqlite::types::Type::Text))
}

/// `BYTES` random bytes of the operating system, in hexadecimal.
pub(super) fn random_hex<const BYTES: usize>() -> Result<String, StoreError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Token(format!("the system gives no random bytes: {error}")))?;
    let mut text = String::with_capacity(2 * BYTES);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, store)
    }

    fn asker(name: &str) -> NewToken {
        NewToken { name: name.to_owned(), role: Role::Asker, owner: None, licensee: None, expires: None }
    }

    #[test]
    fn a_token_is_its_holder_until_it_is_revoked() {
        let (folder, store) = store();
        let token = store.create_token(&asker("a")).unwrap();
        assert_eq!(store.principal(&token.text).unwrap().unwrap().name, "a");
        for wrong in
            ["", "em_", "em__", &token.text[..token.text.len() - 1], &format!("{}0", token.text), "em_00_00"]
        {
            assert_eq!(store.principal(wrong).unwrap(), None, "{wrong:?}");
        }
        // Another process revokes it.
        let other = Store::open(folder.path()).unwrap();
        assert!(other.revoke_token(&token.id).unwrap());
        assert!(!other.revoke_token(&token.id).unwrap());
        assert_eq!(store.principal(&token.text).unwrap(), None);
        assert!(!store.has_tokens().unwrap());
    }

    #[test]
    fn the_secret_is_not_in_the_database() {
        let (folder, store) = store();
        let token = store.create_token(&asker("a")).unwrap();
        let secret = token.text.rsplit('_').next().unwrap().as_bytes().to_vec();
        drop(store);
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }

    #[test]
    fn two_tokens_of_a_name_are_valid_and_a_third_is_refused() {
        let (_folder, store) = store();
        let first = store.create_token(&asker("a")).unwrap();
        let second = store.create_token(&asker("a")).unwrap();
        assert!(store.create_token(&asker("a")).is_err());
        assert!(store.principal(&first.text).unwrap().is_some());
        store.revoke_token(&first.id).unwrap();
        assert!(store.principal(&second.text).unwrap().is_some());
        store.create_token(&asker("a")).unwrap();
    }

    #[test]
    fn a_token_ends_when_it_says_so() {
        let (_folder, store) = store();
        let over = Timestamp::now() - jiff::SignedDuration::from_secs(1);
        let token = store.create_token(&NewToken { expires: Some(over), ..asker("a") }).unwrap();
        assert_eq!(store.principal(&token.text).unwrap(), None);
    }

    #[test]
    fn a_rightsholder_speaks_for_somebody() {
        let (_folder, store) = store();
        let new = NewToken { role: Role::Rightsholder, ..asker("label") };
        assert!(store.create_token(&new).is_err());
        let token = store.create_token(&NewToken { owner: Some("Label".to_owned()), ..new }).unwrap();
        let principal = store.principal(&token.text).unwrap().unwrap();
        assert_eq!((principal.role, principal.owner.as_deref()), (Role::Rightsholder, Some("Label")));
        // The name stands for one authority.
        assert!(store.create_token(&asker("label")).is_err());
    }
}
