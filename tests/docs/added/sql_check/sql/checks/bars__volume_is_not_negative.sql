-- Offending rows: bars with a negative volume.
-- Cleaning sets such volumes to null, so a row here was written by something else.
SELECT symbol, timeframe, ts, volume
FROM bars
WHERE volume < 0
ORDER BY symbol, timeframe, ts
