"""An image becomes uint8, size x size x channels, whatever file or array it came in."""

import io
import struct
import zlib

import numpy as np
import pytest
from images import encoded, pixels
from PIL import Image as Pillow

from constancy.data.images import UnreadableImageError, prepare_image, prepare_picture, read_image
from constancy.settings.data import Image

GREY = Image(size=16, color="grey", fit="pad")
RGB = Image(size=16, color="rgb", fit="pad")


def saved(picture: Pillow.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
@pytest.mark.parametrize("image", [GREY, RGB], ids=["grey", "rgb"])
@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
def test_every_format_is_read(kind: str, image: Image, fit: str) -> None:
    image = image.model_copy(update={"fit": fit})
    array = read_image(encoded(1, kind, (40, 25, 3)), image)
    assert array.shape == image.shape
    assert array.dtype == np.uint8


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_of_pixels_is_read(mode: str) -> None:
    white = Pillow.fromarray(np.full((16, 16), 65535, np.uint16))
    if mode != "I;16":
        white = Pillow.new("RGB", (16, 16), "white").convert(mode)
    assert (read_image(saved(white, "TIFF"), GREY) == 255).all()


def test_sixteen_bits_are_scaled_to_eight() -> None:
    deep = Pillow.fromarray(np.full((16, 16), 200 * 257, np.uint16))
    assert (read_image(saved(deep), GREY) == 200).all()


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    array = pixels(3, (16, 16))
    assert (read_image(saved(Pillow.fromarray(array)), GREY)[:, :, 0] == array).all()


def test_the_orientation_that_the_camera_noted_is_followed() -> None:
    array = np.zeros((16, 16), np.uint8)
    array[:4] = 255  # bright at the top
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned: the top of the scene is at the right
    turned = Pillow.fromarray(array).rotate(90)
    upright = read_image(saved(turned, "PNG", exif=exif), GREY)[:, :, 0]
    assert (upright == array).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_pictures_in_memory_are_taken_like_files(mode: str) -> None:
    picture = Pillow.fromarray(pixels(5, (20, 30, 3))).convert(mode)
    kind = "PNG" if mode in ("1", "L", "LA", "P", "RGB", "RGBA") else None
    expected = (
        read_image(saved(picture), RGB) if kind else prepare_picture(picture.convert("RGB"), RGB)
    )
    assert (prepare_picture(picture, RGB) == expected).all()


def test_the_orientation_of_a_picture_is_followed_and_the_picture_left_alone() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    file = saved(Pillow.fromarray(pixels(7, (400, 600, 3))), "JPEG", exif=exif)
    picture = Pillow.open(io.BytesIO(file))
    upright = prepare_picture(picture, RGB)
    assert picture.size == (600, 400)
    difference = upright.astype(int) - read_image(file, RGB)  # decoded at a fraction of its size
    assert np.abs(difference).mean() < 3


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    with pytest.raises(UnreadableImageError, match="a side of more than 65,535 pixels"):
        prepare_picture(Pillow.new("1", (70_000, 8)), GREY)


def test_transparency_becomes_white() -> None:
    clear = Pillow.new("RGBA", (16, 16), (0, 0, 0, 0))
    assert (read_image(saved(clear), RGB) == 255).all()


@pytest.mark.parametrize("size", [(64, 16), (16, 64)])
def test_padding_keeps_the_aspect_ratio_and_continues_the_background(size: tuple[int, int]) -> None:
    picture = Pillow.new("L", size, 90)
    middle = (size[0] // 2 - 4, size[1] // 2 - 4, size[0] // 2 + 4, size[1] // 2 + 4)
    picture.paste(255, middle)
    array = read_image(saved(picture), GREY)[:, :, 0]
    assert (array[:3] == 90).all()
    assert (array[-3:] == 90).all()
    assert array[8, 8] > 200
    rows, columns = np.nonzero(array > 150)
    assert np.ptp(rows) == np.ptp(columns)  # a square stayed a square


def test_cropping_keeps_the_middle() -> None:
    array = np.zeros((16, 48), np.uint8)
    array[:, 16:32] = 255
    image = GREY.model_copy(update={"fit": "crop"})
    assert (read_image(saved(Pillow.fromarray(array)), image) == 255).all()


def test_shrinking_does_not_alias() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (160, 80))
    array = read_image(saved(Pillow.fromarray(stripes)), GREY)
    assert np.abs(array[:, 1:-1].astype(int) - 128).max() <= 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image",
        b"<html></html>",
        encoded(1)[:-40],
        encoded(1, "JPEG", (200, 200, 3))[:900],
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["empty", "text", "html", "cut PNG", "cut JPEG", "PNG without a header"],
)
def test_broken_files_are_unreadable_and_say_why(data: bytes) -> None:
    with pytest.raises(UnreadableImageError) as told:
        read_image(data, GREY)
    assert str(told.value)


def test_a_small_file_of_many_pixels_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(UnreadableImageError, match="pixels"):
        read_image(bomb, GREY)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)])
def test_arrays_are_taken_like_files(shape: tuple[int, ...]) -> None:
    array = pixels(5, shape)
    if shape[-1] == 4:
        array[..., 3] = 255
    file = saved(Pillow.fromarray(array[:, :, 0] if shape[-1] == 1 else array))
    assert (prepare_image(array, RGB) == read_image(file, RGB)).all()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
    ],
)
def test_arrays_that_are_no_images_are_refused(array: np.ndarray) -> None:
    with pytest.raises(UnreadableImageError):
        prepare_image(array, GREY)
