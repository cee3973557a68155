"""OAuth2 with its rules broken."""

from typing import Any

from oauth2_provider.models import AccessToken, Grant, RefreshToken

from accounts.oauth2 import access_tokens, redirects, server, validator, views
from accounts.selectors import oauth2 as selectors
from accounts.services import oauth2
from datastream.core.origin import Credential
from tests.security.faults import Switch, fault

# The type checker minds functions that are replaced.
Validator: Any = validator.Validator
rules: Any = validator
given: Any = selectors


@fault("k-12", "A code is good as often as it is shown.")
def code_again(is_on: Switch) -> None:
    proper = Grant.delete

    def delete(grant: Grant, *args: Any, **kwargs: Any) -> Any:
        return None if is_on() else proper(grant, *args, **kwargs)

    Grant.delete = delete


@fault("k-12", "A code shown a second time is refused, and its tokens live on.")
def code_replay_unpunished(is_on: Switch) -> None:
    proper = rules._end_what_came_of

    def end(*args: Any) -> None:
        if not is_on():
            proper(*args)

    rules._end_what_came_of = end


@fault("k-12", "A code lives for an hour.")
def code_lives_long(is_on: Switch) -> None:
    proper = Grant.is_expired
    Grant.is_expired = lambda grant: False if is_on() else proper(grant)


@fault("k-12", "The verifier is not compared with the challenge.")
def any_verifier(is_on: Switch) -> None:
    proper = server.CodeGrant._code_challenge_methods["S256"]

    def compare(verifier: str, challenge: str) -> bool:
        return is_on() or bool(proper(verifier, challenge))

    server.CodeGrant._code_challenge_methods["S256"] = compare


@fault("k-12", "The challenge may be the verifier itself.")
def plain_challenge(is_on: Switch) -> None:
    methods = server.CodeGrant._code_challenge_methods
    methods_of = server.CodeGrant.validate_authorization_request

    def validate(grant: Any, request: Any) -> Any:
        known = {**methods, "plain": lambda verifier, challenge: verifier == challenge}
        grant._code_challenge_methods = known if is_on() else methods
        return methods_of(grant, request)

    server.CodeGrant.validate_authorization_request = validate


@fault("k-12", "It is enough that an address begins like the registered one.")
def address_begins_alike(is_on: Switch) -> None:
    proper = redirects.is_registered

    def is_registered(uri: str, registered: str) -> bool:
        if is_on():
            return any(uri.startswith(one) for one in registered.split())
        return proper(uri, registered)

    redirects.is_registered = is_registered


@fault("k-12", "A code of another application is taken.")
def code_of_another(is_on: Switch) -> None:
    proper = Validator.validate_code

    def validate(self: Any, client_id: str, code: str, client: Any, request: Any) -> Any:
        found = Grant.objects.filter(code=access_tokens.checksum(code)).first()
        its_own = found.application if is_on() and found else client
        return proper(self, client_id, code, its_own, request)

    Validator.validate_code = validate


@fault("k-12", "A used refresh token is refused, and its family lives on.")
def family_lives_on(is_on: Switch) -> None:
    proper = RefreshToken.revoke_family.__func__

    def revoke_family(kind: Any, family: Any) -> None:
        if not is_on():
            proper(kind, family)

    RefreshToken.revoke_family = classmethod(revoke_family)


@fault("k-12", "Renewing prolongs access for ever.")
def never_over(is_on: Switch) -> None:
    proper = rules._is_over
    rules._is_over = lambda family: False if is_on() else proper(family)


@fault("k-12", "Tokens are stored as they are.")
def plain_tokens(is_on: Switch) -> None:
    proper = AccessToken.save

    def save(token: AccessToken, *args: Any, **kwargs: Any) -> None:
        if is_on() and token._raw_token:
            token.token = token._raw_token
        proper(token, *args, **kwargs)

    AccessToken.save = save


@fault("k-12", "Consent is not asked for.")
def no_consent(is_on: Switch) -> None:
    proper = given.has_granted
    given.has_granted = lambda *asked: is_on() or proper(*asked)


@fault("k-12", "Whoever has a secret learns about every token.")
def introspects_all(is_on: Switch) -> None:
    proper = views._about

    def about(text: str, application: Any) -> dict[str, Any]:
        found = AccessToken.objects.filter(token_checksum=access_tokens.checksum(text)).first()
        return proper(text, found.application if is_on() and found else application)

    views._about = about


@fault("k-12", "An application ends tokens of another.")
def revokes_all(is_on: Switch) -> None:
    proper = Validator.revoke_token

    def revoke(self: Any, token: str, hint: str | None, request: Any) -> None:
        proper(self, token, hint, request)
        if is_on():
            AccessToken.objects.filter(token_checksum=access_tokens.checksum(token)).delete()

    Validator.revoke_token = revoke


@fault("k-12", "A public application needs no secret to act as its owner.")
def public_acts(is_on: Switch) -> None:
    proper = Validator.authenticate_client

    def authenticate(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        if is_on() and self._load_application(request.client_id, request) is not None:
            return True
        return proper(self, request, *args, **kwargs)

    Validator.authenticate_client = authenticate


@fault("k-07", "What programs were let in with outlives a change of the password.")
def tokens_outlive_the_password(is_on: Switch) -> None:
    proper = oauth2.end_tokens

    def end_tokens(user: Any) -> None:
        if not is_on():
            proper(user)

    oauth2.end_tokens = end_tokens


@fault("k-10", "OAuth2 tokens count as their users in person.")
def token_in_person(is_on: Switch) -> None:
    proper = access_tokens.caller_of

    def caller_of(text: str) -> Any:
        user, credential = proper(text)
        return (user, Credential(credential.kind, credential.id)) if is_on() else (user, credential)

    access_tokens.caller_of = caller_of
