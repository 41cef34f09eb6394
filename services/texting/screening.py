"""Whose texts are not taken: malformed senders, premium numbers, countries that are not served.

An answer to a premium number or to a far country is how a text runs up somebody's bill. Owns the
verdict on an address; the acceptance keeps it, so that `phonenumbers`, which is slow to import, is
loaded at a first contact only and when the rules have changed.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

WHATSAPP: Final = "whatsapp:"
"""What the carrier writes before an address of WhatsApp."""
MALFORMED: Final = "malformed"
PREMIUM: Final = "premium"
COUNTRY: Final = "country"

# Rules and number plans that change a verdict change this, or a stored verdict would outlive them.
_VERSION: Final = 1
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# Meta's business-scoped user id: the country, a point, letters and digits.
_WHATSAPP_ID: Final = re.compile(r"([A-Z]{2})\.[0-9A-Za-z]{1,128}")


class Screening:
    """Judges addresses.

    Args:
        countries: ISO codes of the countries that are served; empty for all.
    """

    def __init__(self, countries: tuple[str, ...] = ()) -> None:
        self._countries = frozenset(country.upper() for country in countries)
        rules = f"{_VERSION}:{','.join(sorted(self._countries))}"
        self.fingerprint = hashlib.sha256(rules.encode()).hexdigest()[:8]
        """Names the rules, without saying them: a verdict under others is no longer one."""

    def refusal(self, address: str) -> str | None:
        """Why texts from an address are not taken; None when they are.

        Args:
            address: As the carrier writes it, with `whatsapp:` where it has it.
        """
        number = address.removeprefix(WHATSAPP)
        if _NUMBER.fullmatch(number):
            return self._refusal_of_number(number)
        if not address.startswith(WHATSAPP):
            return MALFORMED  # short codes and names: nobody to talk with
        found = _WHATSAPP_ID.fullmatch(number)
        served = not (found and self._countries) or found[1] in self._countries
        return None if served else COUNTRY

    def is_number(self, address: str) -> bool:
        """Whether an address is a telephone number in full: not hidden, not a name."""
        return _NUMBER.fullmatch(address) is not None

    def takes_texts(self, number: str) -> bool:
        """Whether a caller's number can be texted: served, and not surely one without texts.

        Where the number plan cannot tell a mobile from a line at home, it is tried.
        """
        if not self.is_number(number) or self.refusal(number) is not None:
            return False
        import phonenumbers  # noqa: PLC0415  as below

        kind = phonenumbers.PhoneNumberType
        silent = {kind.FIXED_LINE, kind.UAN, kind.VOICEMAIL, kind.PAGER}
        return phonenumbers.number_type(phonenumbers.parse(number)) not in silent

    def _refusal_of_number(self, number: str) -> str | None:
        import phonenumbers  # noqa: PLC0415  a tenth of a cold start, for first contacts only

        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return MALFORMED
        kind = phonenumbers.PhoneNumberType
        if phonenumbers.number_type(parsed) in {kind.PREMIUM_RATE, kind.SHARED_COST}:
            return PREMIUM
        if self._countries and not self._countries & _regions(phonenumbers, parsed):
            return COUNTRY
        return None


def _regions(phonenumbers: Any, parsed: Any) -> set[str]:
    """Where a number is; every country of its code when the number plan does not tell."""
    region = phonenumbers.region_code_for_number(parsed)
    if region is not None:
        return {region}
    return set(phonenumbers.region_codes_for_country_code(parsed.country_code))
