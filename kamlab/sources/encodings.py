"""In which encoding is a text file written? Find it where the bytes make it sure, else ask."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from kamlab.errors import DataRefusedError

CHUNK = 1 << 22
ENOUGH = 500_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_UTF8_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_PAIR = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")
# signs that directly follow a letter, or stand between letters, only where a text is misread
_MISREAD = re.compile(r"[^\W\d][‚„ƒ†‡ˆ‰‹˜¡¢£¤¥¦¨¬¯±´¶¸¹¼½¾¿]|[^\W\d_][€…‘“”•—™›ª²³µº»«][^\W\d_]")
# characters that half of any business text in Chinese is made of
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过"
    "子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体"
    "制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内"
    "数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提"
    "直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计"
    "别手角期根论运农指几九区强放决西被干做必战先回则任取据处府研术安器南北东京海州江广深圳津重庆"
    "杭苏省市县镇街号楼室司限股份有责任集团贸易商店客户购买销售价格金额单据订货物流包装印刷塑料薄"
    "膜标签袋盒纸箱食品饮料医药日化农副电子科技实业服务咨询投资发展厂部门经理联系姓名职务先生女士"
    "地址电话手机邮箱备注张王李赵刘陈杨黄周吴徐孙马朱胡林郭何罗梁宋郑谢韩唐冯董程曹袁邓许傅沈曾彭"
    "吕软复合压热收缩杯盖可降解，。、：；（）“”－·！？％～　"
)


def chunks(path: Path) -> Iterator[bytes]:
    """Give a file piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def detect(path: Path, label: str) -> str:
    """Name the encoding of a text file, as Python knows it.

    Parameters
    ----------
    path : Path
        The file.
    label : str
        Its name in messages.

    Returns
    -------
    str
        utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be, gb18030 or cp1252 (which holds Latin-1).
        Of Central European encodings, a few letters may pass for others of cp1252; what is ASCII,
        numbers and days among it, is the same in both.

    Raises
    ------
    DataRefusedError
        If the bytes fit no encoding surely; the message asks for `encoding`.
    """
    with path.open("rb") as file:
        head = file.read(CHUNK)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    zeros = head[:4096].count(0)
    if zeros:
        even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
        if zeros > len(head[:4096]) / 4 and min(even, odd) * 10 <= max(even, odd):
            return "utf-16-be" if even > odd else "utf-16-le"
        raise DataRefusedError(
            f"{label}: this is not a text file (it holds zero bytes). Expected a table as text: "
            "export it again as CSV in UTF-8."
        )
    # where only the last character is cut, the reader names the line
    if _fault(path, "utf-8") in ("", "unexpected end of data"):
        return "utf-8"
    return _old(path, label)


def _old(path: Path, label: str) -> str:
    """Tell the older encodings apart by how their bytes above 127 stand together."""
    runs: list[bytes] = []
    for piece in chunks(path):
        runs += _HIGH_RUNS.findall(piece)
        if len(runs) > ENOUGH:
            break
    total = sum(map(len, runs))
    utf8 = sum(len(character) for run in runs for character in _UTF8_CHARACTER.findall(run))
    if utf8 >= 0.8 * total and total > 3:
        return "utf-8"  # a damaged file: the reader names the line
    even = sum(len(run) for run in runs if len(run) % 2 == 0)
    pairs = [pair for run in runs for pair in _PAIR.findall(run)]
    common = sum(pair.decode("gb18030", "replace") in _COMMON for pair in pairs)
    foreign = any(0xA4 <= pair[0] <= 0xA7 for pair in pairs)  # kana, Greek and Cyrillic rows
    told = len(set(pairs)) > 3 and not foreign
    chinese = told and even >= 0.95 * total and common >= 0.6 * len(pairs)
    if chinese and not _fault(path, "gb18030"):
        return "gb18030"
    singles = sum(len(run) for run in runs if len(run) == 1)
    lone = singles + sum(len(run) for run in runs if len(run) == 2)
    if lone >= 0.9 * total and singles >= 0.6 * total and not _fault(path, "cp1252"):
        with path.open("rb") as file:
            sample = file.read(CHUNK).decode("cp1252", "replace")
        if not _MISREAD.search(sample):
            return "cp1252"
    raise DataRefusedError(
        f"{label}: the encoding is not sure; it is not UTF-8. Say which it is in kamlab.toml, "
        'as in encoding = "cp1250" (Central Europe), "cp1251" (Cyrillic), "latin-1" or "gb18030", '
        "or export the file as UTF-8."
    )


def _fault(path: Path, encoding: str) -> str:
    """Say why a file cannot be read whole in an encoding, "" where it can."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in chunks(path):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return error.reason
    return ""
