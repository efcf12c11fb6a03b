"""Others on the same sets: recordlinkage and Splink, each by the recipe of its own documentation.

Needs the extra `bench`. Both get all fields that we get. Their documentation blocks on single fields; they are given a
union here, for with one alone nobody finds more than two thirds.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from bench.sets import Labelled, Pair, pair
from hub.desk.matching.record import Address, Name, Record

BLOCKS: Final = ("given_name", "surname", "date_of_birth", "house")
"""One of them equal. `house`: postcode and number; the street alone would pair whole streets."""
FEBRL_BLOCKS: Final = ("given_name", "surname", "date_of_birth", "postcode", "address_1")
"""The Australian sets are spread over a continent: there a postcode or a street is a small block too."""
SEED: Final = 1


def recordlinkage_ecm(labelled: Labelled) -> set[Pair]:
    """recordlinkage: its FEBRL example (Jaro-Winkler from 0.85, the rest exact) and its unsupervised ECM classifier."""
    import recordlinkage

    frame = _frame(labelled)
    index = recordlinkage.Index()
    for column in _blocks(labelled):
        index.block(column)
    compare = recordlinkage.Compare()
    for column in ("given_name", "surname", "address_1", "address_2", "suburb"):
        compare.string(column, column, method="jarowinkler", threshold=0.85, label=column)
    for column in ("date_of_birth", "street_number", "postcode", *_gender(labelled)):
        compare.exact(column, column, label=column)
    files = _files(labelled, frame)
    features = compare.compute(index.index(*files), *files)
    found = recordlinkage.ECMClassifier().fit_predict(features)
    return {pair(str(one), str(other)) for one, other in found}


def splink(labelled: Labelled) -> set[Pair]:
    """Splink: its FEBRL example without the number, on DuckDB; u by random sampling, m by EM, probability from 0.5."""
    from splink import DuckDBAPI, Linker, block_on

    api = DuckDBAPI()
    tables = [api.register(file.reset_index(names="rec_id")) for file in _files(labelled, _frame(labelled))]
    linker = Linker(tables, _settings(labelled))
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    sure = [block_on("given_name", "surname", "date_of_birth"), block_on("surname", "postcode", "date_of_birth")]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    for rule in (block_on("date_of_birth"), block_on("given_name", "surname")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    return {pair(one, other) for one, other in zip(found["rec_id_l"], found["rec_id_r"], strict=True)}


def _settings(labelled: Labelled) -> Any:
    import splink.comparison_library as compare
    from splink import SettingsCreator, block_on

    def frequent(comparison: Any) -> Any:
        return comparison.configure(term_frequency_adjustments=True)

    dates = {"input_is_string": True, "datetime_format": "%Y%m%d", "invalid_dates_as_null": True}
    return SettingsCreator(
        unique_id_column_name="rec_id",
        link_type="link_only" if labelled.left else "dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(column) for column in _blocks(labelled)],
        comparisons=[
            compare.NameComparison("given_name"),
            compare.NameComparison("surname"),
            compare.DateOfBirthComparison("date_of_birth", **dates),
            frequent(compare.ExactMatch("street_number")),
            frequent(compare.DamerauLevenshteinAtThresholds("postcode", [1, 2])),
            compare.JaroWinklerAtThresholds("address_1", [0.9, 0.7]),
            compare.JaroWinklerAtThresholds("address_2", [0.9, 0.7]),
            compare.JaroWinklerAtThresholds("suburb", [0.9, 0.7]),
            *(compare.ExactMatch(column) for column in _gender(labelled)),
        ],
        retain_intermediate_calculation_columns=False,
    )


def _blocks(labelled: Labelled) -> tuple[str, ...]:
    return FEBRL_BLOCKS if labelled.name.startswith("febrl") else BLOCKS


def _gender(labelled: Labelled) -> list[str]:
    return ["gender"] if any(record.genders for record in labelled.records.values()) else []


def _frame(labelled: Labelled) -> Any:
    import pandas

    rows = [_row(record) for record in labelled.records.values()]
    return pandas.DataFrame(rows, index=list(labelled.records), dtype=object)


def _files(labelled: Labelled, frame: Any) -> list[Any]:
    if not labelled.left:
        return [frame]
    is_left = frame.index.isin(labelled.left)
    return [frame[is_left], frame[~is_left]]


def _row(record: Record) -> dict[str, str | None]:
    name = record.names[0] if record.names else Name()
    address = record.addresses[0] if record.addresses else Address()
    return {
        "given_name": name.given,
        "surname": " ".join(part for part in (name.prefix, name.family) if part) or None,
        "date_of_birth": record.birth_dates[0].replace("-", "") if record.birth_dates else None,
        "gender": record.genders[0] if record.genders else None,
        "house": f"{address.postcode} {address.number}" if address.postcode and address.number else None,
        "street_number": address.number,
        "address_1": address.street,
        "address_2": address.suffix,
        "postcode": address.postcode,
        "suburb": address.city,
    }
