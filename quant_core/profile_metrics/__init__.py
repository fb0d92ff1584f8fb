"""What is measured in a seasonal bin: rates, means, spreads and quantiles of a value per bar.

Put here: one file per metric; the file name is its id, the class the id in CamelCase.
Keep out: the bins (dimensions/), how values get intervals and tests (seasonality/).
"""

from quant_core.catalog import Catalog
from quant_core.profile_metrics._samples import BarValue
from quant_core.profile_metrics.contract import Kind, ProfileMetric

__all__ = ["PROFILE_METRICS", "BarValue", "Kind", "ProfileMetric"]

PROFILE_METRICS: Catalog[ProfileMetric] = Catalog("profile metric", __name__, list(__path__), ProfileMetric)
