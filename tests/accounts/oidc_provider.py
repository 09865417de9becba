"""A small OpenID Connect provider, run as a process of its own: it logs everybody in as the person it was started with.

Run: `python oidc_provider.py PORT CLIENT_ID SECRET USERNAME`. It checks what a provider checks: client, redirect
address of the code, secret, and PKCE.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

PORT, CLIENT_ID, SECRET, USERNAME = sys.argv[1:5]
ISSUER = f"http://127.0.0.1:{PORT}"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CLAIMS = {"sub": f"id-of-{USERNAME}", "preferred_username": USERNAME, "email": f"{USERNAME}@example.net",
          "email_verified": True, "name": USERNAME.title()}  # fmt: skip
codes: dict[str, dict[str, str]] = {}


class Provider(BaseHTTPRequestHandler):
    """The five addresses of a provider."""

    def do_GET(self) -> None:
        """Answer discovery, keys, the login itself and what is known of the person."""
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/.well-known/openid-configuration":
            self.answer({
                "issuer": ISSUER,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "userinfo_endpoint": f"{ISSUER}/userinfo",
                "jwks_uri": f"{ISSUER}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            })  # fmt: skip
        elif address.path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            self.answer({"keys": [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]})
        elif address.path == "/authorize" and asked.get("client_id") == CLIENT_ID:
            code = secrets.token_urlsafe()
            codes[code] = asked
            back = urlencode({"code": code, "state": asked.get("state", "")})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        elif address.path == "/userinfo":
            self.answer(CLAIMS)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Exchange a code for tokens, once."""
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(sent).items()}
        basic = self.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            form["client_id"], _, form["client_secret"] = base64.b64decode(basic[6:]).decode().partition(":")
        asked = codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET)
            or form.get("redirect_uri") != asked["redirect_uri"]
            or challenge.rstrip(b"=").decode() != asked.get("code_challenge")
        ):
            self.answer({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims: dict[str, Any] = {**CLAIMS, "iss": ISSUER, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        if "nonce" in asked:
            claims["nonce"] = asked["nonce"]
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "1"})
        self.answer({"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    def answer(self, content: Any, status: int = 200) -> None:
        """Send JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(PORT)), Provider).serve_forever()
