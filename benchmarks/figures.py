"""One measured figure, and the table that the README shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measure against its baseline of the same run.

    Attributes:
        measure: What was measured.
        baseline: What it is compared with.
        value: The ratio, or megabytes.
        unit: "×", "× fewer" or "MB".
        must: The bound that it must keep.
        aim: What we would like.
        detail: The numbers behind it.
    """

    measure: str
    baseline: str
    value: float
    unit: str
    must: float
    aim: float | None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def more_is_better(self) -> bool:
        """Whether the bound is a floor."""
        return self.unit == "× fewer"

    @property
    def kept(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.value >= self.must if self.more_is_better else self.value <= self.must

    @property
    def row(self) -> str:
        """The figure as a row of the README's table."""
        sign = "≥" if self.more_is_better else "≤"
        digits = 2 if self.unit == "×" else 1
        aim = f"{self.aim:g}" if self.aim is not None else "–"
        return (
            f"| {self.measure} | {self.baseline} | **{self.value:.{digits}f} {self.unit}** "
            f"| {sign} {self.must:g} | {aim} |"
        )


HEADER = "| measure | against, in the same run | measured | must | aim |\n|---|---|---|---|---|"


def table(figures: Sequence[Figure]) -> str:
    """All figures as a Markdown table."""
    return "\n".join([HEADER, *(figure.row for figure in figures)])


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """All figures with the numbers behind them."""
    return [{**asdict(figure), "kept": figure.kept} for figure in figures]
