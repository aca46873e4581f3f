//! From the code that the browser brought back to a person: who they are, and which roles their groups give.

use jiff::Timestamp;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenFields, LocalizedClaim, OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardErrorResponse,
    StandardTokenResponse, SubjectIdentifier, TokenResponse, UserInfoClaims, UserInfoError,
};
use rules::text::text;
use serde_json::Value;

use super::checked::{self, Claims, Expected, Others};
use super::start::Pending;
use super::wire::{Silence, Wire};
use super::{Known, OidcError, Provider};

/// The longest mail address (RFC 5321 allows 254 octets) and name that are believed, in characters.
const LONGEST: usize = 254;

/// A person as the provider vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Never given to somebody else by this issuer: `issuer` and `subject` together are the account, not the address.
    pub subject: String,
    pub issuer: String,
    /// As the provider writes it; ASCII, of one of the provider's domains.
    pub email: String,
    /// Always true: an address that nobody verified is refused.
    pub email_verified: bool,
    /// The address where the provider gives no name.
    pub name: String,
    /// Every group, also those that mean nothing here.
    pub groups: Vec<String>,
    /// The provider says that one of the ways counted as a second factor was used.
    pub second_factor: bool,
    /// When the person proved who they are, maybe long before this sign-in. `None`: the provider does not say.
    pub at: Option<Timestamp>,
}

type Fields = IdTokenFields<Others, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

type Asking = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Info = UserInfoClaims<Others, CoreGenderClaim>;

/// Exchanges the code and believes what comes back only if every check passes: signature, issuer, audience, times
/// against `now`, nonce, hash of the access token, verified address of an accepted domain. One request, two if the ID
/// token does not say everything (then the userinfo endpoint is asked), one more after a change of keys.
///
/// The caller has checked the state ([`super::returned`]), and uses `pending` for one answer only.
pub fn finish(
    provider: &Provider,
    known: &Known,
    redirect: &str,
    code: &str,
    pending: &Pending,
    now: Timestamp,
) -> Result<Recognised, OidcError> {
    let wire = Wire::to(provider)?;
    let client = client(provider, known, redirect)?;
    let answer = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .map_err(|_| incomplete())?
        .set_pkce_verifier(PkceCodeVerifier::new(pending.verifier.clone()))
        .request(&wire)
        .map_err(refused)?;
    let token = answer.id_token().ok_or_else(incomplete)?.clone();
    let expected = Expected { provider, known, nonce: &pending.nonce, access: answer.access_token(), now };
    let claims = expected.claims(token, &wire)?;
    let others = &claims.additional_claims().all;
    let says_all = claims.email().is_some()
        && claims.email_verified().is_some()
        && claims.name().is_some()
        && (provider.groups.is_empty() || others.contains_key(&provider.groups_claim));
    let info = if says_all || known.metadata.userinfo_endpoint().is_none() {
        None
    } else {
        let subject: SubjectIdentifier = claims.subject().clone();
        let request = client.user_info(answer.access_token().clone(), Some(subject)).map_err(|_| incomplete())?;
        Some(request.request(&wire).map_err(no_info)?)
    };
    recognised(provider, &claims, info.as_ref())
}

/// The role words that the person's groups give, each once, in order. No group, no role.
pub fn roles(provider: &Provider, recognised: &Recognised) -> Vec<String> {
    let mut words: Vec<String> = recognised.groups.iter().filter_map(|group| provider.groups.get(group)).flatten().cloned().collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn client(provider: &Provider, known: &Known, redirect: &str) -> Result<Asking, OidcError> {
    let secret = match (&provider.secret, &provider.client_secret_file) {
        (Some(secret), _) => Some(ClientSecret::new(secret.text().to_owned())),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(OidcError::Invalid(text(
                "認証連携先のクライアントシークレットが読み込まれていません。運用者に連絡してください。",
                "The client secret for the provider was not read. Tell the operator.",
            )));
        }
    };
    let ways = known.metadata.token_endpoint_auth_methods_supported();
    let offers = |way: &CoreClientAuthMethod| ways.is_some_and(|ways| ways.contains(way));
    // In the header unless the provider takes it in the body only (OpenID Connect Discovery 1.0, section 3: the default).
    let in_body = offers(&CoreClientAuthMethod::ClientSecretPost) && !offers(&CoreClientAuthMethod::ClientSecretBasic);
    let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| incomplete())?;
    Ok(Client::from_provider_metadata(known.metadata.clone(), ClientId::new(provider.client_id.clone()), secret)
        .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
        .set_redirect_uri(redirect))
}

fn recognised(provider: &Provider, claims: &Claims, info: Option<&Info>) -> Result<Recognised, OidcError> {
    // Address and its confirmation from one and the same place: one says nothing about the other's.
    let email = match (claims.email(), claims.email_verified(), info) {
        (Some(email), Some(verified), _) => Some((email, verified)),
        (Some(_) | None, _, Some(info)) => info.email().map(|email| (email, info.email_verified().unwrap_or(false))),
        (Some(email), None, None) => Some((email, false)),
        (None, _, None) => None,
    };
    let Some((email, verified)) = email else {
        return Err(OidcError::Refused(text(
            "認証連携先からメールアドレスが示されませんでした。認証連携先の管理者に確認してください。",
            "The provider gives no mail address. Ask its administrator.",
        )));
    };
    if !verified {
        return Err(OidcError::Refused(text(
            "認証連携先で確認されていないメールアドレスです。認証連携先で確認を済ませてから、やり直してください。",
            "This mail address is not verified at the provider. Have it verified there, then try again.",
        )));
    }
    let is_ours = |email: &str| {
        email.is_ascii() && email.len() <= LONGEST && email.bytes().all(|b| b.is_ascii_graphic()) && {
            let domain = email.split_once('@').filter(|(local, _)| !local.is_empty()).map(|(_, domain)| domain);
            domain.is_some_and(|domain| provider.email_domains.contains(&domain.to_ascii_lowercase()))
        }
    };
    if !is_ours(email) {
        return Err(OidcError::Refused(text(
            "このメールアドレスのドメインは、この認証連携先では受け付けていません。組織の管理者に確認してください。",
            "Mail addresses of this domain are not accepted from this provider. Ask your organisation's administrator.",
        )));
    }
    let name = localised(claims.name()).or_else(|| info.and_then(|info| localised(info.name())));
    let groups = claims
        .additional_claims()
        .all
        .get(&provider.groups_claim)
        .or_else(|| info.and_then(|info| info.additional_claims().all.get(&provider.groups_claim)));
    let acr = claims.auth_context_ref().is_some_and(|acr| provider.second_factor.acr.contains(acr.as_str()));
    let ways = claims.auth_method_refs().map(Vec::as_slice).unwrap_or_default();
    let amr = ways.iter().any(|way| provider.second_factor.amr.contains(way.as_str()));
    Ok(Recognised {
        subject: claims.subject().as_str().to_owned(),
        issuer: claims.issuer().as_str().to_owned(),
        email: email.as_str().to_owned(),
        email_verified: verified,
        name: name.unwrap_or_else(|| email.as_str().to_owned()),
        groups: texts(groups),
        second_factor: acr || amr,
        at: claims.auth_time().and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
    })
}

/// The name without a language, else the Japanese one; without control characters and not endless.
fn localised(names: Option<&LocalizedClaim<openidconnect::EndUserName>>) -> Option<String> {
    let names = names?;
    let japanese = openidconnect::LanguageTag::new("ja".to_owned());
    let name = names.get(None).or_else(|| names.get(Some(&japanese)))?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A claim with one text or several; anything else in it is no group.
fn texts(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

fn refused(error: RequestTokenError<Silence, StandardErrorResponse<CoreErrorResponseType>>) -> OidcError {
    match error {
        RequestTokenError::Request(silence) => OidcError::Unreachable(silence.0),
        RequestTokenError::ServerResponse(answer) => OidcError::Refused(match answer.error() {
            CoreErrorResponseType::InvalidGrant => text(
                "このサインインは、使用済みか期限切れです。サインインの画面からやり直してください。",
                "This sign-in was used already or is too old. Start again from the sign-in page.",
            ),
            CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => text(
                "認証連携先がAkashiを認めません（クライアントIDまたはシークレットの設定）。運用者に連絡してください。",
                "The provider does not accept Akashi (client id or secret). Tell the operator.",
            ),
            CoreErrorResponseType::InvalidRequest
            | CoreErrorResponseType::InvalidScope
            | CoreErrorResponseType::UnsupportedGrantType
            | CoreErrorResponseType::Extension(_) => text(
                "認証連携先が要求を受け付けませんでした。運用者に連絡してください。",
                "The provider did not accept the request. Tell the operator.",
            ),
        }),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => incomplete(),
    }
}

fn no_info(error: UserInfoError<Silence>) -> OidcError {
    match error {
        UserInfoError::Request(silence) => OidcError::Unreachable(silence.0),
        UserInfoError::ClaimsVerification(error) => checked::words(&error),
        // The library may add kinds of errors.
        _ => incomplete(),
    }
}

fn incomplete() -> OidcError {
    OidcError::Invalid(text(
        "認証連携先の応答を読み取れません。運用者に連絡してください。",
        "The provider's answer cannot be read. Tell the operator.",
    ))
}
