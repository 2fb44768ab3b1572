"""Photos for the demonstration, drawn by arithmetic: nobody's face, nobody's badge, and marked as what they are."""

import struct
import zlib

Pixel = tuple[int, int, int]
# Five columns by seven rows a letter, one string a row; enough of the alphabet for the words below.
_LETTERS = {
    "A": ("01110", "10001", "10001", "11111", "10001", "10001", "10001"),
    "C": ("01111", "10000", "10000", "10000", "10000", "10000", "01111"),
    "D": ("11110", "10001", "10001", "10001", "10001", "10001", "11110"),
    "E": ("11111", "10000", "10000", "11110", "10000", "10000", "11111"),
    "H": ("10001", "10001", "10001", "11111", "10001", "10001", "10001"),
    "I": ("11111", "00100", "00100", "00100", "00100", "00100", "11111"),
    "L": ("10000", "10000", "10000", "10000", "10000", "10000", "11111"),
    "M": ("10001", "11011", "10101", "10101", "10001", "10001", "10001"),
    "N": ("10001", "11001", "10101", "10011", "10001", "10001", "10001"),
    "O": ("01110", "10001", "10001", "10001", "10001", "10001", "01110"),
    "R": ("11110", "10001", "10001", "11110", "10100", "10010", "10001"),
    "S": ("01111", "10000", "10000", "01110", "00001", "00001", "11110"),
    "T": ("11111", "00100", "00100", "00100", "00100", "00100", "00100"),
    "V": ("10001", "10001", "10001", "10001", "10001", "01010", "00100"),
    " ": ("00000",) * 7,
}  # fmt: skip
WIDTH, HEIGHT = 960, 600
_PAPER, _INK, _BAND, _GROUND = (238, 240, 236), (28, 38, 54), (64, 96, 140), (92, 98, 104)


def picture(title: str, tint: int) -> bytes:
    """Draw a card on a surface with two lines of letters, as PNG. Different tints give different bytes."""
    rows = [[_pixel(x, y, tint) for x in range(WIDTH)] for y in range(HEIGHT)]
    _write(rows, "DEMONSTRATION", 150, 215, 9)
    _write(rows, title, 150, 330, 7)
    return _png(rows)


def _pixel(x: int, y: int, tint: int) -> Pixel:
    if not (100 <= x < 860 and 90 <= y < 510):
        return tuple(min(255, part + (x * 3 + y * 5 + tint) % 24) for part in _GROUND)  # type: ignore[return-value]
    if y < 160:
        return (_BAND[0], (_BAND[1] + tint) % 200, _BAND[2])
    return _PAPER


def _write(rows: list[list[Pixel]], words: str, left: int, top: int, scale: int) -> None:
    for place, letter in enumerate(words):
        for down, line in enumerate(_LETTERS[letter]):
            for across, dot in enumerate(line):
                if dot == "1":
                    _dot(rows, left + (place * 6 + across) * scale, top + down * scale, scale)


def _dot(rows: list[list[Pixel]], left: int, top: int, size: int) -> None:
    for y in range(top, top + size):
        rows[y][left : left + size] = [_INK] * size


def _png(rows: list[list[Pixel]]) -> bytes:
    raw = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(raw, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
