"""Names that look like ours: what a column under another name seems to hold.

A name is taken apart into words (`birthGA_weeks` and `BIRTH GA WEEKS` are alike). It looks like a
column of ours when one of its words names what is measured and every other one only says of whom,
when, or in which unit: `weight_for_age_z` and `length_of_stay` have a word too many. Of a gestation
it is enough that it is named, unless another word says that it is something else
(`gestational_diabetes`, `gestational_age_group`): left out unnoticed, it leaves every age
uncorrected.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple


class Look(NamedTuple):
    """What a column seems to hold.

    Attributes
    ----------
    kind : str
        "weight", "gestation", "age" and so on: a key of `KINDS`.
    units : tuple of str
        The units that its name states, in order.
    words : frozenset of str
        The other words of the name that were understood.
    plain : bool
        Whether it is no more than another name with a unit: such a column was never left out.
    """

    kind: str
    units: tuple[str, ...]
    words: frozenset[str]
    plain: bool


class _Kind(NamedTuple):
    """The words for one thing.

    `core`: words that name it; `beside`: words that may stand beside them; `exact`: whole names.
    `plain`: the pattern of its other names.
    """

    said: str
    core: frozenset[str]
    beside: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()
    plain: str = ""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNITS: Final = {
    word: unit
    for unit, words in {
        "kg": "kg kgs kilo kilos kilogram kilograms 公斤 千克",
        "g": "g gm gms gr gram grams 克",
        "lb": "lb lbs pound pounds",
        "oz": "oz ounce ounces",
        "mm": "mm millimeter millimeters millimetre millimetres 毫米",
        "cm": "cm cms centimeter centimeters centimetre centimetres 厘米",
        "m": "m meter meters metre metres",
        "in": "in inch inches",
        "ft": "ft feet foot",
        "day": "d day days dys 天 日",
        "week": "w wk wks week weeks 周",
        "month": "mo mos mon mons mth mths month months 月",
        "year": "y yr yrs year years 岁",
    }.items()
    for word in words.split()
}
_OF: Final = {
    "weight": {"kg", "g", "lb", "oz"}, "size": {"mm", "cm", "m", "in", "ft"},
    "time": {"day", "week", "month", "year"},
}  # fmt: skip
_AROUND: Final = _words(
    "infant infants baby babys child childs kid patient patients pt pat subject subj participant"
    " neonate neonatal newborn current curr actual measured meas measurement measure obs observed"
    " visit exam today study raw orig original value val num numeric of the at avg average mean"
    " median final clean cleaned rounded old dec decimal in x"
)
"""Words that may stand beside every name: of whom, when, and how it came about."""
_CIRCUMFERENCE: Final = "circumference circumf circum circ cir perimeter"
_FOLD: Final = _words("skinfold skin fold sf thickness thick left right")
_BY: Final = _words("est estimated exp expected calc calculated best obstetric ob clinical date dt")
_LATER: Final = _words(
    "visit exam today current enrollment enrolment enrol enroll booking scan screening admission"
    " recruitment randomisation randomization discharge followup"
)
"""When a gestational age is that of another day than the birth: a postmenstrual age."""
_IMPLIED: Final = {
    "completedweeks": "week", "wga": "week", "ssw": "week", "孕周": "week", "dol": "day",
    "dayoflife": "day", "daysoflife": "day", "lifeday": "day", "dayofage": "day", "daysold": "day",
    "日龄": "day", "月龄": "month",
}  # fmt: skip
"""Words that name the unit too."""

KINDS: Final = {
    "weight": _Kind(
        "a weight",
        _words("weight weights wt wgt wght mass bodyweight peso poids gewicht 体重"),
        _words("body nude naked net"),
        plain="(body_?)?(weight|wt|wgt|mass)",
    ),
    "length": _Kind(
        "a length",
        _words("length len lngth lgth height heights ht hgt hght stature talla taille 身长 身高"),
        _words("body recumbent supine standing lying crown heel total"),
        plain="(body_?)?(length|len|height|ht|hgt|stature)",
    ),
    "head_circumference": _Kind(
        "a head circumference",
        _words("head hc ofc hcirc hcircm headc fohc perimetrocefalico kopfumfang 头围"),
        _words(f"{_CIRCUMFERENCE} occipital frontal occipitofrontal frontooccipital fronto size"),
        plain="head|hc|ofc|hcirc|head_?circ(umference)?",
    ),
    "arm_circumference": _Kind(
        "an arm circumference",
        _words("muac ac 上臂围") | {f"arm{word}" for word in _CIRCUMFERENCE.split()},
        _words("mid upper left right l r") | _words(_CIRCUMFERENCE),
        plain="muac|ac|(mid_upper_)?arm_?circ(umference)?",
    ),
    "triceps_skinfold": _Kind(
        "a triceps skinfold",
        _words("triceps tricep tsf"),
        _FOLD,
        plain="triceps(_?(skinfold|sf))?",
    ),
    "subscapular_skinfold": _Kind(
        "a subscapular skinfold",
        _words("subscapular subscap ssf"),
        _FOLD,
        plain="subscapular(_?(skinfold|sf))?",
    ),
    "due_date": _Kind(
        "a due date",
        _words(
            "edd edc eddate duedate datedue termdate expecteddeliverydate deliveryduedate"
            " expecteddateofdelivery estimateddateofdelivery estimateddeliverydate 预产期"
            " estimateddateofconfinement expecteddateofconfinement"
        ),
        _BY | _words("us by of delivery lmp ultrasound"),
    ),
    "last_period": _Kind(
        "a last menstrual period",
        _words("lmp lnmp lastmenstrualperiod lastperiod 末次月经"),
        _BY | _words("of first day mother maternal"),
    ),
    "corrected_age": _Kind(
        "a corrected or postmenstrual age",
        _words(
            "pma pca postmenstrual postmenstrualage postmenst postconceptional postconception"
            " postconceptionalage conceptionalage correctedage agecorrected adjustedage"
            " ageadjusted corrage adjage agecorr ageadj menstrualage 纠正胎龄 矫正胎龄"
            " 矫正月龄 纠正月龄"
        ),
        _words("age ages birth delivery in exact completed gest gestational"),
    ),
    "gestation": _Kind(
        "a gestation",
        _words(
            "ga gage ega wga gest gestation gestational gestage gestn combgest oegest estgest"
            " clingest completedweeks ssw 胎龄 孕周"
        ),
        _BY
        | _LATER
        | _words(
            "age birth brth born delivery deliv in completed total exact us by lmp ultrasound"
            " duration length wd"
        ),
        plain="ga|gest|gestation|gest(ational)?_?age|ga_?(birth|at_birth)",
    ),
    "oedema": _Kind(
        "an oedema",
        _words("oedema edema odema 水肿"),
        _words(
            "bilateral pitting nutritional bipedal pedal foot feet yn present flag grade any has"
            " is yes no sign"
        ),
        plain="o?edema",
    ),
    "sex": _Kind(
        "a sex",
        _words("sex gender sexe sexo geschlecht 性别"),
        _words(
            "birth atbirth assigned biological bio genetic legal code coded cd label text txt str"
            " desc mf is recoded recode new"
        ),
        _words("male female ismale isfemale boy girl isboy isgirl"),
        plain="sex|gender",
    ),
    "birth_date": _Kind(
        "a date of birth",
        _words(
            "dob birthdate birthdt birthdat birthday bdate bday brthdtc brthdt brthdat birthdtc"
            " dateofbirth datebirth dateborn fechanacimiento fechadenacimiento geburtsdatum"
            " datedenaissance 出生日期"
        ),
        _words("date dt dat dtc iso"),
        _words("born"),
        plain="birth_?date|date_?of_?birth|dob|born|brthdtc",
    ),
    "age": _Kind(
        "an age",
        _words(
            "age ages pna dol dayoflife daysoflife lifeday dayofage daysold edad idade 年龄"
            " 日龄 月龄"
        ),
        _words("chron chronological chronologic postnatal exact calc calculated computed"),
        plain="age|age_?in_?days",
    ),
    "position": _Kind(
        "a position",
        _words("position lorh recumbent standing lying supine"),
        _words("length len height ht body or yn is was method how"),
        plain="(length_?|height_?)?position",
    ),
    "measured_on": _Kind(
        "a date of the visit",
        _words(
            "visitdate visitdt datevisit dateofvisit vsdtc vsdt measurementdate measdate"
            " measuredon measureddate dateofmeasurement datemeasured examdate dateofexam"
            " assessmentdate dateofassessment weighdate weightdate 测量日期"
        ),
        _words("date dt dat dtc iso"),
        _words("date"),
        plain="measured_?on|(visit|measurement|exam)_?date|date_?of_?visit|vsdtc",
    ),
}
"""Each thing that a column may hold, in the order in which a name is looked up."""

_UNITS_OF: Final = {
    kind: {
        word: unit
        for word, unit in _UNITS.items()
        if unit
        in _OF[
            "weight" if kind == "weight"
            else "size" if kind == "length" or "circumference" in kind or "skinfold" in kind
            else "time"
        ]
    }
    if kind not in {"sex", "oedema", "position", "birth_date", "measured_on", "due_date"}
    else {}
    for kind in KINDS
}  # fmt: skip
_OTHERS: Final = re.compile(
    "mother|maternal|father|paternal|parent|partner|mum|mom(?!$)|dad|sibling|twin_|cotwin|co_twin"
)
"""Of whom the infant's measurements are not."""
_NAMES_GESTATION: Final = re.compile(
    "gestational|gestation|gestage|gest_?(?:age|wks?|weeks?|days?)|gestacion|gestationsalter"
    "|schwangerschaftswoche|weeks_?(?:of_?)?pregnan|pregnancy_?(?:weeks|wks|duration|length)"
    "|(?:^|_)(?:oe|comb|est|clin)?gest(?:_|$)|胎龄|孕周"
)
_NO_GESTATION: Final = re.compile(
    "diab|hypert|htn|gdm|weight|gain|multi|twin|tripl|plural|singl|number|count|type|sac|troph"
    "|carrier|surrog|parity|gravid|method|source|categ|group|class|strat|band|small|large|approp"
    "|zscore|sds|centile|percent|status|flag|comment|note|label|unit|certain|quality|consent"
    "|disease|anaem|anem|thyr|complic|disorder|term|visit_?n|history|hx|outcome|loss|abort"
    "|(?:^|_)(?:cat|grp|grps|lt|gt|le|ge|under|over|below|above|z|sga|lga|aga|bmi|bp|dm|ht|yn|id|ok"
    "|no|known|missing)(?:_|$)"
)
"""What makes something else of a gestation."""
_LONGEST: Final = 60
_CAMEL: Final = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=[0-9])"
)
_OLD_UNIT: Final = (
    "(_(kgs?|g|gm|gms|grams?|kilograms?|lbs?|pounds?|oz|ounces?|mm|cms?|m|in|inch|inches|ft"
    "|days?|d|weeks?|wks?|w|weeks_days|weeks_decimal|completed_weeks))?"
)
_CORES: Final = {
    kind: re.compile("|".join(map(re.escape, sorted(words.core | words.exact))))
    for kind, words in KINDS.items()
}


@lru_cache(maxsize=4096)
def look(name: str) -> Look | None:
    """What a column of this name seems to hold; None: nothing of ours.

    Examples
    --------
    >>> look("birthGA_weeks")[:2], look("WTKG")[:2], look("agemos")[:2]
    (('gestation', ('week',)), ('weight', ('kg',)), ('age', ('month',)))
    >>> [look(name) for name in ("hospital", "page", "length_of_stay", "gestational_diabetes")]
    [None, None, None, None]
    """
    if len(name) > _LONGEST:
        return None
    flat = unicodedata.normalize("NFKD", name)
    flat = "".join(letter for letter in flat if not unicodedata.combining(letter))
    parts = [part for part in re.split(r"[\W_]+", _CAMEL.sub("_", flat).lower()) if part]
    joined = "_".join(parts)
    names_gestation = _NAMES_GESTATION.search(joined) is not None
    if names_gestation and _NO_GESTATION.search(joined):
        return None
    if not names_gestation and joined != "lmp" and _OTHERS.search(joined):
        return None
    old = re.sub(r"[\W_]+", "_", name.lower()).strip("_")
    for kind, words in KINDS.items():
        if not _CORES[kind].search("".join(parts)):
            continue
        found = _parse(kind, tuple(parts))
        if found is None:
            continue
        named = _UNITS_OF[kind] | _IMPLIED
        units = tuple(named[word] for word in found if word in named)
        if len(units) > 1:  # length_in_cm
            units = tuple(unit for unit in units if unit != "in")
        rest = frozenset(word for word in found if word not in _UNITS_OF[kind])
        plain = re.fullmatch(f"({words.plain}){_OLD_UNIT}", old) is not None
        if "wd" in rest:
            units = ("week", "day")
        later = kind == "gestation" and rest & _LATER
        seems = "corrected_age" if later else kind
        return Look(seems, tuple(dict.fromkeys(units)), rest, plain)
    if names_gestation:
        known = _UNITS_OF["gestation"]
        units = tuple(dict.fromkeys(known[part] for part in parts if part in known))
        return Look("gestation", units, frozenset(parts), False)
    return None


def _parse(kind: str, parts: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words of a name, when all are those of a kind and one of them names it."""
    words, units = KINDS[kind], _UNITS_OF[kind]
    text = "".join(parts)
    if text in words.exact:
        return (text,)
    spans, at = set(), 0
    for part in parts:
        spans.add((at, at + len(part)))
        at += len(part)
    # For each place in the text how it was reached, without and with a word that names the kind.
    reached: list[dict[bool, tuple[str, ...]]] = [{} for _ in range(len(text) + 1)]
    reached[0][False] = ()
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1) if reached[start] else ():
            word = text[start:end]
            core = word in words.core
            alone = (start, end) in spans
            if not core and not (word.isdigit() and alone):
                if word not in units and word not in words.beside and word not in _AROUND:
                    continue
                if len(word) <= 2 and not alone and not (word in units and end == len(text)):
                    continue
                if len(word) == 1 and not alone and word.isascii():
                    continue
            for before, path in reached[start].items():
                reached[end].setdefault(before or core, (*path, word))
    return reached[-1].get(True)
