"""Arrow: the pyarrow library, which ships no types, under names that say so once.

Put here: the parts of pyarrow that ingestion uses, typed as Any.
Keep out: any use of them.
"""

from __future__ import annotations

from typing import Any

import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

pa: Any = pyarrow
pa_compute: Any = pyarrow.compute
pa_csv: Any = pyarrow.csv
pa_parquet: Any = pyarrow.parquet
