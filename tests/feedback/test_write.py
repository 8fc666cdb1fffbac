"""What was learned, put into a profile's file: it means what the profile means with its answers."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.feedback.learned import Learned, with_learned
from bot.feedback.write import learned_file
from bot.profiles.include import ProfileReader
from bot.profiles.model import Interest, Profile
from tests.profiles.reading import BIBTEX
from tests.support.cli import ROOT

LIKED, DISLIKED = "arxiv:2601.00001", "arxiv:2601.00010"
TITLE = "A title: with # and ’"
LAB = "interests: [lab automation, {phrase: world models, weight: 2, without: [the]}]\nabout: We build robots.\n"
DELIVER = "deliver: [{maildir: ada}]\n"
#: As people write files; each has an interest and a delivery.
FILES = {
    "an item a line": "interests:\n  - world models\n  - 'robot arms'\nlike:\n  - 2605.15520\n" + DELIVER,
    "no indentation": "interests:\n- world models\n- \"arms: robots\"\nlike:\n- '2605.15520'\n" + DELIVER,
    "both, and comments after items": "interests:\n- world models # one\n# two\n\nlike:\n   - 2605.15520 # three\n"
    "   # - 2605.15530\n\n" + DELIVER + "# the end\n",
    "lists on a line": "interests: [world models,robot arms]   # what\nlike: [ 2605.15520 ] # those\n"
    + DELIVER,
    "lists over several lines": "like: [\n  2605.15520,  # one\n  2605.15530,\n]\n"
    "dislike: [2605.15540\n, 2605.15550\n ]\n"
    "authors: [Ada Byron,\n  # her friend\n  Mary Somerville\n  ]\ninterests: [world models]\n" + DELIVER,
    "mappings a key a line": "interests:\n  - phrase: world models\n    weight: 2\n    # heavy\n"
    "  -\n    phrase: arms\n"
    "mute:\n  terms:\n    - survey\n    # none else\n" + DELIVER,
    "empty lists": "interests: [{phrase: world models, without: []}]\nlike: []\nauthors: [ ]\nmute: {}\n"
    + DELIVER,
    "keys without values": "authors:   # people\nlike:\nmute:\ninterests: [{phrase: world models, without: }]\n"
    + DELIVER,
    "nothing but what is needed": "interests: [world models]\n" + DELIVER,
    "only an author": "authors: [Ada Byron]\n" + DELIVER,
    "text": "about: |\n  I plan.\n\n  And more.\n\n\ninterests: [world models]\n" + DELIVER,
    "folded text": "about: >-\n  I plan\n  much.\n" + DELIVER,
    "text that goes on": "about: I plan\n  much.\n" + DELIVER,
    "a mute with authors": "interests: [world models]\nmute: {authors: [Ada Byron,], terms: [survey]}\n"
    + DELIVER,
    "an include": "include: [lab.yaml]\n" + DELIVER,
    "an include, and own interests": "interests:\n  - grasping\ninclude: [lab.yaml]\n" + DELIVER,
    "a document's marks": "%YAML 1.1\n---\ninterests: [world models]\n" + DELIVER + "...\n",
    "one mapping on a line": "{interests: [world models], mute: {terms: , authors: []}, deliver: [{maildir: ada}]}",
    "an anchor": "interests: &mine\n  - world models\nlike: &papers [2605.15520]\n" + DELIVER,
    "a library": "like: [library.bib]\ninterests: [world models]\n" + DELIVER,
}
FILES |= {path.name: path.read_text() for path in sorted((ROOT / "profiles").glob("*.yaml"))}
FILES |= {"Windows": FILES["both, and comments after items"].replace("\n", "\r\n")}
FILES |= {"a byte order mark": "\ufeff" + FILES["an item a line"], "no last line end": FILES["text"].rstrip()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "library.bib").write_text(BIBTEX)
    (tmp_path / "lab.yaml").write_text(LAB)
    return tmp_path / "ada.yaml"


def parsed(data: bytes, path: Path) -> Profile:
    read = ProfileReader().parse(data, str(path), path.parent)
    assert (read.problems, read.incomplete) == ((), ())
    assert read.effective
    return read.effective.profile


def all_of(profile: Profile) -> dict[str, object]:
    """What a profile has, whatever the order and whoever added it."""
    return {
        "interests": {
            interest.phrase: (interest.weight, set(interest.without)) for interest in profile.interests
        },
        "lists": [{one.id or one.title for one in papers} for papers in (profile.like, profile.dislike)],
        "people": [set(profile.authors), set(profile.mute.authors), set(profile.without)],
        "others": (
            profile.about,
            profile.mute.terms,
            profile.avoid,
            profile.deliver,
            profile.limit,
            profile.timezone,
        ),
    }


def everything(profile: Profile) -> Learned:
    """Something for each list, and for the first and the last interest."""
    phrases = [profile.interests[0].phrase, profile.interests[-1].phrase] if profile.interests else []
    terms = tuple((phrase, phrase.split()[0].strip(":")) for phrase in dict.fromkeys(phrases))
    people = ("Grace Hopper", "Conan O'Brien"), ("Plato", "Émile: Zola")
    return Learned((LIKED, "doi:10.1000/abc"), (DISLIKED, "title:cups"), *people, (*terms, ("", "plan")))


def is_part(text: str, longer: str) -> bool:
    """Whether a text is what remains of a longer one when parts of it are removed."""
    letters = iter(longer)
    return all(letter in letters for letter in text)


@pytest.mark.parametrize("name", FILES)
def test_files_as_people_write_them(path: Path, name: str) -> None:
    """All of it is added at once, nothing is removed, and the second time there is nothing to add."""
    data = FILES[name].encode()
    profile = parsed(data, path)
    learned = everything(profile)
    new = learned_file(data, path, learned, {LIKED: TITLE})
    assert all_of(parsed(new, path)) == all_of(with_learned(profile, learned))
    assert is_part(data.decode(), new.decode())
    assert new.count(b"\r") == (new.count(b"\n") if name == "Windows" else 0)
    assert learned_file(new, path, learned, {}) == new


@pytest.mark.parametrize(
    ("name", "learned", "difference"),
    [
        (
            "language-models.yaml",
            Learned((LIKED,), (DISLIKED,), without=(("agent memory", "agent"),)),
            [
                "-  - agent memory",
                "+  - {phrase: agent memory, without: [agent]}",
                '-like: [2605.15529, "https://arxiv.org/abs/2605.04018", "2605.27355"]',
                '-dislike: ["2605.16819"]',
                '+like: [2605.15529, "https://arxiv.org/abs/2605.04018", "2605.27355", 2601.00001]',
                '+dislike: ["2605.16819", 2601.00010]',
            ],
        ),
        (
            "both, and comments after items",
            Learned((LIKED,), (DISLIKED,), mute=("Plato",)),
            [
                f"+   - 2601.00001  # {TITLE}",
                "+dislike:",
                "+- 2601.00010",
                "+mute:",
                "+  authors:",
                '+  - "Plato,"',
            ],
        ),
        (
            "mappings a key a line",
            Learned(mute=("Plato",), without=(("world models", "world"),)),
            ["+    without:", "+      - world", "+  authors:", '+    - "Plato,"'],
        ),
        ("lists over several lines", Learned((LIKED,)), ["+  2601.00001,"]),
        (
            "an include",
            Learned(without=(("world models", "world"),)),
            ["+interests:", "+  - {phrase: world models, weight: 2, without: [the, world]}"],
        ),
        ("keys without values", Learned(follow=("Grace Hopper",)), ["+  - Grace Hopper"]),
    ],
)
def test_the_difference(path: Path, name: str, learned: Learned, difference: list[str]) -> None:
    """Only the lists that grow; new keys come after the keys that they belong to."""
    data = FILES[name].encode()
    new = learned_file(data, path, learned, {LIKED: TITLE})
    lines = unified_diff(data.decode().splitlines(), new.decode().splitlines(), n=0)
    assert [line for line in lines if not line.startswith(("---", "+++", "@@"))] == difference


def test_an_interest_of_an_included_file(path: Path) -> None:
    """The profile gets its own, which counts; the file that others include too stays as it is."""
    new = learned_file(FILES["an include"].encode(), path, Learned(without=(("world models", "world"),)), {})
    assert parsed(new, path).interests == (
        Interest("world models", 2, ("the", "world")),
        Interest("lab automation"),
    )


def test_a_file_that_would_mean_something_else(path: Path) -> None:
    """Here a second interest has the same list: nothing is written, and the message says what to do."""
    text = "interests: [{phrase: world models, without: &t [the]}, {phrase: arms, without: *t}]\n" + DELIVER
    with pytest.raises(UserError, match=r"cannot be added without a person.*paperboy show ada"):
        learned_file(text.encode(), path, Learned(without=(("arms", "world"),)), {})
