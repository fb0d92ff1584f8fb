-- One row is one tested cell of one symbol and timeframe, strongest first, with its q-value corrected for the hypotheses
-- of all symbols, timeframes and folds together: looking at the best of 400 symbols is 400 times as many trials. Cells
-- that ask the same question share one hypothesis, which counts once; mart__findings has one row for each.
-- Holds the train rows and the pooled out-of-sample rows with at least one observable outcome; time-to-event targets
-- have no test and stay in market_stats.
-- Key: symbol, timeframe, fold, split, event, condition, condition_value, target
-- Plot: finding_intervals
-- Columns:
--   rank               | index    | 1 for the smallest q_value_global of the split, then the largest lift in absolute value; last without one.
--   rank_lift_freq     | index    | 1 for the largest lift_freq of the split in absolute value; cells outside the tests last. Null for numeric targets.
--   rank_lift_bayes    | index    | The same by lift_bayes, which the prior shrinks where n_eff is small.
--   rank_net           | index    | 1 for the largest net_best_bps of the split; cells outside the tests last. Null without one.
--   symbol             | id       | Partition key of the instrument.
--   timeframe          | id       | Bar length.
--   fold               | index    | Walk-forward fold; -1 for the test splits of all folds pooled.
--   split              | label    | train, or oos_pooled.
--   event              | id       | Canonical id of the event.
--   condition          | id       | Canonical id of the condition; all for the event without one.
--   condition_value    | label    | State of the condition; bins learned on train, frozen on test.
--   target             | id       | Canonical id of the target.
--   target_kind        | label    | binary or numeric: which columns are filled.
--   hypothesis         | id       | The question that the cell asks: the first cell that asks it; cells that share it are one test.
--   n                  | count    | Event bars in the cell whose outcome is observable inside the split.
--   n_eff              | count    | Effective sample size.
--   p_hat              | fraction | Share of true outcomes. Binary targets only.
--   ci_low             | fraction | Lower Wilson bound with n_eff. Binary targets only.
--   ci_high            | fraction | Upper Wilson bound with n_eff. Binary targets only.
--   baseline           | fraction | Rate over all bars of the split. Binary targets only.
--   lift_freq          | fraction | p_hat - baseline. Binary targets only.
--   lift_bayes         | fraction | Posterior mean - baseline. Binary targets only.
--   mean               | target   | Mean outcome in the target's unit. Numeric targets only.
--   mean_ci_low        | target   | Lower stationary-bootstrap bound. Numeric targets only.
--   mean_ci_high       | target   | Upper stationary-bootstrap bound. Numeric targets only.
--   lift_mean          | target   | mean - mean over all bars of the split. Numeric targets only.
--   p_value            | fraction | Two-sided cluster-robust test of the cell against its baseline.
--   q_value            | fraction | Benjamini-Hochberg within the cell's own symbol, timeframe, fold and split.
--   q_value_global     | fraction | Over all symbols, timeframes and folds of split and target_kind: first the families in which something is, then what is in them.
--   n_tests_global     | count    | Hypotheses that q_value_global corrects for.
--   mde                | fraction | Smallest lift in absolute value found with the spec's power as the only discovery of its family; null: none.
--   verdict            | label    | Verdict inside the cell's own family: what is claimed about its symbol and timeframe alone.
--   verdict_global     | label    | For claims over all symbols: the same rule applied to q_value_global: significant, not_significant, underpowered or insufficient.
--   cost_bps           | bps      | Cost of a round trip; null where the spec names none or no trade is meant.
--   break_even         | fraction | Hit rate at which the trades pay their cost; of numeric targets the mean that does.
--   net_mean_bps       | bps      | Mean payoff of the trades in the target's direction, less the cost.
--   net_ci_low_bps     | bps      | Lower bound of net_mean_bps.
--   net_ci_high_bps    | bps      | Upper bound of net_mean_bps.
--   net_open_mean_bps  | bps      | The same entered at the next open, the earliest that can be traded.
--   net_open_ci_low_bps  | bps    | Lower bound of net_open_mean_bps.
--   net_open_ci_high_bps | bps    | Upper bound of net_open_mean_bps.
--   net_open_against_bps | bps    | Mean payoff of the opposite trades entered at the next open, less the cost.
--   net_best_bps       | bps      | The larger of net_open_mean_bps and net_open_against_bps: what the better side leaves.
--   net_best_side      | label    | Its side: with or against the target's direction.
--   clears_cost        | label    | The intervals of hit rate and mean payoff lie beyond break-even, at the close and at the next open, on one side.
--   cost_side          | label    | The trade that clears its cost: with or against the target's direction.
--   replicated         | label    | On train rows: same sign and p_value <= 0.05 on the fold's test split.
--   n_folds_testable   | count    | Folds in which the cell's replication could be tested.
--   n_folds_replicated | count    | Folds in which it replicated.
--   provenance         | hash     | Of the statistics the row was built from; another one now: they were computed anew since.
WITH families AS (
    SELECT
        list({
            'symbol': symbol, 'timeframe': timeframe, 'fold': fold, 'split': split, 'hypothesis': hypothesis,
            'p_value': p_value
        }) AS tests
    FROM market_stats
    WHERE q_value IS NOT NULL AND split IN ('train', 'oos_pooled')
        AND hypothesis = concat_ws(' | ', event, condition, condition_value, target)
    GROUP BY split, target_kind
),

corrected AS (
    SELECT
        unnest(tests) AS test,
        unnest(universe_q(
            list_transform(tests, lambda t: t.p_value),
            list_transform(tests, lambda t: concat_ws('|', t.symbol, t.timeframe, t.fold))
        )) AS q_value_global,
        len(tests) AS n_tests_global
    FROM families
),

adjusted AS (
    SELECT
        test.symbol, test.timeframe, test.fold, test.split, test.hypothesis, n_tests_global, q_value_global
    FROM corrected
),

replication AS (
    SELECT
        symbol, timeframe, event, condition, condition_value, target,
        count(replicated) AS n_folds_testable,
        count(*) FILTER (WHERE replicated) AS n_folds_replicated
    FROM market_stats
    WHERE split = 'train'
    GROUP BY ALL
),

cells AS (
    SELECT
        *,
        greatest(net_open_mean_bps, net_open_against_bps) AS net_best_bps,
        CASE WHEN net_open_mean_bps >= net_open_against_bps THEN 'with' WHEN net_open_against_bps IS NOT NULL THEN 'against'
        END AS net_best_side
    FROM market_stats
    LEFT JOIN adjusted USING (symbol, timeframe, fold, split, hypothesis)
    LEFT JOIN replication USING (symbol, timeframe, event, condition, condition_value, target)
    WHERE split IN ('train', 'oos_pooled') AND n > 0 AND target_kind <> 'time_to_event'
)

SELECT
    row_number() OVER (
        PARTITION BY split
        ORDER BY
            q_value_global NULLS LAST, abs(coalesce(lift_freq, lift_mean)) DESC NULLS LAST,
            symbol, timeframe, fold, event, condition, condition_value, target
    ) AS rank,
    CASE WHEN target_kind = 'binary' THEN row_number() OVER (
        PARTITION BY split, target_kind
        ORDER BY
            q_value_global IS NULL, abs(lift_freq) DESC NULLS LAST,
            symbol, timeframe, fold, event, condition, condition_value, target
    ) END AS rank_lift_freq,
    CASE WHEN target_kind = 'binary' THEN row_number() OVER (
        PARTITION BY split, target_kind
        ORDER BY
            q_value_global IS NULL, abs(lift_bayes) DESC NULLS LAST,
            symbol, timeframe, fold, event, condition, condition_value, target
    ) END AS rank_lift_bayes,
    CASE WHEN net_best_bps IS NOT NULL THEN row_number() OVER (
        PARTITION BY split, net_best_bps IS NULL
        ORDER BY
            q_value_global IS NULL, net_best_bps DESC NULLS LAST,
            symbol, timeframe, fold, event, condition, condition_value, target
    ) END AS rank_net,
    symbol,
    timeframe,
    fold,
    split,
    event,
    condition,
    condition_value,
    target,
    target_kind,
    hypothesis,
    n,
    n_eff,
    p_hat,
    ci_low,
    ci_high,
    baseline,
    lift_freq,
    lift_bayes,
    mean,
    mean_ci_low,
    mean_ci_high,
    lift_mean,
    p_value,
    q_value,
    q_value_global,
    n_tests_global,
    mde,
    verdict,
    CASE
        WHEN verdict = 'insufficient' OR q_value_global IS NULL THEN verdict
        WHEN q_value_global <= getvariable('fdr') THEN 'significant'
        WHEN verdict = 'underpowered' THEN verdict
        ELSE 'not_significant'
    END AS verdict_global,
    cost_bps,
    break_even,
    net_mean_bps,
    net_ci_low_bps,
    net_ci_high_bps,
    net_open_mean_bps,
    net_open_ci_low_bps,
    net_open_ci_high_bps,
    net_open_against_bps,
    net_best_bps,
    net_best_side,
    clears_cost,
    cost_side,
    replicated,
    coalesce(n_folds_testable, 0) AS n_folds_testable,
    coalesce(n_folds_replicated, 0) AS n_folds_replicated,
    provenance
FROM cells
LEFT JOIN (
    SELECT symbol, timeframe, provenance FROM lake_facts WHERE table_name = 'market_stats'
) USING (symbol, timeframe)
ORDER BY split, rank
