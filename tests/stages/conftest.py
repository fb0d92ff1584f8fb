"""Runs draw nothing."""

from tests.pipelines.undrawn import undrawn

__all__ = ["undrawn"]
