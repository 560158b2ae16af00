"""Image files written byte by byte, as no image library would write them."""

import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
COLOURS = (RED, GREEN, BLUE, YELLOW)
GREYS = (BLACK, (85, 85, 85), (170, 170, 170), WHITE)
INKS = (BLACK, WHITE, WHITE, BLACK)

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def scene(colours: Sequence[tuple[int, ...]] = COLOURS) -> Pillow.Image:
    """RGB, 64 x 48: four quadrants, each of a colour."""
    pixels = np.empty((48, 64, len(colours[0])), np.uint8)
    for number, colour in enumerate(colours):
        top, left = 24 * (number // 2), 32 * (number % 2)
        pixels[top : top + 24, left : left + 32] = colour
    return Pillow.fromarray(pixels)


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    depth: int,
    color: int,
    rows: bytes,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG of compressed rows; color: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = [chunk(b"IHDR", header), before, chunk(b"IDAT", rows), after, chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(parts)


def scene_png(array: np.ndarray, color: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """A PNG of an array, H x W x channels, of uint8 or uint16."""
    rows = array.astype(array.dtype.newbyteorder(">")).reshape(array.shape[0], -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    height, width = array.shape[:2]
    return png(width, height, 8 * array.itemsize, color, zlib.compress(raw), before, after)


def deep(colours: Sequence[tuple[int, ...]] = COLOURS) -> np.ndarray:
    """The scene in uint16."""
    return np.asarray(scene(colours)).astype(np.uint16) * 257


def zeros(count: int) -> bytes:
    """So many bytes of zero, compressed."""
    pack, block = zlib.compressobj(1), bytes(2**20)
    parts = [pack.compress(block) for _ in range(count // len(block))]
    return b"".join([*parts, pack.compress(bytes(count % len(block))), pack.flush()])


def vast_png(side: int, depth: int, color: int, before: bytes = b"") -> bytes:
    """Some kilobytes that unfold to a black square."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[color]
    return png(side, side, depth, color, zeros(side * (side * channels * depth // 8 + 1)), before)


def with_png_chunk(data: bytes, added: bytes) -> bytes:
    """A PNG with a chunk right after its header."""
    end = len(SIGNATURE) + 25
    return data[:end] + added + data[end:]


def tiff(tags: Sequence[tuple[int, int, int, int]], data: bytes = b"", next_at: int = 0) -> bytes:
    """A little-endian TIFF; tags: (number, type, count, value); `data` begins at byte 8."""
    data += bytes(len(data) % 2)
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", next_at)
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + directory


def grey_tiff(
    width: int, height: int, *more: tuple[int, int, int, int], data: bytes = b""
) -> bytes:
    """A TIFF of 8 bits a pixel whose header claims these sides."""
    tags = {
        256: (256, 4, 1, width),
        257: (257, 4, 1, height),
        258: (258, 3, 1, 8),
        259: (259, 3, 1, 1),
    }
    tags |= {262: (262, 3, 1, 1), 277: (277, 3, 1, 1), 278: (278, 4, 1, height)}
    tags |= {273: (273, 4, 1, 8), 279: (279, 4, 1, len(data))}
    tags |= {tag[0]: tag for tag in more}
    return tiff(list(tags.values()), data)


def old_jpeg_tiff(jpeg: bytes) -> bytes:
    """A TIFF of version 6.0's own kind of JPEG compression, which its makers took back."""
    bits = 8 + len(jpeg) + len(jpeg) % 2
    data = jpeg + bytes(len(jpeg) % 2) + struct.pack("<HHH", 8, 8, 8)
    size = Pillow.open(io.BytesIO(jpeg)).size
    return grey_tiff(
        *size, (258, 3, 3, bits), (259, 3, 1, 6), (262, 3, 1, 6), (277, 3, 1, 3),
        (279, 4, 1, len(jpeg)), (512, 3, 1, 1), (513, 4, 1, 8), (514, 4, 1, len(jpeg)), data=data,
    )  # fmt: skip


def bmp(width: int, height: int, body: bytes, compression: int = 0) -> bytes:
    """A BMP of 8 bits a pixel with a palette of greys."""
    palette = b"".join(bytes([grey, grey, grey, 0]) for grey in range(256))
    header = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 8, compression, len(body), 0, 0, 256, 0
    )
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body


def with_sides(data: bytes, mark: bytes, skip: int, form: str, *sides: int) -> bytes:
    """A file whose header claims other sides, which stand `skip` bytes after `mark`."""
    place = data.index(mark) + skip
    packed = struct.pack(form, *sides)
    return data[:place] + packed + data[place + len(packed) :]


def animated_webp(side: int) -> bytes:
    """A WebP that claims a canvas of that side."""
    frames = [scene(), scene(GREYS)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    place = data.index(b"VP8X") + 12
    return data[:place] + 2 * struct.pack("<I", side - 1)[:3] + data[place + 6 :]


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    """A JPEG with one more segment at its beginning."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = saved(scene().resize((640, 480)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * count + data[-2:]


def ycck() -> bytes:
    """The scene as print shops' JPEG: inverted brightness and colour differences, and black."""
    inverted = Pillow.fromarray(255 - np.asarray(scene())).convert("YCbCr")
    inks = [Pillow.fromarray(255 - np.asarray(band)) for band in inverted.split()]
    data = saved(Pillow.merge("CMYK", [*inks, Pillow.new("L", inverted.size)]), "JPEG", quality=95)
    place = data.index(b"Adobe") + 11
    return data[:place] + b"\2" + data[place + 1 :]
