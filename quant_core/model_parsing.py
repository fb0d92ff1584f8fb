"""Configuration values that pydantic checks, with faults told as the project tells them: what, where, expected, found.

Put here: reading a mapping into a pydantic model, and turning pydantic's errors into the project's own.
Keep out: the models (beside what they configure) and the error classes (errors.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from quant_core.errors import ConfigError, UnknownNameError

M = TypeVar("M", bound=BaseModel)

_PREFIXES = ("Input should be ", "Value error, ")


class Fault(NamedTuple):
    """What is wrong with one value: where inside the checked mapping, what was expected, what was found."""

    path: str
    expected: str
    found: object


def parse_model(model: type[M], values: object, where: str, *, kind: str = "setting") -> M:
    """Read a mapping into a model.

    A model with ``hide_input_in_errors`` may hold secrets: its errors repeat no value.

    Args:
        model: what the mapping must look like.
        values: keys and values of a configuration file.
        where: place of the mapping, for example ``research.yaml: data``.
        kind: what a key of the mapping is called in errors.

    Raises:
        UnknownNameError: a key that the model does not have, with suggestions and its path.
        ConfigError: a value of the wrong type or range.

    >>> class Settings(BaseModel, extra="forbid"):
    ...     n_min: int = 1
    >>> parse_model(Settings, {"n_min": "x"}, "a.yaml")
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at a.yaml.n_min: expected a valid integer, ..., found 'x'. Correct it.
    >>> parse_model(Settings, {"n_mix": 3}, "a.yaml")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No setting is called 'n_mix' (at a.yaml.n_mix). Did you mean 'n_min'?
    """
    if not isinstance(values, Mapping):
        fields = ", ".join(_fields(model))
        raise ConfigError.at(where, expected=f"a mapping of {fields}", found=values, next_step="Write one.")
    try:
        return model.model_validate(dict(cast("Mapping[Any, Any]", values)))
    except ValidationError as error:
        raise _named(model, error, where, kind) from (None if _is_secret(model) else error)


def first_fault(error: ValidationError) -> Fault:
    """The fault that an error is told by: of the branches of a union, the one whose own rule was broken was meant.

    >>> class Settings(BaseModel):
    ...     folds: list[int]
    >>> try:
    ...     Settings.model_validate({"folds": [1, "x"]})
    ... except ValidationError as error:
    ...     first_fault(error).path
    'folds[1]'
    """
    first = _first(error)
    return Fault(_path(first["loc"]), _expected(first), first["input"])


def _named(model: type[BaseModel], error: ValidationError, where: str, kind: str) -> ConfigError:
    """The project's error for a mapping that a model refuses."""
    first = _first(error)
    place = _path((where, *first["loc"]))
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1])
        return UnknownNameError.among(kind, str(first["loc"][-1]), known, where=place)
    # The branches of a union are faults of the same key.
    others = sorted({str(e["loc"][0]) for e in error.errors() if e["loc"]} - {str(part) for part in first["loc"][:1]})
    also = f" Wrong too: {', '.join(others)}." if others else ""
    if _is_secret(model):
        return ConfigError(f"Wrong value at {place}: expected {_expected(first)} (the value is not shown).{also}")
    return ConfigError.at(place, expected=_expected(first), found=first["input"], next_step=f"Correct it.{also}")


def _first(error: ValidationError) -> ErrorDetails:
    """The fault to name; see ``first_fault``."""
    faults = error.errors()
    return next((fault for fault in faults if fault["type"] == "value_error"), faults[0])


def _expected(fault: ErrorDetails) -> str:
    """What pydantic expected, without its way of saying so."""
    if fault["type"] == "missing":
        return "this key, which has no default"
    text = fault["msg"]
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text


def _path(parts: Sequence[str | int]) -> str:
    """``a.yaml: folds``, ``by_timeframe``, 2 as ``a.yaml: folds.by_timeframe[2]``."""
    text = ""
    for part in parts:
        separator = "" if not text or text.endswith(" ") else "."
        text += f"[{part}]" if isinstance(part, int) else f"{separator}{part}"
    return text


def _is_secret(model: type[BaseModel]) -> bool:
    """May values of the model be secrets?"""
    return bool(model.model_config.get("hide_input_in_errors"))


def _fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys that the mapping at a path of a model's values may have."""
    for part in path:
        field = _fields(model).get(str(part))
        # A part that is no field is the key of a mapping or the branch of a union.
        inner = _model_in(model.model_fields[field].annotation) if field else None
        model = inner or model
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, str]:
    """Key in the file → field of the model."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _model_in(hint: object) -> type[BaseModel] | None:
    """The model inside a hint such as ``Model | None`` or ``dict[str, Model]``."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    return next((found for part in get_args(hint) if (found := _model_in(part))), None)
