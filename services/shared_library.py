"""Shared libraries as the loader reads them: what wheels carry for debuggers is left out.

Part of the payload's build, not of the payload. Written here so that the build needs no tool of
the base image's package manager, which pins no version.
"""

from __future__ import annotations

import struct

_ELF64 = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")


def loaded_part(library: bytes) -> bytes | None:
    """What the loader reads of a shared library: all up to the end of its last segment.

    Symbols for debuggers and the table of sections come after it, and no loader looks for them.
    Source: the System V ABI, "Program loading"; the fields are those of `Elf64_Ehdr` and
    `Elf64_Phdr`.

    Returns:
        The library without the rest; None for what is no 64-bit little-endian ELF file.
    """
    if library[:6] != _ELF64 or len(library) < _HEADER.size:
        return None
    fields = list(_HEADER.unpack_from(library))
    headers, size, count = fields[5], fields[9], fields[10]
    ends = [_HEADER.size, headers + size * count]
    for number in range(count):
        segment = _SEGMENT.unpack_from(library, headers + size * number)
        ends.append(segment[2] + segment[5])
    fields[6], fields[12], fields[13] = 0, 0, 0  # there is no table of sections any more
    return _HEADER.pack(*fields) + library[_HEADER.size : max(ends)]
