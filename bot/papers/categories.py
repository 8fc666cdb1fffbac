"""arXiv's categories: their codes and names, and what a text that should be one probably means. Pure.

The facts: https://arxiv.org/category_taxonomy, and for former archives
https://github.com/arXiv/arxiv-base/blob/develop/arxiv/taxonomy/definitions.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from bot.text.plain import quote

#: Of every archive: its name, and the code and name of its categories, in lines. One without is itself a category.
_TAXONOMY: Mapping[str, tuple[str, str]] = {
    "cs": (
        "Computer Science",
        """
        AI Artificial Intelligence
        AR Hardware Architecture
        CC Computational Complexity
        CE Computational Engineering, Finance, and Science
        CG Computational Geometry
        CL Computation and Language
        CR Cryptography and Security
        CV Computer Vision and Pattern Recognition
        CY Computers and Society
        DB Databases
        DC Distributed, Parallel, and Cluster Computing
        DL Digital Libraries
        DM Discrete Mathematics
        DS Data Structures and Algorithms
        ET Emerging Technologies
        FL Formal Languages and Automata Theory
        GL General Literature
        GR Graphics
        GT Computer Science and Game Theory
        HC Human-Computer Interaction
        IR Information Retrieval
        IT Information Theory
        LG Machine Learning
        LO Logic in Computer Science
        MA Multiagent Systems
        MM Multimedia
        MS Mathematical Software
        NA Numerical Analysis
        NE Neural and Evolutionary Computing
        NI Networking and Internet Architecture
        OH Other Computer Science
        OS Operating Systems
        PF Performance
        PL Programming Languages
        RO Robotics
        SC Symbolic Computation
        SD Sound
        SE Software Engineering
        SI Social and Information Networks
        SY Systems and Control
        """,
    ),
    "econ": (
        "Economics",
        """
        EM Econometrics
        GN General Economics
        TH Theoretical Economics
        """,
    ),
    "eess": (
        "Electrical Engineering and Systems Science",
        """
        AS Audio and Speech Processing
        IV Image and Video Processing
        SP Signal Processing
        SY Systems and Control
        """,
    ),
    "math": (
        "Mathematics",
        """
        AC Commutative Algebra
        AG Algebraic Geometry
        AP Analysis of PDEs
        AT Algebraic Topology
        CA Classical Analysis and ODEs
        CO Combinatorics
        CT Category Theory
        CV Complex Variables
        DG Differential Geometry
        DS Dynamical Systems
        FA Functional Analysis
        GM General Mathematics
        GN General Topology
        GR Group Theory
        GT Geometric Topology
        HO History and Overview
        IT Information Theory
        KT K-Theory and Homology
        LO Logic
        MG Metric Geometry
        MP Mathematical Physics
        NA Numerical Analysis
        NT Number Theory
        OA Operator Algebras
        OC Optimization and Control
        PR Probability
        QA Quantum Algebra
        RA Rings and Algebras
        RT Representation Theory
        SG Symplectic Geometry
        SP Spectral Theory
        ST Statistics Theory
        """,
    ),
    "astro-ph": (
        "Astrophysics",
        """
        CO Cosmology and Nongalactic Astrophysics
        EP Earth and Planetary Astrophysics
        GA Astrophysics of Galaxies
        HE High Energy Astrophysical Phenomena
        IM Instrumentation and Methods for Astrophysics
        SR Solar and Stellar Astrophysics
        """,
    ),
    "cond-mat": (
        "Condensed Matter",
        """
        dis-nn Disordered Systems and Neural Networks
        mes-hall Mesoscale and Nanoscale Physics
        mtrl-sci Materials Science
        other Other Condensed Matter
        quant-gas Quantum Gases
        soft Soft Condensed Matter
        stat-mech Statistical Mechanics
        str-el Strongly Correlated Electrons
        supr-con Superconductivity
        """,
    ),
    "gr-qc": ("General Relativity and Quantum Cosmology", ""),
    "hep-ex": ("High Energy Physics - Experiment", ""),
    "hep-lat": ("High Energy Physics - Lattice", ""),
    "hep-ph": ("High Energy Physics - Phenomenology", ""),
    "hep-th": ("High Energy Physics - Theory", ""),
    "math-ph": ("Mathematical Physics", ""),
    "nlin": (
        "Nonlinear Sciences",
        """
        AO Adaptation and Self-Organizing Systems
        CD Chaotic Dynamics
        CG Cellular Automata and Lattice Gases
        PS Pattern Formation and Solitons
        SI Exactly Solvable and Integrable Systems
        """,
    ),
    "nucl-ex": ("Nuclear Experiment", ""),
    "nucl-th": ("Nuclear Theory", ""),
    "physics": (
        "Physics",
        """
        acc-ph Accelerator Physics
        ao-ph Atmospheric and Oceanic Physics
        app-ph Applied Physics
        atm-clus Atomic and Molecular Clusters
        atom-ph Atomic Physics
        bio-ph Biological Physics
        chem-ph Chemical Physics
        class-ph Classical Physics
        comp-ph Computational Physics
        data-an Data Analysis, Statistics and Probability
        ed-ph Physics Education
        flu-dyn Fluid Dynamics
        gen-ph General Physics
        geo-ph Geophysics
        hist-ph History and Philosophy of Physics
        ins-det Instrumentation and Detectors
        med-ph Medical Physics
        optics Optics
        plasm-ph Plasma Physics
        pop-ph Popular Physics
        soc-ph Physics and Society
        space-ph Space Physics
        """,
    ),
    "quant-ph": ("Quantum Physics", ""),
    "q-bio": (
        "Quantitative Biology",
        """
        BM Biomolecules
        CB Cell Behavior
        GN Genomics
        MN Molecular Networks
        NC Neurons and Cognition
        OT Other Quantitative Biology
        PE Populations and Evolution
        QM Quantitative Methods
        SC Subcellular Processes
        TO Tissues and Organs
        """,
    ),
    "q-fin": (
        "Quantitative Finance",
        """
        CP Computational Finance
        EC Economics
        GN General Finance
        MF Mathematical Finance
        PM Portfolio Management
        PR Pricing of Securities
        RM Risk Management
        ST Statistical Finance
        TR Trading and Market Microstructure
        """,
    ),
    "stat": (
        "Statistics",
        """
        AP Applications
        CO Computation
        ME Methodology
        ML Machine Learning
        OT Other Statistics
        TH Statistics Theory
        """,
    ),
}
_SUBJECTS = {
    archive: [line.strip().partition(" ") for line in lines.strip().splitlines()]
    for archive, (_, lines) in _TAXONOMY.items()
}

#: The archives that are divided into categories; the code of one, `cs`, means all of its categories.
DIVIDED = frozenset(archive for archive, subjects in _SUBJECTS.items() if subjects)
#: The name of every category, by its code: `cs.LG`, `hep-th`.
CATEGORIES: Mapping[str, str] = {
    f"{archive}.{subject}" if subject else archive: name
    for archive, (title, _) in _TAXONOMY.items()
    for subject, _, name in _SUBJECTS[archive] or [("", "", title)]
}
#: Former archives, by what they are part of now.
RENAMED: Mapping[str, str] = {
    "acc-phys": "physics.acc-ph",
    "adap-org": "nlin.AO",
    "alg-geom": "math.AG",
    "ao-sci": "physics.ao-ph",
    "atom-ph": "physics.atom-ph",
    "bayes-an": "physics.data-an",
    "chao-dyn": "nlin.CD",
    "chem-ph": "physics.chem-ph",
    "cmp-lg": "cs.CL",
    "comp-gas": "nlin.CG",
    "dg-ga": "math.DG",
    "funct-an": "math.FA",
    "mtrl-th": "cond-mat.mtrl-sci",
    "patt-sol": "nlin.PS",
    "plasm-ph": "physics.plasm-ph",
    "q-alg": "math.QA",
    "solv-int": "nlin.SI",
    "supr-con": "cond-mat.supr-con",
}
#: What people call a category whose name does not say so.
_COMMON_NAMES = {
    "ml": "cs.LG",
    "deep learning": "cs.LG",
    "reinforcement learning": "cs.LG",
    "nlp": "cs.CL",
    "natural language processing": "cs.CL",
    "computational linguistics": "cs.CL",
    "hci": "cs.HC",
    "neuroscience": "q-bio.NC",
    "biology": "q-bio",
    "finance": "q-fin",
}
_AMBIGUOUS = "physics"  #: may mean the archive of this name, or all archives of physics
_MOST_GUESSES = 4
_SHORTEST_ABBREVIATION = 3  #: letters


def parse_category(text: str) -> tuple[str, ...]:
    """The codes that a text means: a code, an archive as `cs` or `cs.*`, or a name in any case.

    Several for a name that several categories have. Raises ValueError with what to write instead.

    >>> parse_category("cs.*"), parse_category("machine learning")
    (('cs',), ('cs.LG', 'stat.ML'))
    """
    archive = text.removesuffix(".*")
    if text in CATEGORIES or (archive in _TAXONOMY and text != _AMBIGUOUS):
        return (archive,)
    # `Robotics (cs.RO)` and `cs.RO (Robotics)`, as arXiv's pages have it
    first, _, second = text.removesuffix(")").partition(" (")
    for code, name in ((first, second), (second, first)):
        if CATEGORIES.get(code) == name:
            return (code,)
    if codes := _by_name().get(_normalized(text)):
        return codes
    raise ValueError(f"{quote(text)} is not an arXiv category: {_hint(text)}")


def _normalized(name: str) -> str:
    return " ".join(re.findall(r"[a-z]+", name.casefold().replace("&", " and ")))


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, tuple[str, ...]]:
    """The codes with a name: there are two categories Machine Learning, and an archive and a category Economics."""
    found: dict[str, tuple[str, ...]] = {}
    archives = {archive: name for archive, (name, _) in _TAXONOMY.items() if archive != _AMBIGUOUS}
    for code, name in {**CATEGORIES, **archives}.items():
        found[_normalized(name)] = (*found.get(_normalized(name), ()), code)
    return found


def _hint(text: str) -> str:
    lower = text.casefold()
    if lower == _AMBIGUOUS:
        return "write physics.* for optics to geophysics; other physics has codes such as quant-ph and hep-th"
    if lower in RENAMED:
        return f"it is {_described(RENAMED[lower])} now"
    if guesses := _guesses(lower):
        # Without its name if only its case or its end was wrong.
        alike = {code for code in guesses if lower.startswith(code.casefold()) and code not in DIVIDED}
        shown = (code if code in alike else _described(code) for code in guesses)
        return f"did you mean {' or '.join(shown)}?"
    archive = lower.partition(".")[0]
    some = [code for code in CATEGORIES if code.startswith(f"{archive}.")][:3] or [
        "cs.LG",
        "hep-th",
        "Robotics",
    ]
    return f"write one such as {', '.join(some[:-1])} or {some[-1]}; https://arxiv.org/category_taxonomy lists all"


def _described(code: str) -> str:
    return f"{code}.* (all of its categories)" if code in DIVIDED else f"{code} ({CATEGORIES[code]})"


def _guesses(text: str) -> Sequence[str]:
    """The codes that a text in lower case probably means; the first rule that finds one or a few decides."""
    archive, _, subject = text.partition(".")
    # A category of an archive never means a whole archive, which would be far more.
    whole = () if archive in _TAXONOMY and subject not in ("", "*") else DIVIDED
    codes = {code.casefold(): code for code in [*CATEGORIES, *whole]}
    name, last_name = _normalized(text), _normalized(subject)
    rules = (
        [codes[code] for code in (text, text.removesuffix(".*"), subject) if code in codes],  # cs.lg
        [code for one in (name, last_name) if (code := _COMMON_NAMES.get(one)) in codes.values()],  # cs.nlp
        _with_subject(text),  # lg
        _namesakes(archive, subject),  # cs.ml
        [code for code in CATEGORIES if code.startswith(f"{text}-")],  # hep
        _with_words(name, archive),  # computer vision
        _with_words(last_name, archive),  # cs.learning
        _abbreviated(subject, archive),  # cs.softeng
        _close(text, codes),  # quant-phy
        [_by_name()[close][0] for close in get_close_matches(name, _by_name(), n=1, cutoff=0.75)],
    )
    return next((found for rule in rules if 0 < len(found := list(dict.fromkeys(rule))) <= _MOST_GUESSES), ())


def _with_subject(subject: str) -> list[str]:
    return [code for code in CATEGORIES if code.partition(".")[2].casefold() == subject]


def _namesakes(archive: str, subject: str) -> list[str]:
    """Those of an archive with the same name as a category of another one with this subject, or else the latter."""
    others = _with_subject(subject) if subject and archive in _TAXONOMY else []
    names = {CATEGORIES[code] for code in others}
    return [c for c, name in CATEGORIES.items() if c.startswith(f"{archive}.") and name in names] or others


def _close(text: str, codes: Mapping[str, str]) -> list[str]:
    """The code with the closest spelling; of an archive that exists, the one with the closest subject.

    `codes`: by their lower case.
    """
    archive, _, subject = text.partition(".")
    prefix = f"{archive}." if subject and archive in DIVIDED else ""
    ends = [code.removeprefix(prefix) for code in codes if code.startswith(prefix)]
    close = get_close_matches(text.removeprefix(prefix), ends, n=1, cutoff=0.75)
    return [codes[f"{prefix}{end}"] for end in close]


def _abbreviated(subject: str, archive: str) -> list[str]:
    """The categories of an archive whose names' words, or some of them, begin as `subject` is put together."""
    if len(subject) < _SHORTEST_ABBREVIATION:
        return []
    found = []
    for code, name in CATEGORIES.items():
        # Each word may be cut off anywhere: (?:s(?:o(?:f ... )?)?)?
        words = ("(?:" + "(?:".join(word) + ")?" * len(word) for word in _normalized(name).split())
        if code.startswith(f"{archive}.") and re.fullmatch("".join(words), subject):
            found.append(code)
    return found


def _with_words(name: str, archive: str) -> list[str]:
    """The categories whose names have all words of `name`; those of the archive if there are any."""
    words = set(name.split()) - {"and", "of", "in", "the"}
    found = [code for code, title in CATEGORIES.items() if words and words <= set(_normalized(title).split())]
    return [code for code in found if code.startswith(f"{archive}.")] or found
