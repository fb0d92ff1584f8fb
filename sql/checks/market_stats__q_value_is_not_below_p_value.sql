-- Offending rows: cells whose multiple-testing adjusted q_value is below their own p_value.
-- Benjamini-Hochberg only ever raises a p-value; a lower one means that a family was adjusted wrongly.
SELECT symbol, timeframe, fold, split, event, condition, condition_value, target, p_value, q_value
FROM market_stats
WHERE q_value < p_value - 1e-12
ORDER BY symbol, timeframe, q_value
