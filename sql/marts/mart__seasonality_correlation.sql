-- One row is how alike the seasonal profiles of two symbols are: the Pearson correlation of their lifts over the bins of
-- one dimension, for the headline metrics. Both orders and the diagonal are there, so that it reads as a matrix.
-- Bins that are insufficient in either symbol are left out; the interval is Fisher's z, with bins as independent draws.
-- Key: symbol_a, symbol_b, timeframe, dimension, metric
-- Plot: correlation_matrix
-- Columns:
--   symbol_a    | id       | Row of the matrix.
--   symbol_b    | id       | Column of the matrix.
--   timeframe   | id       | Bar length of both.
--   dimension   | id       | Canonical id of the calendar dimension.
--   metric      | id       | Canonical id of the metric.
--   metric_name | label    | Short name to filter by: own_p_up, own_ret_mean, next_p_up, next_ret_mean or amp_mean.
--   reading     | label    | own: what the bars of the bin did; next: what followed their close.
--   n_bins      | count    | Bins that both symbols have with enough bars.
--   correlation | fraction | Pearson correlation of the lifts; null under 3 bins or without spread.
--   ci_low      | fraction | Lower bound; null under 4 bins and where the correlation is 1 or -1.
--   ci_high     | fraction | Upper bound; null under 4 bins and where the correlation is 1 or -1.
WITH bins AS (
    SELECT symbol, timeframe, dimension, metric, metric_name, reading, bin, lift
    FROM seasonality_profiles
    WHERE
        split = 'all' AND lift IS NOT NULL AND coalesce(verdict, '') <> 'insufficient'
        AND metric_name IN ('own_p_up', 'own_ret_mean', 'next_p_up', 'next_ret_mean', 'amp_mean')
),

pairs AS (
    SELECT
        a.symbol AS symbol_a,
        b.symbol AS symbol_b,
        timeframe,
        dimension,
        metric,
        a.metric_name,
        a.reading,
        count(*) AS n_bins,
        CASE
            WHEN count(*) < 3 OR min(a.lift) = max(a.lift) OR min(b.lift) = max(b.lift) THEN NULL
            WHEN a.symbol = b.symbol THEN 1.0
            ELSE greatest(-1.0, least(1.0, corr(a.lift, b.lift)))
        END AS correlation
    FROM bins AS a
    INNER JOIN bins AS b USING (timeframe, dimension, metric, bin)
    GROUP BY a.symbol, b.symbol, timeframe, dimension, metric, a.metric_name, a.reading
),

bounded AS (
    SELECT
        *,
        -- The sums of proportional lifts leave 1 in the last digits: that is no correlation under 1 to bound.
        CASE WHEN n_bins > 3 AND abs(correlation) < 1 - 1e-12 THEN atanh(correlation) END AS z,
        CASE WHEN n_bins > 3 THEN getvariable('seasonality_z') / sqrt(n_bins - 3) END AS margin
    FROM pairs
)

SELECT
    symbol_a,
    symbol_b,
    timeframe,
    dimension,
    metric,
    metric_name,
    reading,
    n_bins,
    correlation,
    (exp(2 * (z - margin)) - 1) / (exp(2 * (z - margin)) + 1) AS ci_low,
    (exp(2 * (z + margin)) - 1) / (exp(2 * (z + margin)) + 1) AS ci_high
FROM bounded
ORDER BY symbol_a, symbol_b, timeframe, dimension, metric
