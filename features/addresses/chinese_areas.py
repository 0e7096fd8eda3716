"""Provinces, cities, districts, towns and villages at the head of a Chinese address."""

from __future__ import annotations

import re

from features.addresses.numerals import NUMERALS

HAN = r"[\u3400-\u9fff]"
_HAN_BUT_ROADS = r"[\u3400-\u8856\u8858-\u8dee\u8df0-\u9fff]"  # without 街 and 路

# said without 省 and 市; other short forms (杭州, 徐汇) are left to what the gazetteer knows
_LOOSE = (
    "中国|北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|"
    "江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|"
    "内蒙古|广西|西藏|宁夏|新疆|香港|澳门|浦东|浦西|广州|深圳|杭州|南京|武汉|"
    "成都|西安|苏州|宁波|温州|台州|金华|义乌|嘉兴|湖州|绍兴|无锡|常州|南通|扬州|"
    "徐州|青岛|济南|郑州|长沙|福州|厦门|泉州|合肥|南昌|昆明|贵阳|南宁|石家庄|"
    "太原|沈阳|大连|长春|哈尔滨|兰州|乌鲁木齐|东莞|佛山|珠海|惠州|汕头|海口|三亚|"
    "烟台|潍坊|洛阳|衢州|丽水|舟山|"
    "黄浦|徐汇|长宁|静安|普陀|虹口|杨浦|闵行|宝山|嘉定|松江|青浦|奉贤|崇明"
)
# 上海路, 南京西路, 浦东大道, 中山北一路, 浙江大学 and 浦东机场 are names
_ROAD = r"(?:路(?![桥南北]|街道)|街(?!道)|大道|大街|公路|巷|弄)"
_ROAD_NEXT = rf"[东南西北中前后新老府环外内湾港江]?[{NUMERALS}]?{_ROAD}"
_SIDE_NEXT = rf"[东南西北中前后]?{_ROAD}"  # 三林镇南路 hangs together, 吴兴区南街 doesn't
_NOT_LOOSE = (
    rf"(?!{_ROAD_NEXT}|[东南西北中]?路街道|湖(?![北南口州])|[湾滩寺]|[东南西北]?站|大学|师[范大]|大厦|银行|机场|国际|公寓|花园|新村(?!路)|新城|公馆|小区|[{NUMERALS}]{{1,2}}村)"
    rf"(?={HAN}{{1,14}}?[省市区县镇乡村路街道弄巷])"
)

_AREA = re.compile(
    rf"(?:{_LOOSE})市(?=[场政民镇]{HAN}{{1,2}}[路街])"  # 上海市|政立路, but 三星市场东路
    rf"|(?:{_LOOSE})(?![省市区县乡村]|镇(?!{HAN}{{1,2}}路))(?:(?=新区|(?:维吾尔|壮族|回族)?自治区)|{_NOT_LOOSE})(?:新区|(?:维吾尔|壮族|回族)?自治区)?"
    rf"|(?:路[桥北南](?=区|街道)|{HAN}{{1,2}}路(?=[区镇])|{HAN}{{1,2}}街(?=[镇乡])|{_HAN_BUT_ROADS}{{1,9}}?)"
    rf"(?:(?:路?街(?:道(?:办事处|办)?|办(?:事处)?)|办事处|自治[区州县旗]|[左右前后中]旗|省(?!道)"
    r"|(?<![超菜夜])市(?![场政民府区镇心]|中心|街道)|(?<![小校街园院厂景库军])区(?!府|政府)(?:管委会)?)"
    rf"(?!{_ROAD})"
    rf"|(?:县(?![道府前政委]|城(?![东南西北中关厢]))|(?<!小)镇(?!海区|江市|政府|街道|镇(?!{HAN}{{1,2}}路))|乡(?![市道村镇]|政府)"
    rf"|社区(?:居委会|居民委员会)?|居(?:民委员会|委会?)|(?<![新{NUMERALS}])村(?!街道|[镇乡])(?:村民委员会|委会|民委员会)?)"
    rf"(?!{_SIDE_NEXT}))(?!(?:新村|小区|公寓|花园|大厦)(?!路))"
)
_NOT_DISTRICT = re.compile(rf".{{2,}}[东南西北中{NUMERALS}]区|[{NUMERALS}]区|(?:..+)?[城都]市")
_OFFICE = re.compile(
    r"(?<=街)办(?:事处)?$|(?<=街道)办(?:事处)?$|(?<=区)管委会$|(?<=社区)居.*$|(?<=村)(?:村民|民)?委(?:员会|会)$"
)


def skip_areas(text: str, position: int, areas: list[str]) -> int:
    """Append the areas that `text` names from `position` on; where they end."""
    while found := _AREA.match(text, position):
        area = found.group()
        if area[-1] in "区市" and _NOT_DISTRICT.fullmatch(area):
            break  # 青口北区 and 东方城市 belong to names; 江东区 and 盐城市 don't
        areas.append(_OFFICE.sub("", area) if area[-1] in "办处会" else area)
        position = found.end()
    return position
