"""The source catalog: every source of sources.yaml, opened, and who delivers which symbol.

Put here: building of sources from their settings, priority among them, the native timeframe of a key.
Keep out: particular sources (their own files), the schema of the settings (config.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from quant_core.errors import LakeError, NotApplicableError, QuantError, SymbolError
from quant_core.shown_text import escaped, shown
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.sources.contract import Instrument, RefusingSource, Source, WaitingSource

_REASON_LETTERS = 2000


@dataclass(frozen=True)
class Offer:
    """One source's word that it can deliver an instrument."""

    source: Source
    instrument: Instrument

    @property
    def key(self) -> PartitionKey:
        """Symbol and native timeframe."""
        return PartitionKey(self.instrument.symbol, self.instrument.timeframe.value)


class Sources:
    """The sources in order of priority; their instruments are listed once per object.

    Args:
        sources: opened sources; where two offer the same symbol and timeframe, the earlier one delivers it.
        switched_off: name → why a declared source is not in use.
    """

    def __init__(self, sources: Sequence[Source], switched_off: dict[str, str] | None = None) -> None:
        self.all = list(sources)
        self.switched_off = dict(switched_off or {})
        self.failed: dict[str, str] = {}
        self.passed_over: list[str] = []
        self.without_key: dict[str, str] = {}
        self._fingerprints: dict[PartitionKey, str] = {}

    @cached_property
    def offers(self) -> dict[PartitionKey, Offer]:
        """Symbol and native timeframe → who delivers it.

        A source that cannot be reached is recorded in ``failed`` and costs only its own symbols; an offer that an
        earlier source made already is recorded in ``passed_over``, and one whose symbol is no key in ``without_key``.
        """
        found: dict[PartitionKey, Offer] = {}
        for source in self.all:
            try:
                instruments = source.instruments()
            except (QuantError, OSError) as error:
                self.failed[source.name] = shown(error, _REASON_LETTERS)
                continue
            for offer in (Offer(source, i) for i in instruments):
                try:
                    known = offer.key in found
                except SymbolError as error:
                    self.without_key[f"{source.name}: {offer.instrument.symbol}"] = str(error)
                    continue
                if known:
                    self.passed_over.append(
                        f"{offer.key} of {source.name}: {found[offer.key].source.name} comes first in sources.yaml"
                    )
                else:
                    found[offer.key] = offer
        return found

    def symbols(self) -> list[str]:
        """Every symbol on offer, in order of the sources."""
        return list(dict.fromkeys(key.symbol for key in self.offers))

    def fingerprint(self, native: PartitionKey) -> str:
        """What the source of an instrument has now, asked once per object.

        Raises:
            KeyError: no source offers it.
            SourceError: its source could not be reached.
        """
        if native not in self._fingerprints:
            offer = self.offers[native]
            self._fingerprints[native] = offer.source.fingerprint(offer.instrument)
        return self._fingerprints[native]

    def native_timeframes(self, symbol: str) -> list[Timeframe]:
        """Timeframes at which sources deliver a symbol, finest first."""
        return sorted((Timeframe(k.timeframe) for k in self.offers if k.symbol == symbol), key=lambda t: t.minutes)

    def n_waiting(self) -> int:
        """Inputs that there was no time to look at."""
        reached = (source for source in self.all if source.name not in self.failed)
        return sum(source.n_waiting() for source in reached if isinstance(source, WaitingSource))

    def refused(self) -> dict[str, str]:
        """Inputs that could not be understood, as ``source: input`` → reason."""
        _ = self.offers  # listing shows which sources fail, and which of their series have no key
        without_key = {escaped(series): shown(reason, _REASON_LETTERS) for series, reason in self.without_key.items()}
        return without_key | {
            f"{source.name}: {escaped(origin)}": shown(reason, _REASON_LETTERS)
            for source in self.all
            if isinstance(source, RefusingSource) and source.name not in self.failed
            for origin, reason in source.refused().items()
        }


def native_timeframe(key: PartitionKey, available: Iterable[Timeframe], where: str) -> Timeframe:
    """The native timeframe that a partition is made from: its own, else the finest one below it.

    Args:
        key: the partition.
        available: native timeframes of the symbol.
        where: who was asked, for the error text.

    Raises:
        NotApplicableError: the symbol exists only at coarser timeframes; bars are never made finer.
        LakeError: the symbol does not exist there at all.

    >>> native = [Timeframe.M1, Timeframe.M15, Timeframe.D1]
    >>> [native_timeframe(PartitionKey("EURUSD", t), native, "lake").value for t in ("M1", "H1", "D1", "W1")]
    ['M1', 'M1', 'D1', 'M1']
    """
    wanted, native = Timeframe(key.timeframe), set(available)
    if wanted in native:
        return wanted
    finer = [t for t in native if t < wanted]
    if finer:
        return min(finer, key=lambda t: t.minutes)
    if native:
        coarser = ", ".join(t.value for t in sorted(native, key=lambda t: t.minutes))
        raise NotApplicableError(
            f"Bars of {key} cannot be made: expected rows at {wanted.value} or finer, found {coarser} in {where}. "
            f"Ask for {min(native, key=lambda t: t.minutes).value} or longer, or add a finer source."
        )
    raise LakeError(
        f"No rows of {key.symbol} exist: expected them in {where}, found none. Run the job register_symbols to see "
        "what each source offers and which inputs it refused; add the symbol to a source of sources.yaml."
    )
