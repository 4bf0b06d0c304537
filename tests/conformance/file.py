"""The published file: every scene as JSON, one step a line, so that a change of it can be read."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conformance import faulty_scenes, plain_scenes
from tests.conformance.bad_channel import SEEDS, BadChannel
from tests.conformance.scene import Reason, Scene

PATH = Path(__file__).parents[2] / "docs" / "conformance" / "book_feed.json"

ABOUT = "How to keep a local book of the channel `book`: see README.md beside this file."


def scenes() -> list[Scene]:
    """Every scene, told anew."""
    told = [tell() for tell in (*plain_scenes.SCENES, *faulty_scenes.SCENES)]
    return told + [BadChannel(seed).run() for seed in SEEDS]


def text(told: Sequence[Scene] | None = None) -> str:
    """The file's text, or one of the same form with other scenes."""
    parts = []
    for scene in scenes() if told is None else told:
        head = {"name": scene.name, "market": scene.exchange.market}
        steps = ",\n".join(f"      {_json(step)}" for step in scene.steps)
        parts.append(f'    {_json(head)[:-1]}, "steps": [\n{steps}\n    ]}}')
    body = ",\n".join(parts)
    about = f'  "about": {_json(ABOUT)},\n  "version": 1,\n  "reasons": {_json(list(Reason))},'
    return f'{{\n{about}\n  "scenes": [\n{body}\n  ]\n}}\n'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
