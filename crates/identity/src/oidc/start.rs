//! The way to the provider and back: what the browser carries, and whether the answer belongs to it.

use openidconnect::core::{CoreAuthenticationFlow, CoreClient};
use openidconnect::{AuthenticationContextClass, ClientId, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use rules::text::{Text, text};
use url::form_urlencoded;

use super::{Known, OidcError, Provider};
use crate::{Token, digest};

/// What begins a sign-in. No `Debug`: whoever has the verifier and the answer is signed in.
pub struct Started {
    /// Where the browser goes.
    pub go_to: String,
    /// Comes back with the answer. The caller ties it to this browser (a cookie) and to this provider's id, uses it once,
    /// and forgets it after some minutes.
    pub state: String,
    /// Kept on the server beside the state, for [`Pending`].
    pub nonce: String,
    /// Likewise; it never goes to the browser.
    pub verifier: String,
}

/// What [`start`] made and the caller kept: both belong to one sign-in.
pub struct Pending {
    pub nonce: String,
    pub verifier: String,
}

/// Makes the address of the provider's sign-in page with a fresh state, nonce and PKCE verifier (256 random bits each).
/// `redirect` is Akashi's own address for the answer, registered at the provider.
pub fn start(provider: &Provider, known: &Known, redirect: &str) -> Result<Started, OidcError> {
    let fresh = || Token::fresh().map(|token| token.text().to_owned()).map_err(|_| OidcError::Unreachable(NO_RANDOMNESS));
    let (state, nonce, verifier) = (fresh()?, fresh()?, fresh()?);
    let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| OidcError::Invalid(BAD_REDIRECT))?;
    let client = CoreClient::new(ClientId::new(provider.client_id.clone()), known.metadata.issuer().clone(), known.keys())
        .set_auth_uri(known.metadata.authorization_endpoint().clone())
        .set_redirect_uri(redirect);
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
    let (given_state, given_nonce) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
    let mut request = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || given_state, move || given_nonce)
        .set_pkce_challenge(challenge);
    for scope in ["email", "profile"].into_iter().chain(provider.scopes.iter().map(String::as_str)) {
        request = request.add_scope(Scope::new(scope.to_owned()));
    }
    for acr in &provider.second_factor.acr {
        request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
    }
    let (go_to, _, _) = request.url();
    Ok(Started { go_to: go_to.into(), state, nonce, verifier })
}

/// Reads the query with which the browser came back (without `?`) and gives the code. `state` is the one that the caller
/// tied to this very browser and to this provider, and has now used up; an answer with another one is somebody else's
/// (login CSRF), one with another issuer is another provider's (RFC 9207).
pub fn returned(provider: &Provider, known: &Known, query: &str, state: &str) -> Result<String, OidcError> {
    let (mut code, mut given, mut issuer, mut error) = (None, None, None, None);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = match key.as_ref() {
            "code" => &mut code,
            "state" => &mut given,
            "iss" => &mut issuer,
            "error" => &mut error,
            // Providers add their own, such as `session_state`.
            _ => continue,
        };
        // RFC 6749, section 3.1: none of them twice.
        if place.replace(value.into_owned()).is_some() {
            return Err(OidcError::Invalid(NOT_OURS));
        }
    }
    // Digests, so that the comparison's time tells nothing.
    if given.is_none_or(|given| digest(&given) != digest(state)) {
        return Err(OidcError::Invalid(NOT_OURS));
    }
    let named = known.metadata.additional_metadata().authorization_response_iss_parameter_supported;
    if issuer.map_or(named, |issuer| issuer != provider.issuer) {
        return Err(OidcError::Invalid(NOT_OURS));
    }
    match (error.as_deref(), code) {
        (Some("access_denied"), _) => Err(OidcError::Refused(text(
            "認証連携先でのサインインが取り消されたか、認められませんでした。",
            "The sign-in was cancelled or denied at the provider.",
        ))),
        (Some("temporarily_unavailable" | "server_error"), _) => Err(OidcError::Unreachable(text(
            "認証連携先で障害が発生しています。時間をおいてやり直してください。",
            "The provider has a fault of its own. Try again later.",
        ))),
        (Some(_), _) => Err(OidcError::Refused(text(
            "認証連携先がサインインの要求を受け付けませんでした。やり直し、続くときは運用者に連絡してください。",
            "The provider did not accept the request to sign in. Try again; tell the operator if it stays so.",
        ))),
        (None, Some(code)) if !code.is_empty() => Ok(code),
        (None, _) => Err(OidcError::Invalid(NOT_OURS)),
    }
}

const NOT_OURS: Text = text(
    "この画面から始めたサインインへの応答ではありません。サインインの画面からやり直してください。",
    "This does not answer a sign-in that began here. Start again from the sign-in page.",
);
const BAD_REDIRECT: Text = text(
    "Akashi自身のアドレスの設定が正しくありません。運用者に連絡してください。",
    "The address of Akashi itself is not set right. Tell the operator.",
);
const NO_RANDOMNESS: Text =
    text("サーバーで乱数を用意できません。運用者に連絡してください。", "The server has no random numbers. Tell the operator.");
