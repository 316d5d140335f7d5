"""Tables of many rows as Parquet and as NumPy columns (pip install latentpath[cluster]).

    from latentpath import tables
    tables.to_parquet("runs/table")                              # paths.parquet and frames.parquet beside the CSV files
    columns = tables.read("runs/table", columns=["pair", "method", "cost_refined"], method="ours")

Parquet holds columns, packed: one is read without the others, and a reader of any language knows their types. A million rows
are read in a second; as dicts, as in Evaluation.paths, they would take gigabytes.
"""

import csv
import os
import pathlib

from ._errors import ArgumentError
from ._evaluate import _TEXTS, _WHOLE

_BLOCK = 16 << 20  # bytes of CSV that are converted at once


def _arrow():
    try:
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError:
        raise ImportError("latentpath.tables needs pyarrow: pip install latentpath[cluster]") from None
    return pyarrow


def _csv_batches(file):
    """Record batches of a CSV file of a run folder, with its columns' types; what does not apply is null."""
    arrow = _arrow()
    with open(file, newline="") as lines:
        names = next(csv.reader(lines))
    kinds = {name: arrow.dictionary(arrow.int32(), arrow.string()) if name in _TEXTS else
             arrow.int64() if name in _WHOLE else arrow.float64() for name in names}
    return arrow.csv.open_csv(
        file, read_options=arrow.csv.ReadOptions(block_size=_BLOCK),
        convert_options=arrow.csv.ConvertOptions(column_types=kinds, null_values=[""], strings_can_be_null=False))


def _file(run, name):
    file = pathlib.Path(run) / name
    if not file.exists():
        raise ArgumentError(f"{file} is not there: `run` names the run folder of an evaluation")
    return file


def to_parquet(run):
    """Writes paths.parquet and frames.parquet into a run folder of an evaluation, beside paths.csv and frames.csv, of the same
    rows; each whole or not at all. Memory does not grow with the number of rows."""
    parquet = _arrow().parquet
    for name in ("paths", "frames"):
        target = _file(run, f"{name}.csv").with_suffix(".parquet")
        part = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            batches = _csv_batches(target.with_suffix(".csv"))
            with parquet.ParquetWriter(part, batches.schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def read(run, name="paths", columns=None, **equal):
    """{column: NumPy array} of paths.parquet or frames.parquet, or of the CSV file where there is none.

    columns: their names; None: all. Others choose rows: method="ours", feature="favor 8". What does not apply is NaN.
    """
    arrow = _arrow()
    file = pathlib.Path(run) / f"{name}.parquet"
    schema = arrow.parquet.read_schema(file) if file.exists() else _csv_batches(_file(run, f"{name}.csv")).schema
    for wanted in (*(columns or ()), *equal):
        if wanted not in schema.names:
            raise KeyError(f"there is no column {wanted!r}; there are {', '.join(schema.names)}")
    if file.exists():
        chosen = [(column, "=", value) for column, value in equal.items()]
        table = arrow.parquet.read_table(file, columns=columns, filters=chosen or None)
    else:
        table = arrow.Table.from_batches(_csv_batches(_file(run, f"{name}.csv")), schema)
        for column, value in equal.items():
            table = table.filter(arrow.compute.equal(table[column].cast(arrow.string()), value)
                                 if column in _TEXTS else arrow.compute.equal(table[column], value))
        table = table.select(columns or schema.names)
    return {column: table[column].cast(arrow.string()).to_numpy() if column in _TEXTS else table[column].to_numpy()
            for column in table.column_names}
