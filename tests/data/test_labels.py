"""Labels and paths are made safe to show, store and compare, or are refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constancy.data.labels import MAX_LABEL, clean_label, printable, with_clean_labels
from constancy.data.table import Sample
from constancy.errors import UserError


def cleaned(*labels: str) -> list[str]:
    samples = [Sample(f"{number}.png", label, b"x") for number, label in enumerate(labels)]
    return [sample.label for sample in with_clean_labels(samples)]


@pytest.mark.parametrize(
    ("label", "clean"),
    [
        ("cat", "cat"),
        (" cat\t", "cat"),
        ("big cat", "big cat"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u00a0cat\u3000", "cat"),
        ("n" * MAX_LABEL, "n" * MAX_LABEL),
        ("e\u0301" * MAX_LABEL, "\u00e9" * MAX_LABEL),
        ("👩‍🚀", "👩‍🚀"),
    ],
)
def test_labels_are_composed_and_stripped(label: str, clean: str) -> None:
    assert clean_label(label, "a.png") == clean


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("", "a.png has an empty label"),
        (" \n", "a.png has an empty label"),
        ("\u200b", "a.png has an empty label"),
        (" \u200d ", "a.png has an empty label"),
        ("c\nat", r"the label 'c\\nat' of a.png holds characters that cannot be printed"),
        ("c\x7fat", "cannot be printed"),
        ("c\u2029at", "cannot be printed"),
        ("c\udcffat", r"the label 'c\\udcffat' of a.png"),
        ("n" * (MAX_LABEL + 1), "has 121 characters: shorten it to 120"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(label: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        clean_label(label, "a.png")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("cat", "dog", "Cat"), "'Cat' and 'cat' differ in upper and lower case alone"),
        (("straße", "STRASSE"), "differ in upper and lower case alone"),
        (("cat", "cat\u200b"), "differ in characters that cannot be seen alone"),
        (("cat", "Cat\u200b"), "differ in characters that cannot be seen alone"),
    ],
)
def test_labels_that_look_the_same_are_refused(labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        cleaned(*labels)


def test_one_label_written_in_several_ways_is_one_class() -> None:
    assert set(cleaned("caf\u00e9", "cafe\u0301", " caf\u00e9 ")) == {"caf\u00e9"}


def test_the_first_image_of_a_label_is_told() -> None:
    samples = [Sample("b/\n.png", "dog", b"x"), Sample("a\x1b.png", "\0", b"x")]
    with pytest.raises(UserError, match=r"of a\\x1b.png"):
        list(with_clean_labels(samples))


def test_paths_become_printable() -> None:
    [sample] = with_clean_labels([Sample("a\n\udcff.png", "cat", b"x")])
    assert sample.path == "a\\n\\udcff.png"


@given(st.text(st.characters()))
def test_what_is_printable_stays_and_all_else_becomes_so(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert shown == text or not text.isprintable()


@given(st.text(st.characters(), max_size=MAX_LABEL))
def test_a_clean_label_stays_as_it_is(text: str) -> None:
    try:
        clean = clean_label(text, "a.png")
    except UserError:
        return
    assert clean_label(clean, "a.png") == clean
    assert unicodedata.is_normalized("NFC", clean)
