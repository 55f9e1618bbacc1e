"""The words that may not wait, told from those that only look like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.emergency import alarm, is_denunciation

URGENT = """
cháy
CHÁY!!
cháy nhà rồi
nhà hàng xóm đang cháy
có đám cháy ở chợ
nhà tôi cháy, phòng cháy chữa cháy đến mau
hoả hoạn
chay nha roi
có cướp
bị cướp điện thoại
cướp giật trên đường Lê Lợi
bi cuop
bị giật túi
có trộm đang phá cửa nhà bên cạnh
co trom dang pha cua
tôi bị mất trộm xe
toi bi mat trom xe
help!!
đang đánh nhau trước quán
cấp cứu
gọi cấp cứu giúp tôi
cap cuu
có người đuối nước
có tai nạn ở ngã tư
cứu với
cứu tôi
113
alo 113
114!
gọi 113 giúp
115 ơi
sos
the house is on fire
I was robbed
please call the police
ភ្លើងឆេះ
ជួយខ្ញុំផង
""".strip().splitlines()

HARMLESS = """
help
chạy
chảy
chay
quán chay
xe chạy nhanh quá
chạy xe ngược chiều
nước chảy
toi chay xe om
xe dang chay
phòng cháy chữa cháy
cần tập huấn phòng cháy, chữa cháy
phòng chống cháy nổ tốt
tuyên truyền PCCC
bình chữa cháy cũ
hệ thống báo cháy
nắng cháy da
cháy túi
nên phòng chống trộm cướp
tình trạng cướp giật giảm nhiều
không có cướp giật
an ninh tốt, không còn trộm cắp
số nhà 113 Lê Lợi
khóm 113
hẻm 115
0113456789
cảnh sát 113 rất nhanh
xe cấp cứu hay đi qua
sơ cấp cứu
chảy máu chất xám
cán bộ chạy việc nhanh
fire safety training
2
1 3
Long Đức
phuong 4 tra vinh
ghế chờ ít quá
tôi đi làm căn cước
hài lòng
Rất không hài lòng
""".strip().splitlines()


@pytest.mark.parametrize("words", URGENT)
def test_an_emergency_is_heard(words: str) -> None:
    assert alarm(words) is not None


@pytest.mark.parametrize("words", HARMLESS)
def test_harmless_words_raise_no_alarm(words: str) -> None:
    assert alarm(words) is None


@given(st.text())
def test_no_text_breaks_it(words: str) -> None:
    alarm(words)
    is_denunciation(words)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "words", ["phòng cháy " * 400, "không có " * 500, "a" * 4000, "cứu tôi " * 500, "113 " * 1000]
)
def test_long_texts_are_read_in_no_time(words: str) -> None:
    alarm(words)
    is_denunciation(words)


@pytest.mark.parametrize(
    "words",
    [
        "tôi muốn tố cáo trưởng công an phường",
        "tố cáo",
        "toi muon to cao truong cong an",
        "gửi đơn khiếu nại",
        "đơn tố cáo cán bộ",
        "I want to file a complaint",
    ],
)
def test_a_denunciation_is_told_from_a_remark(words: str) -> None:
    assert is_denunciation(words)


@pytest.mark.parametrize(
    "words",
    [
        "góp ý về thái độ",
        "nhà to cao",
        "tường to cao quá",
        "đây không phải là tố cáo, chỉ góp ý",
        "giải quyết khiếu nại tố cáo còn chậm",
        "tiếp nhận tin báo, tố giác tội phạm tốt",
        "cán bộ hách dịch, quát dân",
    ],
)
def test_a_remark_is_no_denunciation_however_sharp(words: str) -> None:
    assert not is_denunciation(words)
