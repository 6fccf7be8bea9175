"""Asks DuckDB what our rules say, and fails on any difference from our own answer.

Does every row of every table that `cargo run -p weigh-rules --example conformance` wrote come out
the same in DuckDB, cell by cell? Would these rows show it if a statement were wrong? And does DuckDB
still answer the everyday expressions of the conformance suite as the suite records?

    python duckdb_check.py TABLES SUITE

TABLES is the folder the example wrote, SUITE the folder of cases. Needs Python 3.11 and the
package `duckdb`; `cargo xtask conformance` brings it into an environment of its own.
"""

import csv
import re
import sys
import tomllib
from pathlib import Path

import duckdb

# More differences than these are not shown.
SHOWN = 20

# Operators that are changed in one statement, to see that the subjects notice.
ALTERED_MAX = 40

# The least part of them that must be noticed. Some changes change nothing: which of two equal
# numbers is the greater one.
TOLD_APART = 0.75


def fresh():
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 2")
    return connection


def loaded(folder):
    """A connection with the subjects of one table."""
    connection = fresh()
    connection.execute((folder / "table.sql").read_text(encoding="utf-8"))
    connection.execute(
        "COPY subjects FROM '{}' (FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', "
        "NULLSTR '', ALLOW_QUOTED_NULLS false, AUTO_DETECT false)".format(
            str(folder / "subjects.csv").replace("'", "''")
        )
    )
    return connection


def check_table(folder):
    """Differences in one table, with the number of rows and cells that were compared."""
    with open(folder / "expected.csv", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)[1:]
        expected = {row[0]: row[1:] for row in rows}
    result = loaded(folder).execute((folder / "query.sql").read_text(encoding="utf-8"))
    columns = [column[0] for column in result.description]
    if columns != ["subject_id", *names]:
        return [f"{folder}: columns {columns} and not {names}"], len(expected), 0
    differences, cells, answered = [], 0, set()
    words = {True: "true", False: "false", None: ""}
    for subject, *answers in result.fetchall():
        answered.add(subject)
        for name, answer, ours in zip(names, answers, expected[subject], strict=True):
            cells += 1
            if words[answer] != ours:
                differences.append(
                    f"{folder}: subject {subject}: `{name}` is {ours or 'unknown'}, "
                    f"and DuckDB says {words[answer] or 'unknown'}"
                )
    if answered != set(expected):
        differences.append(f"{folder}: DuckDB answered {len(answered)} of {len(expected)} subjects")
    return differences, len(expected), cells


OPERATOR = re.compile(r" (>=|<=|>|<|AND|OR) ")
OTHER = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "AND": "OR", "OR": "AND"}


def altered(query):
    """The statement with one operator changed, for up to so many operators spread over it."""
    places = []
    for match in OPERATOR.finditer(query):
        line = query[query.rfind("\n", 0, match.start()) + 1 : match.end()]
        if not line.lstrip().startswith("--"):
            places.append(match)
    for match in places[:: -(-len(places) // ALTERED_MAX) or 1]:
        yield query[: match.start(1)] + OTHER[match.group(1)] + query[match.end(1) :]


def check_alterations(folder):
    """How many wrong statements there are, and how many of them these subjects tell apart."""
    connection = loaded(folder)
    query = (folder / "query.sql").read_text(encoding="utf-8")
    right = connection.execute(query).fetchall()
    told = [connection.execute(wrong).fetchall() != right for wrong in altered(query)]
    return len(told), sum(told)


def check_tables(root):
    differences, tables, subjects, cells = [], 0, 0, 0
    for table in sorted(root.glob("*/*/table.sql")):
        found, more_subjects, more_cells = check_table(table.parent)
        differences += found
        tables += 1
        subjects += more_subjects
        cells += more_cells
    print(
        f"duckdb {duckdb.__version__}: {subjects} subjects in {tables} tables, "
        f"{cells} cells compared, {len(differences)} differences"
    )
    if not cells:
        return [f"{root}: nothing to compare"]
    wrong, told = 0, 0
    for book in sorted(folder for folder in root.iterdir() if folder.is_dir()):
        # The last day: the most rules are in force.
        more_wrong, more_told = check_alterations(sorted(book.glob("*/"))[-1])
        wrong, told = wrong + more_wrong, told + more_told
    print(f"duckdb {duckdb.__version__}: {told} of {wrong} statements made wrong were told apart")
    if told < TOLD_APART * wrong:
        differences.append(f"{root}: these subjects hardly tell a wrong statement from a right one")
    return differences


def answer(connection, sql):
    """What DuckDB makes of an expression, in the words of the suite."""
    try:
        (value,) = connection.execute(f"SELECT {sql}").fetchone()
    except duckdb.Error:
        return "error"
    return {True: "true", False: "false", None: "null"}.get(value, repr(value))


def check_suite(root):
    differences, cases = [], 0
    connection = fresh()
    for page in sorted(root.glob("*.toml")):
        for case in tomllib.loads(page.read_text(encoding="utf-8")).get("case", []):
            recorded = case.get("engines", {}).get("duckdb")
            if recorded is None:
                continue
            cases += 1
            said = answer(connection, case["sql"])
            if said != recorded:
                differences.append(
                    f"{page}: `{case['id']}`: {case['sql']} is recorded as {recorded}, "
                    f"and DuckDB {duckdb.__version__} says {said}"
                )
    print(
        f"duckdb {duckdb.__version__}: {cases} cases of the suite asked, "
        f"{len(differences)} differences"
    )
    if not cases:
        differences.append(f"{root}: no cases")
    return differences


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    tables, suite = map(Path, arguments)
    differences = check_suite(suite) + check_tables(tables)
    for difference in differences[:SHOWN]:
        print(difference, file=sys.stderr)
    if len(differences) > SHOWN:
        print(f"and {len(differences) - SHOWN} more", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
