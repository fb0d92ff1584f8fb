"""Equivalent mutants: changes that no test can notice, each with the reason.

Put here: a module, the changed place of a line, the text written there, and why every result stays the same.
Keep out: survivors that a test could kill.
"""

from __future__ import annotations

from tests.mutation.mutants import Mutant

_SPLIT, _AUDIT = "quant_core/splitters/single_split.py", "quant_core/leak_audit/audit.py"
_CUTS, _REWRITING = "quant_core/leak_audit/cuts.py", "quant_core/leak_audit/rewriting.py"
_SPANS, _PROFILE = "quant_core/calendars/_spans.py", "quant_core/seasonality/profile.py"
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
_NO_LATER_OPEN = "a session that closes at the start has no open from there on"
_STATE = "the sum only tells one combination of clocks from another, and so does the difference"
_OTHER_PRICES = "any other prices do, as long as they are others"
_CONDITION = "the answer is used as a condition alone"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (_SPLIT, "0 < cut < n", "0 <= cut < n"): "a cut at 0 leaves no session before the boundary and is refused below",
    (_SPLIT, "0 < cut < n", "0 < cut <= n"): "a fraction below 1 of n, rounded down, is below n",
    (_AUDIT, "(stop - start) // 2", "(stop - start) * 2"): "a block larger than the slice is halved until it fits",
    (_SPLIT, "0 < cut < n", "-1"): "a cut at 0 leaves no session before the boundary and is refused below",
    (
        _CUTS,
        "here.dt.base_utc_offset() + here.dt.dst_offset()",
        "here.dt.base_utc_offset() - here.dt.dst_offset()",
    ): _STATE,
    (_CUTS, '0).sort("gap"', "1"): "bars lie on a grid of minutes",
    (_REWRITING, "moves[0] - moves[0].mean()", "moves[0] + moves[0].mean()"): _OTHER_PRICES,
    (_REWRITING, "np.exp(moves[1] / ¦4)", "5"): _OTHER_PRICES,
    (_AUDIT, "stop - start) // 2", "stop + start"): "both ends are shrunk from a first row of 0",
    (_AUDIT, "return False", "return None"): _CONDITION,
    (_SPANS, "place.row - 1, ¦0)])", "-1"): "an instant before which no span ends is inside the first one",
    (_SPANS, "place(high - ¦1)", "2"): "no bin ends a microsecond behind a close",
    (_SPANS, "self.close > start) & (self.open <= end)", "self.close >= start"): _NO_LATER_OPEN,
    (_PROFILE, "0 or not dimensions", "-1"): "without bars no bin has one, and the table is empty further down too",
    (_PROFILE, "if middle else ¦0", "-1"): "of one bar or none either cut gives all to the later half",
    (_PROFILE, "n_threads: int = ¦1\n", "2"): "no result depends on the number of threads",
    (_ARCHIVES, "1 << 20", "2"): _IN_PIECES,
    **{(_ARCHIVES, "_CHUNK_BYTES = 1 << ¦20", text): _IN_PIECES for text in ("21", "19")},
    (_ARCHIVES, "1)[-1]", "2"): _LAST_ONLY,
    (_CLOCKS, "len(rules) > 1", "len(rules) >= 1"): _ONE_RULE,
    (_CLOCKS, "1 else slice(None)", "0"): _ONE_RULE,
    (_CLOCKS, "candidate < earliest", "candidate <= earliest"): _SAME_INSTANT,
    (_CLOCKS, "candidate > latest", "candidate >= latest"): _SAME_INSTANT,
    **{(_CLOCKS, "0, earliest)", text): _UNRESOLVED for text in ("1", "-1")},
    (_CLOCKS, "np.diff(label[mine]) * (-1", "np.diff(label[mine]) / (-1 if descending else 1)"): _SIGNS,
    (_CLOCKS, "1 if descending else 1)", "2"): _SIGNS,
    (_CLOCKS, "descending else ¦1)", "2"): _SIGNS,
    (_CLOCKS, "0]] == 0", "-1"): _ONE_STEP,
    (_CLOCKS, "0]\n", "-1"): _ONE_STEP,
    (_CLOCKS, "0]]]", "-1"): _ONE_GROUP,
    **{(_CLOCKS, "2)\n", text): _MARGIN for text in ("3", "1")},
    **{(_CLOCKS, "5\n", text): _MARGIN for text in ("6", "4")},
    (_REFUSALS, "0 < len(missing) <=", "0 <= len(missing) <= len(free)"): _ALWAYS_MISSING,
    (_REFUSALS, "0 < len(missing) <=", "-1"): _ALWAYS_MISSING,
    (_REFUSALS, 'return ""', "return None"): _EMPTY_TEXT,
    (_REFUSALS, "4 or not rows", "3"): _ROLE_OF_FOUR,
    (_REFUSALS, 'return float("nan")', "return None"): "an array of numbers holds NaN in the place of None",
    **{(_REFUSALS, "0\n", text): _NO_ROWS for text in ("1", "-1")},
    (_TIMES, "0 and time_format[at - 2", "1"): _AT_ONE,
    **{(_TIMES, 'number("y", ¦0)', text): _DOES_NOT_FIT for text in ("1", "-1")},
    **{(_TIMES, 'number("I", ¦12)', text): _DOES_NOT_FIT for text in ("13", "11")},
    **{(_TIMES, '9, "0")', text): _SIX_DIGITS for text in ("10", "8")},
    (_TIMES, "24\n", "25"): _LATER_THAN_24,
    (_TIMES, "0, return_dtype", "-1"): "there is no month 0 and no month -1",
    **{(_TIMES, "Int64).fill_null(¦0)", text): _DOES_NOT_FIT for text in ("1", "-1")},
    (_TIMES, "100 * 60", "99"): _NO_ZONE,
    (_TIMES, "1) & (month <= 12)", "0"): _NO_DAY,
    **{(_TIMES, "month, ¦1)", text): _NOT_THERE for text in ("2", "0")},
    (_TIMES, "return False", "return None"): _CONDITION,
    **{(_COLUMNS, "100  # a name known", text): _EVERY_RANK for text in ("101", "99")},
    (_COLUMNS, "0]))]", "-1"): _ONE_WIDTH,
    (_COLUMNS, "1 if position in declared", "2"): _ONLY_ORDER,
    (_COLUMNS, "0)\n", "1"): _ONLY_ORDER,
    (_COLUMNS, "rank < best[role][0]", "rank <= best[role][0]"): _TWINS,
    **{(_PRICES, "BID_ASK[¦0]", text): _ALL_OR_NONE for text in ("1", "-1")},
    (_PRICES, "ADJUSTED[¦0]", "1"): _ALL_OR_NONE,
}
"""(module, the changed place as the line goes on from it, text after) → why nothing changes.

What stands before ``¦`` is where the line comes from.
"""


def reason_of(path: str, mutant: Mutant) -> str | None:
    """Why a mutant is equivalent; None where it is not listed."""
    return next((why for key, why in EQUIVALENT.items() if _is(key, path, mutant)), None)


def is_found(key: tuple[str, str, str], path: str, found: list[Mutant]) -> bool:
    """Whether an entry names a mutant of a module."""
    return any(_is(key, path, mutant) for mutant in found)


def _is(key: tuple[str, str, str], path: str, mutant: Mutant) -> bool:
    module, place, text = key
    upto, _, onward = place.rpartition("¦")
    here = mutant.upto.endswith(upto) and f"{mutant.onward}\n".startswith(onward)
    return module == path and text == mutant.text and here
