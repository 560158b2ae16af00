"""The plainest of PNG files, decoded without Pillow: sets of small images are full of them.

OpenCV takes less than half of Pillow's time, most of which goes into handling what these files do
not have. Where it is not installed, as beside a model at work, Pillow reads the same pixels.
"""

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_FORMS = (b"\x08\x00\x00\x00\x00", b"\x08\x02\x00\x00\x00")  # 8 bits, grey or RGB, not interlaced
_END = b"\0\0\0\0IEND\xaeB`\x82"
_HEADER = 33  # bytes of signature and first chunk
_FRAME = 12  # bytes of a chunk beside its contents


def plain_png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG file that holds an image of 8 bits a channel, grey or RGB, in one
    chunk and nothing else: no profile, no transparency, no note of the camera's. Else None."""
    if not (data.startswith(_START) and data.endswith(_END) and data[24:29] in _FORMS):
        return None
    length = int.from_bytes(data[_HEADER : _HEADER + 4], "big")
    alone = len(data) == _HEADER + _FRAME + length + len(_END)
    if not alone or data[_HEADER + 4 : _HEADER + 8] != b"IDAT":
        return None
    # OpenCV would find it too, and print its opinion.
    checksum = zlib.crc32(memoryview(data)[_HEADER + 4 : -len(_END) - 4])
    if checksum != int.from_bytes(data[-len(_END) - 4 : -len(_END)], "big"):
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def decode_plain_png(data: bytes) -> "np.ndarray | None":
    """uint8, H x W or H x W x 3 (RGB): the pixels of such a file; None where OpenCV is missing or
    does not take it, so that Pillow has the last word on what is wrong with it."""
    try:
        import cv2
        import numpy as np
    except ImportError:
        return None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is not None and pixels.ndim == 3:
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return pixels
