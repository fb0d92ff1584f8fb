"""Reports: one self-contained HTML page per symbol, from what the lake holds.

Put here: one file per section of the page, the page's template and style, and publishing.
Keep out: computing of statistics (quant_core) and drawing (plots/).
"""

from quant_pipelines.report.page import report_html
from quant_pipelines.report.publishing import PublishedReport, publish_report, report_path, reportable_symbols

__all__ = ["PublishedReport", "publish_report", "report_html", "report_path", "reportable_symbols"]
