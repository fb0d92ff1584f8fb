-- One row is one month of one symbol at one timeframe: bars found against bars the calendar expects.
-- Key: symbol, timeframe, month
-- Plot: coverage_heat_map
-- Columns:
--   symbol         | id       | Partition key of the instrument.
--   timeframe      | id       | Bar length.
--   month          | date     | First day of the month of the trading session (calendar's zone).
--   n_bars         | count    | Bars found in the month.
--   n_expected     | count    | Bars of a gapless feed between the first and the last bar.
--   n_missing      | count    | Expected bars that were not found.
--   n_off_calendar | count    | Bars found where the calendar expects none.
--   share          | fraction | (n_expected - n_missing) / n_expected; null where nothing was expected.
SELECT
    symbol,
    timeframe,
    month,
    n_bars,
    n_expected,
    n_missing,
    n_off_calendar,
    share
FROM coverage
ORDER BY symbol, timeframe, month
