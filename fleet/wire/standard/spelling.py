"""Other names for the same fields: a version whose message differs in nothing but names is a table of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import UnionType
from typing import Any, TypeVar, cast, get_args

import msgspec

from fleet.wire.standard.shapes import Shape

AnyShape = TypeVar("AnyShape", bound=Shape)


def spelt(shape: type[AnyShape], names: Mapping[str, str]) -> type[AnyShape]:
    """The shape, to be read where it and the shapes inside it have other names for some fields.

    Args:
        names: the names of the shape, and what stands for them.
    """
    fields: list[tuple[str, Any, Any]] = [
        (
            field.name,
            _inside(field.type, names),
            msgspec.field(default=field.default, name=names.get(field.encode_name, field.encode_name)),
        )
        for field in msgspec.structs.fields(shape)
    ]
    return cast("type[AnyShape]", msgspec.defstruct(shape.__name__, fields, bases=(shape,), kw_only=True))


def _inside(kind: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401  types as values
    if isinstance(kind, UnionType):
        return reduce(or_, [_inside(part, names) for part in get_args(kind)])
    return spelt(kind, names) if isinstance(kind, type) and issubclass(kind, Shape) else kind


def respelt(shape: Shape, names: Mapping[str, str]) -> dict[str, object]:
    """What was shaped, as it is written where some fields have other names."""
    fields: dict[str, object] = _renamed(msgspec.to_builtins(shape), names)
    return fields


def _renamed(part: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401  JSON
    if isinstance(part, dict):
        return {names.get(name, name): _renamed(held, names) for name, held in part.items()}
    return part
