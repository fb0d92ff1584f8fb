"""The key run: carries one key through stages; a stage that fails costs what is below it and nothing else.

Put here: what a key's file must say, whether it is made again, publishing, checks and views of what was made.
Keep out: many keys, processes and Dagster's events (runner.py), what is made (``assets/``).
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import dagster as dg
from pydantic import BaseModel

from quant_core.errors import DamagedFileError, NotApplicableError, QuantError
from quant_core.spec import ResearchSpec
from quant_core.tables import TABLES
from quant_pipelines.lake.facts import Facts, digest
from quant_pipelines.lake.partitions import Key, PartitionKey
from quant_pipelines.raw.published_bars import check_scope
from quant_pipelines.stages.check import Check, Finding
from quant_pipelines.stages.damaged_files import set_aside_damaged
from quant_pipelines.stages.key_tables import RAW_ROWS, KeyTables
from quant_pipelines.stages.metadata import describe
from quant_pipelines.stages.reader import Reader, StageInputs
from quant_pipelines.stages.stage import Made, Stage, makers_of_tables, view_of

Status: TypeAlias = Literal["written", "unchanged", "failed", "skipped", "not_applicable"]


@dataclass(frozen=True)
class StageOutcome:
    """What one stage came to for one key.

    Attributes:
        stage: its name.
        status: ``skipped`` means that something it reads failed.
        reason: why it was not made; "" where it was.
        data_version, code_version: of the published rows.
        input_versions: upstream asset → version of its rows that was read.
        metadata: what people see of the partition; only where an event is due.
        findings: check → what it found; only for checks that were evaluated.
    """

    stage: str
    status: Status
    reason: str = ""
    data_version: str = ""
    code_version: str = ""
    input_versions: Mapping[str, str] = field(default_factory=dict[str, str])
    metadata: Mapping[str, dg.MetadataValue[Any]] = field(default_factory=dict[str, dg.MetadataValue[Any]])
    findings: Mapping[str, Finding] = field(default_factory=dict[str, Finding])

    @property
    def is_made(self) -> bool:
        """True where the lake holds the partition as it should be."""
        return self.status in ("written", "unchanged")


@dataclass(frozen=True)
class KeyOutcome:
    """What became of one key.

    Attributes:
        key: as text.
        stages: one outcome per stage, upstream first.
        problems: lines for the log: failures with their tracebacks, figures and checks that could not be made.
    """

    key: str
    stages: tuple[StageOutcome, ...]
    problems: tuple[str, ...] = ()

    @property
    def failures(self) -> list[StageOutcome]:
        """The stages that failed."""
        return [s for s in self.stages if s.status == "failed"]


@dataclass(frozen=True)
class KeyPlan:
    """What a run wants of every key.

    Attributes:
        stages: upstream before downstream.
        checks: evaluated on what is written.
        config: run config of the stages that have one.
        draw: True draws the views of what was written.
        asked_checks: names ``asset:check`` that are evaluated on unchanged partitions too.
        told: asset → key → data version that the instance knows: where it knows another one or none, metadata are
            due although nothing is written.
    """

    stages: Sequence[Stage]
    checks: Sequence[Check] = ()
    config: BaseModel | None = None
    draw: bool = False
    asked_checks: frozenset[str] = frozenset()
    told: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict[str, Mapping[str, str | None]])


def expected_facts(stage: Stage, tables: KeyTables, research: ResearchSpec, config: BaseModel | None = None) -> Facts:
    """What the file of a stage and key would say if it were made now; nothing is computed.

    Raises:
        NotApplicableError: the stage has nothing to make for the key.
        LakeError: an input is not there.
    """
    if stage.section and isinstance(tables.key, PartitionKey):
        check_scope(research.data, tables.key)
    versions = [tables.provenance(name) for name in stage.reads]
    section = research.section_id(stage.section) if stage.section else ""  # pyright: ignore[reportArgumentType]
    if config is not None:
        asked = config.model_dump(mode="json")
        section = digest(json.dumps([section, asked], sort_keys=True).encode())[:16]
    calendar = tables.manifest.instrument.calendar if RAW_ROWS in stage.reads else tables.calendar
    return Facts(
        data_version=versions[0] if len(versions) == 1 else digest(json.dumps(versions).encode()),
        code_version=stage.code_version,
        spec_id=section,
        seed=research.seed_of(stage.section) if stage.section else None,
        calendar=calendar,
    )


def run_key(inputs: StageInputs, plan: KeyPlan, key: Key) -> KeyOutcome:
    """Carry a key through the stages of a plan.

    Whatever goes wrong is part of the outcome: this is the boundary between keys.
    """
    run = _KeyRun(inputs, plan, key)
    for stage in plan.stages:
        run.take(stage)
    return KeyOutcome(str(key), tuple(run.outcomes.values()), tuple(run.problems))


class _KeyRun:
    """The state of one key on its way through the stages."""

    def __init__(self, inputs: StageInputs, plan: KeyPlan, key: Key) -> None:
        self.inputs, self.plan, self.key = inputs, plan, key
        self.tables = inputs.tables(key)
        self.outcomes: dict[str, StageOutcome] = {}
        self.problems: list[str] = []
        self._tables = {stage.name: stage.tables for stage in plan.stages}
        self._mended: set[str] = set()

    def take(self, stage: Stage) -> None:
        """Bring one stage up to date, unless something it reads is not.

        A file that turns out to be damaged is set aside. Where this run makes it, it is made again at once.
        """
        blocked = [o for o in self.outcomes.values() if not o.is_made and self._tables[o.stage] & {*stage.reads}]
        if blocked:
            first = blocked[0]
            is_impossible = all(o.status == "not_applicable" for o in blocked)
            reason = first.reason if is_impossible else f"reads {first.stage}, which was not made"
            self._note(StageOutcome(stage.name, "not_applicable" if is_impossible else "skipped", reason))
            return
        try:
            self._note(self._made(stage))
        except NotApplicableError as error:
            self._note(StageOutcome(stage.name, "not_applicable", str(error)))
        except DamagedFileError as error:
            self._mend(stage, error)
        except QuantError as error:
            self._failed(stage, str(error))
        except Exception as error:  # the boundary between keys: recorded here, raised as one Failure by the runner
            self._failed(stage, f"unexpected {type(error).__name__}: {error}", traceback.format_exc())

    def _note(self, outcome: StageOutcome) -> None:
        self.outcomes[outcome.stage] = outcome

    def _failed(self, stage: Stage, reason: str, trace: str = "") -> None:
        reason = self.inputs.redact(reason)
        self._note(StageOutcome(stage.name, "failed", reason))
        self.problems.append(f"{self.key} failed in {stage.name}: {reason}\n{self.inputs.redact(trace)}".rstrip())

    def _mend(self, stage: Stage, error: DamagedFileError) -> None:
        """Set aside the damaged file that a stage met, and take the stage again after the one that makes the file."""
        table = error.path.partition("/")[0]
        place = set_aside_damaged(self.inputs.lake, error.path)
        self.tables.forget(table)
        kept = f"It is kept as {place}." if place else "Another run has set it aside meanwhile."
        maker = next((s for s in self.plan.stages if table in s.tables and s.key_kind == stage.key_kind), None)
        if maker is None or error.path in self._mended:
            self._failed(stage, f"{error} {kept} The next run that makes {table} makes it again.")
            return
        self._mended.add(error.path)
        self.problems.append(self.inputs.redact(f"{self.key}: {error} {kept} It is made again now."))
        if maker.name != stage.name:
            self.take(maker)
        self.take(stage)

    def _made(self, stage: Stage) -> StageOutcome:
        """Make the key again where its facts say so."""
        reader = Reader(stage, self.inputs, self.tables)
        config = self.plan.config if stage.config else None
        if stage.takes_in:
            made = stage.make(reader, self.inputs.research, config)
            self.tables.forget_raw()
            return self._outcome(stage, made, None, is_written=made.is_new)
        facts = expected_facts(stage, self.tables, self.inputs.research, config)
        if self.tables.is_current(stage.name, facts, stage.beside):
            return self._outcome(stage, None, facts, is_written=False)
        made = stage.make(reader, self.inputs.research, config)
        return self._outcome(stage, made, facts, is_written=self._publish(stage, made, facts))

    def _publish(self, stage: Stage, made: Made, facts: Facts) -> bool:
        """Write the tables of a key under its lock; False when another run did meanwhile.

        The stage's own table is written last: when it is there, everything beside it is there too.
        """
        wanted = {stage.name, *stage.beside}
        if set(made.tables) != wanted:
            raise QuantError(
                f"Stage {stage.name} made the tables {sorted(made.tables)}: expected {sorted(wanted)}. "
                "Declare what it publishes in beside, or return it."
            )
        lake = self.inputs.lake
        sound = {
            name: (stage.table if name == stage.name else TABLES[name]).validate(rows, where=str(self.key))
            for name, rows in made.tables.items()
        }
        with lake.lock(stage.name, self.key):
            for name in sorted(wanted):
                if place := lake.set_aside_unreadable(name, self.key):
                    self.problems.append(f"{self.key}: a damaged file of {name} was set aside as {place}; made again.")
            is_new = not lake.is_current(stage.name, self.key, facts, beside=stage.beside)
            for name in sorted(sound, key=lambda n: n == stage.name):
                if is_new:
                    lake.write(name, self.key, sound[name], facts)
                self.tables.put(name, sound[name], lake.complete(name, facts, sound[name]))
        return is_new

    def _outcome(self, stage: Stage, made: Made | None, facts: Facts | None, *, is_written: bool) -> StageOutcome:
        """What is known of a key that is up to date now: versions, and what people see where it is due."""
        findings = self._findings(stage, is_written=is_written)
        own = None if stage.takes_in else self.tables.facts(stage.name)
        data_version = self.tables.provenance(RAW_ROWS) if own is None else own.provenance
        is_shown = is_written or self.plan.told.get(stage.name, {}).get(str(self.key)) != data_version
        metadata: dict[str, dg.MetadataValue[Any]] = {}
        if is_shown:
            shown = facts if made is None or not made.tables else self.tables.facts(stage.name)
            research = self.inputs.research if stage.section else None
            metadata |= describe(self.tables, stage, made, shown, research, is_written=is_written)
            metadata |= self._drawn(stage)
        makers = makers_of_tables()
        return StageOutcome(
            stage.name,
            "written" if is_written else "unchanged",
            data_version=data_version,
            code_version=stage.code_version,
            input_versions={makers[n]: self.tables.provenance(n) for n in stage.reads if n in makers},
            metadata=metadata,
            findings=findings,
        )

    def _findings(self, stage: Stage, *, is_written: bool) -> dict[str, Finding]:
        """What the checks of the stage say of its rows; a check that cannot be evaluated costs nothing but itself."""
        found: dict[str, Finding] = {}
        for check in self.plan.checks:
            if check.asset != stage.name or not (is_written or f"{stage.name}:{check.name}" in self.plan.asked_checks):
                continue
            found[check.name] = self._tolerated(
                f"check {check.name} of {stage.name}", lambda check=check: check.find(self.tables, self.key)
            ) or Finding(1, {"error": "The check itself failed; the log of the run says why."})
        return found

    def _drawn(self, stage: Stage) -> Mapping[str, dg.MetadataValue[Any]]:
        """The view of the stage; a picture that cannot be drawn costs nothing but itself."""
        view = view_of(stage.name)
        if view is None or not self.plan.draw:
            return {}
        return self._tolerated(f"the view of {stage.name}", lambda: view(self.tables)) or {}

    def _tolerated(self, what: str, call: Callable[[], Any]) -> Any:
        """The result of a call that must not cost the key; None and a line in the log where it fails."""
        try:
            return call()
        except Exception as error:  # recorded as a problem of the key: the rows are published already
            text = f"{self.key}: {what} failed: {type(error).__name__}: {error}\n{traceback.format_exc()}"
            self.problems.append(self.inputs.redact(text))
            return None


def n_made(outcomes: Iterable[KeyOutcome], status: Status) -> int:
    """How many partitions of some keys have a status."""
    return sum(s.status == status for outcome in outcomes for s in outcome.stages)
