"""HTML and SVG as nested calls; every text is escaped on its way in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is markup already; every other text is escaped."""

    __slots__ = ()


def tag(name: str, /, *inside: object, **attributes: object) -> Html:
    """An element; `class_` is class, `stroke_width` is stroke-width, None and False leave an attribute out."""
    return Html(f"<{name}{_attributes(attributes)}>{join(inside)}</{name}>")


def void(name: str, /, **attributes: object) -> Html:
    """An element with nothing inside."""
    return Html(f"<{name}{_attributes(attributes)}/>")


def join(parts: Iterable[object]) -> Html:
    return Html("".join(part if isinstance(part, Html) else escape(_text(part)) for part in parts))


def document(title: str, style: str, body: Html) -> str:
    """A page of its own, light or dark as its reader has it."""
    head = tag(
        "head",
        void("meta", charset="utf-8"),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def path_data(points: Iterable[tuple[float, float]]) -> str:
    """SVG path data of a polyline, to a tenth of a pixel."""
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def _attributes(attributes: dict[str, object]) -> str:
    shown = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    return "".join(
        f" {'viewBox' if name == 'viewbox' else name}" + ("" if value is True else f'="{escape(_text(value))}"')
        for name, value in shown
        if value is not None and value is not False
    )


def _text(value: object) -> str:
    return _short(value) if isinstance(value, float) else str(value)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
