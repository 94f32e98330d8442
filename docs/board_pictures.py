"""Make the pictures of hardware/README.md from what ``neurorig hardware build --out FOLDER`` has written.

``python docs/board_pictures.py FOLDER``: the front of each board, 1100 pixels on its longer side, in few colours, so that
each stays below 200 kB. KiCad's 3D models are a package of their own; without it the pictures show bare boards.
"""

import sys
from pathlib import Path

from PIL import Image

from neurorig.hardware.kicad import PROJECTS

PICTURES = Path(__file__).parents[1] / "hardware" / "pictures"
LONGEST, COLOURS, MOST = 1100, 12, 200_000  # pixels, -, bytes


def main() -> None:
    """Write a picture of each board."""
    if len(sys.argv) != 2:
        raise SystemExit(
            "usage: python docs/board_pictures.py FOLDER, the one that `neurorig hardware build` has written"
        )
    for name in PROJECTS:
        draw(Path(sys.argv[1]) / name / f"{name}-front.png", PICTURES / f"{name}.png")


def draw(source: Path, target: Path) -> None:
    """Make a picture smaller, on white."""
    with Image.open(source) as opened:
        board = opened.convert("RGBA")
    board = board.crop(board.getchannel("A").getbbox())
    white = Image.new("RGBA", board.size, "white")
    white.alpha_composite(board)
    white.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    target.parent.mkdir(exist_ok=True)
    white.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    if target.stat().st_size > MOST:
        raise SystemExit(f"{target}: {target.stat().st_size} bytes are more than {MOST}; choose fewer COLOURS")


if __name__ == "__main__":
    main()
