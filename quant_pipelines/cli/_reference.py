"""The reference page of what can be started: commands, jobs, schedules and sensors with what each says of itself.

Put here: turning them into markdown; ``python -m quant_pipelines.cli._reference`` prints the page.
Keep out: the pages of blocks and tables (quant_core/reference.py) and of marts (marts/reference.py).
"""

from __future__ import annotations

import sys

import dagster as dg

from quant_pipelines.automation.schedules import SCHEDULES
from quant_pipelines.automation.sensors import SENSORS
from quant_pipelines.cli import commands
from quant_pipelines.definitions import build


def commands_page() -> str:
    """The page of all commands, jobs, schedules and sensors."""
    lines = [
        "# Commands, jobs, schedules and sensors",
        "",
        "`qe COMMAND --help` shows the options of a command, `qe launch JOB` runs a job. Schedules and sensors are off",
        "until switched on in the web UI, where they do not say otherwise. This page is printed by",
        "`python -m quant_pipelines.cli._reference`; `make reference` remakes all such pages.",
    ]
    summaries = {f"qe {name}": summary for name, (summary, _) in commands().items()}
    jobs = build().resolve_all_job_defs()
    for title, entries in (
        ("Command", summaries),
        ("Job", {job.name: job.description for job in jobs if not job.name.startswith("__")}),
        ("Schedule", {s.name: f"Job `{s.job_name}` at `{s.cron_schedule}`. {s.description}" for s in SCHEDULES}),
        ("Sensor", {s.name: _sensor_text(s) for s in SENSORS}),
    ):
        lines += ["", f"## {title}s", "", f"| {title.lower()} | does |", "|---|---|"]
        lines += [f"| `{name}` | {' '.join((text or '').split())} |" for name, text in sorted(entries.items())]
    return "\n".join(lines) + "\n"


def _sensor_text(sensor: dg.SensorDefinition) -> str:
    """What a sensor starts, and when; whether it is on by itself."""
    job = f"Job `{sensor.job_name}`. " if sensor.targets else ""
    is_on = sensor.default_status is dg.DefaultSensorStatus.RUNNING
    return f"{job}{sensor.description}{' On by itself.' if is_on else ''}"


if __name__ == "__main__":
    sys.stdout.write(commands_page())
