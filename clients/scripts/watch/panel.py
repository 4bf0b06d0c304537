"""Panel: a part of the screen made of lines, of which only those are drawn anew that changed."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from clients.scripts.watch.line import BAR_STEPS, ROLES, Line, Piece


class Panel(Widget):
    """Shows lines; what is too long is cut off."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"panel--{role}" for role in ROLES}

    def __init__(self, *, id: str, title: str = "") -> None:
        super().__init__(id=id)
        self.border_title = title
        self.lines: list[Line] = []
        self.redrawn = 0
        """How many lines were drawn again because they changed."""

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from now on."""
        before, self.lines = self.lines, list(lines)
        longest = max(len(before), len(lines))
        changed = [y for y in range(longest) if before[y : y + 1] != self.lines[y : y + 1]]
        if changed:
            self.redrawn += len(changed)
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Render one line; called by the screen for those that need it."""
        width = self.size.width
        base = self.visual_style.rich_style
        if y >= len(self.lines):
            return Strip.blank(width, base)
        shown = self.lines[y]
        if shown.selected:
            base += self._style("selected")
        segments = [self._segment(piece, shown.selected) for piece in shown.pieces]
        strip = Strip(segments).adjust_cell_length(width)
        if shown.bar and not shown.selected:
            strip = self._on_bar(strip, shown, width)
        return strip.apply_style(base)

    def _segment(self, piece: Piece, selected: bool) -> Segment:
        plain = not piece.role or (selected and piece.role != "own")
        return Segment(piece.text, None if plain else self._style(piece.role))

    def _on_bar(self, strip: Strip, shown: Line, width: int) -> Strip:
        length = max(1, shown.bar * width // BAR_STEPS)
        rest, bar = strip.crop(0, width - length), strip.crop(width - length, width)
        return Strip.join([rest, bar.apply_style(self._style(shown.bar_role))])

    def _style(self, role: str) -> Style:
        """A role's own style; its colour as it is on the panel's background."""
        own = self.get_component_rich_style(f"panel--{role}", partial=True)
        if own.color is None:
            return own
        return own + Style(color=self.get_component_rich_style(f"panel--{role}").color)
