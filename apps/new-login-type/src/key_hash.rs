use mti::login_types::Token;
use sha2::{Digest as _, Sha256};

/// What is stored of a key. It is a random value of 256 bits, so nobody can guess it from its hash, and a slow hash as
/// passwords need it would be of no use.
pub(crate) fn key_hash(token: &Token) -> String {
    Sha256::digest(token.reveal()).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}
