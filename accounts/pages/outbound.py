"""How the OpenID Connect provider is asked: no redirects or proxies, little time, small answers."""

from typing import Any

import requests

TIMEOUT_S = (5.0, 10.0)
MAX_BYTES = 256 * 1024


class Session(requests.Session):
    """As allauth uses it; the issuer is the operator's choice and may be in their own network."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        wanted = {"timeout": TIMEOUT_S, "allow_redirects": False, "stream": True}
        answer = super().request(*args, **{**kwargs, **wanted})
        if answer.is_redirect:
            raise requests.TooManyRedirects("The provider points elsewhere.")
        body = answer.raw.read(MAX_BYTES + 1, decode_content=True)
        if len(body) > MAX_BYTES:
            raise requests.exceptions.ContentDecodingError("The provider's answer is too long.")
        answer._content = body  # noqa: SLF001 - read by us, to the limit
        answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return answer
