"""How the carrier's API says no: one of Twilio's codes in Twilio's error document."""

from __future__ import annotations

from fastapi.responses import JSONResponse


class RefusedError(Exception):
    """A request that the API refuses with one of Twilio's codes."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> JSONResponse:
        """Twilio's error document."""
        document = {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return JSONResponse(document, self.status)


def not_found(sid: str) -> RefusedError:
    """The refusal for a resource that does not exist."""
    return RefusedError(404, 20404, f"The requested resource {sid} was not found")
