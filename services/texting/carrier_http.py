"""How requests reach the carrier: our base URL, one attempt, a bounded time, and no logging.

The SDK's transport, replaced. Decides nothing about what a response or an error means.
"""

from __future__ import annotations

import logging
from typing import Final

import requests
from twilio.http import HttpClient
from twilio.http.response import Response

DEFAULT_URL: Final = "https://api.twilio.com"

_CONNECT_SHARE: Final = 0.3


class CarrierHttp(HttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's transport for one account.

    The SDK's own client logs query parameters, which hold phone numbers. It also keeps
    connections: a function is frozen between invocations, so a kept connection may be dead, and a
    request lost on it would have an unknown outcome. A fresh one fails before anything is sent.
    """

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=timeout_seconds)
        # urllib3 writes whole URLs at DEBUG, and a listing's has a number in its query.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        self._base_url = base_url.rstrip("/")
        connect = timeout_seconds * _CONNECT_SHARE
        self._timeouts = (connect, timeout_seconds - connect)

    def request(  # noqa: PLR0917  the SDK's signature
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002  the SDK's signature; ours holds
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002  the SDK's signature
    ) -> Response:
        """Make one request."""
        if not url.startswith(DEFAULT_URL + "/"):
            raise ValueError("a URL that is not the carrier's")
        with requests.Session() as session:
            # Neither a proxy nor a .netrc of the surroundings gets the account's token.
            session.trust_env = False
            response = session.request(
                method.upper(),
                self._base_url + url.removeprefix(DEFAULT_URL),
                params=params,  # type: ignore[arg-type]  # the SDK has only texts and numbers
                data=data,
                headers=headers,
                auth=auth,
                timeout=self._timeouts,
                allow_redirects=False,
            )
            response.encoding = "utf-8"
            return Response(response.status_code, response.text, response.headers)
