"""What are companies and people called? Word lists, some of them not Latin, a few hostile."""

import numpy as np

COMPANY_STEMS = (
    "Alder", "Bergmann", "Casa Verde", "Delta Foods", "Eisvogel", "Fjord", "Granja", "Hanse",
    "Iberia", "Juno", "Kastner", "Lumen", "Moravia", "Nordlicht", "Olivar", "Polder", "Quercus",
    "Rhenus", "Silva", "Tatra", "Umbria", "Valdor", "Wessel", "Xaver", "Ypsilon", "Zephyr",
    "Brightwater", "Copper Mill", "Dorset", "Elmwood", "Fairhaven", "Greenfield", "Highland",
    "Kestrel", "Linden", "Maple Row", "Northgate", "Orchard", "Pinewood", "Redstone",
)  # fmt: skip
COMPANY_MIDDLES = (
    "", " & Sons", " Brothers", " Union", " Trading", " Group", " International", " Nova",
    " Premium", " Direct", " Central", " Coast", " Valley", " Plus", " Select", " Original",
)  # fmt: skip
INDUSTRY_WORDS = (
    ("Foods", "Snacks", "Bakery", "Frozen", "Dairy"),
    ("Beverages", "Juices", "Brewery", "Coffee", "Tea"),
    ("Pharma", "Health", "Medical", "Labs", "Care"),
    ("Cleaning", "Household", "Detergents", "Home", "Hygiene"),
    ("Pet Food", "Animal Care", "Petcare", "Feeds", "Pets"),
    ("Cosmetics", "Beauty", "Skin", "Fragrance", "Spa"),
    ("Industries", "Supplies", "Products", "Works", "Packaging"),
)
LEGAL_FORMS = {
    "Germany": "GmbH",
    "France": "SARL",
    "Italy": "S.r.l.",
    "Poland": "Sp. z o.o.",
    "Netherlands": "B.V.",
    "United Kingdom": "Ltd",
    "China": "Co., Ltd.",
}
COUNTRIES = tuple(LEGAL_FORMS)
_COUNTRY_BY_REGION = (
    (0.55, 0.02, 0.01, 0.10, 0.20, 0.12, 0.0),
    (0.30, 0.35, 0.02, 0.01, 0.30, 0.02, 0.0),
    (0.25, 0.30, 0.43, 0.01, 0.01, 0.00, 0.0),
    (0.30, 0.01, 0.02, 0.65, 0.01, 0.01, 0.0),
    (0.80, 0.05, 0.05, 0.05, 0.03, 0.02, 0.0),
    (0.03, 0.04, 0.04, 0.04, 0.03, 0.22, 0.6),
)
CHINESE_CITIES = ("上海", "广州", "苏州", "青岛", "宁波", "厦门", "佛山", "杭州")
CHINESE_STEMS = ("华盛", "金源", "新美", "恒达", "康宝", "绿洲", "天宏", "佳洁", "万里", "明珠")
CHINESE_WORDS = ("食品", "饮料", "医药", "日化", "宠物用品", "化妆品", "包装材料")
HOSTILE = (
    "=Cosmetics & <Care> Ltd",
    "<b>Bold Foods</b> GmbH",
    '"Quoted, Comma" S.r.l.',
    "O'Brien | Pipe $Price$ Ltd",
    "@SUM(A1:A9) Snacks B.V.",
    "مخبز النخيل",
)

GIVEN_NAMES = (
    ("Anna", "f"), ("Bernd", "m"), ("Claire", "f"), ("Dariusz", "m"), ("Elena", "f"),
    ("Franz", "m"), ("Giulia", "f"), ("Henk", "m"), ("Ines", "f"), ("Jürgen", "m"),
    ("Katarzyna", "f"), ("Luca", "m"), ("Margaret", "f"), ("Niels", "m"), ("Olivia", "f"),
    ("Peter", "m"), ("Renate", "f"), ("Stefan", "m"), ("Teresa", "f"), ("Ulrich", "m"),
    ("Véronique", "f"), ("William", "m"), ("Yvonne", "f"), ("Zbigniew", "m"), ("Michael", "m"),
    ("Sabine", "f"), ("Robert", "m"), ("Elizabeth", "f"), ("Andreas", "m"), ("Sophie", "f"),
)  # fmt: skip
FAMILY_NAMES = (
    "Müller", "Schmidt", "Weber", "Fischer", "Becker", "Hoffmann", "Schäfer", "Koch", "Richter",
    "Dubois", "Lefèvre", "Moreau", "Girard", "Rossi", "Bianchi", "Ferrari", "Conti", "Kowalski",
    "Nowak", "Wiśniewski", "Zieliński", "de Vries", "Jansen", "van Dijk", "Smith", "Taylor",
    "Brown", "Walker", "Evans", "Johnson", "Krüger", "Vogel", "Lange", "Keller", "Marchand",
    "Romano", "Kamiński", "Bakker", "Harris", "Clarke",
)  # fmt: skip
CHINESE_GIVEN = (
    ("伟", "Wei", "m"), ("芳", "Fang", "f"), ("娜", "Na", "f"), ("敏", "Min", "f"),
    ("静", "Jing", "f"), ("强", "Qiang", "m"), ("磊", "Lei", "m"), ("军", "Jun", "m"),
    ("洋", "Yang", "m"), ("艳", "Yan", "f"), ("建国", "Jianguo", "m"), ("秀英", "Xiuying", "f"),
)  # fmt: skip
CHINESE_FAMILY = (
    ("王", "Wang"), ("李", "Li"), ("张", "Zhang"), ("刘", "Liu"), ("陈", "Chen"), ("杨", "Yang"),
    ("赵", "Zhao"), ("黄", "Huang"), ("周", "Zhou"), ("吴", "Wu"),
)  # fmt: skip
STREETS = ("Hafenstr.", "Industrieweg", "Mill Lane", "Rue du Port", "Via Roma", "ul. Polna")
COMPETITORS = ("Vantaflex", "Polybright", "Meridian Pack", "Oriental Film", "Kronos Pack")
INSOURCED = "own production"


def draw_countries(region: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the country (code into `COUNTRIES`) of accounts by region (code into `REGIONS`)."""
    cumulated = np.cumsum(_COUNTRY_BY_REGION, axis=1)[region]
    chosen = (rng.random(len(region))[:, None] > cumulated).sum(axis=1)
    return np.minimum(chosen, len(COUNTRIES) - 1)


def company_names(
    industry: np.ndarray, country: np.ndarray, parent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Name companies: unique, two thirds of the Chinese ones in characters, a few hostile.

    Parameters
    ----------
    industry, country, parent : numpy.ndarray of shape (n,)
        Codes; members of a group carry their parent's first word.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of shape (n,)
        Strings.
    """
    n = len(industry)
    pick = rng.integers(0, 1_000_000, (4, n))
    words = np.array(INDUSTRY_WORDS, dtype=object)[industry, pick[2] % 5]
    stems = np.array(COMPANY_STEMS, dtype=object)[pick[0][parent] % len(COMPANY_STEMS)]
    middles = np.array(COMPANY_MIDDLES, dtype=object)[pick[1] % len(COMPANY_MIDDLES)]
    forms = np.array(list(LEGAL_FORMS.values()), dtype=object)[country]
    names = stems + middles + " " + words + " " + forms
    chinese = (country == COUNTRIES.index("China")) & (pick[3] % 3 > 0)
    in_characters = (
        np.array(CHINESE_CITIES, dtype=object)[pick[0] % 8]
        + np.array(CHINESE_STEMS, dtype=object)[pick[1] % 10]
        + np.array(CHINESE_WORDS, dtype=object)[industry]
        + "有限公司"
    )
    names[chinese] = in_characters[chinese]
    names = _numbered(names)
    hostile = rng.choice(n, len(HOSTILE), replace=False)
    names[hostile] = HOSTILE
    return names


def _numbered(names: np.ndarray) -> np.ndarray:
    """Tell companies of one name apart by a number, as registers do."""
    order = np.argsort(names, kind="stable")
    same = np.append(False, names[order][1:] == names[order][:-1])
    place = np.arange(len(names))
    run = place - np.maximum.accumulate(np.where(same, 0, place))
    suffix = np.array([f" {i + 1}" if i else "" for i in range(int(run.max()) + 1)], dtype=object)
    numbered = names.copy()
    numbered[order] = names[order] + suffix[run]
    return numbered


def staff_names() -> np.ndarray:
    """Give all combinations of given and family names for our own staff."""
    return np.array(
        [f"{given} {family}" for given, _ in GIVEN_NAMES for family in FAMILY_NAMES], dtype=object
    )
