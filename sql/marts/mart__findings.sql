-- One row is one distinct question and its answer: a hypothesis over event bars, pooled out of sample, or over a calendar
-- bin, all bars. Cells that ask the same question are one row, that of the one with the fewest bars (of yes and no it is
-- mostly yes), which lists the others as twins. The columns say what
-- happened when, how often or how much, against what, how sure that is, whether it held again, and what trading leaves.
-- Questions without a test (the baseline itself, time-to-event targets, counts) are left out.
-- Key: kind, symbol, timeframe, hypothesis, measure
-- Columns:
--   kind           | label    | event (after an event, out of sample) or season (in a calendar bin, all bars).
--   symbol         | id       | Partition key of the instrument.
--   timeframe      | id       | Bar length.
--   hypothesis     | id       | The question: the first cell that asks it.
--   measure        | id       | What is measured: the target, or the metric of the bin.
--   event          | id       | Canonical id of the event; null for seasons.
--   condition      | id       | Canonical id of the condition (all for none), or of the calendar dimension.
--   state          | label    | State of the condition, or the bin.
--   form           | label    | rate, mean, or another statistic of a bin by its short name.
--   reading        | label    | own: what the bars of the bin did; next: what followed the close of the event bar or of the bin's bars.
--   unit           | label    | Unit of estimate, interval, baseline, lift and mde.
--   n              | count    | Bars with an observable outcome.
--   n_eff          | count    | Independent observations they amount to.
--   estimate       | unit     | Rate, mean or value.
--   ci_low         | unit     | Lower bound of its interval.
--   ci_high        | unit     | Upper bound of its interval.
--   baseline       | unit     | The same over all bars of the split (event), or over the other bins (season).
--   lift           | unit     | estimate - baseline.
--   mde            | unit     | Smallest lift in absolute value that would be found as the only discovery of its family; beside others smaller ones are found. Null where the table has none.
--   p_value        | fraction | Two-sided test against the baseline.
--   q_value        | fraction | Corrected within the symbol and timeframe.
--   q_value_global | fraction | Corrected over all symbols and timeframes.
--   verdict        | label    | Within the symbol and timeframe.
--   verdict_global | label    | By q_value_global: significant, not_significant, or the verdict where it was not tested.
--   replicated     | label    | Events: some training fold was confirmed by its own test. Seasons: found on the earlier half, confirmed later.
--   n_testable     | count    | Folds, or years with a lift, in which that could be seen.
--   n_held         | count    | Folds in which it replicated, or years whose lift has the same sign.
--   cost_bps       | bps      | Cost of a round trip; null where none is given or no trade is meant.
--   net_close_bps  | bps      | Mean payoff in the target's direction entered at the close, less the cost.
--   net_bps        | bps      | The same for the better side, entered at the next open: what can be traded.
--   side           | label    | The better side: with or against the target's direction.
--   clears_cost    | label    | The intervals lie beyond the cost, at the close and at the next open.
--   n_twins        | count    | Further cells that ask the same question.
--   twins          | label    | Their names, separated by semicolons.
WITH events AS (
    SELECT
        *,
        event || CASE WHEN condition = 'all' THEN '' ELSE ', ' || condition || ' = ' || condition_value END || ' → '
        || target AS name,
        row_number() OVER (
            PARTITION BY symbol, timeframe, hypothesis ORDER BY n, event, condition, condition_value, target
        ) = 1 AS speaks
    FROM mart__market_stats_top
    WHERE split = 'oos_pooled' AND verdict_global IS NOT NULL AND hypothesis IS NOT NULL
),

seasons AS (
    SELECT
        *,
        dimension || ' = ' || bin AS name,
        row_number() OVER (PARTITION BY symbol, timeframe, hypothesis, metric ORDER BY n, dimension, bin_order) = 1 AS speaks
    FROM mart__seasonality_profiles
    WHERE verdict IS NOT NULL
),

names_of_events AS (
    SELECT
        symbol, timeframe, hypothesis,
        count(*) - 1 AS n_twins,
        string_agg(name, '; ' ORDER BY name) FILTER (WHERE NOT speaks) AS twins
    FROM events
    GROUP BY ALL
),

names_of_seasons AS (
    SELECT
        symbol, timeframe, hypothesis, metric,
        count(*) - 1 AS n_twins,
        string_agg(name, '; ' ORDER BY name) FILTER (WHERE NOT speaks) AS twins
    FROM seasons
    GROUP BY ALL
)

SELECT
    'event' AS kind,
    symbol,
    timeframe,
    hypothesis,
    target AS measure,
    event,
    condition,
    condition_value AS state,
    CASE target_kind WHEN 'binary' THEN 'rate' ELSE 'mean' END AS form,
    'next' AS reading,
    CASE target_kind WHEN 'binary' THEN 'fraction' ELSE 'unit of the target' END AS unit,
    n,
    n_eff,
    coalesce(p_hat, mean) AS estimate,
    coalesce(ci_low, mean_ci_low) AS ci_low,
    coalesce(ci_high, mean_ci_high) AS ci_high,
    coalesce(baseline, mean - lift_mean) AS baseline,
    coalesce(lift_freq, lift_mean) AS lift,
    mde,
    p_value,
    q_value,
    q_value_global,
    verdict,
    verdict_global,
    CASE WHEN n_folds_testable > 0 THEN n_folds_replicated > 0 END AS replicated,
    n_folds_testable AS n_testable,
    n_folds_replicated AS n_held,
    cost_bps,
    net_mean_bps AS net_close_bps,
    net_best_bps AS net_bps,
    net_best_side AS side,
    clears_cost,
    n_twins,
    coalesce(twins, '') AS twins
FROM events
INNER JOIN names_of_events USING (symbol, timeframe, hypothesis)
WHERE speaks

UNION ALL

SELECT
    'season' AS kind,
    symbol,
    timeframe,
    hypothesis,
    metric AS measure,
    NULL AS event,
    dimension AS condition,
    bin AS state,
    metric_name AS form,
    reading,
    unit,
    n,
    n_eff,
    value AS estimate,
    ci_low,
    ci_high,
    baseline,
    lift,
    mde,
    p_value,
    q_value,
    q_value_global,
    verdict,
    CASE
        WHEN verdict = 'insufficient' OR q_value_global IS NULL THEN verdict
        WHEN q_value_global <= getvariable('seasonality_q_max') THEN 'significant'
        ELSE 'not_significant'
    END AS verdict_global,
    replicated,
    n_years AS n_testable,
    n_years_same AS n_held,
    NULL AS cost_bps,
    NULL AS net_close_bps,
    NULL AS net_bps,
    NULL AS side,
    NULL AS clears_cost,
    n_twins,
    coalesce(twins, '') AS twins
FROM seasons
INNER JOIN names_of_seasons USING (symbol, timeframe, hypothesis, metric)
WHERE speaks
ORDER BY kind, q_value_global NULLS LAST, p_value NULLS LAST, symbol, timeframe, hypothesis, measure
