"""Full text search over the stored papers: SQLite's FTS5 or PostgreSQL's text search (migration 0012)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from sqlalchemy import select as select_columns
from sqlalchemy import text
from sqlmodel import Session, col

from bot.papers.query import Field, Order, Query, SearchPage, Term, id_term
from bot.papers.relevance import Found, rank
from bot.store.database import Database
from bot.store.papers import Papers
from bot.store.tables import PaperRow

#: Of the papers that a query finds, the newest so many are ranked, and the newest so many with its words in the
#: title: common words take no longer than others.
RANKED = 300

_FTS5 = text(
    "SELECT paper FROM search JOIN search_key ON number = search.rowid WHERE search MATCH :query "
    "ORDER BY search.rowid DESC LIMIT :limit OFFSET :offset"
)
_TSQUERY = text(
    "SELECT paper FROM search WHERE words @@ CAST(:query AS tsquery) "
    "ORDER BY seen DESC, paper DESC LIMIT :limit OFFSET :offset"
)
#: The index finds words, and phrases are looked for in the vectors of the papers that have them: of the newest first,
#: and no further than necessary. OFFSET 0 keeps PostgreSQL from doing so before it sorts.
_TSQUERY_WITH_PHRASES = text(
    "SELECT paper FROM (SELECT paper, words FROM search WHERE words @@ CAST(:loose AS tsquery) "
    "ORDER BY seen DESC, paper DESC OFFSET 0) AS loose "
    "WHERE words @@ CAST(:query AS tsquery) LIMIT :limit OFFSET :offset"
)
#: PostgreSQL takes reading the whole small table for cheap, and does not count the vectors that are apart from it.
_BY_INDEX = text("SET LOCAL enable_seqscan = off")


class PaperSearch:
    """Finds stored papers (a `bot.papers.query.Search`)."""

    def __init__(self, database: Database, papers: Papers) -> None:
        self._database = database
        self._papers = papers
        self._is_sqlite = database.is_sqlite

    def search(self, query: Query, limit: int, offset: int = 0, order: Order = Order.RELEVANCE) -> SearchPage:
        """At most `limit` papers after the first `offset`, withdrawn ones included.

        By relevance there are twice `RANKED` at most; newest first, all of them. A query without words, of names and
        categories only, finds the newest first.
        """
        query = self._with_stored_ids(query)
        if not query.groups:
            return SearchPage((), more=False)
        with self._database.reading() as session:
            if order is Order.NEWEST or not query.has_words:
                ids = self._newest(session, query, limit + 1, offset)
            else:
                ids = rank(query, self._candidates(session, query))[offset : offset + limit + 1]
        papers = self._papers.by_keys(ids[:limit])
        return SearchPage(tuple(papers[id_] for id_ in ids[:limit] if id_ in papers), more=len(ids) > limit)

    def _with_stored_ids(self, query: Query) -> Query:
        """The query with the ids by which the papers are stored: one that had another id is found by it too."""
        ids = [term.id for group in (*query.groups, query.without) for term in group if term.id]
        stored = self._papers.by_keys(ids) if ids else {}

        def current(terms: Iterable[Term]) -> tuple[Term, ...]:
            return tuple(id_term(stored[term.id].id) if term.id in stored else term for term in terms)

        return Query(tuple(map(current, query.groups)), current(query.without))

    def _candidates(self, session: Session, query: Query) -> list[Found]:
        ids = self._newest(session, query, RANKED)
        if len(ids) == RANKED:
            ids += self._newest(session, _in_titles(query), RANKED)
        columns = (PaperRow.id, PaperRow.title, PaperRow.abstract, PaperRow.first_seen)
        rows = session.execute(select_columns(*map(col, columns)).where(col(PaperRow.id).in_(ids)))
        return [Found(*row) for row in rows]

    def _newest(self, session: Session, query: Query, limit: int, offset: int = 0) -> list[str]:
        """The ids of papers that the query finds, newest first."""
        page = {"limit": limit, "offset": offset}
        if self._is_sqlite:
            return list(session.scalars(_FTS5, {"query": fts5_query(query), **page}))
        session.execute(_BY_INDEX)
        values = {"query": tsquery(query), "loose": tsquery(query, loose=True), **page}
        has_phrases = values["query"] != values["loose"]
        return list(session.scalars(_TSQUERY_WITH_PHRASES if has_phrases else _TSQUERY, values))


def _in_titles(query: Query) -> Query:
    return replace(
        query,
        groups=tuple(
            tuple(replace(term, field=Field.TITLE) if term.field is Field.ANY else term for term in group)
            for group in query.groups
        ),
    )


# --- Query languages: words hold letters and digits only, so that nothing in them is syntax -----------------

_COLUMNS = {
    Field.ANY: "{title abstract authors}",
    Field.TITLE: "title",
    Field.AUTHOR: "authors",
    Field.CATEGORY: "keys",
    Field.ID: "keys",
}


def fts5_query(query: Query) -> str:
    """https://www.sqlite.org/fts5.html#full_text_query_syntax"""
    groups = " AND ".join(f"({' OR '.join(map(_fts5_term, group))})" for group in query.groups)
    return f"({groups}) NOT ({' OR '.join(map(_fts5_term, query.without))})" if query.without else groups


def _fts5_term(term: Term) -> str:
    written = []
    for words in product(*term.words):
        if term.field is Field.AUTHOR and len(words) > 1:
            written.append(f"NEAR({' '.join(map(_fts5_phrase, words))}, {len(words) - 1})")
        else:
            written.append(_fts5_phrase(" ".join(words)))
    return f"{_COLUMNS[term.field]}: ({' OR '.join(written)})"


def _fts5_phrase(words: str) -> str:
    return f'"{words[:-1]}" *' if words.endswith("*") else f'"{words}"'


_MARKS = {Field.ANY: "", Field.TITLE: "t0", Field.AUTHOR: "a0", Field.CATEGORY: "k0", Field.ID: "k0"}


def tsquery(query: Query, *, loose: bool = False) -> str:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY

    `loose`: the words of a phrase may be anywhere, so that it finds all that the query does, and perhaps more.
    """
    groups = [f"({' | '.join(map(_tsquery_term, group))})" for group in query.groups]
    without = [f"!({_tsquery_term(term)})" for term in query.without if not (loose and len(term.words) > 1)]
    written = " & ".join([*groups, *without])
    return written.replace("<->", "&").replace("<2>", "&") if loose else written


def _tsquery_term(term: Term) -> str:
    words = [
        f"({' | '.join(_lexeme(one, _MARKS[term.field]) for one in spellings)})" for spellings in term.words
    ]
    if term.field is Field.AUTHOR and len(words) > 1:
        return f"({_tsquery_name(words)} | {_tsquery_name(words[::-1])})"
    return f"({' <-> '.join(words)})"


def _tsquery_name(words: list[str]) -> str:
    """The words in this order, with one other word at most between two."""
    name = words[0]
    for word in words[1:]:
        name = f"({name} <-> {word} | {name} <2> {word})"
    return name


def _lexeme(word: str, mark: str) -> str:
    return f"'{mark}{word[:-1]}':*" if word.endswith("*") else f"'{mark}{word}'"
