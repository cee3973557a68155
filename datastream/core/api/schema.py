"""How the OpenAPI description is made: error answers, credentials and parameters of every route."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc
from drf_spectacular.utils import OpenApiParameter

from datastream.core.api.permissions import ANYONE, SIGNED_IN, needed, scope_needed
from datastream.core.scopes import IN_PERSON, SCOPES

ERRORS = {
    "400": "Bad input; `details` says which field and why.",
    "401": "Sign in first, or again.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or the caller may not see it.",
    "405": "This path has no such method.",
    "406": "None of the accepted formats can be given.",
    "409": "At odds with what is stored.",
    "412": "It has changed since it was read (`If-Match`).",
    "413": "The body is past the limit.",
    "415": "The body's media type is not understood.",
    "429": "Too many requests; `Retry-After` says when to try again.",
    "503": "A part of the platform is not available; try again shortly.",
}
WRITING = frozenset({"post", "patch", "delete"})
ERROR = {
    "type": "object",
    "description": "The one shape of every error.",
    "required": ["detail"],
    "properties": {
        "detail": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string", "examples": ["VALIDATION_ERROR"]},
                "message": {"type": "string", "examples": ["The request is not valid."]},
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "examples": [{"name": ["This field is required."]}],
                },
            },
        }
    },
}
FIELDS = OpenApiParameter(
    "fields", str, description="Only these members of each object, between commas."
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="Answers 304 where the tag is still good.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="Refuses with 412 where the tag is stale."
)


BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The `access` token of POST /auth/token: somebody has signed in.",
}
OAUTH2 = {
    "type": "oauth2",
    "description": "An access token that an application was given, as `Authorization: Bearer …`. "
    "PKCE by S256 is required with codes.",
    "flows": {
        "authorizationCode": {
            "authorizationUrl": "/oauth2/authorize",
            "tokenUrl": "/oauth2/token",
            "refreshUrl": "/oauth2/token",
            "scopes": SCOPES,
        },
        "clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": SCOPES},
    },
}
API_KEY = {
    "type": "apiKey",
    "in": "header",
    "name": "X-API-Key",
    "description": "A key of POST /auth/api-keys; as `Authorization: Api-Key dsk_…` too.",
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.HeaderAuthentication"
    name: list[str] = ["bearer", "oauth2", "apiKey"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [BEARER, OAUTH2, API_KEY]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        scope = scope_needed(auto_schema.view, auto_schema.method)
        if scope == IN_PERSON:
            return [{"bearer": []}]
        return [{"bearer": []}, {"oauth2": [scope]}, {"apiKey": [scope]}]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of the platform's own pages, with CSRF.",
        }


class Schema(AutoSchema):
    """Adds what every route has, from the view's own declarations."""

    def get_override_parameters(self) -> list[Any]:
        action = getattr(self.view, "action", "")
        parameters: list[Any] = []
        known: set[str] = getattr(self.view, "known_parameters", set)()
        if "fields" in known:
            parameters.append(FIELDS)
        if action in {"retrieve", "me"}:
            parameters.append(IF_NONE_MATCH)
        if action in {"partial_update", "destroy", "change_me"}:
            parameters.append(IF_MATCH)
        return parameters

    def get_auth(self) -> list[Any]:
        if needed(self.view, self.method) == ANYONE:
            return [{}, *super().get_auth()]
        return [one for one in super().get_auth() if one]

    def get_description(self) -> str:  # type: ignore[override]  # as spectacular has it
        """The action's own words; those of its class tell programmers how it is made."""
        action = getattr(self.view, getattr(self.view, "action", "") or "", None)
        return str(get_doc(action)) if action else ""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        # Here and not in the description, which a decorator may have replaced.
        operation = super().get_operation(*args, **kwargs)
        if operation:
            text = operation.get("description", "")
            operation["description"] = f"{text}\n\n{self.who()}".strip()
        return operation

    def who(self) -> str:
        wanted = needed(self.view, self.method)
        who = {ANYONE: "anyone", SIGNED_IN: "anyone signed in"}.get(
            wanted or "", f"roles with the permission `{wanted}`"
        )
        rest = "what is seen and changed depends on the rights on each object."
        return f"Who: {who}; {rest}{self._scope()}"

    def _scope(self) -> str:
        """What a key or token must be good for; nothing where none is looked at."""
        if not self.view.authentication_classes:
            return ""
        scope = scope_needed(self.view, self.method)
        if scope == IN_PERSON:
            return " Not with a key or an OAuth2 token."
        return f" A key or an OAuth2 token needs the scope `{scope}`."


def finish(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Give every operation its error answers."""
    result["components"]["schemas"]["Error"] = ERROR
    reference = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            for status, description in ERRORS.items():
                if _can_happen(status, method, operation):
                    operation["responses"].setdefault(
                        status, {"description": description, "content": reference}
                    )
    return result


def _can_happen(status: str, method: str, operation: dict[str, Any]) -> bool:
    if status in {"409", "412"}:
        return method in WRITING
    if status in {"413", "415"}:
        return "requestBody" in operation
    return True
