"""calibration: run the calibration lab, or show its last table.

Put here: options, and printing of the table.
Keep out: running (calibration_run.py) and formatting (calibration_table.py).
"""

from __future__ import annotations

import argparse

from rich.console import Console

from quant_core.errors import ConfigError
from quant_pipelines.calibration.calibration_run import CalibrationSettings, read_calibration, run_calibration
from quant_pipelines.calibration.calibration_table import calibration_markdown
from quant_pipelines.cli._session import Session

_DEFAULTS = CalibrationSettings()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Size and seed of the run."""
    parser.add_argument("--stored", action="store_true", help="print the lake's table instead of computing one")
    parser.add_argument(
        "--worlds", type=int, default=_DEFAULTS.n_worlds, help="simulations per world without an effect"
    )
    parser.add_argument("--planted", type=int, default=_DEFAULTS.n_planted, help="simulations per planted world")
    parser.add_argument(
        "--horizons", default=",".join(map(str, _DEFAULTS.horizons)), help="bars ahead (default 1,5,20,60)"
    )
    parser.add_argument(
        "--lengths",
        default=",".join(map(str, _DEFAULTS.lengths)),
        help="bars of the training half, and of the test half (default 1250,5000,50000)",
    )
    parser.add_argument(
        "--planted-lengths",
        default=",".join(map(str, _DEFAULTS.planted_lengths)),
        help="the same of planted worlds, whose cells need more bars to be judged (default 5000,20000,50000)",
    )
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="seed of every simulation")
    parser.add_argument(
        "--workers", type=int, default=_DEFAULTS.n_workers, help="processes; equal results for any number"
    )
    parser.add_argument(
        "--bootstrap-bars", default=_DEFAULTS.bootstrap_bars, help="partition to resample; '' leaves that world out"
    )


def command(options: argparse.Namespace, console: Console) -> int:
    """Compute or read the table and print it as markdown; the lake is not written (the job does that)."""
    session = Session(console)
    if options.stored:
        table = read_calibration(session.lake)
    else:
        settings = settings_of(options)
        progress = Console(stderr=True)
        table = run_calibration(session.lake, session.inputs.research, settings, progress.log)
    console.print(calibration_markdown(table), markup=False, highlight=False, soft_wrap=True)
    return 0


def settings_of(options: argparse.Namespace) -> CalibrationSettings:
    """The options as settings.

    Raises:
        ConfigError: horizons or lengths are not whole numbers.
    """
    return CalibrationSettings(
        options.worlds,
        options.planted,
        _numbers("--horizons", options.horizons),
        options.seed,
        options.workers,
        options.bootstrap_bars,
        _numbers("--lengths", options.lengths),
        _numbers("--planted-lengths", options.planted_lengths),
    )


def _numbers(option: str, text: str) -> tuple[int, ...]:
    """Whole numbers with commas between them.

    >>> _numbers("--lengths", "1250,5000")
    (1250, 5000)
    """
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError as error:
        raise ConfigError.at(
            option, expected="whole numbers such as 1,5,20", found=text, next_step="Correct it."
        ) from error
