-- One row is one metric in one calendar bin of two symbols side by side, symbol_a before symbol_b in the alphabet: the
-- difference of their lifts with an interval that takes the symbols as independent, too wide for symbols that move
-- together. Holds rates and means where neither symbol is insufficient and at least one is significant; of those the
-- 2,000 largest differences, measured by their margin, of each timeframe, dimension and metric: pairs grow with the
-- square of the number of symbols.
-- Key: symbol_a, symbol_b, timeframe, dimension, bin, metric
-- Plot: lift_comparison
-- Columns:
--   symbol_a       | id    | First symbol.
--   symbol_b       | id    | Second symbol.
--   timeframe      | id    | Bar length of both.
--   dimension      | id    | Canonical id of the calendar dimension.
--   bin            | label | Label of the bin.
--   bin_order      | count | Position of the bin in display order, from 0.
--   metric         | id    | Canonical id of the metric.
--   metric_name    | label | Short name to filter by.
--   reading        | label | own: what the bars of the bin did; next: what followed their close.
--   unit           | label | Unit of values, baselines and lifts.
--   n_a            | count | Bars with a value of symbol_a.
--   n_eff_a        | count | Independent observations they are worth.
--   value_a        | unit  | The metric of symbol_a in the bin.
--   baseline_a     | unit  | The metric of symbol_a in other bins.
--   lift_a         | unit  | value_a - baseline_a.
--   verdict_a      | label | Verdict of symbol_a.
--   n_b            | count | Bars with a value of symbol_b.
--   n_eff_b        | count | Independent observations they are worth.
--   value_b        | unit  | The metric of symbol_b in the bin.
--   baseline_b     | unit  | The metric of symbol_b in other bins.
--   lift_b         | unit  | value_b - baseline_b.
--   verdict_b      | label | Verdict of symbol_b.
--   lift_diff      | unit  | lift_a - lift_b.
--   lift_diff_low  | unit  | Lower bound of lift_diff.
--   lift_diff_high | unit  | Upper bound of lift_diff.
WITH bins AS (
    SELECT * FROM seasonality_profiles
    WHERE split = 'all' AND se_lift IS NOT NULL AND verdict IN ('significant', 'not_significant')
),

pairs AS (
    SELECT
        a.symbol AS symbol_a,
        b.symbol AS symbol_b,
        timeframe,
        dimension,
        bin,
        a.bin_order,
        metric,
        a.metric_name,
        a.reading,
        a.unit,
        a.n AS n_a,
        a.n_eff AS n_eff_a,
        a.value AS value_a,
        a.baseline AS baseline_a,
        a.lift AS lift_a,
        a.verdict AS verdict_a,
        b.n AS n_b,
        b.n_eff AS n_eff_b,
        b.value AS value_b,
        b.baseline AS baseline_b,
        b.lift AS lift_b,
        b.verdict AS verdict_b,
        a.lift - b.lift AS lift_diff,
        getvariable('seasonality_z') * sqrt(a.se_lift * a.se_lift + b.se_lift * b.se_lift) AS margin
    FROM bins AS a
    INNER JOIN bins AS b USING (timeframe, dimension, bin, metric)
    WHERE a.symbol < b.symbol AND 'significant' IN (a.verdict, b.verdict)
)

SELECT
    * EXCLUDE (margin),
    lift_diff - margin AS lift_diff_low,
    lift_diff + margin AS lift_diff_high
FROM pairs
QUALIFY row_number() OVER (
    PARTITION BY timeframe, dimension, metric
    ORDER BY abs(lift_diff) / margin DESC NULLS LAST, symbol_a, symbol_b, bin_order
) <= 2000
ORDER BY symbol_a, symbol_b, timeframe, dimension, bin_order, metric
