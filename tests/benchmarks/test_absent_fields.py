"""What readers get whose field the archive hardly has, and readers whose field it has.

    OMP_NUM_THREADS=1 python -m pytest tests/benchmarks/test_absent_fields.py -s -n 0

The archive is arXiv's computer science of May 2026. The profiles have no categories, so that only their texts decide.
"""

from __future__ import annotations

from collections import defaultdict

from bot.digests.composer import DigestComposer
from bot.digests.corpus import load_corpus
from bot.digests.model import ScoredPaper
from bot.profiles.model import Interest, Profile
from bot.ranking.linear import Ranker
from bot.store.papers import Papers
from bot.text.plain import truncate
from tests.benchmarks.archive import AUTO, DAYS, morning, needs_archive

#: Field -> its interests, and `about`.
Fields = dict[str, tuple[tuple[str, ...], str]]

ABSENT: Fields = {
    "medieval history": (
        ("Carolingian empire", "manorial records", "crusades", "monastic charters"),
        "I work on land tenure and lordship in northern France from the ninth to the twelfth century.",
    ),
    "organic synthesis": (
        ("asymmetric catalysis", "total synthesis", "C-H activation", "cross-coupling reactions"),
        "We make complex natural products with new methods for forming carbon bonds.",
    ),
    "ornithology": (
        ("bird migration", "nest predation", "passerine song", "moult"),
        "I study how migrating songbirds choose their stopover sites and what it costs them to breed.",
    ),
    "tax law": (
        ("transfer pricing", "value added tax", "tax treaties"),
        "I advise multinational groups on permanent establishments and on disputes with tax authorities.",
    ),
    "stellar spectroscopy": (
        ("stellar abundances", "metal-poor stars", "radial velocities", "binary stars"),
        "I measure the chemical composition of old stars from high-resolution spectra.",
    ),
    "number theory": (
        ("modular forms", "L-functions", "prime gaps", "Galois representations"),
        "I study the arithmetic of automorphic forms and the distribution of primes.",
    ),
    "veterinary medicine": (
        ("canine lymphoma", "equine lameness", "feline kidney disease"),
        "I treat dogs, cats and horses in a teaching hospital and follow trials of new drugs.",
    ),
    "classical archaeology": (
        ("Attic pottery", "Roman villas", "amphora stamps", "stratigraphy"),
        "I excavate a harbour town in southern Italy and date its trade by ceramics.",
    ),
    "viticulture": (
        ("grapevine phenology", "downy mildew", "wine fermentation", "rootstocks"),
        "We grow vines on steep slopes and test which varieties stand drought and late frost.",
    ),
    "volcanology": (
        ("magma chambers", "pyroclastic flows", "volcanic gas emissions", "lava domes"),
        "I model how magma rises and when a volcano that has been quiet for long erupts.",
    ),
    "musicology": (
        ("Renaissance polyphony", "baroque opera", "Gregorian chant"),
        "I edit sixteenth-century masses and write on how their sources were copied.",
    ),
    "coral reef ecology": (
        ("coral bleaching", "reef fish communities", "crown-of-thorns starfish", "herbivory"),
        "We survey reefs in the Indian Ocean and test how they recover after heat waves.",
    ),
    "palaeontology": (
        ("theropod dinosaurs", "Cambrian arthropods", "bone histology", "mass extinctions"),
        "I describe new fossils from Cretaceous rocks and place them in the tree of life.",
    ),
    "Victorian literature": (
        ("serial fiction", "the sensation novel", "George Eliot", "Dickens"),
        "I write on how magazines shaped the plots and the readers of the nineteenth-century novel.",
    ),
    "monetary economics": (
        ("inflation expectations", "quantitative easing", "exchange rate pass-through", "sovereign debt"),
        "I work at a central bank on how interest rates reach households and firms.",
    ),
    "midwifery": (
        ("home birth", "postpartum haemorrhage", "breastfeeding", "induction of labour"),
        "I lead a ward of midwives and follow the evidence on care during labour.",
    ),
    "dairy farming": (
        ("mastitis", "rumen fermentation", "silage", "calf rearing"),
        "We keep two hundred cows on pasture and want healthier herds with less feed from abroad.",
    ),
    "theology": (
        ("Pauline epistles", "doctrine of the Trinity", "liturgical reform"),
        "I teach the history of Christian doctrine and read the Greek fathers.",
    ),
    "condensed matter": (
        ("topological insulators", "superconducting cuprates", "quantum spin liquids", "moire superlattices"),
        "We grow thin films and measure their transport and their phase transitions at low temperature.",
    ),
    "orthodontics": (
        ("clear aligners", "malocclusion", "maxillary expansion", "root resorption"),
        "I straighten teeth of adolescents and read clinical trials of braces and retention.",
    ),
}

PRESENT: Fields = {
    "robot manipulation": (
        ("robot manipulation", "dexterous grasping", "imitation learning", "tactile sensing"),
        "We teach robot arms to handle unknown objects from demonstrations.",
    ),
    "federated learning": (
        ("federated learning", "client heterogeneity", "differential privacy"),
        "I train models over many devices whose data must not leave them.",
    ),
    "code generation": (
        ("code generation", "program repair", "software engineering agents", "unit test generation"),
        "I study how language models write, review and correct software.",
    ),
    "medical imaging": (
        ("medical image segmentation", "radiology reports", "computational pathology"),
        "We build tools that help radiologists and pathologists read scans and slides.",
    ),
    "3D reconstruction": (
        ("Gaussian splatting", "neural radiance fields", "camera pose estimation", "novel view synthesis"),
        "I reconstruct scenes in three dimensions from photographs and video.",
    ),
    "image generation": (
        ("diffusion models", "text-to-image generation", "flow matching", "image editing"),
        "I work on faster and more controllable generative models for pictures.",
    ),
    "autonomous driving": (
        ("autonomous driving", "trajectory prediction", "LiDAR perception", "end-to-end driving"),
        "We develop planning and perception for self-driving cars.",
    ),
    "machine translation": (
        ("machine translation", "multilingual language models", "low-resource languages"),
        "I build translation systems for languages with little text.",
    ),
    "reasoning": (
        (
            "chain-of-thought reasoning",
            "reinforcement learning with verifiable rewards",
            "mathematical reasoning",
        ),
        "I study how language models learn to reason with reinforcement learning.",
    ),
    "retrieval": (
        ("retrieval-augmented generation", "dense retrieval", "question answering", "query rewriting"),
        "We build search and question answering over the documents of a company.",
    ),
    "recommendation": (
        ("sequential recommendation", "generative recommendation", "click-through rate prediction"),
        "I work on recommender systems of an online shop.",
    ),
    "wireless": (
        ("beamforming", "channel estimation", "reconfigurable intelligent surfaces", "MIMO"),
        "I design the physical layer of sixth-generation mobile networks.",
    ),
    "time series": (
        ("time series forecasting", "anomaly detection", "foundation models for time series"),
        "I forecast demand and detect faults from many sensors.",
    ),
    "remote sensing": (
        ("remote sensing", "satellite imagery", "earth observation foundation models"),
        "We map land cover and its changes from satellite data.",
    ),
    "speech": (
        ("speech recognition", "text-to-speech", "speaker diarization", "spoken dialogue"),
        "I build voice assistants that understand and answer.",
    ),
    "model safety": (
        ("jailbreak", "prompt injection", "red teaming", "safety alignment"),
        "I test how language models can be misused and how to prevent it.",
    ),
    "graph learning": (
        ("graph neural networks", "graph transformers", "link prediction", "knowledge graphs"),
        "I study learning on graphs and its theory.",
    ),
    "efficient inference": (
        ("quantization", "KV cache", "speculative decoding", "mixture of experts"),
        "We make large language models run faster and with less memory.",
    ),
    "video understanding": (
        ("video question answering", "video generation", "temporal grounding", "long video understanding"),
        "I work on models that describe and generate videos.",
    ),
    "human-computer interaction": (
        ("accessibility", "user study of AI assistants", "virtual reality", "creativity support"),
        "I design and study interfaces through which people work with artificial intelligence.",
    ),
}


@needs_archive
def test_absent_fields(archive: Papers) -> None:
    """Prints the papers shown a day, and the first of them.

    Window of one day, at most ten, `threshold: auto`, on each of 31 days, 9 of which have no new papers, or three.
    """
    profiles = [
        Profile(name, interests=tuple(map(Interest, phrases)), about=about, window=1, **AUTO)
        for fields in (ABSENT, PRESENT)
        for name, (phrases, about) in fields.items()
    ]
    shown: defaultdict[str, list[ScoredPaper]] = defaultdict(list)
    for day in DAYS:
        corpus = load_corpus(archive, profiles, morning(day))
        composer = DigestComposer(corpus, corpus.fit(Ranker))
        for profile in profiles:
            shown[profile.id] += composer.compose(profile, corpus.now.date()).papers
    for title, fields in (("hardly has", ABSENT), ("has", PRESENT)):
        total = sum(len(shown[name]) for name in fields)
        print(f"\nfields that the archive {title}: {total / len(fields) / len(DAYS):.2f} papers a day")
        for name in fields:
            example = truncate(shown[name][0].paper.title, 70) if shown[name] else ""
            print(f"  {name:<28}{len(shown[name]) / len(DAYS):6.2f}  {example}")
    assert len(shown) == len(ABSENT) + len(PRESENT) == 40
