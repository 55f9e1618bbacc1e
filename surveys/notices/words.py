"""What officers read of notices, in Vietnamese: names of states, topics, channels, reasons. For the desk, the bot and the command line
alike, so that one thing has one name."""

from collections.abc import Mapping

from surveys.notices.influence import Kind
from surveys.notices.notice import Category
from surveys.notices.reckoning import WhyNot
from surveys.notices.states import Deed, State

__all__ = ["CATEGORIES", "CHANNELS", "DEEDS", "KINDS", "SELF_APPROVED", "STATES", "URGENT", "WHY_NOT"]

STATES: Mapping[State, str] = {
    State.DRAFT: "Bản nháp",
    State.SUBMITTED: "Chờ duyệt",
    State.REJECTED: "Bị trả lại",
    State.APPROVED: "Đã duyệt",
    State.SCHEDULED: "Chờ đến giờ gửi",
    State.SENDING: "Đang gửi",
    State.SENT: "Đã gửi",
    State.STOPPED: "Đã dừng",
    State.RECALLED: "Đã thu hồi",
    State.CANCELLED: "Đã hủy",
    State.EXPIRED: "Hết hiệu lực",
    State.ARCHIVED: "Đã lưu trữ",
}
DEEDS: Mapping[Deed, str] = {
    Deed.CHANGE: "Sửa",
    Deed.SUBMIT: "Trình duyệt",
    Deed.REJECT: "Trả lại",
    Deed.APPROVE: "Duyệt",
    Deed.CLEAR: "Cho qua",
    Deed.URGE: "Xác nhận khẩn",
    Deed.SCHEDULE: "Hẹn giờ",
    Deed.BEGIN: "Bắt đầu gửi",
    Deed.MISS: "Lỡ giờ gửi",
    Deed.FINISH: "Gửi xong",
    Deed.CANCEL: "Hủy",
    Deed.STOP: "Dừng",
    Deed.RECALL: "Thu hồi",
    Deed.EXPIRE: "Hết hiệu lực",
    Deed.ARCHIVE: "Lưu trữ",
}
CATEGORIES: Mapping[Category, str] = {
    Category.SCAM: "Cảnh báo lừa đảo",
    Category.TRAFFIC: "Giao thông",
    Category.PROCEDURE: "Thủ tục",
    Category.FIRE: "Phòng cháy, chữa cháy",
    Category.OTHER: "Tin khác",
}
CHANNELS: Mapping[str, str] = {
    "telegram": "Telegram",
    "zalo": "Zalo",
    "zalobot": "Zalo Bot",
    "web": "Web",
    "console": "Máy tính",
}
WHY_NOT: Mapping[WhyNot, str] = {
    WhyNot.WINDOW: "Zalo quá 7 ngày",
    WhyNot.OPTED_OUT: "vừa dừng nhận",
    WhyNot.NO_SUBSCRIPTION: "không nhận loại này",
    WhyNot.LANGUAGE: "đọc ngôn ngữ khác",
    WhyNot.TIRED: "đã nhận đủ trong tuần",
    WhyNot.NO_PUSH: "kênh không gửi trước được",
}
KINDS: Mapping[Kind, str] = {
    Kind.REQUEST: "bảo người dân trả lời thế nào",
    Kind.SCALE: "dùng chữ của thang đánh giá",
    Kind.PRAISE: "khen lực lượng",
    Kind.SURVEY: "nhắc đến đợt lấy ý kiến hoặc quà tặng",
    Kind.UNREAD: "ngôn ngữ máy không đọc được, cần người đọc",
}
URGENT = "KHẨN"
SELF_APPROVED = "Trực ban tự duyệt trong trường hợp khẩn"
