"""params.yaml as typed settings: read once, whole, and checked before any work starts."""

from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator

from constancy.errors import UserError, nearest
from constancy.files import read_yaml
from constancy.paths import PARAMS
from constancy.settings.base import FACTORS, PIXEL_FACTORS, SEVERITIES, Section
from constancy.settings.data import Data
from constancy.settings.evaluate import Evaluate
from constancy.settings.model import Model
from constancy.settings.promotion import Promotion
from constancy.settings.tracking import Tracking
from constancy.settings.train import Train
from constancy.settings.variation import Suites, Variation

__all__ = [
    "FACTORS",
    "PIXEL_FACTORS",
    "SEVERITIES",
    "Settings",
    "load_settings",
    "load_settings_for",
]


class Settings(Section):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    data: Data
    variation: Variation
    suites: Suites
    model: Model
    train: Train
    evaluate: Evaluate
    promotion: Promotion
    tracking: Tracking

    @model_validator(mode="after")
    def _mix_draws_only_copies_that_exist(self) -> Self:
        mix = self.train.mix
        if mix.adaptive:
            if not self.variation.copies.positive():
                raise ValueError(
                    "train.mix is adaptive but variation.copies makes no copies: set some above 0"
                )
            return self
        for kind in mix.positive():
            if kind != "untouched" and not self.variation.copies.positive().get(kind):
                raise ValueError(
                    f"train.mix.{kind} is above 0 but variation.copies.{kind} makes no such copies: "
                    "set both or neither"
                )
        return self

    @model_validator(mode="after")
    def _shifted_images_stay_in_the_picture(self) -> Self:
        if self.train.shift >= self.data.image.size:
            raise ValueError(
                f"train.shift must be smaller than data.image.size, {self.data.image.size}, "
                f"not {self.train.shift}"
            )
        return self


def load_settings(path: Path = PARAMS) -> Settings:
    """The checked settings of the project.

    Raises UserError, with the key at fault and what to do, for a file that cannot be read, is no
    YAML, or holds an unknown key, a wrong value or an impossible combination.
    """
    return check_settings(_read(path), str(path))


def load_settings_for(source: str, root: str | None = None, path: Path = PARAMS) -> Settings:
    """The checked settings of the project, with another source in the place of its own.

    data.root and data.sha256 belong to the project's own source: they hold for no other one.
    root: in the place of data.root. Raises UserError as `load_settings` does.
    """
    values = _read(path)
    data = values.get("data") if isinstance(values, dict) else None
    if not isinstance(data, dict):
        return check_settings(values, str(path))  # which tells what is wrong
    chosen = {"source": source, "root": root, "sha256": None}
    if data.get("source") == source:
        chosen |= {"root": root or data.get("root"), "sha256": data.get("sha256")}
    # First without any source, so that a mistake is told with the place where it was made.
    data |= {"source": "digits", "root": None, "sha256": None}
    check_settings(values, str(path))
    data |= chosen
    return check_settings(values, "inspect")


def _read(path: Path) -> Any:
    try:
        return read_yaml(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run this in the project's folder") from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): make it a readable file"
        ) from None
    except ValueError as error:
        raise UserError(f"{path} cannot be read as YAML: {error}") from None


def check_settings(values: Any, name: str = "params.yaml") -> Settings:
    """Settings from plain values; `name` says in messages where they came from.

    Raises UserError as `load_settings` does, for the first thing that is wrong.
    """
    if not isinstance(values, dict):
        raise UserError(f"{name} must be a mapping of sections: {', '.join(Settings.model_fields)}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        # An unknown key explains the missing one beside it, so it is told first.
        problems = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        raise UserError(f"{name}: {_sentence(problems[0])}") from None


def _sentence(problem: Any) -> str:
    keys = [part for part in problem["loc"] if isinstance(part, str)]
    places = [f", value {part + 1}" for part in problem["loc"] if isinstance(part, int)]
    key = ".".join(keys) + "".join(places)
    match problem["type"]:
        case _ if "[key]" in keys:
            return f"{'.'.join(keys[:-1])}: {problem['input']!r} must be a text: put it in quotes"
        case "extra_forbidden":
            *parents, last = problem["loc"]
            return f"unknown key '{key}': {nearest(str(last), _known_keys(parents))}"
        case "missing":
            return f"key '{key}' is missing: add it"
        case "value_error":
            reason = str(problem["ctx"]["error"])
        case _:
            reason = f"{problem['msg'].removeprefix('Input ')}, not {problem['input']!r}"
    return f"{key}: {reason}" if key else reason


def _known_keys(parents: list[Any]) -> list[str]:
    """The keys that the section at `parents` has."""
    section: type[BaseModel] = Settings
    for parent in parents:
        if parent in (
            fields := _fields(section)
        ):  # else a name that the user gave, such as a class
            section = _section_in(fields[parent])
    return list(_fields(section))


def _fields(section: type[BaseModel]) -> dict[Any, Any]:
    """The types of a section's keys."""
    return {field.alias or name: field.annotation for name, field in section.model_fields.items()}


def _section_in(annotation: Any) -> type[BaseModel]:
    """The section that a type is, or that it may hold."""
    candidates = [annotation, *get_args(annotation)]
    return next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
