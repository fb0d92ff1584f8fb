-- One row is one quality check on one symbol at one timeframe, also when it found nothing.
-- Key: symbol, timeframe, check
-- Plot: quality_counts
-- Columns:
--   symbol      | id       | Partition key of the instrument.
--   timeframe   | id       | Bar length of the partition.
--   check       | id       | Check; a part of a check is written check.part.
--   severity    | label    | dropped, quarantined, unreadable or flagged (kept).
--   n_rows      | count    | Rows found; for gaps the bars that are missing.
--   share       | fraction | n_rows / rows in, for gaps n_rows / bars expected; null for none.
--   first_ts    | UTC      | Open of the first bar found; null for none.
--   last_ts     | UTC      | Open of the last bar found; null for none.
--   example     | text     | One or a few of the rows found; empty for none.
--   explanation | text     | What the check means and what happens to the rows.
SELECT
    symbol,
    timeframe,
    "check",
    severity,
    n_rows,
    share,
    first_ts,
    last_ts,
    example,
    explanation
FROM quality
ORDER BY symbol, timeframe, "check"
