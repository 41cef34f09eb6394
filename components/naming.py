"""Physical names: the one rule by which everything in a stack is called.

Owns the form ``<project>-<stack>-<name>`` and what happens when a service allows fewer characters.
Owns no tags: those come from the provider's ``default_tags`` (``aws:defaultTags`` in a stack file).
"""

import hashlib
import re

import pulumi

_DIGEST_CHARACTERS = 8
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.-]+")


def physical_name(name: str, max_length: int = 64) -> str:
    """Return the name a resource carries in the account.

    Args:
        name: The logical name, such as ``webhook``.
        max_length: What the service allows; a longer name is cut and ends in a digest of the
            whole, so that two long names never become one.

    Returns:
        ``<project>-<stack>-<name>``, at most ``max_length`` characters.

    Raises:
        ValueError: If ``max_length`` leaves no room for anything but the digest.
    """
    if max_length < 2 * _DIGEST_CHARACTERS:
        raise ValueError(
            f"a physical name needs at least {2 * _DIGEST_CHARACTERS} characters, "
            f"max_length is {max_length}"
        )
    full = _FORBIDDEN.sub("-", f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}")
    if len(full) <= max_length:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{full[: max_length - _DIGEST_CHARACTERS - 1].rstrip('-_.')}-{digest}"
