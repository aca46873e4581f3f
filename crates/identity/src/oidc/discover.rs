//! What a provider publishes about itself: its endpoints and the keys it signs with.

use std::sync::{PoisonError, RwLock};

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use rules::text::text;
use serde::{Deserialize, Serialize};
use url::Url;

use super::wire::{Silence, Wire, is_loopback, may_be_called};
use super::{OidcError, Provider};

pub(super) type Metadata = ProviderMetadata<
    Announced,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What newer standards add to the published document.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Announced {
    /// Every answer names its issuer (RFC 9207), so that one provider's answer cannot pass for another's.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Announced {}

/// What [`discover`] found. The caller keeps it, shares it between sign-ins, and asks again after a day or an error;
/// keys that appear in between are fetched by [`super::finish`] and kept in here.
pub struct Known {
    pub(super) metadata: Metadata,
    keys: RwLock<CoreJsonWebKeySet>,
}

impl Known {
    pub(super) fn keys(&self) -> CoreJsonWebKeySet {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for the provider's keys again: it signed with one that is not among ours.
    pub(super) fn fetch_keys(&self, wire: &Wire) -> Result<CoreJsonWebKeySet, OidcError> {
        let fresh = CoreJsonWebKeySet::fetch(self.metadata.jwks_uri(), wire).map_err(words)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
    }
}

/// Fetches the provider's document and keys (two requests). Fails if the document names another issuer, or an
/// endpoint without TLS.
pub fn discover(provider: &Provider) -> Result<Known, OidcError> {
    let wire = Wire::to(provider)?;
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|_| invalid())?;
    let metadata = Metadata::discover(&issuer, &wire).map_err(words)?;
    let loopback = is_loopback(issuer.url());
    let token = metadata.token_endpoint().ok_or_else(invalid)?.url();
    let userinfo = metadata.userinfo_endpoint().map(|endpoint| endpoint.url());
    let endpoints: [Option<&Url>; 3] = [Some(metadata.authorization_endpoint().url()), Some(token), userinfo];
    if !endpoints.into_iter().flatten().all(|url| may_be_called(url, loopback)) {
        return Err(invalid());
    }
    let keys = RwLock::new(metadata.jwks().clone());
    Ok(Known { metadata, keys })
}

fn words(error: DiscoveryError<Silence>) -> OidcError {
    match error {
        DiscoveryError::Request(silence) => OidcError::Unreachable(silence.0),
        DiscoveryError::Response(..) => OidcError::Unreachable(text(
            "認証連携先の公開情報を取得できません。発行者のアドレスを運用者に確認してもらってください。",
            "The provider does not give its published document. Ask the operator to check the issuer's address.",
        )),
        DiscoveryError::Validation(_) => OidcError::Invalid(text(
            "認証連携先が名乗る発行者が設定と異なります。運用者に連絡してください。",
            "The provider calls itself by another issuer than the settings. Tell the operator.",
        )),
        // The library may add kinds of errors.
        _ => invalid(),
    }
}

fn invalid() -> OidcError {
    OidcError::Invalid(text(
        "認証連携先の公開情報が正しくありません。運用者に連絡してください。",
        "The provider's published document is not right. Tell the operator.",
    ))
}
