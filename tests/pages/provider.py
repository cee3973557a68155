"""An OpenID Connect provider on loopback, which can be told to do wrong."""

import base64
import functools
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "datastream-tests", "secret-of-the-client"


@functools.cache
def key(number: int) -> rsa.RSAPrivateKey:
    """One of the keys of this run; making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """Signs everybody in at once as `claims` say.

    Attributes
    ----------
    claims : what the id token says besides what every one says; None takes a claim away
    key, algorithm : what it is signed with
    userinfo : what the endpoint of that name answers
    asked : the paths that were asked for
    """

    def __init__(self) -> None:
        self.published = self.key = key(0)
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.asked: list[str] = []
        self.begun: dict[str, dict[str, str]] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def authorize(self, location: str) -> str:
        """Where a browser that was sent to `location` is sent back to."""
        answer = requests.get(location, allow_redirects=False, timeout=5)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    # -------------------------------------------------------------- what it answers

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._get(self)

            def do_POST(self) -> None:
                provider._post(self)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        self.asked.append(parts.path)
        if parts.path == "/authorize":
            sent = dict(parse_qsl(parts.query))
            code = secrets.token_urlsafe(16)
            self.begun[code] = sent
            back = urlencode({"code": code, "state": sent["state"]})
            request.send_response(302)
            request.send_header("Location", f"{sent['redirect_uri']}?{back}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        answers = {
            "/.well-known/openid-configuration": self._about,
            "/jwks": self._keys,
            "/userinfo": lambda: self.userinfo,
        }
        _answer(request, answers[parts.path]())

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        length = int(request.headers["Content-Length"])
        sent = {
            name: values[0]
            for name, values in parse_qs(request.rfile.read(length).decode()).items()
        }
        begun = self.begun.pop(sent["code"])
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == begun["code_challenge"]
        assert (sent["client_id"], sent["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
        token = self._id_token(begun["nonce"])
        _answer(request, {"access_token": "at", "token_type": "Bearer", "id_token": token})

    def _about(self) -> dict[str, Any]:
        names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in names.items()}
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            **endpoints,
            **self.config,
        }

    def _keys(self) -> dict[str, Any]:
        told = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.published.public_key()))
        return {"keys": [{**told, "kid": "one", "alg": "RS256", "use": "sig"}]}

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        usual = {
            "iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
            "email": "person@example.org", "email_verified": True, "sub": "subject-1",
        }  # fmt: skip
        claims = {k: v for k, v in {**usual, **self.claims}.items() if v is not None}
        signer: Any = None if self.algorithm == "none" else self.key
        return jwt.encode(claims, signer, self.algorithm, headers={"kid": "one"})


def _answer(request: BaseHTTPRequestHandler, content: Any) -> None:
    body = json.dumps(content).encode()
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
