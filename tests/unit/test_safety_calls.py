"""Sentences as callers say them: each that tells of a danger is seen, and what only sounds like one is not."""

import pytest

from features.safety import safety_signals
from features.text import normalise

# by kind, one sentence a line
DANGERS = {
    "electrocution": """
    洗澡时被电到
    小孩被电了
    shocked by fence
    dog got shocked
    I felt a shock when I touched the pole
    the pole gave me a shock
    got a tingle when touching the railing
    I got zapped touching the light pole
    shocked when touching fence
    tingling when I touch the faucet
    """,
    "leakage_current": """
    路灯漏电
    电线杆漏电打到人
    水龙头带电
    热水器麻手
    railing is electrified
    stray voltage on manhole cover
    water leaking into electrical panel
    water dripping onto the breaker box
    碰到水龙头手发麻
    light pole is energized
    stray voltage
    楼上漏水流到电表箱里
    """,
    "gas_leak": """
    家里煤气泄漏了
    燃气管道漏气
    我家燃气管被老鼠咬破了
    燃气报警器响个不停
    煤气忘关了人不在家
    路边燃气管道被挖掘机挖断
    施工队把天然气管道挖断了
    挖掘机挖到天然气管道
    楼下有很浓的瓦斯味
    天然气味道很浓
    液化气罐泄漏
    厨房里嘶嘶响,煤气味大
    a strong smell of gas
    smelling gas outside
    gas line was hit
    contractor cut a gas line
    excavator ruptured the gas main
    gas main broken
    odor of natural gas in stairwell
    rotten egg odor
    smells of rotten eggs
    hissing sound near gas meter, smell of gas
    stove left the gas on
    燃气管道被施工队挖坏了
    煤气管子裂了
    煤气软管破了
    挖机挖断煤气管
    天然气报警器响了
    可燃气体报警
    I smell something like gas
    smells strongly of gas
    my house smells like rotten eggs
    gas line hit by contractor
    燃气浓度超标
    gas meter hissing
    煤气阀门没关紧,头晕
    小区里有股臭鸡蛋味
    煤氣管子裂了
    """,
    "sparks": """
    开关处冒火花
    高压线放电
    sparks coming from transformer
    """,
    "fire": """
    电线短路起火
    配电箱冒烟有焦味
    电线烧焦
    电瓶车充电起火
    电动车自燃
    transformer is smoking
    flames from manhole
    manhole on fire
    house on fire street blocked
    car on fire
    apartment is full of smoke
    outlet is smoking
    smoke coming from wall
    burning smell from outlet
    there is an electrical burning smell
    电表箱冒火
    变压器冒火
    电缆冒火
    没电了,而且有焦味
    manhole is smoking
    smoking transformer
    smoke from electrical panel
    未发现起火原因
    never seen fire like this
    電表箱冒火
    """,
    "live_wire": """
    树枝压在电线上
    裸露的电线
    电线裸露在外面
    掉下来一根电线
    电缆垂下来
    高压线断落
    power line is down
    wires are hanging low over sidewalk
    electric wires on the ground
    live wires in the street
    tree fell on power lines
    tree down on wires
    utility pole snapped
    exposed wires at base of light pole
    light pole has exposed wiring
    wires exposed
    电线耷拉下来
    exposed wiring
    """,
    "flooding": """
    水漫到家里
    积水到膝盖
    水没过大腿
    污水灌进家里
    车库进水
    有人被水冲走
    有人落水了
    basement flooded
    water gushing into the basement
    street is flooding
    water is waist deep
    sewage is backing up into my basement
    drowning
    水已经到膝盖了
    water is pouring into my basement
    water up to my knees
    """,
    "trapped": """
    电梯坠落
    电梯夹人
    电梯困住老人
    电梯里困了三个人
    有人被关电梯里
    小孩卡在栏杆里
    孩子反锁在家里
    孩子被锁在车里
    trapped in the elevator
    stuck in the elevator for an hour
    elevator stuck with someone inside
    my child is locked in the car
    baby locked in car
    man pinned under a car
    电梯关人
    电梯困梯两人
    电梯里关了两个人
    elevator stuck between floors with my mother in it
    电梯突然下坠
    """,
    "open_manhole": """
    老人掉进下水道
    孩子掉进井里
    井盖被偷了
    窨井盖丢失
    井盖碎了
    井盖翻了有人掉进去
    manhole cover blew off
    woman fell into manhole
    someone fell in an open manhole
    小孩掉进窨井
    井盖没有了,有人掉下去了
    窨井盖被压碎
    missing sewer cover
    """,
    "collapse": """
    大树倒了砸到人
    大树倒下砸伤行人
    广告牌掉下来砸到人
    围墙快倒了
    房子要塌
    墙体倒塌
    路面下面空了
    路面有空洞
    吊顶砸到人
    car fell in sinkhole
    ceiling is about to fall
    wall fell down
    ceiling fell on tenant
    roof collapsed
    sidewalk caved in
    road gave way
    围墙倒了
    big hole opened in the road, car fell in
    """,
    "carbon_monoxide": """
    一氧化碳中毒
    co alarm is going off
    carbon monoxide detector went off
    carbon monoxide poisoning
    """,
    "explosion": """
    充电桩爆炸
    变压器爆炸
    transformer blew
    explosion in manhole
    变压器炸了
    transformer blew up
    配电房爆燃
    """,
}
HARMLESS = """
    煤气没关系
    燃气账单查询
    燃气费怎么交
    煤气表读数
    燃气报警器过期要换
    天然气报警器没电
    燃气报警器安装
    预约燃气安检
    路灯不亮
    路灯有电不亮
    充电桩坏了
    电梯坏了
    电梯关了一个星期
    电梯卡丢了
    电梯卡每户两张
    电梯停运两天
    手机掉进下水道
    钥匙掉进窨井
    消防通道堵塞
    烟感报警器低电量一直响
    火锅店油烟扰民
    放烟花爆竹
    火车站附近垃圾
    水费太高
    水压不足
    水位计坏了
    水表坏了
    下水道堵了
    井盖松动有响声
    井盖异响
    树倒了
    大树倒在路边
    墙面渗水
    墙皮脱落
    电线老化
    电线杂乱
    空调外机滴水
    停电了
    没电了
    跳闸
    手机没电
    洪水镇路灯坏了
    火花路积水
    漫水桥路灯不亮
    手发麻去医院
    芝麻手抓饼摊占道
    外墙脱落
    业主很冒火
    接触电视和电话
    二手卡在哪办
    孩子反映学校作业多
    老人反映坑洼
    电池回收
    爆炸头广告
    smoke detector battery low chirping
    smoke detector chirping
    carbon monoxide detector needs new battery
    co detector chirping, needs replacing
    fire hydrant leaking
    car parked on fire hydrant
    parked in fire lane
    fire station noise
    fireworks every night
    gas station lights out
    gas meter reading wrong
    gas bill too high
    gas lamp is out
    gas light out
    gas leaf blowers noise
    gas powered leaf blower
    no smoke
    no smoke coming
    no fire
    neighbors smoking in hallway
    smoking near entrance
    cigarette smoke
    people smoke in the building
    flood light
    floodlights out
    flood lights too bright
    street light burning during day
    light burning 24 hours
    sparkling water
    sparkle
    wire fence broken
    cable tv box open
    cable car stop
    elevator out of service
    elevator broken
    stuck in traffic
    people stuck in traffic
    trash can missing
    sewer odor
    sewer smell
    sewer backup
    manhole cover noisy
    manhole cover rattling
    catch basin clogged
    tree down
    tree limb down on sidewalk
    tree branches touching wires
    hole in the sidewalk
    pothole
    my phone fell into storm drain
    keys fell down the sewer
    water meter box
    water bill
    water main break
    no water
    low water pressure
    water is brown
    wall graffiti
    building permit
    roof leaking
    exposed rebar
    hanging sign
    car won't start battery dead
    raccoon trapped in chimney
    dead bird
    squirrel trapped in attic
    bird stuck inside vent
    fire escape rusty
    fire damaged building boarded up sign
    Spark Street pothole
    Fire Street sign missing
    Fire Island Road light out
    fire wood dumped on sidewalk
    trapped raccoon in trash can
    flood insurance question
    洪水路路灯不亮
    火星村路灯坏了
    漏电测试已完成一切正常
    漏电隐患排查通知
    爆炸声是放鞭炮
    接触电影院
    烧烤摊冒烟扰民
    邻居抽烟冒烟
    电梯夹层漏水
    围墙边倒了很多垃圾
    井盖旁碎石很多
    门被反锁了进不去
    drowning in trash here
    flood of complaints
    no exposed wiring
    未发现电线裸露
    没有人掉进井里
    no gas line was hit
    被电梯困扰
    家里用煤气的。味道好
    raccoon is trapped in my chimney
"""


def sentences(lines: str) -> list[str]:
    return [line.strip() for line in lines.strip().splitlines()]


def kinds(text: str) -> list[str]:
    return [signal.kind for signal in safety_signals(normalise(text))]


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, lines in DANGERS.items() for text in sentences(lines)]
)
def test_a_danger_is_seen_however_it_is_said(kind: str, text: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize("text", sentences(HARMLESS))
def test_what_sounds_like_a_danger_is_none(text: str) -> None:
    assert kinds(text) == []
