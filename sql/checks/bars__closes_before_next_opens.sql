-- Offending rows: bars that are complete only after the next bar has opened, or not after their own open.
-- Two such bars overlap in time, so a decision at the first one's close would know a part of the second.
WITH neighbors AS (
    SELECT symbol, timeframe, ts, ts_close, lead(ts) OVER (PARTITION BY symbol, timeframe ORDER BY ts) AS next_ts
    FROM bars
)
SELECT symbol, timeframe, ts, ts_close, next_ts
FROM neighbors
WHERE ts_close > next_ts OR ts_close <= ts
ORDER BY symbol, timeframe, ts
