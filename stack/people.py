"""Whose texts are taken, and how much one person and all of them may use: settings."""

from typing import Annotated, Any

from pydantic import Field

from stack.section import Section


class People(Section):
    """Whose texts are taken."""

    countries: list[Annotated[str, Field(pattern="^[A-Z]{2}$")]] = Field(
        default_factory=list, description="Countries served, such as US and CA. Empty: all."
    )
    also_serve: list[Annotated[str, Field(pattern=r"^\+[1-9][0-9]{2,14}$")]] = Field(
        default_factory=list,
        max_length=20,
        description='Prefixes of numbers, such as "+8816", in quotes; at least three digits each. '
        "They are served although the number plan calls them satellite, premium or unassigned, and "
        "whatever their country.",
    )
    recycle_after_days: int = Field(
        90, ge=0, description="After this silence a number starts fresh. 0: never."
    )
    continue_days: int = Field(
        0, ge=0, le=30, description="For how long it may then say CONTINUE. 0: not at all."
    )


def _most(default: int, what: str) -> Any:
    return Field(default, ge=0, description=f"{what}; 0: no limit.")


class Allowance(Section):
    """What may be used up before there is one notice a day, and then silence; in UTC."""

    turns_per_day: int = _most(0, "Answers a day")
    tokens_per_day: int = _most(0, "Tokens read and written a day")
    segments_per_day: int = _most(0, "SMS segments a day")
    turns_per_month: int = _most(0, "Answers a month")
    tokens_per_month: int = _most(0, "Tokens read and written a month")
    segments_per_month: int = _most(0, "SMS segments a month")


class PersonAllowance(Allowance):
    """What one person may use: far more than a conversation takes, far less than a flood."""

    turns_per_day: int = _most(100, "Answers a day")
    tokens_per_day: int = _most(300_000, "Tokens read and written a day")
    segments_per_day: int = _most(300, "SMS segments a day")
    turns_per_month: int = _most(1000, "Answers a month")
    tokens_per_month: int = _most(3_000_000, "Tokens read and written a month")
    segments_per_month: int = _most(3000, "SMS segments a month")
