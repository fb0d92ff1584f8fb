-- One row is one symbol at one timeframe that has bars.
-- Key: symbol, timeframe
-- Plot: bar_counts
-- Columns:
--   symbol    | id    | Partition key of the instrument.
--   timeframe | id    | Bar length.
--   n_bars    | count | Bars.
SELECT symbol, timeframe, count(*) AS n_bars
FROM bars
GROUP BY symbol, timeframe
ORDER BY symbol, timeframe
