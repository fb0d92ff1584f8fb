-- One row is one state of one condition for one event and target, with its place in the order of states, so that states
-- can be laid out as the columns of a heat map: the train and test splits of the latest fold side by side, and the tests
-- of all folds pooled (oos_pooled). Time-to-event targets have no lift and stay in market_stats.
-- Key: symbol, timeframe, split, event, target, condition, condition_value
-- Plot: market_stats_heat_map
-- Columns:
--   symbol          | id       | Partition key of the instrument.
--   timeframe       | id       | Bar length.
--   split           | label    | train and test of the latest fold, or oos_pooled.
--   fold            | index    | The latest fold; -1 for oos_pooled.
--   event           | id       | Canonical id of the event.
--   target          | id       | Canonical id of the target.
--   target_kind     | label    | binary or numeric.
--   condition       | id       | Canonical id of the condition.
--   condition_value | label    | State of the condition; bins learned on train, frozen on test.
--   bin_order       | count    | Place of the state in display order, from 0: low mid high, down up, numbers by value, else by name.
--   n               | count    | Event bars in the cell with an observable outcome.
--   n_eff           | count    | Effective sample size; null where n = 0.
--   estimate        | target   | p_hat of binary targets, mean of numeric ones.
--   baseline        | target   | The same over all bars of the split.
--   lift            | target   | estimate - baseline.
--   q_value         | fraction | Benjamini-Hochberg within the cell's own symbol, timeframe, fold, split and target_kind.
--   verdict         | label    | significant, not_significant, underpowered or insufficient.
WITH latest AS (
    SELECT symbol, timeframe, max(fold) AS latest_fold
    FROM market_stats
    GROUP BY ALL
),

cells AS (
    SELECT m.*
    FROM market_stats AS m
    INNER JOIN latest USING (symbol, timeframe)
    WHERE
        m.condition <> 'all' AND m.target_kind <> 'time_to_event'
        AND (m.split = 'oos_pooled' OR m.fold = latest_fold)
),

states AS (
    SELECT
        condition,
        condition_value,
        row_number() OVER (
            PARTITION BY condition
            ORDER BY
                coalesce(list_position(['low', 'mid', 'high', 'down', 'up'], split_part(condition_value, '&', 1)), 0),
                try_cast(regexp_extract(split_part(condition_value, '&', 1), '[0-9]+') AS INTEGER) NULLS LAST,
                split_part(condition_value, '&', 1),
                coalesce(list_position(['low', 'mid', 'high', 'down', 'up'], split_part(condition_value, '&', 2)), 0),
                try_cast(regexp_extract(condition_value, '&.*?([0-9]+)', 1) AS INTEGER) NULLS LAST,
                condition_value
        ) - 1 AS bin_order
    FROM (SELECT DISTINCT condition, condition_value FROM cells)
)

SELECT
    symbol,
    timeframe,
    split,
    fold,
    event,
    target,
    target_kind,
    condition,
    condition_value,
    bin_order,
    n,
    n_eff,
    coalesce(p_hat, mean) AS estimate,
    CASE WHEN target_kind = 'binary' THEN baseline ELSE baseline_mean END AS baseline,
    coalesce(lift_freq, lift_mean) AS lift,
    q_value,
    verdict
FROM cells
INNER JOIN states USING (condition, condition_value)
ORDER BY symbol, timeframe, split, event, target, condition, bin_order
