"""Whether a program in Pulumi YAML fits the schema of the components it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

REFERENCE = re.compile(r"^\$\{(\w+)(?:\.(\w+))?\}$")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def token(resource: Mapping[str, Any]) -> str:
    """The whole token of a resource's type."""
    package, kind = resource["type"].split(":")
    return f"{package}:index:{kind}"


class SchemaFit:
    """Finds what the schema does not know, and what it needs and does not get."""

    def __init__(self, schema: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
        self._schema = schema
        self._resources = resources

    def of_resource(self, name: str) -> Iterator[str]:
        """Complaints about one resource of the program."""
        described = self._schema["resources"][token(self._resources[name])]
        spec = {
            "properties": described["inputProperties"],
            "required": described.get("requiredInputs", []),
        }
        return self._of(spec, self._resources[name]["properties"], name)

    def _of(self, spec: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
        if "$ref" in spec:
            spec = self._schema["types"][spec["$ref"].rpartition("/")[2]]
        found = REFERENCE.match(value) if isinstance(value, str) else None
        if found is not None:
            yield from self._of_reference(spec, found[1], found[2], path)
        elif "enum" in spec:
            if value not in [one["value"] for one in spec["enum"]]:
                yield f"{path} is none of its choices"
        elif isinstance(value, dict):
            yield from self._of_object(spec, value, path)
        elif isinstance(value, list):
            for index, one in enumerate(value):
                yield from self._of(spec["items"], one, f"{path}[{index}]")
        elif type(value) not in _TYPES[spec["type"]]:
            yield f"{path} is no {spec['type']}"

    def _of_object(
        self, spec: Mapping[str, Any], value: Mapping[str, Any], path: str
    ) -> Iterator[str]:
        for key in set(spec.get("required", ())) - set(value):
            yield f"{path}.{key} is missing"
        for key, one in value.items():
            known = spec.get("additionalProperties") or spec["properties"].get(key)
            if known is None:
                yield f"{path}.{key} is unknown"
            else:
                yield from self._of(known, one, f"{path}.{key}")

    def _of_reference(
        self, spec: Mapping[str, Any], name: str, output: str | None, path: str
    ) -> Iterator[str]:
        if output is None:
            return  # a configured value, which is known at once
        if spec.get("plain"):
            yield f"{path} is plain and gets an output"
        outputs = self._schema["resources"][token(self._resources[name])]["properties"]
        if outputs.get(output, {}).get("type") != spec["type"]:
            yield f"{path}: {name} has no such output {output}"
