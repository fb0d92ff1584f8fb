-- One row is one metric in one calendar bin of one symbol and timeframe over all bars, with its q-value corrected for the
-- hypotheses of all symbols and timeframes together (yes and no of a flag are one), and in how many full years its lift had
-- the sign it has over all bars. Filter by dimension and metric_name.
-- Key: symbol, timeframe, dimension, bin, metric
-- Plot: seasonal_profile
-- Columns:
--   symbol         | id       | Partition key of the instrument.
--   timeframe      | id       | Bar length.
--   dimension      | id       | Canonical id of the calendar dimension.
--   bin            | label    | Label of the bin.
--   bin_order      | count    | Position of the bin in display order, from 0.
--   metric         | id       | Canonical id of the metric.
--   metric_name    | label    | Short name to filter by, such as next_p_up or next_ret_mean.
--   reading        | label    | own: what the bars of the bin did; next: what followed their close.
--   unit           | label    | Unit of value, interval, baseline and lift.
--   hypothesis     | id       | The question that the bin asks: the first bin that asks it; bins that share it are one test.
--   n              | count    | Bars of the bin with an observable value.
--   n_eff          | count    | Effective sample size; null for counts.
--   value          | unit     | The metric in the bin.
--   tie_share      | fraction | Bars of the bin left out because the price did not move; null for metrics that leave none out.
--   ci_low         | unit     | Lower bound of the interval of value.
--   ci_high        | unit     | Upper bound of the interval of value.
--   baseline       | unit     | The metric over the bars in other bins of the dimension.
--   lift           | unit     | value - baseline.
--   mde            | unit     | Smallest lift in absolute value found with 80 % power as the only discovery of its family; null: none, or none known.
--   p_value        | fraction | Two-sided test of the bin against the others.
--   q_value        | fraction | Benjamini-Hochberg within the metric's hypotheses of this symbol and timeframe.
--   q_value_global | fraction | Over the metric's hypotheses of all symbols and timeframes: first the symbols and timeframes in which something is, then what is in them.
--   n_tests_global | count    | Hypotheses that q_value_global corrects for.
--   verdict        | label    | Verdict inside the symbol and timeframe.
--   stability      | label    | Of the later half: stable, unstable; or why not: not_found, too_few_years, too_few_bars, underpowered.
--   stable         | label    | Found on the earlier half: does the sign hold on the later one? Null where not found there.
--   replicated     | label    | Found on the earlier half: same sign and p <= 0.05 on the later one? Null where not found, or not tested there.
--   n_years        | count    | Full years with a lift other than 0.
--   n_years_same   | count    | Full years whose lift has the sign of the lift over all bars.
--   n_years_partial | count   | Years with a lift in which bars lack in more than 2 % of the sessions; no full years.
--   provenance     | hash     | Of the profiles the row was built from; another one now: they were computed anew since.
WITH profiles AS (
    SELECT * FROM seasonality_profiles WHERE split = 'all'
),

families AS (
    SELECT
        list({
            'symbol': symbol, 'timeframe': timeframe, 'hypothesis': hypothesis, 'metric': metric, 'p_value': p_value
        }) AS tests
    FROM profiles
    WHERE q_value IS NOT NULL AND hypothesis = concat_ws(' | ', dimension, bin)
    GROUP BY metric
),

corrected AS (
    SELECT
        unnest(tests) AS test,
        unnest(universe_q(
            list_transform(tests, lambda t: t.p_value),
            list_transform(tests, lambda t: concat_ws('|', t.symbol, t.timeframe))
        )) AS q_value_global,
        len(tests) AS n_tests_global
    FROM families
),

adjusted AS (
    SELECT test.symbol, test.timeframe, test.hypothesis, test.metric, n_tests_global, q_value_global
    FROM corrected
),

years AS (
    SELECT
        p.symbol, p.timeframe, p.dimension, p.bin, p.metric,
        count(*) FILTER (WHERE NOT s.is_partial) AS n_years,
        count(*) FILTER (WHERE NOT s.is_partial AND sign(s.lift) = sign(p.lift)) AS n_years_same,
        count(*) FILTER (WHERE s.is_partial) AS n_years_partial
    FROM profiles AS p
    INNER JOIN seasonality_stability AS s USING (symbol, timeframe, dimension, bin, metric)
    WHERE s.period NOT LIKE 'half%' AND s.lift <> 0
    GROUP BY ALL
)

SELECT
    symbol,
    timeframe,
    dimension,
    bin,
    bin_order,
    metric,
    metric_name,
    reading,
    unit,
    hypothesis,
    n,
    n_eff,
    value,
    tie_share,
    ci_low,
    ci_high,
    baseline,
    lift,
    mde,
    p_value,
    q_value,
    q_value_global,
    n_tests_global,
    verdict,
    stability,
    stable,
    replicated,
    coalesce(n_years, 0) AS n_years,
    coalesce(n_years_same, 0) AS n_years_same,
    coalesce(n_years_partial, 0) AS n_years_partial,
    provenance
FROM profiles
LEFT JOIN (
    SELECT symbol, timeframe, provenance FROM lake_facts WHERE table_name = 'seasonality_profiles'
) USING (symbol, timeframe)
LEFT JOIN adjusted USING (symbol, timeframe, hypothesis, metric)
LEFT JOIN years USING (symbol, timeframe, dimension, bin, metric)
ORDER BY symbol, timeframe, dimension, bin_order, metric
