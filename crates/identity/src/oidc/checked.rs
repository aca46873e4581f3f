//! The checks of an ID token (OpenID Connect Core 1.0, section 3.1.3.7), and what a failed one says.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreGenderClaim, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier, Nonce,
    SignatureVerificationError,
};
use rules::text::text;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::wire::Wire;
use super::{Known, OidcError, Provider};

/// Only signatures whose secret half never leaves the provider: neither `none` nor the HS family, whose key is our own
/// client secret.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// How far a provider's clock may run ahead of ours; none is allowed at the end of a token's life.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The claims that the standard does not name, such as groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Others {
    #[serde(flatten)]
    pub all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

pub(super) type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
pub(super) type Claims = IdTokenClaims<Others, CoreGenderClaim>;

/// What a token must fit to.
pub(super) struct Expected<'a> {
    pub provider: &'a Provider,
    pub known: &'a Known,
    pub nonce: &'a str,
    pub access: &'a AccessToken,
    pub now: Timestamp,
}

impl Expected<'_> {
    /// The token's claims if every check passes. An unknown key makes the provider's keys be fetched again, once.
    pub fn claims(&self, token: Token, wire: &Wire) -> Result<Claims, OidcError> {
        match self.check(&token, self.known.keys()) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                self.check(&token, self.known.fetch_keys(wire)?)
            }
            checked => checked,
        }
        .map_err(|error| words(&error))
    }

    fn check(&self, token: &Token, keys: CoreJsonWebKeySet) -> Result<Claims, ClaimsVerificationError> {
        let client = ClientId::new(self.provider.client_id.clone());
        let now = self.now;
        // A verifier without the client secret: it could not check an HS signature even if it were allowed.
        let verifier = IdTokenVerifier::new_public_client(client.clone(), self.known.metadata.issuer().clone(), keys)
            .set_allowed_algs(SIGNATURES)
            .set_time_fn(move || SystemTime::from(now).into())
            .set_issue_time_verifier_fn(move |issued| match Timestamp::from_second(issued.timestamp()) {
                Ok(issued) if issued.duration_since(now) <= AHEAD => Ok(()),
                Ok(_) | Err(_) => Err("issued in the future".to_owned()),
            });
        let claims = token.claims(&verifier, &Nonce::new(self.nonce.to_owned()))?;
        if claims.authorized_party().is_some_and(|party| *party != client) {
            return Err(ClaimsVerificationError::InvalidAudience("issued to another client".to_owned()));
        }
        if let Some(hash) = claims.access_token_hash() {
            let signed = ClaimsVerificationError::SignatureVerification;
            let key = token.signing_key(&verifier).map_err(signed)?;
            let actual = AccessTokenHash::from_token(self.access, token.signing_alg().map_err(signed)?, key)
                .map_err(|_| ClaimsVerificationError::Other("the access token cannot be hashed".to_owned()))?;
            if actual != *hash {
                return Err(ClaimsVerificationError::Other("another access token".to_owned()));
            }
        }
        Ok(claims.clone())
    }
}

/// The library's own words may repeat what is in the token; only the kind of the fault is told.
pub(super) fn words(error: &ClaimsVerificationError) -> OidcError {
    OidcError::Invalid(match error {
        ClaimsVerificationError::Expired(_) => text(
            "認証連携先の応答の有効期間が合いません。もう一度サインインし、続くときは双方の時計を運用者に確認してもらってください。",
            "The provider's answer is out of its time. Sign in again; if it stays so, ask the operator to compare both clocks.",
        ),
        ClaimsVerificationError::InvalidAudience(_) => text(
            "認証連携先の応答は、このAkashiに宛てたものではありません。運用者に連絡してください。",
            "The provider's answer is not meant for this Akashi. Tell the operator.",
        ),
        ClaimsVerificationError::InvalidIssuer(_) => text(
            "応答の発行者が認証連携先と異なります。運用者に連絡してください。",
            "The answer was issued by somebody other than the provider. Tell the operator.",
        ),
        ClaimsVerificationError::InvalidNonce(_) => text(
            "認証連携先の応答は、このサインインに対するものではありません。サインインの画面からやり直してください。",
            "The provider's answer belongs to another sign-in. Start again from the sign-in page.",
        ),
        ClaimsVerificationError::InvalidSubject(_) => text(
            "認証連携先の2つの応答が別の人を示しています。運用者に連絡してください。",
            "Two answers of the provider are about different people. Tell the operator.",
        ),
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoSignature)
        | ClaimsVerificationError::SignatureVerification(SignatureVerificationError::DisallowedAlg(_))
        | ClaimsVerificationError::SignatureVerification(SignatureVerificationError::UnsupportedAlg(_)) => text(
            "認証連携先の応答の署名方式は使用できません。運用者に連絡してください。",
            "The provider's answer is signed in a way that is not accepted. Tell the operator.",
        ),
        ClaimsVerificationError::SignatureVerification(_) => text(
            "認証連携先の応答の署名を確認できません。運用者に連絡してください。",
            "The signature of the provider's answer does not verify. Tell the operator.",
        ),
        // The library may add kinds of faults.
        _ => {
            text("認証連携先の応答が正しくありません。運用者に連絡してください。", "The provider's answer is not right. Tell the operator.")
        }
    })
}
