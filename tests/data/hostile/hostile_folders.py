"""Folders with names, links and things that are no files, as they lie on a disk."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from hostile_case import (
    Case,
    Outcome,
    flagged,
    folder_case,
    good,
    kept,
    quarantined,
    refused,
    skipped,
)
from images import encoded

EMPTY = "has an empty label: name its class"
UNPRINTABLE = "holds characters that cannot be printed: rename the class"


def named(name: str, path: str, outcome: Outcome) -> Case:
    """A good image of that path."""
    return folder_case(f"folder: {name}", {path: good()}, outcome)


def with_more(name: str, outcome: Outcome, more: Callable[[Path], object]) -> Case:
    return folder_case(f"folder: {name}", {}, outcome, more)


def raw_name(folder: bytes, file: bytes) -> Callable[[Path], object]:
    """Makes an image under a name that is no text."""

    def make(root: Path) -> None:
        place = os.path.join(os.fsencode(root), folder)  # noqa: PTH118
        os.makedirs(place, exist_ok=True)  # noqa: PTH103
        with open(os.path.join(place, file), "wb") as opened:  # noqa: PTH118, PTH123
            opened.write(good())

    return make


def linked(target: str, path: str = "cat/odd.png") -> Callable[[Path], object]:
    return lambda root: (root / path).symlink_to(target)


def special(kind: int) -> Callable[[Path], object]:
    return lambda root: os.mknod(root / "cat" / "odd.png", kind | 0o600)


def far_below(root: Path) -> None:
    """Folders in folders, until their path is longer than any call to the system may name."""
    place = os.open(root / "cat", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("n" * 250, dir_fd=place)
        inner = os.open("n" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)


def vast(root: Path) -> None:
    with (root / "cat" / "odd.png").open("wb") as file:
        file.truncate(300 * 2**20)


def below(root: Path) -> None:
    (root / "cat" / "more.png").mkdir()
    (root / "cat" / "more.png" / "odd.png").write_bytes(good())


NAMES = [
    named("a newline in a file's name", "cat/o\nd.png", kept("cat/o\\nd.png")),
    named("control characters in a file's name", "cat/o\x1b[31m.png", kept("cat/o\\x1b[31m.png")),
    named("a name of 255 bytes", f"cat/{'n' * 251}.png", kept(f"cat/{'n' * 251}.png")),
    named("two names in other case", "cat/0.PNG", kept("cat/0.PNG")),
    named("an ending in capitals", "cat/ODD.PNG", kept("cat/ODD.PNG")),
    named("a name of markup", "cat/<script>alert(1)</script>.png".replace("/script", "script"), kept("cat/<script>alert(1)<script>.png")),
    named("a name that runs from right to left", "cat/\u202egnp.png", kept("cat/\\u202egnp.png")),
    with_more("a file's name of bytes that are no text", kept("cat/o\\udcff\\udcfe.png"), raw_name(b"cat", b"o\xff\xfe.png")),
    named("a label that runs from right to left", "חתול/odd.png", kept("חתול/odd.png")),
    named("a label of pictures", "👩‍🚀🐈/odd.png", kept("👩\\u200d🚀🐈/odd.png", "👩‍🚀🐈")),
    named("a label with white space around it", " cat /odd.png", kept(" cat /odd.png", "cat")),
    named("a label with a space inside", "big cat/odd.png", kept("big cat/odd.png")),
    named("a label that spreadsheets take for a formula", "=1+1/odd.png", kept("=1+1/odd.png")),
    named("a label that pandas takes for missing", "nan/odd.png", kept("nan/odd.png")),
    folder_case("folder: one label composed and decomposed", {"caf\u00e9/1.png": good(), "cafe\u0301/2.png": encoded(1001)}, kept("caf\u00e9/1.png") | kept("cafe\u0301/2.png", "caf\u00e9")),
    named("a label of 120 characters", f"{'n' * 120}/odd.png", kept(f"{'n' * 120}/odd.png")),
    named("a label of 200 characters", f"{'n' * 200}/odd.png", refused(r"the label of n{120}\.\.\. has 200 characters: shorten it to 120")),
    named("a label of white space", " /odd.png", refused(EMPTY)),
    named("a label of what cannot be seen", "\u200b\u200d/odd.png", refused(EMPTY)),
    named("a label with a newline", "c\nat/odd.png", refused(r"the label 'c\\nat' of .* " + UNPRINTABLE)),
    named("a label that steers the terminal", "\x1b[2J/odd.png", refused(UNPRINTABLE)),
    named("a label with a line separator", "a\u2028b/odd.png", refused(UNPRINTABLE)),
    with_more("a label of bytes that are no text", refused(UNPRINTABLE), raw_name(b"c\xff", b"odd.png")),
    named("two labels in other case", "Cat/odd.png", refused("the classes 'Cat' and 'cat' differ in upper and lower case alone")),
    named("two labels in other case, abroad", "STRASSE/odd.png", kept("STRASSE/odd.png")),
    folder_case("folder: two labels that fold to one", {"STRASSE/1.png": good(), "straße/2.png": encoded(1001)}, refused("'STRASSE' and 'straße' differ in upper and lower case alone")),
    named("two labels that look the same", "c\u200bat/odd.png", refused(r"'cat' and 'c\\u200bat' differ in characters that cannot be seen alone")),
    named("a label turned around", "\u202ecat/odd.png", refused(r"'cat' and '\\u202ecat' differ in characters that cannot be seen alone")),
]  # fmt: skip

LITTER = [
    named("a hidden file", "cat/.odd.png", skipped("hidden file")),
    named("a hidden folder", ".git/odd.png", skipped("hidden file")),
    named("AppleDouble", "cat/._odd.png", skipped("hidden file")),
    named(".DS_Store", "cat/.DS_Store", skipped("hidden file")),
    named("__MACOSX", "__MACOSX/cat/odd.png", skipped("hidden file")),
    named("Thumbs.db", "cat/Thumbs.db", skipped("no image by its name")),
    named("desktop.ini", "cat/desktop.ini", skipped("no image by its name")),
    named("a program's name", "cat/odd.png.exe", skipped("no image by its name")),
    named("no ending", "cat/png", skipped("no image by its name")),
    named("an archive", "cat/more.tar.gz", skipped("no image by its name")),
    named("an image in no class", "odd.png", skipped("in no class folder")),
    named("an image far below", "cat/a/b/c/odd.png", kept("cat/a/b/c/odd.png")),
    with_more("a folder named .png", kept("cat/more.png/odd.png"), below),
    with_more("an empty class", Outcome(), lambda root: (root / "owl").mkdir()),
]  # fmt: skip

THINGS = [
    with_more("a pipe", skipped("no regular file"), special(stat.S_IFIFO)),
    with_more("a socket", skipped("no regular file"), special(stat.S_IFSOCK)),
    with_more("a link to a device", skipped("no regular file"), linked("/dev/zero")),
    with_more("a link to nothing", skipped("no regular file"), linked("nowhere.png")),
    with_more("a link to itself", skipped("no regular file"), linked("odd.png")),
    with_more("a link to a file outside", kept(), linked("../../../decoy.png")),
    with_more("a link to a file of text outside", quarantined("not an image"), linked("/etc/passwd")),
    with_more("a link to another of its images", flagged("exact_duplicates", "the same image again", "cat/odd.png"), linked("0.png")),
    with_more("a link to the folder above", skipped("folder seen before"), linked("..", "cat/odd")),
    with_more("a link to itself as a folder", skipped("no image by its name"), linked("odd", "cat/odd")),
    with_more("a link to another class", skipped("folder seen before"), linked("dog", "owl")),
    with_more("a file of 300 megabytes", quarantined("^larger than 256 MiB$"), vast),
    with_more("folders too deep to read", refused(r"the folder .*\.\.\. cannot be read \(file name too long\)"), far_below),
    Case("folder: a file", "folder", lambda place: write(place / "pets", b"x"), refused("is a file: use archive:")),
    Case("folder: nothing but text", "folder", lambda place: write(place / "pets/cat/1.txt", b"x").parents[1], refused("holds no images in class folders")),
]  # fmt: skip


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


FOLDERS = [*NAMES, *LITTER, *THINGS]
