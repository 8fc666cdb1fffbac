"""Queries: what each part of a text means, and that every text is a query."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.papers.query import Field, Query, Term, forms, parse_query


def written(query: Query) -> str:
    """A query in short: `field:words`, of a word with other forms only the shortest, `&`, `|` and `-`."""
    groups = (" | ".join(map(_term, group)) for group in query.groups)
    return " & ".join([*groups, *(f"-{_term(term)}" for term in query.without)])


def _term(term: Term) -> str:
    name = "" if term.field is Field.ANY else f"{term.field}:"
    joined = "/" if term.field is Field.AUTHOR else None
    words = (
        joined.join(one) if joined else min(one, key=lambda word: (len(word), word)) for one in term.words
    )
    return f"{name}{'_'.join(words)}"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("world models", "world & model"),
        ("World AND Models", "world & model"),
        ('"world models" robots', "world_model & robot"),
        ("“world models”", "world_model"),
        ("state-of-the-art", "state_of_the_art"),
        ("transfor* x*", "transfor* & x"),
        ("author:Han au:HAN", "author:han & author:han"),
        ('author:"Seungwook Han"', "author:seungwook/s_han"),
        ('author:"Han, S."', "author:s*_han"),
        ('author: "Sung Ju Hwang"', "author:sung/s_ju_hwang"),
        ("author:kapl*", "author:kapl*"),
        ("title:survey ti:survey", "title:survey & title:survey"),
        ("cat:cs.LG cs.CV", "category:cs0lg & category:cs0cv"),
        ("cat:cs.* cat:cs cat:CS.lg", "category:cs0 & category:cs0 & category:cs0lg"),
        ('category:"machine learning"', "category:cs0lg | category:stat0ml"),
        ("cat:hep-th cat:cmp-lg", "category:hep0th & category:cs0cl"),
        ("2502.19402v2", "id:arxiv_2502_19402"),
        ("(https://arxiv.org/abs/2502.19402)", "id:arxiv_2502_19402"),
        ("doi:10.1000/ABC", "id:doi_10_1000_abc"),
        ("lab:seven", "id:lab_seven | lab_seven"),
        ("id:lab:seven id:what", "id:lab_seven"),
        ("robots -survey", "robot & -survey"),
        ('robots -"world models" NOT author:han', "robot & -world_model & -author:han"),
        ("robots OR drones planning", "robot | drone & plan"),
        ("OR robots OR", "robot"),
        ("-survey", "-survey"),
        ("Łukasz's naïve ℓ₁ CO₂ ½", "lukasz_s & naiv & l1 & co2 & 1_2"),
        ('"unbalanced quotes', "unbalanced_quot"),
        ("'; DROP TABLE paper; --", "drop & tabl & paper"),
        ("title:(a NEAR b)*", "title:a & near & b"),
        ('* "" - -- ^ : OR NOT {} author: 🤖', ""),
        ("", ""),
    ],
)
def test_meaning(text: str, means: str) -> None:
    """Each part in turn; what has no meaning separates words."""
    assert written(parse_query(text)) == means


@example("㈀")  # a word only when it is folded
@given(st.text(st.one_of(st.characters(), st.sampled_from('"*:-()^ \n')), max_size=60))
def test_every_text_is_a_query(text: str) -> None:
    """Words hold letters and digits only, but for a `*` at the end: no language of a database has a sign in them."""
    query = parse_query(text)
    for group in (*query.groups, query.without):
        for spelling in (one for term in group for spellings in term.words for one in spellings):
            assert spelling.removesuffix("*").isalnum()


def test_long_texts_are_cut() -> None:
    """Of 10 kB the beginning counts, and no more than 20 terms."""
    assert len(parse_query("word " * 2000).groups) == 20
    assert len(parse_query("w" * 10_000).groups) == 1


@pytest.mark.parametrize(
    ("word", "has", "lacks"),
    [
        ("models", {"model", "modeled", "modelling"}, {"mode"}),
        ("policy", {"policies"}, {"police"}),
        ("pruning", {"prune", "pruned", "prunes"}, set()),
        ("optimisation", {"optimization", "optimizations"}, {"optimal", "optimize"}),
        ("behaviour", {"behavior", "behaviors"}, set()),
        ("GPUs", {"gpu"}, set()),
        ("generative", {"generatives"}, {"general", "generate"}),
        ("2502", {"2502"}, set()),
    ],
)
def test_forms(word: str, has: set[str], lacks: set[str]) -> None:
    """Inflected forms in both spellings, not all words of the same stem."""
    assert has <= set(forms(word))
    assert not lacks & set(forms(word))
