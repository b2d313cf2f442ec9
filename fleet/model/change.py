"""Changing a value: `dataclasses.replace`, in half its time.

Values here are frozen, and the folded state is changed several times with each event; going through `__init__` again
would assign every field with a lookup of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(value, /, **changes):  # noqa: ANN001, ANN003, ANN201  typed as its model is, above
        """A copy of the value, a dataclass with slots, in which these fields are others."""
        kind = type(value)
        setters, values_of = _access(kind)
        changed = object.__new__(kind)
        for set_field, held in zip(setters.values(), values_of(value), strict=True):
            set_field(changed, held)
        for name, held in changes.items():
            setters[name](changed, held)
        if hasattr(kind, "__post_init__"):
            changed.__post_init__()
        return changed


@cache
def _access(kind: type) -> tuple[dict[str, Callable[[object, object], None]], Callable[[object], tuple[object, ...]]]:
    """How each field is set, freezing or not, and how all are read at once."""
    names = [field.name for field in fields(kind)]
    slots = {name: vars(base)[name] for base in reversed(kind.__mro__) for name in names if name in vars(base)}
    several = attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)
    return {name: slots[name].__set__ for name in names}, several


__all__ = ["replace"]
