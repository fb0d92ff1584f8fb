-- Offending rows: cells of a binary target whose interval does not hold the estimate, or with more successes than trials.
SELECT symbol, timeframe, fold, split, event, condition, condition_value, target, n, n_eff, successes, p_hat, ci_low, ci_high
FROM market_stats
WHERE p_hat < ci_low - 1e-12 OR p_hat > ci_high + 1e-12 OR successes > n OR n_eff > n + 1e-9
ORDER BY symbol, timeframe, n
