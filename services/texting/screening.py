"""Screen addresses: which ones get no text, by the kind of number and its country.

A text to a satellite phone, a premium number or a far country is how a forged sender runs up the
bill. Owns the verdict on an address; the acceptance keeps it, so that `phonenumbers`, which is slow
to import, is loaded at a first contact only and when the rules have changed.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

WHATSAPP: Final = "whatsapp:"
"""What the carrier writes before an address of WhatsApp."""
MALFORMED: Final = "malformed"
NON_GEOGRAPHIC: Final = "non-geographic"
"""A range of no country: satellite phones (+870, +881), global networks (+882, +883), +979 …"""
IMPOSSIBLE: Final = "impossible"
"""Too long or too short for its country."""
UNASSIGNED: Final = "unassigned"
"""The number plan gives such numbers to nobody."""
PREMIUM: Final = "premium"
SHARED_COST: Final = "shared-cost"
PERSONAL: Final = "personal"
"""A number that follows its holder, such as +44 70: billed like a premium number."""
COUNTRY: Final = "country"

# Rules and number plans that change a verdict change this, or a stored verdict would outlive them.
_VERSION: Final = 3
_NO_COUNTRY: Final = "001"  # the "region" of ranges that belong to no country
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# Meta's business-scoped user id: country, point, letters and digits (ENT.: a parent account's).
_WHATSAPP_ID: Final = re.compile(r"([A-Za-z]{2})\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
# WhatsApp still writes some numbers as they were before their country changed them: Mexico's with a
# 1 after the country code, Brazil's mobiles without the 9 after the area code.
_FORMER_SPELLINGS: Final = (
    (re.compile(r"\+521([0-9]{10})"), r"+52\1"),
    (re.compile(r"\+55([0-9]{2})([6-9][0-9]{7})"), r"+55\g<1>9\2"),
)


class Screening:
    """Judges addresses.

    Args:
        countries: ISO codes of the countries that are served; empty for all.
        also_serve: Prefixes of numbers, such as "+8816", that are served whatever their kind and
            country. The number plan here is as old as its release.
    """

    def __init__(self, countries: tuple[str, ...] = (), also_serve: tuple[str, ...] = ()) -> None:
        self._countries = frozenset(country.upper() for country in countries)
        self._also_serve = tuple(sorted(also_serve))
        rules = f"{_VERSION}:{','.join(sorted(self._countries))}:{','.join(self._also_serve)}"
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
        found = _WHATSAPP_ID.fullmatch(number)
        if not address.startswith(WHATSAPP) or found is None:
            return MALFORMED  # short codes and names
        served = not self._countries or found[1].upper() in self._countries
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
        if number.startswith(self._also_serve):
            return True
        import phonenumbers  # noqa: PLC0415  as below

        kind = phonenumbers.PhoneNumberType
        silent = {kind.FIXED_LINE, kind.UAN, kind.VOICEMAIL, kind.PAGER}
        return phonenumbers.number_type(phonenumbers.parse(_current(number))) not in silent

    def _refusal_of_number(self, number: str) -> str | None:
        if number.startswith(self._also_serve):
            return None
        import phonenumbers  # noqa: PLC0415  a tenth of a cold start, for first contacts only

        number = _current(number)
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return MALFORMED
        if phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) != number:
            return MALFORMED  # another spelling of a number would be another person
        refused = _refusal_of_kind(phonenumbers, parsed)
        if refused is not None:
            return refused
        region = phonenumbers.region_code_for_number(parsed)
        return COUNTRY if self._countries and region not in self._countries else None


def _current(number: str) -> str:
    """Give a number as its country writes it today."""
    for former, today in _FORMER_SPELLINGS:
        if former.fullmatch(number):
            return former.sub(today, number)
    return number


def _refusal_of_kind(phonenumbers: Any, parsed: Any) -> str | None:
    """Say why nobody is texted at such a number, wherever it is; None when people have it."""
    if _NO_COUNTRY in phonenumbers.region_codes_for_country_code(parsed.country_code):
        return NON_GEOGRAPHIC
    if not phonenumbers.is_possible_number(parsed):
        return IMPOSSIBLE
    kind = phonenumbers.PhoneNumberType
    refused = {
        kind.PREMIUM_RATE: PREMIUM,
        kind.SHARED_COST: SHARED_COST,
        kind.PERSONAL_NUMBER: PERSONAL,
        kind.UNKNOWN: UNASSIGNED,  # the type of whatever is not valid
    }
    return refused.get(phonenumbers.number_type(parsed))
