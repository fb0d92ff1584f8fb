"""Equivalent mutants: changes that no test can notice, each with the reason.

Put here: a module, how its line goes on from the changed place, the text written there, and why every result stays the
same.
Keep out: survivors that a test could kill.
"""

from __future__ import annotations

from tests.mutation.mutants import Mutant

_SPLIT, _AUDIT = "quant_core/splitters/single_split.py", "quant_core/leak_audit/audit.py"
_ARCHIVES, _CLOCKS, _COLUMNS, _PRICES, _REFUSALS, _TIMES = (
    f"quant_core/ingestion/{name}.py"
    for name in ("archives", "clocks", "columns", "price_sets", "refusals", "time_formats")
)
_IN_PIECES = "bytes are the same in whatever pieces they are read"
_LAST_ONLY = "only what stands behind the last mark is used"
_ONE_RULE = "from the first to the last instant there is: the one rule holds for every label"
_SAME_INSTANT = "an equal instant is put in the place of itself"
_UNRESOLVED = "the instant of a skipped label is never used"
_SIGNS = "of the steps only the sign is used"
_ONE_STEP = "there is exactly one step back here"
_ONE_GROUP = "the rows are all of one symbol"
_MARGIN = "a zone is looked up some days around its labels; one day on either side is enough"
_ALWAYS_MISSING = "a file with every price of one set is not refused"
_EMPTY_TEXT = "the caller takes any empty proposal for none"
_ROLE_OF_FOUR = "three numbers have no layout of four prices"
_NO_ROWS = "without rows no column is one of numbers"
_DOES_NOT_FIT = "a row without the part does not fit the format, so that its time is not valid"
_NO_DAY = "month 0 has no day, by the table of lengths"
_NOT_THERE = "a date of that month does not exist, so that its day is never used"
_LATER_THAN_24 = "hours from 25 on are later than the day's end and refused with it"
_SIX_DIGITS = "six digits are kept, and nine or eight or ten are more"
_AT_ONE = "nothing stands two places before the second one"
_NO_ZONE = "no zone is so far from Greenwich that hours and minutes together reach 99"
_ONLY_ORDER = "ranks are compared with each other alone"
_EVERY_RANK = "every whole name's rank is far below it"
_ONE_WIDTH = "rows of a file without names are of one width"
_TWINS = "equal ranks were refused or settled above"
_ALL_OR_NONE = "the choice of columns leaves all prices of a set or none"
_CONDITION = "the answer is used as a condition alone"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (_SPLIT, "0 < cut < n", "0 <= cut < n"): "a cut at 0 leaves no session before the boundary and is refused below",
    (_SPLIT, "0 < cut < n", "0 < cut <= n"): "a fraction below 1 of n, rounded down, is below n",
    (_AUDIT, "(stop - start) // 2", "(stop - start) * 2"): "a block larger than the slice is halved until it fits",
    (_AUDIT, "return False", "return None"): _CONDITION,
    **{(_ARCHIVES, "1 << 20", t): _IN_PIECES for t in ("2", "0", "1 >> 20")},
    **{(_ARCHIVES, "20", t): _IN_PIECES for t in ("21", "19")},
    **{(_ARCHIVES, '1)[-1].replace("\\\\", "/")', t): _LAST_ONLY for t in ("2",)},
    (_ARCHIVES, "1)[-1]", "2"): _LAST_ONLY,
    (_CLOCKS, "len(rules) > 1", "len(rules) >= 1"): _ONE_RULE,
    (_CLOCKS, "1 else slice(None)", "0"): _ONE_RULE,
    (_CLOCKS, "candidate < earliest", "candidate <= earliest"): _SAME_INSTANT,
    (_CLOCKS, "candidate > latest", "candidate >= latest"): _SAME_INSTANT,
    **{(_CLOCKS, "0, earliest)", t): _UNRESOLVED for t in ("1", "-1")},
    (_CLOCKS, "np.diff(label[mine]) * (-1", "np.diff(label[mine]) / (-1 if descending else 1)"): _SIGNS,
    (_CLOCKS, "1 if descending else 1)", "2"): _SIGNS,
    (_CLOCKS, "1)\n", "2"): _SIGNS,
    **{(_CLOCKS, "0]] == 0", t): _ONE_STEP for t in ("-1",)},
    (_CLOCKS, "0]\n", "-1"): _ONE_STEP,
    (_CLOCKS, "0]]]", "-1"): _ONE_GROUP,
    **{(_CLOCKS, "2)", t): _MARGIN for t in ("3", "1")},
    **{(_CLOCKS, "5", t): _MARGIN for t in ("6", "4")},
}
"""(module, beginning of the line from the changed place on, text after) → why nothing changes."""


def reason_of(path: str, mutant: Mutant) -> str | None:
    """Why a mutant is equivalent; None where it is not listed."""
    return next((why for key, why in EQUIVALENT.items() if _is(key, path, mutant)), None)


def is_found(key: tuple[str, str, str], path: str, found: list[Mutant]) -> bool:
    """Whether an entry names a mutant of a module."""
    return any(_is(key, path, mutant) for mutant in found)


def _is(key: tuple[str, str, str], path: str, mutant: Mutant) -> bool:
    module, onward, text = key
    return module == path and text == mutant.text and f"{mutant.onward}\n".startswith(onward)
