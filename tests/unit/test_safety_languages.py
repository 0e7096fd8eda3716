"""Dangers told in other languages than Chinese and English: what a caller would say, what is denied, what is harmless."""

from __future__ import annotations

import pytest

from features.safety import safety_signals
from features.text import normalise

TOLD = {
    "ja": (
        "電柱から火花が出ています",
        "ガス臭いです",
        "感電しました",
        "エレベーターに閉じ込められた",
        "道路が冠水しています",
        "電線が切れて垂れ下がっている",
        "変電所で火事",
        "煙が出ている",
    ),
    "ko": (
        "가스 냄새가 나요",
        "전봇대에서 불꽃이 튀어요",
        "감전됐어요",
        "엘리베이터에 갇혔어요",
        "도로가 침수됐어요",
        "전선이 끊어져 늘어져 있어요",
        "불이 났어요",
    ),
    "th": (
        "ไฟดูด",
        "กลิ่นแก๊ส",
        "ไฟไหม้",
        "น้ำท่วม",
        "ติดอยู่ในลิฟต์",
        "สายไฟขาด",
    ),
    "ar": (
        "رائحة غاز",
        "صعق كهربائي",
        "حريق في المحول",
        "فيضان في الشارع",
        "شخص محتجز في المصعد",
        "سلك كهرباء مقطوع على الأرض",
        "شرر من العمود",
    ),
    "hi": (
        "गैस की बदबू आ रही है",
        "करंट लग गया",
        "आग लग गई",
        "पानी भर गया",
        "लिफ्ट में फंसे",
        "बिजली का तार टूट कर गिर गया",
        "चिंगारी निकल रही है",
    ),
    "es": (
        "huele a gas",
        "fuga de gas",
        "chispas en el poste",
        "cable caído",
        "descarga eléctrica",
        "inundación",
        "atrapado en el ascensor",
        "incendio en el transformador",
        "se quema el medidor",
        "cable cortado echando chispas",
    ),
    "pt": (
        "cheiro de gás",
        "vazamento de gás",
        "fio caído",
        "choque elétrico",
        "alagamento",
        "preso no elevador",
        "incêndio",
        "faíscas no poste",
        "fio partido na rua",
    ),
    "fr": (
        "odeur de gaz",
        "fuite de gaz",
        "étincelles",
        "électrocuté",
        "inondation",
        "coincé dans l'ascenseur",
        "incendie",
        "câble électrique à terre",
    ),
    "de": (
        "Gasgeruch",
        "es riecht nach Gas",
        "Stromschlag",
        "Funken am Mast",
        "Überschwemmung",
        "im Aufzug eingeschlossen",
        "im Fahrstuhl stecken geblieben",
        "Brand im Trafo",
        "Kabel hängt herunter",
    ),
    "ru": (
        "пахнет газом",
        "запах газа",
        "утечка газа",
        "ударило током",
        "искрит провод",
        "затопило подвал",
        "застряли в лифте",
        "пожар",
        "оборван провод",
        "провод лежит на земле",
    ),
    "tr": (
        "gaz kokusu",
        "gaz kaçağı",
        "elektrik çarptı",
        "kıvılcım çıkıyor",
        "su bastı",
        "asansörde mahsur kaldı",
        "yangın",
        "kopmuş elektrik teli",
    ),
    "it": (
        "odore di gas",
        "fuga di gas",
        "scintille",
        "scossa elettrica",
        "allagamento",
        "bloccato in ascensore",
        "incendio",
        "cavo caduto",
    ),
    "pl": (
        "ulatnia się gaz",
        "zapach gazu",
        "iskrzy",
        "porażenie prądem",
        "zalanie",
        "utknął w windzie",
        "pożar",
        "zerwany przewód",
    ),
    "hu": (
        "gázszag",
        "gázszivárgás",
        "szikrázik",
        "áramütés",
        "elöntötte a víz",
        "beszorult a liftbe",
        "leszakadt vezeték",
    ),
    "vi": (
        "mùi gas",
        "rò rỉ khí gas",
        "điện giật",
        "cháy trạm biến áp",
        "ngập nước",
        "kẹt trong thang máy",
        "dây điện đứt",
        "tia lửa điện",
    ),
    "id": (
        "bau gas",
        "kebocoran gas",
        "kesetrum",
        "percikan api",
        "banjir",
        "terjebak di lift",
        "kebakaran",
        "kabel putus",
        "kabel listrik jatuh",
    ),
    "uk": (
        "запах газу",
        "витік газу",
        "вдарило струмом",
        "іскрить",
        "затопило",
        "застрягли в ліфті",
        "пожежа",
        "обірваний дріт",
    ),
    "nl": (
        "gaslucht",
        "gaslek",
        "ik ruik gas",
        "vonken",
        "elektrische schok",
        "overstroming",
        "vast in de lift",
        "kabel ligt op de grond",
    ),
    "fa": (
        "بوی گاز",
        "نشت گاز",
        "برق گرفتگی",
        "آتش سوزی",
        "آب گرفتگی",
        "گیر افتاده در آسانسور",
        "جرقه",
    ),
    "bn": (
        "গ্যাসের গন্ধ",
        "আগুন লেগেছে",
        "বিদ্যুৎস্পৃষ্ট",
    ),
    "ur": (
        "گیس کی بو",
        "آگ لگ گئی",
        "کرنٹ لگا",
    ),
    "el": (
        "μυρωδιά αερίου",
        "διαρροή αερίου",
        "φωτιά",
        "ηλεκτροπληξία",
        "σπινθήρες",
        "εγκλωβισμένος στο ασανσέρ",
    ),
    "ro": (
        "miros de gaz",
        "scurgere de gaze",
        "incendiu",
        "electrocutat",
        "scântei",
        "blocat în lift",
        "inundație",
    ),
    "cs": (
        "zápach plynu",
        "únik plynu",
        "požár",
        "jiskří",
        "zásah elektrickým proudem",
        "uvězněn ve výtahu",
        "spadlý drát",
    ),
    "sv": (
        "gaslukt",
        "elstöt",
        "gnistor",
        "översvämning",
        "fast i hissen",
    ),
    "he": (
        "ריח גז",
        "דליפת גז",
        "שריפה",
        "התחשמל",
        "תקוע במעלית",
        "הצפה",
    ),
}

DENIED = (
    "No hay olor a gas",
    "Sin chispas ni humo, solo no hay luz",
    "Não há cheiro de gás",
    "Pas d'odeur de gaz, la rue est sombre",
    "Kein Gasgeruch, nur kein Licht",
    "Non si sente odore di gas",
    "Нет запаха газа, просто темно",
    "Már nem szikrázik",
    "Nie czuć gazu, brak zapachu gazu",
    "Geen gaslucht",
    "Tidak tercium bau gas",
)

# something else is denied, and no comma parts it from the danger
NOT_DENIED = (
    "gas smell at 5th Ave NE gas leak",
    "123 Main St NE sparks from the pole",
    "Licht geht nicht Funken am Mast",
    "La lumière ne fonctionne pas étincelles au poteau",
    "licht doet het niet vonken uit de kast",
    "lampan fungerar inte gnistor ur stolpen",
    "света нет искрит столб",
    "світла немає іскрить стовп",
    "áram nincs szikrázik az oszlop",
    "prądu nie ma iskrzy słup",
    "proud není jiskří sloup",
    "listrik tidak ada kabel putus",
    "điện không có dây điện đứt",
    "ไฟไม่มี สายไฟขาด",
    "tak iskrzy słup",
)

HARMLESS = (
    "Das Licht brennt den ganzen Tag",
    "Die Straßenlaterne brennt nicht",
    "A lámpa nem ég a Fő utcában",
    "Le feu rouge ne fonctionne pas",
    "Le feu de circulation est en panne",
    "Bouche d'incendie à repeindre",
    "Los fuegos artificiales molestan a los vecinos",
    "Não funciona a luz na rua, fogos de artifício de madrugada",
    "Фонарь не горит третью ночь",
    "Lampa uliczna się nie pali",
    "Nước chảy yếu cả tuần nay",
    "街道网络断线三天,热水没了",
    "火車が遅れています",
    "불꽃놀이 소음이 심해요",
    "A brand new bench is missing, the one in brand colours",
    "Llamas and goats at the petting zoo smell",
    "Straatverlichting brandt overdag",
)


@pytest.mark.parametrize("text", [text for texts in TOLD.values() for text in texts])
def test_a_danger_is_told_in_any_large_language(text: str) -> None:
    assert safety_signals(normalise(text))


@pytest.mark.parametrize("text", [text for texts in TOLD.values() for text in texts if text.upper() != text])
def test_capitals_and_missing_accents_change_nothing(text: str) -> None:
    if not text.startswith(
        ("elektrik", "kıv", "yang", "kop", "asan", "gaz k")
    ):  # İ and I are letters of their own
        assert safety_signals(normalise(text.upper()))


@pytest.mark.parametrize("text", DENIED)
def test_what_is_denied_is_no_danger(text: str) -> None:
    assert not safety_signals(normalise(text))


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_of_one_language_are_no_danger_in_another(text: str) -> None:
    assert not safety_signals(normalise(text))


@pytest.mark.parametrize("text", NOT_DENIED)
def test_what_is_denied_before_a_danger_does_not_deny_it(text: str) -> None:
    assert safety_signals(normalise(text))
