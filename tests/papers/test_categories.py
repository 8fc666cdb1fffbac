"""arXiv's categories: what a text means, and what is proposed for one that is none."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bot.papers.categories import CATEGORIES, DIVIDED, RENAMED, parse_category

SHARED = Path(__file__).resolve().parents[3] / "shared"


def test_the_taxonomy() -> None:
    """155 categories in 20 archives, as https://arxiv.org/category_taxonomy has them; each says where it belongs."""
    archives = {code.partition(".")[0] for code in CATEGORIES}
    assert (len(CATEGORIES), len(archives), len(DIVIDED)) == (155, 20, 11)
    assert all((code in archives) is (code not in DIVIDED and "." not in code) for code in CATEGORIES)
    assert set(RENAMED.values()) <= set(CATEGORIES)
    assert not set(RENAMED) & archives


@pytest.mark.parametrize("code", CATEGORIES)
def test_every_category_by_code_and_name(code: str) -> None:
    """Its code, its name in any case, and both together as arXiv's pages have them."""
    name = CATEGORIES[code]
    assert parse_category(code) == (code,)
    assert code in parse_category(name) == parse_category(f" {name.upper()}")
    assert parse_category(f"{name} ({code})") == parse_category(f"{code} ({name})") == (code,)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("cs", ("cs",)),
        ("cs.*", ("cs",)),
        ("physics.*", ("physics",)),
        ("quant-ph.*", ("quant-ph",)),
        ("computer science", ("cs",)),
        ("Information Theory", ("cs.IT", "math.IT")),
        ("machine learning", ("cs.LG", "stat.ML")),
        ("Human Computer Interaction", ("cs.HC",)),
        ("Cryptography & Security", ("cs.CR",)),
    ],
)
def test_archives_and_names(text: str, codes: tuple[str, ...]) -> None:
    """An archive means all of its categories, and a name all categories that have it; signs do not matter."""
    assert parse_category(text) == codes


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("quant-phy", "did you mean quant-ph?"),
        ("CS.ai", "did you mean cs.AI?"),
        ("CS", "did you mean cs.* (all of its categories)?"),
        ("cs.ML", "did you mean cs.LG (Machine Learning)?"),
        ("stat.LG", "did you mean stat.ML (Machine Learning)?"),
        ("math.LG", "did you mean cs.LG (Machine Learning)?"),
        ("LG", "did you mean cs.LG (Machine Learning)?"),
        ("ML", "did you mean cs.LG (Machine Learning)?"),
        ("GT", "did you mean cs.GT (Computer Science and Game Theory) or math.GT (Geometric Topology)?"),
        ("cs.robotics", "did you mean cs.RO?"),
        ("Robotic", "did you mean cs.RO (Robotics)?"),
        ("vision", "did you mean cs.CV (Computer Vision and Pattern Recognition)?"),
        ("cs.NLP", "did you mean cs.CL (Computation and Language)?"),
        ("and Cluster Computing", "did you mean cs.DC (Distributed, Parallel, and Cluster Computing)?"),
        ("physics.quant-ph", "did you mean quant-ph (Quantum Physics)?"),
        ("nucl", "did you mean nucl-ex (Nuclear Experiment) or nucl-th (Nuclear Theory)?"),
        ("biology", "did you mean q-bio.* (all of its categories)?"),
        ("cs.XX", "write one such as cs.AI, cs.AR or cs.CC; https"),
        ("Q-bio.X", "write one such as q-bio.BM, q-bio.CB or q-bio.GN; https"),
        ("cs.SoftEng", "did you mean cs.SE (Software Engineering)?"),
        ("cs.finance", "did you mean cs.CE (Computational Engineering, Finance, and Science)?"),
        ("cs.lgg", "did you mean cs.LG?"),
        ("mat", "did you mean math.* (all of its categories)?"),
        ("Physics", "write physics.* for optics to geophysics"),
        ("alg-geom", "it is math.AG (Algebraic Geometry) now"),
        ("theory", "write one such as cs.LG, hep-th or Robotics"),
        ("", "write one such as cs.LG"),
        ("*", "write one such as cs.LG"),
    ],
)
def test_what_is_proposed(text: str, hint: str) -> None:
    """A code of another case, archive or spelling, and words of a name, lead to the category that is meant."""
    with pytest.raises(ValueError, match="is not an arXiv category") as caught:
        parse_category(text)
    assert hint in str(caught.value)


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_the_categories_of_real_papers() -> None:
    """Every category of a day's papers is in the taxonomy."""
    with gzip.open(SHARED / "archive" / "2026-05-12.jsonl.gz", "rt") as lines:
        used = {category for line in lines for category in json.loads(line)["categories"]}
    assert len(used) > 30
    assert used <= set(CATEGORIES)
