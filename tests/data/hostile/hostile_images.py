"""Files that are images of every kind, broken images, and no images at all."""

import gzip
import struct
import zlib
from collections.abc import Callable

import numpy as np
from hostile_bytes import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    GREYS,
    INKS,
    RED,
    SIGNATURE,
    WHITE,
    YELLOW,
    animated_webp,
    bmp,
    chunk,
    deep,
    grey_tiff,
    many_scans,
    old_jpeg_tiff,
    png,
    saved,
    scene,
    scene_png,
    tiff,
    vast_png,
    with_png_chunk,
    with_segment,
    with_sides,
    ycck,
    zeros,
)  # fmt: skip
from hostile_case import (
    Case,
    Outcome,
    Quadrants,
    converted,
    flagged,
    folder_case,
    good,
    kept,
    quarantined,
    tar_bytes,
    zip_bytes,
)
from images import encoded
from PIL import Image as Pillow

UNKNOWN = "^not an image of a known format$"
CLEAR = (*COLOURS[:3], WHITE)
"""The scene with its last quadrant transparent, on white."""


def case(name: str, data: Callable[[], bytes], outcome: Outcome, file: str = "cat/odd.png") -> Case:
    """One odd file in a folder. Its bytes are made when the case is run."""

    def write(root: object) -> None:
        (root / file).write_bytes(data())  # type: ignore[operator]

    return folder_case(f"image: {name}", {}, outcome, write)


def shown(
    name: str,
    data: Callable[[], bytes],
    colours: Quadrants = COLOURS,
    within: int = 0,
    file: str = "odd.png",
) -> Case:
    """A file in which the scene is to be seen."""
    return case(name, data, converted(f"cat/{file}", colours, within), f"cat/{file}")


def broken(name: str, data: Callable[[], bytes], reason: str = ".", file: str = "odd.png") -> Case:
    return case(name, data, quarantined(reason, f"cat/{file}"), f"cat/{file}")


def jpeg(colours: Quadrants = COLOURS, **options: object) -> bytes:
    return saved(scene(colours), "JPEG", quality=95, subsampling=0, **options)


def clear(kind: str, **options: object) -> bytes:
    """The scene with a black last quadrant, which is transparent."""
    pixels = np.dstack([np.asarray(scene((*COLOURS[:3], BLACK))), np.full((48, 64), 255, np.uint8)])
    pixels[24:, 32:, 3] = 0
    return saved(Pillow.fromarray(pixels), kind, **options)


def clear_palette() -> bytes:
    palette = scene((*COLOURS[:3], BLACK)).quantize(4)
    return saved(palette, "PNG", transparency=palette.getpixel((63, 47)))


def grey_and_alpha() -> bytes:
    pixels = np.dstack([np.asarray(scene(GREYS))[..., 0], np.full((48, 64), 255, np.uint8)])
    pixels[:24, :32, 1] = 0
    return scene_png(pixels, 4)


FORMATS = [
    shown("PNG named .jpg", lambda: saved(scene(), "PNG"), file="odd.jpg"),
    shown("JPEG named .png", jpeg, within=8),
    shown("GIF named .bmp", lambda: saved(scene(), "GIF"), file="odd.bmp"),
    shown("JPEG, grey", lambda: saved(scene(GREYS).convert("L"), "JPEG"), GREYS, 8),
    shown("JPEG, progressive", lambda: jpeg(progressive=True), within=8),
    shown("JPEG, CMYK", lambda: saved(scene().convert("CMYK"), "JPEG", quality=95), within=12),
    shown("JPEG, YCCK", ycck, within=30),
    shown("PNG, 16 bits, grey", lambda: scene_png(deep(GREYS)[..., :1], 0), GREYS),
    shown("PNG, 16 bits, RGB", lambda: scene_png(deep(), 2)),
    shown(
        "PNG, 16 bits, RGBA",
        lambda: scene_png(np.dstack([deep(), np.full((48, 64), 65535, np.uint16)]), 6),
    ),
    shown(
        "PNG, 16 bits, RGB, one colour transparent",
        lambda: scene_png(deep(), 2, chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))),
    ),
    shown(
        "PNG, grey, one grey transparent",
        lambda: scene_png(
            np.asarray(scene(GREYS))[..., :1], 0, chunk(b"tRNS", struct.pack(">H", 0))
        ),
        (WHITE, *GREYS[1:]),
    ),
    shown("PNG, palette", lambda: saved(scene().quantize(4), "PNG")),
    shown("PNG, palette with transparency", clear_palette, CLEAR),
    shown("PNG, RGBA", lambda: clear("PNG"), CLEAR),
    shown("PNG, grey and alpha", grey_and_alpha, (WHITE, *GREYS[1:])),
    shown("PNG, 1 bit", lambda: saved(scene(INKS).convert("1"), "PNG"), INKS),
    shown("WebP, lossy", lambda: saved(scene(), "WEBP", quality=95), within=40, file="odd.webp"),
    shown("WebP with alpha", lambda: clear("WEBP", lossless=True), CLEAR, file="odd.webp"),
    shown("GIF with transparency", lambda: clear("GIF"), CLEAR, file="odd.gif"),
    shown("BMP", lambda: saved(scene(), "BMP"), file="odd.bmp"),
    shown("BMP, 1 bit", lambda: saved(scene(INKS).convert("1"), "BMP"), INKS, file="odd.bmp"),
    shown(
        "BMP, run lengths",
        lambda: bmp(16, 12, b"\x08\xaa\x08\xff\0\0" * 6 + b"\x08\0\x08\x55\0\0" * 6 + b"\0\1", 1),
        GREYS,
        file="odd.bmp",
    ),
    shown("PPM", lambda: saved(scene(), "PPM"), file="odd.ppm"),
    shown("PGM", lambda: saved(scene(GREYS).convert("L"), "PPM"), GREYS, file="odd.pgm"),
    shown("PBM", lambda: saved(scene(INKS).convert("1"), "PPM"), INKS, file="odd.pbm"),
    shown(
        "PGM, 16 bits",
        lambda: b"P5 64 48 65535\n" + deep(GREYS)[..., 0].astype(">u2").tobytes(),
        GREYS,
        file="odd.pgm",
    ),
    shown(
        "PPM in digits, with a remark",
        lambda: b"P3\n# by hand\n64 48\n255\n" + " ".join(map(str, np.ravel(scene()))).encode(),
        file="odd.ppm",
    ),
    *(
        shown(
            f"TIFF, {name}",
            lambda name=name: saved(scene(), "TIFF", compression=name),
            within=within,
            file="odd.tif",
        )
        for name, within in [
            ("raw", 0),
            ("tiff_lzw", 0),
            ("tiff_adobe_deflate", 0),
            ("packbits", 0),
            ("jpeg", 40),
        ]
    ),
    shown("TIFF, old JPEG", lambda: old_jpeg_tiff(jpeg()), within=8, file="odd.tif"),
    shown("TIFF, CMYK", lambda: saved(scene().convert("CMYK"), "TIFF"), within=2, file="odd.tif"),
    shown(
        "TIFF, 16 bits",
        lambda: saved(Pillow.fromarray(deep(GREYS)[..., 0]), "TIFF"),
        GREYS,
        file="odd.tif",
    ),
    shown(
        "TIFF, fax",
        lambda: saved(scene(INKS).convert("1"), "TIFF", compression="group4"),
        INKS,
        file="odd.tif",
    ),
    shown("TIFF, big", lambda: saved(scene(), "TIFF", big_tiff=True), file="odd.tif"),
    broken(
        "TIFF, floating point",
        lambda: saved(Pillow.fromarray(np.ones((48, 64), np.float32)), "TIFF"),
        "^pixels are floating-point numbers without a stated range$",
        "odd.tif",
    ),
    broken("PFM", lambda: b"Pf\n4 4\n-1.0\n" + bytes(64), "^pixels are floating-point", "odd.ppm"),
    shown("TIFF, LAB", lambda: saved(scene().convert("LAB"), "TIFF"), within=40, file="odd.tif"),
]

SEVERAL = [
    shown(
        f"{kind}, several pictures",
        lambda kind=kind, options=options: saved(
            scene(), kind, save_all=True, append_images=[scene(GREYS), scene(INKS)], **options
        ),
        within=within,
        file=f"odd.{ending}",
    )
    for kind, ending, within, options in [
        ("GIF", "gif", 0, {}),
        ("WEBP", "webp", 0, {"lossless": True}),
        ("PNG", "png", 0, {}),
        ("TIFF", "tif", 0, {}),
        ("MPO", "jpg", 8, {"quality": 95, "subsampling": 0}),
    ]
]


def note(orientation: int) -> Pillow.Exif:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    return exif


HELD = {
    1: None,
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_90,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_270,
}
"""How the scene lies in a file that notes this orientation."""


def held(orientation: int, kind: str, **options: object) -> bytes:
    turn = HELD[orientation]
    picture = scene() if turn is None else scene().transpose(turn)
    return saved(picture, kind, exif=note(orientation), **options)


XMP = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf tiff:Orientation="3"/></x:xmpmeta>'

ORIENTED = [
    *(
        shown(f"orientation {number}, {name}", lambda number=number, kind=kind, options=options: held(number, kind, **options), within=within, file=f"odd.{ending}")
        for number in HELD
        for name, kind, ending, within, options in [
            ("JPEG", "JPEG", "jpg", 8, {"quality": 95, "subsampling": 0}),
            ("TIFF", "TIFF", "tif", 0, {}),
        ]
    ),
    shown("orientation 6, PNG", lambda: held(6, "PNG")),
    shown("orientation 6, WebP", lambda: held(6, "WEBP", lossless=True), file="odd.webp"),
    shown("orientation 6, TIFF, LZW", lambda: held(6, "TIFF", compression="tiff_lzw"), file="odd.tif"),
    shown("orientation 9", lambda: jpeg(exif=note(9)), within=8),
    shown("orientation in XMP alone", lambda: with_segment(jpeg((YELLOW, BLUE, GREEN, RED)), 0xE1, XMP), within=8),
    shown("EXIF of garbage", lambda: with_segment(jpeg(), 0xE1, b"Exif\0\0" + bytes(range(256))), within=8),
    shown("EXIF without end", lambda: with_segment(jpeg(), 0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff"), within=8),
    shown("EXIF that points to itself", lambda: with_segment(jpeg(), 0xE1, b"Exif\0\0" + tiff([(0x8769, 4, 1, 8)], next_at=8)), within=8),
    shown("EXIF of a megabyte", lambda: giant_exif(), within=8),
]  # fmt: skip


def giant_exif() -> bytes:
    data = jpeg()
    for _ in range(16):
        data = with_segment(data, 0xE1, b"Exif\0\0" + bytes(65_000))
    return data


ODD = [
    case("1 x 1 pixel", lambda: encoded(7, shape=(1, 1, 3)), kept() | flagged("sizes", "^1 x 1 pixels")),
    case("20,000 x 1 pixels", lambda: encoded(7, shape=(1, 20_000, 3)), kept() | flagged("sizes", "^20000 x 1 pixels")),
    case("1 x 20,000 pixels", lambda: encoded(7, shape=(20_000, 1, 3)), kept() | flagged("sizes", "^1 x 20000 pixels")),
    case("7,700 x 7,700 pixels of 16 bits", lambda: vast_png(7_700, 16, 0), kept() | flagged("sizes", "^7700 x 7700")),
    case("7,900 x 7,900 pixels, a transparent palette", lambda: vast_png(7_900, 8, 3, chunk(b"PLTE", bytes(3)) + chunk(b"tRNS", b"\0")), kept() | flagged("sizes", "^7900 x 7900")),
    shown("PNG with a broken colour profile", lambda: with_png_chunk(saved(scene(), "PNG"), chunk(b"iCCP", b"x\0\0no profile"))),
    shown("PNG without its last chunk", lambda: saved(scene(), "PNG")[:-12]),
    shown("PNG with garbage after its end", lambda: saved(scene(), "PNG") + bytes(range(256)) * 99),
    shown("JPEG with garbage after its end", lambda: jpeg() + bytes(range(256)) * 99, within=8),
    shown("JPEG with a zip after its end", lambda: jpeg() + zip_bytes(), within=8),
    broken("PNG with a text of 100 megabytes", lambda: with_png_chunk(saved(scene(), "PNG"), chunk(b"zTXt", b"x\0\0" + zeros(10**8))), "too large"),
    broken("PNG with a text of 100 megabytes at its end", lambda: scene_png(np.asarray(scene()), 2, after=chunk(b"zTXt", b"x\0\0" + zeros(10**8))), "too large"),
    broken("PNG with a profile of 100 megabytes", lambda: with_png_chunk(saved(scene(), "PNG"), chunk(b"iCCP", b"x\0\0" + zeros(10**8))), "too large"),
]  # fmt: skip

BROKEN = [
    broken("empty", lambda: b"", UNKNOWN),
    broken("one byte", lambda: b"\x89", UNKNOWN),
    broken("a thousand zeros", lambda: bytes(1000), UNKNOWN),
    broken("PNG cut", lambda: good()[:-40]),
    broken("PNG of its signature alone", lambda: SIGNATURE),
    broken("PNG with a wrong checksum", lambda: good()[:60] + b"\xff" + good()[61:]),
    broken("PNG of no pixels", lambda: png(0, 0, 8, 2, zlib.compress(b""))),
    broken("PNG of too few pixels", lambda: png(64, 64, 8, 2, zlib.compress(bytes(99)))),
    broken("JPEG cut", lambda: encoded(1, "JPEG", (200, 200, 3))[:900], "truncated", "odd.jpg"),
    broken("JPEG of its beginning alone", lambda: b"\xff\xd8\xff", file="odd.jpg"),
    broken("GIF cut", lambda: encoded(1, "GIF", (200, 200, 3))[:-900], file="odd.gif"),
    broken("WebP cut", lambda: encoded(1, "WEBP", (200, 200, 3))[:-900], file="odd.webp"),
    broken("BMP cut", lambda: encoded(1, "BMP", (200, 200, 3))[:-900], file="odd.bmp"),
    broken("TIFF cut", lambda: encoded(1, "TIFF", (200, 200, 3))[:900], file="odd.tif"),
    broken("PPM cut", lambda: encoded(1, "PPM", (200, 200, 3))[:900], file="odd.ppm"),
    broken("TIFF that points to itself", lambda: tiff([], next_at=8), file="odd.tif"),
    broken("TIFF with a tag of 4 gigabytes", lambda: grey_tiff(64, 48, (273, 4, 2**30, 8)), file="odd.tif"),
]  # fmt: skip

PIXELS = "^more than 64,000,000 pixels$"

BOMBS = [
    broken("PNG that claims 100,000 x 100,000", lambda: png(100_000, 100_000, 8, 0, b""), PIXELS),
    broken("PNG that claims 9,000 x 9,000", lambda: png(9_000, 9_000, 8, 0, b""), PIXELS),
    broken("JPEG that claims 65,535 x 65,535", lambda: with_sides(jpeg(), b"\xff\xc0", 5, ">HH", 65_535, 65_535), PIXELS),
    broken("GIF that claims 65,535 x 65,535", lambda: with_sides(saved(scene(), "GIF"), b"GIF8", 6, "<HH", 65_535, 65_535), PIXELS),
    broken("GIF with a vast frame", lambda: with_sides(saved(scene(), "GIF"), b"\x2c\0\0\0\0", 5, "<HH", 65_535, 65_535), PIXELS),
    broken("WebP that claims 16,383 x 16,383", lambda: with_sides(saved(scene(), "WEBP"), b"\x9d\x01\x2a", 3, "<HH", 16_383, 16_383), PIXELS),
    broken("WebP with a vast canvas", lambda: animated_webp(16_383), PIXELS),
    broken("BMP that claims 100,000 x 100,000", lambda: bmp(100_000, 100_000, b""), PIXELS),
    broken("TIFF that claims 100,000 x 100,000", lambda: grey_tiff(100_000, 100_000), PIXELS),
    broken("PPM that claims 100,000 x 100,000", lambda: b"P6 100000 100000 255\n", PIXELS),
    broken("PBM that claims 100,000 x 100,000", lambda: b"P1 100000 100000\n", PIXELS),
    broken("BMP of 60,000,000 x 1 in a kilobyte", lambda: bmp(60_000_000, 1, b"\0\2\0\xff\0\1", 1), "^a side of more than 65,535 pixels$"),
    broken("PNG of 70,000 x 1", lambda: png(70_000, 1, 8, 0, zeros(70_001)), "^a side of more than 65,535"),
    broken("TIFF in tiles of 45,000 x 45,000", lambda: grey_tiff(64, 64, (259, 3, 1, 8), (322, 4, 1, 45_000), (323, 4, 1, 45_000), (324, 4, 1, 8), (325, 4, 1, 50), data=zlib.compress(bytes(100))), "^tiles of 45,000 x 45,000 pixels$"),
    broken("JPEG of 1,000 scans", lambda: many_scans(1000), "^more than 100 scans$"),
]  # fmt: skip

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(touched) (w) file closefile\n%%EOF\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"

FOREIGN = [
    broken(name, data, UNKNOWN, f"odd.{ending}")
    for name, ending, data in [
        ("text named .jpg", "jpg", lambda: b"no image at all\n" * 20),
        ("HTML named .png", "png", lambda: b"<!doctype html><title>404 Not Found</title>"),
        ("SVG named .png", "png", lambda: SVG),
        ("HEIC named .jpg", "jpg", lambda: HEIC),
        ("AVIF named .jpg", "jpg", lambda: saved(scene(), "AVIF")),
        ("JPEG 2000 named .jpg", "jpg", lambda: saved(scene(), "JPEG2000")),
        ("ICO named .jpg", "jpg", lambda: saved(scene(), "ICO")),
        ("PSD named .jpg", "jpg", lambda: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(99)),
        ("EPS named .jpg", "jpg", lambda: EPS),
        ("PDF named .jpg", "jpg", lambda: saved(scene(), "PDF")),
        ("TGA named .png", "png", lambda: saved(scene(), "TGA")),
        ("WMF named .png", "png", lambda: b"\xd7\xcd\xc6\x9a\0\0" + bytes(40)),
        ("pointer of Git LFS", "png", lambda: LFS),
        ("PNG in gzip", "png", lambda: gzip.compress(good())),
        ("tar.gz named .png", "png", lambda: tar_bytes(mode="w:gz")),
        ("zip named .png", "png", lambda: zip_bytes()),
        ("program named .png", "png", lambda: b"\x7fELF" + bytes(200)),
        ("AppleDouble without its name", "png", lambda: b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(80)),
    ]
]  # fmt: skip

IMAGES = [*FORMATS, *SEVERAL, *ORIENTED, *ODD, *BROKEN, *BOMBS, *FOREIGN]
