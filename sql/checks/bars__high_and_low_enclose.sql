-- Offending rows: bars whose high is below, or whose low is above, their open or close.
-- No later stage can be right on such a bar: breakouts, ranges and stops are read from high and low.
SELECT symbol, timeframe, ts, open, high, low, close
FROM bars
WHERE high < greatest(open, close) OR low > least(open, close) OR high < low
ORDER BY symbol, timeframe, ts
