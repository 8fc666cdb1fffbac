"""Full text search over the papers.

Triggers keep the index, so that it is right whatever writes to `paper`: a process of an earlier version too. They are
part of the table: a migration that makes a new `paper` (Alembic's batch mode on SQLite) must make them again.

Both databases have the same words: without case and accents, letters such as "ł" as people type them, digits above
and below the line as digits. Words are whole, not stems: the stemmers of the two differ (FTS5's makes one of
"general" and "generative"), and hide how words begin; `bot.papers.query.forms` looks for the forms of a word instead.
Between two texts, such as two authors, are the two words of `_GAP`, so that no phrase and no name reaches over them.
A category is one word, and its archive another one: `cs0lg cs0`.

SQLite: `search` is an FTS5 table without content, as `paper` has it. Its rows are known by a number. `paper` has none
that is kept (VACUUM may change rowids), so `search_key` gives one: the second in which a paper was first seen, times
2^20, and a running number in that second. Thus the order of the numbers, in which FTS5 finds rows, is that of time.

PostgreSQL: `search` has one text vector for each paper, with the words of the title and of the authors a second time
as `t0word` and `a0word`, and keys as `k0word`: one index answers every query. It is apart from `paper`, whose rows
are read and written without it, and its vectors are stored apart from its rows, so that sorting many by time reads
little.
"""

# ruff: noqa: S608 - the statements are made of constants

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: A letter that no text has.
_GAP = " ǂ ǂ "
_LETTERS = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ℓ": "l"}
_LETTERS |= {letter.upper(): plain for letter, plain in _LETTERS.items() if letter not in "ıℓ"}
_PAIRS = {"þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "Þ": "th", "Æ": "ae", "Œ": "oe"}
_DIGITS = {letter: str(i % 10) for i, letter in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")}
#: Papers between two steps of the progress.
_BATCH = 1000


def upgrade() -> None:
    connection = op.get_bind()
    config = op.get_context().config
    progress = config.attributes.get("progress") if config else None
    is_sqlite = connection.dialect.name == "sqlite"
    papers = connection.scalar(sa.text("SELECT count(*) FROM paper")) or 0
    for statement in _sqlite_tables() if is_sqlite else _postgresql_tables():
        connection.exec_driver_sql(statement)
    fill = _fill_sqlite if is_sqlite else _fill_postgresql
    if papers and progress:
        with progress("Indexing stored papers for the search", -(-papers // _BATCH)) as step:
            fill(connection, step)
    elif papers:
        fill(connection, lambda batch: None)
    for statement in _sqlite_triggers() if is_sqlite else _postgresql_triggers():
        connection.exec_driver_sql(statement)


# --- SQLite -----------------------------------------------------------------------------------------------

_COLUMNS = "title, abstract, authors, keys"


def _sqlite_tables() -> Iterator[str]:
    yield "CREATE TABLE search_key (number INTEGER PRIMARY KEY, paper TEXT NOT NULL UNIQUE)"
    # columnsize=0: the lengths of texts are needed by bm25() only.
    yield (
        f"CREATE VIRTUAL TABLE search USING fts5({_COLUMNS}, content='', columnsize=0, "
        "tokenize='unicode61 remove_diacritics 2')"
    )


def _sqlite_texts(row: str) -> str:
    """The expressions of the columns of `search`, of a row of `paper`."""
    code = "replace(replace({}, '.', '0'), '-', '0')"
    archive = "substr(value, 1, instr(value, '.'))"
    both = f"{code.format('value')} || ' ' || {code.format(archive)}"
    authors = f"(SELECT group_concat(value, '{_GAP}') FROM json_each({row}.authors))"
    categories = f"(SELECT group_concat({both}, ' ') FROM json_each({row}.categories))"
    texts = [_plain_letters(f"{row}.title"), _plain_letters(f"{row}.abstract"), _plain_letters(authors)]
    return ", ".join([*texts, f"{row}.id || '{_GAP}' || coalesce({categories}, '')"])


def _plain_letters(text: str) -> str:
    """FTS5 removes case and accents, but changes no other letters. Most texts are ASCII: as many letters as bytes.

    In several steps, as SQLite's parser allows no deeper expression. LIMIT keeps it from merging them again, and from
    evaluating a step wherever its `x` is used.
    """
    query, letters = f"SELECT {text} AS x LIMIT 1", [*_LETTERS.items(), *_PAIRS.items(), *_DIGITS.items()]
    for start in range(0, len(letters), 10):
        replaced = "x"
        for letter, plain in letters[start : start + 10]:
            replaced = f"replace({replaced}, '{letter}', '{plain}')"
        query = f"SELECT iif(length(x) = length(CAST(x AS BLOB)), x, {replaced}) AS x FROM ({query}) LIMIT 1"
    return f"({query})"


def _sqlite_triggers() -> Iterator[str]:
    first = "(CAST(strftime('%s', new.first_seen) AS INTEGER) << 20)"
    in_second = f"number BETWEEN {first} AND {first} + (1 << 20) - 1"
    next_ = f"coalesce((SELECT max(number) + 1 FROM search_key WHERE {in_second}), {first})"
    add = (
        f"INSERT INTO search (rowid, {_COLUMNS}) SELECT number, {_sqlite_texts('new')} FROM search_key "
        "WHERE paper = new.id;"
    )
    remove = (
        f"INSERT INTO search (search, rowid, {_COLUMNS}) SELECT 'delete', number, {_sqlite_texts('old')} "
        "FROM search_key WHERE paper = old.id;"
    )
    columns = ("id", "title", "abstract", "authors", "categories", "first_seen")
    changed = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
    yield (
        "CREATE TRIGGER search_insert AFTER INSERT ON paper BEGIN "
        f"INSERT INTO search_key (number, paper) VALUES ({next_}, new.id); {add} END"
    )
    yield (
        f"CREATE TRIGGER search_delete AFTER DELETE ON paper BEGIN {remove} "
        "DELETE FROM search_key WHERE paper = old.id; END"
    )
    yield (
        f"CREATE TRIGGER search_update AFTER UPDATE OF {', '.join(columns)} ON paper WHEN {changed} BEGIN {remove} "
        f"UPDATE search_key SET paper = new.id, number = iif(old.first_seen IS new.first_seen, number, {next_}) "
        f"WHERE paper = old.id; {add} END"
    )


def _fill_sqlite(connection: sa.Connection, step: Callable[[str], Any]) -> None:
    connection.exec_driver_sql(
        "INSERT INTO search_key (number, paper) "
        "SELECT (second << 20) + row_number() OVER (PARTITION BY second ORDER BY id) - 1, id "
        "FROM (SELECT CAST(strftime('%s', first_seen) AS INTEGER) AS second, id FROM paper) ORDER BY 1"
    )
    numbers = connection.scalars(sa.text("SELECT number FROM search_key ORDER BY number")).all()
    for batch in _batches(numbers):
        connection.exec_driver_sql(
            f"INSERT INTO search (rowid, {_COLUMNS}) SELECT number, {_sqlite_texts('paper')} "
            "FROM search_key JOIN paper ON id = paper WHERE number BETWEEN ? AND ? ORDER BY number",
            (batch[0], batch[-1]),
        )
        step(str(batch[-1]))


# --- PostgreSQL -------------------------------------------------------------------------------------------

#: After compatibility decomposition: ASCII but letters and digits, and the punctuation, signs and pictures of others.
#: Where the locale is C, PostgreSQL takes them for letters.
_SEPARATORS = (
    r"[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\xbf\xd7\xf7\u2000-\u206f\u2190-\u2bff\u3000-\u303f\ufe00-\ufe0f"
    r"\U0001f000-\U0001faff]+"
)
#: Where the locale is C, lower() changes ASCII only.
_CAPITALS = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
#: Most characters of a text that are indexed: a vector has 1 MB at most.
_MOST = 100_000


def _postgresql_tables() -> Iterator[str]:
    yield """
        CREATE TABLE search (
            paper text CONSTRAINT pk_search PRIMARY KEY
                CONSTRAINT fk_search_paper_paper REFERENCES paper (id) ON DELETE CASCADE ON UPDATE CASCADE,
            seen timestamptz NOT NULL,
            words tsvector NOT NULL
        ) WITH (toast_tuple_target = 128)
    """
    letters = {**_LETTERS, **dict(zip(_CAPITALS, _CAPITALS.lower(), strict=True))}
    plain = f"translate(decomposed, '{''.join(letters)}', '{''.join(letters.values())}')"
    for letter, pair in _PAIRS.items():
        plain = f"replace({plain}, '{letter}', '{pair}')"
    # Only decomposed texts have other characters than ASCII.
    yield f"""
        CREATE FUNCTION search_words(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
        DECLARE
            decomposed text := left($1, {_MOST});
        BEGIN
            IF octet_length(decomposed) > length(decomposed) THEN
                decomposed := regexp_replace(normalize(decomposed, NFKD), '[\\u0300-\\u036f]+', '', 'g');
                decomposed := {plain};
            END IF;
            RETURN trim(regexp_replace(lower(decomposed), '{_SEPARATORS}', ' ', 'g'));
        END $$
    """
    yield f"""
        CREATE FUNCTION search_vector(paper) RETURNS tsvector LANGUAGE plpgsql STABLE STRICT AS $$
        DECLARE
            title text := search_words($1.title);
            authors text := (
                SELECT string_agg(search_words(value), '{_GAP}') FROM json_array_elements_text($1.authors)
            );
            categories text := (
                SELECT string_agg(concat_ws(' ', value, substring(value FROM '^[^.]+[.]')), ' ')
                FROM json_array_elements_text($1.categories)
            );
        BEGIN
            RETURN to_tsvector('simple', concat_ws('{_GAP}',
                regexp_replace(title, '(^| )', '\\1t0', 'g'), regexp_replace(authors, '(^| )', '\\1a0', 'g'),
                regexp_replace(search_words($1.id), '(^| )', '\\1k0', 'g'),
                regexp_replace(search_words(translate(categories, '.-', '00')), '(^| )', '\\1k0', 'g'),
                title, authors, search_words($1.abstract)));
        END $$
    """
    yield """
        CREATE FUNCTION search_update() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO search (paper, seen, words) VALUES (NEW.id, NEW.first_seen, search_vector(NEW))
            ON CONFLICT (paper) DO UPDATE SET seen = excluded.seen, words = excluded.words;
            RETURN NULL;
        END $$
    """


def _postgresql_triggers() -> Iterator[str]:
    # Every query reads the list of pending insertions as a whole: 4 MB by default.
    yield "CREATE INDEX ix_search_words ON search USING gin (words) WITH (gin_pending_list_limit = 256)"
    columns = ("id", "title", "abstract", "authors", "categories", "first_seen")
    changed = " OR ".join(f"OLD.{column}::text IS DISTINCT FROM NEW.{column}::text" for column in columns)
    yield "CREATE TRIGGER search_insert AFTER INSERT ON paper FOR EACH ROW EXECUTE FUNCTION search_update()"
    yield (
        f"CREATE TRIGGER search_update AFTER UPDATE ON paper FOR EACH ROW WHEN ({changed}) "
        "EXECUTE FUNCTION search_update()"
    )


def _fill_postgresql(connection: sa.Connection, step: Callable[[str], Any]) -> None:
    ids = connection.scalars(sa.text("SELECT id FROM paper ORDER BY id")).all()
    for batch in _batches(ids):
        connection.execute(
            sa.text(
                "INSERT INTO search (paper, seen, words) SELECT id, first_seen, search_vector(paper) FROM paper "
                "WHERE id BETWEEN :first AND :last ORDER BY first_seen, id"
            ),
            {"first": batch[0], "last": batch[-1]},
        )
        step(batch[-1])


def _batches(items: Any) -> Iterator[Any]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
