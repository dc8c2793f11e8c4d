use rand::distr::{Alphanumeric, SampleString};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The openId of a person under an application: `o` and 27 characters, always the same.
///
/// Seed data can hold it, so that a person of the simulator is known from the start.
pub fn openid_for(person_id: &str, app_id: &str) -> String {
    identifier("openid", person_id, app_id)
}

/// The unionId of a person under an open-platform account: `o` and 27 characters, always the same.
pub fn unionid_for(person_id: &str, account: &str) -> String {
    identifier("unionid", person_id, account)
}

/// A fresh text of ASCII letters and digits.
pub(crate) fn random_text(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

fn identifier(kind: &str, person: &str, scope: &str) -> String {
    let digest = Sha256::digest(format!("{kind}\0{person}\0{scope}"));
    let characters =
        digest.iter().take(27).filter_map(|byte| ALPHABET.get(usize::from(byte & 63))).map(|byte| char::from(*byte));
    std::iter::once('o').chain(characters).collect()
}
