"""How a stack file is read, how its mistakes are reported, and what ``Pulumi.yaml`` says of it.

Knows no setting: everything comes from the model it is given.
"""

import difflib
import itertools
import json
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pulumi
import yaml
from pulumi.runtime import config as runtime_config
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

NAMESPACE = "dialtone"
PROJECT_FILE = Path(__file__).parent.parent / "Pulumi.yaml"
_BEGIN = "# Generated from settings.py: python -m settings --write"
_WIDTH = 92

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Mistake:
    """What is wrong, where, and a value that would be right."""

    path: str
    problem: str
    fix: Any = PydanticUndefined

    def __str__(self) -> str:
        """One entry of the report, with the YAML that would fix it."""
        head = f"{NAMESPACE}:{self.path}: {self.problem}"
        if self.fix is PydanticUndefined:
            return head
        first, *rest = self.path.split(".")
        value: Any = self.fix
        for part in reversed(rest):
            value = {part: value}
        fixed = _yaml({"config": {f"{NAMESPACE}:{first}": value}})
        return f"{head}\n{textwrap.indent(fixed, '    ')}".rstrip()


class SettingsError(Exception):
    """The stack's settings are wrong; the message has every mistake and how to mend it."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        """Take all mistakes at once."""
        self.mistakes = list(mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        entries = "\n\n".join(map(str, mistakes))
        super().__init__(f"{count} in Pulumi.{pulumi.get_stack()}.yaml\n\n{entries}")


def read(
    model: type[Model],
    contradictions: Callable[[Model], list[Mistake]],
    overrides: Mapping[str, Any] | None = None,
) -> Model:
    """Read a stack's configuration.

    Args:
        model: What it has to look like.
        contradictions: What is wrong between values that are right by themselves.
        overrides: Laid over the configuration, by camelCase key.

    Raises:
        SettingsError: With every mistake.
    """
    raw = _merged(_raw(model), overrides or {})
    mistakes: list[Mistake] = []
    try:
        settings = model.model_validate(raw)
    except ValidationError as error:
        found = [_explain(model, one) for one in error.errors(include_url=False)]
        mistakes += found
        # What is left when wrong values are taken out may still contradict itself.
        rest = _without(raw, [mistake.path for mistake in found])
        settings = model.model_validate(rest)
    named = {mistake.path for mistake in mistakes}
    mistakes += [one for one in contradictions(settings) if one.path not in named]
    if mistakes:
        raise SettingsError(mistakes)
    return settings


def _raw(model: type[BaseModel]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    config = pulumi.Config(NAMESPACE)
    texts = {_key(name, field) for name, field in model.model_fields.items() if _is_text(field)}
    for key in _keys():
        text = config.get(key)
        if text in (None, ""):
            continue
        try:
            values[key] = text if key in texts else json.loads(str(text))
        except json.JSONDecodeError:
            values[key] = text
    return values


def _keys() -> list[str]:
    # pulumi.Config reads a key by name only; a misspelt one would never be seen.
    known = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    return sorted(key.removeprefix(prefix) for key in known if key.startswith(prefix))


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _without(raw: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    rest: dict[str, Any] = json.loads(json.dumps(raw))
    for path in paths:
        *outer, last = path.split(".")
        section: Any = rest
        for part in outer:
            section = section.get(part, {}) if isinstance(section, dict) else {}
        if isinstance(section, dict):
            section.pop(last, None)
    return rest


def _explain(model: type[BaseModel], error: Any) -> Mistake:
    location = [str(part) for part in error["loc"]]
    # A list is mended as a whole.
    named = list(itertools.takewhile(lambda part: not part.isdigit(), location))
    if error["type"] == "extra_forbidden":
        return _unknown(model, named, location[-1])
    field = _field(model, named)
    message = error["msg"].removeprefix("Value error, ").replace("Input should", "must")
    if error["type"] == "string_pattern_mismatch":
        message = "is not of the right form"
    problem = f"{error['input']!r}: {message[0].lower()}{message[1:]}"
    if field is not None and field.description:
        problem = f"{problem}. {field.description}"
    return Mistake(".".join(named), problem, _fix(field))


def _unknown(model: type[BaseModel], path: list[str], last: str) -> Mistake:
    outer = path[:-1] if path[-1] == last else path
    field = _field(model, outer)
    section = _section(field) or _entry(field) if field is not None else model
    known = [] if section is None else [_key(*pair) for pair in section.model_fields.items()]
    near = difflib.get_close_matches(last, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"take it out; known are {', '.join(known)}"
    named = "such setting" if path != outer else f"setting {last}"
    return Mistake(".".join(path), f"there is no {named}: {hint}")


def _field(model: type[BaseModel], path: Sequence[str]) -> FieldInfo | None:
    section: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for part in path:
        if section is None:
            return field
        fields = {_key(name, info): info for name, info in section.model_fields.items()}
        field = fields.get(part)
        section = None if field is None else _section(field)
    return field


def _fix(field: FieldInfo | None) -> Any:
    if field is None:
        return PydanticUndefined
    default = _default(field)
    if _section(field) is not None:
        return {}
    if default is None:
        return field.examples[0] if field.examples else PydanticUndefined
    return default


def _default(field: FieldInfo) -> Any:
    """A default as a stack file would have it."""
    value = field.get_default(call_default_factory=True)
    return to_jsonable_python(value, by_alias=True, exclude_none=True)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _entry(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a list is of."""
    inner = [*typing.get_args(field.annotation), None][0]
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _plain(field: FieldInfo) -> Any:
    kind = field.annotation
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next(one for one in typing.get_args(kind) if one is not type(None))
    return kind


def _is_text(field: FieldInfo) -> bool:
    return _plain(field) is str


def schema(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Return the ``config`` of ``Pulumi.yaml``: each setting's type, default and sentence."""
    described = {}
    for name, field in model.model_fields.items():
        described[f"{NAMESPACE}:{_key(name, field)}"] = _declaration(field)
    return described


def _declaration(field: FieldInfo) -> dict[str, Any]:
    section, kind = _section(field), _plain(field)
    default = field.get_default(call_default_factory=True)
    if section is not None:
        text = "\n".join([field.description or "", *_lines(section)])
        return {"type": "object", "description": text, "default": {}}
    simple = {str: "string", bool: "boolean", int: "integer"}
    if kind in simple:
        # Without a default Pulumi would demand a value; an empty text counts as none.
        shown = "" if default is None else default
        return {"type": simple[kind], "description": field.description, "default": shown}
    declared: dict[str, Any] = {"type": "object", "description": field.description}
    if typing.get_origin(kind) is list:
        declared |= {"type": "array", "items": {"type": "string"}}
    return {**declared, "default": default}


def _lines(section: type[BaseModel], outer: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        key = f"{outer}{_key(name, field)}"
        yield _line(key, field)
        if inner := _section(field) or _entry(field):
            yield from _lines(inner, f"{key}.")


def _line(key: str, field: FieldInfo) -> str:
    default = _default(field)
    name = getattr(_plain(field), "__name__", "list")
    if _section(field) is not None:
        return f"{key} (section): {field.description}"
    kinds = {"str": "text", "int": "integer", "float": "number"}
    kinds |= {"bool": "true or false", "dict": "texts by name"}
    shown = "unset" if default is None else json.dumps(default, ensure_ascii=False)
    return f"{key} ({kinds.get(name, name)}, {shown}): {field.description}"


def rendered(model: type[BaseModel], current: str) -> str:
    """Return ``Pulumi.yaml`` with its generated part as the model has it."""
    kept = current.split(_BEGIN, maxsplit=1)[0].rstrip()
    return f"{kept}\n\n{_BEGIN}\n{_yaml({'config': schema(model)})}"


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as one block."""


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def _yaml(value: Any) -> str:
    dumped: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return dumped


def main(model: type[BaseModel], arguments: Sequence[str]) -> int:
    """Check the generated part of ``Pulumi.yaml``, or write it with ``--write``."""
    current = PROJECT_FILE.read_text()
    wanted = rendered(model, current)
    if "--write" in arguments:
        PROJECT_FILE.write_text(wanted)
        return 0
    return 0 if current == wanted else 1
