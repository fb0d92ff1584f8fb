"""Quality: raw rows → clean bars, with every removed row in quarantine and every defect counted.

Put here: cleaning, its report and rules; the checks are blocks in ``checks/``.
Keep out: reading (quant_core/ingestion) and storing (quant_pipelines).
"""

from quant_core.quality.checks import QUALITY_CHECKS
from quant_core.quality.cleaning import Cleaned, checked, clean
from quant_core.quality.report import QualityReport
from quant_core.quality.rules import QualityRules

__all__ = ["QUALITY_CHECKS", "Cleaned", "QualityReport", "QualityRules", "checked", "clean"]
