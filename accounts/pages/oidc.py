"""Signing in with an account at an OpenID Connect provider.

The library takes an id token from the provider's token endpoint without checking its signature
(OpenID Connect Core 1.0, 3.1.3.7, allows that) and sends no nonce. We do both.
"""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse

from accounts import limits
from datastream.core.errors import ProviderUnavailableError

# No HS256: it is made with the client's secret, and never with `none`.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LEEWAY_S = 60
LONGEST_SUBJECT = 191
Claims = dict[str, Any]


def nonce_of(verifier: str) -> str:
    """Return the nonce of a sign-in: only the session that holds its PKCE verifier can tell it."""
    return hashlib.sha256(f"nonce {verifier}".encode()).hexdigest()


class Adapter(OpenIDConnectOAuth2Adapter):
    nonce = ""

    @property
    def openid_config(self) -> Claims:
        """What the issuer says of itself, read once a request."""
        try:
            config: Claims = super().openid_config
        except requests.RequestException as error:
            raise ProviderUnavailableError("The sign-in elsewhere does not answer.") from error
        if not isinstance(config, dict) or not _is_sound(config):
            raise ProviderUnavailableError("The sign-in elsewhere is not set up properly.")
        return config

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str = ""
    ) -> Claims:
        self.nonce = nonce_of(pkce_code_verifier)
        try:
            told: Claims = super().get_access_token_data(request, app, client, pkce_code_verifier)
        except (KeyError, TypeError, ValueError) as error:
            raise OAuth2Error("The token endpoint does not answer as it should.") from error
        return told

    def parse_token(self, data: Claims) -> SocialToken:
        """Take no more of it than is needed now; nothing is kept."""
        return SocialToken(token=str(data["access_token"]))

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        text = kwargs["response"].get("id_token")
        if not isinstance(text, str):
            raise OAuth2Error("There is no id token.")
        claims = self._decode_id_token(app, text)
        if "email" not in claims and "userinfo_endpoint" in self.openid_config:
            claims = _with_details(claims, self._fetch_user_info(token.token))
        return self.get_provider().sociallogin_from_response(request, claims)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> Claims:
        try:
            claims: Claims = jwt.decode(
                id_token,
                key=self._key_of(id_token),
                algorithms=ALGORITHMS,
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                leeway=LEEWAY_S,
                options={"require": ["iss", "aud", "exp", "iat", "sub"]},
            )
        except (jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise OAuth2Error("The id token is not valid.") from error
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), self.nonce.encode()):
            raise OAuth2Error("The id token is not for this sign-in.")
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("The id token is for another client.")
        if not 0 < len(str(claims["sub"])) <= LONGEST_SUBJECT:
            raise OAuth2Error("The id token's subject is not as it should be.")
        return claims

    def _key_of(self, id_token: str) -> Any:
        """Return the issuer's key that the token names; the only one where it names none."""
        named = jwt.get_unverified_header(id_token).get("kid")
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        fitting = [key for key in keys if named is None or key.key_id == named]
        if len(fitting) != 1:
            raise jwt.InvalidTokenError("The issuer has no such key.")
        return fitting[0]


def _is_sound(config: Claims) -> bool:
    """Whether the document is the configured issuer's own, and its endpoints as safe as it is."""
    if str(config.get("issuer", "")).rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
        return False
    allowed = {"https", urlsplit(settings.OIDC_ISSUER).scheme}
    urls = [config.get(name, "") for name in ENDPOINTS]
    urls += [config[name] for name in ("userinfo_endpoint",) if name in config]
    return all(urlsplit(str(url)).scheme in allowed for url in urls)


def _with_details(claims: Claims, told: Any) -> Claims:
    # OpenID Connect Core 1.0, 5.3.2: without the same subject it may be somebody else's.
    if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
        raise OAuth2Error("The user's details are not those of the id token.")
    return {**told, **claims}


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Adapter

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return ours; an address that somebody made up asks for no more."""
        return list(self.get_scope())

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        return dict(self.get_auth_params())

    def get_pkce_params(self) -> dict[str, str]:
        params: dict[str, str] = super().get_pkce_params()
        return {**params, "nonce": nonce_of(params["code_verifier"])}

    def extract_extra_data(self, data: Claims) -> Claims:
        """Return what is kept of an account elsewhere: enough to know it again by."""
        kept = ("iss", "sub", "email", "email_verified", "preferred_username")
        return {name: data[name] for name in kept if name in data}


def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead to the provider; GET asks first, so that no foreign page starts it."""
    if request.method == "POST":
        # Each makes us ask the provider.
        limits.spend(limits.WRITES)
    view = _begin_connecting if request.GET.get("process") == "connect" else _begin
    return view(request, provider_id)


def _begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    return _answer(OAuth2LoginView, request, provider_id)


_begin_connecting = reauthentication_required(_begin)


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take what the provider sends back; only a browser that began here has the state."""
    return _answer(OAuth2CallbackView, request, provider_id)


def _answer(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        answer: HttpResponse = view.adapter_view(Adapter(request, provider_id))(request)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return answer
