"""The carrier's log: what it lists, what it gives back, and what it deletes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conversation.erasing import CopiesUnavailableError
from tests.services.carrier_api import Api, Vault, carrier, listing, message
from texting.carrier_outcomes import CarrierUnavailableError
from texting.copies import CarrierCopies

NINE = 1_795_251_600_000


def test_lists_what_was_sent_since(api: Api) -> None:
    """Newest first, over pages, down to the time asked for and no further."""
    newest = [message("SM4", 1800), message("SMi", 1790, "inbound")]
    older = [message("SM3", 1700, error_code=30003), message("SM2", 600)]
    pages = {
        0: listing(newest, "/2010-04-01/p?Page=1"),
        1: listing(older, "/2010-04-01/p?Page=2"),
    }
    api.status = 200
    api.body = lambda path: pages[int(parse_qs(urlsplit(path).query).get("Page", ["0"])[0])]
    found = carrier(api.url).list_messages_to("+13035550111", NINE + 1_650_000)
    assert [m.sid for m in found] == ["SM4", "SM3"]
    assert found[0].created_at == NINE + 1_800_000
    assert found[1].error_code == 30003
    assert len(api.seen) == 2
    assert parse_qs(urlsplit(api.seen[0][1]).query)["To"] == ["+13035550111"]


def test_lists_what_came_in(api: Api) -> None:
    """Our own outbound messages are left out."""
    api.status = 200
    api.body = listing([message("SM1", 10), message("SM2", 5, "inbound", num_media="2")])
    (found,) = carrier(api.url).list_inbound("+13035550100", NINE)
    assert (found.sid, found.media) == ("SM2", 2)


def test_message_without_a_date_is_listed(api: Api) -> None:
    """A message that the carrier has not dated yet is as new as can be."""
    api.status, api.body = 200, listing([message("SM1", 10, date_created=None)])
    (found,) = carrier(api.url).list_messages_to("+13035550111", NINE)
    assert found.created_at is None


@pytest.mark.parametrize(("status", "body"), [(500, b""), (401, b"{}"), (200, b"x"), (200, b"{}")])
def test_listing_that_fails(api: Api, status: int, body: bytes) -> None:
    """Whatever goes wrong, the caller learns that nobody could be asked."""
    api.status, api.body = status, body
    with pytest.raises(CarrierUnavailableError):
        carrier(api.url).list_messages_to("+13035550111", 0)


def test_listing_without_a_connection() -> None:
    """Neither a refused connection nor a missing secret is anything else."""
    with pytest.raises(CarrierUnavailableError):
        carrier("http://carrier.invalid").list_inbound("+13035550100", 0)
    with pytest.raises(CarrierUnavailableError):
        carrier("http://carrier.invalid", Vault({})).list_inbound("+13035550100", 0)


def no_such(status: int, code: int) -> dict[str, Any]:
    """An error of the API."""
    return {"status": status, "code": code, "message": "no"}


@pytest.mark.parametrize(
    ("status", "body", "gone"),
    [
        (204, None, True),
        (404, no_such(404, 20404), True),
        (409, no_such(409, 20009), False),
        (400, no_such(400, 20009), False),
    ],
)
def test_a_copy_is_gone_or_not_yet(api: Api, status: int, body: Any, *, gone: bool) -> None:
    """Deleted, deleted before, or not finished with: the last is asked for again later."""
    api.status, api.body = status, body
    assert carrier(api.url).erase("SM1") is gone
    [(method, path, _, _)] = api.seen
    assert (method, path) == ("DELETE", "/carrier/2010-04-01/Accounts/AC1/Messages/SM1.json")


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (404, 0), (429, 20429), (500, 0)])
def test_a_copy_that_nobody_can_be_asked_for(api: Api, status: int, code: int) -> None:
    """Credentials, limits and outages are no answer: FORGET is not done."""
    api.status, api.body = status, no_such(status, code)
    with pytest.raises(CarrierUnavailableError):
        carrier(api.url).erase("SM1")


def test_a_message_is_fetched_while_it_is_there(api: Api) -> None:
    """Both ends of it, as the carrier writes them; None once it is gone."""
    api.status, api.body = 200, message("SM1", 10, "inbound")
    found = carrier(api.url).fetch("SM1")
    assert found is not None
    assert (found.sid, found.sender, found.to) == ("SM1", "+13035550100", "+13035550111")
    api.status, api.body = 404, no_such(404, 20404)
    assert carrier(api.url).fetch("SM1") is None


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (404, 0), (429, 20429), (500, 0)])
def test_a_message_that_nobody_can_be_asked_for(api: Api, status: int, code: int) -> None:
    """Then it is not known whether it is there."""
    api.status, api.body = status, no_such(status, code)
    with pytest.raises(CarrierUnavailableError):
        carrier(api.url).fetch("SM1")


def test_what_went_back_to_who_texted(api: Api) -> None:
    """Ours to them, by the way the text came, in that time; nobody else's, and no carrier's own."""
    heard = message("SMin", 600, "inbound", **{"from": "+13035550111", "to": "+13035550100"})
    listed = listing(
        [
            message("SMlater", 1000),
            message("SMservice", 690, messaging_service_sid="MG1", **{"from": "+13035550177"}),
            message("SMback", 620),
            message("SMword", 615, "outbound-reply"),
            message("SMother", 610, **{"from": "+13035550199"}),
        ]
    )
    api.status = 200
    api.body = lambda path: heard if "SMin" in path else listed
    copies = CarrierCopies(carrier(api.url, messaging_service_sid="MG1"))
    since, until = NINE + 500_000, NINE + 700_000
    assert copies.sent_back("SMin", since, until) == ["SMservice", "SMback"]
    assert parse_qs(urlsplit(api.seen[-1][1]).query)["To"] == ["+13035550111"]


def test_what_went_back_to_a_text_that_is_gone(api: Api) -> None:
    """Nobody can say; a carrier that cannot be asked is something else."""
    copies = CarrierCopies(carrier(api.url))
    api.status, api.body = 404, no_such(404, 20404)
    assert copies.sent_back("SMin", 0, 1) is None
    api.status, api.body = 500, no_such(500, 0)
    with pytest.raises(CopiesUnavailableError):
        copies.sent_back("SMin", 0, 1)
