-- One row is what was asked and found in one split of one symbol and timeframe, all folds together: cells, tests, findings
-- with the false ones to expect among them, what replicated, and from which data and spec it was computed.
-- Key: symbol, timeframe, split
-- Columns:
--   symbol                   | id       | Partition key of the instrument.
--   timeframe                | id       | Bar length.
--   split                    | label    | train, test, or oos_pooled.
--   n_folds                  | count    | Walk-forward folds; the pooled tests count as one.
--   n_cells                  | count    | Cells: event x condition state x target, over the folds.
--   n_insufficient           | count    | Cells with too few observations for a verdict.
--   n_underpowered           | count    | Tested hypotheses about rates that not even a certain outcome could have made the first discovery of their family.
--   n_tested                 | count    | Hypotheses in a family of tests: those with a q_value; cells that ask the same are one.
--   n_significant            | count    | Hypotheses that are significant in their own family.
--   n_false_expected         | count    | fdr * n_significant: how many of them may be expected to be false at most.
--   n_p_small                | count    | Tested hypotheses with p_value <= 0.05, before any correction.
--   n_p_small_by_chance      | count    | 0.05 * n_tested: how many of those chance alone would give.
--   n_replication_testable   | count    | Significant train hypotheses that their fold's test can confirm or not; null elsewhere.
--   n_replicated             | count    | Those with the same sign and p_value <= 0.05 there; chance alone gives 0.025 of them.
--   q_value_min              | fraction | Smallest q_value; null where nothing was tested.
--   strongest_event          | id       | Event of the cell with the smallest q_value, then p_value.
--   strongest_condition      | id       | Its condition.
--   strongest_state          | label    | Its condition_value.
--   strongest_target         | id       | Its target.
--   data_version             | id       | Hash of the inputs, back to the raw parts.
--   code_version             | id       | Hash of the code that computed the cells.
--   spec_id                  | id       | Hash of the part of the research spec that they depend on.
--   seed                     | index    | Seed of every random draw.
WITH cells AS (
    SELECT
        *,
        q_value IS NOT NULL AND hypothesis = concat_ws(' | ', event, condition, condition_value, target) AS is_test
    FROM market_stats
),

counted AS (
    SELECT
        symbol,
        timeframe,
        split,
        count(DISTINCT fold) AS n_folds,
        count(*) AS n_cells,
        count(*) FILTER (WHERE verdict = 'insufficient') AS n_insufficient,
        count(*) FILTER (WHERE is_test AND verdict = 'underpowered') AS n_underpowered,
        count(*) FILTER (WHERE is_test) AS n_tested,
        count(*) FILTER (WHERE is_test AND verdict = 'significant') AS n_significant,
        count(*) FILTER (WHERE is_test AND p_value <= 0.05) AS n_p_small,
        count(replicated) FILTER (WHERE is_test AND verdict = 'significant') AS n_replication_testable,
        count(*) FILTER (WHERE is_test AND verdict = 'significant' AND replicated) AS n_replicated,
        min(q_value) AS q_value_min
    FROM cells
    GROUP BY ALL
),

strongest AS (
    SELECT symbol, timeframe, split, event, condition, condition_value, target
    FROM market_stats
    WHERE q_value IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY symbol, timeframe, split
        ORDER BY q_value, p_value, fold, event, condition, condition_value, target
    ) = 1
)

SELECT
    symbol,
    timeframe,
    split,
    n_folds,
    n_cells,
    n_insufficient,
    n_underpowered,
    n_tested,
    n_significant,
    getvariable('fdr') * n_significant AS n_false_expected,
    n_p_small,
    0.05::DOUBLE * n_tested AS n_p_small_by_chance,
    CASE WHEN split = 'train' THEN n_replication_testable END AS n_replication_testable,
    CASE WHEN split = 'train' THEN n_replicated END AS n_replicated,
    q_value_min,
    event AS strongest_event,
    condition AS strongest_condition,
    condition_value AS strongest_state,
    target AS strongest_target,
    data_version,
    code_version,
    spec_id,
    seed
FROM counted
LEFT JOIN strongest USING (symbol, timeframe, split)
LEFT JOIN (SELECT * FROM lake_facts WHERE table_name = 'market_stats') USING (symbol, timeframe)
ORDER BY symbol, timeframe, split
