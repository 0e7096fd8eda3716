"""Addresses as people write them, and what is read out of them."""

from __future__ import annotations

import pytest

from features.addresses.parse import parse_address
from features.addresses.parts import Number, NumberKind, Relation

_LETTERS = {
    NumberKind.HOUSE: "h",
    NumberKind.LANE: "l",
    NumberKind.SUBLANE: "s",
    NumberKind.BUILDING: "b",
    NumberKind.UNIT: "u",
    NumberKind.FLOOR: "f",
    NumberKind.ROOM: "r",
}


def _shown(number: Number) -> str:
    high = f"-{number.high}" if number.high != number.low else ""
    return f"{_LETTERS[number.kind]}{number.low}{high}{number.suffix}"


def _read(text: str) -> str:
    """`area/area: road number …; road: names # numbers`, empty parts left out."""
    parts = parse_address(text)
    roads = "; ".join(" ".join([road.name, *map(_shown, road.numbers)]) for road in parts.roads)
    names = " ".join(["+".join(parts.names), *map(_shown, parts.numbers)]).strip()
    return " : ".join(["/".join(parts.areas), roads, names])


CHINESE = [
    ("国权路2号", " : 国权路 h2 : "),
    ("國權路二號", " : 国权路 h2 : "),
    ("国权路２号", " : 国权路 h2 : "),
    ("国权路二百三十一号", " : 国权路 h231 : "),
    ("国权路廿三号", " : 国权路 h23 : "),
    ("国权路二〇五弄", " : 国权路 l205 : "),
    ("国权路一百零五弄两号", " : 国权路 l105 h2 : "),
    ("上海市徐汇区漕宝路100弄3号602室", "上海市/徐汇区 : 漕宝路 l100 h3 r602 : "),
    ("徐汇区漕宝路100弄3号楼2单元602", "徐汇区 : 漕宝路 l100 b3 u2 r602 : "),
    ("漕宝路 100弄 3号", " : 漕宝路 l100 h3 : "),
    ("吴宝路27弄50支弄", " : 吴宝路 l27 s50 : "),
    ("长寿路999弄1-66号", " : 长寿路 l999 h1-66 : "),
    ("华阴路193号-203号", " : 华阴路 h193-203 : "),
    ("友谊路50-10号", " : 友谊路 h50-10 : "),
    ("北苑路甲76号", " : 北苑路 h76甲 : "),
    ("金水路9号附3号", " : 金水路 h9附3 : "),
    ("斜土路2561弄,南丹东路100弄", " : 斜土路 l2561; 南丹东路 l100 : "),
    ("国权路177号、181号", " : 国权路 h177; 国权路 h181 : "),
    ("车站西路301-309(单)弄", " : 车站西路 l301-309 : "),
    ("奎照路4,8,30弄", " : 奎照路 l4; 奎照路 l8; 奎照路 l30 : "),
    ("九亭大街318弄11-28号,47-64号", " : 九亭大街 l318 h11-28; 九亭大街 l318 h47-64 : "),
    ("顾村镇共富路351弄", "顾村镇 : 共富路 l351 : "),
    ("曹路镇金晓路289弄", "曹路镇 : 金晓路 l289 : "),
    ("上海市政立路580弄", "上海市 : 政立路 l580 : "),
    ("上海市浦东上南路3827弄", "上海市/浦东 : 上南路 l3827 : "),
    ("张江高科技园区祖冲之路2305号", " : 祖冲之路 h2305 : 张江高科技园区"),
    ("普陀区新村路170弄", "普陀区 : 新村路 l170 : "),
    ("杨镇新村12号", " :  : 杨镇新村 h12"),
    ("上海市政府", " :  : 上海市政府"),
    ("北京市朝阳区朝阳北路101号", "北京市/朝阳区 : 朝阳北路 h101 : "),
    ("长宁区仙霞新村街道安龙路811弄", "长宁区/仙霞新村街道 : 安龙路 l811 : "),
    ("静安区南京西路街道南京西路100号", "静安区/南京西路街道 : 南京西路 h100 : "),
    ("浦东新区张江镇祖冲之路1239弄", "浦东新区/张江镇 : 祖冲之路 l1239 : "),
    ("浦东张杨路2999弄", "浦东 : 张杨路 l2999 : "),
    ("浦东大道100号", " : 浦东大道 h100 : "),
    ("上海路12号", " : 上海路 h12 : "),
    ("南京西路1266号", " : 南京西路 h1266 : "),
    ("杭州湾大道118弄", " : 杭州湾大道 l118 : "),
    ("西藏中路268号", " : 西藏中路 h268 : "),
    ("四平路1239号", " : 四平路 h1239 : "),
    ("虹口区中山北一路121弄", "虹口区 : 中山北一路 l121 : "),
    ("三一路5号", " : 三一路 h5 : "),
    ("一二八纪念路788弄", " : 一二八纪念路 l788 : "),
    ("一号路20号", " : 1号路 h20 : "),
    ("五道13路726号", " : 五道13路 h726 : "),
    ("嘉兴市市民路12号", "嘉兴市 : 市民路 h12 : "),
    ("萧山市市心中路1号", "萧山市 : 市心中路 h1 : "),
    ("区府路3号", " : 区府路 h3 : "),
    ("村前街5号", " : 村前街 h5 : "),
    ("三林镇镇南路100号", "三林镇 : 镇南路 h100 : "),
    ("三林镇南路100号", " : 三林镇南路 h100 : "),
    ("桐庐县城南路826号", "桐庐县 : 城南路 h826 : "),
    ("金华市婺城区二环北路43号", "金华市/婺城区 : 二环北路 h43 : "),
    ("路桥区路南街道100号", "路桥区/路南街道 :  : h100"),
    ("东莞市厚街镇福岗路65号", "东莞市/厚街镇 : 福岗路 h65 : "),
    ("新乡市红旗区平原路8号", "新乡市/红旗区 : 平原路 h8 : "),
    ("内蒙古自治区呼和浩特市新城区大学街2号", "内蒙古自治区/呼和浩特市/新城区 : 大学街 h2 : "),
    ("文化路街道办事处俭学街9号", "文化路街道 : 俭学街 h9 : "),
    ("永西村三组114号", "永西村 :  : 三组 h114"),
    ("上南一村12号", " :  : 上南一村 h12"),
    ("泗塘三村82弄", " :  : 泗塘三村 l82"),
    ("潍坊六村603-652号", " :  : 潍坊六村 h603-652"),
    ("广灵二路商业二村1-47号", " : 广灵二路 : 商业二村 h1-47"),
    ("曹杨新村枫桥路10号", " : 枫桥路 h10 : 曹杨新村"),
    ("抚顺路373弄,鞍山四村1-30号", " : 抚顺路 l373 : 鞍山四村 h1-30"),
    ("嘉滨路252号江都怡园A栋1301", " : 嘉滨路 h252 b0a r1301 : 江都怡园"),
    ("朗山路1号2期东苑18幢二单元", " : 朗山路 h1 b18 u2 : 2期东苑"),
    ("肖塘新村(中区)", " :  : 肖塘新村中区"),
    ("工农路小区1号楼", " :  : 工农路小区 b1"),
    ("东方城市公寓", " :  : 东方城市公寓"),
    ("蓝桥景苑44-8-1007", " :  : 蓝桥景苑 b44 u8 r1007"),
    ("芙蓉中路一段303号", " : 芙蓉中路一段 h303 : "),
    ("昆仑路昆仑路20号", " : 昆仑路 h20 : "),
    ("将军路南巷17号", " : 将军路; 南巷 h17 : "),
    ("681乡道北100米双龙嘉园", " : 681乡道 : 双龙嘉园"),
    ("蓝天路18号(转会员13812345678)", " : 蓝天路 h18 : "),
]
ENGLISH = [
    ("12 Elm Street", " : elm st h12 : "),
    ("12 ELM ST.", " : elm st h12 : "),
    ("12A Elm St", " : elm st h12a : "),
    ("12 1/2 Elm St", " : elm st h121/2 : "),
    ("841-843 Beacon St, Boston", "boston : beacon st h841-843 : "),
    ("1141-43 Beacon St", " : beacon st h1141-1143 : "),
    ("10A-12 Grove St  Boston  MA  02114", "ma/boston : grove st h10-12a : "),
    ("100 City Hall Plz  Boston  MA  02108", "ma/boston : city hall plz h100 : "),
    ("160 Federal Street Boston MA 02110", "ma/boston : federal st h160 : "),
    ("435 Hyde Park Avenue, Roslindale", "roslindale : hyde park ave h435 : "),
    ("100 North Main Street Apt 4B, Boston", "boston : n main st h100 r4b : "),
    ("100 N Main St #12", " : n main st h100 r12 : "),
    ("800 West Broadway", " : w broadway h800 : "),
    ("5 North Street", " : north st h5 : "),
    ("550 Eighth Avenue", " : 8th ave h550 : "),
    ("9 Saint James Ave", " : st james ave h9 : "),
    ("8TH & MARKET", " : 8th; market : "),
    (
        "INTERSECTION of Amory St & Williams St  Jamaica Plain  MA  ",
        "ma/jamaica plain : amory st; williams st : ",
    ),
    ("Corner of Main Street and 1st Ave", " : main st; 1st ave : "),
    ("Norway Maple (83 Lewiston St)", " : lewiston st h83 : norway maple"),
    ("City Hall, Boston", "boston :  : city hall"),
    ("5 Alvan Ter  Dorchester  MA  02125", "ma/dorchester : alvan ter h5 : "),
]
CENTRAL_EUROPEAN = [
    ("Kisfaludy utca 187", " : kisfaludy utca h187 : "),
    ("Kisfaludy u. 187.", " : kisfaludy utca h187 : "),
    ("XIX. kerület, Kispest,  Kisfaludy u. 187", "19. kerulet/kispest : kisfaludy utca h187 : "),
    ("Budapest, Kossuth Lajos utca 32-1. emelet", "budapest : kossuth lajos utca h32 f1 : "),
    ("Budapest, Kossuth Lajos utca 32-34. em.", "budapest : kossuth lajos utca h32 f34 : "),
    ("Budapest, Kossuth Lajos utca 32-34. 1. em.", "budapest : kossuth lajos utca h32-34 f1 : "),
    ("1138 Budapest, Váci út 178", "budapest/13. kerulet : vaci ut h178 : "),
    ("Budapest, XIII. Váci út 178.", "budapest/13. kerulet : vaci ut h178 : "),
    ("Budapest XIII. ker. Váci út 12/b", "budapest/13. kerulet : vaci ut h12b : "),
    ("II. Rákóczi Ferenc út 5", " : ii rakoczi ferenc ut h5 : "),
    ("Riadó u. 1-3", " : riado utca h1-3 : "),
    ("Páfrány út 1a", " : pafrany ut h1a : "),
    ("József krt. 31/A", " : jozsef korut h31a : "),
    ("József körút 31", " : jozsef korut h31 : "),
    ("Újhegyi stny. 14", " : ujhegyi setany h14 : "),
    ("XIV. kerület, Zugló,  Egressy tér", "14. kerulet/zuglo : egressy ter : "),
    ("XI. kerület, Újbuda,  Budapest", "11. kerulet/ujbuda/budapest :  : "),
    ("XII. kerület, Hegyvidék,  BAH-csomópont", "12. kerulet/hegyvidek :  : bah-csomopont"),
    ("XIV. kerület, Zugló,  Szatmár utca 34. 1147 Magyarország", "14. kerulet/zuglo : szatmar utca h34 : "),
    ("Váci út és Róbert Károly körút sarok", " : vaci ut; robert karoly korut : "),
    ("Hauptstraße 12, 10115 Berlin", "berlin : hauptstrasse h12 : "),
    ("Hauptstr. 12", " : hauptstrasse h12 : "),
    ("ul. Długa 5, Warszawa", "warszawa : ul dluga h5 : "),
]


@pytest.mark.parametrize(("text", "expected"), CHINESE + ENGLISH + CENTRAL_EUROPEAN)
def test_an_address_is_taken_apart(text: str, expected: str) -> None:
    assert _read(text) == expected


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("漕宝路100号", Relation.AT),
        ("漕宝路100号附近", Relation.NEAR),
        ("文渊路东200米茅店", Relation.NEAR),
        ("漕宝路100号斜对面", Relation.OPPOSITE),
        ("漕宝路口", Relation.CROSSING),
        ("漕宝路桂林路路口", Relation.CROSSING),
        ("南京路与锦州道交叉口", Relation.CROSSING),
        ("西藏中路近南京东路", Relation.CROSSING),
        ("淮海中路816号近瑞金二路", Relation.AT),
        ("和平路与永和路口", Relation.CROSSING),
        ("永和路12号", Relation.AT),
        ("8TH & MARKET", Relation.CROSSING),
        ("opposite 12 Elm St", Relation.OPPOSITE),
        ("near 12 Elm St", Relation.NEAR),
        ("Váci út 12 mellett", Relation.NEAR),
        ("Váci út 12-vel szemben", Relation.OPPOSITE),
        ("Váci út és Dózsa György út kereszteződésénél", Relation.CROSSING),
    ],
)
def test_how_the_trouble_lies_to_the_address(text: str, relation: Relation) -> None:
    assert parse_address(text).relation is relation


@pytest.mark.parametrize(
    ("text", "postcode"),
    [
        ("12 Elm St, Boston, MA 02108", "02108"),
        ("12 Elm St  Boston  MA  02108-1234", "02108"),
        ("10 Downing Street, London SW1A 2AA", "sw1a 2aa"),
        ("1138 Budapest, Váci út 178", "1138"),
        ("Szatmár utca 34. 1147 Magyarország", "1147"),
        ("110 00 Praha, Národní třída 12", "11000"),
        ("12 Elm St", None),
    ],
)
def test_the_postcode(text: str, postcode: str | None) -> None:
    assert parse_address(text).postcode == postcode


def test_an_address_without_rules_is_words_and_numbers() -> None:
    parts = parse_address("شارع الملك 12")

    assert parts.rest == ("شارع", "الملك")
    assert parts.numbers == (Number(kind=NumberKind.HOUSE, low=12, high=12),)
    assert (parts.areas, parts.roads, parts.names) == ((), (), ())


def test_a_cross_street_does_not_pass_for_the_address() -> None:
    parts = parse_address("淮海中路816号近瑞金二路")

    assert [road.name for road in parts.roads] == ["淮海中路"]
    assert "瑞金二路" in parts.rest


def test_the_text_is_the_whole_address_in_normal_form() -> None:
    assert parse_address("上海市  國權路２号").text == "上海市 国权路2号"
