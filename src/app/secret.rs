//! Secrets that leave the house once and are kept only as their hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Random bytes from the system's generator.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

/// A secret of 256 bits, as text that survives URLs and headers.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// What is stored of a secret. A fast hash is right here: the secrets are random, not chosen by people.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
