"""The words by which a Chinese address is read."""

from __future__ import annotations

import re

from features.addresses.chinese_numbers import NUMBER
from features.addresses.numerals import NUMERALS

# 工农路小区 and 南京路派出所 are no roads but called after one
_CALLED_AFTER_ROAD = "桥|灯|段|街道|小区|新村|社区|公寓|大厦|大楼|花园|广场|市场|派出所|小学|中学|支行|店"
_ROAD_ENDS = r"(?=\d|$|[^\w]|路?口|[与和交近]|[甲乙丙附]\d|[东南西北中]段)"
ANCHOR = re.compile(
    r"(?P<bracket>\([^()]*(?:\)(?!有限|股份|分公司)|$))"
    r"|(?P<separator>(?:[^\w()#]|_)+)"
    r"|(?P<counted>\d{1,4}(?:-\d{1,4})?(?:期|[村区组坊团连队年天排标]|街坊|小时|分场|中学|医院))"
    r"|(?P<road>\d{1,4}[国省县乡]道|[gsx]\d{1,4}(?:国道|省道|县道|\D{2}高速|(?=$|[(附与和近]))"
    r"|(?:道(?=\d))?\d{1,3}号?(?:路(?!口|段)|大街|大道|街(?![道坊区]))"
    rf"|大道|路(?!{_CALLED_AFTER_ROAD})|街(?![道坊区路])|(?:[道巷弄]|胡同){_ROAD_ENDS}|[里条](?=\d))"
    rf"(?P<stretch>[东南西北中上下{NUMERALS}\d]段)?(?P<mouth>路?口(?![a-z\d]))?"
    r"|(?P<opposite>斜?对[面过])"
    r"|(?P<near>附近|旁边?|隔壁|边上|周边|[东南西北]{1,2}侧?约?\d{1,4}米处?)"
    r"|(?P<crossing>交叉路?口|十字路?口|丁字路?口|交[汇叉界]处?口?|相交处?|路口)"
    r"|(?P<joint>(?<=[路街道巷弄口])(?:[与和及]|靠?近)(?=[\u3400-\u9fff\dgs]))"
    r"|(?P<aside>[东南西北]{1,2}侧|[前后楼上下]面|门口|楼[上下])"
    rf"|{NUMBER}"
    r"|(?P<junk>\d{6,})"
)
BEGINNINGS = re.compile(r"(?:位于|地址|在|的|到|至|近)+")
NEAR_ROAD = re.compile(r"靠近|临近|近")
# where a name ends and the road after it begins: 曹杨新村|枫桥路. 花园路 and 市场东路 are roads
NAME_THEN_ROAD = re.compile(
    rf".*(?:新村|[{NUMERALS}\d]村|[a-z\d{NUMERALS}]区|苑|园区?|新城|小区|花园|公寓|大厦|广场|中心|医院|学校|中学|小学|大学|公司|市场"
    r"|社区|工业园|工业区|科技园|开发区|[镇乡])"
    rf"(?=(?![东南西北中前后上下{NUMERALS}]{{0,2}}[路街道巷])(?!.?大[道街])...)"
)
NOISE = re.compile(
    r"(?:路[东南西北]|公寓|别墅|商住楼|住宅楼?|[东南西北]{0,2}门|[正后大]门|[院里]?内|里面|[处号段弄]|地下室|[单双]号?|小区|大楼|洋房|大院)+"
)
BRACKETED_NOISE = re.compile(r"近|以[东南西北]|[路街道]|店$|门$|\d{6}")
BRACKETED_ROAD = re.compile(r"[\u3400-\u9fff]{1,6}(?:路|街|大道)")
PART_OF_ESTATE = re.compile(
    rf"(?:(?:[a-z\d{NUMERALS}]{{1,3}}|[东南西北中]{{1,2}})[区期座块]|[{NUMERALS}\d]+(?:街坊|[组队社]))+(?:公寓|别墅|商住楼)?"
)
